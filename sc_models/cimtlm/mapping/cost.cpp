#include <cimtlm/mapping/cost.h>

#include <algorithm>

namespace cimtlm {

cost_model::cost_model(const machine& m, convention c, std::string mac_part, std::shared_ptr<const engine> e)
    : m_(m)
    , convention_(c)
    , engine_(e ? std::move(e) : m.matrix_engine())
    , basis_(m.cim && c != convention::published ? m.cim->mac_energy_basis : energy_basis::mac)
    , mac_pj_(engine_->mac_pj(basis_))
    , mac_part_(std::move(mac_part))
    , known_statistics_(engine_->nominal_statistics()) {
    if (c == convention::published)
        nominal_charges_ = {{"multiply_accumulate", "MAC", mac_pj_, 1}};
    else
        nominal_charges_ = engine_->mac_charges(basis_, known_statistics_);
    known_charges_ = nominal_charges_;
}

const std::vector<mac_charge>& cost_model::mac_charges(const gemm& g) const {
    if (!g.statistics || convention_ == convention::published) return nominal_charges_;
    if (*g.statistics != known_statistics_) {
        known_charges_ = engine_->mac_charges(basis_, *g.statistics);
        known_statistics_ = *g.statistics;
    }
    return known_charges_;
}

double cost_model::operations(const gemm& g) const {
    const double macs = static_cast<double>(g.macs_each());
    return convention_ == convention::published ? 2 * macs - static_cast<double>(g.m) * static_cast<double>(g.n)
                                                : 2 * macs;
}

double cost_model::compute_ps(std::int64_t steps, const gemm& g) const {
    // Wide weights take neighbouring columns of an array, which the nest counts; multipliers take them in turn.
    const auto slices = engine_->input_slices(g.bits.a) * (m_.cim ? 1 : engine_->weight_slices(g.bits.b));
    return static_cast<double>(steps * slices) * engine_->step_ps();
}

double cost_model::weight_write_ps(double bytes, std::int64_t banks) const {
    return engine_->write_ps(bytes / static_cast<double>(banks), m_.cycle_ps());
}

std::int64_t banks_used(const flat_nest& nest) {
    std::int64_t banks = 1;
    for (const auto& l : nest.loops)
        if (nest.shape[l.slot].role == slot_role::spatial) banks *= l.factor;
    return banks;
}

template <class Visit>
void cost_model::visit_ports(std::size_t memory, double instances, const access_bytes& bytes, Visit visit) const {
    using namespace std::string_view_literals;
    const bool published = convention_ == convention::published;
    const auto& level = m_.memories[memory];
    const auto time = [&](std::int64_t amount, double rate) {
        return rate > 0 ? static_cast<double>(amount) * m_.cycle_ps() / (rate * instances) : 0;
    };
    const double read_ps = time(bytes.read, level.read_bytes_per_cycle);
    const double write_ps = time(published ? bytes.update : bytes.update + bytes.fill, level.write_bytes_per_cycle);
    if (!published && level.dram && level.dram->half_duplex) {
        visit(level.name, ""sv, read_ps + write_ps);
    } else {
        visit(level.name, ".read"sv, read_ps);
        visit(level.name, ".write"sv, write_ps);
    }
    if (memory == 0 && !published) {
        visit("bus"sv, ".read"sv, time(bytes.read, m_.bus.bytes_per_cycle));
        visit("bus"sv, ".write"sv, time(bytes.update, m_.bus.bytes_per_cycle));
    }
}

template <class Visit>
void cost_model::visit_resources(const flat_nest& nest, const gemm& g, const access_counts& c, Visit visit) const {
    using namespace std::string_view_literals;
    const bool published = convention_ == convention::published;
    double engine_ps = compute_ps(c.steps, g);
    if (published) {
        // The study multiplies the steps, which already visit every held position, by the held positions once more.
        for (const auto& l : nest.loops)
            if (nest.shape[l.slot].role == slot_role::hold) engine_ps *= static_cast<double>(l.factor);
    } else if (m_.cim) {
        const double write_ps = weight_write_ps(static_cast<double>(c.weight_write_bytes), banks_used(nest));
        if (engine_->ping_pong())
            visit("weight_write"sv, ""sv, write_ps);
        else
            engine_ps += write_ps;
    }
    visit("compute"sv, ""sv, engine_ps);
    for (std::size_t i = 0; i < m_.memories.size(); ++i) {
        double instances = 1;
        for (const auto& l : nest.loops)
            if (l.spatial && nest.shape[l.slot].role == slot_role::spatial) {
                for (std::size_t s = l.slot + 1; s < nest.shape.size(); ++s)
                    if (nest.shape[s].memory == static_cast<int>(i)) instances *= static_cast<double>(l.factor);
            }
        access_bytes all;
        for (const auto& a : c.memories[i]) {
            all.read += a.read;
            all.update += a.update;
            all.fill += a.fill;
        }
        visit_ports(i, instances, all, visit);
    }
}

bound_result cost_model::bound(const flat_nest& nest, const gemm& g, const access_counts& counts) const {
    bound_result r;
    visit_resources(nest, g, counts, longest{r});
    return r;
}

bound_result cost_model::bound(const vector_work& work) const {
    bound_result r;
    const longest visit{r};
    visit("vector_unit", "",
          static_cast<double>(work.operations) / m_.vector_unit.operations_per_cycle * m_.cycle_ps());
    if (moves(work)) visit_ports(0, 1, {work.read_bytes, work.write_bytes, 0}, visit);
    return r;
}

void cost_model::charge(ledger& into, const gemm& g, const access_counts& counts, std::int64_t commands) const {
    price(g, counts, commands, [&](auto part, auto action, auto unit, double unit_pj, double count) {
        into.charge(into.open(std::string(part), std::string(action), std::string(unit), unit_pj), count);
    });
}

void cost_model::charge(ledger& into, const vector_work& work) const {
    const auto row = [&](const std::string& part, const char* action, const char* unit, double pj, double count) {
        if (count > 0) into.charge(into.open(part, action, unit, pj), count);
    };
    row("vector_unit", "operation", "operation", m_.vector_unit.operation_energy_pj,
        static_cast<double>(work.operations));
    row("host", "command", "command", m_.host.command_energy_pj, 1);
    const auto moved = moves(work) ? work.read_bytes + work.write_bytes : 0;
    row("bus", "transfer", "byte", m_.bus.energy_pj_per_byte, static_cast<double>(moved + command_bytes));
    if (!moves(work)) return;
    const auto& memory = m_.memories.front();
    row(memory.name, "read", "byte", memory.read_energy_pj_per_byte, static_cast<double>(work.read_bytes));
    row(memory.name, "update", "byte", memory.update_energy_pj_per_byte, static_cast<double>(work.write_bytes));
}

void cost_model::resources(const flat_nest& nest, const gemm& g, const access_counts& counts,
                           resource_times& into) const {
    into.clear();
    visit_resources(nest, g, counts, [&](std::string_view name, std::string_view port, double time_ps) {
        into.push_back({name, port, time_ps});
    });
}

cost_model::figures cost_model::evaluate(const flat_nest& nest, const gemm& g) const {
    const auto counts = count_accesses(nest, g, m_, false);
    figures f{0, 0};
    visit_resources(nest, g, counts, [&](std::string_view, std::string_view, double time_ps) {
        f.time_ps = std::max(f.time_ps, time_ps);
    });
    price(g, counts, commands(counts.tiles),
          [&](auto, auto, auto, double unit_pj, double count) { f.energy_pj += unit_pj * count; });
    f.energy_pj += m_.static_power_mw * 1e-3 * f.time_ps;
    return f;
}

} // namespace cimtlm

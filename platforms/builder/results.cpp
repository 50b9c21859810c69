#include <platforms/builder/results.h>

#include <cimtlm/machine/unit_group.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace cimtlm {

namespace {
// Engines that a product works on side by side; the fan-out above a latch is the grid inside an engine.
std::int64_t engines_of(const flat_nest& nest, const machine& m) {
    std::int64_t engines = 1;
    for (const auto& l : nest.loops) {
        if (nest.shape[l.slot].role != slot_role::spatial) continue;
        const int below = nest.shape[l.slot + 1].memory;
        if (below < 0 || m.memories[static_cast<std::size_t>(below)].kind != memory_kind::latch) engines *= l.factor;
    }
    return engines;
}

std::int64_t engines_of(const planned_task& task, const plan& p, const machine& m) {
    if (!task.chip) return engines_of(*task.nest, m);
    const auto& group = p.chip->groups()[task.chip->group];
    return engines_of(*task.nest, group.unit_machine) * std::min(group.units, task.chip->counts.blocks);
}

layer_row row_of(const planned_task& task) {
    layer_row row;
    row.name = task.name();
    row.is_product = task.is_product();
    row.bound_by = task.bound.bound_by;
    if (!row.is_product) {
        row.repeat = task.count();
        return row;
    }
    const auto& g = task.product();
    row.m = g.m;
    row.n = g.n;
    row.k = g.k;
    row.batch = g.batch;
    row.repeat = g.repeat;
    row.macs = g.macs();
    row.mapping = task.mapping;
    return row;
}
} // namespace

std::vector<layer_row> rows_of(const plan& p) {
    std::vector<layer_row> rows;
    for (const auto& task : p.tasks) rows.push_back(row_of(task));
    return rows;
}

// A closed form is not rounded up: a run at `tile` never falls below it.
std::int64_t bound_ps(const planned_task& task, convention c) {
    const double total = task.bound.time_ps * static_cast<double>(task.count());
    return static_cast<std::int64_t>(c == convention::published ? std::llround(total) : std::floor(total));
}

namespace {
// A task of a machine with a dispatcher.
void evaluate_bound(const planned_task& task, const plan& p, const cost_model& cost, ledger& energy, run_results& r) {
    const auto& chip = *task.chip;
    const auto& group = p.chip->cost(chip.group);
    const auto count = task.count();
    if (!task.is_product()) {
        if (chip.fused) return;
        group.charge(energy, task.vector());
        if (!group.moves(task.vector())) return;
        auto& shared = r.traffic[group.group().first_shared][3];
        shared.read += task.vector().read_bytes * count;
        shared.update += task.vector().write_bytes * count;
        return;
    }
    const auto commands = cost.target().host.issue == host_issue::block ? chip.counts.blocks : 1;
    group.charge(energy, chip.work, chip.counts, commands);
    for (std::size_t l = 0; l < r.traffic.size(); ++l)
        for (std::size_t t = 0; t < 3; ++t) {
            r.traffic[l][t].read += task.counts.memories[l][t].read * count;
            r.traffic[l][t].update += task.counts.memories[l][t].update * count;
            r.traffic[l][t].fill += task.counts.memories[l][t].fill * count;
        }
}
} // namespace

run_results evaluate_bound(const plan& p, const cost_model& cost) {
    run_results r;
    r.level = fidelity::bound;
    r.counting = cost.counted();
    r.layers = rows_of(p);
    r.traffic.resize(cost.target().memories.size());
    for (std::size_t i = 0; i < p.tasks.size(); ++i) {
        const auto& task = p.tasks[i];
        const auto count = task.count();
        auto& row = r.layers[i];
        ledger energy;
        if (task.chip) {
            evaluate_bound(task, p, cost, energy, r);
        } else if (task.is_product()) {
            const auto commands = cost.commands(task.counts.tiles);
            cost.charge(energy, task.product(), task.counts, commands);
            for (std::size_t l = 0; l < r.traffic.size(); ++l)
                for (std::size_t t = 0; t < 3; ++t) {
                    r.traffic[l][t].read += task.counts.memories[l][t].read * count;
                    r.traffic[l][t].update += task.counts.memories[l][t].update * count;
                    r.traffic[l][t].fill += task.counts.memories[l][t].fill * count;
                }
        } else {
            cost.charge(energy, task.vector());
            if (cost.moves(task.vector())) {
                r.traffic[0][3].read += task.vector().read_bytes * count;
                r.traffic[0][3].update += task.vector().write_bytes * count;
            }
        }
        row.time_ps = bound_ps(task, r.counting);
        row.energy_pj = energy.total_pj() * static_cast<double>(count);
        r.energy.add(energy, static_cast<double>(count));
    }
    complete(r, p, cost);
    return r;
}

void complete(run_results& r, const plan& p, const cost_model& cost) {
    const auto& m = cost.target();
    const double peak = whole_peak_macs_per_ps(m);
    auto& t = r.totals;
    std::map<std::string, std::int64_t> bounds;
    double study_rate = 0;
    for (std::size_t i = 0; i < r.layers.size(); ++i) {
        auto& row = r.layers[i];
        const auto& task = p.tasks[i];
        row.bound_ps = bound_ps(task, r.counting);
        const double static_pj = m.static_power_mw * 1e-3 * static_cast<double>(row.time_ps); // mW x ps = 1e-3 pJ
        row.energy_pj += static_pj;
        if (row.is_product && row.time_ps > 0)
            row.utilization = static_cast<double>(row.macs) / (peak * static_cast<double>(row.time_ps));
        t.time_ps += row.time_ps;
        t.bound_ps += row.bound_ps;
        t.macs += row.macs;
        if (task.is_product()) {
            t.operations += cost.operations(task.product()) * static_cast<double>(task.product().count());
            r.engines_used = std::max(r.engines_used, engines_of(task, p, m));
            t.mapped_tiles += task.counts.tiles * task.count();
            study_rate += (m.cim ? static_cast<double>(row.macs)
                                 : cost.operations(task.product()) * static_cast<double>(task.product().count()));
        }
        bounds[row.bound_by] += row.time_ps;
    }
    if (m.static_power_mw > 0)
        r.energy.charge(r.energy.open("static", "power", "ps", m.static_power_mw * 1e-3),
                        static_cast<double>(t.time_ps));
    t.energy_pj = r.energy.total_pj();
    r.resident_bytes = p.resident_bytes;
    const auto longest = std::max_element(bounds.begin(), bounds.end(),
                                          [](const auto& a, const auto& b) { return a.second < b.second; });
    if (longest != bounds.end()) r.bound_by = longest->first;
    if (t.time_ps > 0) {
        const auto time = static_cast<double>(t.time_ps);
        t.utilization = static_cast<double>(t.macs) / (peak * time);
        t.tops = t.operations / time; // operations a ps are tera operations a second
        t.published_rate_gops = study_rate / time * 1e3;
    }
    if (t.energy_pj > 0) t.tops_per_w = t.operations / t.energy_pj;
}

} // namespace cimtlm

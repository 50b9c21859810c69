#pragma once
/// Cost of accesses: the closed-form bound of time, and the rows of energy.
#include <cimtlm/base/ledger.h>
#include <cimtlm/mapping/access_counts.h>
#include <cimtlm/mapping/vector_work.h>

#include <boost/container/small_vector.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cimtlm {

/// How a comparison counts. like_for_like: two operations a MAC, every weight byte charged and timed, additions between
/// arrays charged, fills timed, one data bus for both directions of a half-duplex DRAM.
/// published: as the A100-like CiM study (arXiv 2312.15896) counts: held positions twice in the time, weight writes per
/// access of the published energy model, no fills and no writes of weights in the time, 2MNK - MN operations, and the
/// MAC energies read as of a whole MAC.
enum class convention { like_for_like, published };

/// The bound of one product: no schedule of this nest is faster.
struct bound_result {
    double time_ps = 0;
    std::string bound_by;
};

/// Keeps the resource that is taken longest.
struct longest {
    bound_result& r;
    void operator()(std::string_view name, std::string_view port, double time_ps) const {
        if (time_ps > r.time_ps) r = {time_ps, std::string(name) + std::string(port)};
    }
};

/// How long a product takes one resource: a port of a memory, the engine, the bus.
struct resource_time {
    std::string_view name, port;
    double time_ps;
};
using resource_times = boost::container::small_vector<resource_time, 16>;

/// Bytes of a command of the host on the bus.
constexpr std::int64_t command_bytes = 4;

/// Evaluates nests on one machine. Keeps what does not change between GEMMs.
class cost_model {
public:
    /// `mac_part`: the part under which multiplications stand in the ledger. `e`: another engine of the same geometry
    /// than the machine's.
    cost_model(const machine& m, convention c, std::string mac_part = "mac", std::shared_ptr<const engine> e = nullptr);

    /// Time of one product. Requires counts of the same nest.
    bound_result bound(const flat_nest& nest, const gemm& g, const access_counts& counts) const;

    /// The times behind that bound, of every resource; the same resources in the same order for every product on one
    /// nest.
    void resources(const flat_nest& nest, const gemm& g, const access_counts& counts, resource_times& into) const;

    /// Calls charge(part, action, unit, unit energy in pJ, count) for every row of energy that `counts` cause,
    /// `commands` of the host included. The one place that prices accesses. The machine's first memory has index
    /// `first` in the counts.
    template <class Charge>
    void price(const gemm& g, const access_counts& counts, std::int64_t commands, Charge charge,
               std::size_t first = 0) const;

    /// The same rows in a ledger.
    void charge(ledger& into, const gemm& g, const access_counts& counts, std::int64_t commands) const;

    /// Time of one execution of vector work.
    bound_result bound(const vector_work& work) const;
    /// False for element-wise work that takes results as they leave.
    bool moves(const vector_work& work) const { return !(m_.vector_unit.fused && work.fusible); }
    /// Rows of one execution of vector work.
    void charge(ledger& into, const vector_work& work) const;

    /// Time and energy as two numbers, for a search.
    struct figures {
        double time_ps;
        double energy_pj;
    };
    figures evaluate(const flat_nest& nest, const gemm& g) const;

    const machine& target() const { return m_; }
    const engine& matrix_engine() const { return *engine_; }
    /// Multiplications of the engine's width that one MAC of the product takes.
    double slices_of(const gemm& g) const {
        return static_cast<double>(engine_->input_slices(g.bits.a) * engine_->weight_slices(g.bits.b));
    }
    /// Energy of one MAC in pJ on the reading of this convention, at the engine's nominal statistics.
    double mac_pj() const { return mac_pj_; }
    /// The rows of one MAC of the engine's width, at the statistics of the product; one row as published. They hold
    /// until the next call with other statistics.
    const std::vector<mac_charge>& mac_charges(const gemm& g) const;
    const std::string& mac_part() const { return mac_part_; }
    convention counted() const { return convention_; }
    /// Operations of one product: 2 a MAC, or 2MNK - MN as published.
    double operations(const gemm& g) const;
    /// Time in ps that writing `bytes` of weights takes when `banks` arrays are written side by side.
    double weight_write_ps(double bytes, std::int64_t banks) const;
    /// Steps' time in ps.
    double compute_ps(std::int64_t steps, const gemm& g) const;
    /// Commands that the host gives for a product of so many tiles.
    std::int64_t commands(std::int64_t tiles) const {
        if (convention_ == convention::published) return 0;
        return m_.host.issue == host_issue::tile ? tiles : 1;
    }

private:
    template <class Visit>
    void visit_ports(std::size_t memory, double instances, const access_bytes& bytes, Visit visit) const;
    template <class Visit>
    void visit_resources(const flat_nest& nest, const gemm& g, const access_counts& c, Visit visit) const;

    const machine& m_;
    convention convention_;
    std::shared_ptr<const engine> engine_;
    energy_basis basis_;
    double mac_pj_;
    std::string mac_part_;
    std::vector<mac_charge> nominal_charges_;
    // Of the statistics asked for last: a search asks for those of one product again and again.
    mutable operand_statistics known_statistics_;
    mutable std::vector<mac_charge> known_charges_;
};

/// Arrays that the nest writes side by side.
std::int64_t banks_used(const flat_nest& nest);

template <class Charge>
void cost_model::price(const gemm& g, const access_counts& counts, std::int64_t commands, Charge charge,
                       std::size_t first) const {
    using namespace std::string_view_literals;
    const bool published = convention_ == convention::published;
    for (std::size_t i = 0; i < m_.memories.size(); ++i) {
        const auto& level = m_.memories[i];
        std::int64_t read = 0, update = 0, fill = 0;
        for (const auto& a : counts.memories[first + i]) {
            read += a.read;
            update += a.update;
            fill += a.fill;
        }
        const std::string_view part = level.name;
        if (read) charge(part, "read"sv, "byte"sv, level.read_energy_pj_per_byte, static_cast<double>(read));
        if (update) charge(part, "update"sv, "byte"sv, level.update_energy_pj_per_byte, static_cast<double>(update));
        if (fill) charge(part, "fill"sv, "byte"sv, level.fill_energy_pj_per_byte, static_cast<double>(fill));
        if (i == 0 && !published && m_.bus.energy_pj_per_byte > 0)
            charge("bus"sv, "transfer"sv, "byte"sv, m_.bus.energy_pj_per_byte,
                   static_cast<double>(read + update + commands * command_bytes));
    }
    const double slices = slices_of(g);
    for (const auto& row : mac_charges(g))
        charge(std::string_view(mac_part_), std::string_view(row.action), std::string_view(row.unit),
               row.unit_energy_pj, static_cast<double>(counts.macs) * slices * row.per_mac);
    if (!published && m_.tensor_core && m_.tensor_core->issue_energy_pj > 0)
        charge("tensor_core"sv, "issue"sv, "MAC"sv, m_.tensor_core->issue_energy_pj,
               static_cast<double>(counts.executed_macs) * slices);
    if (!published && engine_->overhead_pj() > 0)
        charge(std::string_view(mac_part_), "overhead"sv, "MAC"sv, engine_->overhead_pj(),
               static_cast<double>(counts.executed_macs) * slices);
    if (counts.executed_macs > counts.macs)
        charge(std::string_view(mac_part_), "padding"sv, "MAC"sv, mac_pj_,
               static_cast<double>(counts.executed_macs - counts.macs) * slices);
    if (m_.cim) {
        const double accesses = static_cast<double>(counts.weight_write_bytes) /
                                (published ? static_cast<double>(engine_->published_write_bytes()) : 1.0);
        if (accesses > 0)
            charge("weight_write"sv, "write"sv, published ? "access"sv : "byte"sv, engine_->write_pj_per_byte(),
                   accesses);
        const double pj = m_.cim->addition_energy_pj;
        if (counts.merged_partial_sums)
            charge("addition"sv, "merge"sv, "addition"sv, pj, static_cast<double>(counts.merged_partial_sums));
        if (counts.bank_additions && !published)
            charge("addition"sv, "banks"sv, "addition"sv, pj, static_cast<double>(counts.bank_additions));
    }
    if (commands && m_.host.command_energy_pj > 0)
        charge("host"sv, "command"sv, "command"sv, m_.host.command_energy_pj, static_cast<double>(commands));
}

} // namespace cimtlm

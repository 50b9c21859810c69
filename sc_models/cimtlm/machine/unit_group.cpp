#include <cimtlm/machine/unit_group.h>

#include <cimtlm/machine/iso_area.h>

#include <algorithm>

namespace cimtlm {

namespace {
machine one_unit(const machine& m, bool cim, bool in_cache) {
    machine u = m;
    u.dispatcher.reset();
    u.static_power_mw = 0;
    if (cim)
        u.tensor_core.reset();
    else
        u.cim.reset();
    const auto shared = m.shared_memories();
    memory_level outer = m.memories[shared - 1];
    outer.kind = memory_kind::dram;
    outer.keeps = {tensor::A, tensor::B, tensor::Z};
    outer.cache.reset();
    outer.dram.reset();
    outer.capacity_bytes = 0;
    outer.read_bytes_per_cycle = outer.write_bytes_per_cycle = 0;
    u.memories = {outer};
    if (!in_cache)
        u.memories.insert(u.memories.end(), m.memories.begin() + static_cast<long>(shared), m.memories.end());
    if (m.bus.ports) {
        u.bus.bytes_per_cycle = m.bus.ports->read_bytes_per_cycle;
        u.bus.ports.reset();
    }
    return u;
}
} // namespace

std::vector<unit_group> unit_groups(const machine& m) {
    std::vector<unit_group> groups;
    const auto first = m.shared_memories() - 1;
    if (m.tensor_core)
        groups.push_back(
            {"tensor_core", m.dispatcher->unit, m.dispatcher->units, false, one_unit(m, false, false), first});
    if (m.cim) {
        const int i = m.memory_index(m.cim->replaces);
        const bool in_cache = i >= 0 && m.memories[static_cast<std::size_t>(i)].cache.has_value();
        groups.push_back({"cim", in_cache ? "slice" : m.dispatcher->unit, cim_units(m), in_cache,
                          one_unit(m, true, in_cache), first});
    }
    return groups;
}

double whole_peak_macs_per_ps(const machine& m) {
    if (!m.dispatcher) return m.peak_macs_per_ps();
    double peak = 0;
    for (const auto& g : unit_groups(m)) peak = std::max(peak, g.peak_macs_per_ps());
    return peak;
}

std::int64_t whole_engine_count(const machine& m) {
    if (!m.dispatcher) return m.engine_count();
    std::int64_t count = 0;
    for (const auto& g : unit_groups(m)) count += g.unit_machine.engine_count() * g.units;
    return count;
}

double whole_area_um2(const machine& m) {
    if (!m.dispatcher) return m.area_um2();
    double area = m.vector_unit.area_um2 * static_cast<double>(m.dispatcher->units);
    for (std::size_t i = 0; i < m.shared_memories(); ++i) {
        const auto& level = m.memories[i];
        if (level.kind == memory_kind::dram) continue;
        double left = 1;
        if (level.cache)
            left -= static_cast<double>(level.cache->compute_ways) / static_cast<double>(level.cache->ways);
        area += level.area_um2 * left;
    }
    // What arrays leave of a memory that is not among the levels.
    if (m.cim && m.cim->place && m.memory_index(m.cim->replaces) < 0)
        area += m.cim->place->area_um2 * (1 - m.cim->place->share) * static_cast<double>(cim_units(m));
    const auto groups = unit_groups(m);
    for (const auto& g : groups) {
        const auto& u = g.unit_machine;
        double unit = u.matrix_engine()->area_um2() * static_cast<double>(u.engine_count());
        double instances = 1;
        for (std::size_t i = 1; i < u.memories.size(); ++i) {
            instances *= static_cast<double>(u.memories[i].instances_below());
            unit += u.memories[i].area_um2 * instances;
        }
        area += unit * static_cast<double>(g.units);
    }
    return area;
}

} // namespace cimtlm

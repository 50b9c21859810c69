#include <cimtlm/base/error.h>
#include <cimtlm/machine/machine.h>

namespace cimtlm {

std::shared_ptr<const engine> machine::matrix_engine() const {
    if (cim && !cim->is_composed()) return std::make_shared<published_macro>(cim->published());
    if (cim) {
        auto p = cim->composed();
        if (!p.native) p.native = technology.point();
        return std::make_shared<composed_macro>(std::move(p));
    }
    if (tensor_core) return std::make_shared<tensor_core_grid>(*tensor_core);
    throw input_error(name + ": a machine needs an engine: 'cim' or 'tensor_core'");
}

std::int64_t machine::engine_count() const {
    // Every fan-out above them multiplies the engines; that of a latch is the grid inside one.
    std::int64_t count = cim ? cim->count : 1;
    for (const auto& level : memories)
        if (level.kind != memory_kind::latch) count *= level.instances_below();
    return count;
}

double machine::peak_macs_per_ps() const {
    const auto e = matrix_engine();
    const auto g = e->geometry();
    return static_cast<double>(g.rows_parallel * g.columns_parallel * engine_count()) / e->step_ps();
}

double machine::mac_pj() const { return matrix_engine()->mac_pj(cim ? cim->mac_energy_basis : energy_basis::mac); }

double machine::area_um2() const {
    double area = matrix_engine()->area_um2() * static_cast<double>(engine_count()) + vector_unit.area_um2;
    std::int64_t instances = 1;
    for (const auto& level : memories) {
        instances *= level.instances_below();
        if (level.kind != memory_kind::dram) area += level.area_um2 * static_cast<double>(instances);
    }
    return area;
}

int machine::memory_index(const std::string& wanted) const {
    for (std::size_t i = 0; i < memories.size(); ++i)
        if (memories[i].name == wanted) return static_cast<int>(i);
    return -1;
}

std::size_t machine::shared_memories() const {
    std::size_t count = 0;
    while (count < memories.size() &&
           (memories[count].kind == memory_kind::dram || memories[count].kind == memory_kind::cache))
        ++count;
    return count;
}

} // namespace cimtlm

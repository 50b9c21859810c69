#pragma once
/// Random chips, products, grids and blocks for the tests of what is spread over units.
#include "chip_machines.h"
#include "random_nests.h"

#include <cimtlm/mapping/map_blocks.h>

namespace cimtlm::test {

inline std::string text_of(const gemm& g) {
    return std::to_string(g.m) + "," + std::to_string(g.n) + "," + std::to_string(g.k) + " x" + std::to_string(g.batch);
}

inline gemm product(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t batch = 1) {
    gemm g;
    g.m = m;
    g.n = n;
    g.k = k;
    g.batch = batch;
    g.bits.partial = 32;
    return g;
}

inline blocked_work work_of(const gemm& g) {
    blocked_work w;
    w.product = g;
    return w;
}

/// Log-uniform up to 2^most, so that single rows and long dimensions both come up.
inline std::int64_t long_extent(dice& d, int most = 12) { return d.roll(1, std::int64_t{1} << d.roll(0, most)); }

inline gemm random_product(dice& d, int most = 12) {
    return product(long_extent(d, most), long_extent(d, most), long_extent(d, most), d.chance(30) ? d.roll(2, 40) : 1);
}

inline block_grid random_grid(dice& d, const gemm& g, std::int64_t most_parts) {
    block_grid grid;
    for (auto e : all_dims) {
        const auto whole = extents_of(g)[index(e)];
        grid.block[index(e)] = (whole + d.roll(1, most_parts) - 1) / d.roll(1, most_parts);
        grid.block[index(e)] = std::clamp<std::int64_t>(grid.block[index(e)], 1, whole);
    }
    return grid;
}

inline const std::vector<std::string>& study_macros() {
    static const std::vector<std::string> names{"digital_6t", "digital_8t", "analog_6t", "analog_8t"};
    return names;
}

/// Tensor cores, and every macro of the study at every level.
inline std::vector<machine> all_chips(std::int64_t units) {
    std::vector<machine> all{chip::tensor_core(units)};
    for (const auto& macro : study_macros())
        for (const char* level : {"rf", "smem", "l2"}) {
            all.push_back(chip::cim(level, level == std::string("l2") ? 4 : 24, units, macro));
            all.back().name = std::string("cim in ") + level + " of " + macro;
            if (level == std::string("smem")) all.back().memories[2].capacity_bytes /= 4;
        }
    return all;
}

/// One group of a chip with its costs, kept together.
struct target {
    machine m;
    std::vector<unit_group> groups;
    group_cost cost;
    explicit target(machine of, std::size_t group = 0)
        : m(std::move(of))
        , groups(unit_groups(m))
        , cost(m, groups[group]) {}
    target(const target&) = delete;
    target& operator=(const target&) = delete;

    const machine& unit() const { return cost.group().unit_machine; }
    std::vector<nest_slot> shape(const gemm& g) const { return nest_slots(unit(), g.bits); }
    flat_nest flat(const loop_nest& nest, const gemm& g) const { return flat_nest(nest, unit(), shape(g)); }
    gemm block(const block_grid& grid, const gemm& g) const { return block_product(g, grid.block, grid.splits_k(g)); }
};

} // namespace cimtlm::test

#include <cimtlm/mapping/map_blocks.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/nest_point.h>

#include <algorithm>

namespace cimtlm {

namespace {

std::int64_t slot_index(const std::vector<nest_slot>& shape, slot_role role, int memory = -1) {
    for (std::size_t s = 0; s < shape.size(); ++s)
        if (shape[s].role == role && (memory < 0 || shape[s].memory == memory)) return static_cast<std::int64_t>(s);
    return -1;
}

/// A nest under construction: what is placed from the inside out, and what is left of each dimension.
struct builder {
    const machine& m;
    const gemm& g;
    const std::vector<nest_slot>& shape;
    loop_nest nest{shape.size()};
    extents inside{1, 1, 1};

    std::int64_t left(dim d) const { return divide_up(extents_of(g)[index(d)], inside[index(d)]); }
    void place(std::int64_t slot, dim d, std::int64_t factor) {
        factor = std::clamp<std::int64_t>(factor, 1, left(d));
        nest.add(static_cast<std::size_t>(slot), d, factor);
        inside[index(d)] *= factor;
    }
    extents tile() const {
        auto t = inside;
        for (auto d : all_dims) t[index(d)] = std::min(t[index(d)], extents_of(g)[index(d)]);
        return t;
    }
    /// How often the tile may grow along `d` before the memory is full: at least 1.
    std::int64_t room(const memory_level& level, dim d) const {
        if (level.capacity_bytes == 0) return left(d);
        std::int64_t fits = 1;
        for (std::int64_t most = left(d); fits < most;) {
            const auto f = fits + (most - fits + 1) / 2;
            auto t = inside;
            t[index(d)] *= f;
            for (auto e : all_dims) t[index(e)] = std::min(t[index(e)], extents_of(g)[index(e)]);
            if (footprint_bytes(t, level, stored_bits(g.bits, level, m)) <= level.capacity_bytes)
                fits = f;
            else
                most = f - 1;
        }
        return fits;
    }
};

void cim_nest(builder& b) {
    const auto array = slot_index(b.shape, slot_role::array), hold = slot_index(b.shape, slot_role::hold);
    const auto bank = slot_index(b.shape, slot_role::spatial);
    const auto& limit = b.shape[static_cast<std::size_t>(array)].limit;
    b.place(array, dim::K, limit[index(dim::K)]);
    b.place(array, dim::N, limit[index(dim::N)]);
    auto arrays = b.shape[static_cast<std::size_t>(bank)].fanout;
    for (auto d : {dim::K, dim::N, dim::M}) {
        const auto f = std::min(arrays, b.left(d));
        // As many rounds as before, with the arrays spread evenly over them.
        const auto even = divide_up(b.left(d), divide_up(b.left(d), f));
        b.place(bank, d, even);
        arrays /= even;
    }
    for (auto d : {dim::N, dim::K}) b.place(hold, d, b.shape[static_cast<std::size_t>(hold)].limit[index(d)]);
    for (std::size_t i = b.m.memories.size(); i-- > 0;) {
        const auto s = slot_index(b.shape, slot_role::memory, static_cast<int>(i));
        const bool top = i == 0;
        // Weights stay while M advances.
        std::array<std::int64_t, 3> f{1, 1, 1};
        f[0] = top ? b.left(dim::M) : b.room(b.m.memories[i], dim::M);
        if (!top) f[0] = divide_up(b.left(dim::M), divide_up(b.left(dim::M), f[0]));
        if (top)
            for (auto d : {dim::N, dim::K}) b.place(s, d, b.left(d));
        b.place(s, dim::M, f[0]);
    }
}

/// Of so many instances side by side, those that may stand along `d`.
std::int64_t instances_along(const nest_slot& slot, dim d, std::int64_t instances, std::int64_t left) {
    const auto limit = slot.limit[index(d)];
    return std::max<std::int64_t>(1, std::min({limit > 0 ? limit : instances, instances, left}));
}

void tensor_core_nest(builder& b) {
    // From the inside out: the grid of multipliers, registers that keep the block's results, the units of the grid side
    // by side, then slabs of K through the staging memory.
    for (std::size_t s = b.shape.size(); s-- > 0;) {
        const auto slot = static_cast<std::int64_t>(s);
        const auto& place = b.shape[s];
        if (place.role == slot_role::array) {
            b.place(slot, dim::K, place.limit[index(dim::K)]);
            b.place(slot, dim::N, place.limit[index(dim::N)]);
        } else if (place.role == slot_role::spatial) {
            auto instances = place.fanout;
            for (auto d : {dim::M, dim::N}) {
                const auto f = instances_along(place, d, instances, b.left(d));
                b.place(slot, d, f);
                instances /= f;
            }
        } else if (place.memory > 0) {
            const auto& level = b.m.memories[static_cast<std::size_t>(place.memory)];
            if (level.kind == memory_kind::latch) continue;
            if (level.kind == memory_kind::register_file) {
                // Its share of the results, with the units outside of it in mind.
                extents outside{1, 1, 1};
                for (std::size_t o = s; o-- > 0;) {
                    if (b.shape[o].role != slot_role::spatial) continue;
                    auto instances = b.shape[o].fanout;
                    for (auto d : {dim::M, dim::N}) {
                        const auto f = instances_along(b.shape[o], d, instances, b.left(d));
                        outside[index(d)] *= f;
                        instances /= f;
                    }
                }
                for (auto d : {dim::N, dim::M})
                    b.place(slot, d, std::min(divide_up(b.left(d), outside[index(d)]), b.room(level, d)));
                continue;
            }
            const auto slabs = divide_up(b.left(dim::K), b.room(level, dim::K));
            b.place(slot, dim::K, divide_up(b.left(dim::K), slabs));
            for (auto d : {dim::M, dim::N}) b.place(slot, d, b.room(level, d));
        } else if (place.memory == 0) {
            for (auto d : {dim::N, dim::M, dim::K}) b.place(slot, d, b.left(d));
        }
    }
}

std::int64_t units_of(const group_cost& cost) { return cost.group().units; }

block_grid tensor_core_grid_by_rules(const group_cost& cost, const gemm& g) {
    const auto& d = *cost.whole().dispatcher;
    const auto engine = cost.unit().matrix_engine().geometry();
    block_grid grid{{std::min(d.block_m, g.m), std::min(d.block_n, g.n), g.k}};
    constexpr std::int64_t least = 32, least_k = 256;
    const auto idle = [&] { return grid.blocks(g) * g.batch < units_of(cost); };
    while (idle()) {
        const auto x = grid.block[1] >= grid.block[0] ? 1u : 0u;
        const auto side = grid.block[x] > least ? x : 1 - x;
        if (grid.block[side] <= least) break;
        grid.block[side] = round_up(divide_up(grid.block[side], 2), side == 1 ? engine.columns_parallel : 1);
    }
    while (idle() && grid.block[2] >= 2 * least_k)
        grid.block[2] = round_up(divide_up(grid.block[2], 2), engine.rows_parallel);
    return grid;
}

block_grid cim_grid_by_rules(const group_cost& cost, const gemm& g) {
    const auto geometry = cost.unit().matrix_engine().geometry();
    const auto columns =
        std::max<std::int64_t>(1, geometry.columns_parallel / cost.unit().matrix_engine().weight_slices(g.bits.b));
    // Heads fill units that one product leaves idle.
    auto units = std::max<std::int64_t>(1, units_of(cost) / g.batch);
    block_grid grid{{g.m, g.n, g.k}};
    const auto cut = [&](dim d, std::int64_t unit) {
        auto& extent = grid.block[index(d)];
        extent = std::min(extent, round_up(divide_up(extent, units), unit));
        units /= grid.along(d, g);
    };
    cut(dim::N, columns);
    if (units > 1) cut(dim::K, geometry.rows_parallel);
    if (units > 1) cut(dim::M, 1);
    return grid;
}

} // namespace

machine mapping_machine(const group_cost& cost) {
    auto m = cost.group().unit_machine;
    if (m.dma.double_buffer)
        for (auto& level : m.memories)
            if (level.kind == memory_kind::sram) level.capacity_bytes /= 2;
    const auto& shared = cost.whole().memories[cost.group().first_shared];
    const auto units = static_cast<double>(cost.group().units);
    m.memories[0].read_bytes_per_cycle = shared.read_bytes_per_cycle / units;
    m.memories[0].write_bytes_per_cycle = shared.write_bytes_per_cycle / units;
    return m;
}

loop_nest begun_by_rules(const machine& unit, const gemm& block, const std::vector<nest_slot>& shape) {
    builder b{unit, block, shape};
    if (unit.cim)
        cim_nest(b);
    else
        tensor_core_nest(b);
    return b.nest;
}

loop_nest block_nest_by_rules(const machine& unit, const gemm& block) {
    const auto shape = nest_slots(unit, block.bits);
    auto nest = begun_by_rules(unit, block, shape);
    const auto reason = why_impossible(nest, block, unit, shape);
    if (!reason.empty()) throw input_error("no mapping by rules: " + reason);
    return nest;
}

blocked_mapping map_blocks_by_rules(const group_cost& cost, const blocked_work& work) {
    const auto& g = work.product;
    const auto grid = cost.group().unit_machine.cim ? cim_grid_by_rules(cost, g) : tensor_core_grid_by_rules(cost, g);
    return {grid, block_nest_by_rules(mapping_machine(cost), block_product(g, grid.block, grid.splits_k(g)))};
}

} // namespace cimtlm

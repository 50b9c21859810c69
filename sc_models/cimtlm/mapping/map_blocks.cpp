#include <cimtlm/mapping/map_blocks.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/nest_point.h>
#include <cimtlm/mapping/rules.h>
#include <cimtlm/mapping/search.h>

#include <algorithm>
#include <limits>
#include <optional>

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
    std::vector<nest_slot> shape = nest_slots(m, g.bits);
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

std::int64_t rounded(std::int64_t extent, std::int64_t unit) { return divide_up(extent, unit) * unit; }

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
        grid.block[side] = rounded(divide_up(grid.block[side], 2), side == 1 ? engine.columns_parallel : 1);
    }
    while (idle() && grid.block[2] >= 2 * least_k)
        grid.block[2] = rounded(divide_up(grid.block[2], 2), engine.rows_parallel);
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
        extent = std::min(extent, rounded(divide_up(extent, units), unit));
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

loop_nest block_nest_by_rules(const machine& unit, const gemm& block) {
    builder b{unit, block};
    if (unit.cim)
        cim_nest(b);
    else
        tensor_core_nest(b);
    const auto reason = why_impossible(b.nest, block, unit, b.shape);
    if (!reason.empty()) throw input_error("no mapping by rules: " + reason);
    return b.nest;
}

blocked_mapping map_blocks_by_rules(const group_cost& cost, const blocked_work& work) {
    const auto& g = work.product;
    const auto grid = cost.group().unit_machine.cim ? cim_grid_by_rules(cost, g) : tensor_core_grid_by_rules(cost, g);
    return {grid, block_nest_by_rules(mapping_machine(cost), block_product(g, grid.block, grid.splits_k(g)))};
}

block_mapper::block_mapper(const group_cost& cost, mapper_objective objective)
    : cost_(cost)
    , objective_(objective)
    , unit_(mapping_machine(cost))
    , unit_cost_(unit_, convention::like_for_like, cost.group().engine) {}

double block_mapper::score(const cost_model::figures& f) const {
    switch (objective_) {
    case mapper_objective::energy:
        return f.energy_pj;
    case mapper_objective::delay:
        return f.time_ps;
    case mapper_objective::edp:
        break;
    }
    return f.energy_pj * f.time_ps;
}

const loop_nest& block_mapper::searched(const gemm& block) {
    for (const auto& k : known_)
        if (extents_of(k.block) == extents_of(block) && k.block.bits == block.bits &&
            k.block.b_is_activation == block.b_is_activation)
            return k.nest;
    known_.push_back({block, map_by_search(block, unit_cost_, nest_slots(unit_, block.bits), objective_)});
    return known_.back().nest;
}

namespace {
/// Extents of blocks along one dimension that are worth a look: even cuts into few parts, and powers of two.
std::vector<std::int64_t> cuts(std::int64_t whole, std::int64_t unit, std::int64_t most_parts, std::int64_t least) {
    std::vector<std::int64_t> sizes;
    const auto add = [&](std::int64_t size) {
        size = std::min(whole, rounded(std::max(size, least), unit));
        if (std::find(sizes.begin(), sizes.end(), size) == sizes.end()) sizes.push_back(size);
    };
    for (std::int64_t parts = 1; parts <= most_parts; parts = parts < 4 ? parts + 1 : parts + parts / 2)
        add(divide_up(whole, parts));
    add(divide_up(whole, most_parts));
    for (std::int64_t size = std::max<std::int64_t>(16, unit); size <= 512; size *= 2) add(size);
    return sizes;
}
} // namespace

struct block_mapper::candidate {
    double score = std::numeric_limits<double>::infinity();
    blocked_mapping mapping;
};

blocked_mapping block_mapper::search(const blocked_work& work) {
    const auto& g = work.product;
    const auto geometry = cost_.unit().matrix_engine().geometry();
    const auto units = cost_.group().units;
    const bool cim = unit_.cim.has_value();
    std::vector<candidate> best; // ascending; grids differ
    constexpr std::size_t most_refined = 2;
    const auto keep = [&](candidate c, std::size_t most) {
        const auto at = std::upper_bound(best.begin(), best.end(), c.score,
                                         [](double s, const candidate& o) { return s < o.score; });
        best.insert(at, std::move(c));
        if (best.size() > most) best.pop_back();
    };
    const auto rank = [&](const block_grid& grid, const loop_nest& nest) {
        const auto block = block_product(g, grid.block, grid.splits_k(g));
        const flat_nest flat(nest, unit_, nest_slots(unit_, block.bits));
        return score(cost_.evaluate(grid, flat, work));
    };
    const auto try_grid = [&](const block_grid& grid, std::size_t most) {
        try {
            const auto block = block_product(g, grid.block, grid.splits_k(g));
            const auto nest = block_nest_by_rules(unit_, block);
            keep({rank(grid, nest), {grid, nest}}, most);
        } catch (const input_error&) {
            // This shape does not fit a unit; others may.
        }
    };
    for (auto bn : cuts(g.n, geometry.columns_parallel, units, 1))
        for (auto bm : cuts(g.m, 1, units, 1))
            for (auto bk : cuts(g.k, geometry.rows_parallel, cim ? units : 16, 1))
                try_grid({{bm, bn, bk}}, most_refined);
    std::optional<candidate> ruled;
    try {
        auto mapping = map_blocks_by_rules(cost_, work);
        ruled = candidate{rank(mapping.grid, mapping.nest), mapping};
        if (std::none_of(best.begin(), best.end(),
                         [&](const candidate& c) { return c.mapping.grid == ruled->mapping.grid; }))
            keep(*ruled, best.size() + 1);
    } catch (const input_error&) {
    }
    if (best.empty()) best.push_back({std::numeric_limits<double>::infinity(), {{extents_of(g)}, loop_nest()}});
    // Nests of the best grids, by search.
    candidate found = ruled ? *ruled : candidate();
    for (auto& c : best) {
        if (c.score < found.score) found = c;
        const auto& nest = searched(block_product(g, c.mapping.grid.block, c.mapping.grid.splits_k(g)));
        const auto value = rank(c.mapping.grid, nest);
        if (value < found.score) found = {value, {c.mapping.grid, nest}};
    }
    return found.mapping;
}

} // namespace cimtlm

// The search for grids and nests against the rules and against the enumeration of whole small spaces.
#include "enumerate_nests.h"
#include "random_chips.h"

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/search.h>

#include <gtest/gtest.h>

#include <ctime>
#include <iostream>

namespace cimtlm {
namespace {

using test::dice;
using test::product;
using test::target;
using test::work_of;

constexpr std::array<mapper_objective, 3> objectives{mapper_objective::energy, mapper_objective::delay,
                                                     mapper_objective::edp};

double value(const target& t, const block_grid& grid, const loop_nest& nest, const blocked_work& work,
             mapper_objective o) {
    return score_of(t.cost.evaluate(grid, t.flat(nest, work.product), work), o);
}

std::string text_of(const target& t, const blocked_mapping& m, const gemm& g) {
    return to_text(m.grid, g) + " / " + to_text(m.nest, t.shape(g));
}

TEST(BlockSearch, NeverWorseThanTheRules) {
    std::uint64_t seed = 0;
    for (const auto& m : test::all_chips(108)) {
        const target t(m);
        for (int i = 0; i < 12; ++i) {
            dice d(++seed);
            auto work = work_of(test::random_product(d, 13));
            work.resident = m.cim && d.chance(20);
            work.epilogue_operations = d.chance(30) ? 4 : 0;
            const auto& g = work.product;
            SCOPED_TRACE("seed " + std::to_string(seed) + " " + m.name + " " + test::text_of(g));
            const auto ruled = map_blocks_by_rules(t.cost, work);
            for (auto o : objectives) {
                const auto found = block_mapper(t.cost, o).search(work);
                EXPECT_LE(value(t, found.grid, found.nest, work, o), value(t, ruled.grid, ruled.nest, work, o));
                for (const auto& k : found.grid.classes(g)) {
                    const auto block = block_product(g, k.extent, found.grid.splits_k(g));
                    EXPECT_EQ(why_impossible(found.nest, block, mapping_machine(t.cost), t.shape(block)), "")
                        << text_of(t, found, g);
                }
            }
        }
    }
}

TEST(BlockSearch, Deterministic) {
    for (const auto& m : test::all_chips(108)) {
        const target t(m);
        const auto work = work_of(product(196, 500, 1152, 2));
        for (auto o : objectives) {
            const block_mapper mapper(t.cost, o);
            const auto once = mapper.search(work);
            mapper.search(work_of(product(77, 1000, 64)));
            const auto again = mapper.search(work);
            EXPECT_TRUE(once.grid == again.grid && once.nest == again.nest) << m.name;
        }
    }
}

// Nothing that the search leaves out because of its least figures could have won.
TEST(BlockSearch, LeastFiguresAreNotAboveAnyNest) {
    std::uint64_t seed = 500;
    for (const auto& m : test::all_chips(5)) {
        const target t(m);
        for (int i = 0; i < 30; ++i) {
            dice d(++seed);
            auto work = work_of(test::random_product(d, 9));
            work.resident = m.cim && d.chance(20);
            const auto grid = test::random_grid(d, work.product, 6);
            const auto block = t.block(grid, work.product);
            SCOPED_TRACE("seed " + std::to_string(seed) + " " + m.name + " " + test::text_of(work.product) + ": " +
                         to_text(grid, work.product));
            const auto least = t.cost.least(grid, work);
            const auto shape = t.shape(block);
            for (auto o : objectives) {
                const auto nest = map_by_search({block,
                                                 t.unit(),
                                                 shape,
                                                 o,
                                                 {8, 2, 100, 100},
                                                 [&](const flat_nest& n) { return t.cost.evaluate(grid, n, work); }},
                                                {});
                const auto f = t.cost.evaluate(grid, t.flat(nest, work.product), work);
                EXPECT_LE(least.time_ps, f.time_ps * (1 + 1e-9)) << to_text(nest, shape);
                EXPECT_LE(least.energy_pj, f.energy_pj * (1 + 1e-9)) << to_text(nest, shape);
            }
        }
    }
}

/// Every block extent with every nest.
void expect_near_the_best(const target& t, const blocked_work& work) {
    const auto& g = work.product;
    const auto unit = mapping_machine(t.cost);
    const auto shape = t.shape(g);
    std::array<double, 3> best;
    best.fill(1e300);
    std::array<blocked_mapping, 3> where;
    flat_nest flat(loop_nest(shape.size()), t.unit(), shape);
    for (std::int64_t m = 1; m <= g.m; ++m)
        for (std::int64_t n = 1; n <= g.n; ++n)
            for (std::int64_t k = 1; k <= g.k; ++k) {
                const block_grid grid{{m, n, k}};
                test::enumerate_nests(t.block(grid, g), unit, shape, [&](const loop_nest& nest) {
                    flat.assign(nest);
                    const auto f = t.cost.evaluate(grid, flat, work);
                    for (auto o : objectives) {
                        const auto i = static_cast<std::size_t>(o);
                        if (score_of(f, o) >= best[i]) continue;
                        best[i] = score_of(f, o);
                        where[i] = {grid, nest};
                    }
                });
            }
    for (auto o : objectives) {
        const auto i = static_cast<std::size_t>(o);
        const auto found = block_mapper(t.cost, o).search(work);
        EXPECT_LE(value(t, found.grid, found.nest, work, o), 1.02 * best[i])
            << test::text_of(g) << " objective " << i << "\n  search " << text_of(t, found, g) << "\n  best   "
            << text_of(t, where[i], g);
    }
}

/// Rates and latencies of any proportion.
void shrink_shared(dice& d, machine& m) {
    m.memories[1].read_bytes_per_cycle = m.memories[1].write_bytes_per_cycle = d.one_of<double>({2, 8, 64});
    m.memories[1].latency_cycles = d.one_of<double>({0, 2, 20});
    m.bus.latency_cycles = d.one_of<double>({0, 4});
    m.bus.ports->read_bytes_per_cycle = d.one_of<double>({1, 4});
    m.bus.ports->write_bytes_per_cycle = d.one_of<double>({1, 4});
    m.static_power_mw = d.one_of<double>({0, 100});
}

TEST(BlockSearch, WithinTwoPercentOfEverythingOnTensorCores) {
    for (std::uint64_t seed = 0; seed < 10 && !HasFailure(); ++seed) {
        dice d(seed);
        SCOPED_TRACE("seed " + std::to_string(seed));
        auto m = chip::tensor_core(d.roll(2, 4));
        shrink_shared(d, m);
        m.memories[2].capacity_bytes = d.roll(16, 80);
        m.memories[3].capacity_bytes = d.roll(8, 80);
        m.memories[3].fanout = fanout_parameters{"sub_partition", d.roll(1, 2), 2, 2, 1};
        m.tensor_core->rows = d.roll(1, 3);
        m.tensor_core->columns = d.roll(1, 2);
        m.tensor_core->latency_ps = d.one_of<double>({700, 20000});
        const target t(m);
        expect_near_the_best(t, work_of(product(d.roll(1, 6), d.roll(1, 5), d.roll(1, 6), d.roll(1, 2))));
    }
}

TEST(BlockSearch, WithinTwoPercentOfEverythingOnArrays) {
    for (std::uint64_t seed = 0; seed < 30 && !HasFailure(); ++seed) {
        dice d(seed);
        SCOPED_TRACE("seed " + std::to_string(seed));
        const bool in_cache = d.chance(40);
        auto m = chip::cim(in_cache ? "l2" : "rf", d.roll(1, 4), d.roll(2, 4));
        shrink_shared(d, m);
        if (in_cache)
            m.memories[1].cache->slices = 2 * d.roll(1, 2);
        else
            m.memories[2].capacity_bytes = d.roll(32, 200);
        auto& macro = m.cim->published();
        macro.rows_parallel = d.roll(1, 4);
        macro.columns_parallel = d.roll(1, 3);
        macro.rows_held = d.roll(1, 2);
        macro.columns_held = d.roll(1, 2);
        macro.write_bytes_per_cycle = d.chance(50) ? 1 : 0;
        macro.latency_ps = d.one_of<double>({1000, 20000});
        macro.ping_pong = d.chance(30);
        const target t(m);
        auto work = work_of(product(d.roll(1, 7), d.roll(1, 6), d.roll(1, 7), d.roll(1, 2)));
        work.resident = d.chance(20);
        expect_near_the_best(t, work);
    }
}

// Blocks that fill the units are found where neither powers of two nor even cuts of one dimension give them: most of
// the multipliers' time is used.
TEST(BlockSearch, FillsTheUnits) {
    const target t(chip::tensor_core(108));
    for (const auto& g : {product(512, 4096, 1024), product(1536, 768, 768), product(25088, 256, 2304)}) {
        const auto work = work_of(g);
        const auto found = block_mapper(t.cost, mapper_objective::delay).search(work);
        const auto time_ps = value(t, found.grid, found.nest, work, mapper_objective::delay) - 2 * t.cost.path_ps();
        EXPECT_GE(static_cast<double>(g.macs_each()) / t.cost.group().peak_macs_per_ps() / time_ps, 0.9)
            << text_of(t, found, g);
    }
}

TEST(BlockSearch, FindsMappingsWhereTheRulesHaveNone) {
    auto m = chip::cim("rf", 24);
    m.memories[2].capacity_bytes = 200;
    const target t(m);
    const auto work = work_of(product(64, 64, 4096));
    EXPECT_THROW(map_blocks_by_rules(t.cost, work), input_error);
    for (auto o : objectives) {
        const auto found = block_mapper(t.cost, o).search(work);
        EXPECT_EQ(why_impossible(found.nest, t.block(found.grid, work.product), t.unit(), t.shape(work.product)), "");
    }
    m.memories[2].capacity_bytes = 2; // not even one input and one result beside the next ones
    const target tiny(m);
    EXPECT_THROW(block_mapper(tiny.cost, mapper_objective::edp).search(work), input_error);
}

TEST(BlockSearch, Speed) {
    double total_ms = 0, worst_ms = 0;
    int count = 0;
    for (const auto& m : test::all_chips(108)) {
        const target t(m);
        const block_mapper mapper(t.cost, mapper_objective::edp);
        for (const auto& g : {product(12544, 64, 147), product(3136, 64, 576), product(196, 1024, 256),
                              product(512, 1024, 4096), product(512, 512, 64, 16), product(1, 4096, 4096)}) {
            const auto begin = std::clock();
            mapper.search(work_of(g));
            const double ms = 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
            total_ms += ms;
            worst_ms = std::max(worst_ms, ms);
            ++count;
        }
    }
    std::cout << "search: mean " << total_ms / count << " ms, worst " << worst_ms << " ms a product\n";
}

} // namespace
} // namespace cimtlm

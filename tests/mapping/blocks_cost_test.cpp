// Cost of a product on many units: counts block by block, bounds against a schedule and against each other.
#include "random_chips.h"

#include <cimtlm/base/error.h>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace cimtlm {
namespace {

using test::dice;
using test::product;
using test::target;
using test::work_of;

struct blocked_case {
    blocked_work work;
    block_grid grid;
    loop_nest nest;
};

/// A product in any grid with the nest of the rules, or nothing when that does not fit a unit.
std::optional<blocked_case> random_case_on(dice& d, const target& t, int most = 10) {
    blocked_case c;
    c.work = work_of(test::random_product(d, most));
    c.grid = test::random_grid(d, c.work.product, 7);
    c.work.resident = t.unit().cim && d.chance(20);
    c.work.epilogue_operations = d.chance(30) ? static_cast<double>(d.roll(1, 8)) : 0;
    c.work.epilogue_read_bytes = d.chance(30) ? static_cast<double>(d.roll(1, 2)) : 0;
    try {
        c.nest = block_nest_by_rules(mapping_machine(t.cost), t.block(c.grid, c.work.product));
    } catch (const input_error&) {
        return {};
    }
    return c;
}

/// Calls use(name, target, case, nest) for random cases on all chips; the text of a failure has the seed.
template <class Use> void on_random_cases(int times, Use use) {
    std::uint64_t seed = 0;
    for (const auto& m : test::all_chips(7)) {
        const target t(m);
        for (int i = 0; i < times; ++i) {
            dice d(++seed);
            const auto c = random_case_on(d, t);
            if (!c) continue;
            const auto nest = t.flat(c->nest, c->work.product);
            SCOPED_TRACE("seed " + std::to_string(seed) + " " + m.name + " " + test::text_of(c->work.product) + ": " +
                         to_text(c->grid, c->work.product) + " / " + to_text(c->nest, t.shape(c->work.product)));
            use(t, *c, nest);
        }
    }
}

access_bytes& operator+=(access_bytes& a, const access_bytes& b) {
    a.read += b.read;
    a.update += b.update;
    a.fill += b.fill;
    return a;
}

TEST(BlockCost, CountsAreTheSumOverBlocksOneByOne) {
    on_random_cases(40, [](const target& t, const blocked_case& c, const flat_nest& nest) {
        const auto& g = c.work.product;
        const auto told = t.cost.count(c.grid, nest, c.work);
        access_counts sum;
        sum.memories.resize(t.m.memories.size());
        std::int64_t blocks = 0;
        for (std::int64_t b = 0; b < g.batch; ++b)
            for (std::int64_t number = 0; number < c.grid.blocks(g); ++number) {
                const auto extent = c.grid.region(g, number).extent;
                const auto each =
                    count_accesses(nest, block_product(g, extent, c.grid.splits_k(g)), t.unit(), c.work.resident);
                for (std::size_t i = 0; i < each.memories.size(); ++i)
                    for (std::size_t x = 0; x < 3; ++x)
                        sum.memories[t.cost.group().chip_memory(i)][x] += each.memories[i][x];
                sum.steps += each.steps;
                sum.macs += each.macs;
                sum.executed_macs += each.executed_macs;
                sum.weight_write_bytes += each.weight_write_bytes;
                sum.weight_fetch_bytes += each.weight_fetch_bytes;
                sum.merged_partial_sums += each.merged_partial_sums;
                sum.bank_additions += each.bank_additions;
                sum.tiles += each.tiles;
                ++blocks;
            }
        EXPECT_EQ(told.blocks, blocks);
        EXPECT_EQ(told.sum.macs, g.macs_each() * g.batch);
        EXPECT_GE(told.sum.executed_macs, told.sum.macs);
        EXPECT_EQ(told.sum.macs, sum.macs);
        EXPECT_EQ(told.sum.steps, sum.steps);
        EXPECT_EQ(told.sum.executed_macs, sum.executed_macs);
        EXPECT_EQ(told.sum.weight_write_bytes, sum.weight_write_bytes);
        EXPECT_EQ(told.sum.weight_fetch_bytes, sum.weight_fetch_bytes);
        EXPECT_EQ(told.sum.merged_partial_sums, sum.merged_partial_sums);
        EXPECT_EQ(told.sum.bank_additions, sum.bank_additions);
        EXPECT_EQ(told.sum.tiles, sum.tiles);
        // By hand: partial sums of every part are read once more, results written once; and what the epilogue reads.
        const auto results = g.m * g.n * g.batch;
        auto& z = sum.memories[t.cost.group().first_shared][index(tensor::Z)];
        const auto parts = (g.k + c.grid.block[2] - 1) / c.grid.block[2];
        if (parts > 1) {
            z.read += results * 4 * parts;
            z.update += results;
        }
        EXPECT_EQ(told.reduction_read_bytes, parts > 1 ? results * 4 * parts : 0);
        EXPECT_EQ(told.reduction_write_bytes, parts > 1 ? results : 0);
        EXPECT_EQ(told.reduction_additions, results * (parts - 1));
        z.read += static_cast<std::int64_t>(c.work.epilogue_read_bytes) * results;
        for (std::size_t i = 0; i < sum.memories.size(); ++i)
            for (std::size_t x = 0; x < 3; ++x)
                EXPECT_EQ(told.sum.memories[i][x], sum.memories[i][x]) << t.m.memories[i].name << " tensor " << x;
        std::int64_t of_classes = 0;
        for (const auto& k : told.classes) of_classes += k.count;
        EXPECT_EQ(of_classes, blocks);
    });
}

/// Shared memories' ports, one after another, in ps.
double shared_ps(const target& t, const blocked_counts& counts) {
    double sum = 0;
    for (std::size_t i = 0; i <= t.cost.group().first_shared; ++i) {
        std::int64_t bytes = 0;
        for (const auto& a : counts.sum.memories[i]) bytes += a.read + a.update + a.fill;
        const auto rate = std::min(t.m.memories[i].read_bytes_per_cycle, t.m.memories[i].write_bytes_per_cycle);
        sum += static_cast<double>(bytes) * t.m.cycle_ps() / rate;
    }
    return sum;
}

// Blocks in order to the unit that has least to do, resources one after another: a bound above that is none.
TEST(BlockCost, BoundIsNotAboveASchedule) {
    on_random_cases(40, [](const target& t, const blocked_case& c, const flat_nest& nest) {
        const auto& g = c.work.product;
        const auto counts = t.cost.count(c.grid, nest, c.work);
        const double path = t.cost.path_ps(), cycle = t.m.cycle_ps();
        const double lane = cycle / t.m.vector_unit.operations_per_cycle;
        const bool split = c.grid.splits_k(g);
        std::vector<double> unit(static_cast<std::size_t>(t.cost.group().units), 0);
        for (std::int64_t number = 0; number < c.grid.blocks(g) * g.batch; ++number) {
            const auto block = block_product(g, c.grid.region(g, number % c.grid.blocks(g)).extent, split);
            const auto each = count_accesses(nest, block, t.unit(), c.work.resident);
            const auto results = static_cast<double>(block.m * block.n);
            resource_times times;
            t.cost.unit().resources(nest, block, each, times);
            double longest = 0;
            for (const auto& r : times) longest = std::max(longest, r.time_ps);
            *std::min_element(unit.begin(), unit.end()) +=
                longest + static_cast<double>(each.tiles) * path +
                (split ? 0 : results * c.work.epilogue_operations * lane) +
                (split ? 0 : results * c.work.epilogue_read_bytes * cycle / t.unit().bus.bytes_per_cycle);
        }
        double schedule = *std::max_element(unit.begin(), unit.end()) + shared_ps(t, counts) + 2 * path +
                          t.m.dispatcher->block_cycles * cycle;
        if (split) {
            const auto results = static_cast<double>(counts.reduction_additions);
            const auto all = static_cast<double>(g.m * g.n * g.batch);
            schedule += 2 * path + results * lane + all * c.work.epilogue_operations * lane +
                        static_cast<double>(counts.reduction_read_bytes) * cycle / t.unit().bus.bytes_per_cycle;
        }
        const auto bound = t.cost.bound(c.grid, nest, c.work, counts);
        EXPECT_LE(bound.time_ps, schedule * (1 + 1e-9)) << bound.bound_by;
        // And not below what the best use of all multipliers takes.
        EXPECT_GE(bound.time_ps,
                  static_cast<double>(g.macs_each() * g.batch) / t.cost.group().peak_macs_per_ps() * (1 - 1e-9));
    });
}

TEST(BlockCost, MoreOfAnythingIsNeverSlower) {
    struct change {
        const char* name;
        void (*apply)(machine&);
    };
    const std::vector<change> changes{{"units", [](machine& m) { m.dispatcher->units += 1 + m.dispatcher->units / 3; }},
                                      {"L2 rate", [](machine& m) { m.memories[1].read_bytes_per_cycle *= 1.5; }},
                                      {"L2 write rate", [](machine& m) { m.memories[1].write_bytes_per_cycle *= 1.5; }},
                                      {"ports", [](machine& m) { m.bus.ports->read_bytes_per_cycle *= 1.5; }},
                                      {"latency", [](machine& m) { m.memories[1].latency_cycles /= 2; }},
                                      {"lanes", [](machine& m) { m.vector_unit.operations_per_cycle *= 2; }},
                                      {"clock", [](machine& m) { m.technology.clock_mhz *= 1.5; }}};
    on_random_cases(15, [&](const target& t, const blocked_case& c, const flat_nest& nest) {
        const auto before = t.cost.bound(c.grid, nest, c.work, t.cost.count(c.grid, nest, c.work)).time_ps;
        for (const auto& more : changes) {
            auto m = t.m;
            more.apply(m);
            const target other(m);
            const auto after = other.cost.bound(c.grid, nest, c.work, other.cost.count(c.grid, nest, c.work)).time_ps;
            EXPECT_LE(after, before * (1 + 1e-9)) << more.name;
        }
    });
}

// Many equal blocks on shared memories that are never the limit: twice the units, half the time.
TEST(BlockCost, TwiceTheUnitsTakeHalfTheTime) {
    for (const auto& m : test::all_chips(8)) {
        if (m.cim && m.cim->replaces == "l2") continue; // its units are the slices
        auto wide = m;
        for (auto i : {0u, 1u}) wide.memories[i].read_bytes_per_cycle = wide.memories[i].write_bytes_per_cycle = 1e9;
        auto twice = wide;
        twice.dispatcher->units *= 2;
        const target one(wide), two(twice);
        const auto work = work_of(product(64 * 512, 256, 512));
        const block_grid grid{{64, 256, 512}};
        const auto nest =
            one.flat(block_nest_by_rules(mapping_machine(one.cost), one.block(grid, work.product)), work.product);
        const auto time = [&](const target& t) {
            return t.cost.bound(grid, nest, work, t.cost.count(grid, nest, work)).time_ps - 2 * t.cost.path_ps();
        };
        EXPECT_NEAR(time(one) / time(two), 2, 0.02) << m.name;
    }
}

// One block of 5 more than units: a wave of its own.
TEST(BlockCost, PartialWavesCount) {
    const target t(chip::tensor_core(4));
    const auto time = [&](std::int64_t blocks) {
        const auto work = work_of(product(128 * blocks, 256, 512));
        const block_grid grid{{128, 256, 512}};
        const auto nest =
            t.flat(block_nest_by_rules(mapping_machine(t.cost), t.block(grid, work.product)), work.product);
        return t.cost.bound(grid, nest, work, t.cost.count(grid, nest, work)).time_ps - 2 * t.cost.path_ps();
    };
    EXPECT_NEAR(time(5), 2 * time(4), 1e-6 * time(5));
    EXPECT_NEAR(time(8), time(5), 1e-6 * time(5));
}

// Energy of the whole is that of its rows, and of its blocks beside what the chip adds.
TEST(BlockCost, EvaluationIsTheLedgerAndAtLeastTheBound) {
    on_random_cases(15, [](const target& t, const blocked_case& c, const flat_nest& nest) {
        const auto counts = t.cost.count(c.grid, nest, c.work);
        ledger rows;
        t.cost.charge(rows, c.work, counts, 1);
        const auto f = t.cost.evaluate(c.grid, nest, c.work);
        const double static_pj = t.m.static_power_mw * 1e-3 * f.time_ps;
        if (counts.reduction_read_bytes <= 20 << 20) { // half of the cache
            EXPECT_NEAR(f.energy_pj, rows.total_pj() + static_pj, 1e-9 * f.energy_pj);
        } else {
            EXPECT_GE(f.energy_pj, (rows.total_pj() + static_pj) * (1 - 1e-9)); // partial sums may leave the cache
        }
        EXPECT_GE(f.time_ps, t.cost.bound(c.grid, nest, c.work, counts).time_ps);
    });
}

// A tile cannot be expected to take less than its operands' way, which the bound hides by half.
TEST(BlockCost, SmallTilesAreExpectedToTakeTheirWays) {
    const target t(chip::tensor_core(1));
    const auto work = work_of(product(16, 16, 4096));
    const block_grid grid{{16, 16, 4096}};
    const auto with_slab = [&](const char* text) {
        const auto shape = nest_slots(t.cost.group().unit_machine, work.product.bits);
        const flat_nest nest(parse_nest(text, shape, "test"), t.cost.group().unit_machine, shape);
        return t.cost.evaluate(grid, nest, work).time_ps;
    };
    // 128 tiles of one step against 2 of 64; bytes and steps are the same.
    const double small = with_slab("l2 K128 / rf M16 / pe K32 N16"),
                 large = with_slab("l2 K2 / smem K64 / rf M16 / pe K32 N16");
    EXPECT_NEAR(small - large, (128 - 2) * t.cost.path_ps(), 0.15 * 128 * t.cost.path_ps());
}

// Partial sums that the cache cannot keep go out and come back.
TEST(BlockCost, PartialSumsBeyondTheCacheAreExpectedInTheOutermostMemory) {
    const target t(chip::tensor_core(4));
    const auto work = work_of(product(4096, 4096, 1024));
    const auto energy = [&](const block_grid& grid) {
        const auto nest =
            t.flat(block_nest_by_rules(mapping_machine(t.cost), block_product(work.product, grid.block, true)),
                   block_product(work.product, grid.block, true));
        const auto counts = t.cost.count(grid, nest, work);
        ledger rows;
        t.cost.charge(rows, work, counts, 1);
        return t.cost.evaluate(grid, nest, work).energy_pj - rows.total_pj();
    };
    // 4 x 64 MiB of partial sums; of the 40 MiB cache the parts of a row of blocks, 4 x 128 x 4096 x 4 B, take a fifth:
    // they are read where they were written, and 216 MiB leave once they are dead.
    EXPECT_NEAR(energy({{128, 256, 256}}), 216.0 * (1 << 20) * 118, 1e-3 * 216 * (1 << 20) * 118);
    // Rows of blocks of 2048: their parts, 134 MB, do not stay until they are added.
    EXPECT_NEAR(energy({{2048, 64, 256}}), 2 * 216.0 * (1 << 20) * 118, 1e-3 * 432 * (1 << 20) * 118);
}

// Arrays that are written and read by turns wait for weights once a tile: path, writing, computing, and the way of the
// results. Nothing else is between, so the bound of one tile is known exactly.
TEST(BlockCost, OneTileOfWeightsIsPathWriteComputeAndWayBack) {
    const target t(chip::cim("l2", 1, 1));
    const auto work = work_of(product(1, 16, 256));
    const block_grid grid{{1, 16, 256}};
    const auto nest = t.flat(block_nest_by_rules(mapping_machine(t.cost), work.product), work.product);
    const auto counts = t.cost.count(grid, nest, work);
    ASSERT_EQ(counts.sum.tiles, 1);
    const double write_ps = 256 * 16 / 32.0 * t.m.cycle_ps();
    const auto r = t.cost.bound(grid, nest, work, counts);
    EXPECT_NEAR(r.time_ps, 2 * t.cost.path_ps() + write_ps + t.cost.unit().compute_ps(1, work.product), 1);
    EXPECT_EQ(r.bound_by, "compute");
}

} // namespace
} // namespace cimtlm

// Copies of weights in arrays side by side, and weights cut over arrays along K, on an A100-like chip with arrays in
// the shared memory: mappings by hand, weights in place, no launch.
#include "chips.h"

#include <cimtlm/base/error.h>

namespace cimtlm {
namespace {

/// One product in blocks of these extents, by this nest, its weights resident.
planner by_hand(const machine& m, const gemm& g, const extents& block, const std::string& nest) {
    return [&m, g, block, nest](const cost_model&) {
        plan p;
        p.chip = std::make_shared<chip_costs>(m);
        const auto& cost = p.chip->cost(0);
        const auto& unit = p.chip->groups()[0].unit_machine;
        auto& task = p.tasks.emplace_back();
        auto& chip = task.chip.emplace();
        chip.work.product = g;
        chip.work.product.bits.partial = 32;
        chip.work.resident = task.resident = true;
        task.work = chip.work.product;
        chip.grid.block = block;
        const auto part = block_product(chip.work.product, block, chip.grid.splits_k(g));
        const auto shape = nest_slots(unit, part.bits);
        const auto loops = parse_nest(nest, shape, "nest");
        if (const auto why = why_impossible(loops, part, unit, shape); !why.empty()) throw input_error(why);
        task.nest = std::make_shared<flat_nest>(loops, unit, shape);
        placement places({work_item(g)});
        chip.place = places.place(g);
        p.partial_address = places.end_address();
        chip.counts = cost.count(chip.grid, *task.nest, chip.work);
        task.counts = chip.counts.sum;
        task.bound = cost.bound(chip.grid, *task.nest, chip.work, chip.counts);
        return p;
    };
}

machine chip_without_launches() {
    auto m = load_machine("a100/cim_smem").value;
    m.host.command_cycles = 0;
    return m;
}

std::string times(const char* d, std::int64_t n) {
    return n > 1 ? d + std::to_string(n) + (*d == 'M' ? " " : " / ") : "";
}

child_results run(const machine& m, const gemm& g, const extents& block, const std::string& nest) {
    const auto r = run_in_child(m, by_hand(m, g, block, nest));
    EXPECT_STREQ(r.figures.fault, "");
    EXPECT_EQ(r.figures.macs, g.macs());
    EXPECT_EQ(r.figures.stall_sum(), r.figures.time_ps - r.figures.bound_ps);
    return r;
}

double ns(const child_results& r) { return static_cast<double>(r.figures.time_ps) * 1e-3; }

/// Share of the time in which the channels of the memory move data.
double memory_load(const machine& m, const child_results& r) {
    return r.details.at("dram.busy_ps") / static_cast<double>(m.memories[0].dram->channels->count) /
           static_cast<double>(r.figures.time_ps);
}

/// `rows` x 64 x 64 with this many copies of the weights: four arrays side by side hold them once.
child_results with_copies(const machine& m, std::int64_t rows, std::int64_t in_unit, std::int64_t units) {
    const auto of_unit = (rows + units - 1) / units, each = (of_unit + in_unit - 1) / in_unit;
    const auto at_once = std::min<std::int64_t>(each, 16);
    const auto r = run(m, product(rows, 64, 64), {of_unit, 64, 64},
                       times("l2 M", (each + at_once - 1) / at_once) + "smem M" + std::to_string(at_once) +
                           " / bank N4 " + times("M", in_unit) + "/ array K64 N16");
    EXPECT_GT(ns(r), static_cast<double>(each) * m.cim->published().latency_ps * 1e-3) << "a step for each row";
    return r;
}

struct copies {
    std::int64_t in_unit, units;
};
constexpr copies all_copies[] = {{1, 1}, {5, 1}, {5, 4}, {5, 27}, {5, 108}};

TEST(Duplication, CopiesShortenOneImageUntilTheWayOfItsDataIsLeft) {
    const auto m = chip_without_launches();
    ASSERT_EQ(m.cim->count, 21);
    std::vector<double> all;
    for (const auto c : all_copies) {
        const auto r = with_copies(m, 3136, c.in_unit, c.units);
        all.push_back(ns(r));
        const auto steps = 3136.0 / static_cast<double>(c.in_unit * c.units);
        EXPECT_LT(ns(r), 1.05 * steps * m.cim->published().latency_ps * 1e-3 + 1500) << "and the ways there and back";
    }
    EXPECT_LE(all[0] / all[1], 5);
    EXPECT_LT(all[1], all[0] / 5 + 1000) << "the way of the data, which the steps do not hide any more";
    for (std::size_t i = 1; i < 4; ++i) EXPECT_LT(all[i], all[i - 1]);
    EXPECT_NEAR(all[4] / all[3], 1, 0.05) << "four times the copies for nothing";
    // Inputs out of the memory, results back to the cache.
    const double way_cycles =
        4 * m.bus.latency_cycles + 2 * m.memories[1].latency_cycles + m.memories[0].latency_cycles;
    EXPECT_GT(all[4], way_cycles * m.cycle_ps() * 1e-3);
}

TEST(Duplication, CopiesRaiseThroughputUntilTheMemoryBinds) {
    // 128 images: 25.7 MB of inputs out of a memory of 1446 B a cycle.
    const auto m = chip_without_launches();
    constexpr std::int64_t rows = 128 * 3136;
    std::vector<double> all;
    double last_load = 0; // of the memory
    for (const auto c : all_copies) {
        const auto r = with_copies(m, rows, c.in_unit, c.units);
        all.push_back(ns(r));
        last_load = memory_load(m, r);
    }
    EXPECT_NEAR(all[0] / all[1], 5, 0.05 * 5);
    EXPECT_NEAR(all[1] / all[2], 4, 0.05 * 4);
    // Inputs come, and of inputs and results together what the cache has no room for leaves.
    const double bytes = rows * 64 + (2 * rows * 64 - m.memories[1].capacity_bytes);
    const double memory_ns = bytes / m.memories[0].read_bytes_per_cycle * m.cycle_ps() * 1e-3;
    EXPECT_GT(all[4], rows * 64 / m.memories[0].read_bytes_per_cycle * m.cycle_ps() * 1e-3);
    EXPECT_LT(all[4], 1.15 * memory_ns);
    EXPECT_GT(last_load, 0.75);
    EXPECT_LT(all[0] / all[4], 540 / 2) << "540 copies are not 540 times as fast";
}

TEST(Duplication, WeightsCutOverArraysAlongKNeedNoSecondPass) {
    // 1024 x 64 weights are 4 x 4 arrays, in each of 108 units a copy for 30 rows. Side by side along N only, partial
    // sums of four passes are read again and added; along K only, inputs pass four times.
    const auto m = chip_without_launches();
    const auto g = product(3136, 64, 1024);
    const auto along_n = run(m, g, {30, 64, 1024}, "l2 K4 / smem M30 / bank N4 / array K256 N16");
    const auto along_k = run(m, g, {30, 64, 1024}, "l2 N4 / smem M30 / bank K4 / array K256 N16");
    const auto both = run(m, g, {30, 64, 1024}, "smem M30 / bank N4 K4 / array K256 N16");
    EXPECT_LT(ns(both), ns(along_n));
    EXPECT_LT(ns(both), ns(along_k));
    // Steps of one array: four times as many where four passes are made.
    const double pass_ns = 30 * m.cim->published().latency_ps * 1e-3;
    EXPECT_GT(ns(along_n), 4 * pass_ns);
    EXPECT_GT(ns(along_k), 4 * pass_ns);
    EXPECT_GT(ns(both), pass_ns);
    const auto merged = [](const child_results& r) {
        return r.counts.count("addition.merge") ? r.counts.at("addition.merge") : 0;
    };
    EXPECT_EQ(merged(along_n), 3 * 3136 * 64);
    EXPECT_EQ(merged(along_k), 0);
    EXPECT_EQ(both.counts.at("addition.banks"), 3 * 3136 * 64);
}

} // namespace
} // namespace cimtlm

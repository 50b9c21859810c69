/// Vector lanes that work on results before they leave.
#include <cimtlm/mapping/rules.h>

#include "compute_block_bench.h"
#include "study_machines.h"

namespace {

using namespace block_bench;

std::int64_t duration(const job_result& r) { return r.end_ps - r.begin_ps; }

const ledger::row* lanes_row(const bench& b) {
    for (const auto& r : b.energy.rows())
        if (r.part == "vector_unit" && r.action == "operation") return &r;
    return nullptr;
}

machine with_lanes(machine m, double operations_per_cycle) {
    m.vector_unit.operations_per_cycle = operations_per_cycle;
    return m;
}

/// The same job on lanes of a speed and of twice that speed, and without an epilogue.
struct comparison {
    bench slow, fast, none;
    double lanes_ps; // on the slow ones
    gemm g;

    comparison(const machine& m, const gemm& product, const std::string& nest, double rate, double operations)
        : slow("slow", with_lanes(m, rate))
        , fast("fast", with_lanes(m, 2 * rate))
        , none("none", with_lanes(m, rate))
        , lanes_ps(static_cast<double>(product.m * product.n) * operations / rate * 1000)
        , g(product) {
        for (auto* b : {&slow, &fast, &none}) {
            auto j = b->job(g, nest);
            j.epilogue_operations = b == &none ? 0 : operations;
            b->stretches = {{j}};
        }
    }
    std::int64_t time(const bench& b) const { return duration(b.results.at(0)); }
};

void expect_energy(const bench& b, double operations) {
    const auto* row = lanes_row(b);
    ASSERT_NE(row, nullptr);
    EXPECT_NEAR(row->count, operations, 1e-9 * operations);
    EXPECT_NEAR(row->energy_pj(), operations * b.m.vector_unit.operation_energy_pj, 1e-9 * operations);
    expect_contiguous(b.results.at(0));
}

TEST(compute_block_epilogue, binds_when_the_lanes_are_slow) {
    // 16 regions of 16 x 32 results: 5376 and 2688 ns of the lanes each; operands and engine take below 1500 ns.
    const auto g = product(64, 128, 64);
    comparison c(tensor_machine(), g, tiling{}.nest(g), 1, 10.5);
    sc_core::sc_start();
    EXPECT_GE(static_cast<double>(c.time(c.slow)), c.lanes_ps);
    EXPECT_GE(static_cast<double>(c.time(c.fast)), c.lanes_ps / 2);
    // What surrounds the lanes' work is the same.
    EXPECT_NEAR(static_cast<double>(c.time(c.slow) - c.time(c.fast)), c.lanes_ps / 2, 1e-3 * c.lanes_ps);
    expect_energy(c.slow, 64 * 128 * 10.5);
    expect_energy(c.fast, 64 * 128 * 10.5);
    EXPECT_EQ(lanes_row(c.none), nullptr);
    expect_contiguous(c.none.results.at(0));
    EXPECT_EQ(c.slow.memory.bytes(operand_z, transfer_kind::update), 64u * 128u);
}

TEST(compute_block_epilogue, hides_behind_the_engine_when_the_lanes_are_fast) {
    const auto g = product(64, 128, 1024);
    comparison c(tensor_machine(), g, tiling{}.nest(g), 64, 1);
    sc_core::sc_start();
    const auto one_region_ps = static_cast<std::int64_t>(16 * 32 / 64 * 1000);
    const auto store_ps = static_cast<std::int64_t>(16 * 32 / 32 * 1000 + 200 * 1000);
    EXPECT_GT(c.time(c.slow), c.time(c.none)); // the last results pass the lanes when nothing else runs
    EXPECT_LE(c.time(c.slow), c.time(c.none) + one_region_ps + store_ps);
    EXPECT_EQ(c.slow.results.at(0).computed_ps, c.none.results.at(0).computed_ps);
    expect_energy(c.slow, 64 * 128);
}

TEST(compute_block_epilogue, comes_before_staged_results_leave) {
    const auto g = product(256, 128, 512);
    const auto m = study::rf("digital_6t");
    const auto shape = nest_slots(m, g.bits);
    comparison c(m, g, to_text(map_by_rules(g, m, shape), shape), 0.05, 1);
    sc_core::sc_start();
    EXPECT_GE(static_cast<double>(c.time(c.slow)), c.lanes_ps);
    EXPECT_NEAR(static_cast<double>(c.time(c.slow) - c.time(c.fast)), c.lanes_ps / 2, 1e-2 * c.lanes_ps);
    expect_energy(c.slow, 256 * 128);
}

TEST(compute_block_epilogue, works_on_finished_results_alone) {
    // Partial sums go out and come back: K outside N in the outermost memory. They do not pass the lanes.
    const auto g = product(16, 64, 128);
    comparison c(tensor_machine(), g, "dram K4 N2 / smem K2 / sub_partition M2 N2 / rf M8 / pe K16 N16", 4, 3);
    sc_core::sc_start();
    EXPECT_EQ(c.slow.memory.bytes(operand_z, transfer_kind::update), 4u * 16u * 64u);
    expect_energy(c.slow, 16 * 64 * 3);
}

TEST(compute_block_epilogue, of_one_job_runs_beside_the_next) {
    bench b("bench", with_lanes(tensor_machine(), 4));
    const auto g = product(16, 32, 4096); // one region, computed for 16 us; its lanes take 1.28 us
    auto j = b.job(g, tiling{}.nest(g));
    j.epilogue_operations = 10;
    auto next = j;
    next.number = 2;
    b.stretches = {{j}, {j, next}};
    sc_core::sc_start();
    ASSERT_EQ(b.finished.size(), 3u);
    const auto alone = duration(b.results[0]), both = duration(b.results[1]);
    EXPECT_LE(both, 2 * alone - 1280 * 1000);
    // The first is not held back by the second.
    EXPECT_LE(b.finished[1].time_ps - b.results[1].begin_ps, alone + 200 * 1000);
    expect_contiguous(b.results[1]);
}

} // namespace

// Properties of the bound and of the energy.
#include "random_nests.h"

#include <cimtlm/mapping/cost.h>
#include <cimtlm/mapping/rules.h>

#include <gtest/gtest.h>

namespace cimtlm {
namespace {

std::vector<machine> machines() {
    std::vector<machine> all{study::tensor_core()};
    for (const char* macro : {"analog_6t", "analog_8t", "digital_6t", "digital_8t"}) {
        all.push_back(study::rf(macro, 3));
        all.push_back(study::in_smem(macro, 48));
    }
    return all;
}

double time_ps(const machine& m, const gemm& g, const loop_nest& nest) {
    const auto shape = nest_slots(m, g.bits);
    return cost_model(m, convention::like_for_like).evaluate(flat_nest(nest, m, shape), g).time_ps;
}

TEST(Cost, LessBandwidthIsNeverFaster) {
    test::dice d(11);
    for (auto m : machines()) {
        m.memories[0].dram = dram_parameters{};
        if (m.cim) m.cim->published().write_bytes_per_cycle = 16;
        for (int i = 0; i < 20; ++i) {
            gemm g;
            g.m = d.roll(1, 600);
            g.n = d.roll(1, 600);
            g.k = d.roll(1, 600);
            const auto nest = map_by_rules(g, m, nest_slots(m, g.bits));
            const auto before = time_ps(m, g, nest);
            for (std::size_t level = 0; level <= m.memories.size(); ++level)
                for (int port = 0; port < 2; ++port) {
                    auto slower = m;
                    if (level < m.memories.size()) {
                        auto& l = slower.memories[level];
                        (port ? l.write_bytes_per_cycle : l.read_bytes_per_cycle) /= 2;
                    } else if (port) {
                        slower.bus.bytes_per_cycle /= 2;
                    } else if (slower.cim) {
                        slower.cim->published().write_bytes_per_cycle /= 2;
                    }
                    EXPECT_GE(time_ps(slower, g, nest), before) << m.name << " level " << level << " port " << port;
                }
        }
    }
}

TEST(Cost, NothingIsFasterThanItsLanes) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const auto c = test::make_case(seed, seed % 2 == 0);
        const double macs = static_cast<double>(c.g.macs_each());
        const double lanes = static_cast<double>(flat_nest(c.nest, c.m, c.shape).lanes());
        EXPECT_GE(time_ps(c.m, c.g, c.nest) * lanes / c.m.matrix_engine()->step_ps() * (1 + 1e-12), macs) << c.text();
    }
}

TEST(Cost, WideWeightsTakeNeighbouringColumns) {
    const auto m = study::in_smem("digital_6t", 1); // 16 columns of 8 bits
    gemm g;
    g.m = 10;
    g.n = 16;
    g.k = 256;
    const auto steps = [&](const gemm& x) {
        const auto shape = nest_slots(m, x.bits);
        return count_accesses(flat_nest(map_by_rules(x, m, shape), m, shape), x, m, false).steps;
    };
    EXPECT_EQ(steps(g), 10);
    g.bits.b = 16;
    EXPECT_EQ(steps(g), 20);
    g.bits.b = 9; // a started column is taken
    EXPECT_EQ(steps(g), 20);
    g.bits.b = 32;
    EXPECT_EQ(steps(g), 40);
    g.bits.b = 4;
    EXPECT_EQ(steps(g), 10);
}

TEST(Cost, WideInputsTakeMoreSteps) {
    for (const auto& m : machines()) {
        const cost_model cost(m, convention::like_for_like);
        gemm g;
        const auto once = cost.compute_ps(100, g);
        g.bits.a = 16;
        EXPECT_DOUBLE_EQ(cost.compute_ps(100, g), 2 * once) << m.name;
        g.bits.a = 17;
        EXPECT_DOUBLE_EQ(cost.compute_ps(100, g), 3 * once) << m.name;
    }
}

// No precision is free: the multipliers of a tensor core take a wide weight in turns.
TEST(Cost, WideWeightsTakeATensorCoreLonger) {
    const auto m = study::tensor_core();
    const cost_model cost(m, convention::like_for_like);
    gemm g;
    const auto once = cost.compute_ps(100, g);
    g.bits.b = 16;
    EXPECT_DOUBLE_EQ(cost.compute_ps(100, g), 2 * once);
}

TEST(Cost, WideOperandsPayForEverySlice) {
    for (auto m : machines()) {
        if (m.tensor_core) m.memories.back().capacity_bytes = 2; // a latch of 16 bits
        gemm g;
        g.m = 64;
        g.n = 64;
        g.k = 256;
        const auto mac_energy = [&](const gemm& x) {
            const auto shape = nest_slots(m, x.bits);
            const flat_nest nest(map_by_rules(x, m, shape), m, shape);
            ledger l;
            cost_model(m, convention::like_for_like).charge(l, x, count_accesses(nest, x, m, false), 0);
            return l.by_part().at("mac");
        };
        const auto narrow = mac_energy(g);
        g.bits.a = g.bits.b = 16;
        EXPECT_NEAR(mac_energy(g), 4 * narrow, 1e-9 * narrow) << m.name;
    }
}

TEST(Cost, PaddingCostsEnergyAndTime) {
    const auto m = study::in_smem("digital_6t", 1);
    gemm g;
    g.m = 8;
    g.n = 16;
    g.k = 200;
    const auto shape = nest_slots(m, g.bits);
    const cost_model cost(m, convention::like_for_like);
    const flat_nest exact(parse_nest("dram M8 / array K200 N16", shape, "t"), m, shape);
    const flat_nest padded(parse_nest("dram M8 / array K256 N16", shape, "t"), m, shape);
    const auto a = cost.evaluate(exact, g), b = cost.evaluate(padded, g);
    EXPECT_DOUBLE_EQ(a.time_ps, b.time_ps);
    EXPECT_NEAR(b.energy_pj - a.energy_pj, 8 * 16 * 56 * m.mac_pj(), 1e-6);
}

TEST(Cost, EvaluateAgreesWithBoundAndLedger) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const auto c = test::make_case(seed, seed % 2 == 0);
        const cost_model cost(c.m, convention::like_for_like);
        const flat_nest nest(c.nest, c.m, c.shape);
        const auto counts = count_accesses(nest, c.g, c.m, false);
        const auto figures = cost.evaluate(nest, c.g);
        ledger l;
        cost.charge(l, c.g, counts, cost.commands(counts.tiles));
        EXPECT_DOUBLE_EQ(figures.time_ps, cost.bound(nest, c.g, counts).time_ps);
        EXPECT_NEAR(figures.energy_pj, l.total_pj() + c.m.static_power_mw * 1e-3 * figures.time_ps,
                    1e-9 * figures.energy_pj);
    }
}

} // namespace
} // namespace cimtlm

// The search against the rules and against the enumeration of whole small spaces.
#include "enumerate_nests.h"
#include "random_nests.h"

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/rules.h>
#include <cimtlm/mapping/search.h>

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

namespace cimtlm {
namespace {

using figures = cost_model::figures;
constexpr std::array<mapper_objective, 3> objectives{mapper_objective::energy, mapper_objective::delay,
                                                     mapper_objective::edp};

double value(const figures& f, mapper_objective o) { return score_of(f, o); }

std::vector<machine> study_machines() {
    std::vector<machine> all{study::tensor_core()};
    for (const auto& [macro, arrays] : std::vector<std::pair<std::string, int>>{
             {"analog_6t", 3}, {"analog_8t", 2}, {"digital_6t", 3}, {"digital_8t", 4}}) {
        all.push_back(study::rf(macro, arrays));
        all.push_back(study::in_smem(macro, 16 * arrays));
    }
    return all;
}

gemm product(std::int64_t m, std::int64_t n, std::int64_t k) {
    gemm g;
    g.m = m;
    g.n = n;
    g.k = k;
    return g;
}

/// Log-uniform, so that single rows and long dimensions both come up.
std::int64_t extent(test::dice& d) { return d.roll(1, std::int64_t{1} << d.roll(0, 12)); }

TEST(Search, NeverWorseThanTheRules) {
    test::dice d(1);
    for (const auto& m : study_machines()) {
        const cost_model cost(m, convention::like_for_like);
        for (int i = 0; i < 60; ++i) {
            auto g = product(extent(d), extent(d), extent(d));
            g.bits.partial = d.one_of<int>({8, 32});
            const auto shape = nest_slots(m, g.bits);
            const auto ruled = cost.evaluate(flat_nest(map_by_rules(g, m, shape), m, shape), g);
            for (auto o : objectives) {
                SCOPED_TRACE(m.name + " " + std::to_string(g.m) + "," + std::to_string(g.n) + "," +
                             std::to_string(g.k));
                const auto nest = map_by_search(g, cost, shape, o);
                EXPECT_EQ(why_impossible(nest, g, m, shape), "");
                EXPECT_LE(value(cost.evaluate(flat_nest(nest, m, shape), g), o), value(ruled, o));
            }
        }
    }
}

void expect_near_the_best(const machine& m, const gemm& g) {
    const auto shape = nest_slots(m, g.bits);
    const cost_model cost(m, convention::like_for_like);
    std::array<double, 3> best;
    best.fill(1e300);
    std::array<loop_nest, 3> best_nest;
    test::enumerate_nests(g, m, shape, [&](const loop_nest& nest) {
        const auto f = cost.evaluate(flat_nest(nest, m, shape), g);
        for (auto o : objectives) {
            const auto i = static_cast<std::size_t>(o);
            if (value(f, o) >= best[i]) continue;
            best[i] = value(f, o);
            best_nest[i] = nest;
        }
    });
    for (auto o : objectives) {
        const auto nest = map_by_search(g, cost, shape, o);
        const auto i = static_cast<std::size_t>(o);
        EXPECT_LE(value(cost.evaluate(flat_nest(nest, m, shape), g), o), 1.02 * best[i])
            << m.name << " " << g.m << "," << g.n << "," << g.k << " objective " << i << "\n  search "
            << to_text(nest, shape) << "\n  best   " << to_text(best_nest[i], shape);
    }
}

TEST(Search, WithinTwoPercentOfAllNestsOnArrays) {
    test::dice d(2);
    for (int i = 0; i < 60 && !HasFailure(); ++i) {
        auto m = study::in_smem("digital_6t", d.roll(1, 6));
        m.cim->published().rows_parallel = d.roll(1, 8);
        m.cim->published().columns_parallel = d.roll(1, 4);
        m.cim->published().rows_held = d.roll(1, 3);
        m.cim->published().columns_held = d.roll(1, 3);
        m.cim->published().write_bytes_per_cycle = d.chance(50) ? 1 : 0;
        m.cim->published().latency_ps = d.one_of<double>({100, 1000, 20000});
        expect_near_the_best(m, product(d.roll(1, 24), d.roll(1, 17), d.roll(1, 24)));
    }
}

TEST(Search, WithinTwoPercentOfAllNestsBelowAMemory) {
    test::dice d(3);
    for (int i = 0; i < 30 && !HasFailure(); ++i) {
        auto m = study::rf("digital_6t", d.roll(1, 4));
        m.cim->published().rows_parallel = d.roll(1, 4);
        m.cim->published().columns_parallel = d.roll(1, 4);
        m.cim->published().columns_held = d.roll(1, 2);
        m.cim->published().latency_ps = d.one_of<double>({100, 1000, 20000});
        m.memories[1].capacity_bytes = d.roll(16, 100);
        expect_near_the_best(m, product(d.roll(1, 9), d.roll(1, 8), d.roll(1, 9)));
    }
}

TEST(Search, WithinTwoPercentOfAllNestsOnATensorCore) {
    test::dice d(4);
    for (int i = 0; i < 12 && !HasFailure(); ++i) {
        auto m = study::tensor_core();
        m.memories.pop_back(); // the multipliers stand bare below the registers
        m.memories[1].capacity_bytes = d.roll(8, 60);
        m.memories[2].capacity_bytes = d.roll(2, 20);
        m.memories[2].fanout->count = d.roll(1, 4);
        m.tensor_core->rows = d.roll(1, 3);
        m.tensor_core->columns = d.roll(1, 3);
        m.tensor_core->latency_ps = d.one_of<double>({100, 20000});
        expect_near_the_best(m, product(d.roll(1, 5), d.roll(1, 5), d.roll(1, 6)));
    }
}

TEST(Search, Deterministic) {
    for (const auto& m : study_machines()) {
        const auto g = product(196, 500, 1152);
        const auto shape = nest_slots(m, g.bits);
        const cost_model cost(m, convention::like_for_like);
        for (auto o : objectives)
            EXPECT_TRUE(map_by_search(g, cost, shape, o) == map_by_search(g, cost, shape, o)) << m.name;
    }
}

// A product whose weights fill 4 of 48 arrays: the rules leave the others idle, the search gives copies of the weights
// to arrays that take other rows of A.
TEST(Search, DuplicatesWeights) {
    const auto m = study::in_smem("digital_6t", 48);
    const auto g = product(3136, 64, 64);
    const auto shape = nest_slots(m, g.bits);
    const cost_model cost(m, convention::like_for_like);
    const auto bank = static_cast<std::size_t>(
        std::find_if(shape.begin(), shape.end(), [](const nest_slot& s) { return s.name == "bank"; }) - shape.begin());
    const auto ruled = map_by_rules(g, m, shape);
    const auto found = map_by_search(g, cost, shape, mapper_objective::delay);
    EXPECT_EQ(ruled.factor(bank, dim::M), 1);
    // 3136 / 9 steps of 18 ns are as fast as the DRAM's port, and more copies would only cost energy.
    const auto copies = found.factor(bank, dim::M);
    EXPECT_GE(copies, 9) << to_text(found, shape);
    EXPECT_LE(copies, 12) << to_text(found, shape);
    const flat_nest before(ruled, m, shape), after(found, m, shape);
    const auto slow = cost.evaluate(before, g).time_ps, fast = cost.evaluate(after, g).time_ps;
    EXPECT_NEAR(slow, 3136 * 18e3, 1e-3 * slow);
    EXPECT_NEAR(fast, (3136 + 64) * 64 / 32 * 1e3, 2e-2 * fast); // A and B at 32 B a cycle
    const auto counts = count_accesses(after, g, m, false);
    EXPECT_EQ(counts.weight_fetch_bytes, 64 * 64);
    EXPECT_EQ(counts.weight_write_bytes, copies * 64 * 64);
}

// Dimensions without useful divisors leave arrays idle under the rules; padding uses them.
TEST(Search, Pads) {
    const auto m = study::in_smem("digital_6t", 48);
    const cost_model cost(m, convention::like_for_like);
    for (const auto& g : {product(509, 61, 67), product(12544, 64, 147), product(211, 1021, 1031)}) {
        const auto shape = nest_slots(m, g.bits);
        const auto steps = [&](const loop_nest& nest) {
            return count_accesses(flat_nest(nest, m, shape), g, m, false).steps;
        };
        const auto ruled = map_by_rules(g, m, shape);
        const auto found = map_by_search(g, cost, shape, mapper_objective::delay);
        EXPECT_GT(steps(ruled), 3 * steps(found)) << to_text(ruled, shape) << " | " << to_text(found, shape);
    }
}

TEST(Search, FindsNestsWhereTheRulesHaveNone) {
    auto m = study::rf("digital_6t");
    m.memories[1].capacity_bytes = 100;
    const auto g = product(64, 32, 512);
    const auto shape = nest_slots(m, g.bits);
    EXPECT_THROW(map_by_rules(g, m, shape), input_error);
    const cost_model cost(m, convention::like_for_like);
    for (auto o : objectives) EXPECT_EQ(why_impossible(map_by_search(g, cost, shape, o), g, m, shape), "");
}

TEST(Search, ExplainsWhenNothingRuns) {
    const auto refusal = [](const machine& m, const gemm& g) -> std::string {
        try {
            map_by_search(g, cost_model(m, convention::like_for_like), nest_slots(m, g.bits), mapper_objective::edp);
        } catch (const input_error& e) {
            return e.what();
        }
        return "nothing was refused";
    };
    auto m = study::rf("digital_6t");
    m.memories[1].capacity_bytes = 1; // one input and one result are 2 B
    EXPECT_EQ(refusal(m, product(4, 4, 4)),
              "no mapping: level 'smem' holds 1 B, the tile of the nest needs 2 B: 1 B missing");
    auto wide = product(4, 4, 4);
    wide.bits.b = 64;
    EXPECT_EQ(refusal(study::rf("analog_6t"), wide),
              "no mapping: level 'array' has 4 columns, one weight of 64 bits takes 8: 4 missing");
}

TEST(Search, FindsNestsForOperandsWiderThanTheMultiplier) {
    // A latch of one byte holds one slice of a 16-bit input; padding pays as it does at 8 bits.
    auto g = product(300, 1000, 777);
    g.bits.a = g.bits.b = 16;
    const auto m = study::tensor_core();
    const cost_model cost(m, convention::like_for_like);
    const auto shape = nest_slots(m, g.bits);
    const auto ruled = cost.evaluate(flat_nest(map_by_rules(g, m, shape), m, shape), g);
    const auto found = cost.evaluate(flat_nest(map_by_search(g, cost, shape, mapper_objective::edp), m, shape), g);
    EXPECT_LT(found.energy_pj * found.time_ps, 0.5 * ruled.energy_pj * ruled.time_ps);
}

TEST(Search, TwoStagingMemories) {
    auto m = study::rf("digital_6t", 3);
    auto inner = study::smem({tensor::A, tensor::Z});
    inner.name = "buffer";
    inner.capacity_bytes = 8192;
    m.memories[1].capacity_bytes = 1 << 20;
    m.memories.push_back(inner);
    const cost_model cost(m, convention::like_for_like);
    for (const auto& g : {product(512, 1024, 1024), product(1, 4096, 4096), product(12544, 64, 147)}) {
        const auto shape = nest_slots(m, g.bits);
        for (auto o : objectives) {
            const auto nest = map_by_search(g, cost, shape, o);
            EXPECT_EQ(why_impossible(nest, g, m, shape), "");
            EXPECT_LE(value(cost.evaluate(flat_nest(nest, m, shape), g), o),
                      value(cost.evaluate(flat_nest(map_by_rules(g, m, shape), m, shape), g), o));
        }
    }
}

TEST(Search, LargestExtents) {
    for (const auto& m : study_machines()) {
        const auto g = product(gemm::largest_extent, 5, 7);
        const auto shape = nest_slots(m, g.bits);
        const auto nest = map_by_search(g, cost_model(m, convention::like_for_like), shape, mapper_objective::edp);
        EXPECT_EQ(why_impossible(nest, g, m, shape), "") << m.name;
    }
}

// Reported, not asserted: it depends on the machine under the tests.
TEST(Search, TimeOfASearch) {
    double total_ms = 0, worst_ms = 0;
    int searches = 0;
    for (const auto& m : study_machines())
        for (const auto& g : {product(512, 1024, 1024), product(512, 4096, 1024), product(12544, 64, 147),
                              product(49, 2048, 512), product(1, 1000, 2048), product(1, 4096, 4096)}) {
            const auto begin = std::chrono::steady_clock::now();
            map_by_search(g, cost_model(m, convention::like_for_like), nest_slots(m, g.bits), mapper_objective::edp);
            const auto ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
            total_ms += ms;
            worst_ms = std::max(worst_ms, ms);
            ++searches;
        }
    std::cout << "search: mean " << total_ms / searches << " ms, worst " << worst_ms << " ms a GEMM\n";
}

} // namespace
} // namespace cimtlm

// The closed form against a walk with real buffers that carry data.
#include "nest_walk.h"
#include "random_nests.h"

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/rules.h>

#include <gtest/gtest.h>

namespace cimtlm {
namespace {

using test::dice;
using test::random_case;
using test::refetch;

std::vector<std::int32_t> operand(dice& d, std::int64_t elements) {
    std::vector<std::int32_t> values(static_cast<std::size_t>(elements));
    for (auto& v : values) v = static_cast<std::int32_t>(d.roll(-128, 127));
    return values;
}

std::vector<std::int64_t> plain_product(const gemm& g, const std::vector<std::int32_t>& a,
                                        const std::vector<std::int32_t>& b) {
    std::vector<std::int64_t> z(static_cast<std::size_t>(g.m * g.n));
    for (std::int64_t m = 0; m < g.m; ++m)
        for (std::int64_t k = 0; k < g.k; ++k)
            for (std::int64_t n = 0; n < g.n; ++n)
                z[static_cast<std::size_t>(m * g.n + n)] +=
                    std::int64_t{a[static_cast<std::size_t>(m * g.k + k)]} * b[static_cast<std::size_t>(k * g.n + n)];
    return z;
}

void compare(const random_case& c, std::uint64_t seed, refetch mode) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + c.text());
    ASSERT_EQ(why_impossible(c.nest, c.g, c.m, c.shape), "");
    dice d(seed);
    const auto a = operand(d, c.g.m * c.g.k), b = operand(d, c.g.k * c.g.n);
    const auto seen = test::nest_walk(c.nest, c.g, c.m, c.shape, mode, a, b).run();
    EXPECT_TRUE(seen.z == plain_product(c.g, a, b)) << "the nest computes something else";
    const auto counts = count_accesses(flat_nest(c.nest, c.m, c.shape), c.g, c.m, false);
    for (std::size_t i = 0; i < c.m.memories.size(); ++i)
        for (auto t : all_tensors) {
            const auto &got = counts.memories[i][index(t)], &truth = seen.counts.memories[i][index(t)];
            const auto where = c.m.memories[i].name + " " + to_string(t);
            EXPECT_EQ(got.read, truth.read) << where;
            EXPECT_EQ(got.fill, truth.fill) << where;
            EXPECT_EQ(got.update, truth.update) << where;
        }
    EXPECT_EQ(counts.steps, seen.counts.steps);
    EXPECT_EQ(counts.executed_macs, seen.counts.executed_macs);
    EXPECT_EQ(counts.macs, c.g.m * c.g.n * c.g.k);
    EXPECT_EQ(counts.weight_write_bytes, seen.counts.weight_write_bytes);
    EXPECT_EQ(counts.weight_fetch_bytes, seen.counts.weight_fetch_bytes);
    EXPECT_EQ(counts.merged_partial_sums, seen.counts.merged_partial_sums);
    EXPECT_EQ(counts.bank_additions, seen.counts.bank_additions);
}

TEST(BruteForce, FactorsThatDivide) {
    for (std::uint64_t seed = 1; seed <= 600 && !HasFailure(); ++seed)
        compare(test::make_case(seed, false), seed, refetch::when_data_differ);
}

TEST(BruteForce, PaddedFactors) {
    for (std::uint64_t seed = 1001; seed <= 1600 && !HasFailure(); ++seed)
        compare(test::make_case(seed, true), seed, refetch::when_index_moves);
}

// Both readings of "fetch again" are the same where factors divide.
TEST(BruteForce, RegionsDifferExactlyWhenAnIndexMoves) {
    for (std::uint64_t seed = 2001; seed <= 2200 && !HasFailure(); ++seed)
        compare(test::make_case(seed, false), seed, refetch::when_index_moves);
}

TEST(BruteForce, NestsOfTheRules) {
    dice d(42);
    const std::vector<std::string> macros{"analog_6t", "analog_8t", "digital_6t", "digital_8t"};
    int mapped = 0;
    for (std::uint64_t seed = 3001; seed <= 3100 && !HasFailure(); ++seed) {
        random_case c;
        const auto kind = d.roll(0, 2);
        c.m = kind == 0   ? study::rf(d.one_of(macros), d.roll(1, 4))
              : kind == 1 ? study::in_smem(d.one_of(macros), d.roll(1, 48))
                          : study::tensor_core();
        c.g.m = d.chance(25) ? 1 : d.roll(1, 40);
        c.g.n = d.roll(1, 80);
        c.g.k = d.roll(1, 80);
        c.g.bits.partial = d.one_of<int>({8, 32});
        if (c.m.memories.size() > 1) c.m.memories[1].capacity_bytes = d.roll(256, 16384);
        c.shape = nest_slots(c.m, c.g.bits);
        try {
            c.nest = map_by_rules(c.g, c.m, c.shape);
        } catch (const input_error&) {
            continue; // the small shared memory is too small
        }
        ++mapped;
        compare(c, seed, refetch::when_data_differ);
    }
    EXPECT_GT(mapped, 50);
}

} // namespace
} // namespace cimtlm

// Does the crossbar's multicast give what units share once, and nothing else?
#include "chips.h"

#include <cimtlm/base/error.h>

namespace cimtlm {
namespace {

/// Tensor cores behind a cache that gives four of their ports' rates.
machine units(std::int64_t n, bool multicast) {
    auto m = chip::tensor_core(n);
    m.memories[1].read_bytes_per_cycle = m.memories[1].write_bytes_per_cycle = 256;
    m.bus.multicast = multicast;
    m.mapper.kind = mapper_kind::rules;
    m.dispatcher->block_n = 32;
    return m;
}

double cycles(const machine& m, std::int64_t ps) { return static_cast<double>(ps) / m.cycle_ps(); }

TEST(Multicast, BlocksThatShareTheirInputsReadThemOnce) {
    // Sixteen blocks of 128 x 32 side by side: all read the same A of 128 x 8192, each a B of its own. Without
    // multicast the cache's reads bind, with it the ports.
    constexpr std::int64_t n = 16, k = 8192, a_bytes = 128 * k, b_bytes = 32 * k;
    const auto work = only(product(128, n * 32, k));
    const auto m = units(n, true);
    const auto without = check_chip_run(units(n, false), work);
    const auto with = run_in_child(m, work);
    ASSERT_STREQ(with.figures.fault, "");
    EXPECT_EQ(without.details.at("dispatcher.blocks"), n);
    EXPECT_EQ(without.figures.traffic[1][0].read, n * a_bytes);
    EXPECT_EQ(with.figures.traffic[1][0].read, a_bytes) << "a response for all";
    EXPECT_EQ(with.figures.traffic[1][1].read, n * b_bytes);
    EXPECT_EQ(without.figures.traffic[1][1].read, n * b_bytes);
    EXPECT_EQ(with.details.at("bus.multicast_bytes"), (n - 1) * a_bytes);
    EXPECT_EQ(with.details.at("bus.bytes_read"), without.details.at("bus.bytes_read"));
    EXPECT_EQ(with.counts.at("l2.read"), a_bytes + n * b_bytes);
    EXPECT_DOUBLE_EQ(with.energies.at("bus.transfer"), without.energies.at("bus.transfer"));
    for (std::size_t x = 0; x < 3; ++x) EXPECT_EQ(with.figures.traffic[2][x], without.figures.traffic[2][x]);
    const double cache = static_cast<double>(n * (a_bytes + b_bytes)) / 256, port = (a_bytes + b_bytes) / 64.0;
    EXPECT_STREQ(without.figures.bound_by, "l2.read");
    constexpr double command = 2000;
    EXPECT_NEAR(cycles(m, without.figures.time_ps), cache + command, 0.05 * cache);
    // A unit fetches the next tile while it computes one, but not two: of each it waits for a part of the way.
    EXPECT_GE(cycles(m, with.figures.time_ps), port);
    EXPECT_LT(cycles(m, with.figures.time_ps), 0.6 * cycles(m, without.figures.time_ps));
    EXPECT_GE(with.figures.time_ps, with.figures.bound_ps);
    EXPECT_EQ(with.figures.stall_sum(), with.figures.time_ps - with.figures.bound_ps);
    for (auto s : all_stalls) EXPECT_GE(with.figures.stall_of(s), 0) << to_string(s);
}

TEST(Multicast, OneUnitHasNobodyToShareWith) {
    const auto work = only(product(512, 512, 1024));
    const auto with = run_in_child(units(1, true), work), without = run_in_child(units(1, false), work);
    ASSERT_STREQ(with.figures.fault, "");
    EXPECT_EQ(with.figures.time_ps, without.figures.time_ps);
    EXPECT_EQ(with.figures.energy_pj, without.figures.energy_pj);
    EXPECT_EQ(with.details.at("bus.multicast_bytes"), 0);
    EXPECT_EQ(without.details.count("bus.multicast_bytes"), 0u) << "no row where there is none";
}

TEST(Multicast, AUnitAloneRefusesIt) {
    auto m = study_machine("tensor_core");
    m.bus.multicast = true;
    EXPECT_THROW(m.validate("m"), input_error);
}

} // namespace
} // namespace cimtlm

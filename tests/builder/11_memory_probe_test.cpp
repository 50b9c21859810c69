// The memories of an A100 as measured on one: latency, bandwidth, contention, switching ways. Expected figures are the
// published ones or added up by hand from the parts.
#include <platforms/builder/memory_probe.h>
#include <platforms/config/config.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace cimtlm {
namespace {

constexpr double ghz = 1.41;
constexpr double l2_rate = 3830; // bytes a cycle, l2_40mb
constexpr std::uint64_t KiB = 1024, MiB = 1024 * KiB;

machine a100(const std::vector<std::string>& sets = {}) { return load_machine("a100/tensor_core", sets).value; }

double cycles(double ps) { return ps * ghz / 1e3; }

/// GB/s of one point; the kernel elaborates once a process, and a test compares several machines.
double bandwidth(memory_probe& p, std::uint64_t bytes, unsigned units = 108, bool write = false) {
    return p.bandwidth(bytes, units, write).gb_per_s();
}

TEST(MemoryProbe, LatenciesAreThoseMeasuredOnAnA100) {
    memory_probe p(a100());
    const auto smem = p.latency(64 * KiB);
    EXPECT_EQ(smem.level, "smem");
    EXPECT_NEAR(cycles(smem.latency_ps()), 23, 0.5);
    for (const std::uint64_t bytes : {256 * KiB, 2 * MiB, 32 * MiB}) {
        const auto l2 = p.latency(bytes);
        EXPECT_EQ(l2.level, "l2");
        EXPECT_DOUBLE_EQ(l2.share, 1);
        const double near = cycles(static_cast<double>(l2.measured.shortest_ps));
        const double far = cycles(static_cast<double>(l2.measured.longest_ps));
        EXPECT_GE(near, 200);
        EXPECT_LE(near, 211);
        EXPECT_GE(far, 255);
        EXPECT_LE(far, 424);
        EXPECT_NEAR(cycles(l2.latency_ps()), (near + far) / 2, 5) << "half of the lines are far";
    }
    const auto dram = p.latency(128 * MiB);
    EXPECT_EQ(dram.level, "dram");
    EXPECT_NEAR(dram.latency_ps() / 1e3, 400, 0.15 * 400);
    // Where the time goes: crossbar, cache, path, row and column, refresh (it hits a share of the reads and takes half
    // of its length on average).
    const dram_parameters d = *a100().memories[0].dram;
    const double sum_ps = (90 + (110 + 250) / 2.0 + 210) / ghz * 1e3 + d.t_rcd_ps + d.t_cl_ps +
                          128 / (2039.0 / 80) * 1e3 + d.t_rfc_ps / d.t_refi_ps * d.t_rfc_ps / 2;
    EXPECT_NEAR(dram.latency_ps(), sum_ps, 0.02 * sum_ps);
}

TEST(MemoryProbe, EveryUnitHasItsHalfNear) {
    memory_probe p(a100());
    for (const unsigned unit : {0u, 1u, 54u, 107u}) {
        const auto f = p.latency(1 * MiB, unit);
        EXPECT_NEAR(cycles(f.latency_ps()), 270, 5) << unit;
    }
}

TEST(MemoryProbe, BandwidthsFollowFromPortsSlicesAndRefresh) {
    memory_probe p(a100());
    const double smem = bandwidth(p, 64 * KiB), one = bandwidth(p, 8 * MiB, 1), l2 = bandwidth(p, 8 * MiB),
                 dram = bandwidth(p, 128 * MiB);
    EXPECT_NEAR(smem, 19100, 0.15 * 19100) << "measured";
    EXPECT_NEAR(smem, 108 * 128 * ghz, 0.01 * smem);
    EXPECT_NEAR(one, 64 * ghz, 0.02 * one) << "a unit is limited by its port";
    EXPECT_NEAR(l2, 5400, 0.15 * 5400) << "measured";
    EXPECT_NEAR(l2, l2_rate * ghz, 0.04 * l2) << "all of them by the cache";
    EXPECT_NEAR(dram, 1769, 0.15 * 1769) << "measured";
    EXPECT_NEAR(dram, 2039 * (1 - 450.0 / 3900), 0.03 * dram) << "what refresh leaves";
    EXPECT_NEAR(bandwidth(p, 8 * MiB, 108, true), l2_rate * ghz, 0.04 * l2);
    EXPECT_LT(bandwidth(p, 128 * MiB, 108, true), 2039 * (1 - 450.0 / 3900));
}

TEST(MemoryProbe, TheSmallerBoardIsSlower) {
    memory_probe p(a100({"dram=hbm2_40gb"}));
    const double dram = bandwidth(p, 128 * MiB);
    EXPECT_NEAR(dram, 1490, 0.15 * 1490) << "measured";
    EXPECT_NEAR(dram, 1555 * (1 - 350.0 / 3900), 0.03 * dram);
    EXPECT_NEAR(p.latency(128 * MiB).latency_ps() / 1e3, 400, 0.15 * 400);
}

TEST(MemoryProbe, FewUnitsAreLimitedByTheirPortsUntilTheSlicesAre) {
    memory_probe p(a100());
    for (const unsigned units : {1u, 2u, 16u, 64u, 80u, 108u}) {
        const double expected = std::min(64.0 * units, l2_rate) * ghz;
        EXPECT_NEAR(bandwidth(p, 16 * MiB, units), expected, 0.05 * expected) << units;
    }
}

// One machine a process: each parameter is a test.
TEST(MemoryProbeParameter, PortRate) {
    memory_probe p(a100({"bus.ports.read_bytes_per_cycle=24"}));
    EXPECT_NEAR(bandwidth(p, 8 * MiB, 1), 24 * ghz, 0.02 * 24 * ghz);
    EXPECT_NEAR(bandwidth(p, 8 * MiB), 108 * 24 * ghz, 0.03 * 108 * 24 * ghz) << "now the ports are below the slices";
}

TEST(MemoryProbeParameter, FarLatencyMovesTheLongestByItselfAndTheMeanByHalf) {
    memory_probe p(a100({"l2.cache.far_latency_cycles=330"}));
    const auto f = p.latency(2 * MiB);
    EXPECT_NEAR(cycles(static_cast<double>(f.measured.shortest_ps)), 200, 0.5);
    EXPECT_NEAR(cycles(static_cast<double>(f.measured.longest_ps)), 340 + 80, 0.5);
    EXPECT_NEAR(cycles(f.latency_ps()), 270 + 40, 5);
}

TEST(MemoryProbeParameter, HalfTheSlicesAtTheirRateAreHalfTheBandwidth) {
    memory_probe p(a100({"l2.cache.slices=40", "l2.read_bytes_per_cycle=2560"}));
    EXPECT_NEAR(bandwidth(p, 8 * MiB), 2560 * ghz, 0.04 * 2560 * ghz);
}

TEST(MemoryProbeParameter, HalfTheChannelsAtTheirRateAreHalfTheBandwidth) {
    memory_probe p(a100({"dram.dram.channels.count=40", "dram.read_bytes_per_cycle=723.064"}));
    const double expected = 0.5 * 2039 * (1 - 450.0 / 3900);
    EXPECT_NEAR(bandwidth(p, 128 * MiB), expected, 0.03 * expected);
}

TEST(MemoryProbeParameter, WithoutRefreshThePeakIsReached) {
    memory_probe p(a100({"dram.dram.t_refi_ps=0"}));
    EXPECT_NEAR(bandwidth(p, 128 * MiB), 2039, 0.02 * 2039);
}

TEST(MemoryProbeParameter, ASmallerCacheMissesEarlier) {
    memory_probe p(a100({"l2.capacity_bytes=10MiB"}));
    EXPECT_EQ(p.latency(8 * MiB).level, "l2");
    EXPECT_EQ(p.latency(32 * MiB).level, "dram");
}

TEST(MemoryProbeParameter, ComputeWaysAreLostToTheCache) {
    memory_probe p(load_machine("a100/cim_l2", {"l2.cache.compute_ways=12"}).value);
    EXPECT_EQ(p.latency(8 * MiB).level, "l2");
    EXPECT_EQ(p.latency(16 * MiB).level, "dram");
}

TEST(MemoryProbe, AForeignStreamTakesWhatItTakes) {
    memory_probe p(a100());
    constexpr std::uint64_t from = 256 * MiB;
    stream_share warm;
    warm.working_set_bytes = 8 * MiB;
    warm.count = 8 * MiB / 4096;
    const auto move = [&](unsigned unit, std::uint64_t bytes, std::uint64_t address) {
        stream_share s = warm;
        s.address = address;
        s.count = bytes / 4096;
        p.probe(unit).start(s.source(), 0, 8);
    };
    const auto took = [&](unsigned unit) {
        const auto& f = p.probe(unit).measured();
        return static_cast<double>(f.end_ps - f.begin_ps);
    };
    // All units read what is in the L2, beside nothing; then half of the same is read by foreigners in addition.
    p.probe(0).start(warm.source(), 0, 8);
    p.finish();
    const auto readers = [&](unsigned first, unsigned last) {
        for (unsigned i = first; i < last; ++i) move(i, 8 * MiB, 0);
        p.finish();
    };
    readers(0, 54); // 54 x 64 B: below the cache's rate
    const double alone = took(0);
    EXPECT_NEAR(alone, 8.0 * MiB / 64 / ghz * 1e3, 0.02 * alone);
    readers(0, 108); // 6912 B a cycle asked for, 3830 there
    EXPECT_NEAR(took(0) / alone, 108 * 64 / l2_rate, 0.05 * 1.8);
    // A stream from DRAM beside it takes its share of the DRAM and fills of the L2, hardly any of the hits' time.
    for (unsigned i = 0; i < 54; ++i) move(i, 8 * MiB, 0);
    move(60, 8 * MiB, from);
    p.finish();
    EXPECT_LT(took(0) / alone, 1.05);
    // Two streams that together want more than the DRAM gives slow each other down.
    const auto from_dram = [&](unsigned streams, std::uint64_t base) {
        for (unsigned i = 0; i < streams; ++i) {
            stream_share s = warm;
            s.address = base + i * 4 * MiB;
            s.working_set_bytes = 4 * MiB;
            s.count = 1024;
            p.probe(i).start(s.source(), 0, 8);
        }
        p.finish();
        double longest = 0;
        for (unsigned i = 0; i < streams; ++i) longest = std::max(longest, took(i));
        return longest;
    };
    const double one = from_dram(1, from + 64 * MiB), all = from_dram(108, 2 * from);
    const double dram_bytes_per_ps = 2039e-3 * (1 - 450.0 / 3900);
    EXPECT_NEAR(all, 108.0 * 4 * MiB / dram_bytes_per_ps, 0.05 * all);
    EXPECT_GT(all, 2 * one);
}

TEST(MemoryProbe, SwitchingWaysCostsTheDirtyBytesAtTheDramsRate) {
    memory_probe p(a100());
    bandwidth(p, 32 * MiB, 108, true);
    auto& l2 = *p.shared().shared_cache();
    const std::int64_t dirty = l2.model().dirty_bytes();
    EXPECT_EQ(dirty, static_cast<std::int64_t>(32 * MiB));
    const auto switch_ps = static_cast<double>(l2.set_compute_ways(8));
    const auto gone = static_cast<double>(dirty - l2.model().dirty_bytes());
    EXPECT_GT(gone, 0.3 * static_cast<double>(dirty));
    EXPECT_NEAR(switch_ps, gone / (2039e-3 * (1 - 450.0 / 3900)), 0.15 * switch_ps);
    EXPECT_EQ(l2.set_compute_ways(4), 0) << "ways given back are empty";
}

} // namespace
} // namespace cimtlm

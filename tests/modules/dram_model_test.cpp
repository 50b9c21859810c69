/// A DRAM of many channels: where addresses lie, what a burst costs on the channels that hold it, and streaming and
/// chasing against closed forms.
#include <cimtlm/base/error.h>
#include <cimtlm/modules/dram_model.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "levels.h"

namespace {

using namespace levels;
using cimtlm::burst;
using cimtlm::burst_timing;
using cimtlm::dram_model;

burst read(std::uint64_t address, std::int64_t bytes) { return {false, address, bytes, 0, 0}; }

/// 16 channels at 64 bytes a cycle each, interleaved by 1 KiB.
cimtlm::memory_level wide_level(std::int64_t channels = 16) {
    auto level = dram_level();
    level.read_bytes_per_cycle = level.write_bytes_per_cycle = 64.0 * static_cast<double>(channels);
    level.dram->channels = cimtlm::dram_channel_parameters{channels, 1024};
    level.dram->banks = 16;
    return level;
}

/// The stacks of a 40 GB A100: 80 pseudo-channels, 1555 GB/s at 1.41 GHz.
cimtlm::memory_level hbm_level() {
    auto level = wide_level(80);
    level.read_bytes_per_cycle = level.write_bytes_per_cycle = 1555.0 / 1.41;
    level.latency_cycles = 200;
    level.dram->row_bytes = 1024;
    level.dram->t_ras_ps = 33000;
    level.dram->t_refi_ps = 3900e3;
    level.dram->t_rfc_ps = 260e3;
    return level;
}
constexpr double hbm_cycle_ps = 1e3 / 1.41;

TEST(dram_model, one_channel_is_the_channel_itself) {
    auto level = dram_level();
    level.dram->t_refi_ps = 3900e3;
    level.dram->t_rfc_ps = 350e3;
    dram_model model(level, cycle_ps);
    cimtlm::dram_channel channel(level, cycle_ps);
    std::mt19937 random(1);
    std::int64_t now = 0;
    for (int i = 0; i < 2000; ++i) {
        burst b{random() % 2 == 0, random() % (1 << 22), 1 + static_cast<std::int64_t>(random() % 9000), 0, 0};
        if (random() % 2) {
            b.segment_bytes = 1 + static_cast<std::int64_t>(random() % 3000);
            b.stride_bytes = b.segment_bytes + 1 + static_cast<std::int64_t>(random() % 30000);
        }
        const burst_timing a = model.access(b, now, now), c = channel.access(b, now, now);
        ASSERT_EQ(a.end_ps, c.end_ps);
        ASSERT_EQ(a.row_ps + a.queue_ps + a.refresh_ps + a.stretch_ps,
                  c.row_ps + c.queue_ps + c.refresh_ps + c.stretch_ps);
        now += static_cast<std::int64_t>(random() % 200000);
    }
}

TEST(dram_model, addresses_map_one_to_one_and_every_group_of_blocks_to_all_channels) {
    for (const std::int64_t channels : {2, 5, 16, 80}) {
        const dram_model d(wide_level(channels), cycle_ps);
        const auto n = static_cast<std::uint64_t>(channels);
        std::set<std::pair<std::size_t, std::uint64_t>> seen;
        for (std::uint64_t group = 0; group < 50; ++group) {
            std::set<std::size_t> in_group;
            for (std::uint64_t i = 0; i < n; ++i) {
                const auto at = d.locate((group * n + i) * 1024 + 77);
                EXPECT_EQ(at.address, group * 1024 + 77);
                in_group.insert(at.channel);
                seen.insert({at.channel, at.address});
            }
            EXPECT_EQ(in_group.size(), n);
        }
        EXPECT_EQ(seen.size(), 50 * n);
    }
}

TEST(dram_model, strides_that_are_powers_of_two_reach_all_channels) {
    const dram_model d(hbm_level(), hbm_cycle_ps);
    for (std::uint64_t stride = 1024; stride <= (1u << 20); stride *= 2) {
        std::vector<int> count(80);
        for (std::uint64_t i = 0; i < 8000; ++i) ++count[d.locate(i * stride).channel];
        EXPECT_GE(*std::min_element(count.begin(), count.end()), 1) << stride;
        EXPECT_LE(*std::max_element(count.begin(), count.end()), 300) << stride << ": 100 would be even";
    }
}

TEST(dram_model, a_small_burst_touches_only_its_channels) {
    dram_model d(wide_level(), cycle_ps);
    const auto at = d.locate(5 * 1024 + 64);
    EXPECT_EQ(d.access(read(5 * 1024 + 64, 64), 0, 0).end_ps, dram_path + rcd + cl + 1000);
    for (std::size_t c = 0; c < d.channels().size(); ++c)
        EXPECT_EQ(d.channels()[c].busy_ps(false), c == at.channel ? 1000 : 0);
    // 3 KiB from the middle of a block: half, one, one, half blocks in four channels, the longest takes 16 cycles.
    dram_model e(wide_level(), cycle_ps);
    EXPECT_EQ(e.access(read(512, 3072), 0, 0).end_ps, dram_path + rcd + cl + 16000);
    EXPECT_EQ(e.busy_ps(false), 3072 / 64 * 1000);
    EXPECT_EQ(e.counts().row_misses, 4u);
}

TEST(dram_model, channels_work_side_by_side) {
    dram_model d(wide_level(), cycle_ps);
    // All blocks of four groups at once: each channel moves 4 KiB, which are two rows.
    const burst_timing t = d.access(read(0, 16 * 4096), 0, 0);
    EXPECT_EQ(t.end_ps, dram_path + rcd + cl + 4096 / 64 * 1000);
    EXPECT_EQ(t.service_ps, 64000);
    EXPECT_EQ(d.counts().row_misses, 32u);
    for (const auto& c : d.channels()) EXPECT_EQ(c.busy_ps(false), 64000);
}

TEST(dram_model, a_strided_burst_is_the_sum_of_its_segments) {
    dram_model one(wide_level(), cycle_ps), many(wide_level(), cycle_ps);
    const burst b{false, 4096, 64 * 100, 64, 4096};
    const burst_timing t = one.access(b, 0, 0);
    std::int64_t end = 0;
    for (std::uint64_t i = 0; i < 100; ++i) end = std::max(end, many.access(read(4096 + i * 4096, 64), 0, 0).end_ps);
    EXPECT_EQ(one.busy_ps(false), many.busy_ps(false));
    EXPECT_EQ(one.counts().row_hits + one.counts().row_misses + one.counts().row_conflicts, 100u);
    EXPECT_EQ(t.end_ps, end) << "all outstanding at once";
}

TEST(dram_model, refreshes_are_spread_over_the_interval) {
    auto level = wide_level(4);
    level.dram->t_refi_ps = 1000e3;
    level.dram->t_rfc_ps = 100e3;
    dram_model d(level, cycle_ps);
    // Channel i is refreshed 250 ns x i earlier than [900, 1000) ns.
    for (std::size_t c = 0; c < 4; ++c) {
        std::uint64_t address = 0;
        while (d.locate(address).channel != c) address += 1024;
        const std::int64_t begin = 900000 - 250000 * static_cast<std::int64_t>(c);
        const std::int64_t arrival = 5000000 + begin - dram_path; // is there when the refresh begins
        EXPECT_EQ(d.access(read(address, 64), arrival, arrival).refresh_ps, 100000) << c;
        EXPECT_EQ(d.access(read(address, 64), arrival + 150000, arrival).refresh_ps, 0) << c;
    }
    EXPECT_EQ(d.refreshes(10000000), 4 * 10) << "4 channels, one each microsecond";
}

TEST(dram_model, streaming_reaches_the_peak_but_for_refresh) {
    dram_model d(hbm_level(), hbm_cycle_ps);
    std::int64_t now = 0, last = 0;
    std::deque<std::int64_t> ends;
    const std::int64_t bytes = 16384, bursts = 40000;
    for (std::int64_t i = 0; i < bursts; ++i) {
        if (ends.size() == 216) {
            now = std::max(now, ends.front());
            ends.pop_front();
        }
        ends.push_back(d.access(read(static_cast<std::uint64_t>(i * bytes), bytes), now, now).end_ps);
        last = std::max(last, ends.back());
    }
    const double gbs = static_cast<double>(bytes * bursts) / static_cast<double>(last) * 1000;
    const double expected = 1555 * (1 - 260.0 / 3900);
    EXPECT_LE(gbs, expected * 1.001);
    EXPECT_GE(gbs, expected * 0.97);
}

TEST(dram_model, a_chase_sees_the_latency) {
    auto level = hbm_level();
    level.dram->t_refi_ps = 0;
    dram_model d(level, hbm_cycle_ps);
    std::mt19937_64 random(3);
    std::int64_t now = 0;
    const int n = 2000;
    for (int i = 0; i < n; ++i)
        now = d.access(read(random() % (std::uint64_t{1} << 34) / 64 * 64, 64), now, now).end_ps;
    const double least = 200 * hbm_cycle_ps + rcd + cl + 64 * 80 / (1555.0 / 1.41) * hbm_cycle_ps;
    const double mean = static_cast<double>(now) / n;
    // Banks fill up: most accesses find another row open and pay the precharge.
    EXPECT_GE(mean, least);
    EXPECT_LE(mean, least + rp + 100);
}

TEST(dram_model, accounts_for_every_picosecond) {
    for (unsigned seed = 0; seed < 10; ++seed) {
        dram_model d(hbm_level(), hbm_cycle_ps);
        std::mt19937 random(seed);
        std::int64_t now = 0;
        for (int i = 0; i < 2000; ++i) {
            burst b{random() % 2 == 0, random() % (1 << 24), 1 + static_cast<std::int64_t>(random() % 90000), 0, 0};
            if (random() % 2) {
                b.segment_bytes = 1 + static_cast<std::int64_t>(random() % 3000);
                b.stride_bytes = b.segment_bytes + 1 + static_cast<std::int64_t>(random() % 30000);
            }
            const std::int64_t arrival = now + static_cast<std::int64_t>(random() % 100000);
            const burst_timing t = d.access(b, arrival, now);
            ASSERT_EQ(t.end_ps, arrival + d.channels().front().latency_ps() + t.service_ps + t.queue_ps + t.row_ps +
                                    t.refresh_ps);
            for (const std::int64_t part : {t.queue_ps, t.row_ps, t.refresh_ps, t.stretch_ps}) ASSERT_GE(part, 0);
            ASSERT_LE(t.stretch_ps, t.queue_ps + t.row_ps + t.refresh_ps);
            now += static_cast<std::int64_t>(random() % 100000);
        }
    }
}

/// The same traffic on channels with full calendars, block by block.
TEST(dram_model, differs_little_from_exact_channels_fed_block_by_block) {
    for (const std::int64_t largest : {4096, 65536, 1 << 20}) {
        auto level = hbm_level();
        dram_model d(level, hbm_cycle_ps);
        const std::size_t n = d.channels().size();
        level.read_bytes_per_cycle /= static_cast<double>(n);
        level.write_bytes_per_cycle /= static_cast<double>(n);
        std::vector<cimtlm::dram_channel> exact;
        for (std::size_t c = 0; c < n; ++c)
            exact.emplace_back(level, hbm_cycle_ps, 1, std::llround(3900e3 * static_cast<double>(c) / 80));
        std::mt19937_64 random(29);
        std::int64_t now = 0, last = 0, exact_last = 0;
        double mean = 0, exact_mean = 0;
        const int bursts = 3000;
        for (int i = 0; i < bursts; ++i) {
            const std::int64_t bytes = 64 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(largest));
            const burst b{random() % 4 == 0, random() % (std::uint64_t{1} << 30) / 64 * 64, bytes, 0, 0};
            // Calls come out of order, as they do from many initiators.
            const std::int64_t arrival = now + static_cast<std::int64_t>(random() % 50000);
            const burst_timing t = d.access(b, arrival, now);
            std::vector<std::vector<std::pair<std::uint64_t, std::int64_t>>> rows(n);
            for (std::uint64_t at = b.address, left = static_cast<std::uint64_t>(bytes); left > 0;) {
                const std::uint64_t piece = std::min(left, 1024 - at % 1024);
                const auto where = d.locate(at);
                rows[where.channel].push_back({where.address / 1024, static_cast<std::int64_t>(piece)});
                at += piece;
                left -= piece;
            }
            std::int64_t end = 0;
            for (std::size_t c = 0; c < n; ++c) {
                if (rows[c].empty()) continue;
                auto x = exact[c].begin(b.write, arrival, now);
                for (const auto& [row, share] : rows[c]) exact[c].add(x, row, share);
                end = std::max(end, exact[c].end(x).end_ps);
            }
            last = std::max(last, t.end_ps);
            exact_last = std::max(exact_last, end);
            mean += static_cast<double>(t.end_ps - arrival) / bursts;
            exact_mean += static_cast<double>(end - arrival) / bursts;
            // Seven tenths of the peak.
            now += std::llround(static_cast<double>(bytes) / 1555 * 1000 / 0.7);
        }
        std::int64_t busy = 0;
        for (const auto& c : exact) busy += c.busy_ps(false);
        EXPECT_NEAR(static_cast<double>(d.busy_ps(false)), static_cast<double>(busy), 1e-3 * static_cast<double>(busy));
        EXPECT_NEAR(static_cast<double>(last), static_cast<double>(exact_last), 0.01 * static_cast<double>(exact_last));
        EXPECT_NEAR(mean, exact_mean, 0.005 * exact_mean) << "up to " << largest << " bytes";
        RecordProperty(("mean_" + std::to_string(largest)).c_str(), std::to_string(mean / exact_mean - 1));
    }
}

TEST(dram_model, refuses_blocks_that_do_not_divide_a_row) {
    auto level = wide_level();
    level.dram->channels->interleave_bytes = 768;
    EXPECT_THROW(dram_model(level, cycle_ps), cimtlm::input_error);
    level.dram->channels->interleave_bytes = 4096;
    EXPECT_THROW(dram_model(level, cycle_ps), cimtlm::input_error);
    level.dram->channels->count = 0;
    EXPECT_THROW(dram_model(level, cycle_ps), cimtlm::input_error);
}

} // namespace

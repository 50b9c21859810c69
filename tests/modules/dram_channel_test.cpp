/// Does the DRAM channel take the time that its timing parameters say? Expected values are sums of them.
#include <cimtlm/base/error.h>
#include <cimtlm/modules/dram_channel.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "levels.h"

namespace {

using namespace levels;
using cimtlm::burst;
using cimtlm::burst_timing;
using cimtlm::dram_channel;

burst read(std::uint64_t address, std::int64_t bytes) { return {false, address, bytes, 0, 0}; }
burst write(std::uint64_t address, std::int64_t bytes) { return {true, address, bytes, 0, 0}; }

TEST(dram_channel, closed_open_and_conflicting_rows) {
    dram_channel d(dram_level(), cycle_ps);
    EXPECT_EQ(d.access(read(0, 64), 0, 0).end_ps, dram_path + rcd + cl + 1000) << "closed";
    EXPECT_EQ(d.access(read(64, 64), 1000000, 1000000).end_ps, 1000000 + dram_path + cl + 1000) << "open";
    const burst_timing conflict = d.access(read(bank_stride, 64), 2000000, 2000000);
    EXPECT_EQ(conflict.end_ps, 2000000 + dram_path + rp + rcd + cl + 1000) << "another row is open";
    EXPECT_EQ(conflict.row_ps, rp + rcd);
    EXPECT_EQ(conflict.queue_ps, 0);
    EXPECT_EQ(d.counts().row_misses, 1u);
    EXPECT_EQ(d.counts().row_hits, 1u);
    EXPECT_EQ(d.counts().row_conflicts, 1u);
}

TEST(dram_channel, a_precharge_waits_for_t_ras) {
    dram_channel d(dram_level(), cycle_ps);
    const std::int64_t activated = dram_path;
    d.access(read(0, 64), 0, 0);
    EXPECT_EQ(d.access(read(bank_stride, 64), 1000, 0).end_ps, activated + ras + rp + rcd + cl + 1000);
}

TEST(dram_channel, streaming_hides_all_activates_but_the_first) {
    dram_channel d(dram_level(), cycle_ps);
    const std::int64_t bytes = 1 << 20;
    const burst_timing t = d.access(read(0, bytes), 0, 0);
    EXPECT_EQ(t.end_ps, dram_path + rcd + cl + bytes / 64 * 1000);
    EXPECT_EQ(t.row_ps, rcd);
    EXPECT_EQ(t.stretch_ps, 0);
    EXPECT_EQ(d.busy_ps(false), bytes / 64 * 1000);
}

TEST(dram_channel, streaming_through_one_bank_pays_every_row) {
    auto level = dram_level();
    level.dram->banks = 1;
    dram_channel d(level, cycle_ps);
    const std::int64_t rows = 100;
    // The row stays open for its data: t_rcd + 32 ns < t_ras here.
    EXPECT_EQ(d.access(read(0, rows * row), 0, 0).end_ps, dram_path + (rows - 1) * (ras + rp) + rcd + cl + 32000);
}

TEST(dram_channel, a_row_is_held_for_its_data) {
    auto level = dram_level();
    level.dram->banks = 1;
    level.dram->t_ras_ps = 20000;
    dram_channel d(level, cycle_ps);
    const std::int64_t rows = 100;
    EXPECT_EQ(d.access(read(0, rows * row), 0, 0).end_ps,
              dram_path + (rows - 1) * (rcd + 32000 + rp) + rcd + cl + 32000);
}

TEST(dram_channel, one_row_an_access_in_one_bank_costs_t_rc_each) {
    const std::int64_t n = 100;
    const std::int64_t expected = dram_path + (n - 1) * (ras + rp) + rcd + cl + 1000;
    dram_channel one_payload(dram_level(), cycle_ps);
    const burst_timing t = one_payload.access({false, 0, n * 64, 64, bank_stride}, 0, 0);
    EXPECT_EQ(t.end_ps, expected);
    EXPECT_EQ(t.row_ps, expected - dram_path - cl - n * 1000);
    EXPECT_EQ(t.service_ps, n * 1000);

    dram_channel many_calls(dram_level(), cycle_ps);
    std::int64_t end = 0;
    for (std::int64_t i = 0; i < n; ++i)
        end = many_calls.access(read(static_cast<std::uint64_t>(i * bank_stride), 64), 0, 0).end_ps;
    EXPECT_EQ(end, expected) << "all outstanding at once";

    dram_channel dependent(dram_level(), cycle_ps);
    std::int64_t now = 0;
    for (std::int64_t i = 0; i < n; ++i)
        now = dependent.access(read(static_cast<std::uint64_t>(i * bank_stride), 64), now, now).end_ps;
    const std::int64_t first = dram_path + rcd + cl + 1000;
    // The second precharge waits for t_ras; from then on the latency of a conflict is longer than t_rc.
    const std::int64_t latency = dram_path + rp + rcd + cl + 1000;
    ASSERT_GT(latency, ras + rp - 1000);
    const std::int64_t second = std::max(first + latency, dram_path + ras + rp + rcd + cl + 1000);
    std::int64_t last = second;
    std::int64_t activate = second - rcd - cl - 1000;
    for (std::int64_t i = 2; i < n; ++i) {
        activate = std::max(last + dram_path + rp, activate + ras + rp);
        last = activate + rcd + cl + 1000;
    }
    EXPECT_EQ(now, last);
}

TEST(dram_channel, random_rows_are_slower_than_sequential_by_the_predicted_amount) {
    // A stride of one row visits the banks in turn: a bank comes again after 8 accesses of 1 ns, its cycle is 63 ns.
    const std::int64_t n = 800;
    dram_channel strided(dram_level(), cycle_ps);
    const std::int64_t end = strided.access({false, 0, n * 64, 64, row}, 0, 0).end_ps;
    const std::int64_t rounds = n / 8 - 1;
    // Within a round the eight banks' data follow one another.
    EXPECT_NEAR(static_cast<double>(end), static_cast<double>(dram_path + rcd + cl + rounds * (ras + rp) + 8000),
                static_cast<double>(8 * (rcd + 1000)));
    dram_channel sequential(dram_level(), cycle_ps);
    EXPECT_EQ(sequential.access(read(0, n * 64), 0, 0).end_ps, dram_path + rcd + cl + n * 1000);
}

TEST(dram_channel, refresh_stretches_by_its_share_of_time) {
    auto level = dram_level();
    const std::int64_t bytes = std::int64_t{64} << 20;
    dram_channel without(level, cycle_ps);
    level.dram->t_refi_ps = 3900e3;
    level.dram->t_rfc_ps = 350e3;
    dram_channel with(level, cycle_ps);
    const burst_timing off = without.access(read(0, bytes), 0, 0);
    const burst_timing on = with.access(read(0, bytes), 0, 0);
    const double ratio = static_cast<double>(on.end_ps) / static_cast<double>(off.end_ps);
    const double expected = 1 / (1 - 350.0 / 3900.0);
    EXPECT_NEAR(ratio, expected, 0.01 * expected);
    EXPECT_EQ(on.end_ps - off.end_ps, on.refresh_ps);
    EXPECT_EQ(on.refresh_ps % 350000, 0) << "whole windows";
    EXPECT_EQ(on.refresh_ps / 350000, with.refreshes(on.end_ps));
    EXPECT_EQ(off.refresh_ps, 0);
}

TEST(dram_channel, a_request_during_refresh_waits_for_its_end_and_finds_the_rows_closed) {
    auto level = dram_level();
    level.dram->t_refi_ps = 1000e3;
    level.dram->t_rfc_ps = 100e3; // the last 100 ns of each microsecond
    dram_channel d(level, cycle_ps);
    EXPECT_EQ(d.access(read(0, 64), 0, 0).end_ps, dram_path + rcd + cl + 1000);
    EXPECT_EQ(d.access(read(0, 64), 500000, 500000).end_ps, 500000 + dram_path + cl + 1000) << "open";
    const burst_timing t = d.access(read(0, 64), 900000, 900000);
    EXPECT_EQ(t.end_ps, 1000000 + rcd + cl + 1000);
    EXPECT_EQ(t.refresh_ps, 100000 - dram_path);
    EXPECT_EQ(t.row_ps, rcd);
    EXPECT_EQ(d.refreshes(899999), 0);
    EXPECT_EQ(d.refreshes(900000), 1);
}

TEST(dram_channel, alternating_directions_pay_the_turnaround) {
    dram_channel half(dram_level(), cycle_ps);
    const std::int64_t pairs = 50;
    std::int64_t end = 0, row_ps = 0;
    for (std::int64_t i = 0; i < pairs; ++i) {
        for (const burst& b : {read(0, 1024), write(1024, 1024)}) {
            const burst_timing t = half.access(b, 0, 0);
            end = std::max(end, t.end_ps);
            row_ps += t.row_ps;
        }
    }
    const std::int64_t data = 2 * pairs * 16000;
    EXPECT_EQ(end, dram_path + rcd + cl + data + (2 * pairs - 1) * turnaround);
    EXPECT_EQ(half.counts().turnarounds, static_cast<std::uint64_t>(2 * pairs - 1));
    EXPECT_EQ(half.busy_ps(false), data) << "turnarounds move no data";
    // All arrive at once, so that each waits for the activate.
    EXPECT_EQ(row_ps, (2 * pairs - 1) * turnaround + 2 * pairs * rcd);

    auto level = dram_level();
    level.dram->half_duplex = false;
    dram_channel full(level, cycle_ps);
    end = 0;
    for (std::int64_t i = 0; i < pairs; ++i)
        for (const burst& b : {read(0, 1024), write(1024, 1024)}) end = std::max(end, full.access(b, 0, 0).end_ps);
    EXPECT_EQ(end, dram_path + rcd + cl + data / 2) << "each way on its own";
    EXPECT_EQ(full.counts().turnarounds, 0u);
}

TEST(dram_channel, a_turnaround_on_an_idle_bus_costs_nothing) {
    dram_channel d(dram_level(), cycle_ps);
    d.access(read(0, 64), 0, 0);
    EXPECT_EQ(d.access(write(0, 64), 1000000, 1000000).end_ps, 1000000 + dram_path + cl + 1000);
}

TEST(dram_channel, without_parameters_only_rate_and_latency_count) {
    auto level = dram_level();
    level.dram.reset();
    level.write_bytes_per_cycle = 32;
    dram_channel d(level, cycle_ps);
    EXPECT_EQ(d.access(read(12345, 6400), 0, 0).end_ps, dram_path + 100000);
    EXPECT_EQ(d.access(write(12345, 6400), 0, 0).end_ps, dram_path + 200000);
    EXPECT_EQ(d.access(write(99, 32), 0, 0).end_ps, dram_path + 201000);
}

TEST(dram_channel, calls_out_of_order_get_the_time_they_would_get_in_order) {
    struct access {
        burst b;
        std::int64_t arrival;
    };
    // Every 200 ns an access to a bank of its own.
    std::vector<access> all;
    for (std::int64_t i = 0; i < 8; ++i) all.push_back({read(static_cast<std::uint64_t>(i * row), 1024), i * 200000});
    dram_channel in_order(dram_level(), cycle_ps);
    std::vector<std::int64_t> expected;
    for (const auto& a : all) expected.push_back(in_order.access(a.b, a.arrival, 0).end_ps);
    dram_channel reversed(dram_level(), cycle_ps);
    for (std::size_t i = all.size(); i-- > 0;)
        EXPECT_EQ(reversed.access(all[i].b, all[i].arrival, 0).end_ps, expected[i]) << i;
}

TEST(dram_channel, an_earlier_access_does_not_wait_for_a_row_that_opens_later) {
    dram_channel d(dram_level(), cycle_ps);
    d.access(read(0, 64), 10000000, 0);
    EXPECT_EQ(d.access(read(64, 64), 0, 0).end_ps, dram_path + rcd + cl + 1000);
}

TEST(dram_channel, an_access_behind_a_queued_activate_of_its_row_is_a_hit) {
    dram_channel d(dram_level(), cycle_ps);
    d.access(read(0, 64), 0, 0);
    const std::int64_t opened = d.access(read(bank_stride, 64), 0, 0).end_ps;
    EXPECT_EQ(d.access(read(bank_stride + 64, 64), 0, 0).end_ps, opened + 1000);
    EXPECT_EQ(d.counts().row_hits, 1u);
}

TEST(dram_channel, is_never_faster_than_its_rate_and_accounts_for_every_picosecond) {
    for (const bool half_duplex : {true, false}) {
        for (unsigned seed = 0; seed < 20; ++seed) {
            auto level = dram_level();
            level.read_bytes_per_cycle = 48;
            level.write_bytes_per_cycle = 24;
            level.dram->half_duplex = half_duplex;
            level.dram->t_refi_ps = 3900e3;
            level.dram->t_rfc_ps = 350e3;
            dram_channel d(level, cycle_ps);
            std::mt19937 random(seed);
            std::int64_t now = 0, last = 0;
            double data_ps[2] = {0, 0};
            for (int i = 0; i < 2000; ++i) {
                burst b;
                b.write = random() % 2;
                b.address = random() % (1 << 22);
                b.bytes = 1 + static_cast<std::int64_t>(random() % 9000);
                if (random() % 2) {
                    b.segment_bytes = 1 + static_cast<std::int64_t>(random() % 3000);
                    b.stride_bytes = b.segment_bytes + 1 + static_cast<std::int64_t>(random() % 30000);
                }
                const std::int64_t arrival = now + static_cast<std::int64_t>(random() % 100000);
                const burst_timing t = d.access(b, arrival, now);
                const double least = static_cast<double>(b.bytes) * cycle_ps / (b.write ? 24 : 48);
                data_ps[b.write] += least;
                ASSERT_GE(static_cast<double>(t.service_ps), least);
                ASSERT_LE(static_cast<double>(t.service_ps), least + 1);
                ASSERT_EQ(t.end_ps, arrival + d.latency_ps() + t.service_ps + t.queue_ps + t.row_ps + t.refresh_ps);
                for (const std::int64_t part : {t.queue_ps, t.row_ps, t.refresh_ps, t.stretch_ps}) ASSERT_GE(part, 0);
                ASSERT_LE(t.stretch_ps, t.queue_ps + t.row_ps + t.refresh_ps);
                last = std::max(last, t.end_ps);
                now += static_cast<std::int64_t>(random() % 200000);
            }
            if (half_duplex)
                EXPECT_LE(data_ps[0] + data_ps[1], static_cast<double>(last));
            else
                EXPECT_LE(std::max(data_ps[0], data_ps[1]), static_cast<double>(last));
            EXPECT_LE(d.busy_ps(false), last);
        }
    }
}

TEST(dram_channel, refuses_parameters_that_make_no_sense) {
    const auto refused = [](auto change) {
        auto level = dram_level();
        change(level);
        EXPECT_THROW(dram_channel(level, cycle_ps), cimtlm::input_error);
    };
    refused([](auto& l) { l.dram->banks = 0; });
    refused([](auto& l) { l.dram->row_bytes = 0; });
    refused([](auto& l) { l.dram->t_rcd_ps = -1; });
    refused([](auto& l) { l.read_bytes_per_cycle = -1; });
    refused([](auto& l) { l.latency_cycles = -1; });
    refused([](auto& l) {
        l.dram->t_refi_ps = 100;
        l.dram->t_rfc_ps = 100;
    });
    EXPECT_THROW(dram_channel(dram_level(), 0), cimtlm::input_error);
}

} // namespace

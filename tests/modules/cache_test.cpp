/// The cache between initiators and a DRAM: latencies of hits and misses, near and far, bandwidth, what switching ways
/// costs, and every byte where it belongs.
#include <cimtlm/modules/cache.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/tlm/initiator_port.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "levels.h"
#include <tests/tlm/initiator.h>

namespace {

using namespace levels;
using namespace cimtlm;
using testkit::now_ps;
using testkit::wait_ps;

/// One initiator at each partition of a cache in front of a DRAM.
struct platform {
    explicit platform(std::int64_t capacity_bytes = 64 * 1024, std::int64_t region_bytes = 1024, bool data = false,
                      const memory_level& outer = dram_level(), std::int64_t ways = 4)
        : l2("l2", cache_level(capacity_bytes, region_bytes, ways), cycle_ps, energy, data)
        , main_memory("dram", outer, cycle_ps, energy, data ? data_kept::pages : data_kept::none) {
        l2.out.bind(main_memory.in);
        for (unsigned i = 0; i < 2; ++i) {
            hosts.emplace_back(("i" + std::to_string(i)).c_str());
            hosts.back().out.bind(l2.in[i]);
            ports.emplace_back(hosts.back().out, static_cast<int>(i));
        }
    }
    transfer_result move(bool write, std::uint64_t address, std::int64_t bytes, unsigned i = 0,
                         int operand = operand_none) {
        transfer_request r;
        r.command = write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND;
        r.address = address;
        r.bytes = static_cast<std::uint64_t>(bytes);
        r.operand = operand;
        return ports[i].transfer(r);
    }
    /// An address from `from` on that lies in a partition.
    std::uint64_t in_partition(std::int64_t partition, std::uint64_t from = 0) const {
        while (l2.model().locate(from).partition != partition) from += 1024;
        return from;
    }
    ledger energy;
    cache<> l2;
    dram<> main_memory;
    std::deque<testkit::initiator<>> hosts;
    std::deque<initiator_port<>> ports;
};

TEST(cache, a_hit_takes_its_latency_and_a_miss_that_of_the_memory_in_addition) {
    platform p;
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const std::uint64_t near = p.in_partition(0), far = p.in_partition(1);
    const std::int64_t line = 128 / 64 * 1000; // at the rate of one slice, and of the DRAM
    EXPECT_EQ(p.move(false, near, 128).delay_ps, near_latency + dram_path + rcd + cl + line) << "miss";
    sc_core::sc_start(1, sc_core::SC_US);
    EXPECT_EQ(p.move(false, near, 128).delay_ps, near_latency + line) << "hit";
    EXPECT_EQ(p.move(true, near, 128).delay_ps, near_latency + line) << "written where it is";
    p.move(true, far, 128);
    sc_core::sc_start(1, sc_core::SC_US);
    EXPECT_EQ(p.move(false, far, 128, 0).delay_ps, far_latency + line);
    sc_core::sc_start(1, sc_core::SC_US);
    EXPECT_EQ(p.move(false, far, 128, 1).delay_ps, near_latency + line) << "from its own partition";
    sc_core::sc_start(1, sc_core::SC_US);
    EXPECT_EQ(p.move(false, near, 128, 1).delay_ps, far_latency + line);
    EXPECT_EQ(p.main_memory.bytes(transfer_kind::read), 128u) << "one fetch";
}

TEST(cache, hits_do_not_wait_for_the_memory) {
    platform p;
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const std::uint64_t a = p.in_partition(0);
    p.move(false, a, 1024);
    sc_core::sc_start(10, sc_core::SC_US);
    p.move(false, 1 << 20, 1 << 15); // keeps the DRAM busy for 512 ns
    const transfer_result r = p.move(false, a, 1024);
    EXPECT_EQ(r.delay_ps, near_latency + 1024 / 256 * 1000);
    EXPECT_EQ(r.queue_ps, 0);
}

TEST(cache, a_contiguous_miss_streams_at_the_rate_of_the_memory) {
    platform p;
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const transfer_result r = p.move(false, 0, 32 * 1024);
    EXPECT_EQ(r.delay_ps, far_latency + dram_path + rcd + cl + 32 * 1024 / 64 * 1000);
    EXPECT_EQ(r.row_ps, rcd);
    sc_core::sc_start(10, sc_core::SC_US);
    // Both partitions give half: 16 KiB at 256 bytes a cycle.
    EXPECT_EQ(p.move(false, 0, 32 * 1024).delay_ps, far_latency + 16 * 1024 / 256 * 1000);
}

TEST(cache, energy_is_bytes_times_picojoules_a_byte) {
    platform p;
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    p.move(true, 0, 64 * 1024, 0, operand_a);   // fills the cache, dirty
    p.move(false, 0, 1024, 0, operand_b);       // hit
    p.move(false, 1 << 20, 4096, 0, operand_b); // fetches, and displaces as much
    auto by_part = p.energy.by_part();
    EXPECT_DOUBLE_EQ(by_part["l2"], 65536 * 9.0 + (1024 + 4096) * 7.0 + 4096 * 11.0 + 4096 * 7.0);
    EXPECT_DOUBLE_EQ(by_part["dram"], 4096 * 56.0 + 4096 * 48.0);
    const auto& c = p.l2.model().counts();
    EXPECT_EQ(c.miss_bytes[operand_a], 65536u);
    EXPECT_EQ(c.hit_bytes[operand_b], 1024u);
    EXPECT_EQ(c.fetched_bytes[operand_b], 4096u);
    EXPECT_EQ(c.written_back_bytes[operand_a], 4096u) << "by who wrote last";
    EXPECT_EQ(p.main_memory.bytes(operand_a, transfer_kind::update), 4096u);
    statistics s;
    p.l2.report(s);
    double hits = -1;
    for (const auto& e : s.entries())
        if (e.name == "l2.hit_bytes.B") hits = e.value;
    EXPECT_EQ(hits, 1024);
}

TEST(cache, writing_more_than_fits_goes_at_the_rate_of_the_memory) {
    platform p;
    std::int64_t finish = 0;
    const std::int64_t bytes = 4096, bursts = 1000;
    testkit::process writer(
        "writer",
        [&] {
            std::deque<std::int64_t> ends;
            for (std::int64_t i = 0; i < bursts; ++i) {
                if (ends.size() == 4) {
                    if (ends.front() > now_ps()) wait_ps(ends.front() - now_ps());
                    ends.pop_front();
                }
                ends.push_back(now_ps() + p.move(true, static_cast<std::uint64_t>(i * bytes), bytes).delay_ps);
            }
            finish = ends.back();
        },
        true);
    sc_core::sc_start();
    const double moved = static_cast<double>(bursts * bytes - 64 * 1024);
    const double rate = moved / static_cast<double>(finish) * cycle_ps;
    EXPECT_GE(rate, 0.95 * 64);
    EXPECT_LE(rate, 1.02 * 64) << "the last bursts are still on their way to the DRAM";
    EXPECT_EQ(p.main_memory.bytes(transfer_kind::update), static_cast<std::uint64_t>(moved));
    EXPECT_EQ(p.main_memory.bytes(transfer_kind::read), 0u);
}

TEST(cache, switching_ways_costs_what_their_dirty_lines_cost) {
    platform p;
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    EXPECT_EQ(p.l2.set_compute_ways(2), 0) << "nothing is dirty";
    EXPECT_EQ(p.l2.set_compute_ways(0), 0);
    p.move(true, 0, 64 * 1024);
    sc_core::sc_start(100, sc_core::SC_US);
    const double before = p.energy.total_pj();
    // Two of four ways: 32 KiB in one piece at the rate of the DRAM, from a closed row.
    EXPECT_EQ(p.l2.set_compute_ways(2), dram_path + rcd + cl + 32 * 1024 / 64 * 1000);
    EXPECT_DOUBLE_EQ(p.energy.total_pj() - before, 32 * 1024 * (7.0 + 48.0));
    EXPECT_EQ(p.main_memory.bytes(transfer_kind::update), 32u * 1024);
    EXPECT_EQ(p.l2.model().capacity_bytes(), 32 * 1024);
    sc_core::sc_start(100, sc_core::SC_US);
    EXPECT_EQ(p.l2.set_compute_ways(0), 0) << "back is free";
    p.move(false, 0, 64 * 1024);
    EXPECT_EQ(p.main_memory.bytes(transfer_kind::read), 32u * 1024) << "but empty";
}

TEST(cache, is_a_plain_memory_under_random_traffic_and_switching_ways) {
    struct named : sc_core::sc_module {
        named(const sc_core::sc_module_name& n, std::int64_t region_bytes)
            : sc_core::sc_module(n)
            , p(16 * 1024, region_bytes, true) {}
        platform p;
    } lines("lines", 128), regions("regions", 1024);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (named* n : {&lines, &regions}) {
        platform& p = n->p;
        std::vector<unsigned char> memory(128 * 1024);
        std::mt19937 random(17);
        for (int i = 0; i < 6000; ++i) {
            transfer_request r;
            const bool write = random() % 2;
            r.command = write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND;
            r.bytes = 1 + random() % (i % 10 == 0 ? 40000 : 3000);
            if (random() % 3 == 0) {
                r.segment_bytes = 1 + random() % 500;
                r.stride_bytes = r.segment_bytes + 1 + random() % 900;
            }
            const std::uint64_t extent = footprint_bytes(r.bytes, r.segment_bytes, r.stride_bytes);
            if (extent > memory.size()) continue;
            r.address = random() % (memory.size() - extent + 1);
            std::vector<unsigned char> data(r.bytes), expected(r.bytes);
            for (auto& d : data) d = static_cast<unsigned char>(random());
            const std::uint64_t segment = r.segment_bytes ? r.segment_bytes : r.bytes;
            const std::uint64_t stride = r.segment_bytes ? r.stride_bytes : r.bytes;
            for (std::uint64_t k = 0; k < r.bytes; ++k) {
                unsigned char& cell = memory[r.address + k / segment * stride + k % segment];
                if (write) cell = data[k];
                expected[k] = cell;
            }
            r.data = data.data();
            p.ports[random() % 2].transfer(r);
            ASSERT_EQ(data, expected) << i;
            if (i % 500 == 499) p.l2.set_compute_ways(static_cast<std::int64_t>(random() % 4));
            if (i % 100 == 0) {
                std::vector<unsigned char> seen(memory.size());
                tlm::tlm_generic_payload d;
                testkit::fill(d, tlm::TLM_READ_COMMAND, 0, seen.data(), static_cast<unsigned>(seen.size()));
                ASSERT_EQ(p.hosts[0].out->transport_dbg(d), seen.size());
                ASSERT_EQ(seen, memory) << "debug";
                // A debug write is seen by all, too.
                memory[random() % memory.size()] ^= 0x55;
                testkit::fill(d, tlm::TLM_WRITE_COMMAND, 0, memory.data(), static_cast<unsigned>(memory.size()));
                ASSERT_EQ(p.hosts[1].out->transport_dbg(d), memory.size());
            }
        }
        // Without the cache: what it still holds is written back by taking the ways away, but one.
        p.l2.set_compute_ways(3);
        p.move(false, 1 << 20, 128 * 1024);
        std::vector<unsigned char> seen(memory.size());
        tlm::tlm_generic_payload d;
        testkit::fill(d, tlm::TLM_READ_COMMAND, 0, seen.data(), static_cast<unsigned>(seen.size()));
        EXPECT_EQ(p.l2.out->transport_dbg(d), seen.size());
        EXPECT_EQ(seen, memory);
        EXPECT_EQ(p.l2.model().dirty_bytes(), 0);
    }
}

TEST(cache, a_delay_is_the_sum_of_its_parts) {
    auto outer = dram_level();
    outer.read_bytes_per_cycle = outer.write_bytes_per_cycle = 256;
    outer.dram->channels = dram_channel_parameters{4, 1024};
    outer.dram->t_refi_ps = 3900e3;
    outer.dram->t_rfc_ps = 350e3;
    platform p(64 * 1024, 1024, false, outer);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    std::mt19937 random(23);
    for (int i = 0; i < 3000; ++i) {
        const bool write = random() % 3 == 0;
        const std::int64_t bytes = 1 + static_cast<std::int64_t>(random() % 20000);
        const transfer_result t = p.move(write, random() % (1 << 18), bytes, random() % 2);
        const std::int64_t latency = t.delay_ps - t.service_ps - t.queue_ps - t.row_ps - t.refresh_ps;
        const std::int64_t behind = dram_path + cl;
        ASSERT_TRUE(latency == near_latency || latency == far_latency || latency == near_latency + behind ||
                    latency == far_latency + behind)
            << latency;
        for (const std::int64_t part : {t.service_ps, t.queue_ps, t.row_ps, t.refresh_ps}) ASSERT_GE(part, 0);
        if (i % 4 == 0) sc_core::sc_start(static_cast<double>(random() % 400000), sc_core::SC_PS);
    }
}

TEST(cache, passes_on_a_refusal_and_counts_a_lost_write_back) {
    auto outer = dram_level();
    outer.capacity_bytes = 1 << 20;
    platform p(64 * 1024, 1024, true, outer);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    transfer_request r;
    r.address = 1 << 20;
    r.bytes = 64;
    EXPECT_EQ(p.ports[0].transfer(r, on_error::return_status).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(p.ports[0].transfer(r, on_error::return_status).status, tlm::TLM_ADDRESS_ERROR_RESPONSE) << "not kept";
    EXPECT_EQ(p.l2.errors(), 2u);
    r.command = tlm::TLM_WRITE_COMMAND;
    r.bytes = 128;
    EXPECT_TRUE(p.ports[0].transfer(r).ok()) << "a whole line asks nobody";
    for (const std::int64_t ways : {3, 0, 3}) p.l2.set_compute_ways(ways);
    p.move(false, 0, 64 * 1024);
    EXPECT_EQ(p.l2.write_back_errors(), 1u);
}

} // namespace

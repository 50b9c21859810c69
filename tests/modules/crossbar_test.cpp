/// A bus with channels of its own for each port, as the crossbar between a GPU's ports and its cache: who gets how
/// much, and when.
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/cache.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/tlm/initiator_port.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>

#include "levels.h"
#include <tests/tlm/initiator.h>

namespace {

using namespace levels;
using namespace cimtlm;
using testkit::now_ps;
using testkit::wait_ps;

/// A GPU's ports at one cache: 64 bytes a cycle each, together what the cache gives.
struct chip {
    static memory_level l2_level() {
        auto level = cache_level(4 << 20, 4096, 16);
        level.read_bytes_per_cycle = level.write_bytes_per_cycle = 5120;
        level.cache->slices = 80;
        return level;
    }
    explicit chip(unsigned n, double shared = 0)
        : crossbar("crossbar", {shared, 6, 0.5, bus_port_parameters{64, 32}}, cycle_ps, energy, n, 2)
        , l2("l2", l2_level(), cycle_ps, energy)
        , main_memory("dram", dram_level(), cycle_ps, energy) {
        crossbar.map(0, 0, 0, true, 2);
        crossbar.out[0].bind(l2.in[0]);
        crossbar.out[1].bind(l2.in[1]);
        l2.out.bind(main_memory.in);
        for (unsigned i = 0; i < n; ++i) {
            hosts.emplace_back(("sm" + std::to_string(i)).c_str());
            hosts.back().out.bind(crossbar.in[i]);
            ports.emplace_back(hosts.back().out, static_cast<int>(i));
            crossbar.set_side(i, 2 * i / n);
        }
    }
    transfer_result move(bool write, std::uint64_t address, std::int64_t bytes, unsigned i) {
        transfer_request r;
        r.command = write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND;
        r.address = address;
        r.bytes = static_cast<std::uint64_t>(bytes);
        return ports[i].transfer(r);
    }
    /// Bytes a cycle of `n` ports that stream what is in the cache, four bursts outstanding each.
    double stream(unsigned n, bool write, std::int64_t bytes, int bursts) {
        for (std::uint64_t at = 0; at < (1u << 20); at += 1 << 16) move(false, at, 1 << 16, 0);
        std::int64_t begin = 0, finish = 0;
        std::deque<testkit::process> all;
        for (unsigned i = 0; i < n; ++i)
            all.emplace_back(("stream" + std::to_string(i)).c_str(),
                             [&, i] {
                                 wait_ps(1000000000); // the DRAM has brought everything
                                 begin = now_ps();
                                 std::deque<std::int64_t> ends;
                                 for (int k = 0; k < bursts; ++k) {
                                     if (ends.size() == 4) {
                                         if (ends.front() > now_ps()) wait_ps(ends.front() - now_ps());
                                         ends.pop_front();
                                     }
                                     const std::uint64_t at = (i * 7919u + static_cast<unsigned>(k) * 13u) % 256 * 4096;
                                     ends.push_back(now_ps() + move(write, at, bytes, i).delay_ps);
                                 }
                                 finish = std::max(finish, *std::max_element(ends.begin(), ends.end()));
                             },
                             true);
        sc_core::sc_start();
        return static_cast<double>(n) * bursts * static_cast<double>(bytes) / static_cast<double>(finish - begin) *
               cycle_ps;
    }
    ledger energy;
    bus<> crossbar;
    cache<> l2;
    dram<> main_memory;
    std::deque<testkit::initiator<>> hosts;
    std::deque<initiator_port<>> ports;
};

TEST(crossbar, ports_of_108_initiators_share_the_peak_of_the_cache) {
    chip c(108);
    const double rate = c.stream(108, false, 4096, 200);
    EXPECT_LE(rate, 5120);
    EXPECT_GE(rate, 0.95 * 5120);
    EXPECT_EQ(c.main_memory.bytes(transfer_kind::read), 1u << 20) << "the rest are hits";
}

TEST(crossbar, one_port_gives_no_more_than_its_rate) {
    chip c(108);
    const double rate = c.stream(1, false, 16384, 500);
    EXPECT_LE(rate, 64);
    EXPECT_GE(rate, 0.99 * 64);
    EXPECT_EQ(c.crossbar.model().port_busy_ps(1, false), 0);
}

TEST(crossbar, writes_take_the_narrower_channel_of_the_port) {
    chip c(4);
    const double rate = c.stream(4, true, 16384, 500);
    EXPECT_LE(rate, 4 * 32);
    EXPECT_GE(rate, 0.98 * 4 * 32);
}

TEST(crossbar, a_shared_channel_still_limits_all) {
    chip c(8, 100);
    const double rate = c.stream(8, false, 16384, 200);
    EXPECT_LE(rate, 100);
    EXPECT_GE(rate, 0.98 * 100);
}

TEST(crossbar, ports_reach_the_partition_on_their_side) {
    chip c(4);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    std::uint64_t at = 0;
    while (c.l2.model().locate(at).partition != 0) at += 4096;
    c.move(true, at, 128, 0);
    sc_core::sc_start(1, sc_core::SC_US);
    const std::int64_t line = 2000, there_and_back = 2 * 6000;
    for (unsigned i = 0; i < 4; ++i) {
        EXPECT_EQ(c.move(false, at, 128, i).delay_ps, there_and_back + (i < 2 ? near_latency : far_latency) + line);
        sc_core::sc_start(1, sc_core::SC_US);
    }
}

} // namespace

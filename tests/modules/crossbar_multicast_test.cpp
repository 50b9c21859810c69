/// Multicast: one response answers all initiators that ask for the same bytes. What it saves, what it costs, and when
/// it must not happen.
#include <cimtlm/base/error.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/bus_multicast.h>
#include <cimtlm/modules/cache.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/scratchpad.h>
#include <cimtlm/tlm/initiator_port.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <string>
#include <vector>

#include "levels.h"
#include <tests/tlm/contract.h>
#include <tests/tlm/initiator.h>

namespace {

using namespace levels;
using namespace cimtlm;
using testkit::now_ps;
using testkit::wait_ps;

constexpr double l2_rate = 256, port_rate = 64;

/// Ports of 64 bytes a cycle at a cache that gives 256.
struct chip {
    explicit chip(unsigned n, bool multicast, bool data = false, const std::string& name = "")
        : crossbar((name + "crossbar").c_str(), {0, 6, 0.5, bus_port_parameters{port_rate, 32}, multicast}, cycle_ps,
                   energy, n, 2)
        , l2((name + "l2").c_str(), l2_level(), cycle_ps, energy, data)
        , main_memory((name + "dram").c_str(), dram_level(), cycle_ps, energy,
                      data ? data_kept::pages : data_kept::none) {
        crossbar.map(0, 0, 0, true, 2);
        crossbar.allow_multicast(0);
        crossbar.out[0].bind(l2.in[0]);
        crossbar.out[1].bind(l2.in[1]);
        l2.out.bind(main_memory.in);
        for (unsigned i = 0; i < n; ++i) {
            hosts.emplace_back((name + "sm" + std::to_string(i)).c_str());
            hosts.back().out.bind(crossbar.in[i]);
            ports.emplace_back(hosts.back().out, static_cast<int>(i));
            crossbar.set_side(i, 2 * i / n);
        }
    }
    static memory_level l2_level() {
        auto level = cache_level(4 << 20, 4096, 16);
        level.read_bytes_per_cycle = level.write_bytes_per_cycle = l2_rate;
        level.cache->slices = 80;
        return level;
    }
    transfer_result move(unsigned i, transfer_request r) { return ports[i].transfer(r); }
    transfer_result read(unsigned i, std::uint64_t address, std::uint64_t bytes) {
        transfer_request r;
        r.address = address;
        r.bytes = bytes;
        return move(i, r);
    }
    transfer_result write(unsigned i, std::uint64_t address, std::uint64_t bytes) {
        transfer_request r;
        r.command = tlm::TLM_WRITE_COMMAND;
        r.address = address;
        r.bytes = bytes;
        return move(i, r);
    }
    void settle() { sc_core::sc_start(100, sc_core::SC_US); }
    std::uint64_t cache_bytes() const { return l2.bytes(transfer_kind::read); }
    ledger energy;
    bus<> crossbar;
    cache<> l2;
    dram<> main_memory;
    std::deque<testkit::initiator<>> hosts;
    std::deque<initiator_port<>> ports;
};

constexpr std::uint64_t operand = 1 << 20, burst_bytes = 16384;

/// Each port of a chip reads an operand of 1 MiB that is in the cache, four bursts outstanding: those of neighbours lie
/// `apart`.
class stream {
public:
    stream(unsigned n, bool multicast, std::uint64_t apart)
        : name_(multicast ? "with_" : "without_")
        , chip_(n, multicast, false, name_)
        , ends_(n) {
        for (std::uint64_t at = 0; at < operand + (n - 1) * apart; at += burst_bytes) chip_.write(0, at, burst_bytes);
        for (unsigned i = 0; i < n; ++i)
            ports_.emplace_back((name_ + "stream" + std::to_string(i)).c_str(), [=] { read(i, i * apart); }, true);
    }
    /// From the first request to the last byte.
    std::int64_t time_ps() const { return *std::max_element(ends_.begin(), ends_.end()) - begin_ps; }
    /// Ascending: who of many comes first is the kernel's choice.
    std::vector<std::int64_t> ends_ps() const {
        auto ends = ends_;
        std::sort(ends.begin(), ends.end());
        return ends;
    }
    std::uint64_t cache_bytes() const { return chip_.cache_bytes(); }
    std::uint64_t crossbar_bytes() const { return chip_.crossbar.bytes(false); }
    double pj(const std::string& part) const { return chip_.energy.by_part().at(name_ + part); }

private:
    static constexpr std::int64_t begin_ps = 1000000000; // the writes are over
    void read(unsigned i, std::uint64_t from) {
        wait_ps(begin_ps);
        std::deque<std::int64_t> ends;
        for (std::uint64_t at = 0; at < operand; at += burst_bytes) {
            if (ends.size() == 4) {
                if (ends.front() > now_ps()) wait_ps(ends.front() - now_ps());
                ends.pop_front();
            }
            ends.push_back(now_ps() + chip_.read(i, from + at, burst_bytes).delay_ps);
        }
        ends_[i] = *std::max_element(ends.begin(), ends.end());
    }
    std::string name_;
    chip chip_;
    std::vector<std::int64_t> ends_;
    std::deque<testkit::process> ports_;
};

std::int64_t over(std::uint64_t bytes, double rate) {
    return std::llround(static_cast<double>(bytes) / rate * cycle_ps);
}
constexpr std::int64_t way_ps = 2 * 6000 + far_latency;

TEST(crossbar_multicast, one_operand_for_all_is_read_once_in_the_time_of_a_port) {
    constexpr unsigned n = 16;
    const stream with(n, true, 0), without(n, false, 0);
    sc_core::sc_start();
    EXPECT_EQ(with.cache_bytes(), operand);
    EXPECT_EQ(without.cache_bytes(), n * operand);
    EXPECT_EQ(with.crossbar_bytes(), n * operand) << "carried to all";
    EXPECT_EQ(without.crossbar_bytes(), n * operand);
    EXPECT_EQ(with.ends_ps().front(), with.ends_ps().back()) << "all together";
    EXPECT_GE(with.time_ps(), over(operand, port_rate));
    EXPECT_LE(with.time_ps(), over(operand, port_rate) + way_ps);
    EXPECT_GE(without.time_ps(), over(n * operand, l2_rate));
    EXPECT_LE(without.time_ps(), over(n * operand, l2_rate) + over(burst_bytes, port_rate) + 5 * way_ps)
        << "four bursts ahead do not always cover the way";
    EXPECT_DOUBLE_EQ(without.pj("l2") - with.pj("l2"), 7.0 * (n - 1) * operand);
    EXPECT_DOUBLE_EQ(without.pj("crossbar"), with.pj("crossbar"));
}

TEST(crossbar_multicast, operands_of_their_own_take_what_they_take_without_it) {
    constexpr unsigned n = 3;
    const stream with(n, true, operand), without(n, false, operand);
    sc_core::sc_start();
    EXPECT_EQ(with.ends_ps(), without.ends_ps());
    EXPECT_EQ(with.cache_bytes(), n * operand);
    EXPECT_EQ(without.cache_bytes(), n * operand);
    EXPECT_EQ(with.pj("l2"), without.pj("l2"));
    EXPECT_EQ(with.pj("crossbar"), without.pj("crossbar"));
}

/// An operand of 16 KiB in the cache: 64 cycles there, 256 at a port.
struct multicast_pair : testing::Test {
    multicast_pair() {
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
        c.write(0, 0, 65536);
        c.settle();
    }
    chip c{4, true};
    static constexpr std::int64_t own = 16384 / 64 * 1000;
};

TEST_F(multicast_pair, costs_the_port_and_the_energy_of_the_bytes) {
    const auto first = c.read(0, 0, 16384);
    const auto source = c.l2.model().busy_ps(false);
    const auto before = c.energy.by_part();
    const auto second = c.read(1, 0, 16384);
    auto after = c.energy.by_part();
    EXPECT_EQ(second.delay_ps, first.delay_ps);
    EXPECT_EQ(second.service_ps, first.service_ps);
    EXPECT_EQ(second.queue_ps + second.row_ps + second.refresh_ps, first.queue_ps + first.row_ps + first.refresh_ps);
    EXPECT_EQ(c.l2.model().busy_ps(false), source);
    EXPECT_EQ(c.cache_bytes(), 16384u);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 16384u);
    EXPECT_EQ(c.crossbar.model().port_busy_ps(1, false), own);
    EXPECT_DOUBLE_EQ(after["crossbar"] - before.at("crossbar"), 0.5 * 16384);
    EXPECT_DOUBLE_EQ(after["l2"], before.at("l2"));
    EXPECT_DOUBLE_EQ(after["dram"], before.at("dram"));
}

TEST_F(multicast_pair, a_busy_port_gets_its_copy_later) {
    c.read(3, 32768, 16384);
    const auto first = c.read(0, 0, 16384), second = c.read(3, 0, 16384);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 16384u);
    EXPECT_GE(second.delay_ps, 2 * own);
    EXPECT_LE(second.delay_ps, first.delay_ps + own);
    EXPECT_EQ(second.delay_ps - second.queue_ps, first.delay_ps - first.queue_ps);
}

TEST_F(multicast_pair, who_comes_late_sees_the_rest_and_never_an_earlier_end) {
    const auto first = c.read(0, 0, 16384);
    const auto begin = now_ps();
    sc_core::sc_start(100, sc_core::SC_NS);
    const auto second = c.read(1, 0, 16384);
    EXPECT_EQ(c.cache_bytes(), 16384u);
    EXPECT_GE(now_ps() + second.delay_ps, begin + first.delay_ps);
    EXPECT_GE(second.delay_ps, 2 * 6000 + own) << "its port is no faster";
    EXPECT_LT(second.delay_ps, first.delay_ps + own);
    EXPECT_LE(second.service_ps + second.queue_ps + second.row_ps + second.refresh_ps, second.delay_ps);
    EXPECT_GE(second.queue_ps, 0);
}

TEST_F(multicast_pair, ends_with_the_last_byte) {
    const auto first = c.read(0, 0, 16384);
    sc_core::sc_start(static_cast<double>(first.delay_ps - 2 * 6000 - 1), sc_core::SC_PS);
    c.read(1, 0, 16384);
    EXPECT_EQ(c.cache_bytes(), 16384u) << "a picosecond before it";
    sc_core::sc_start(1, sc_core::SC_PS);
    c.read(2, 0, 16384);
    EXPECT_EQ(c.cache_bytes(), 2 * 16384u);
}

TEST_F(multicast_pair, only_exactly_the_same_bytes) {
    c.read(0, 0, 16384);
    c.read(1, 0, 8192);
    c.read(1, 128, 16384);
    transfer_request strided;
    strided.bytes = 16384;
    strided.segment_bytes = 1024;
    strided.stride_bytes = 2048;
    c.move(1, strided);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 0u);
    c.move(2, strided);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 16384u);
    strided.stride_bytes = 3072;
    c.move(2, strided);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 16384u);
}

TEST_F(multicast_pair, not_the_same_initiator_twice) {
    c.read(0, 0, 16384);
    c.read(0, 0, 16384);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 0u);
    EXPECT_EQ(c.cache_bytes(), 2 * 16384u);
}

TEST_F(multicast_pair, a_write_to_any_of_the_bytes_ends_it) {
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{16383 / 4 * 4}}) {
        c.read(0, 0, 16384);
        c.write(3, at, 4);
        c.read(1, 0, 16384);
        EXPECT_EQ(c.crossbar.multicast_bytes(), 0u) << at;
        c.settle();
    }
    c.read(0, 0, 16384);
    c.write(3, 16384, 4);
    c.read(1, 0, 16384);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 16384u) << "not the bytes behind it";
}

TEST_F(multicast_pair, a_strided_write_ends_it_too) {
    c.read(0, 8192, 1024);
    transfer_request w;
    w.command = tlm::TLM_WRITE_COMMAND;
    w.bytes = 1024;
    w.segment_bytes = 512;
    w.stride_bytes = 8192;
    c.move(3, w);
    c.read(1, 8192, 1024);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 0u);
}

TEST(crossbar_multicast, a_refused_read_answers_nobody) {
    chip c(2, true);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    std::vector<unsigned char> data(64);
    tlm::tlm_generic_payload p;
    for (auto& host : c.hosts) {
        testkit::fill(p, tlm::TLM_READ_COMMAND, 0, data.data(), 64);
        p.set_streaming_width(32);
        sc_core::sc_time delay;
        host.out->b_transport(p, delay);
        EXPECT_EQ(p.get_response_status(), tlm::TLM_BURST_ERROR_RESPONSE);
    }
    EXPECT_EQ(c.crossbar.multicast_bytes(), 0u);
}

TEST(crossbar_multicast, data_comes_with_it) {
    chip c(3, true, true);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    std::vector<unsigned char> all(16384), seen(4096), strided(4096);
    std::iota(all.begin(), all.end(), static_cast<unsigned char>(7));
    for (std::size_t i = 0; i < all.size(); i += 1024) all[i] = static_cast<unsigned char>(i / 1024);
    transfer_request w;
    w.command = tlm::TLM_WRITE_COMMAND;
    w.bytes = all.size();
    w.data = all.data();
    c.move(0, w);
    c.settle();
    c.read(0, 4096, 4096); // into scratch
    transfer_request r;
    r.address = 4096;
    r.bytes = 4096;
    r.data = seen.data();
    c.move(1, r);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 4096u);
    EXPECT_TRUE(std::equal(seen.begin(), seen.end(), all.begin() + 4096));
    // Segments.
    r.address = 0;
    r.segment_bytes = 1024;
    r.stride_bytes = 2048;
    r.data = nullptr;
    c.move(0, r);
    r.data = strided.data();
    c.move(2, r);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 2 * 4096u);
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_TRUE(std::equal(strided.begin() + static_cast<std::ptrdiff_t>(i * 1024),
                               strided.begin() + static_cast<std::ptrdiff_t>((i + 1) * 1024),
                               all.begin() + static_cast<std::ptrdiff_t>(i * 2048)))
            << i;
    EXPECT_EQ(c.cache_bytes(), 2 * 4096u);
}

TEST(crossbar_multicast, a_guest_without_the_extension_gets_its_data) {
    chip c(2, true, true);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    std::vector<unsigned char> data{1, 2, 3, 4, 5, 6, 7, 8}, seen(8);
    c.hosts[0].access(tlm::TLM_WRITE_COMMAND, 64, data);
    c.settle();
    c.read(0, 64, 8);
    c.hosts[1].access(tlm::TLM_READ_COMMAND, 64, seen);
    EXPECT_EQ(seen, data);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 8u);
    // What a debug write changed is asked for.
    tlm::tlm_generic_payload p;
    data[3] = 99;
    testkit::fill(p, tlm::TLM_WRITE_COMMAND, 64, data.data(), 8);
    EXPECT_EQ(c.hosts[0].out->transport_dbg(p), 8u);
    c.hosts[1].access(tlm::TLM_READ_COMMAND, 64, seen);
    EXPECT_EQ(seen, data);
    EXPECT_EQ(c.crossbar.multicast_bytes(), 8u);
}

TEST(crossbar_multicast, targets_that_were_not_allowed_are_asked) {
    ledger energy;
    bus<> interconnect("bus", {64, 6, 0.5, std::nullopt, true}, cycle_ps, energy, 2, 1);
    scratchpad<> memory("smem", sram_level(), cycle_ps, energy);
    testkit::initiator<> a("a"), b("b");
    interconnect.map(0, 65536, 0);
    interconnect.out[0].bind(memory.in);
    a.out.bind(interconnect.in[0]);
    b.out.bind(interconnect.in[1]);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    std::vector<unsigned char> data(1024);
    a.access(tlm::TLM_READ_COMMAND, 0, data);
    b.access(tlm::TLM_READ_COMMAND, 0, data);
    EXPECT_EQ(memory.bytes(transfer_kind::read), 2048u);
    EXPECT_THROW(interconnect.allow_multicast(1), std::out_of_range);
}

pending_reads::response until(std::int64_t end_ps) {
    pending_reads::response r;
    r.timing.end_ps = end_ps;
    return r;
}

TEST(pending_reads, keeps_no_more_than_twice_what_is_alive) {
    pending_reads p;
    for (std::int64_t i = 0; i < 100000; ++i) {
        p.add({static_cast<std::uint64_t>(i) * 64, 64, 0, 0}, until(100 * i + 10000), 100 * i); // a hundred alive
        ASSERT_LE(p.size(), 202u);
    }
}

TEST(pending_reads, finds_what_a_write_hits_among_short_and_long_ones) {
    pending_reads p;
    p.add({0, 10, 0, 0}, until(1), 0);
    p.add({5, 100, 0, 0}, until(1), 0);
    p.add({50, 8, 4, 100}, until(1), 0); // 50 to 153
    p.add({~std::uint64_t{0} - 7, 8, 0, 0}, until(1), 0);
    p.end_overlapping(10, 10);
    EXPECT_EQ(p.size(), 3u);
    EXPECT_NE(p.find({0, 10, 0, 0}, 1, 0), nullptr);
    p.end_overlapping(153, 153);
    EXPECT_EQ(p.find({50, 8, 4, 100}, 1, 0), nullptr);
    p.end_overlapping(~std::uint64_t{0}, ~std::uint64_t{0});
    EXPECT_EQ(p.size(), 1u);
    p.end_overlapping(0, ~std::uint64_t{0});
    EXPECT_EQ(p.size(), 0u);
}

TEST(joined_timing, adds_up_for_early_and_late_ones) {
    pending_reads::response first;
    first.arrival_ps = 1000;
    first.timing = {1000 + 50 + 300 + 40 + 30 + 20, 40, 30, 20, 300, 60}; // 50 of latency, queue, row, refresh, service
    for (std::int64_t late : {-100, 0, 10, 85, 90, 95, 150, 300, 430}) {
        const std::int64_t arrival = 1000 + late, own = 200;
        const std::int64_t end = std::max(first.timing.end_ps, arrival + own);
        const burst_timing t = joined(first, arrival, end, own);
        EXPECT_EQ(t.end_ps, end);
        EXPECT_GE(t.service_ps, own);
        EXPECT_LE(t.service_ps, 300);
        const std::int64_t lost = t.queue_ps + t.row_ps + t.refresh_ps;
        if (late <= 90) {
            EXPECT_EQ(50 + t.service_ps + lost, end - arrival) << late;
        } else {
            EXPECT_EQ(lost, 0) << late;
        }
        EXPECT_LE(t.service_ps + lost, end - arrival) << late;
        EXPECT_LE(t.stretch_ps, lost);
        for (auto ps : {t.queue_ps, t.row_ps, t.refresh_ps, t.stretch_ps}) EXPECT_GE(ps, 0) << late;
    }
}

/// A scratchpad seen through a bus with multicast keeps the contract of a target.
struct bus_with_multicast {
    static constexpr unsigned width = 64;
    bus_with_multicast() {
        interconnect.map(0x40000000, 64 * 1024, 0);
        interconnect.allow_multicast(0);
        interconnect.out[0].bind(memory.in);
    }
    contract::traits traits() const { return {0x40000000, 64 * 1024, 0x40000800, 16, true, true, true, 1000}; }
    tlm::tlm_target_socket<64>& socket() { return interconnect.in[0]; }
    std::string fingerprint() const {
        statistics s;
        interconnect.report(s);
        memory.report(s);
        std::string text;
        for (const auto& e : s.entries()) text += e.name + ' ' + std::to_string(e.value) + '\n';
        return text + std::to_string(energy.total_pj());
    }
    ledger energy;
    bus<> interconnect{"bus", {64, 6, 0.5, std::nullopt, true}, cycle_ps, energy, 1, 1};
    scratchpad<> memory{"smem", sram_level(), cycle_ps, energy, data_kept::pages};
};

} // namespace

CIMTLM_TARGET_CONTRACT(bus_with_multicast);

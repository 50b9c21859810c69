/// Do bus and memories together take the time of the cut-through formula: the sum of the hops' latencies plus the
/// largest of bytes over bandwidth? The bus's latency is paid there and back.
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/scratchpad.h>
#include <cimtlm/tlm/initiator_port.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "levels.h"
#include <tests/tlm/initiator.h>

namespace {

using namespace levels;
using namespace cimtlm;
using testkit::now_ps;
using testkit::wait_ps;

constexpr std::uint64_t dram_base = 0x80000000;
constexpr std::int64_t bus_latency = 6000, sram_latency = 4000;

/// Initiators, a bus of a given width, a DRAM without refresh and a scratchpad.
struct platform {
    explicit platform(double bus_bytes_per_cycle, unsigned n = 1, const memory_level& outer = dram_level())
        : interconnect("bus", bus_level(bus_bytes_per_cycle), cycle_ps, energy, n, 2)
        , main_memory("dram", outer, cycle_ps, energy)
        , smem("smem", sram_level(), cycle_ps, energy) {
        interconnect.map(0, 64 * 1024, 0);
        interconnect.map(dram_base, 0, 1);
        interconnect.out[0].bind(smem.in);
        interconnect.out[1].bind(main_memory.in);
        for (unsigned i = 0; i < n; ++i) {
            initiators.emplace_back(("i" + std::to_string(i)).c_str());
            initiators.back().out.bind(interconnect.in[i]);
            ports.emplace_back(initiators.back().out, static_cast<int>(i));
        }
    }
    transfer_result move(tlm::tlm_command command, std::uint64_t address, std::int64_t bytes, unsigned i = 0) {
        transfer_request r;
        r.command = command;
        r.address = address;
        r.bytes = static_cast<std::uint64_t>(bytes);
        return ports[i].transfer(r);
    }
    ledger energy;
    bus<> interconnect;
    dram<> main_memory;
    scratchpad<> smem;
    std::deque<testkit::initiator<>> initiators;
    std::deque<initiator_port<>> ports;
};

std::int64_t over(std::int64_t bytes, double bytes_per_cycle) {
    return static_cast<std::int64_t>(static_cast<double>(bytes) * cycle_ps / bytes_per_cycle);
}

/// Bus narrower, as wide, wider than the memories.
class cut_through : public testing::TestWithParam<double> {};

TEST_P(cut_through, bus_and_scratchpad) {
    platform p(GetParam());
    const std::int64_t bytes = 32768;
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const transfer_result r = p.move(tlm::TLM_READ_COMMAND, 0, bytes);
    EXPECT_EQ(r.delay_ps, 2 * bus_latency + sram_latency + std::max(over(bytes, GetParam()), over(bytes, 128)));
    EXPECT_EQ(r.service_ps, std::max(over(bytes, GetParam()), over(bytes, 128)));
    const transfer_result w = p.move(tlm::TLM_WRITE_COMMAND, 0, bytes);
    EXPECT_EQ(w.delay_ps, 2 * bus_latency + sram_latency + std::max(over(bytes, GetParam()), over(bytes, 32)));
    EXPECT_EQ(r.queue_ps + w.queue_ps, 0);
    // Each hop is occupied for its own bytes over bandwidth.
    EXPECT_EQ(p.interconnect.model().busy_ps(false), over(bytes, GetParam()));
    EXPECT_EQ(p.interconnect.model().busy_ps(true), over(bytes, GetParam()));
    EXPECT_EQ(p.smem.model().busy_ps(false), over(bytes, 128));
    EXPECT_EQ(p.smem.model().busy_ps(true), over(bytes, 32));
}

TEST_P(cut_through, bus_and_dram) {
    platform p(GetParam());
    const std::int64_t bytes = 1 << 20;
    const std::int64_t largest = std::max(over(bytes, GetParam()), over(bytes, 64));
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const transfer_result r = p.move(tlm::TLM_READ_COMMAND, dram_base, bytes);
    EXPECT_EQ(r.delay_ps, 2 * bus_latency + dram_path + rcd + cl + largest);
    EXPECT_EQ(r.row_ps, rcd);
    sc_core::sc_start(100, sc_core::SC_US);
    const transfer_result w = p.move(tlm::TLM_WRITE_COMMAND, dram_base + 8 * bank_stride * 8, bytes);
    // Every bank has a row open by now; later precharges are hidden.
    EXPECT_EQ(w.delay_ps, 2 * bus_latency + dram_path + rp + rcd + cl + largest);
    EXPECT_EQ(r.queue_ps + w.queue_ps, 0);
    EXPECT_EQ(p.main_memory.channel().busy_ps(false), 2 * over(bytes, 64));
}

INSTANTIATE_TEST_SUITE_P(bus_bytes_per_cycle, cut_through, testing::Values(16, 64, 512));

TEST(interconnect, halving_the_bus_changes_the_time_by_the_predicted_amount) {
    const std::int64_t bytes = 65536;
    const auto time = [&](platform& p) { return p.move(tlm::TLM_READ_COMMAND, dram_base, bytes).delay_ps; };
    // Elaborated together: three platforms side by side, each with names of its own.
    struct named : sc_core::sc_module {
        named(const sc_core::sc_module_name& n, double rate)
            : sc_core::sc_module(n)
            , p(rate) {}
        platform p;
    } wide("wide", 256), narrow("narrow", 128), narrowest("narrowest", 32), half("half", 16);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    EXPECT_EQ(time(wide.p), time(narrow.p)) << "the DRAM limits";
    const std::int64_t limited = time(narrowest.p);
    EXPECT_EQ(time(half.p) - limited, bytes / 32 * 1000) << "the bus limits: its time doubles";
}

TEST(interconnect, pauses_of_a_memory_vanish_behind_a_slower_bus) {
    auto level = dram_level();
    level.dram->banks = 1;
    struct named : sc_core::sc_module {
        named(const sc_core::sc_module_name& n, double rate, const memory_level& l)
            : sc_core::sc_module(n)
            , p(rate, 1, l) {}
        platform p;
    } fast("fast", 512, level), slow("slow", 16, level);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const std::int64_t rows = 16;
    const transfer_result f = fast.p.move(tlm::TLM_READ_COMMAND, dram_base, rows * row);
    EXPECT_EQ(f.delay_ps, 2 * bus_latency + dram_path + (rows - 1) * (ras + rp) + rcd + cl + 32000);
    EXPECT_EQ(f.row_ps, rcd + (rows - 1) * (ras + rp - 32000));
    const transfer_result s = slow.p.move(tlm::TLM_READ_COMMAND, dram_base, rows * row);
    EXPECT_EQ(s.delay_ps, 2 * bus_latency + dram_path + rcd + cl + over(rows * row, 16));
    EXPECT_EQ(s.row_ps, rcd);
}

TEST(interconnect, energy_is_bytes_times_picojoules_a_byte) {
    platform p(64);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const auto move = [&](tlm::tlm_command c, std::uint64_t address, std::int64_t bytes, int operand,
                          transfer_kind kind) {
        transfer_request r;
        r.command = c;
        r.address = address;
        r.bytes = static_cast<std::uint64_t>(bytes);
        r.operand = operand;
        r.kind = kind;
        p.ports[0].transfer(r);
    };
    move(tlm::TLM_READ_COMMAND, dram_base, 1000, operand_a, transfer_kind::read);
    move(tlm::TLM_WRITE_COMMAND, dram_base, 500, operand_z, transfer_kind::update);
    move(tlm::TLM_WRITE_COMMAND, 0, 300, operand_b, transfer_kind::fill);
    move(tlm::TLM_WRITE_COMMAND, 0, 200, operand_z, transfer_kind::update);
    move(tlm::TLM_WRITE_COMMAND, 0, 70, operand_none, transfer_kind::unspecified);
    move(tlm::TLM_READ_COMMAND, 0, 100, operand_b, transfer_kind::unspecified);
    auto by_part = p.energy.by_part();
    EXPECT_DOUBLE_EQ(by_part["dram"], 1000 * 56.0 + 500 * 48.0);
    EXPECT_DOUBLE_EQ(by_part["smem"], 300 * 5.0 + 270 * 3.0 + 100 * 2.0);
    EXPECT_DOUBLE_EQ(by_part["bus"], 2170 * 0.5);
    EXPECT_EQ(p.main_memory.bytes(operand_a, transfer_kind::read), 1000u);
    EXPECT_EQ(p.main_memory.bytes(operand_z, transfer_kind::update), 500u);
    EXPECT_EQ(p.smem.bytes(operand_b, transfer_kind::fill), 300u);
    EXPECT_EQ(p.smem.bytes(operand_z, transfer_kind::update), 200u);
    EXPECT_EQ(p.smem.bytes(operand_none, transfer_kind::update), 70u);
    EXPECT_EQ(p.smem.bytes(transfer_kind::update), 270u);
    EXPECT_EQ(p.smem.bytes(operand_b, transfer_kind::read), 100u);
    EXPECT_EQ(p.interconnect.bytes(false), 1100u);
    EXPECT_EQ(p.interconnect.bytes(true), 1070u);

    statistics s;
    p.interconnect.report(s);
    p.main_memory.report(s);
    p.smem.report(s);
    std::map<std::string, double> values;
    for (const auto& e : s.entries()) {
        EXPECT_TRUE(values.emplace(e.name, e.value).second) << e.name << " twice";
        EXPECT_FALSE(e.unit.empty() || e.description.empty()) << e.name;
    }
    EXPECT_EQ(values.at("dram.bytes_read"), 1000);
    EXPECT_EQ(values.at("dram.bytes_read.A"), 1000);
    EXPECT_EQ(values.at("smem.bytes_fill.B"), 300);
    EXPECT_EQ(values.at("bus.bytes_write"), 1070);
    EXPECT_EQ(values.at("smem.accesses_update"), 2);
}

/// Initiators that keep `window` bursts outstanding; returns when the last one is done.
std::int64_t stream(platform& p, unsigned n, int bursts, std::int64_t bytes, std::size_t window) {
    std::int64_t finish = 0;
    std::deque<testkit::process> processes;
    for (unsigned i = 0; i < n; ++i)
        processes.emplace_back(
            ("stream" + std::to_string(i)).c_str(),
            [&, i] {
                std::deque<std::int64_t> ends;
                for (int k = 0; k < bursts; ++k) {
                    if (ends.size() == window) {
                        if (ends.front() > now_ps()) wait_ps(ends.front() - now_ps());
                        ends.pop_front();
                    }
                    const auto address =
                        dram_base + static_cast<std::uint64_t>(bytes) * (n * static_cast<unsigned>(k) + i);
                    ends.push_back(now_ps() + p.move(tlm::TLM_READ_COMMAND, address, bytes, i).delay_ps);
                }
                finish = std::max(finish, ends.back());
            },
            true);
    sc_core::sc_start();
    return finish;
}

TEST(interconnect, two_initiators_share_the_peak_of_the_dram) {
    platform p(128, 2);
    const std::int64_t finish = stream(p, 2, 500, 4096, 4);
    const double peak = 64 / cycle_ps, reached = 2 * 500 * 4096.0 / static_cast<double>(finish);
    EXPECT_LE(reached, peak);
    EXPECT_GE(reached, 0.99 * peak);
    EXPECT_LE(p.main_memory.channel().busy_ps(false), finish);
    EXPECT_LE(p.interconnect.model().busy_ps(false), finish);
    EXPECT_EQ(p.interconnect.model().busy_ps(false), over(2 * 500 * 4096, 128));
}

TEST(interconnect, two_initiators_share_the_peak_of_the_bus) {
    platform p(32, 2);
    const std::int64_t finish = stream(p, 2, 500, 4096, 4);
    const double peak = 32 / cycle_ps, reached = 2 * 500 * 4096.0 / static_cast<double>(finish);
    EXPECT_LE(reached, peak);
    EXPECT_GE(reached, 0.99 * peak);
    EXPECT_LE(p.interconnect.model().busy_ps(false), finish);
}

TEST(interconnect, the_order_of_calls_at_one_time_does_not_change_the_total) {
    struct named : sc_core::sc_module {
        explicit named(const sc_core::sc_module_name& n)
            : sc_core::sc_module(n)
            , p(64) {}
        platform p;
    } forwards("forwards"), backwards("backwards");
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    std::vector<std::int64_t> sizes = {1024, 8192, 2048, 512, 4096, 16384};
    const auto last = [&](platform& p) {
        std::int64_t end = 0;
        for (const std::int64_t bytes : sizes) end = std::max(end, p.move(tlm::TLM_READ_COMMAND, 0, bytes).delay_ps);
        return end;
    };
    const std::int64_t one = last(forwards.p);
    std::reverse(sizes.begin(), sizes.end());
    EXPECT_EQ(one, last(backwards.p));
    EXPECT_EQ(one, 2 * bus_latency + sram_latency + over(1024 + 8192 + 2048 + 512 + 4096 + 16384, 64));
}

TEST(interconnect, the_extension_changes_no_time) {
    struct named : sc_core::sc_module {
        explicit named(const sc_core::sc_module_name& n)
            : sc_core::sc_module(n)
            , p(16) {}
        platform p;
    } with("with"), without("without");
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (unsigned i = 0; i < 50; ++i) {
        const auto command = i % 2 ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND;
        const std::uint64_t address = (i % 3 ? dram_base : 0) + i * 640;
        std::vector<unsigned char> data(1 + i * 97);
        EXPECT_EQ(with.p.move(command, address, static_cast<std::int64_t>(data.size())).delay_ps,
                  without.p.initiators[0].access(command, address, data));
    }
}

/// The parts of a delay add up to it under contention, rows and refresh.
TEST(interconnect, a_delay_is_the_sum_of_its_parts) {
    auto level = dram_level();
    level.dram->t_refi_ps = 3900e3;
    level.dram->t_rfc_ps = 350e3;
    struct named : sc_core::sc_module {
        named(const sc_core::sc_module_name& n, double rate, const memory_level& l)
            : sc_core::sc_module(n)
            , p(rate, 1, l) {}
        platform p;
    } narrow("narrow", 24, level), wide("wide", 300, level);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (platform* p : {&narrow.p, &wide.p}) {
        for (unsigned i = 0; i < 400; ++i) {
            transfer_request r;
            r.command = i * 7 % 3 ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND;
            r.address = dram_base + i * 92821u % 4000000u;
            r.bytes = 1 + i * 3571u % 20000u;
            if (i % 2) {
                r.segment_bytes = 64 + i;
                r.stride_bytes = r.segment_bytes + i * 37;
            }
            const transfer_result t = p->ports[0].transfer(r);
            ASSERT_EQ(t.delay_ps,
                      2 * bus_latency + dram_path + cl + t.service_ps + t.queue_ps + t.row_ps + t.refresh_ps);
            for (const std::int64_t part : {t.service_ps, t.queue_ps, t.row_ps, t.refresh_ps}) ASSERT_GE(part, 0);
            ASSERT_GE(t.service_ps, over(static_cast<std::int64_t>(r.bytes), p == &narrow.p ? 24 : 64));
        }
    }
}

TEST(interconnect, data_on_and_off_take_the_same_time) {
    struct pair : sc_core::sc_module {
        pair(const sc_core::sc_module_name& n, data_kept data)
            : sc_core::sc_module(n)
            , memory("dram", sized(), cycle_ps, energy, data)
            , source("i") {
            source.out.bind(memory.in);
        }
        static memory_level sized() {
            auto level = dram_level();
            level.capacity_bytes = 1 << 20;
            return level;
        }
        ledger energy;
        dram<> memory;
        testkit::initiator<> source;
    } off("off", data_kept::none), on("on", data_kept::pages), block("block", data_kept::contiguous);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (unsigned i = 0; i < 200; ++i) {
        const std::uint64_t address = i * 7919u % 100000u;
        const auto command = i % 3 ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND;
        std::vector<unsigned char> a(1 + i * 37 % 5000, 0xa5), b = a, c = a;
        const auto time = off.source.access(command, address, a);
        EXPECT_EQ(on.source.access(command, address, b), time) << i;
        EXPECT_EQ(block.source.access(command, address, c), time) << i;
        EXPECT_EQ(c, b) << "the same bytes, wherever they are kept";
        EXPECT_TRUE(std::all_of(a.begin(), a.end(), [](unsigned char c) { return c == 0xa5; })) << "untouched";
    }
    EXPECT_EQ(off.energy.total_pj(), on.energy.total_pj());
    EXPECT_EQ(off.energy.total_pj(), block.energy.total_pj());
}

TEST(interconnect, a_strided_operand_arrives_byte_for_byte) {
    ledger energy;
    scratchpad<> memory("smem", sram_level(), cycle_ps, energy, data_kept::pages);
    testkit::initiator<> source("i");
    source.out.bind(memory.in);
    initiator_port<> port(source.out);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    std::vector<unsigned char> matrix(64 * 100);
    for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = static_cast<unsigned char>(i * 31 + i / 100);
    ASSERT_EQ(source.access(tlm::TLM_WRITE_COMMAND, 0, matrix) > 0, true);
    // A tile of 10 rows of 16 columns from row 3, column 5.
    std::vector<unsigned char> tile(160);
    transfer_request r;
    r.address = 3 * 100 + 5;
    r.bytes = tile.size();
    r.segment_bytes = 16;
    r.stride_bytes = 100;
    r.data = tile.data();
    port.transfer(r);
    for (std::size_t i = 0; i < tile.size(); ++i) ASSERT_EQ(tile[i], matrix[(3 + i / 16) * 100 + 5 + i % 16]) << i;
    // The last row must lie inside.
    r.address = sram_level().capacity_bytes - 9 * 100 - 15;
    EXPECT_EQ(port.transfer(r, on_error::return_status).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    --r.address;
    EXPECT_EQ(port.transfer(r, on_error::return_status).status, tlm::TLM_OK_RESPONSE);
}

} // namespace

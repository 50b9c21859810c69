/// Does the bus lead each address to its target, also for debug and DMI, and refuse the rest?
#include <cimtlm/base/error.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/scratchpad.h>

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "levels.h"
#include <tests/tlm/initiator.h>

namespace {

using namespace cimtlm;
using namespace levels;
constexpr std::uint64_t end = ~std::uint64_t{0};

TEST(address_map, finds_the_window_of_all_bytes) {
    address_map m;
    m.add(0x1000, 0x100, 1, true);
    m.add(0x1100, 0x100, 2, true);
    m.add(end - 15, 16, 3, true);
    EXPECT_EQ(m.find(0xfff, 1), nullptr);
    EXPECT_EQ(m.find(0x1000, 0x100)->out, 1u);
    EXPECT_EQ(m.find(0x10ff, 2), nullptr) << "crosses into the next window";
    EXPECT_EQ(m.find(0x1100, 1)->out, 2u);
    EXPECT_EQ(m.find(0x1200, 1), nullptr);
    EXPECT_EQ(m.find(end, 1)->out, 3u);
    EXPECT_EQ(m.find(end, 2), nullptr) << "wraps";
    EXPECT_EQ(m.find(0x1080, 0)->out, 1u);
}

TEST(address_map, refuses_overlaps_and_overflows) {
    address_map m;
    m.add(0x1000, 0x100, 0, true);
    EXPECT_THROW(m.add(0x10ff, 1, 1, true), input_error);
    EXPECT_THROW(m.add(0xf00, 0x101, 1, true), input_error);
    EXPECT_THROW(m.add(0x1000, 0x100, 1, true), input_error);
    EXPECT_THROW(m.add(0, 0, 1, true), input_error);
    EXPECT_THROW(m.add(end - 15, 17, 1, true), input_error);
    m.add(0x1100, 0, 1, true);
    EXPECT_EQ(m.find(end, 1)->out, 1u);
    m.add(0, 0x1000, 2, true);
    EXPECT_EQ(m.windows().size(), 3u);
}

/// Two initiators; a scratchpad at two windows, and a second one that sees absolute addresses.
struct fabric {
    fabric() {
        interconnect.map(0x10000, 0x10000, 0);
        interconnect.map(0x50000, 0x1000, 0);
        interconnect.map(0x80000, 0x10000, 1, false);
        for (unsigned i = 0; i < 2; ++i) {
            hosts.push_back(std::make_unique<testkit::initiator<>>(("host" + std::to_string(i)).c_str()));
            hosts[i]->out.bind(interconnect.in[i]);
        }
        interconnect.out[0].bind(first.in);
        interconnect.out[1].bind(second.in);
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    }
    ledger energy;
    bus<> interconnect{"bus", bus_level(64), cycle_ps, energy, 2, 2};
    scratchpad<> first{"first", sram_level(), cycle_ps, energy, data_kept::pages};
    scratchpad<> second{"second", sram_level(), cycle_ps, energy, data_kept::pages, 0x80000};
    std::vector<std::unique_ptr<testkit::initiator<>>> hosts;
};

TEST(bus, leads_addresses_to_their_targets) {
    fabric f;
    std::vector<unsigned char> a{1, 2, 3, 4}, b{5, 6, 7, 8}, seen(4);
    f.hosts[0]->access(tlm::TLM_WRITE_COMMAND, 0x10010, a);
    f.hosts[1]->access(tlm::TLM_WRITE_COMMAND, 0x80010, b);
    tlm::tlm_response_status status;
    f.hosts[1]->access(tlm::TLM_READ_COMMAND, 0x50010, seen, &status);
    EXPECT_EQ(status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(seen, a) << "the second window of the same memory";
    f.hosts[0]->access(tlm::TLM_READ_COMMAND, 0x80010, seen, &status);
    EXPECT_EQ(seen, b);
    EXPECT_EQ(f.first.bytes(transfer_kind::update), 4u);
    EXPECT_EQ(f.second.bytes(transfer_kind::update), 4u);
}

TEST(bus, refuses_unmapped_addresses_after_the_way_there_and_back) {
    fabric f;
    std::vector<unsigned char> data(16);
    tlm::tlm_response_status status;
    for (const std::uint64_t address :
         {std::uint64_t{0}, std::uint64_t{0x20000}, std::uint64_t{0x1fff8}, end, end - 7}) {
        EXPECT_EQ(f.hosts[0]->access(tlm::TLM_READ_COMMAND, address, data, &status), 2 * 6000) << address;
        EXPECT_EQ(status, tlm::TLM_ADDRESS_ERROR_RESPONSE) << address;
    }
    EXPECT_EQ(f.interconnect.decode_errors(), 5u);
    EXPECT_EQ(f.energy.total_pj(), 0);
    EXPECT_EQ(f.interconnect.model().busy_ps(false), 0);
}

TEST(bus, debug_follows_the_map) {
    fabric f;
    std::vector<unsigned char> a{9, 8, 7, 6}, seen(4);
    tlm::tlm_generic_payload p;
    testkit::fill(p, tlm::TLM_WRITE_COMMAND, 0x80ff0, a.data(), 4);
    EXPECT_EQ(f.hosts[0]->out->transport_dbg(p), 4u);
    testkit::fill(p, tlm::TLM_READ_COMMAND, 0x80ff0, seen.data(), 4);
    EXPECT_EQ(f.hosts[1]->out->transport_dbg(p), 4u);
    EXPECT_EQ(seen, a);
    EXPECT_EQ(p.get_address(), 0x80ff0u);
    p.set_address(0x30000);
    EXPECT_EQ(f.hosts[1]->out->transport_dbg(p), 0u);
    EXPECT_EQ(f.energy.total_pj(), 0);
}

TEST(bus, dmi_is_granted_in_the_address_view_of_the_initiator) {
    fabric f;
    unsigned char byte = 0;
    tlm::tlm_generic_payload p;
    tlm::tlm_dmi dmi;
    testkit::fill(p, tlm::TLM_READ_COMMAND, 0x12345, &byte, 1);
    ASSERT_TRUE(f.hosts[0]->out->get_direct_mem_ptr(p, dmi));
    EXPECT_EQ(dmi.get_start_address(), 0x12000u);
    EXPECT_EQ(dmi.get_end_address(), 0x12fffu);
    EXPECT_EQ(dmi.get_read_latency(), sc_core::sc_time(2 * 6 + 4, sc_core::SC_NS));
    dmi.get_dmi_ptr()[0x345] = 77;
    std::vector<unsigned char> seen(1);
    f.hosts[1]->access(tlm::TLM_READ_COMMAND, 0x12345, seen);
    EXPECT_EQ(seen[0], 77);
    p.set_address(0x83abc);
    ASSERT_TRUE(f.hosts[0]->out->get_direct_mem_ptr(p, dmi));
    EXPECT_EQ(dmi.get_start_address(), 0x83000u);
    p.set_address(0x30000);
    EXPECT_FALSE(f.hosts[0]->out->get_direct_mem_ptr(p, dmi));
}

TEST(bus, invalidations_reach_every_initiator_through_every_window) {
    fabric f;
    f.first.in->invalidate_direct_mem_ptr(0x800, 0x1fff);
    using ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
    for (auto& host : f.hosts) {
        EXPECT_EQ(host->invalidated, (ranges{{0x10800, 0x11fff}, {0x50800, 0x50fff}})) << "cut at the window's end";
        host->invalidated.clear();
    }
    f.second.in->invalidate_direct_mem_ptr(0, end);
    for (auto& host : f.hosts) EXPECT_EQ(host->invalidated, (ranges{{0x80000, 0x8ffff}}));
}

TEST(bus, says_which_input_waits_for_its_initiator) {
    fabric f;
    EXPECT_EQ(f.interconnect.waiting_for(), "");
    testkit::counting_manager manager;
    auto* p = new tlm::tlm_generic_payload(&manager);
    p->acquire();
    unsigned char data[4];
    testkit::fill(*p, tlm::TLM_READ_COMMAND, 0x10000, data, 4);
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    f.hosts[1]->out->nb_transport_fw(*p, phase, delay); // the host never ends the response
    sc_core::sc_start(1, sc_core::SC_US);
    EXPECT_EQ(f.interconnect.waiting_for(), "in_1: 1 non-blocking requests in flight, one waits for END_RESP");
    EXPECT_EQ(f.first.waiting_for(), "");
    phase = tlm::END_RESP;
    f.hosts[1]->out->nb_transport_fw(*p, phase, delay);
    p->release();
    EXPECT_EQ(f.interconnect.waiting_for(), "");
    EXPECT_EQ(manager.freed, 1);
}

TEST(bus, refuses_a_window_to_a_missing_output_and_bad_parameters) {
    ledger energy;
    bus<> b("bus", bus_level(64), cycle_ps, energy, 1, 1);
    EXPECT_THROW(b.map(0, 16, 1), input_error);
    EXPECT_THROW(bus_model(bus_level(-1), cycle_ps), input_error);
    EXPECT_THROW(bus_model({1, -1, 0}, cycle_ps), input_error);
    EXPECT_THROW(bus_model(bus_level(1), 0), input_error);
}

} // namespace

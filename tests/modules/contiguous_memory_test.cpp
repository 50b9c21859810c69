/// Is the whole of a contiguous memory granted for direct access at once, and no byte more?
#include <cimtlm/base/error.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/scratchpad.h>

#include <gtest/gtest.h>

#include <vector>

#include "levels.h"
#include <tests/tlm/initiator.h>

namespace {

using namespace levels;
using namespace cimtlm;

memory_level sized(memory_level level, std::int64_t bytes) {
    level.capacity_bytes = bytes;
    return level;
}

/// Asks for direct access at `address`.
bool ask(testkit::initiator_calls& host, std::uint64_t address, tlm::tlm_dmi& dmi) {
    tlm::tlm_generic_payload p;
    testkit::fill(p, tlm::TLM_READ_COMMAND, address, nullptr, 1);
    return host.path().get_direct_mem_ptr(p, dmi);
}

TEST(contiguous_memory, is_granted_whole_wherever_it_is_asked_for) {
    constexpr std::uint64_t base = 0x80000000, bytes = std::uint64_t{2} << 30;
    ledger energy;
    dram<> memory("dram", sized(dram_level(), bytes), cycle_ps, energy, data_kept::contiguous, base);
    testkit::initiator<> host("host");
    host.out.bind(memory.in);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    unsigned char* all = nullptr;
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{4097}, bytes / 2, bytes - 1}) {
        tlm::tlm_dmi dmi;
        ASSERT_TRUE(ask(host, base + offset, dmi));
        EXPECT_EQ(dmi.get_start_address(), base);
        EXPECT_EQ(dmi.get_end_address(), base + bytes - 1);
        EXPECT_TRUE(dmi.is_read_write_allowed());
        if (all == nullptr) all = dmi.get_dmi_ptr();
        EXPECT_EQ(dmi.get_dmi_ptr(), all) << "it stays where it is";
    }
    // Both ways see the same bytes, over a page's border and at the far end.
    for (const std::uint64_t offset : {std::uint64_t{4090}, bytes - 16}) {
        std::vector<unsigned char> data(16);
        for (unsigned i = 0; i < 16; ++i) data[i] = static_cast<unsigned char>(i + offset);
        host.access(tlm::TLM_WRITE_COMMAND, base + offset, data);
        EXPECT_EQ(std::vector<unsigned char>(all + offset, all + offset + 16), data);
        all[offset + 3] = 0xaa;
        data[3] = 0xaa;
        std::vector<unsigned char> read(16);
        host.access(tlm::TLM_READ_COMMAND, base + offset, read);
        EXPECT_EQ(read, data);
        tlm::tlm_generic_payload p;
        testkit::fill(p, tlm::TLM_READ_COMMAND, base + offset, read.data(), 16);
        read.assign(16, 0);
        EXPECT_EQ(host.path().transport_dbg(p), 16u);
        EXPECT_EQ(read, data);
    }
    for (const std::uint64_t outside : {base - 1, base + bytes}) {
        tlm::tlm_dmi dmi;
        EXPECT_FALSE(ask(host, outside, dmi));
        EXPECT_EQ(dmi.get_start_address(), outside);
        EXPECT_EQ(dmi.get_end_address(), outside);
    }
}

TEST(contiguous_memory, ends_at_its_capacity_and_not_with_a_page) {
    ledger energy;
    scratchpad<> memory("smem", sized(sram_level(), 10000), cycle_ps, energy, data_kept::contiguous);
    testkit::initiator<> host("host");
    host.out.bind(memory.in);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    tlm::tlm_dmi dmi;
    ASSERT_TRUE(ask(host, 9999, dmi));
    EXPECT_EQ(dmi.get_start_address(), 0u);
    EXPECT_EQ(dmi.get_end_address(), 9999u);
    EXPECT_FALSE(ask(host, 10000, dmi));
}

TEST(contiguous_memory, seen_through_a_bus_is_granted_as_far_as_the_window_reaches) {
    constexpr std::uint64_t window = 0x80000000;
    ledger energy;
    scratchpad<> memory("smem", sized(sram_level(), 1 << 20), cycle_ps, energy, data_kept::contiguous);
    bus<> interconnect("bus", bus_level(64), cycle_ps, energy, 1, 1);
    testkit::initiator<> host("host");
    host.out.bind(interconnect.in[0]);
    interconnect.out[0].bind(memory.in);
    interconnect.map(window, 1 << 19, 0);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    tlm::tlm_dmi dmi;
    ASSERT_TRUE(ask(host, window + 0x12345, dmi));
    EXPECT_EQ(dmi.get_start_address(), window);
    EXPECT_EQ(dmi.get_end_address(), window + (1 << 19) - 1);
    std::vector<unsigned char> data{1, 2, 3, 4};
    host.access(tlm::TLM_WRITE_COMMAND, window + 0x12345, data);
    EXPECT_EQ(dmi.get_dmi_ptr()[0x12347], 3);
}

TEST(contiguous_memory, needs_a_capacity_and_room_on_the_host) {
    ledger energy;
    EXPECT_THROW(dram<>("endless", dram_level(), cycle_ps, energy, data_kept::contiguous), input_error);
    EXPECT_THROW(dram<>("huge", sized(dram_level(), INT64_MAX), cycle_ps, energy, data_kept::contiguous),
                 environment_error);
}

} // namespace

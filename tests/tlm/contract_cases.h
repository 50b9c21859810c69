#pragma once
/// The cases of the contract of a target that follow from the standard; contract.h tells how it is applied.
#include <tests/tlm/contract.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace contract {

TEST_P(target_contract, serves_reads_and_writes_outside_any_process) {
    elaborate();
    auto written = pattern(1);
    tlm::tlm_response_status status;
    EXPECT_GE(host.access(tlm::TLM_WRITE_COMMAND, t.address, written, &status), 0);
    EXPECT_EQ(status, tlm::TLM_OK_RESPONSE);
    std::vector<unsigned char> read(t.length, 0);
    EXPECT_GE(host.access(tlm::TLM_READ_COMMAND, t.address, read, &status), 0);
    EXPECT_EQ(status, tlm::TLM_OK_RESPONSE);
    if (t.keeps_data) {
        EXPECT_EQ(read, written);
    }
}

TEST_P(target_contract, serves_from_a_method) {
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    testkit::process method(
        "method",
        [&] {
            auto data = pattern(2);
            host.access(tlm::TLM_WRITE_COMMAND, t.address, data, &status);
            host.access(tlm::TLM_READ_COMMAND, t.address, data, &status);
        },
        false);
    sc_core::sc_start(1, sc_core::SC_US);
    EXPECT_EQ(status, tlm::TLM_OK_RESPONSE);
}

TEST_P(target_contract, never_lowers_the_delay) {
    elaborate();
    auto data = pattern(3);
    for (const std::int64_t delay_ps : {0ll, 1ll, 999ll, 1000000ll, 100000000000ll})
        for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND, tlm::TLM_IGNORE_COMMAND})
            EXPECT_GE(host.access(command, t.address, data, nullptr, delay_ps), 0);
    std::vector<unsigned char> far(8);
    EXPECT_GE(host.access(tlm::TLM_READ_COMMAND, last(), far, nullptr, 5000), 0) << "refused ones too";
}

TEST_P(target_contract, always_sets_the_status) {
    elaborate();
    std::vector<std::uint64_t> places = {0, 1, t.base, t.address, last(), last() - 3};
    if (t.base > 0) places.push_back(t.base - 1);
    if (last() != ~0ull) places.push_back(last() + 1);
    places.push_back(~0ull);
    places.push_back(~0ull - 7);
    for (int command = 0; command < 4; ++command)
        for (const std::uint64_t address : places)
            for (const unsigned length : {0u, 1u, 3u, t.length, 64u})
                for (const unsigned width : {0u, 1u, length, length + 1})
                    EXPECT_NE(status_of(static_cast<tlm::tlm_command>(command), address, length, width),
                              tlm::TLM_INCOMPLETE_RESPONSE);
}

TEST_P(target_contract, refuses_addresses_outside_its_range) {
    elaborate();
    const unsigned n = t.length;
    if (t.base > 0) {
        EXPECT_EQ(status_of(tlm::TLM_READ_COMMAND, t.base - 1, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(status_of(tlm::TLM_WRITE_COMMAND, 0, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    if (last() != ~0ull) {
        EXPECT_EQ(status_of(tlm::TLM_READ_COMMAND, last() + 1, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(status_of(tlm::TLM_WRITE_COMMAND, last() + 1, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(status_of(tlm::TLM_READ_COMMAND, ~0ull, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    if (n == 1) return;
    // Leaves the range, or the address space, on the way.
    EXPECT_EQ(status_of(tlm::TLM_READ_COMMAND, last() - n + 2, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(status_of(tlm::TLM_READ_COMMAND, ~0ull - n + 2, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_P(target_contract, refuses_empty_and_streaming_bursts) {
    elaborate();
    const unsigned n = t.length;
    for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
        EXPECT_EQ(status_of(command, t.address, 0, 0), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(status_of(command, t.address, 0, 8), tlm::TLM_BURST_ERROR_RESPONSE);
        if (n > 1) {
            EXPECT_EQ(status_of(command, t.address, n, n - 1), tlm::TLM_BURST_ERROR_RESPONSE);
            EXPECT_EQ(status_of(command, t.address, n, 1), tlm::TLM_BURST_ERROR_RESPONSE);
        }
        EXPECT_EQ(status_of(command, t.address, n, 0), tlm::TLM_OK_RESPONSE) << "0 means not set";
        EXPECT_EQ(status_of(command, t.address, n, n + 1), tlm::TLM_OK_RESPONSE);
    }
}

TEST_P(target_contract, ignores_ignore_and_refuses_unknown_commands) {
    elaborate();
    auto data = pattern(4);
    const auto before = data;
    tlm::tlm_response_status status;
    host.access(tlm::TLM_IGNORE_COMMAND, t.address, data, &status);
    EXPECT_EQ(status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(data, before);
    EXPECT_EQ(status_of(static_cast<tlm::tlm_command>(3), t.address, t.length), tlm::TLM_COMMAND_ERROR_RESPONSE);
}

TEST_P(target_contract, serves_or_refuses_byte_enables) {
    elaborate();
    const unsigned n = t.length;
    auto old = pattern(5), fresh = pattern(6);
    host.access(tlm::TLM_WRITE_COMMAND, t.address, old);
    unsigned char enables[3] = {TLM_BYTE_ENABLED, TLM_BYTE_DISABLED, TLM_BYTE_DISABLED}; // repeated over the data
    const auto masked = [&](tlm::tlm_command command, std::vector<unsigned char>& data) {
        tlm::tlm_generic_payload p;
        testkit::fill(p, command, t.address, data.data(), n);
        p.set_byte_enable_ptr(enables);
        p.set_byte_enable_length(3);
        host.transport(p);
        return p.get_response_status();
    };
    if (!t.byte_enables) {
        EXPECT_EQ(masked(tlm::TLM_WRITE_COMMAND, fresh), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
        EXPECT_EQ(masked(tlm::TLM_READ_COMMAND, fresh), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
        return;
    }
    EXPECT_EQ(masked(tlm::TLM_WRITE_COMMAND, fresh), tlm::TLM_OK_RESPONSE);
    std::vector<unsigned char> read(n, 0xee);
    EXPECT_EQ(masked(tlm::TLM_READ_COMMAND, read), tlm::TLM_OK_RESPONSE);
    if (!t.keeps_data) return;
    for (unsigned i = 0; i < n; ++i) EXPECT_EQ(read[i], i % 3 ? 0xee : fresh[i]) << i;
    host.access(tlm::TLM_READ_COMMAND, t.address, read);
    for (unsigned i = 0; i < n; ++i) EXPECT_EQ(read[i], i % 3 ? old[i] : fresh[i]) << i;
}

TEST_P(target_contract, debug_has_no_side_effects) {
    elaborate();
    auto data = pattern(7);
    host.access(tlm::TLM_WRITE_COMMAND, t.address, data);
    const std::string before = bench->fingerprint();
    std::vector<unsigned char> seen(t.length, 0), again(t.length, 1);
    tlm::tlm_generic_payload p;
    testkit::fill(p, tlm::TLM_READ_COMMAND, t.address, seen.data(), t.length);
    EXPECT_EQ(host.path().transport_dbg(p), t.length) << "the full length";
    p.set_data_ptr(again.data());
    EXPECT_EQ(host.path().transport_dbg(p), t.length);
    EXPECT_EQ(seen, again);
    if (t.keeps_data) {
        EXPECT_EQ(seen, data);
    }
    p.set_address(last());
    EXPECT_LE(host.path().transport_dbg(p), 1u) << "nothing beyond the range";
    EXPECT_EQ(bench->fingerprint(), before);
    EXPECT_EQ(sc_core::sc_time_stamp(), sc_core::SC_ZERO_TIME);
    if (!t.keeps_data) return;
    auto other = pattern(8);
    testkit::fill(p, tlm::TLM_WRITE_COMMAND, t.address, other.data(), t.length);
    EXPECT_EQ(host.path().transport_dbg(p), t.length);
    host.access(tlm::TLM_READ_COMMAND, t.address, seen);
    EXPECT_EQ(seen, other);
}

TEST_P(target_contract, grants_dmi_for_plain_storage_only) {
    elaborate();
    auto data = pattern(9);
    tlm::tlm_generic_payload p;
    testkit::fill(p, tlm::TLM_WRITE_COMMAND, t.address, data.data(), t.length);
    host.transport(p);
    EXPECT_EQ(p.is_dmi_allowed(), t.dmi && t.dmi_writes);
    tlm::tlm_dmi dmi;
    EXPECT_EQ(host.path().get_direct_mem_ptr(p, dmi), t.dmi && t.dmi_writes);
    testkit::fill(p, tlm::TLM_READ_COMMAND, t.address, data.data(), t.length);
    ASSERT_EQ(host.path().get_direct_mem_ptr(p, dmi), t.dmi);
    EXPECT_LE(dmi.get_start_address(), t.address);
    EXPECT_GE(dmi.get_end_address(), t.address);
    if (!t.dmi) return;
    EXPECT_GE(dmi.get_start_address(), t.base);
    EXPECT_LE(dmi.get_end_address(), last()) << "the end is inclusive";
    // A grant may end before the access does.
    const auto n = static_cast<unsigned>(std::min<std::uint64_t>(t.length, dmi.get_end_address() - t.address + 1));
    data.resize(n);
    unsigned char* there = dmi.get_dmi_ptr() + (t.address - dmi.get_start_address());
    EXPECT_EQ(std::vector<unsigned char>(there, there + n), data);
    EXPECT_TRUE(dmi.is_read_allowed());
    EXPECT_EQ(dmi.is_write_allowed(), t.dmi_writes);
    if (!t.dmi_writes) return;
    std::memset(there, 0x5a, n);
    std::vector<unsigned char> read(n);
    host.access(tlm::TLM_READ_COMMAND, t.address, read);
    EXPECT_EQ(read, std::vector<unsigned char>(n, 0x5a));
    // The far ends of the grant are storage, too.
    dmi.get_dmi_ptr()[0] = 1;
    dmi.get_dmi_ptr()[dmi.get_end_address() - dmi.get_start_address()] = 2;
    tlm::tlm_generic_payload outside;
    testkit::fill(outside, tlm::TLM_READ_COMMAND, last() + 1, data.data(), 1);
    if (last() != ~0ull) {
        EXPECT_FALSE(host.path().get_direct_mem_ptr(outside, dmi));
    }
}

TEST_P(target_contract, four_phases_ended_by_return) {
    replay(40, ending::completed, true);
    EXPECT_TRUE(bench->violations().empty());
}

TEST_P(target_contract, four_phases_ended_by_a_call_in_the_call) {
    replay(40, ending::call, true);
    EXPECT_TRUE(bench->violations().empty());
}

TEST_P(target_contract, four_phases_ended_later) {
    replay(40, ending::call_later, true);
    EXPECT_TRUE(bench->violations().empty());
}

TEST_P(target_contract, four_phases_ended_by_an_annotated_return) {
    replay(40, ending::updated, true);
    EXPECT_TRUE(bench->violations().empty());
}

TEST_P(target_contract, four_phases_without_memory_manager) { replay(40, ending::completed, false); }

TEST_P(target_contract, a_request_may_begin_in_the_future) {
    // One payload sent with an annotated delay: its response comes that much later, and not earlier.
    const std::int64_t finish = replay(1, ending::completed, true, 50000);
    auto data = pattern(0);
    const std::int64_t latency = host.access(tlm::TLM_WRITE_COMMAND, t.address, data);
    EXPECT_GE(finish, 50000);
    EXPECT_LE(finish, 50000 + 2 * latency + t.request_interval_ps);
}

TEST_P(target_contract, errors_arrive_by_four_phases_too) {
    std::vector<unsigned char> data(t.length);
    testkit::counting_manager manager;
    auto* p = new tlm::tlm_generic_payload(&manager);
    p->acquire();
    testkit::fill(*p, tlm::TLM_READ_COMMAND, last() - t.length + 2, data.data(), t.length);
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    host.on_backward = [&](tlm::tlm_generic_payload& q, tlm::tlm_phase& phase, sc_core::sc_time&) {
        if (phase == tlm::END_REQ) return tlm::TLM_ACCEPTED;
        status = q.get_response_status();
        q.release();
        return tlm::TLM_COMPLETED;
    };
    testkit::process driver(
        "driver",
        [&] {
            tlm::tlm_phase phase = tlm::BEGIN_REQ;
            sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
            host.path().nb_transport_fw(*p, phase, delay);
        },
        false);
    sc_core::sc_start();
    EXPECT_EQ(status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(manager.freed, 1);
    EXPECT_TRUE(bench->violations().empty());
}

} // namespace contract

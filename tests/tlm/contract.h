#pragma once
/// The contract of every target in this library, as one suite of typed tests.
///
/// A suite is applied to a target by a harness type:
///
///     struct my_target {
///         static constexpr unsigned width = 64;
///         contract::traits traits() const;             // what the target promises
///         tlm::tlm_target_socket<width>& socket();     // the socket under test, not yet bound
///         std::string fingerprint() const;             // changes whenever state, counters or energy change
///     };
///     namespace contract {
///     INSTANTIATE_TYPED_TEST_SUITE_P(my_target, target_contract, my_target);
///     }
///
/// A harness is made anew for each test, each test runs in a process of its own, and a base protocol probe stands
/// between the initiator and the target. Rules that do not apply to a target are left out by its traits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <tests/tlm/contract_fixture.h>

namespace contract {

TYPED_TEST_SUITE_P(target_contract);

TYPED_TEST_P(target_contract, serves_reads_and_writes_outside_any_process) {
    this->elaborate();
    auto written = this->pattern(1);
    tlm::tlm_response_status status;
    EXPECT_GE(this->host.access(tlm::TLM_WRITE_COMMAND, this->t.address, written, &status), 0);
    EXPECT_EQ(status, tlm::TLM_OK_RESPONSE);
    std::vector<unsigned char> read(this->t.length, 0);
    EXPECT_GE(this->host.access(tlm::TLM_READ_COMMAND, this->t.address, read, &status), 0);
    EXPECT_EQ(status, tlm::TLM_OK_RESPONSE);
    if (this->t.keeps_data) {
        EXPECT_EQ(read, written);
    }
}

TYPED_TEST_P(target_contract, serves_from_a_method) {
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    testkit::process method(
        "method",
        [&] {
            auto data = this->pattern(2);
            this->host.access(tlm::TLM_WRITE_COMMAND, this->t.address, data, &status);
            this->host.access(tlm::TLM_READ_COMMAND, this->t.address, data, &status);
        },
        false);
    sc_core::sc_start(1, sc_core::SC_US);
    EXPECT_EQ(status, tlm::TLM_OK_RESPONSE);
}

TYPED_TEST_P(target_contract, never_lowers_the_delay) {
    this->elaborate();
    auto data = this->pattern(3);
    for (const std::int64_t delay_ps : {0ll, 1ll, 999ll, 1000000ll, 100000000000ll})
        for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND, tlm::TLM_IGNORE_COMMAND})
            EXPECT_GE(this->host.access(command, this->t.address, data, nullptr, delay_ps), 0);
    std::vector<unsigned char> far(8);
    EXPECT_GE(this->host.access(tlm::TLM_READ_COMMAND, this->last(), far, nullptr, 5000), 0) << "refused ones too";
}

TYPED_TEST_P(target_contract, always_sets_the_status) {
    this->elaborate();
    std::vector<std::uint64_t> places = {0, 1, this->t.base, this->t.address, this->last(), this->last() - 3};
    if (this->t.base > 0) places.push_back(this->t.base - 1);
    if (this->last() != ~0ull) places.push_back(this->last() + 1);
    places.push_back(~0ull);
    places.push_back(~0ull - 7);
    for (int command = 0; command < 4; ++command)
        for (const std::uint64_t address : places)
            for (const unsigned length : {0u, 1u, 3u, this->t.length, 64u})
                for (const unsigned width : {0u, 1u, length, length + 1})
                    EXPECT_NE(this->status_of(static_cast<tlm::tlm_command>(command), address, length, width),
                              tlm::TLM_INCOMPLETE_RESPONSE);
}

TYPED_TEST_P(target_contract, refuses_addresses_outside_its_range) {
    this->elaborate();
    const unsigned n = this->t.length;
    if (this->t.base > 0) {
        EXPECT_EQ(this->status_of(tlm::TLM_READ_COMMAND, this->t.base - 1, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(this->status_of(tlm::TLM_WRITE_COMMAND, 0, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    if (this->last() != ~0ull) {
        EXPECT_EQ(this->status_of(tlm::TLM_READ_COMMAND, this->last() + 1, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(this->status_of(tlm::TLM_WRITE_COMMAND, this->last() + 1, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(this->status_of(tlm::TLM_READ_COMMAND, ~0ull, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    // Leaves the range, or the address space, on the way.
    EXPECT_EQ(this->status_of(tlm::TLM_READ_COMMAND, this->last() - n + 2, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(this->status_of(tlm::TLM_READ_COMMAND, ~0ull - n + 2, n), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TYPED_TEST_P(target_contract, refuses_empty_and_streaming_bursts) {
    this->elaborate();
    const unsigned n = this->t.length;
    for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
        EXPECT_EQ(this->status_of(command, this->t.address, 0, 0), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(this->status_of(command, this->t.address, 0, 8), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(this->status_of(command, this->t.address, n, n - 1), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(this->status_of(command, this->t.address, n, 1), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(this->status_of(command, this->t.address, n, 0), tlm::TLM_OK_RESPONSE) << "0 means not set";
        EXPECT_EQ(this->status_of(command, this->t.address, n, n + 1), tlm::TLM_OK_RESPONSE);
    }
}

TYPED_TEST_P(target_contract, ignores_ignore_and_refuses_unknown_commands) {
    this->elaborate();
    auto data = this->pattern(4);
    const auto before = data;
    tlm::tlm_response_status status;
    this->host.access(tlm::TLM_IGNORE_COMMAND, this->t.address, data, &status);
    EXPECT_EQ(status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(data, before);
    EXPECT_EQ(this->status_of(static_cast<tlm::tlm_command>(3), this->t.address, this->t.length),
              tlm::TLM_COMMAND_ERROR_RESPONSE);
}

TYPED_TEST_P(target_contract, serves_or_refuses_byte_enables) {
    this->elaborate();
    const unsigned n = this->t.length;
    auto old = this->pattern(5), fresh = this->pattern(6);
    this->host.access(tlm::TLM_WRITE_COMMAND, this->t.address, old);
    unsigned char enables[3] = {TLM_BYTE_ENABLED, TLM_BYTE_DISABLED, TLM_BYTE_DISABLED}; // repeated over the data
    const auto masked = [&](tlm::tlm_command command, std::vector<unsigned char>& data) {
        tlm::tlm_generic_payload p;
        testkit::fill(p, command, this->t.address, data.data(), n);
        p.set_byte_enable_ptr(enables);
        p.set_byte_enable_length(3);
        this->host.transport(p);
        return p.get_response_status();
    };
    if (!this->t.byte_enables) {
        EXPECT_EQ(masked(tlm::TLM_WRITE_COMMAND, fresh), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
        EXPECT_EQ(masked(tlm::TLM_READ_COMMAND, fresh), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
        return;
    }
    EXPECT_EQ(masked(tlm::TLM_WRITE_COMMAND, fresh), tlm::TLM_OK_RESPONSE);
    std::vector<unsigned char> read(n, 0xee);
    EXPECT_EQ(masked(tlm::TLM_READ_COMMAND, read), tlm::TLM_OK_RESPONSE);
    if (!this->t.keeps_data) return;
    for (unsigned i = 0; i < n; ++i) EXPECT_EQ(read[i], i % 3 ? 0xee : fresh[i]) << i;
    this->host.access(tlm::TLM_READ_COMMAND, this->t.address, read);
    for (unsigned i = 0; i < n; ++i) EXPECT_EQ(read[i], i % 3 ? old[i] : fresh[i]) << i;
}

TYPED_TEST_P(target_contract, debug_has_no_side_effects) {
    this->elaborate();
    auto data = this->pattern(7);
    this->host.access(tlm::TLM_WRITE_COMMAND, this->t.address, data);
    const std::string before = this->target.fingerprint();
    std::vector<unsigned char> seen(this->t.length, 0), again(this->t.length, 1);
    tlm::tlm_generic_payload p;
    testkit::fill(p, tlm::TLM_READ_COMMAND, this->t.address, seen.data(), this->t.length);
    EXPECT_EQ(this->host.out->transport_dbg(p), this->t.length) << "the full length";
    p.set_data_ptr(again.data());
    EXPECT_EQ(this->host.out->transport_dbg(p), this->t.length);
    EXPECT_EQ(seen, again);
    if (this->t.keeps_data) {
        EXPECT_EQ(seen, data);
    }
    p.set_address(this->last());
    EXPECT_LE(this->host.out->transport_dbg(p), 1u) << "nothing beyond the range";
    EXPECT_EQ(this->target.fingerprint(), before);
    EXPECT_EQ(sc_core::sc_time_stamp(), sc_core::SC_ZERO_TIME);
    if (!this->t.keeps_data) return;
    auto other = this->pattern(8);
    testkit::fill(p, tlm::TLM_WRITE_COMMAND, this->t.address, other.data(), this->t.length);
    EXPECT_EQ(this->host.out->transport_dbg(p), this->t.length);
    this->host.access(tlm::TLM_READ_COMMAND, this->t.address, seen);
    EXPECT_EQ(seen, other);
}

TYPED_TEST_P(target_contract, grants_dmi_for_plain_storage_only) {
    this->elaborate();
    auto data = this->pattern(9);
    tlm::tlm_generic_payload p;
    testkit::fill(p, tlm::TLM_WRITE_COMMAND, this->t.address, data.data(), this->t.length);
    this->host.transport(p);
    EXPECT_EQ(p.is_dmi_allowed(), this->t.dmi);
    tlm::tlm_dmi dmi;
    testkit::fill(p, tlm::TLM_READ_COMMAND, this->t.address, data.data(), this->t.length);
    ASSERT_EQ(this->host.out->get_direct_mem_ptr(p, dmi), this->t.dmi);
    EXPECT_LE(dmi.get_start_address(), this->t.address);
    EXPECT_GE(dmi.get_end_address(), this->t.address);
    if (!this->t.dmi) return;
    EXPECT_GE(dmi.get_start_address(), this->t.base);
    EXPECT_LE(dmi.get_end_address(), this->last()) << "the end is inclusive";
    // A grant may end before the access does.
    const auto n =
        static_cast<unsigned>(std::min<std::uint64_t>(this->t.length, dmi.get_end_address() - this->t.address + 1));
    data.resize(n);
    unsigned char* there = dmi.get_dmi_ptr() + (this->t.address - dmi.get_start_address());
    EXPECT_EQ(std::vector<unsigned char>(there, there + n), data);
    std::memset(there, 0x5a, n);
    std::vector<unsigned char> read(n);
    this->host.access(tlm::TLM_READ_COMMAND, this->t.address, read);
    EXPECT_EQ(read, std::vector<unsigned char>(n, 0x5a));
    // The far ends of the grant are storage, too.
    dmi.get_dmi_ptr()[0] = 1;
    dmi.get_dmi_ptr()[dmi.get_end_address() - dmi.get_start_address()] = 2;
    tlm::tlm_generic_payload outside;
    testkit::fill(outside, tlm::TLM_READ_COMMAND, this->last() + 1, data.data(), 1);
    if (this->last() != ~0ull) {
        EXPECT_FALSE(this->host.out->get_direct_mem_ptr(outside, dmi));
    }
}

TYPED_TEST_P(target_contract, leaves_unknown_extensions_alone) {
    this->elaborate();
    auto data = this->pattern(10);
    unknown_extension sticky;
    tlm::tlm_generic_payload p;
    testkit::fill(p, tlm::TLM_WRITE_COMMAND, this->t.address, data.data(), this->t.length);
    p.set_extension(&sticky);
    this->host.transport(p);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(p.get_extension<unknown_extension>(), &sticky);
    EXPECT_EQ(sticky.value, 42);
    EXPECT_EQ(p.get_extension<cimtlm::transfer_extension>(), nullptr) << "nothing of ours is left on it";
    p.clear_extension(&sticky);
}

TYPED_TEST_P(target_contract, four_phases_ended_by_return) {
    this->replay(40, TestFixture::ending::completed, true);
    EXPECT_TRUE(this->probe.violations().empty());
}

TYPED_TEST_P(target_contract, four_phases_ended_by_a_call_in_the_call) {
    this->replay(40, TestFixture::ending::call, true);
    EXPECT_TRUE(this->probe.violations().empty());
}

TYPED_TEST_P(target_contract, four_phases_ended_later) {
    this->replay(40, TestFixture::ending::call_later, true);
    EXPECT_TRUE(this->probe.violations().empty());
}

TYPED_TEST_P(target_contract, four_phases_ended_by_an_annotated_return) {
    this->replay(40, TestFixture::ending::updated, true);
    EXPECT_TRUE(this->probe.violations().empty());
}

TYPED_TEST_P(target_contract, four_phases_without_memory_manager) {
    this->replay(40, TestFixture::ending::completed, false);
}

TYPED_TEST_P(target_contract, a_request_may_begin_in_the_future) {
    // One payload sent with an annotated delay: its response comes that much later, and not earlier.
    const std::int64_t finish = this->replay(1, TestFixture::ending::completed, true, 50000);
    auto data = this->pattern(0);
    const std::int64_t latency = this->host.access(tlm::TLM_WRITE_COMMAND, this->t.address, data);
    EXPECT_GE(finish, 50000);
    EXPECT_LE(finish, 50000 + 2 * latency + this->t.request_interval_ps);
}

TYPED_TEST_P(target_contract, errors_arrive_by_four_phases_too) {
    std::vector<unsigned char> data(this->t.length);
    testkit::counting_manager manager;
    auto* p = new tlm::tlm_generic_payload(&manager);
    p->acquire();
    testkit::fill(*p, tlm::TLM_READ_COMMAND, this->last() - this->t.length + 2, data.data(), this->t.length);
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    this->host.on_backward = [&](tlm::tlm_generic_payload& q, tlm::tlm_phase& phase, sc_core::sc_time&) {
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
            this->host.out->nb_transport_fw(*p, phase, delay);
        },
        false);
    sc_core::sc_start();
    EXPECT_EQ(status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(manager.freed, 1);
    EXPECT_TRUE(this->probe.violations().empty());
}

TYPED_TEST_P(target_contract, a_bridge_with_one_request_until_end_req_is_pipelined) {
    const std::int64_t finish = this->replay(64, TestFixture::ending::completed, true, 0, false);
    auto data = this->pattern(11);
    const std::int64_t latency = this->host.access(tlm::TLM_READ_COMMAND, this->t.address, data);
    // One after another would be 64 latencies. A pipelined target needs about one latency and 63 intervals.
    EXPECT_GE(finish, 63 * this->t.request_interval_ps);
    EXPECT_LE(finish, 63 * this->t.request_interval_ps + 2 * latency);
}

REGISTER_TYPED_TEST_SUITE_P(target_contract, serves_reads_and_writes_outside_any_process, serves_from_a_method,
                            never_lowers_the_delay, always_sets_the_status, refuses_addresses_outside_its_range,
                            refuses_empty_and_streaming_bursts, ignores_ignore_and_refuses_unknown_commands,
                            serves_or_refuses_byte_enables, debug_has_no_side_effects,
                            grants_dmi_for_plain_storage_only, leaves_unknown_extensions_alone,
                            four_phases_ended_by_return, four_phases_ended_by_a_call_in_the_call,
                            four_phases_ended_later, four_phases_ended_by_an_annotated_return,
                            four_phases_without_memory_manager, a_request_may_begin_in_the_future,
                            errors_arrive_by_four_phases_too, a_bridge_with_one_request_until_end_req_is_pipelined);

} // namespace contract

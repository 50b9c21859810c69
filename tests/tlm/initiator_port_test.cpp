/// Does a port report what came of a transfer, without data and with, and who is at fault when it fails?
#include <cimtlm/tlm/initiator_port.h>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include <tlm_utils/simple_target_socket.h>

#include "initiator.h"

namespace {

using namespace cimtlm;

/// Answers with a function of the test's.
template <unsigned W> struct any_target : sc_core::sc_module {
    tlm_utils::simple_target_socket<any_target, W> in;
    std::function<void(tlm::tlm_generic_payload&, sc_core::sc_time&)> answer;
    explicit any_target(const sc_core::sc_module_name& name)
        : sc_core::sc_module(name)
        , in("in") {
        in.register_b_transport(this, &any_target::b_transport);
    }
    void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& d) { answer(p, d); }
};

template <unsigned W> struct bench {
    bench() { host.out.bind(target.in); }
    testkit::initiator<W> host{"host"};
    any_target<W> target{"target"};
    initiator_port<W> port{host.out, 5};
};

template <unsigned W> void check_request() {
    bench<W> b;
    b.target.answer = [](tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
        EXPECT_EQ(delay, sc_core::SC_ZERO_TIME) << "transfers start at zero local offset";
        EXPECT_TRUE(p.has_mm());
        EXPECT_NE(p.get_data_ptr(), nullptr) << "also when only time counts";
        p.get_data_ptr()[p.get_data_length() - 1] = 1; // the scratch buffer is as long as the burst
        EXPECT_EQ(p.get_streaming_width(), p.get_data_length());
        EXPECT_EQ(p.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
        EXPECT_FALSE(p.is_dmi_allowed());
        auto* e = p.get_extension<transfer_extension>();
        ASSERT_NE(e, nullptr);
        EXPECT_EQ(e->initiator, 5);
        EXPECT_EQ(e->operand, operand_b);
        EXPECT_EQ(e->kind, transfer_kind::fill);
        EXPECT_EQ(e->segment_bytes, 64u);
        EXPECT_EQ(e->stride_bytes, 256u);
        EXPECT_EQ(e->queue_ps + e->row_ps + e->refresh_ps + e->service_ps + e->stretch_ps, 0) << "cleared";
        e->queue_ps = 1;
        e->row_ps = 2;
        e->refresh_ps = 3;
        e->service_ps = 4;
        e->stretch_ps = 5;
        p.set_dmi_allowed(true);
        p.set_response_status(tlm::TLM_OK_RESPONSE);
        delay += sc_core::sc_time(12345, sc_core::SC_PS);
    };
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (const std::uint64_t bytes : {256u, 1u << 20, 512u}) {
        transfer_request r;
        r.command = tlm::TLM_WRITE_COMMAND;
        r.address = 0x1234;
        r.bytes = bytes;
        r.operand = operand_b;
        r.kind = transfer_kind::fill;
        r.segment_bytes = 64;
        r.stride_bytes = 256;
        const transfer_result result = b.port.transfer(r);
        EXPECT_TRUE(result.ok());
        EXPECT_EQ(result.delay_ps, 12345);
        EXPECT_EQ(result.queue_ps, 1);
        EXPECT_EQ(result.row_ps, 2);
        EXPECT_EQ(result.refresh_ps, 3);
        EXPECT_EQ(result.service_ps, 4);
    }
}

TEST(initiator_port, requests_and_results_32) { check_request<32>(); }
TEST(initiator_port, requests_and_results_64) { check_request<64>(); }

TEST(initiator_port, carries_data_when_given) {
    bench<64> b;
    std::vector<unsigned char> data(100, 3);
    b.target.answer = [&](tlm::tlm_generic_payload& p, sc_core::sc_time&) {
        EXPECT_EQ(p.get_data_ptr(), data.data());
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    };
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    transfer_request r;
    r.bytes = data.size();
    r.data = data.data();
    EXPECT_TRUE(b.port.transfer(r).ok());
}

TEST(initiator_port, an_error_is_fatal_and_names_who_and_where) {
    bench<64> b;
    b.target.answer = [](tlm::tlm_generic_payload& p, sc_core::sc_time&) {
        p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    };
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    transfer_request r;
    r.address = 0xdead0;
    r.bytes = 48;
    EXPECT_EQ(b.port.transfer(r, on_error::return_status).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    try {
        b.port.transfer(r);
        FAIL() << "expected a report";
    } catch (const sc_core::sc_report& report) {
        const std::string text = report.get_msg();
        EXPECT_EQ(report.get_severity(), sc_core::SC_FATAL);
        for (const char* part : {"host.out", "read", "48 bytes", "0xdead0", "TLM_ADDRESS_ERROR_RESPONSE"})
            EXPECT_NE(text.find(part), std::string::npos) << part << " in: " << text;
    }
    EXPECT_TRUE(b.port.transfer({}, on_error::return_status).status == tlm::TLM_ADDRESS_ERROR_RESPONSE)
        << "usable after an error";
}

TEST(initiator_port, a_burst_longer_than_a_payload_is_refused) {
    bench<64> b;
    b.target.answer = [](tlm::tlm_generic_payload&, sc_core::sc_time&) { FAIL() << "must not arrive"; };
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    transfer_request r;
    r.bytes = std::uint64_t{1} << 32;
    EXPECT_EQ(b.port.transfer(r, on_error::return_status).status, tlm::TLM_BURST_ERROR_RESPONSE);
}

TEST(payload_pool, reuses_what_nobody_holds) {
    payload_pool pool;
    pooled_payload& first = pool.take();
    pooled_payload& second = pool.take();
    EXPECT_NE(&first, &second);
    first.acquire(); // a target keeps it
    first.release();
    EXPECT_NE(&pool.take(), &first);
    first.release();
    EXPECT_EQ(&pool.take(), &first);
    EXPECT_EQ(pool.size(), 3u);
}

} // namespace

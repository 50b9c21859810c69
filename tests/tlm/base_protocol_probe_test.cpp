/// Does the probe see violations, and only them?
#include <cimtlm/tlm/base_protocol_probe.h>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "initiator.h"

namespace {

using namespace cimtlm;

/// Behaves as a test says.
struct puppet : sc_core::sc_module {
    tlm_utils::simple_target_socket<puppet, 64> in;
    std::function<void(tlm::tlm_generic_payload&, sc_core::sc_time&)> blocking;
    std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&)> forward;
    explicit puppet(const sc_core::sc_module_name& name)
        : sc_core::sc_module(name)
        , in("in") {
        in.register_b_transport(this, &puppet::b_transport);
        in.register_nb_transport_fw(this, &puppet::nb_transport_fw);
    }
    void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& d) { blocking(p, d); }
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
        return forward ? forward(p, phase, d) : tlm::TLM_ACCEPTED;
    }
};

class probe_test : public testing::Test {
public:
    probe_test()
        : host("host")
        , probe("probe")
        , target("target") {
        host.out.bind(probe.in);
        probe.out.bind(target.in);
        testkit::fill(p, tlm::TLM_READ_COMMAND, 0x10, data, 4);
        testkit::fill(q, tlm::TLM_READ_COMMAND, 0x20, data, 4);
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    }

protected:
    void blocking(std::function<void(tlm::tlm_generic_payload&, sc_core::sc_time&)> behaviour, double delay_ps = 0) {
        target.blocking = std::move(behaviour);
        sc_core::sc_time delay(delay_ps, sc_core::SC_PS);
        host.out->b_transport(p, delay);
    }
    tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase phase, double delay_ps = 0) {
        sc_core::sc_time delay(delay_ps, sc_core::SC_PS);
        return host.out->nb_transport_fw(payload, phase, delay);
    }
    tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase phase, double delay_ps = 0) {
        if (phase == tlm::BEGIN_RESP) payload.set_response_status(tlm::TLM_OK_RESPONSE);
        sc_core::sc_time delay(delay_ps, sc_core::SC_PS);
        return target.in->nb_transport_bw(payload, phase, delay);
    }
    void expect(const std::vector<std::string>& violations) { EXPECT_EQ(probe.violations(), violations); }

    testkit::counting_manager manager;
    unsigned char data[8] = {};
    tlm::tlm_generic_payload p{&manager}, q{&manager};
    testkit::initiator<> host;
    base_protocol_probe<> probe;
    puppet target;
};

TEST_F(probe_test, a_proper_blocking_transport) {
    blocking([](auto& payload, auto& delay) {
        delay += sc_core::sc_time(1, sc_core::SC_NS);
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    });
    expect({});
    EXPECT_EQ(probe.transactions(), 1u);
}

TEST_F(probe_test, a_lowered_delay_and_a_missing_status) {
    blocking([](auto&, auto& delay) { delay = sc_core::SC_ZERO_TIME; }, 5);
    expect({"target: b_transport lowered the delay", "target: b_transport left the status TLM_INCOMPLETE_RESPONSE"});
}

TEST_F(probe_test, changed_attributes) {
    blocking([](auto& payload, auto&) {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        payload.set_address(0);
        payload.set_data_length(1);
        payload.set_command(tlm::TLM_WRITE_COMMAND);
    });
    expect({"target: command changed", "target: address changed", "target: data length changed"});
}

TEST_F(probe_test, a_bad_begin) {
    p.set_response_status(tlm::TLM_OK_RESPONSE);
    p.set_data_ptr(nullptr);
    p.set_dmi_allowed(true);
    blocking([](auto&, auto&) {});
    expect({"initiator: response status not TLM_INCOMPLETE_RESPONSE at the begin",
            "initiator: DMI hint set at the begin", "initiator: null data pointer"});
}

TEST_F(probe_test, proper_four_phases) {
    forward(p, tlm::BEGIN_REQ);
    backward(p, tlm::END_REQ, 10);
    forward(q, tlm::BEGIN_REQ, 20);
    backward(p, tlm::BEGIN_RESP, 30);
    forward(p, tlm::END_RESP, 40);
    backward(q, tlm::BEGIN_RESP, 50); // implies END_REQ
    forward(q, tlm::END_RESP, 50);
    forward(p, tlm::BEGIN_REQ, 60); // reused
    expect({"initiator: response status not TLM_INCOMPLETE_RESPONSE at the begin"});
}

TEST_F(probe_test, exclusion_of_requests_and_of_responses) {
    forward(p, tlm::BEGIN_REQ);
    forward(q, tlm::BEGIN_REQ);
    backward(p, tlm::END_REQ);
    backward(q, tlm::END_REQ);
    backward(p, tlm::BEGIN_RESP);
    backward(q, tlm::BEGIN_RESP);
    expect({"initiator: BEGIN_REQ before END_REQ of the request before",
            "target: BEGIN_RESP before END_RESP of the response before"});
}

TEST_F(probe_test, phases_out_of_order_and_on_the_wrong_path) {
    backward(p, tlm::END_REQ);
    forward(q, tlm::BEGIN_REQ);
    forward(q, tlm::END_RESP);
    expect({"target: END_REQ of a transaction that is not in flight", "initiator: END_RESP after BEGIN_REQ"});
}

TEST_F(probe_test, times_that_decrease) {
    forward(p, tlm::BEGIN_REQ, 100);
    backward(p, tlm::END_REQ, 99);
    expect({"target: time decreases at END_REQ"});
}

TEST_F(probe_test, returns_that_do_not_fit) {
    target.forward = [](auto&, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
        phase = tlm::END_REQ;
        delay += sc_core::sc_time(1, sc_core::SC_PS);
        return tlm::TLM_ACCEPTED;
    };
    forward(p, tlm::BEGIN_REQ);
    target.forward = [](auto&, tlm::tlm_phase&, sc_core::sc_time&) { return tlm::TLM_COMPLETED; };
    backward(p, tlm::END_REQ);
    forward(q, tlm::BEGIN_REQ);
    expect({"target: phase changed with TLM_ACCEPTED", "target: delay changed with TLM_ACCEPTED",
            "target: transaction completed with TLM_INCOMPLETE_RESPONSE"});
}

TEST_F(probe_test, a_phase_returned_with_updated_counts) {
    target.forward = [](auto& payload, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        phase = tlm::BEGIN_RESP;
        delay += sc_core::sc_time(1, sc_core::SC_PS);
        return tlm::TLM_UPDATED;
    };
    forward(p, tlm::BEGIN_REQ);
    target.forward = nullptr;
    forward(p, tlm::END_RESP, 1);
    expect({});
}

TEST_F(probe_test, a_payload_without_memory_manager) {
    tlm::tlm_generic_payload bare;
    testkit::fill(bare, tlm::TLM_READ_COMMAND, 0, data, 4);
    forward(bare, tlm::BEGIN_REQ);
    expect({"initiator: BEGIN_REQ without memory manager"});
}

} // namespace

#pragma once
/// The cases of the contract of a target about what foreign hosts do to payloads: memory managers or none, extensions
/// that nobody here knows, addresses that a bus rewrites at any time, one payload again and again, no data pointer; and
/// the replay of gem5's bridge with its simulated time checked.
#include <tests/tlm/contract.h>

namespace contract {

/// Counts those that live.
struct counted_extension : tlm::tlm_extension<counted_extension> {
    static inline int alive = 0;
    counted_extension() { ++alive; }
    ~counted_extension() override { --alive; }
    tlm::tlm_extension_base* clone() const override { return new counted_extension; }
    void copy_from(const tlm::tlm_extension_base&) override {}
};

TEST_P(foreign_host_contract, managed_payloads_are_given_back) {
    elaborate();
    auto data = pattern(1);
    for (const auto command : {tlm::TLM_WRITE_COMMAND, tlm::TLM_READ_COMMAND, tlm::TLM_IGNORE_COMMAND}) {
        managed_payload p;
        fill(*p, command, data);
        host.transport(*p);
        EXPECT_EQ(p->get_response_status(), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(p->get_ref_count(), 1) << "no pointer is kept after the call";
        EXPECT_EQ(p.manager.freed, 0);
    }
    if (t.keeps_data) {
        EXPECT_EQ(data, pattern(1));
    }
}

TEST_P(foreign_host_contract, time_does_not_depend_on_who_manages_the_payload) {
    elaborate();
    auto data = pattern(2);
    tlm::tlm_generic_payload own;
    std::int64_t times[4];
    for (auto& time : times) {
        const auto round = &time - times;
        managed_payload managed;
        auto& p = round % 2 ? *managed : own;
        fill(p, tlm::TLM_READ_COMMAND, data);
        unknown_extension sticky;
        if (round >= 2) p.set_extension(&sticky);
        time = host.transport(p, (round + 1) * 1000000); // ports are free again
        p.clear_extension(&sticky);
    }
    EXPECT_EQ(times[1], times[2]) << "nor on extensions that nobody knows";
    EXPECT_EQ(times[2], times[3]);
}

TEST_P(foreign_host_contract, leaves_unknown_extensions_alone) {
    elaborate();
    auto data = pattern(10);
    for (const auto command : {tlm::TLM_WRITE_COMMAND, tlm::TLM_READ_COMMAND}) {
        unknown_extension sticky;
        {
            managed_payload p;
            fill(*p, command, data);
            p->set_extension(&sticky);
            auto* automatic = new counted_extension;
            p->set_auto_extension(automatic);
            host.transport(*p);
            EXPECT_EQ(p->get_response_status(), tlm::TLM_OK_RESPONSE);
            EXPECT_EQ(p->get_extension<unknown_extension>(), &sticky);
            EXPECT_EQ(p->get_extension<counted_extension>(), automatic);
            EXPECT_EQ(sticky.value, 42);
            EXPECT_EQ(p->get_extension<cimtlm::transfer_extension>(), nullptr) << "nothing of ours is left";
            EXPECT_EQ(counted_extension::alive, 1);
            p->reset();
            EXPECT_EQ(counted_extension::alive, 0) << "freed with the transaction, by whoever manages it";
            p->clear_extension(&sticky);
        }
        tlm::tlm_generic_payload p;
        fill(p, command, data);
        p.set_extension(&sticky);
        host.transport(p);
        EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(p.get_extension<unknown_extension>(), &sticky);
        EXPECT_EQ(p.get_extension<cimtlm::transfer_extension>(), nullptr);
        p.clear_extension(&sticky);
    }
}

TEST_P(foreign_host_contract, leaves_unknown_extensions_alone_in_four_phases) {
    auto data = pattern(11);
    unknown_extension sticky;
    managed_payload p;
    fill(*p, tlm::TLM_WRITE_COMMAND, data);
    p->set_extension(&sticky);
    p->set_auto_extension(new counted_extension);
    send({p.payload}, 1000, [&](tlm::tlm_generic_payload& q, tlm::tlm_phase_enum) {
        EXPECT_EQ(q.get_extension<unknown_extension>(), &sticky);
        EXPECT_NE(q.get_extension<counted_extension>(), nullptr);
        EXPECT_EQ(q.get_extension<cimtlm::transfer_extension>(), nullptr);
    });
    EXPECT_EQ(p->get_response_status(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(p->get_ref_count(), 1) << "no pointer is kept after END_RESP";
    p->clear_extension(&sticky);
    p->reset();
    EXPECT_EQ(counted_extension::alive, 0);
}

TEST_P(foreign_host_contract, an_address_may_be_rewritten_after_the_call) {
    check_rewritten(rewritten::after_the_call);
}

TEST_P(foreign_host_contract, an_address_may_be_rewritten_at_end_req) { check_rewritten(rewritten::at_end_req); }

TEST_P(foreign_host_contract, an_address_may_be_rewritten_at_begin_resp) { check_rewritten(rewritten::at_begin_resp); }

TEST_P(foreign_host_contract, one_payload_serves_again_and_again) {
    auto first = pattern(30), second = pattern(31), read = pattern(32);
    managed_payload p;
    // From response to request in one go, as hosts with a pool of one do.
    int round = 0;
    const auto next = [&] {
        const tlm::tlm_command commands[] = {tlm::TLM_WRITE_COMMAND, tlm::TLM_WRITE_COMMAND, tlm::TLM_READ_COMMAND};
        std::vector<unsigned char>* const data[] = {&first, &second, &read};
        fill(*p, commands[round % 3], *data[round % 3]);
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
        EXPECT_EQ(host.path().nb_transport_fw(*p, phase, delay), tlm::TLM_ACCEPTED);
    };
    sc_core::sc_event again;
    host.on_backward = [&](tlm::tlm_generic_payload& q, tlm::tlm_phase& phase, sc_core::sc_time&) {
        if (phase == tlm::END_REQ) return tlm::TLM_ACCEPTED;
        EXPECT_EQ(q.get_response_status(), tlm::TLM_OK_RESPONSE) << round;
        ++round;
        again.notify(sc_core::SC_ZERO_TIME);
        return tlm::TLM_COMPLETED;
    };
    testkit::process driver(
        "driver",
        [&] {
            while (round < 30) {
                next();
                sc_core::wait(again);
            }
        },
        true);
    sc_core::sc_start();
    EXPECT_EQ(round, 30);
    EXPECT_EQ(p->get_ref_count(), 1);
    if (t.keeps_data) {
        EXPECT_EQ(read, second);
    }
    EXPECT_TRUE(bench->violations().empty());
}

TEST_P(foreign_host_contract, a_missing_data_pointer_is_answered) {
    elaborate();
    for (const auto command : {tlm::TLM_WRITE_COMMAND, tlm::TLM_READ_COMMAND, tlm::TLM_IGNORE_COMMAND}) {
        tlm::tlm_generic_payload p;
        testkit::fill(p, command, t.address, nullptr, t.length);
        host.transport(p);
        EXPECT_NE(p.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
        if (t.keeps_data && command != tlm::TLM_IGNORE_COMMAND) {
            EXPECT_EQ(p.get_response_status(), tlm::TLM_GENERIC_ERROR_RESPONSE);
        }
        EXPECT_EQ(host.path().transport_dbg(p), 0u);
    }
}

// One request outstanding until END_REQ or BEGIN_RESP, 64 reads: the time is that of the slowest port and one latency,
// not 64 latencies, which a target behind the standard's adapter takes.
TEST_P(foreign_host_contract, gem5s_bridge_takes_the_predicted_time) {
    const std::int64_t finish = replay(64, ending::completed, true, 0, false);
    const std::int64_t pace = t.pace_ps();
    auto data = pattern(11);
    const std::int64_t latency = std::max(host.access(tlm::TLM_READ_COMMAND, t.address, data), t.request_interval_ps);
    const std::int64_t predicted = 63 * pace + latency + t.first_extra_ps;
    EXPECT_GE(finish, predicted - predicted / 10);
    EXPECT_LE(finish, predicted + predicted / 10);
    if (latency > 2 * pace) {
        EXPECT_LT(finish, 64 * latency * 6 / 10) << "pipelined";
    }
    EXPECT_TRUE(bench->violations().empty());
}

} // namespace contract

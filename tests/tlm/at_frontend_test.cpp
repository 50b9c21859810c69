/// Does the front-end keep the times and the exclusion rules of the base protocol?
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/base_protocol_probe.h>

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <vector>

#include "initiator.h"

namespace {

using namespace cimtlm;
using testkit::now_ps;

/// A target that answers after what `latency_ps` says for an address.
struct target : sc_core::sc_module {
    tlm_utils::simple_target_socket<target, 64> in;
    std::function<std::int64_t(std::uint64_t)> latency_ps;
    at_frontend frontend;

    target(const sc_core::sc_module_name& name, std::int64_t interval_ps)
        : sc_core::sc_module(name)
        , in("in")
        , latency_ps([](std::uint64_t) { return 20000; })
        , frontend(
              "frontend", [this](tlm::tlm_generic_payload& p, sc_core::sc_time& d) { b_transport(p, d); },
              [this](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
                  return in->nb_transport_bw(p, phase, d);
              },
              interval_ps) {
        in.register_b_transport(this, &target::b_transport);
        in.register_nb_transport_fw(this, &target::nb_transport_fw);
    }
    void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
        delay += sc_core::sc_time(static_cast<double>(latency_ps(p.get_address())), sc_core::SC_PS);
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
        return frontend.nb_transport_fw(p, phase, d);
    }
};

struct bench {
    explicit bench(std::int64_t interval_ps)
        : t("target", interval_ps) {
        host.out.bind(probe.in);
        probe.out.bind(t.in);
    }
    /// Sends a request now, whatever the rules say.
    void send(std::uint64_t address, std::int64_t delay_ps = 0) {
        auto* p = new tlm::tlm_generic_payload(&manager);
        p->acquire();
        testkit::fill(*p, tlm::TLM_READ_COMMAND, address, data, 4);
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        sc_core::sc_time delay(static_cast<double>(delay_ps), sc_core::SC_PS);
        EXPECT_EQ(host.out->nb_transport_fw(*p, phase, delay), tlm::TLM_ACCEPTED);
    }
    /// Answers responses at once and records (address, time) of END_REQ and BEGIN_RESP.
    void record(std::function<void()> on_end_req = {}) {
        host.on_backward = [this, on_end_req](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time&) {
            (phase == tlm::END_REQ ? requests : responses).push_back({p.get_address(), now_ps()});
            if (phase == tlm::END_REQ) {
                if (on_end_req) on_end_req();
                return tlm::TLM_ACCEPTED;
            }
            p.release();
            return tlm::TLM_COMPLETED;
        };
    }
    void run(std::function<void()> body) {
        driver.emplace_back("driver", std::move(body), true);
        sc_core::sc_start();
    }
    using events = std::vector<std::pair<std::uint64_t, std::int64_t>>;
    events requests, responses;
    unsigned char data[4] = {};
    testkit::counting_manager manager;
    target t;
    testkit::initiator<> host{"host"};
    base_protocol_probe<> probe{"probe"};
    std::deque<testkit::process> driver;
};

TEST(at_frontend, replay_of_a_bridge_takes_63_intervals_and_one_latency) {
    bench b(1000);
    std::uint64_t next = 0;
    b.record([&] {
        if (next < 64) b.send(next++);
    });
    b.run([&] { b.send(next++); });
    ASSERT_EQ(b.responses.size(), 64u);
    EXPECT_EQ(b.responses.back().second, 83000) << "and not 1280 ns";
    EXPECT_EQ(b.requests.front().second, 1000);
    EXPECT_EQ(b.requests.back().second, 64000);
    EXPECT_TRUE(b.probe.violations().empty());
    EXPECT_EQ(b.manager.freed, 64);
    EXPECT_EQ(b.t.frontend.outstanding(), 0u);
    EXPECT_EQ(b.t.frontend.waiting_for(), "");
}

TEST(at_frontend, an_interval_of_zero_accepts_all_at_once) {
    bench b(0);
    std::uint64_t next = 0;
    b.record([&] {
        if (next < 64) b.send(next++);
    });
    b.run([&] { b.send(next++); });
    ASSERT_EQ(b.responses.size(), 64u);
    EXPECT_EQ(b.responses.back().second, 20000);
    EXPECT_TRUE(b.probe.violations().empty());
}

TEST(at_frontend, responses_come_at_completion_and_equal_ones_in_the_order_of_arrival) {
    bench b(1000);
    b.t.latency_ps = [](std::uint64_t a) -> std::int64_t { return a == 0 ? 50000 : a == 1 ? 5000 : 48000; };
    std::uint64_t next = 0;
    b.record([&] {
        if (next < 3) b.send(next++);
    });
    b.run([&] { b.send(next++); });
    EXPECT_EQ(b.responses, (bench::events{{1, 6000}, {0, 50000}, {2, 50000}}));
}

TEST(at_frontend, a_response_at_the_end_of_its_request_ends_it) {
    bench b(10000);
    b.t.latency_ps = [](std::uint64_t) { return 0; };
    b.record();
    b.run([&] { b.send(0); });
    EXPECT_TRUE(b.requests.empty())
        << "gem5 takes the last call of a moment first: END_REQ would come after the response";
    EXPECT_EQ(b.responses, (bench::events{{0, 10000}}));
    EXPECT_TRUE(b.probe.violations().empty());
}

TEST(at_frontend, a_begin_in_the_future_is_honoured) {
    bench b(1000);
    b.record();
    b.run([&] { b.send(0, 7000); });
    EXPECT_EQ(b.requests, (bench::events{{0, 8000}}));
    EXPECT_EQ(b.responses, (bench::events{{0, 27000}}));
}

TEST(at_frontend, requests_that_break_the_exclusion_rule_are_served_one_after_another) {
    bench b(1000);
    b.record();
    b.run([&] {
        for (std::uint64_t a = 0; a < 5; ++a) b.send(a);
    });
    ASSERT_EQ(b.responses.size(), 5u);
    EXPECT_EQ(b.responses.back().second, 24000);
    EXPECT_EQ(b.probe.violations_of("initiator").size(), 4u) << "the probe sees it";
    EXPECT_TRUE(b.probe.violations_of("target").empty());
}

TEST(at_frontend, one_response_at_a_time_and_a_reason_for_a_standstill) {
    bench b(1000);
    std::vector<tlm::tlm_generic_payload*> held;
    std::uint64_t next = 0;
    b.host.on_backward = [&](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time&) {
        if (phase == tlm::END_REQ) {
            if (next < 3) b.send(next++);
        } else {
            held.push_back(&p);
        }
        return tlm::TLM_ACCEPTED;
    };
    b.run([&] { b.send(next++); });
    EXPECT_EQ(held.size(), 1u) << "the others wait for END_RESP";
    EXPECT_EQ(b.t.frontend.outstanding(), 3u);
    EXPECT_EQ(b.t.frontend.waiting_for(), "3 non-blocking requests in flight, one waits for END_RESP");
    for (std::size_t i = 0; i < 3; ++i) {
        tlm::tlm_phase phase = tlm::END_RESP;
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
        ASSERT_EQ(held.size(), i + 1);
        EXPECT_EQ(b.host.out->nb_transport_fw(*held[i], phase, delay), tlm::TLM_COMPLETED);
        held[i]->release();
        sc_core::sc_start(1, sc_core::SC_NS);
    }
    EXPECT_EQ(b.t.frontend.outstanding(), 0u);
    EXPECT_EQ(b.manager.freed, 3);
    EXPECT_TRUE(b.probe.violations().empty());
}

TLM_DECLARE_EXTENDED_PHASE(foreign);

TEST(at_frontend, phases_of_other_protocols_are_ignored) {
    bench b(1000);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    tlm::tlm_generic_payload p;
    tlm::tlm_phase phase(foreign);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    EXPECT_EQ(b.host.out->nb_transport_fw(p, phase, delay), tlm::TLM_ACCEPTED);
    phase = tlm::END_RESP;
    EXPECT_EQ(b.t.nb_transport_fw(p, phase, delay), tlm::TLM_COMPLETED) << "of a response that is not there";
    EXPECT_EQ(b.t.frontend.outstanding(), 0u);
}

} // namespace

#pragma once
/// The cases of the contract of an initiator; initiator_contract.h tells how it is applied. In every one of them the
/// memory looks whether payloads are complete: a data pointer, a streaming width of the length, no byte enables, status
/// INCOMPLETE, no hint left over, a memory manager where calls do not block.
#include <tests/tlm/initiator_contract.h>

namespace contract {

/// SC_REPORT_FATAL is noted, and the process goes on.
struct noted_fatals {
    static inline std::vector<std::string> texts;
    noted_fatals() {
        texts.clear();
        sc_core::sc_report_handler::set_handler(
            [](const sc_core::sc_report& report, const sc_core::sc_actions& actions) {
                if (report.get_severity() == sc_core::SC_FATAL)
                    texts.push_back(report.get_msg());
                else
                    sc_core::sc_report_handler::default_handler(report, actions);
            });
    }
    ~noted_fatals() { sc_core::sc_report_handler::set_handler(nullptr); }
};

inline void initiator_contract::run_refused() {
    const noted_fatals fatals;
    run();
    if (t.on_refusal == initiator_traits::refusal::told) {
        EXPECT_TRUE(noted_fatals::texts.empty());
        EXPECT_NE(bench->errors(), "") << "a refusal is told";
        return;
    }
    ASSERT_FALSE(noted_fatals::texts.empty()) << "a refusal is a report";
    EXPECT_NE(noted_fatals::texts[0].find(bench->socket_name()), std::string::npos) << noted_fatals::texts[0];
}

TEST_P(initiator_contract, finishes_on_a_plain_memory) { run_to_the_end(); }

TEST_P(initiator_contract, finishes_on_a_memory_without_latency) {
    memory.latency_ps = [](std::uint64_t) { return 0; };
    run_to_the_end();
}

TEST_P(initiator_contract, takes_large_delays) {
    memory.latency_ps = [](std::uint64_t) { return 20000000; };
    run_to_the_end();
    EXPECT_GE(testkit::now_ps(), seen.last_ps);
}

TEST_P(initiator_contract, takes_responses_that_overtake_each_other) {
    memory.latency_ps = [](std::uint64_t n) { return static_cast<std::int64_t>(n * 7919 % 101) * 1000; };
    run_to_the_end();
}

TEST_P(initiator_contract, lets_targets_wait) {
    if (!t.lets_targets_wait) GTEST_SKIP() << "documented as not";
    memory.waits = true;
    memory.latency_ps = [](std::uint64_t n) { return static_cast<std::int64_t>(n * 7919 % 101) * 1000; };
    run_to_the_end();
}

TEST_P(initiator_contract, lets_targets_yield) {
    if (!t.lets_targets_wait) GTEST_SKIP() << "documented as not";
    memory.waits = true; // for no time: a delta cycle
    memory.latency_ps = [](std::uint64_t) { return 0; };
    run_to_the_end();
}

TEST_P(initiator_contract, does_not_need_its_extension_to_be_known) {
    memory.copies = true;
    run_to_the_end();
}

TEST_P(initiator_contract, leaves_alone_what_a_target_holds) {
    memory.holds = true;
    run_to_the_end();
}

TEST_P(initiator_contract, takes_invalidations_of_direct_memory_access) {
    memory.invalidates = true;
    run_to_the_end();
}

TEST_P(initiator_contract, tells_a_refusal_of_the_first_transfer) {
    memory.answer = [](std::uint64_t n) { return n == 0 ? tlm::TLM_ADDRESS_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE; };
    run_refused();
}

TEST_P(initiator_contract, tells_a_refusal_of_a_later_transfer) {
    memory.answer = [n_refused = t.least_transfers - 1](std::uint64_t n) {
        return n == n_refused ? tlm::TLM_GENERIC_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
    };
    run_refused();
}

TEST_P(initiator_contract, tells_refusals_of_all_transfers) {
    memory.answer = [](std::uint64_t n) {
        const tlm::tlm_response_status all[] = {tlm::TLM_COMMAND_ERROR_RESPONSE, tlm::TLM_BURST_ERROR_RESPONSE,
                                                tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE};
        return all[n % 3];
    };
    run_refused();
}

// A target that forgets to set the status has not served; some foreign memories leave all as they found it and have.
TEST_P(initiator_contract, knows_what_an_incomplete_response_means) {
    memory.answer = [](std::uint64_t n) { return n == 0 ? tlm::TLM_INCOMPLETE_RESPONSE : tlm::TLM_OK_RESPONSE; };
    if (t.incomplete_is_served)
        run_to_the_end();
    else
        run_refused();
}

} // namespace contract

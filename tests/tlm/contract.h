#pragma once
/// The contract of every target in this library, as two suites of parameterised tests: target_contract
/// (contract_cases.h) and foreign_host_contract (foreign_host_cases.h, what foreign hosts do to payloads).
///
/// They are applied to a target by a harness type:
///
///     struct my_target {
///         static constexpr unsigned width = 64;
///         contract::traits traits() const;             // what the target promises
///         tlm::tlm_target_socket<width>& socket();     // the socket under test, not yet bound
///         std::string fingerprint() const;             // changes whenever state, counters or energy change
///     };
///     CIMTLM_TARGET_CONTRACT(my_target); // at namespace scope, outside unnamed ones
///
/// The cases do not depend on the harness: one file of each test program includes both headers of cases.
/// A harness is made anew for each test, each test runs in a process of its own, and a base protocol probe stands
/// between the initiator and the target. Rules that do not apply to a target are left out by its traits.
#include <tests/tlm/contract_fixture.h>

#define CIMTLM_TARGET_CONTRACT(harness)                                                                                \
    namespace contract {                                                                                               \
    INSTANTIATE_TEST_SUITE_P(harness, target_contract, testing::Values(factory_of<harness>(#harness)));                \
    INSTANTIATE_TEST_SUITE_P(harness, foreign_host_contract, testing::Values(factory_of<harness>(#harness)));          \
    }                                                                                                                  \
    static_assert(true)

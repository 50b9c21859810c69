#pragma once
/// A bare macro with a host that reads and writes as a driver does.
#include <cimtlm/modules/crossbar_macro.h>

#include <cim_registers.h>

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "register_host.h"
#include "study_machines.h"

namespace macro_bench {

using namespace cimtlm;

constexpr double cycle_ps = 1000;

/// Everything is small and different from everything else: 5 of 15 rows, 3 of 6 columns in a step.
inline published_macro_parameters small_macro() {
    published_macro_parameters p;
    p.name = "small";
    p.rows_parallel = 5;
    p.columns_parallel = 3;
    p.rows_held = 3;
    p.columns_held = 2;
    p.latency_ps = 7000;
    p.mac_energy_pj = 0.25;
    p.write_energy_pj_per_byte = 2;
    p.write_bytes_per_cycle = 2;
    return p;
}

/// A bare macro and its host.
template <unsigned W = 32> struct bench : testkit::register_host<W> {
    ledger energy;
    crossbar_macro<W> macro;

    explicit bench(const published_macro_parameters& p = small_macro(), std::uint64_t base_address = 0,
                   const sc_core::sc_module_name& name = "bare")
        : testkit::register_host<W>(name, base_address)
        , macro("macro", p, cycle_ps, energy, base_address) {
        this->connect(macro);
    }

    std::uint64_t weights() { return this->peek(CIM_MACRO_WEIGHT_OFFSET); }
    std::uint64_t inputs() { return this->peek(CIM_MACRO_INPUT_OFFSET); }
    std::uint64_t outputs() { return this->peek(CIM_MACRO_OUTPUT_OFFSET); }
    void start(std::uint32_t rows, std::uint32_t columns, bool accumulate = false) {
        this->set(CIM_MACRO_ROWS_USED, rows);
        this->set(CIM_MACRO_COLUMNS_USED, columns);
        this->set(CIM_MACRO_CONTROL, CIM_MACRO_CONTROL_START | (accumulate ? CIM_MACRO_CONTROL_ACCUMULATE : 0));
    }
    /// Lets the host's time pass until the product has ended.
    void await() { testkit::register_host<W>::await(macro.model().end_ps()); }
    bool busy() { return (this->get(CIM_MACRO_STATUS) & CIM_MACRO_STATUS_BUSY) != 0; }
};

} // namespace macro_bench

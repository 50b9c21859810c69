#pragma once
/// A bare macro with a host that reads and writes as a driver does.
#include <cimtlm/modules/crossbar_macro.h>
#include <cimtlm/tlm/base_protocol_probe.h>

#include <cim_registers.h>

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "study_machines.h"
#include <tests/tlm/initiator.h>

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

/// All accesses are made outside processes, at the kernel's time plus `local_ps`, which grows with each access unless
/// it is set back: a host ahead of the kernel.
template <unsigned W = 32> struct bench : sc_core::sc_module {
    ledger energy;
    crossbar_macro<W> macro;
    testkit::initiator<W> host{"host"};
    base_protocol_probe<W> probe{"probe"};
    std::uint64_t base;
    std::int64_t local_ps = 0;
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    bool dmi_hint = false;
    std::vector<std::pair<std::int64_t, bool>> line; // kernel's time, level

    explicit bench(const published_macro_parameters& p = small_macro(), std::uint64_t base_address = 0,
                   const sc_core::sc_module_name& name = "bare")
        : sc_module(name)
        , macro("macro", p, cycle_ps, energy, base_address)
        , base(base_address) {
        host.out.bind(probe.in);
        probe.out.bind(macro.in);
        macro.on_interrupt([this](bool level) { line.push_back({testkit::now_ps(), level}); });
    }
    ~bench() override {
        for (const auto& v : probe.violations()) ADD_FAILURE() << v;
    }

    /// One access; returns how long it took in ps.
    std::int64_t move(tlm::tlm_command command, std::uint64_t offset, void* data, std::size_t bytes) {
        tlm::tlm_generic_payload p;
        testkit::fill(p, command, base + offset, static_cast<unsigned char*>(data), static_cast<unsigned>(bytes));
        const auto grown = host.transport(p, local_ps);
        local_ps += grown;
        status = p.get_response_status();
        dmi_hint = p.is_dmi_allowed();
        return grown;
    }
    std::uint32_t get(std::uint64_t offset) {
        std::uint32_t value = 0xdeadbeef;
        move(tlm::TLM_READ_COMMAND, offset, &value, 4);
        EXPECT_EQ(status, tlm::TLM_OK_RESPONSE) << offset;
        return value;
    }
    std::int64_t set(std::uint64_t offset, std::uint32_t value) {
        const auto grown = move(tlm::TLM_WRITE_COMMAND, offset, &value, 4);
        EXPECT_EQ(status, tlm::TLM_OK_RESPONSE) << offset;
        return grown;
    }
    template <class T> std::int64_t write(std::uint64_t offset, std::vector<T> values) {
        const auto grown = move(tlm::TLM_WRITE_COMMAND, offset, values.data(), values.size() * sizeof(T));
        EXPECT_EQ(status, tlm::TLM_OK_RESPONSE) << offset;
        return grown;
    }
    template <class T> std::vector<T> read(std::uint64_t offset, std::size_t count) {
        std::vector<T> values(count);
        move(tlm::TLM_READ_COMMAND, offset, values.data(), count * sizeof(T));
        EXPECT_EQ(status, tlm::TLM_OK_RESPONSE) << offset;
        return values;
    }
    unsigned debug(tlm::tlm_command command, std::uint64_t offset, void* data, std::size_t bytes) {
        tlm::tlm_generic_payload p;
        testkit::fill(p, command, base + offset, static_cast<unsigned char*>(data), static_cast<unsigned>(bytes));
        return host.out->transport_dbg(p);
    }
    std::uint32_t peek(std::uint64_t offset) {
        std::uint32_t value = 0xdeadbeef;
        EXPECT_EQ(debug(tlm::TLM_READ_COMMAND, offset, &value, 4), 4u);
        return value;
    }

    std::uint64_t weights() { return peek(CIM_MACRO_WEIGHT_OFFSET); }
    std::uint64_t inputs() { return peek(CIM_MACRO_INPUT_OFFSET); }
    std::uint64_t outputs() { return peek(CIM_MACRO_OUTPUT_OFFSET); }
    void start(std::uint32_t rows, std::uint32_t columns, bool accumulate = false) {
        set(CIM_MACRO_ROWS_USED, rows);
        set(CIM_MACRO_COLUMNS_USED, columns);
        set(CIM_MACRO_CONTROL, CIM_MACRO_CONTROL_START | (accumulate ? CIM_MACRO_CONTROL_ACCUMULATE : 0));
    }
    /// Lets the host's time pass until the product has ended.
    void await() { local_ps = std::max(local_ps, macro.model().end_ps() - testkit::now_ps()); }
    bool busy() { return (get(CIM_MACRO_STATUS) & CIM_MACRO_STATUS_BUSY) != 0; }
    /// Lets the kernel's time catch up with the host's.
    void run(std::int64_t ps) {
        sc_core::sc_start(static_cast<double>(ps), sc_core::SC_PS);
        local_ps = std::max<std::int64_t>(0, local_ps - ps);
    }
};

} // namespace macro_bench

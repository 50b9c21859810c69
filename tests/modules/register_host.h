#pragma once
/// A host that reads and writes registers and memories of one target as a driver does.
#include <cimtlm/tlm/base_protocol_probe.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <tests/tlm/initiator.h>

namespace testkit {

/// All accesses are made outside processes, at the kernel's time plus `local_ps`, which grows with each access unless
/// it is set back: a host ahead of the kernel.
template <unsigned W = 32> struct register_host : sc_core::sc_module {
    initiator<W> host{"host"};
    cimtlm::base_protocol_probe<W> probe{"probe"};
    std::uint64_t base;
    std::int64_t local_ps = 0;
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    bool dmi_hint = false;
    std::vector<std::pair<std::int64_t, bool>> line; // kernel's time, level

    register_host(const sc_core::sc_module_name& name, std::uint64_t base_address)
        : sc_module(name)
        , base(base_address) {
        host.out.bind(probe.in);
    }
    ~register_host() override {
        for (const auto& v : probe.violations()) ADD_FAILURE() << v;
    }
    template <class Target> void connect(Target& target) {
        probe.out.bind(target.in);
        target.on_interrupt([this](bool level) { line.push_back({now_ps(), level}); });
    }

    /// One access; returns how long it took in ps.
    std::int64_t move(tlm::tlm_command command, std::uint64_t offset, void* data, std::size_t bytes) {
        tlm::tlm_generic_payload p;
        fill(p, command, base + offset, static_cast<unsigned char*>(data), static_cast<unsigned>(bytes));
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
        fill(p, command, base + offset, static_cast<unsigned char*>(data), static_cast<unsigned>(bytes));
        return host.out->transport_dbg(p);
    }
    std::uint32_t peek(std::uint64_t offset) {
        std::uint32_t value = 0xdeadbeef;
        EXPECT_EQ(debug(tlm::TLM_READ_COMMAND, offset, &value, 4), 4u);
        return value;
    }
    /// Lets the host's time pass until `end_ps`.
    void await(std::int64_t end_ps) { local_ps = std::max(local_ps, end_ps - now_ps()); }
    /// Lets the kernel's time catch up with the host's.
    void run(std::int64_t ps) {
        sc_core::sc_start(static_cast<double>(ps), sc_core::SC_PS);
        local_ps = std::max<std::int64_t>(0, local_ps - ps);
    }
};

} // namespace testkit

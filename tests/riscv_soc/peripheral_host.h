#pragma once
/// A host that reads and writes registers at the kernel's time or ahead of it.
#include <cimtlm/tlm/base_protocol_probe.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include <tests/tlm/initiator.h>

namespace soc_test {

constexpr std::int64_t access_ps = 7000;

struct peripheral_host : sc_core::sc_module {
    testkit::initiator<64> host{"host"};
    cimtlm::base_protocol_probe<64> probe{"probe"};
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;

    template <class Target>
    peripheral_host(const sc_core::sc_module_name& name, Target& target)
        : sc_module(name) {
        host.out.bind(probe.in);
        probe.out.bind(target.in);
    }
    ~peripheral_host() override {
        for (const auto& v : probe.violations()) ADD_FAILURE() << v;
    }

    /// One access that arrives `ahead_ps` after the kernel's time; its status is left in `status`.
    std::uint64_t move(tlm::tlm_command command, std::uint64_t offset, unsigned bytes, std::uint64_t value,
                       std::int64_t ahead_ps) {
        unsigned char data[16] = {};
        std::memcpy(data, &value, sizeof value);
        tlm::tlm_generic_payload p;
        testkit::fill(p, command, offset, data, bytes);
        EXPECT_EQ(host.transport(p, ahead_ps), access_ps);
        status = p.get_response_status();
        EXPECT_FALSE(p.is_dmi_allowed());
        std::memcpy(&value, data, sizeof value);
        return value;
    }
    std::uint64_t read(std::uint64_t offset, unsigned bytes = 4, std::int64_t ahead_ps = 0) {
        const auto value = move(tlm::TLM_READ_COMMAND, offset, bytes, 0, ahead_ps);
        EXPECT_EQ(status, tlm::TLM_OK_RESPONSE) << std::hex << offset;
        return value;
    }
    void write(std::uint64_t offset, std::uint64_t value, unsigned bytes = 4, std::int64_t ahead_ps = 0) {
        move(tlm::TLM_WRITE_COMMAND, offset, bytes, value, ahead_ps);
        EXPECT_EQ(status, tlm::TLM_OK_RESPONSE) << std::hex << offset;
    }
    tlm::tlm_response_status read_status(std::uint64_t offset, unsigned bytes) {
        move(tlm::TLM_READ_COMMAND, offset, bytes, 0, 0);
        return status;
    }
    tlm::tlm_response_status write_status(std::uint64_t offset, unsigned bytes, std::uint64_t value = 0) {
        move(tlm::TLM_WRITE_COMMAND, offset, bytes, value, 0);
        return status;
    }
    std::uint64_t peek(std::uint64_t offset, unsigned bytes = 4) {
        std::uint64_t value = 0;
        tlm::tlm_generic_payload p;
        testkit::fill(p, tlm::TLM_READ_COMMAND, offset, reinterpret_cast<unsigned char*>(&value), bytes);
        EXPECT_EQ(host.path().transport_dbg(p), bytes) << std::hex << offset;
        return value;
    }
    unsigned poke(std::uint64_t offset, std::uint64_t value, unsigned bytes = 4) {
        tlm::tlm_generic_payload p;
        testkit::fill(p, tlm::TLM_WRITE_COMMAND, offset, reinterpret_cast<unsigned char*>(&value), bytes);
        return host.path().transport_dbg(p);
    }
};

/// Lets what is due now happen; elaborates first if that has not been done.
inline void settle() {
    if (sc_core::sc_get_status() < sc_core::SC_RUNNING) sc_core::sc_start(sc_core::SC_ZERO_TIME);
    while (sc_core::sc_pending_activity_at_current_time()) sc_core::sc_start(sc_core::SC_ZERO_TIME);
}
/// Lets the kernel's time pass, including all that happens at its end.
inline void run(std::int64_t ps) {
    if (ps > 0) sc_core::sc_start(sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(ps)));
    settle();
}
inline void run_to(std::int64_t ps) { run(ps - testkit::now_ps()); }
} // namespace soc_test

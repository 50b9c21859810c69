/// The contract for a target with registers: loosely timed, no byte enables, no direct access. The standard's own
/// adapter of the target socket gives it the four phases.
#include <cimtlm/tlm/access_check.h>

#include <cstring>
#include <string>

#include <tests/tlm/contract.h>

namespace {

template <unsigned W> struct window : sc_core::sc_module {
    tlm_utils::simple_target_socket<window, W> in;
    cimtlm::access_rules rules;
    unsigned char bytes[64] = {};

    explicit window(const sc_core::sc_module_name& name)
        : sc_core::sc_module(name)
        , in("in") {
        rules.base_address = 0x7000;
        rules.size_bytes = sizeof bytes;
        rules.byte_enables = false;
        in.register_b_transport(this, &window::b_transport);
        in.register_transport_dbg(this, &window::transport_dbg);
    }
    void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
        p.set_response_status(cimtlm::check_access(p, rules));
        if (!p.is_response_ok()) return;
        move(p);
        delay += sc_core::sc_time(5, sc_core::SC_NS);
    }
    unsigned transport_dbg(tlm::tlm_generic_payload& p) {
        if (!cimtlm::in_range(p.get_address(), p.get_data_length(), rules.base_address, rules.size_bytes)) return 0;
        move(p);
        return p.get_data_length();
    }
    void move(tlm::tlm_generic_payload& p) {
        if (p.is_read()) std::memcpy(p.get_data_ptr(), bytes + (p.get_address() - 0x7000), p.get_data_length());
        if (p.is_write()) std::memcpy(bytes + (p.get_address() - 0x7000), p.get_data_ptr(), p.get_data_length());
    }
};

template <unsigned W> struct window_harness {
    static constexpr unsigned width = W;
    contract::traits traits() const { return {0x7000, 64, 0x7008, 8, false, true, false, 0}; }
    tlm::tlm_target_socket<W>& socket() { return target.in; }
    std::string fingerprint() const { return {target.bytes, target.bytes + sizeof target.bytes}; }
    window<W> target{"window"};
};

using window_32 = window_harness<32>;
using window_64 = window_harness<64>;

} // namespace

namespace contract {

INSTANTIATE_TYPED_TEST_SUITE_P(window_32, target_contract, window_32);
INSTANTIATE_TYPED_TEST_SUITE_P(window_64, target_contract, window_64);

} // namespace contract

#pragma once
/// Watches a socket pair for violations of the TLM-2.0 base protocol.
#include <cimtlm/tlm/time_base.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cimtlm {

/// Put between an initiator and a target; changes nothing, neither values nor times. Each violation is a string
/// that begins with "initiator: " or "target: ", whoever is at fault. Checked are: b_transport does not lower the
/// delay, sets a status and changes of the payload only what it may; nb_transport keeps the order of phases, the
/// exclusion rules for requests and responses, times that never decrease, payloads with memory manager and
/// unchanged attributes; debug and DMI leave the attributes alone.
template <unsigned BUSWIDTH = 64> class base_protocol_probe : public sc_core::sc_module {
public:
    tlm_utils::simple_target_socket<base_protocol_probe, BUSWIDTH> in;
    tlm_utils::simple_initiator_socket<base_protocol_probe, BUSWIDTH> out;

    explicit base_protocol_probe(const sc_core::sc_module_name& name);

    const std::vector<std::string>& violations() const { return violations_; }
    /// Violations of one side: "initiator" or "target".
    std::vector<std::string> violations_of(const std::string& side) const;
    /// Transactions seen by b_transport and by BEGIN_REQ.
    std::uint64_t transactions() const { return transactions_; }

private:
    struct attributes {
        explicit attributes(const tlm::tlm_generic_payload& p);
        tlm::tlm_command command;
        std::uint64_t address;
        unsigned char* data;
        unsigned length;
        unsigned streaming_width;
        unsigned char* byte_enable;
        unsigned byte_enable_length;
    };
    struct progress {
        attributes begun;
        tlm::tlm_phase_enum phase;
        std::int64_t time_ps;
    };

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
    unsigned transport_dbg(tlm::tlm_generic_payload& payload);
    void invalidate_direct_mem_ptr(sc_dt::uint64 begin, sc_dt::uint64 end);

    void violation(const std::string& side, const std::string& what);
    void check_begin(const tlm::tlm_generic_payload& payload);
    void check_unchanged(const attributes& before, const tlm::tlm_generic_payload& after, const std::string& side);
    void advance(tlm::tlm_generic_payload& payload, tlm::tlm_phase_enum phase, const sc_core::sc_time& delay);
    void check_return(tlm::tlm_generic_payload& payload, tlm::tlm_sync_enum status, tlm::tlm_phase_enum sent,
                      const tlm::tlm_phase& phase, const sc_core::sc_time& sent_delay, const sc_core::sc_time& delay,
                      const std::string& responder);
    void complete(const tlm::tlm_generic_payload& payload);

    time_base times_;
    std::map<const tlm::tlm_generic_payload*, progress> open_;
    const tlm::tlm_generic_payload* requesting_ = nullptr; // between BEGIN_REQ and END_REQ
    const tlm::tlm_generic_payload* responding_ = nullptr; // between BEGIN_RESP and END_RESP
    std::vector<std::string> violations_;
    std::uint64_t transactions_ = 0;
};

extern template class base_protocol_probe<32>;
extern template class base_protocol_probe<64>;

} // namespace cimtlm

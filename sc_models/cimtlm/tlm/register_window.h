#pragma once
/// A window of 32-bit registers with a loosely timed target behind it.
#include <cimtlm/tlm/access_check.h>
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/register_file.h>
#include <cimtlm/tlm/time_base.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <functional>
#include <utility>

namespace cimtlm {

/// Registers by offset; see register_file. Side effects belong to b_transport only. Accesses of fewer than 4 bytes are
/// refused with TLM_BURST_ERROR_RESPONSE. Instantiated for 32 and 64 bit.
template <unsigned BUSWIDTH = 64> class register_window : public sc_core::sc_module {
public:
    using word = register_file::word;

    tlm_utils::simple_target_socket<register_window, BUSWIDTH> in;

    /// `size_bytes` of addresses from `base_address` on (for hosts that send absolute ones); each access takes
    /// `access_ps`. Words are added by their offset in the window.
    register_window(const sc_core::sc_module_name& name, std::uint64_t size_bytes, std::int64_t access_ps,
                    std::uint64_t base_address = 0);
    void add(std::uint64_t offset, word w) { words_.add(offset, std::move(w)); }
    /// A word that keeps what is written and means nothing: for hosts that look whether someone is there.
    void add_scratch(std::uint64_t offset) { words_.add_scratch(offset); }
    /// The same in a place of the caller's, which outlives the window.
    void add_scratch(std::uint64_t offset, std::uint32_t& kept) { words_.add_scratch(offset, kept); }
    /// Called before the side effects of an access that comes ahead of the kernel's time, with its time; not for debug
    /// accesses.
    void on_access_ahead(std::function<void(std::int64_t time_ps)> hook) { ahead_ = std::move(hook); }

private:
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    unsigned transport_dbg(tlm::tlm_generic_payload& payload);
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);
    tlm::tlm_response_status check(const tlm::tlm_generic_payload& payload) const;
    std::uint64_t offset(const tlm::tlm_generic_payload& payload) const {
        return payload.get_address() - rules_.base_address;
    }

    access_rules rules_;
    std::int64_t access_ps_;
    register_file words_;
    std::function<void(std::int64_t)> ahead_;
    time_base times_;
    at_frontend frontend_;
};

extern template class register_window<32>;
extern template class register_window<64>;

} // namespace cimtlm

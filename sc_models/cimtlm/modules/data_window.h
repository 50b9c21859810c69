#pragma once
/// A window through which hosts reach memories inside a device.
#include <cimtlm/tlm/access_check.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/time_base.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <functional>
#include <string>

namespace cimtlm {

/// Passes accesses on to `out`, moved by a constant. A part of the window can be shut: accesses to it get
/// TLM_COMMAND_ERROR_RESPONSE and no pointers; debug accesses pass, so that a host can fill the memory at any time.
template <unsigned BUSWIDTH = 32> class data_window : public sc_core::sc_module, public activity {
public:
    tlm_utils::simple_target_socket<data_window, BUSWIDTH> in;
    tlm_utils::simple_initiator_socket<data_window, 64> out;

    /// `size_bytes` from `base_address` on, which `out` sees from `inner_address` on; a request every `interval_ps`.
    data_window(const sc_core::sc_module_name& name, std::uint64_t base_address, std::uint64_t size_bytes,
                std::uint64_t inner_address, std::int64_t interval_ps);

    /// Called before an access that comes ahead of the kernel's time is looked at, with its time.
    void on_access_ahead(std::function<void(std::int64_t time_ps)> hook) { ahead_ = std::move(hook); }
    /// From `offset` to the end nothing passes (shut) or everything does. Pointers given out are taken back.
    void shut(std::uint64_t offset, bool is_shut);
    std::string waiting_for() const override { return frontend_.waiting_for(); }

private:
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) {
        return frontend_.nb_transport_fw(payload, phase, delay);
    }
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
    unsigned transport_dbg(tlm::tlm_generic_payload& payload);
    void invalidate_direct_mem_ptr(sc_dt::uint64 begin, sc_dt::uint64 end);
    std::uint64_t inner(std::uint64_t address) const { return address - rules_.base_address + inner_address_; }
    bool is_shut(std::uint64_t address, std::uint64_t length) const {
        return address - rules_.base_address + length > shut_from_;
    }

    access_rules rules_;
    std::uint64_t inner_address_;
    std::int64_t interval_ps_;
    std::uint64_t shut_from_;
    std::function<void(std::int64_t)> ahead_;
    time_base times_;
    at_frontend frontend_;
};

extern template class data_window<32>;
extern template class data_window<64>;

} // namespace cimtlm

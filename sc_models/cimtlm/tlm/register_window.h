#pragma once
/// A window of 32-bit registers with a loosely timed target behind it.
#include <cimtlm/tlm/access_check.h>
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/time_base.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <functional>
#include <map>

namespace cimtlm {

/// Registers by offset. Words are aligned and 4 bytes wide; an access covers one or several whole words that exist.
/// Side effects belong to b_transport only: a debug read sees what a read would and changes nothing, a debug write
/// reaches scratch words and is without effect on the others. Instantiated for 32 and 64 bit.
template <unsigned BUSWIDTH = 64> class register_window : public sc_core::sc_module {
public:
    tlm_utils::simple_target_socket<register_window, BUSWIDTH> in;

    struct word {
        /// The value at `time_ps`, which may be ahead of the kernel's time; empty: not readable.
        std::function<std::uint32_t(std::int64_t time_ps)> read;
        /// Takes effect at `time_ps`; empty: not writable.
        std::function<void(std::uint32_t value, std::int64_t time_ps)> write;
    };

    /// `size_bytes` of addresses from `base_address` on (for hosts that send absolute ones); each access takes
    /// `access_ps`. Words are added by their offset in the window.
    register_window(const sc_core::sc_module_name& name, std::uint64_t size_bytes, std::int64_t access_ps,
                    std::uint64_t base_address = 0);
    void add(std::uint64_t offset, word w) { words_[offset] = std::move(w); }
    /// A word that keeps what is written and means nothing: for hosts that look whether someone is there.
    void add_scratch(std::uint64_t offset);

private:
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    unsigned transport_dbg(tlm::tlm_generic_payload& payload);
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);
    tlm::tlm_response_status check(const tlm::tlm_generic_payload& payload) const;

    access_rules rules_;
    std::int64_t access_ps_;
    std::map<std::uint64_t, word> words_;
    std::map<std::uint64_t, std::uint32_t> scratch_;
    time_base times_;
    at_frontend frontend_;
};

extern template class register_window<32>;
extern template class register_window<64>;

} // namespace cimtlm

#include <cimtlm/tlm/register_window.h>

namespace cimtlm {

template <unsigned BUSWIDTH>
register_window<BUSWIDTH>::register_window(const sc_core::sc_module_name& name, std::uint64_t size_bytes,
                                           std::int64_t access_ps, std::uint64_t base_address)
    : sc_module(name)
    , in("in")
    , access_ps_(access_ps)
    , frontend_(
          "frontend", [this](tlm::tlm_generic_payload& p, sc_core::sc_time& d) { b_transport(p, d); },
          [this](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
              return in->nb_transport_bw(p, phase, d);
          },
          access_ps) {
    rules_.base_address = base_address;
    rules_.size_bytes = size_bytes;
    rules_.byte_enables = false;
    rules_.needs_data = true;
    in.register_b_transport(this, &register_window::b_transport);
    in.register_get_direct_mem_ptr(this, &register_window::get_direct_mem_ptr);
    in.register_transport_dbg(this, &register_window::transport_dbg);
    in.register_nb_transport_fw(this, &register_window::nb_transport_fw);
}

template <unsigned BUSWIDTH>
tlm::tlm_sync_enum register_window<BUSWIDTH>::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                              sc_core::sc_time& delay) {
    return frontend_.nb_transport_fw(payload, phase, delay);
}

template <unsigned BUSWIDTH>
tlm::tlm_response_status register_window<BUSWIDTH>::check(const tlm::tlm_generic_payload& payload) const {
    const auto status = check_access(payload, rules_);
    if (status != tlm::TLM_OK_RESPONSE || payload.get_command() == tlm::TLM_IGNORE_COMMAND) return status;
    return words_.check(payload, offset(payload));
}

template <unsigned BUSWIDTH>
void register_window<BUSWIDTH>::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const auto status = check(payload);
    const bool moves = payload.get_command() != tlm::TLM_IGNORE_COMMAND;
    payload.set_response_status(status);
    const bool ahead = delay > sc_core::SC_ZERO_TIME;
    delay += times_.time(access_ps_);
    if (status != tlm::TLM_OK_RESPONSE || !moves) return;
    const auto time_ps = times_.now_ps() + times_.ps(delay);
    if (ahead && ahead_) ahead_(time_ps);
    words_.access(payload, offset(payload), time_ps);
}

// Registers have side effects: nobody may read or write them past the model.
template <unsigned BUSWIDTH>
bool register_window<BUSWIDTH>::get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi& dmi) {
    dmi.init();             // the whole address space
    dmi.allow_read_write(); // is what is denied
    return false;
}

template <unsigned BUSWIDTH> unsigned register_window<BUSWIDTH>::transport_dbg(tlm::tlm_generic_payload& payload) {
    if (payload.get_command() == tlm::TLM_IGNORE_COMMAND || check(payload) != tlm::TLM_OK_RESPONSE) return 0;
    return words_.debug(payload, offset(payload), times_.now_ps());
}

template class register_window<32>;
template class register_window<64>;

} // namespace cimtlm

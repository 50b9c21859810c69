#include <cimtlm/modules/data_window.h>

#include <algorithm>

namespace cimtlm {

template <unsigned BUSWIDTH>
data_window<BUSWIDTH>::data_window(const sc_core::sc_module_name& name, std::uint64_t base_address,
                                   std::uint64_t size_bytes, std::uint64_t inner_address, std::int64_t interval_ps)
    : sc_module(name)
    , in("in")
    , out("out")
    , inner_address_(inner_address)
    , interval_ps_(interval_ps)
    , shut_from_(size_bytes)
    , frontend_(
          "frontend", [this](tlm::tlm_generic_payload& p, sc_core::sc_time& d) { b_transport(p, d); },
          [this](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
              return in->nb_transport_bw(p, phase, d);
          },
          interval_ps) {
    rules_.base_address = base_address;
    rules_.size_bytes = size_bytes;
    rules_.needs_data = true;
    in.register_b_transport(this, &data_window::b_transport);
    in.register_nb_transport_fw(this, &data_window::nb_transport_fw);
    in.register_get_direct_mem_ptr(this, &data_window::get_direct_mem_ptr);
    in.register_transport_dbg(this, &data_window::transport_dbg);
    out.register_invalidate_direct_mem_ptr(this, &data_window::invalidate_direct_mem_ptr);
}

template <unsigned BUSWIDTH> void data_window<BUSWIDTH>::shut(std::uint64_t offset, bool is_shut) {
    const auto before = shut_from_;
    shut_from_ = is_shut ? std::min(offset, rules_.size_bytes) : rules_.size_bytes;
    if (shut_from_ < before)
        in->invalidate_direct_mem_ptr(rules_.base_address + shut_from_, rules_.base_address + rules_.size_bytes - 1);
}

template <unsigned BUSWIDTH>
void data_window<BUSWIDTH>::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const auto status = check_access(payload, rules_);
    const bool moves = payload.get_command() != tlm::TLM_IGNORE_COMMAND;
    payload.set_response_status(status);
    if (status != tlm::TLM_OK_RESPONSE || !moves) return;
    if (ahead_ && delay > sc_core::SC_ZERO_TIME) ahead_(times_.now_ps() + times_.ps(delay));
    const auto address = payload.get_address();
    if (is_shut(address, footprint_bytes(payload))) {
        payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
        delay += times_.time(interval_ps_); // a host that asks again and again gets on
        return;
    }
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    payload.set_address(inner(address));
    out->b_transport(payload, delay);
    payload.set_address(address);
}

template <unsigned BUSWIDTH>
bool data_window<BUSWIDTH>::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
    const auto address = payload.get_address();
    if (!in_range(address, 1, rules_.base_address, rules_.size_bytes) || is_shut(address, 1)) {
        dmi.init();
        dmi.allow_read_write(); // is what is denied
        dmi.set_start_address(address);
        dmi.set_end_address(address);
        return false;
    }
    payload.set_address(inner(address));
    const bool granted = out->get_direct_mem_ptr(payload, dmi);
    payload.set_address(address);
    const auto open = std::min(shut_from_, rules_.size_bytes) - 1;
    const auto first = std::max<std::uint64_t>(dmi.get_start_address(), inner_address_);
    const auto last = std::min<std::uint64_t>(dmi.get_end_address(), inner_address_ + open);
    if (granted) dmi.set_dmi_ptr(dmi.get_dmi_ptr() + (first - dmi.get_start_address()));
    dmi.set_start_address(first - inner_address_ + rules_.base_address);
    dmi.set_end_address(last - inner_address_ + rules_.base_address);
    return granted;
}

template <unsigned BUSWIDTH> unsigned data_window<BUSWIDTH>::transport_dbg(tlm::tlm_generic_payload& payload) {
    const auto address = payload.get_address();
    if (!in_range(address, payload.get_data_length(), rules_.base_address, rules_.size_bytes)) return 0;
    payload.set_address(inner(address));
    const auto n = out->transport_dbg(payload);
    payload.set_address(address);
    return n;
}

template <unsigned BUSWIDTH>
void data_window<BUSWIDTH>::invalidate_direct_mem_ptr(sc_dt::uint64 begin, sc_dt::uint64 end) {
    const auto last = inner_address_ + rules_.size_bytes - 1;
    if (begin > last || end < inner_address_) return;
    const auto outer = [&](std::uint64_t a) { return a - inner_address_ + rules_.base_address; };
    in->invalidate_direct_mem_ptr(outer(std::max<std::uint64_t>(begin, inner_address_)),
                                  outer(std::min<std::uint64_t>(end, last)));
}

template class data_window<32>;
template class data_window<64>;

} // namespace cimtlm

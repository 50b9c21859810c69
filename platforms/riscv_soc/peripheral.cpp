#include <platforms/riscv_soc/peripheral.h>

#include <algorithm>
#include <cstring>

namespace cimtlm {

peripheral::peripheral(const sc_core::sc_module_name& name, std::uint64_t size_bytes, std::int64_t access_ps,
                       unsigned lines)
    : sc_module(name)
    , in("in")
    , access_ps_(access_ps)
    , lines_(lines)
    , frontend_(
          "frontend", [this](tlm::tlm_generic_payload& p, sc_core::sc_time& d) { b_transport(p, d); },
          [this](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
              return in->nb_transport_bw(p, phase, d);
          },
          access_ps) {
    rules_.size_bytes = size_bytes;
    rules_.byte_enables = false;
    rules_.needs_data = true;
    in.register_b_transport(this, &peripheral::b_transport);
    in.register_nb_transport_fw(this, &peripheral::nb_transport_fw);
    in.register_get_direct_mem_ptr(this, &peripheral::get_direct_mem_ptr);
    in.register_transport_dbg(this, &peripheral::transport_dbg);
    SC_METHOD(raise_due);
    sensitive << wake_;
    dont_initialize();
}

// ---- Transport ---------------------------------------------------------------------------------------------------

tlm::tlm_response_status peripheral::check(const tlm::tlm_generic_payload& payload) const {
    const auto status = check_access(payload, rules_);
    if (status != tlm::TLM_OK_RESPONSE || payload.get_command() == tlm::TLM_IGNORE_COMMAND) return status;
    const unsigned bytes = payload.get_data_length();
    if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) return tlm::TLM_BURST_ERROR_RESPONSE;
    return check(payload.get_address(), bytes, payload.is_write());
}

void peripheral::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const auto status = check(payload);
    payload.set_response_status(status);
    const auto time_ps = times_.now_ps() + times_.ps(delay);
    delay += times_.time(access_ps_);
    if (status != tlm::TLM_OK_RESPONSE || payload.get_command() == tlm::TLM_IGNORE_COMMAND) return;
    const unsigned bytes = payload.get_data_length();
    std::uint64_t value = 0;
    if (payload.is_read()) {
        value = read(payload.get_address(), bytes, time_ps);
        std::memcpy(payload.get_data_ptr(), &value, bytes);
    } else {
        std::memcpy(&value, payload.get_data_ptr(), bytes);
        write(payload.get_address(), bytes, value, time_ps);
    }
}

tlm::tlm_sync_enum peripheral::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                               sc_core::sc_time& delay) {
    return frontend_.nb_transport_fw(payload, phase, delay);
}

// Registers have side effects: nobody may read or write them past the model.
bool peripheral::get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi& dmi) {
    dmi.init();             // the whole address space
    dmi.allow_read_write(); // is what is denied
    return false;
}

unsigned peripheral::transport_dbg(tlm::tlm_generic_payload& payload) {
    if (payload.get_command() == tlm::TLM_IGNORE_COMMAND || check(payload) != tlm::TLM_OK_RESPONSE) return 0;
    const unsigned bytes = payload.get_data_length();
    if (payload.is_read()) {
        const std::uint64_t value = peek(payload.get_address(), bytes, times_.now_ps());
        std::memcpy(payload.get_data_ptr(), &value, bytes);
    }
    return bytes;
}

// ---- Interrupt lines ---------------------------------------------------------------------------------------------

void peripheral::raise(unsigned line, std::int64_t time_ps) {
    auto& l = lines_[line];
    if (l.up || (l.due_ps >= 0 && l.due_ps <= time_ps)) return;
    l.due_ps = time_ps;
    schedule();
}

void peripheral::lower(unsigned line) {
    auto& l = lines_[line];
    if (l.due_ps >= 0) {
        l.due_ps = -1;
        schedule();
    }
    if (!l.up) return;
    l.up = false;
    drive(line, false);
}

void peripheral::raise_due() {
    const auto now_ps = times_.now_ps();
    for (unsigned i = 0; i < lines_.size(); ++i) {
        auto& l = lines_[i];
        if (l.due_ps < 0 || l.due_ps > now_ps) continue;
        l = {true, -1};
        drive(i, true);
    }
    schedule();
}

// No wake-up stays behind for what is not to come any more: it would keep a simulation from ending.
void peripheral::schedule() {
    std::int64_t first_ps = -1;
    for (const auto& l : lines_)
        if (l.due_ps >= 0 && (first_ps < 0 || l.due_ps < first_ps)) first_ps = l.due_ps;
    wake_.cancel();
    if (first_ps >= 0) wake_.notify(times_.time(std::max<std::int64_t>(0, first_ps - times_.now_ps())));
}

} // namespace cimtlm

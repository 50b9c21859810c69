#include <cimtlm/modules/register_shell.h>

#include <cimtlm/base/rate.h>
#include <cimtlm/tlm/transfer_extension.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace cimtlm {

namespace {

constexpr std::uint64_t page_bytes = 4096; // of registers; memories begin at multiples

std::uint64_t whole_pages(std::uint64_t bytes) { return (bytes + page_bytes - 1) / page_bytes * page_bytes; }

// Calls move(offset from the address, position in the data, bytes) for each run of bytes that is contiguous and
// enabled.
template <class Move> void for_each_run(const tlm::tlm_generic_payload& payload, Move move) {
    const transfer_extension* extension = nullptr;
    payload.get_extension(extension);
    const std::uint64_t total = payload.get_data_length();
    const bool strided =
        extension != nullptr && extension->segment_bytes > 0 && extension->stride_bytes > extension->segment_bytes;
    const std::uint64_t segment = strided ? extension->segment_bytes : total;
    const std::uint64_t stride = strided ? extension->stride_bytes : total;
    const unsigned char* enable = payload.get_byte_enable_ptr();
    std::uint64_t place = 0;
    for (std::uint64_t done = 0; done < total; done += segment, place += stride) {
        const std::uint64_t count = std::min(segment, total - done);
        if (enable == nullptr) {
            move(place, done, count);
            continue;
        }
        for (std::uint64_t i = 0; i < count; ++i)
            if (enable[(done + i) % payload.get_byte_enable_length()] == TLM_BYTE_ENABLED) move(place + i, done + i, 1);
    }
}

} // namespace

template <unsigned BUSWIDTH>
register_shell<BUSWIDTH>::register_shell(const sc_core::sc_module_name& name, double cycle_ps,
                                         std::uint64_t base_address)
    : sc_core::sc_module(name)
    , in("in")
    , part_(name)
    , access_ps_(std::llround(cycle_ps))
    , cycle_ps_(cycle_ps)
    , frontend_(
          "frontend", [this](tlm::tlm_generic_payload& p, sc_core::sc_time& d) { b_transport(p, d); },
          [this](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
              return in->nb_transport_bw(p, phase, d);
          },
          std::llround(cycle_ps)) {
    rules_.base_address = base_address;
    rules_.size_bytes = page_bytes;
    rules_.needs_data = true;
    in.register_b_transport(this, &register_shell::b_transport);
    in.register_nb_transport_fw(this, &register_shell::nb_transport_fw);
    in.register_get_direct_mem_ptr(this, &register_shell::get_direct_mem_ptr);
    in.register_transport_dbg(this, &register_shell::transport_dbg);
    SC_METHOD(update_interrupt);
    sensitive << interrupt_event_;
    dont_initialize();
}

template <unsigned BUSWIDTH> void register_shell<BUSWIDTH>::add_memory(std::int64_t bytes, bool keeps_pointers) {
    const auto size = static_cast<std::uint64_t>(bytes);
    places_.push_back({rules_.size_bytes, size, keeps_pointers});
    rules_.size_bytes += whole_pages(size);
}

template <unsigned BUSWIDTH> void register_shell<BUSWIDTH>::add_constant(std::uint64_t offset, std::uint32_t value) {
    registers_.add(offset, {[value](std::int64_t) { return value; }, {}});
}

template <unsigned BUSWIDTH>
void register_shell<BUSWIDTH>::add_interrupt_registers(std::uint64_t status, std::uint64_t enable, std::uint32_t all) {
    registers_.add(status, {[this](std::int64_t time_ps) { return interrupts(time_ps); },
                            [this](std::uint32_t bits, std::int64_t time_ps) {
                                clear_interrupts(bits, time_ps);
                                interrupt_changed(time_ps);
                            }});
    registers_.add(enable, {[this](std::int64_t) { return enabled_; },
                            [this, all](std::uint32_t bits, std::int64_t time_ps) {
                                enabled_ = bits & all;
                                interrupt_changed(time_ps);
                            }});
}

template <unsigned BUSWIDTH> std::size_t register_shell<BUSWIDTH>::find(std::uint64_t at) const {
    std::size_t i = 0;
    while (i < places_.size() && !(at >= places_[i].first && at - places_[i].first < places_[i].bytes)) ++i;
    return i;
}

template <unsigned BUSWIDTH>
tlm::tlm_response_status register_shell<BUSWIDTH>::check(const tlm::tlm_generic_payload& payload) const {
    const auto status = check_access(payload, rules_);
    if (status != tlm::TLM_OK_RESPONSE || payload.get_command() == tlm::TLM_IGNORE_COMMAND) return status;
    const auto at = offset(payload);
    const auto memory = find(at);
    if (memory < places_.size()) {
        const auto& p = places_[memory];
        return footprint_bytes(payload) <= p.bytes - (at - p.first) ? tlm::TLM_OK_RESPONSE
                                                                    : tlm::TLM_ADDRESS_ERROR_RESPONSE;
    }
    if (at >= page_bytes) return tlm::TLM_ADDRESS_ERROR_RESPONSE; // behind a memory's last byte
    if (payload.get_byte_enable_ptr() != nullptr) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    return registers_.check(payload, at);
}

template <unsigned BUSWIDTH>
void register_shell<BUSWIDTH>::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const auto status = check(payload);
    payload.set_response_status(status);
    if (status != tlm::TLM_OK_RESPONSE) ++refused_;
    if (status != tlm::TLM_OK_RESPONSE || payload.get_command() == tlm::TLM_IGNORE_COMMAND) {
        delay += times_.time(access_ps_);
        return;
    }
    const auto memory = find(offset(payload));
    if (memory < places_.size()) return access(memory, payload, delay);
    delay += times_.time(access_ps_);
    registers_.access(payload, offset(payload), times_.now_ps() + times_.ps(delay));
}

template <unsigned BUSWIDTH>
void register_shell<BUSWIDTH>::access(std::size_t memory, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const auto first = static_cast<std::int64_t>(offset(payload) - places_[memory].first);
    unsigned char* data = payload.get_data_ptr();
    const bool write = payload.is_write();
    const std::int64_t now_ps = times_.now_ps();
    const std::int64_t arrival_ps = now_ps + times_.ps(delay);
    const bool taken = !write || may_write(memory, arrival_ps);
    std::int64_t moved = 0;
    for_each_run(payload, [&](std::uint64_t at, std::uint64_t from, std::uint64_t count) {
        const auto bytes = static_cast<std::int64_t>(count);
        moved += bytes;
        const auto there = first + static_cast<std::int64_t>(at);
        if (!write)
            read_memory(memory, there, data + from, bytes, arrival_ps);
        else if (taken)
            write_memory(memory, there, data + from, bytes, arrival_ps);
    });
    auto service_ps = transfer_ps(payload.get_data_length(), BUSWIDTH / 8.0, cycle_ps_);
    if (write && taken) service_ps = std::max(service_ps, write_ps(memory, moved));
    port_.forget_before(now_ps);
    const std::int64_t begin_ps = port_.reserve(arrival_ps, service_ps);
    if (write && taken) written(memory, moved, begin_ps + service_ps);
    delay += times_.time(begin_ps - arrival_ps + access_ps_ + service_ps);
    transfer_extension* extension = nullptr;
    payload.get_extension(extension);
    if (extension != nullptr) {
        extension->clear_times();
        extension->queue_ps = begin_ps - arrival_ps;
        extension->service_ps = service_ps;
    }
    payload.set_dmi_allowed(may_point(memory, write, now_ps));
    if (!taken) interrupt_changed(arrival_ps);
}

template <unsigned BUSWIDTH> void register_shell<BUSWIDTH>::take_back_pointers() {
    if (!pointers_given_) return;
    pointers_given_ = false;
    for (const auto& p : places_)
        if (!p.keeps_pointers)
            in->invalidate_direct_mem_ptr(rules_.base_address + p.first, rules_.base_address + p.first + p.bytes - 1);
}

template <unsigned BUSWIDTH>
tlm::tlm_sync_enum register_shell<BUSWIDTH>::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                             sc_core::sc_time& delay) {
    return frontend_.nb_transport_fw(payload, phase, delay);
}

template <unsigned BUSWIDTH>
bool register_shell<BUSWIDTH>::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
    dmi.init();
    dmi.allow_read_write(); // where access is denied, this is what is denied
    const std::uint64_t address = payload.get_address();
    const std::uint64_t page = address - (address - rules_.base_address) % page_bytes;
    dmi.set_start_address(page);
    dmi.set_end_address(page + (page_bytes - 1));
    if (!in_range(address, 1, rules_.base_address, rules_.size_bytes)) {
        dmi.set_start_address(address);
        dmi.set_end_address(address);
        return false;
    }
    const auto memory = find(offset(payload));
    if (memory == places_.size()) return false;
    const auto& p = places_[memory];
    const auto now_ps = times_.now_ps();
    const bool reads = may_point(memory, false, now_ps), writes = may_point(memory, true, now_ps);
    dmi.set_start_address(rules_.base_address + p.first);
    dmi.set_end_address(rules_.base_address + p.first + p.bytes - 1);
    if (!(payload.is_write() ? writes : reads)) {
        if (payload.is_write() && reads) dmi.allow_write();
        return false;
    }
    if (!writes) dmi.allow_read();
    dmi.set_dmi_ptr(bytes_of(memory, now_ps));
    dmi.set_read_latency(times_.time(access_ps_));
    dmi.set_write_latency(times_.time(access_ps_));
    pointers_given_ = pointers_given_ || !p.keeps_pointers;
    return true;
}

template <unsigned BUSWIDTH> unsigned register_shell<BUSWIDTH>::transport_dbg(tlm::tlm_generic_payload& payload) {
    if (payload.get_command() == tlm::TLM_IGNORE_COMMAND || check(payload) != tlm::TLM_OK_RESPONSE) return 0;
    const auto memory = find(offset(payload));
    const auto now_ps = times_.now_ps();
    if (memory == places_.size()) return registers_.debug(payload, offset(payload), now_ps);
    const auto first = static_cast<std::int64_t>(offset(payload) - places_[memory].first);
    for_each_run(payload, [&](std::uint64_t at, std::uint64_t from, std::uint64_t count) {
        const auto there = first + static_cast<std::int64_t>(at);
        if (payload.is_read())
            read_memory(memory, there, payload.get_data_ptr() + from, static_cast<std::int64_t>(count), now_ps);
        else
            write_memory(memory, there, payload.get_data_ptr() + from, static_cast<std::int64_t>(count), now_ps);
    });
    return payload.get_data_length();
}

// The interrupt as it is now, and when to look again.
template <unsigned BUSWIDTH> void register_shell<BUSWIDTH>::update_interrupt() {
    const auto now_ps = times_.now_ps();
    const auto next_ps = next_interrupt_ps(now_ps);
    if (next_ps >= 0) interrupt_event_.notify(times_.time(next_ps - now_ps));
    const bool level = (interrupts(now_ps) & enabled_) != 0;
    if (level == line_) return;
    line_ = level;
    if (on_interrupt_) on_interrupt_(level);
}

template <unsigned BUSWIDTH> void register_shell<BUSWIDTH>::interrupt_changed(std::int64_t time_ps) {
    const bool level = (interrupts(time_ps) & enabled_) != 0;
    const auto now_ps = times_.now_ps();
    if (line_ && !level) {
        line_ = false;
        if (on_interrupt_) on_interrupt_(false);
    }
    const auto due_ps = level ? time_ps : next_interrupt_ps(time_ps);
    if (due_ps >= 0) interrupt_event_.notify(times_.time(std::max(due_ps, now_ps) - now_ps));
}

template <unsigned BUSWIDTH> void register_shell<BUSWIDTH>::report(statistics& s) const {
    s.add(part_ + ".refused", static_cast<double>(refused_), "count", "requests refused with an error response");
}

template class register_shell<32>;
template class register_shell<64>;

} // namespace cimtlm

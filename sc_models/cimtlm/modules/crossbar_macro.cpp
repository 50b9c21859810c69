#include <cimtlm/modules/crossbar_macro.h>

#include <cimtlm/base/rate.h>
#include <cimtlm/tlm/transfer_extension.h>

#include <cim_registers.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace cimtlm {

namespace {

constexpr std::uint64_t page_bytes = 4096;
static_assert(CIM_MACRO_WINDOW_BYTES == page_bytes);

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

std::uint32_t register_value(std::int64_t value) {
    return static_cast<std::uint32_t>(std::min<std::int64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

} // namespace

template <unsigned BUSWIDTH>
crossbar_macro<BUSWIDTH>::crossbar_macro(const sc_core::sc_module_name& name, std::shared_ptr<const engine> e,
                                         double cycle_ps, ledger& energy, std::uint64_t base_address,
                                         energy_basis basis)
    : sc_core::sc_module(name)
    , in("in")
    , part_(name)
    , model_(std::move(e), cycle_ps, part_, energy, basis)
    , access_ps_(std::llround(cycle_ps))
    , cycle_ps_(cycle_ps)
    , frontend_(
          "frontend", [this](tlm::tlm_generic_payload& p, sc_core::sc_time& d) { b_transport(p, d); },
          [this](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
              return in->nb_transport_bw(p, phase, d);
          },
          std::llround(cycle_ps)) {
    std::uint64_t next = CIM_MACRO_WINDOW_BYTES;
    for (const auto r : {region::weights, region::inputs, region::outputs}) {
        const auto bytes = static_cast<std::uint64_t>(model_.size_bytes(r));
        places_[static_cast<std::size_t>(r)] = {r, next, bytes};
        next += whole_pages(bytes);
    }
    rules_.base_address = base_address;
    rules_.size_bytes = next;
    rules_.needs_data = true;
    add_registers();
    in.register_b_transport(this, &crossbar_macro::b_transport);
    in.register_nb_transport_fw(this, &crossbar_macro::nb_transport_fw);
    in.register_get_direct_mem_ptr(this, &crossbar_macro::get_direct_mem_ptr);
    in.register_transport_dbg(this, &crossbar_macro::transport_dbg);
    SC_METHOD(update_interrupt);
    sensitive << interrupt_event_;
    dont_initialize();
}

template <unsigned BUSWIDTH>
crossbar_macro<BUSWIDTH>::crossbar_macro(const sc_core::sc_module_name& name,
                                         const published_macro_parameters& parameters, double cycle_ps, ledger& energy,
                                         std::uint64_t base_address, energy_basis basis)
    : crossbar_macro(name, std::make_shared<published_macro>(parameters), cycle_ps, energy, base_address, basis) {}

template <unsigned BUSWIDTH> void crossbar_macro<BUSWIDTH>::add_registers() {
    const auto constant = [this](std::uint64_t offset, std::uint32_t value) {
        registers_.add(offset, {[value](std::int64_t) { return value; }, {}});
    };
    const auto& e = model_.matrix_engine();
    const auto g = e.geometry();
    constant(CIM_MACRO_ID, CIM_MACRO_ID_VALUE);
    constant(CIM_MACRO_VERSION, CIM_MACRO_VERSION_VALUE);
    constant(CIM_MACRO_CAPABILITIES, (e.ping_pong() ? CIM_MACRO_CAPABILITY_PING_PONG : 0u) |
                                         (e.volatile_weights() ? CIM_MACRO_CAPABILITY_VOLATILE : 0u));
    constant(CIM_MACRO_ROWS, register_value(model_.max_rows()));
    constant(CIM_MACRO_ROWS_PARALLEL, register_value(g.rows_parallel));
    constant(CIM_MACRO_BITS, static_cast<std::uint32_t>(g.input_bits | g.weight_bits << 8));
    constant(CIM_MACRO_STEP_PS, register_value(static_cast<std::int64_t>(std::ceil(std::min(e.step_ps(), 1e10)))));
    constant(CIM_MACRO_WEIGHT_STRIDE, register_value(model_.weight_stride_bytes()));
    constexpr std::uint64_t where[] = {CIM_MACRO_WEIGHT_OFFSET, CIM_MACRO_INPUT_OFFSET, CIM_MACRO_OUTPUT_OFFSET};
    constexpr std::uint64_t how_much[] = {CIM_MACRO_WEIGHT_BYTES, CIM_MACRO_INPUT_BYTES, CIM_MACRO_OUTPUT_BYTES};
    for (std::size_t i = 0; i < places_.size(); ++i) {
        constant(where[i], static_cast<std::uint32_t>(places_[i].first));
        constant(how_much[i], static_cast<std::uint32_t>(places_[i].bytes));
    }
    registers_.add(CIM_MACRO_COLUMNS, {[this](std::int64_t) { return register_value(model_.max_columns()); }, {}});
    registers_.add(CIM_MACRO_COLUMNS_PARALLEL,
                   {[this](std::int64_t) { return register_value(model_.columns_parallel()); }, {}});

    registers_.add(CIM_MACRO_CONTROL, {[](std::int64_t) { return 0u; },
                                       [this](std::uint32_t value, std::int64_t time_ps) {
                                           const auto before_ps = model_.end_ps();
                                           model_.control(value, time_ps);
                                           if (model_.end_ps() != before_ps) take_back_pointers();
                                           interrupt_changed(time_ps);
                                       }});
    registers_.add(CIM_MACRO_STATUS, {[this](std::int64_t time_ps) { return model_.status(time_ps); }, {}});
    registers_.add(CIM_MACRO_ERROR_CODE, {[this](std::int64_t) { return model_.error(); },
                                          [this](std::uint32_t, std::int64_t) { model_.clear_error(); }});
    registers_.add(CIM_MACRO_IRQ_STATUS, {[this](std::int64_t time_ps) { return model_.interrupts(time_ps); },
                                          [this](std::uint32_t bits, std::int64_t time_ps) {
                                              model_.clear_interrupts(bits, time_ps);
                                              interrupt_changed(time_ps);
                                          }});
    registers_.add(CIM_MACRO_IRQ_ENABLE, {[this](std::int64_t) { return enabled_; },
                                          [this](std::uint32_t bits, std::int64_t time_ps) {
                                              enabled_ = bits & CIM_MACRO_IRQ_ALL;
                                              interrupt_changed(time_ps);
                                          }});
    registers_.add(CIM_MACRO_PRECISION, {[this](std::int64_t) { return model_.precision(); },
                                         [this](std::uint32_t value, std::int64_t) { model_.set_precision(value); }});
    registers_.add(CIM_MACRO_ROWS_USED, {[this](std::int64_t) { return model_.rows_used(); },
                                         [this](std::uint32_t value, std::int64_t) { model_.set_rows_used(value); }});
    registers_.add(CIM_MACRO_COLUMNS_USED,
                   {[this](std::int64_t) { return model_.columns_used(); },
                    [this](std::uint32_t value, std::int64_t) { model_.set_columns_used(value); }});
    registers_.add(CIM_MACRO_COMPLETED, {[this](std::int64_t time_ps) { return model_.completed(time_ps); }, {}});
    registers_.add_scratch(CIM_MACRO_SCRATCH);
}

template <unsigned BUSWIDTH>
const typename crossbar_macro<BUSWIDTH>::place* crossbar_macro<BUSWIDTH>::find(std::uint64_t at) const {
    for (const auto& p : places_)
        if (at >= p.first && at - p.first < p.bytes) return &p;
    return nullptr;
}

template <unsigned BUSWIDTH>
tlm::tlm_response_status crossbar_macro<BUSWIDTH>::check(const tlm::tlm_generic_payload& payload) const {
    const auto status = check_access(payload, rules_);
    if (status != tlm::TLM_OK_RESPONSE || payload.get_command() == tlm::TLM_IGNORE_COMMAND) return status;
    const auto at = offset(payload);
    if (const auto* p = find(at))
        return footprint_bytes(payload) <= p->bytes - (at - p->first) ? tlm::TLM_OK_RESPONSE
                                                                      : tlm::TLM_ADDRESS_ERROR_RESPONSE;
    if (at >= CIM_MACRO_WINDOW_BYTES) return tlm::TLM_ADDRESS_ERROR_RESPONSE; // behind a memory's last byte
    if (payload.get_byte_enable_ptr() != nullptr) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    return registers_.check(payload, at);
}

template <unsigned BUSWIDTH>
void crossbar_macro<BUSWIDTH>::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const auto status = check(payload);
    payload.set_response_status(status);
    if (status != tlm::TLM_OK_RESPONSE) ++refused_;
    if (status != tlm::TLM_OK_RESPONSE || payload.get_command() == tlm::TLM_IGNORE_COMMAND) {
        delay += times_.time(access_ps_);
        return;
    }
    if (const auto* p = find(offset(payload))) return access(*p, payload, delay);
    delay += times_.time(access_ps_);
    registers_.access(payload, offset(payload), times_.now_ps() + times_.ps(delay));
}

template <unsigned BUSWIDTH>
void crossbar_macro<BUSWIDTH>::access(const place& p, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const auto first = static_cast<std::int64_t>(offset(payload) - p.first);
    unsigned char* data = payload.get_data_ptr();
    const bool write = payload.is_write();
    const std::int64_t now_ps = times_.now_ps();
    const std::int64_t arrival_ps = now_ps + times_.ps(delay);
    const bool taken = !write || model_.may_write(p.what, arrival_ps);
    std::int64_t moved = 0;
    for_each_run(payload, [&](std::uint64_t at, std::uint64_t from, std::uint64_t count) {
        const auto bytes = static_cast<std::int64_t>(count);
        moved += bytes;
        const auto there = first + static_cast<std::int64_t>(at);
        if (!write)
            model_.read(p.what, there, data + from, bytes, arrival_ps);
        else if (taken)
            model_.write(p.what, there, data + from, bytes, arrival_ps);
    });
    const bool programs = write && taken && p.what == region::weights;
    auto service_ps = transfer_ps(payload.get_data_length(), BUSWIDTH / 8.0, cycle_ps_);
    if (programs) service_ps = std::max(service_ps, model_.write_ps(moved));
    port_.forget_before(now_ps);
    const std::int64_t begin_ps = port_.reserve(arrival_ps, service_ps);
    if (programs) model_.account_write(moved, begin_ps + service_ps);
    delay += times_.time(begin_ps - arrival_ps + access_ps_ + service_ps);
    transfer_extension* extension = nullptr;
    payload.get_extension(extension);
    if (extension != nullptr) {
        extension->clear_times();
        extension->queue_ps = begin_ps - arrival_ps;
        extension->service_ps = service_ps;
    }
    payload.set_dmi_allowed(may_point(p.what, write));
    if (!taken) interrupt_changed(arrival_ps);
}

template <unsigned BUSWIDTH> bool crossbar_macro<BUSWIDTH>::may_point(region r, bool write) const {
    if (r == region::inputs) return true;
    return !model_.busy(times_.now_ps()) && !(write && r == region::weights);
}

template <unsigned BUSWIDTH> void crossbar_macro<BUSWIDTH>::take_back_pointers() {
    if (!pointers_given_) return;
    pointers_given_ = false;
    for (const auto& p : places_)
        if (p.what != region::inputs)
            in->invalidate_direct_mem_ptr(rules_.base_address + p.first, rules_.base_address + p.first + p.bytes - 1);
}

template <unsigned BUSWIDTH>
tlm::tlm_sync_enum crossbar_macro<BUSWIDTH>::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                             sc_core::sc_time& delay) {
    return frontend_.nb_transport_fw(payload, phase, delay);
}

template <unsigned BUSWIDTH>
bool crossbar_macro<BUSWIDTH>::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
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
    const auto* p = find(offset(payload));
    if (p == nullptr) return false;
    dmi.set_start_address(rules_.base_address + p->first);
    dmi.set_end_address(rules_.base_address + p->first + p->bytes - 1);
    if (!may_point(p->what, payload.is_write())) {
        if (payload.is_write() && may_point(p->what, false)) dmi.allow_write();
        return false;
    }
    if (p->what == region::weights) dmi.allow_read();
    dmi.set_dmi_ptr(model_.place(p->what, times_.now_ps()));
    dmi.set_read_latency(times_.time(access_ps_));
    dmi.set_write_latency(times_.time(access_ps_));
    pointers_given_ = pointers_given_ || p->what != region::inputs;
    return true;
}

template <unsigned BUSWIDTH> unsigned crossbar_macro<BUSWIDTH>::transport_dbg(tlm::tlm_generic_payload& payload) {
    if (payload.get_command() == tlm::TLM_IGNORE_COMMAND || check(payload) != tlm::TLM_OK_RESPONSE) return 0;
    const auto* p = find(offset(payload));
    const auto now_ps = times_.now_ps();
    if (p == nullptr) return registers_.debug(payload, offset(payload), now_ps);
    const auto first = static_cast<std::int64_t>(offset(payload) - p->first);
    for_each_run(payload, [&](std::uint64_t at, std::uint64_t from, std::uint64_t count) {
        const auto there = first + static_cast<std::int64_t>(at);
        if (payload.is_read())
            model_.read(p->what, there, payload.get_data_ptr() + from, static_cast<std::int64_t>(count), now_ps);
        else
            model_.write(p->what, there, payload.get_data_ptr() + from, static_cast<std::int64_t>(count), now_ps);
    });
    return payload.get_data_length();
}

// The interrupt as it is now, and when to look again.
template <unsigned BUSWIDTH> void crossbar_macro<BUSWIDTH>::update_interrupt() {
    const auto now_ps = times_.now_ps();
    const auto next_ps = model_.next_interrupt_ps(now_ps);
    if (next_ps >= 0) interrupt_event_.notify(times_.time(next_ps - now_ps));
    const bool level = (model_.interrupts(now_ps) & enabled_) != 0;
    if (level == line_) return;
    line_ = level;
    if (on_interrupt_) on_interrupt_(level);
}

// Something about interrupts has changed at `time_ps`.
template <unsigned BUSWIDTH> void crossbar_macro<BUSWIDTH>::interrupt_changed(std::int64_t time_ps) {
    const bool level = (model_.interrupts(time_ps) & enabled_) != 0;
    const auto now_ps = times_.now_ps();
    if (line_ && !level) {
        line_ = false;
        if (on_interrupt_) on_interrupt_(false);
    }
    const auto due_ps = level ? time_ps : model_.next_interrupt_ps(time_ps);
    if (due_ps >= 0) interrupt_event_.notify(times_.time(std::max(due_ps, now_ps) - now_ps));
}

template <unsigned BUSWIDTH> std::string crossbar_macro<BUSWIDTH>::waiting_for() const {
    if (model_.busy(times_.now_ps())) return "the end of a product at " + std::to_string(model_.end_ps()) + " ps";
    return frontend_.waiting_for();
}

template <unsigned BUSWIDTH> void crossbar_macro<BUSWIDTH>::report(statistics& s) const {
    model_.report(s, part_ + ".");
    s.add(part_ + ".refused", static_cast<double>(refused_), "count", "requests refused with an error response");
}

template class crossbar_macro<32>;
template class crossbar_macro<64>;

} // namespace cimtlm

#include <cimtlm/modules/bus.h>

#include <cimtlm/base/error.h>
#include <cimtlm/tlm/access_check.h>
#include <cimtlm/tlm/transfer_extension.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

template <unsigned BUSWIDTH>
bus<BUSWIDTH>::bus(const sc_core::sc_module_name& name, const bus_parameters& parameters, double cycle_ps,
                   ledger& energy, unsigned n_in, unsigned n_out)
    : sc_core::sc_module(name)
    , in("in", n_in)
    , out("out", n_out)
    , part_(name)
    , model_(parameters, cycle_ps, n_in)
    , sides_(n_in, 0)
    , has_ports_(parameters.ports.has_value())
    , multicast_(parameters.multicast)
    , shares_reads_(n_out, false)
    , pending_(n_out)
    , ledger_(energy)
    , account_(energy.open(part_, "transfer", "byte", parameters.energy_pj_per_byte)) {
    for (unsigned i = 0; i < n_in; ++i) {
        const int id = static_cast<int>(i);
        in[i].register_b_transport(this, &bus::b_transport, id);
        in[i].register_nb_transport_fw(this, &bus::nb_transport_fw, id);
        in[i].register_get_direct_mem_ptr(this, &bus::get_direct_mem_ptr, id);
        in[i].register_transport_dbg(this, &bus::transport_dbg, id);
        frontends_.push_back(std::make_unique<at_frontend>(
            ("frontend_" + std::to_string(i)).c_str(),
            [this, id](tlm::tlm_generic_payload& p, sc_core::sc_time& d) { b_transport(id, p, d); },
            [this, i](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
                return in[i]->nb_transport_bw(p, phase, d);
            },
            std::llround(cycle_ps)));
    }
    for (unsigned i = 0; i < n_out; ++i)
        out[i].register_invalidate_direct_mem_ptr(this, &bus::invalidate_direct_mem_ptr, static_cast<int>(i));
}

template <unsigned BUSWIDTH>
void bus<BUSWIDTH>::map(std::uint64_t base, std::uint64_t size_bytes, unsigned target, bool relative, unsigned sides) {
    if (sides == 0 || target >= out.size() || sides > out.size() - target)
        throw input_error(part_ + ": no output " + std::to_string(target + std::max(sides, 1u) - 1));
    map_.add(base, size_bytes, target, relative, sides);
}

namespace {

// A read of whole bytes in a row, as every target serves it alike.
bool plain_read(const tlm::tlm_generic_payload& p) {
    const unsigned length = p.get_data_length(), width = p.get_streaming_width();
    return p.is_read() && length > 0 && p.get_data_ptr() != nullptr && p.get_byte_enable_ptr() == nullptr &&
           (width == 0 || width >= length);
}

// As the target sees it.
std::uint64_t inside(const address_map::window& w, std::uint64_t address) {
    return w.relative ? address - w.base : address;
}

read_range range_of(const tlm::tlm_generic_payload& p, const address_map::window& w, const transfer_extension& e) {
    return {inside(w, p.get_address()), p.get_data_length(), e.segment_bytes, e.stride_bytes};
}

} // namespace

template <unsigned BUSWIDTH>
bool bus<BUSWIDTH>::join(unsigned input, tlm::tlm_generic_payload& payload, const address_map::window& w,
                         transfer_extension& e, sc_core::sc_time& delay) {
    const std::int64_t now_ps = times_.now_ps();
    const std::int64_t arrival_ps = now_ps + times_.ps(delay) + model_.latency_ps(); // at the target
    const pending_reads::response* first = pending_[w.out].find(range_of(payload, w, e), input, arrival_ps);
    if (first == nullptr || !copy_data(input, payload, w, e)) return false;
    const unsigned length = payload.get_data_length();
    const burst_timing t = model_.join_read(length, *first, arrival_ps, now_ps, input);
    queue_ps_ += std::max<std::int64_t>(0, t.end_ps - std::max(first->timing.end_ps, arrival_ps + t.service_ps));
    e.queue_ps += t.queue_ps;
    e.row_ps += t.row_ps;
    e.refresh_ps += t.refresh_ps;
    e.service_ps = std::max(e.service_ps, t.service_ps);
    e.stretch_ps = t.stretch_ps;
    delay = times_.time(t.end_ps - now_ps + model_.latency_ps());
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    ++joined_reads_;
    joined_bytes_ += length;
    ++accesses_[false];
    bytes_[false] += length;
    ledger_.charge(account_, static_cast<double>(length));
    return true;
}

// The bytes that a payload wants, without asking in simulated time. False if the target does not give them.
template <unsigned BUSWIDTH>
bool bus<BUSWIDTH>::copy_data(unsigned input, tlm::tlm_generic_payload& payload, const address_map::window& w,
                              const transfer_extension& e) {
    if (e.timing_only) return true;
    const std::uint64_t length = payload.get_data_length();
    const bool strided = e.segment_bytes > 0 && e.stride_bytes >= e.segment_bytes;
    const std::uint64_t segment = strided ? e.segment_bytes : length;
    std::uint64_t address = inside(w, payload.get_address());
    tlm::tlm_generic_payload peek;
    peek.set_read();
    for (std::uint64_t done = 0; done < length; done += segment, address += e.stride_bytes) {
        const auto part = static_cast<unsigned>(std::min(segment, length - done));
        peek.set_address(address);
        peek.set_data_ptr(payload.get_data_ptr() + done);
        peek.set_data_length(part);
        peek.set_streaming_width(part);
        if (out[output(w, static_cast<int>(input))]->transport_dbg(peek) != part) return false;
    }
    return true;
}

template <unsigned BUSWIDTH>
void bus<BUSWIDTH>::b_transport(int id, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    transfer_extension* extension = nullptr;
    payload.get_extension(extension);
    const std::uint64_t address = payload.get_address();
    const std::uint64_t length = payload.get_data_length();
    const address_map::window* w = map_.find(address, footprint_bytes(payload));
    if (w == nullptr) {
        ++decode_errors_;
        delay += times_.time(2 * model_.latency_ps());
        payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        return;
    }
    // The target's share of the time is needed in any case.
    transfer_extension own;
    if (extension == nullptr) payload.set_extension(&own);
    transfer_extension& e = extension ? *extension : own;

    const bool write = payload.is_write();
    const auto port = static_cast<std::size_t>(id);
    const bool shares = multicast_ && shares_reads_[w->out] && plain_read(payload);
    if (shares && join(static_cast<unsigned>(id), payload, *w, e, delay)) {
        if (extension == nullptr) payload.clear_extension(&own);
        return;
    }
    if (multicast_ && write) end_responses(payload, *w, &e);
    const auto bytes = static_cast<std::int64_t>(length);
    const std::int64_t now_ps = times_.now_ps();
    const std::int64_t arrival_ps = now_ps + times_.ps(delay);
    const std::int64_t begin_ps = write ? model_.begin_write(bytes, arrival_ps, now_ps, port) : arrival_ps;
    delay += times_.time(begin_ps - arrival_ps + model_.latency_ps());
    payload.set_address(inside(*w, address));
    out[output(*w, id)]->b_transport(payload, delay);
    payload.set_address(address);

    if (payload.get_response_status() == tlm::TLM_OK_RESPONSE && payload.get_command() != tlm::TLM_IGNORE_COMMAND) {
        burst_timing t;
        const std::int64_t answered_ps = times_.now_ps() + times_.ps(delay);
        t.end_ps = answered_ps;
        t.queue_ps = e.queue_ps + (begin_ps - arrival_ps);
        t.row_ps = e.row_ps;
        t.refresh_ps = e.refresh_ps;
        t.service_ps = e.service_ps;
        t.stretch_ps = e.stretch_ps;
        if (write)
            model_.end_write(bytes, t);
        else
            queue_ps_ += model_.end_read(bytes, t, now_ps, port);
        queue_ps_ += begin_ps - arrival_ps;
        e.queue_ps = t.queue_ps;
        e.row_ps = t.row_ps;
        e.refresh_ps = t.refresh_ps;
        e.service_ps = t.service_ps;
        e.stretch_ps = t.stretch_ps;
        delay += times_.time(t.end_ps - answered_ps);
        if (shares) pending_[w->out].add(range_of(payload, *w, e), {port, arrival_ps + model_.latency_ps(), t}, now_ps);
        ++accesses_[write];
        bytes_[write] += length;
        ledger_.charge(account_, static_cast<double>(length));
    }
    delay += times_.time(model_.latency_ps());
    if (extension == nullptr) payload.clear_extension(&own);
}

template <unsigned BUSWIDTH>
void bus<BUSWIDTH>::end_responses(const tlm::tlm_generic_payload& write, const address_map::window& w,
                                  const transfer_extension* e) {
    const std::uint64_t length = write.get_data_length(), first = inside(w, write.get_address());
    if (length == 0) return;
    const std::uint64_t bytes = e ? footprint_bytes(length, e->segment_bytes, e->stride_bytes) : length;
    pending_[w.out].end_overlapping(first, first + bytes - 1);
}

template <unsigned BUSWIDTH>
tlm::tlm_sync_enum bus<BUSWIDTH>::nb_transport_fw(int id, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                  sc_core::sc_time& delay) {
    return frontends_[static_cast<std::size_t>(id)]->nb_transport_fw(payload, phase, delay);
}

template <unsigned BUSWIDTH>
bool bus<BUSWIDTH>::get_direct_mem_ptr(int id, tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
    dmi.init();
    const std::uint64_t address = payload.get_address();
    const address_map::window* w = map_.find(address, 0);
    if (w == nullptr) {
        dmi.allow_read_write(); // denied
        dmi.set_start_address(address);
        dmi.set_end_address(address);
        return false;
    }
    const std::uint64_t offset = w->relative ? w->base : 0;
    payload.set_address(address - offset);
    const bool granted = out[output(*w, id)]->get_direct_mem_ptr(payload, dmi);
    payload.set_address(address);
    // Only what the initiator reaches through this window.
    const std::uint64_t first = std::max<std::uint64_t>(dmi.get_start_address(), w->base - offset);
    const std::uint64_t last = std::min<std::uint64_t>(dmi.get_end_address(), w->last - offset);
    if (granted) {
        dmi.set_dmi_ptr(dmi.get_dmi_ptr() + (first - dmi.get_start_address()));
        dmi.set_read_latency(dmi.get_read_latency() + times_.time(2 * model_.latency_ps()));
        dmi.set_write_latency(dmi.get_write_latency() + times_.time(2 * model_.latency_ps()));
    }
    dmi.set_start_address(first + offset);
    dmi.set_end_address(last + offset);
    return granted;
}

template <unsigned BUSWIDTH> unsigned bus<BUSWIDTH>::transport_dbg(int id, tlm::tlm_generic_payload& payload) {
    const std::uint64_t address = payload.get_address();
    const address_map::window* w = map_.find(address, payload.get_data_length());
    if (w == nullptr) return 0;
    if (multicast_ && payload.is_write()) end_responses(payload, *w, nullptr);
    payload.set_address(inside(*w, address));
    const unsigned n = out[output(*w, id)]->transport_dbg(payload);
    payload.set_address(address);
    return n;
}

template <unsigned BUSWIDTH>
void bus<BUSWIDTH>::invalidate_direct_mem_ptr(int id, sc_dt::uint64 begin, sc_dt::uint64 end) {
    for (const address_map::window& w : map_.windows()) {
        const auto from = static_cast<unsigned>(id);
        if (from < w.out || from - w.out >= w.sides) continue;
        const std::uint64_t offset = w.relative ? w.base : 0;
        const std::uint64_t first = std::max<std::uint64_t>(begin, w.base - offset);
        const std::uint64_t last = std::min<std::uint64_t>(end, w.last - offset);
        if (first > last) continue;
        for (auto& socket : in) socket->invalidate_direct_mem_ptr(first + offset, last + offset);
    }
}

template <unsigned BUSWIDTH> void bus<BUSWIDTH>::report(statistics& s) const {
    const std::string prefix = part_ + ".";
    const char* names[] = {"read", "write"};
    for (const bool write : {false, true}) {
        const std::string name = names[write];
        s.add(prefix + "accesses_" + name, static_cast<double>(accesses_[write]), "count", name + " transactions");
        s.add(prefix + "bytes_" + name, static_cast<double>(bytes_[write]), "byte", "bytes carried by " + name + "s");
        s.add(prefix + "busy_" + name + "_ps", static_cast<double>(model_.busy_ps(write)), "ps",
              "time the " + name + " channel was taken");
        if (!has_ports_) continue;
        std::int64_t ports_ps = 0;
        for (std::size_t i = 0; i < in.size(); ++i) ports_ps += model_.port_busy_ps(i, write);
        s.add(prefix + "busy_ports_" + name + "_ps", static_cast<double>(ports_ps), "ps",
              "time the " + name + " channels of the ports were taken, all together");
    }
    if (multicast_) {
        s.add(prefix + "multicast_reads", static_cast<double>(joined_reads_), "count",
              "reads that another's response answered");
        s.add(prefix + "multicast_bytes", static_cast<double>(joined_bytes_), "byte", "bytes of these");
    }
    s.add(prefix + "queue_ps", static_cast<double>(queue_ps_), "ps", "time requests waited for a taken channel");
    s.add(prefix + "decode_errors", static_cast<double>(decode_errors_), "count", "requests that no window took");
}

template <unsigned BUSWIDTH> std::string bus<BUSWIDTH>::waiting_for() const {
    for (std::size_t i = 0; i < frontends_.size(); ++i) {
        const std::string reason = frontends_[i]->waiting_for();
        if (!reason.empty()) return "in_" + std::to_string(i) + ": " + reason;
    }
    return "";
}

template class bus<32>;
template class bus<64>;

} // namespace cimtlm

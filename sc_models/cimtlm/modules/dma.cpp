#include <cimtlm/modules/dma.h>

#include <cimtlm/base/error.h>
#include <cimtlm/base/rate.h>
#include <cimtlm/tlm/access_check.h>

#include <algorithm>
#include <cstring>

namespace cimtlm {

template <unsigned BUSWIDTH> struct dma<BUSWIDTH>::transfer {
    transfer(dma& owner, tlm::tlm_generic_payload& whole, const transfer_extension* e, std::int64_t arrival_ps)
        : at(owner)
        , payload(whole)
        , extension(e)
        , answered(owner.kernel_)
        , times(arrival_ps)
        , lane(owner.ways_[whole.is_write()]) {}
    // Also when the process is ended within.
    ~transfer() {
        lane.turn.erase(std::remove(lane.turn.begin(), lane.turn.end(), this), lane.turn.end());
        if (under_way > 0)
            for (auto& [p, f] : at.flights_)
                if (f.owner == this) f.owner = nullptr;
        lane.under_way -= under_way;
    }
    transfer(const transfer&) = delete;
    transfer& operator=(const transfer&) = delete;
    bool ok() const { return status == tlm::TLM_OK_RESPONSE; }

    dma& at;
    tlm::tlm_generic_payload& payload;
    const transfer_extension* extension;
    local_kernel::event answered; // or its turn has come
    dma_times times;
    way& lane;
    std::int64_t under_way = 0;
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
};

template <unsigned BUSWIDTH>
dma<BUSWIDTH>::dma(const sc_core::sc_module_name& name, const device_dma_parameters& p, double cycle_ps,
                   local_kernel& kernel)
    : sc_core::sc_module(name)
    , in("in")
    , out("out")
    , part_(name)
    , parameters_(p)
    , cycle_ps_(cycle_ps)
    , kernel_(kernel)
    , port_({p.bytes_per_cycle, 0, 0}, cycle_ps)
    , changed_(kernel) {
    if (p.burst_bytes < 0) throw input_error(part_ + ": burst_bytes is negative");
    if (p.outstanding < 0) throw input_error(part_ + ": outstanding is negative");
    in.register_b_transport(this, &dma::b_transport);
    in.register_transport_dbg(this, &dma::transport_dbg);
    out.register_nb_transport_bw(this, &dma::nb_transport_bw);
}

template <unsigned BUSWIDTH>
void dma<BUSWIDTH>::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const bool blocking = parameters_.transport == dma_transport::blocking;
    if (blocking && parameters_.split == dma_split::operand) {
        pass(payload, delay);
        return;
    }
    access_rules rules;
    rules.byte_enables = false;
    rules.needs_data = true;
    payload.set_response_status(check_access(payload, rules));
    if (payload.is_response_error()) ++errors_;
    if (payload.is_response_error() || payload.get_command() == tlm::TLM_IGNORE_COMMAND) return;
    ++transfers_;
    if (blocking)
        move_blocking(payload, delay);
    else
        move_non_blocking(payload, delay);
}

template <unsigned BUSWIDTH> unsigned dma<BUSWIDTH>::transport_dbg(tlm::tlm_generic_payload& payload) {
    return out->transport_dbg(payload);
}

namespace {
void write_back(transfer_extension* e, const burst_timing& t) {
    if (e == nullptr) return;
    e->queue_ps = t.queue_ps;
    e->row_ps = t.row_ps;
    e->refresh_ps = t.refresh_ps;
    e->service_ps = t.service_ps;
    e->stretch_ps = t.stretch_ps;
}

// Some foreign memories leave the status as they found it: they have served.
void settle(tlm::tlm_generic_payload& payload) {
    if (payload.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE)
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
}
} // namespace

// A hop without latency, as a bus is one.
template <unsigned BUSWIDTH> void dma<BUSWIDTH>::pass(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    ++transfers_;
    ++calls_;
    const struct ending {
        std::int64_t& n;
        ~ending() { --n; }
    } ending{calls_};
    if (parameters_.bytes_per_cycle == 0) {
        out->b_transport(payload, delay);
        settle(payload);
        count(payload);
        return;
    }
    transfer_extension own, *e = nullptr;
    payload.get_extension(e);
    const bool brought = e == nullptr;
    if (brought) {
        e = &own;
        payload.set_extension(e);
    }
    const bool write = payload.is_write();
    const auto bytes = static_cast<std::int64_t>(payload.get_data_length());
    const auto now_ps = times_.now_ps(), arrival_ps = now_ps + times_.ps(delay);
    const auto begin_ps = write ? port_.begin_write(bytes, arrival_ps, now_ps) : arrival_ps;
    delay = times_.time(begin_ps - now_ps);
    out->b_transport(payload, delay);
    settle(payload);
    count(payload);
    if (payload.is_response_ok() && payload.get_command() != tlm::TLM_IGNORE_COMMAND) {
        const auto answer_ps = times_.now_ps() + times_.ps(delay);
        burst_timing t{answer_ps,    e->queue_ps + begin_ps - arrival_ps, e->row_ps, e->refresh_ps, e->service_ps,
                       e->stretch_ps};
        if (write)
            port_.end_write(bytes, t);
        else
            port_.end_read(bytes, t, now_ps);
        write_back(e, t);
        delay += times_.time(t.end_ps - answer_ps);
    }
    if (brought) payload.clear_extension(e);
}

namespace {

// In ascending order; as a rule the last.
void insert(std::deque<std::int64_t>& times_ps, std::int64_t time_ps) {
    auto at = times_ps.end();
    while (at != times_ps.begin() && *std::prev(at) > time_ps) --at;
    times_ps.insert(at, time_ps);
}

} // namespace

template <unsigned BUSWIDTH>
dma_pieces dma<BUSWIDTH>::pieces_of(const tlm::tlm_generic_payload& payload, const transfer_extension* e) const {
    return {parameters_.split,        static_cast<std::uint64_t>(parameters_.burst_bytes),
            payload.get_address(),    payload.get_data_length(),
            e ? e->segment_bytes : 0, e ? e->stride_bytes : 0};
}

template <unsigned BUSWIDTH>
pooled_payload& dma<BUSWIDTH>::prepare(const tlm::tlm_generic_payload& whole, const transfer_extension* e,
                                       const dma_pieces::piece& p, unsigned char* data) {
    auto& payload = pool_.take();
    const auto length = static_cast<unsigned>(p.bytes);
    if (data == nullptr) { // its own
        if (payload.buffer.size() < length) payload.buffer.resize(length);
        data = payload.buffer.data();
    }
    payload.set_command(whole.get_command());
    payload.set_address(p.address);
    payload.set_data_ptr(data);
    payload.set_data_length(length);
    payload.set_streaming_width(length);
    payload.set_byte_enable_ptr(nullptr);
    payload.set_byte_enable_length(0);
    payload.set_dmi_allowed(false);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    auto& x = payload.extension;
    x = e ? *e : transfer_extension();
    if (parameters_.split != dma_split::operand) x.segment_bytes = x.stride_bytes = 0;
    x.clear_times();
    return payload;
}

// The timing of a piece with the port between target and block; what the target does not tell is latency.
template <unsigned BUSWIDTH>
burst_timing dma<BUSWIDTH>::through_port(way& w, const tlm::tlm_generic_payload& p, const transfer_extension& e,
                                         std::int64_t own_ps, std::int64_t answer_ps) const {
    burst_timing t{answer_ps, e.queue_ps, e.row_ps, e.refresh_ps, e.service_ps, e.stretch_ps};
    if (own_ps == 0 || !p.is_response_ok()) return t;
    pass_through(own_ps, t);
    if (p.is_write()) return t; // it took the port on its way there
    const auto end_ps = std::max(t.end_ps, w.end_ps + own_ps);
    t.queue_ps += end_ps - t.end_ps;
    t.end_ps = w.end_ps = end_ps;
    return t;
}

template <unsigned BUSWIDTH> void dma<BUSWIDTH>::count(const tlm::tlm_generic_payload& payload) {
    if (!payload.is_response_ok()) {
        ++errors_;
        return;
    }
    if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) return;
    ++payloads_[payload.is_write()];
    bytes_[payload.is_write()] += payload.get_data_length();
}

template <unsigned BUSWIDTH>
void dma<BUSWIDTH>::move_blocking(tlm::tlm_generic_payload& whole, sc_core::sc_time& delay) {
    ++calls_;
    const struct ending {
        std::int64_t& n;
        ~ending() { --n; }
    } ending{calls_};
    transfer_extension* e = nullptr;
    whole.get_extension(e);
    auto& w = ways_[whole.is_write()];
    const auto arrival_ps = times_.now_ps() + times_.ps(delay);
    const auto most = static_cast<std::size_t>(parameters_.outstanding);
    dma_times times(arrival_ps);
    for (auto pieces = pieces_of(whole, e); pieces.more() && whole.is_response_ok();) {
        const auto p = pieces.next();
        // The kernel's time has gone on if the target waited.
        auto start_ps = std::max({arrival_ps, w.free_ps, times_.now_ps()});
        for (; most > 0 && w.answers_ps.size() >= most; w.answers_ps.pop_front())
            start_ps = std::max(start_ps, w.answers_ps.front());
        const auto own_ps = transfer_ps(static_cast<std::int64_t>(p.bytes), parameters_.bytes_per_cycle, cycle_ps_);
        w.free_ps = start_ps + own_ps;
        auto& payload = prepare(whole, e, p, whole.get_data_ptr() + p.offset);
        const struct release {
            pooled_payload& taken;
            ~release() { taken.release(); }
        } release{payload};
        auto d = times_.time(start_ps - times_.now_ps());
        out->b_transport(payload, d);
        settle(payload);
        const auto t = through_port(w, payload, payload.extension, own_ps, times_.now_ps() + times_.ps(d));
        if (most > 0) insert(w.answers_ps, t.end_ps);
        times.add(start_ps, own_ps, t);
        count(payload);
        whole.set_response_status(payload.get_response_status());
    }
    write_back(e, times.sum());
    delay = times_.time(std::max(times.end_ps() - times_.now_ps(), std::int64_t{0}));
}

template <unsigned BUSWIDTH>
void dma<BUSWIDTH>::move_non_blocking(tlm::tlm_generic_payload& whole, sc_core::sc_time& delay) {
    if (!kernel_.running()) {
        SC_REPORT_FATAL("/cimtlm/dma", (part_ + ": only processes of the local kernel can wait for responses").c_str());
        whole.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
        return;
    }
    kernel_.wait_until(times_.now_ps() + times_.ps(delay));
    kernel_.synchronise();
    delay = sc_core::SC_ZERO_TIME;
    transfer_extension* e = nullptr;
    whole.get_extension(e);
    const local_kernel::held held(kernel_); // responses come in the kernel's time
    transfer t(*this, whole, e, times_.now_ps());
    t.lane.turn.push_back(&t);
    while (t.lane.turn.front() != &t) kernel_.wait(t.answered);
    for (auto pieces = pieces_of(whole, e); pieces.more();) {
        await_room(t);
        if (!t.ok()) break;
        send(t, pieces.next());
    }
    t.lane.turn.pop_front();
    if (!t.lane.turn.empty()) t.lane.turn.front()->answered.notify();
    while (t.under_way > 0) kernel_.wait(t.answered);
    kernel_.wait_until(t.times.end_ps());
    release_answered();
    write_back(e, t.times.sum());
    whole.set_response_status(t.status);
}

// Returns when the next piece may be sent, or a response was an error.
template <unsigned BUSWIDTH> void dma<BUSWIDTH>::await_room(transfer& t) {
    auto& w = t.lane;
    while (t.ok()) {
        const auto now_ps = kernel_.now_ps();
        while (!w.answers_ps.empty() && w.answers_ps.front() <= now_ps) w.answers_ps.pop_front();
        const auto under_way = w.under_way + static_cast<std::int64_t>(w.answers_ps.size());
        if (parameters_.outstanding > 0 && under_way >= parameters_.outstanding) {
            if (w.answers_ps.empty())
                kernel_.wait(changed_);
            else
                kernel_.wait_until(w.answers_ps.front(), changed_);
        } else if (requesting_ != nullptr) {
            kernel_.wait(changed_);
        } else if (const auto free_ps = std::max(w.free_ps, request_free_ps_); free_ps > now_ps) {
            kernel_.wait_until(free_ps, changed_);
        } else {
            return;
        }
    }
}

template <unsigned BUSWIDTH> void dma<BUSWIDTH>::send(transfer& t, const dma_pieces::piece& p) {
    release_answered();
    auto& payload = prepare(t.payload, t.extension, p, nullptr);
    if (payload.is_write() && !payload.extension.timing_only)
        std::memcpy(payload.get_data_ptr(), t.payload.get_data_ptr() + p.offset, p.bytes);
    const auto now_ps = times_.now_ps();
    const auto own_ps = transfer_ps(static_cast<std::int64_t>(p.bytes), parameters_.bytes_per_cycle, cycle_ps_);
    flights_[&payload] = {&t, &payload, p.offset, now_ps, own_ps};
    ++t.under_way;
    ++t.lane.under_way;
    t.lane.free_ps = now_ps + own_ps;
    requesting_ = &payload;
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    auto delay = sc_core::SC_ZERO_TIME;
    const auto status = out->nb_transport_fw(payload, phase, delay);
    const auto time_ps = now_ps + times_.ps(delay);
    if (status == tlm::TLM_COMPLETED) {
        end_request(payload, time_ps);
        end_response(payload, time_ps);
    } else if (status == tlm::TLM_UPDATED && phase == tlm::END_REQ) {
        end_request(payload, time_ps);
    } else if (status == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP) {
        end_request(payload, time_ps);
        end_response(payload, time_ps);
        phase = tlm::END_RESP;
        out->nb_transport_fw(payload, phase, delay);
    }
}

template <unsigned BUSWIDTH>
tlm::tlm_sync_enum dma<BUSWIDTH>::nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                  sc_core::sc_time& delay) {
    const auto time_ps = times_.now_ps() + times_.ps(delay);
    if (phase == tlm::END_REQ) end_request(payload, time_ps);
    if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
    end_request(payload, time_ps);
    end_response(payload, time_ps);
    // Everyone understands END_RESP on return; DRAM controllers are known that wait for it after TLM_COMPLETED.
    phase = tlm::END_RESP;
    return tlm::TLM_UPDATED;
}

template <unsigned BUSWIDTH>
void dma<BUSWIDTH>::end_request(const tlm::tlm_generic_payload& payload, std::int64_t time_ps) {
    if (requesting_ != &payload) return;
    requesting_ = nullptr;
    request_free_ps_ = time_ps;
    changed_.notify();
}

template <unsigned BUSWIDTH>
void dma<BUSWIDTH>::end_response(const tlm::tlm_generic_payload& payload, std::int64_t time_ps) {
    const auto found = flights_.find(&payload);
    if (found == flights_.end()) return;
    const auto f = found->second;
    flights_.erase(found);
    answered_.push_back(f.payload);
    if (f.owner == nullptr) return; // forgotten
    settle(*f.payload);
    auto& t = *f.owner;
    const auto timing = through_port(t.lane, payload, f.payload->extension, f.own_ps, time_ps);
    t.times.add(f.start_ps, f.own_ps, timing);
    --t.under_way;
    --t.lane.under_way;
    if (parameters_.outstanding > 0) insert(t.lane.answers_ps, timing.end_ps);
    count(payload);
    if (t.ok()) t.status = payload.get_response_status();
    if (payload.is_read() && payload.is_response_ok() && !f.payload->extension.timing_only)
        std::memcpy(t.payload.get_data_ptr() + f.offset, payload.get_data_ptr(), payload.get_data_length());
    t.answered.notify();
    changed_.notify();
}

// Not while a target is still in the call that brought the answer.
template <unsigned BUSWIDTH> void dma<BUSWIDTH>::release_answered() {
    for (auto* p : answered_) p->release();
    answered_.clear();
}

template <unsigned BUSWIDTH> void dma<BUSWIDTH>::abort() {
    for (auto& [p, f] : flights_) f.owner = nullptr;
    for (auto& w : ways_) w = {};
    port_ = bus_model({parameters_.bytes_per_cycle, 0, 0}, cycle_ps_);
}

template <unsigned BUSWIDTH> void dma<BUSWIDTH>::report(statistics& s) const {
    const auto add = [&](const char* name, std::int64_t value, const char* unit, const char* description) {
        s.add(part_ + "." + name, static_cast<double>(value), unit, description);
    };
    add("transfers", transfers_, "count", "transfers of the block");
    add("payloads_read", payloads_[false], "count", "reads of system memory");
    add("payloads_written", payloads_[true], "count", "writes of system memory");
    add("bytes_read", bytes_[false], "byte", "bytes of these reads");
    add("bytes_written", bytes_[true], "byte", "bytes of these writes");
    add("errors", errors_, "count", "transfers that were not sent and payloads that were refused");
}

template <unsigned BUSWIDTH> std::string dma<BUSWIDTH>::waiting_for() const {
    if (calls_ > 0) return "a call of system memory to return";
    if (requesting_ != nullptr) return "system memory to accept a request";
    std::size_t awaited = 0;
    for (const auto& [p, f] : flights_) awaited += f.owner != nullptr;
    return awaited == 0 ? "" : std::to_string(awaited) + " responses of system memory";
}

template class dma<32>;
template class dma<64>;

} // namespace cimtlm

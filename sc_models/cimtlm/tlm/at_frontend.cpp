#include <cimtlm/tlm/at_frontend.h>

#include <algorithm>
#include <utility>

namespace cimtlm {

at_frontend::at_frontend(const sc_core::sc_module_name& name, service_function service, backward_function backward,
                         std::int64_t request_interval_ps)
    : sc_core::sc_module(name)
    , service_(std::move(service))
    , backward_(std::move(backward))
    , interval_ps_(request_interval_ps) {
    SC_METHOD(run);
    sensitive << wake_;
    dont_initialize();
}

tlm::tlm_sync_enum at_frontend::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                sc_core::sc_time& delay) {
    const std::int64_t now_ps = times_.now_ps();
    const std::int64_t effective_ps = now_ps + times_.ps(delay);
    if (phase == tlm::BEGIN_REQ) {
        if (payload.has_mm()) payload.acquire();
        ++outstanding_;
        const std::int64_t begin_ps = std::max(effective_ps, request_free_ps_);
        request_free_ps_ = begin_ps + interval_ps_;
        agenda_.push({begin_ps, arrivals_++, step::begin_request, &payload, payload.get_address()});
        wake_at(begin_ps, now_ps);
        return tlm::TLM_ACCEPTED;
    }
    if (phase == tlm::END_RESP) {
        if (responding_ == &payload) end_response(effective_ps, now_ps);
        return tlm::TLM_COMPLETED;
    }
    return tlm::TLM_ACCEPTED; // phases of other protocols are ignorable
}

void at_frontend::run() {
    const std::int64_t now_ps = times_.now_ps();
    respond(now_ps);
    while (!agenda_.empty() && agenda_.top().time_ps <= now_ps) {
        // Taken off first: a call backward may bring the next request before it returns.
        const entry e = agenda_.top();
        agenda_.pop();
        perform(e, now_ps);
    }
    if (!agenda_.empty()) wake_at(agenda_.top().time_ps, now_ps);
    if (responding_ == nullptr && !ready_.empty()) wake_at(response_free_ps_, now_ps);
}

void at_frontend::perform(const entry& e, std::int64_t now_ps) {
    switch (e.what) {
    case step::begin_request: {
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
        const std::uint64_t present = e.payload->get_address();
        e.payload->set_address(e.address);
        service_(*e.payload, delay);
        e.payload->set_address(present);
        const std::int64_t accepted_ps = now_ps + interval_ps_;
        const std::int64_t completed_ps = std::max(accepted_ps, now_ps + times_.ps(delay));
        agenda_.push({accepted_ps, arrivals_++, step::end_request, e.payload, 0});
        agenda_.push({completed_ps, arrivals_++, step::response_ready, e.payload, 0});
        break;
    }
    case step::end_request: {
        // BEGIN_RESP ends the request, too. Where both are due in one moment it comes alone: gem5 takes what came last
        // in a moment first and stops at END_REQ after the response.
        const bool answered = responding_ == nullptr && ready_.empty() && response_free_ps_ <= now_ps &&
                              !agenda_.empty() && agenda_.top().time_ps <= now_ps &&
                              agenda_.top().what == step::response_ready && agenda_.top().payload == e.payload;
        if (answered) break;
        tlm::tlm_phase phase = tlm::END_REQ;
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
        backward_(*e.payload, phase, delay);
        break;
    }
    case step::response_ready:
        ready_.push_back(e.payload);
        respond(now_ps);
        break;
    }
}

void at_frontend::respond(std::int64_t now_ps) {
    while (responding_ == nullptr && !ready_.empty() && response_free_ps_ <= now_ps) {
        tlm::tlm_generic_payload* payload = ready_.front();
        ready_.pop_front();
        responding_ = payload;
        tlm::tlm_phase phase = tlm::BEGIN_RESP;
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
        const tlm::tlm_sync_enum status = backward_(*payload, phase, delay);
        const bool ended = status == tlm::TLM_COMPLETED || (status == tlm::TLM_UPDATED && phase == tlm::END_RESP);
        // END_RESP may also have come as a call of its own meanwhile.
        if (ended && responding_ == payload) end_response(now_ps + times_.ps(delay), now_ps);
    }
}

void at_frontend::end_response(std::int64_t free_at_ps, std::int64_t now_ps) {
    tlm::tlm_generic_payload* payload = responding_;
    responding_ = nullptr;
    response_free_ps_ = free_at_ps;
    --outstanding_;
    if (!ready_.empty()) wake_at(free_at_ps, now_ps);
    if (payload->has_mm()) payload->release();
}

void at_frontend::wake_at(std::int64_t time_ps, std::int64_t now_ps) {
    if (time_ps <= now_ps)
        wake_.notify(sc_core::SC_ZERO_TIME);
    else
        wake_.notify(times_.time(time_ps - now_ps));
}

std::string at_frontend::waiting_for() const {
    if (outstanding_ == 0) return "";
    std::string text = std::to_string(outstanding_) + " non-blocking requests in flight";
    if (responding_ != nullptr) text += ", one waits for END_RESP";
    return text;
}

} // namespace cimtlm

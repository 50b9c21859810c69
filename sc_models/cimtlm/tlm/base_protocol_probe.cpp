#include <cimtlm/tlm/base_protocol_probe.h>

namespace cimtlm {

namespace {

const char* phase_name(unsigned phase) {
    switch (phase) {
    case tlm::BEGIN_REQ:
        return "BEGIN_REQ";
    case tlm::END_REQ:
        return "END_REQ";
    case tlm::BEGIN_RESP:
        return "BEGIN_RESP";
    case tlm::END_RESP:
        return "END_RESP";
    default:
        return "unknown phase";
    }
}

bool is_base_phase(unsigned phase) { return phase >= tlm::BEGIN_REQ && phase <= tlm::END_RESP; }

} // namespace

template <unsigned BUSWIDTH>
base_protocol_probe<BUSWIDTH>::attributes::attributes(const tlm::tlm_generic_payload& p)
    : command(p.get_command())
    , address(p.get_address())
    , data(p.get_data_ptr())
    , length(p.get_data_length())
    , streaming_width(p.get_streaming_width())
    , byte_enable(p.get_byte_enable_ptr())
    , byte_enable_length(p.get_byte_enable_length()) {}

template <unsigned BUSWIDTH>
base_protocol_probe<BUSWIDTH>::base_protocol_probe(const sc_core::sc_module_name& name)
    : sc_core::sc_module(name)
    , in("in")
    , out("out") {
    in.register_b_transport(this, &base_protocol_probe::b_transport);
    in.register_nb_transport_fw(this, &base_protocol_probe::nb_transport_fw);
    in.register_get_direct_mem_ptr(this, &base_protocol_probe::get_direct_mem_ptr);
    in.register_transport_dbg(this, &base_protocol_probe::transport_dbg);
    out.register_nb_transport_bw(this, &base_protocol_probe::nb_transport_bw);
    out.register_invalidate_direct_mem_ptr(this, &base_protocol_probe::invalidate_direct_mem_ptr);
}

template <unsigned BUSWIDTH>
std::vector<std::string> base_protocol_probe<BUSWIDTH>::violations_of(const std::string& side) const {
    std::vector<std::string> found;
    for (const auto& v : violations_)
        if (v.compare(0, side.size() + 1, side + ":") == 0) found.push_back(v);
    return found;
}

template <unsigned BUSWIDTH>
void base_protocol_probe<BUSWIDTH>::violation(const std::string& side, const std::string& what) {
    violations_.push_back(side + ": " + what);
}

template <unsigned BUSWIDTH> void base_protocol_probe<BUSWIDTH>::check_begin(const tlm::tlm_generic_payload& payload) {
    ++transactions_;
    if (payload.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE)
        violation("initiator", "response status not TLM_INCOMPLETE_RESPONSE at the begin");
    if (payload.is_dmi_allowed()) violation("initiator", "DMI hint set at the begin");
    if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) return;
    if (payload.get_data_ptr() == nullptr) violation("initiator", "null data pointer");
    if (payload.get_data_length() == 0) violation("initiator", "zero length");
    if (payload.get_streaming_width() == 0) violation("initiator", "zero streaming width");
}

template <unsigned BUSWIDTH>
void base_protocol_probe<BUSWIDTH>::check_unchanged(const attributes& before, const tlm::tlm_generic_payload& after,
                                                    const std::string& side) {
    const attributes now(after);
    if (now.command != before.command) violation(side, "command changed");
    if (now.address != before.address) violation(side, "address changed");
    if (now.data != before.data) violation(side, "data pointer changed");
    if (now.length != before.length) violation(side, "data length changed");
    if (now.streaming_width != before.streaming_width) violation(side, "streaming width changed");
    if (now.byte_enable != before.byte_enable) violation(side, "byte enable pointer changed");
    if (now.byte_enable_length != before.byte_enable_length) violation(side, "byte enable length changed");
}

template <unsigned BUSWIDTH>
void base_protocol_probe<BUSWIDTH>::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    check_begin(payload);
    const attributes before(payload);
    const sc_core::sc_time begun = sc_core::sc_time_stamp() + delay;
    const sc_core::sc_time stamp = sc_core::sc_time_stamp();
    out->b_transport(payload, delay);
    if (sc_core::sc_time_stamp() != stamp) violation("target", "b_transport waited");
    if (sc_core::sc_time_stamp() + delay < begun) violation("target", "b_transport lowered the delay");
    if (payload.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE)
        violation("target", "b_transport left the status TLM_INCOMPLETE_RESPONSE");
    check_unchanged(before, payload, "target");
}

template <unsigned BUSWIDTH> void base_protocol_probe<BUSWIDTH>::complete(const tlm::tlm_generic_payload& payload) {
    if (requesting_ == &payload) requesting_ = nullptr;
    if (responding_ == &payload) responding_ = nullptr;
    open_.erase(&payload);
}

template <unsigned BUSWIDTH>
void base_protocol_probe<BUSWIDTH>::advance(tlm::tlm_generic_payload& payload, tlm::tlm_phase_enum phase,
                                            const sc_core::sc_time& delay) {
    const bool forward = phase == tlm::BEGIN_REQ || phase == tlm::END_RESP;
    const std::string side = forward ? "initiator" : "target";
    const std::int64_t time_ps = times_.now_ps() + times_.ps(delay);
    auto found = open_.find(&payload);
    if (phase == tlm::BEGIN_REQ) {
        check_begin(payload);
        if (!payload.has_mm()) violation(side, "BEGIN_REQ without memory manager");
        if (found != open_.end()) {
            violation(side, "BEGIN_REQ for a transaction in flight");
            open_.erase(found);
        }
        if (requesting_ != nullptr) violation(side, "BEGIN_REQ before END_REQ of the request before");
        requesting_ = &payload;
        open_.emplace(&payload, progress{attributes(payload), phase, time_ps});
        return;
    }
    if (found == open_.end()) {
        violation(side, std::string(phase_name(phase)) + " of a transaction that is not in flight");
        return;
    }
    progress& p = found->second;
    if (time_ps < p.time_ps) violation(side, std::string("time decreases at ") + phase_name(phase));
    p.time_ps = time_ps;
    // The initiator may have freed the payload when END_RESP comes as a returned phase.
    if (phase != tlm::END_RESP) check_unchanged(p.begun, payload, side);
    const bool in_order = (phase == tlm::END_REQ && p.phase == tlm::BEGIN_REQ) ||
                          (phase == tlm::BEGIN_RESP && (p.phase == tlm::BEGIN_REQ || p.phase == tlm::END_REQ)) ||
                          (phase == tlm::END_RESP && p.phase == tlm::BEGIN_RESP);
    if (!in_order) violation(side, std::string(phase_name(phase)) + " after " + phase_name(p.phase));
    p.phase = phase;
    if ((phase == tlm::END_REQ || phase == tlm::BEGIN_RESP) && requesting_ == &payload) requesting_ = nullptr;
    if (phase == tlm::BEGIN_RESP) {
        if (responding_ != nullptr) violation(side, "BEGIN_RESP before END_RESP of the response before");
        responding_ = &payload;
        if (payload.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE)
            violation(side, "BEGIN_RESP with TLM_INCOMPLETE_RESPONSE");
    }
    if (phase == tlm::END_RESP) complete(payload);
}

template <unsigned BUSWIDTH>
void base_protocol_probe<BUSWIDTH>::check_return(tlm::tlm_generic_payload& payload, tlm::tlm_sync_enum status,
                                                 tlm::tlm_phase_enum sent, const tlm::tlm_phase& phase,
                                                 const sc_core::sc_time& sent_delay, const sc_core::sc_time& delay,
                                                 const std::string& responder) {
    // After the last phase the payload may already serve another transaction: it is not looked at.
    if (sent == tlm::END_RESP) {
        if (status == tlm::TLM_UPDATED) violation(responder, "TLM_UPDATED for END_RESP");
        return;
    }
    if (status == tlm::TLM_ACCEPTED) {
        if (phase != sent) violation(responder, "phase changed with TLM_ACCEPTED");
        if (delay != sent_delay) violation(responder, "delay changed with TLM_ACCEPTED");
        return;
    }
    if (delay < sent_delay) violation(responder, "delay lowered on return");
    if (status == tlm::TLM_UPDATED) {
        if (is_base_phase(phase) && phase != sent)
            advance(payload, static_cast<tlm::tlm_phase_enum>(static_cast<unsigned>(phase)), delay);
        else
            violation(responder, "TLM_UPDATED without a new phase");
        return;
    }
    if (sent == tlm::END_REQ) violation(responder, "TLM_COMPLETED for END_REQ");
    if (sent == tlm::BEGIN_REQ && payload.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE)
        violation(responder, "transaction completed with TLM_INCOMPLETE_RESPONSE");
    complete(payload);
}

template <unsigned BUSWIDTH>
tlm::tlm_sync_enum base_protocol_probe<BUSWIDTH>::nb_transport_fw(tlm::tlm_generic_payload& payload,
                                                                  tlm::tlm_phase& phase, sc_core::sc_time& delay) {
    if (!is_base_phase(phase)) return out->nb_transport_fw(payload, phase, delay);
    const auto sent = static_cast<tlm::tlm_phase_enum>(static_cast<unsigned>(phase));
    const sc_core::sc_time sent_delay = delay;
    if (sent != tlm::BEGIN_REQ && sent != tlm::END_RESP)
        violation("initiator", std::string(phase_name(sent)) + " on the forward path");
    advance(payload, sent, delay);
    const tlm::tlm_sync_enum status = out->nb_transport_fw(payload, phase, delay);
    check_return(payload, status, sent, phase, sent_delay, delay, "target");
    return status;
}

template <unsigned BUSWIDTH>
tlm::tlm_sync_enum base_protocol_probe<BUSWIDTH>::nb_transport_bw(tlm::tlm_generic_payload& payload,
                                                                  tlm::tlm_phase& phase, sc_core::sc_time& delay) {
    if (!is_base_phase(phase)) return in->nb_transport_bw(payload, phase, delay);
    const auto sent = static_cast<tlm::tlm_phase_enum>(static_cast<unsigned>(phase));
    const sc_core::sc_time sent_delay = delay;
    if (sent != tlm::END_REQ && sent != tlm::BEGIN_RESP)
        violation("target", std::string(phase_name(sent)) + " on the backward path");
    advance(payload, sent, delay);
    const tlm::tlm_sync_enum status = in->nb_transport_bw(payload, phase, delay);
    check_return(payload, status, sent, phase, sent_delay, delay, "initiator");
    return status;
}

template <unsigned BUSWIDTH>
bool base_protocol_probe<BUSWIDTH>::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
    const attributes before(payload);
    const bool granted = out->get_direct_mem_ptr(payload, dmi);
    check_unchanged(before, payload, "target");
    if (granted) {
        if (dmi.get_dmi_ptr() == nullptr) violation("target", "DMI granted without a pointer");
        if (dmi.get_start_address() > before.address || dmi.get_end_address() < before.address)
            violation("target", "DMI granted for a range without the address");
        if (dmi.is_none_allowed()) violation("target", "DMI granted without an access");
    }
    return granted;
}

template <unsigned BUSWIDTH> unsigned base_protocol_probe<BUSWIDTH>::transport_dbg(tlm::tlm_generic_payload& payload) {
    const attributes before(payload);
    const unsigned n = out->transport_dbg(payload);
    check_unchanged(before, payload, "target");
    if (n > before.length) violation("target", "debug moved more bytes than asked");
    return n;
}

template <unsigned BUSWIDTH>
void base_protocol_probe<BUSWIDTH>::invalidate_direct_mem_ptr(sc_dt::uint64 begin, sc_dt::uint64 end) {
    if (end < begin) violation("target", "DMI invalidation of an empty range");
    in->invalidate_direct_mem_ptr(begin, end);
}

template class base_protocol_probe<32>;
template class base_protocol_probe<64>;

} // namespace cimtlm

#include <cimtlm/tlm/initiator_port.h>

#include <algorithm>
#include <limits>
#include <sstream>

namespace cimtlm {

pooled_payload& payload_pool::take() {
    if (idle_.empty()) {
        all_.push_back(std::make_unique<pooled_payload>(this));
        idle_.push_back(all_.back().get());
    }
    pooled_payload& payload = *idle_.back();
    idle_.pop_back();
    payload.acquire();
    return payload;
}

void payload_pool::free(tlm::tlm_generic_payload* payload) {
    payload->reset(); // frees what others attached for this transaction
    idle_.push_back(static_cast<pooled_payload*>(payload));
}

namespace {

// Segments stand side by side in `bytes`, apart in the image.
template <class Move> void by_segment(const transfer_request& r, unsigned char* bytes, Move move) {
    if (r.segment_bytes == 0) {
        move(r.address, bytes, r.bytes);
        return;
    }
    for (std::uint64_t done = 0, at = r.address; done < r.bytes; done += r.segment_bytes, at += r.stride_bytes)
        move(at, bytes + done, std::min(r.segment_bytes, r.bytes - done));
}

void report_failure(const char* socket, const transfer_request& request, const std::string& why) {
    std::ostringstream text;
    text << socket << ": " << (request.command == tlm::TLM_WRITE_COMMAND ? "write" : "read") << " of " << request.bytes
         << " bytes at 0x" << std::hex << request.address << ": " << why;
    SC_REPORT_FATAL("/cimtlm/initiator_port", text.str().c_str());
}

} // namespace

template <unsigned BUSWIDTH>
transfer_result initiator_port<BUSWIDTH>::transfer(const transfer_request& request, on_error handling) {
    transfer_result result;
    if (request.bytes > std::numeric_limits<unsigned>::max()) {
        // A payload's length has 32 bits; cutting the burst is the caller's decision.
        result.status = tlm::TLM_BURST_ERROR_RESPONSE;
        if (handling == on_error::fatal && failed_)
            failed_(request);
        else if (handling == on_error::fatal)
            report_failure(socket_.name(), request, "longer than a payload can be");
        return result;
    }
    const auto length = static_cast<unsigned>(request.bytes);
    pooled_payload& payload = pool_.take();
    const struct release {
        pooled_payload& taken;
        ~release() { taken.release(); }
    } release{payload}; // also when the process is ended within
    if (request.data == nullptr && payload.buffer.size() < length) payload.buffer.resize(length);
    unsigned char* const data = request.data ? request.data : payload.buffer.data();
    const bool write = request.command == tlm::TLM_WRITE_COMMAND;
    if (request.image && write)
        by_segment(request, data, [&](auto at, auto* to, auto n) { request.image->read(at, to, n); });
    payload.set_command(request.command);
    payload.set_address(request.address);
    payload.set_data_ptr(data);
    payload.set_data_length(length);
    payload.set_streaming_width(length);
    payload.set_byte_enable_ptr(nullptr);
    payload.set_dmi_allowed(false);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    transfer_extension& extension = payload.extension;
    extension.operand = request.operand;
    extension.kind = request.kind;
    extension.initiator = initiator_;
    extension.segment_bytes = request.segment_bytes;
    extension.stride_bytes = request.stride_bytes;
    extension.timing_only = request.data == nullptr && request.image == nullptr;
    extension.clear_times();

    const auto now_ps = [this] { return kernel_ ? kernel_->now_ps() : times_.now_ps(); };
    const auto begin_ps = now_ps();
    sc_core::sc_time delay = times_.time(begin_ps - times_.now_ps());
    socket_->b_transport(payload, delay);

    result.delay_ps = times_.now_ps() + times_.ps(delay) - begin_ps;
    result.queue_ps = extension.queue_ps;
    result.row_ps = extension.row_ps;
    result.refresh_ps = extension.refresh_ps;
    result.service_ps = extension.service_ps;
    result.status = payload.get_response_status();
    if (request.image && !write && result.ok())
        by_segment(request, data, [&](auto at, auto* from, auto n) { request.image->write(at, from, n); });
    if (!result.ok() && handling == on_error::fatal) {
        if (failed_)
            failed_(request);
        else
            report_failure(socket_.name(), request, payload.get_response_string());
    }
    return result;
}

template class initiator_port<32>;
template class initiator_port<64>;

} // namespace cimtlm

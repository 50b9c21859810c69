#include <cimtlm/modules/stream_pipeline.h>

#include <algorithm>

namespace cimtlm {

transfer_request slice_of(const operand_stream& s, std::int64_t begin, std::int64_t end) {
    transfer_request r;
    r.command = s.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND;
    r.operand = s.operand;
    r.kind = s.kind;
    r.bytes = static_cast<std::uint64_t>(end - begin);
    r.address = s.address;
    if (s.segment_bytes > 0 && end - begin > s.segment_bytes) {
        r.segment_bytes = static_cast<std::uint64_t>(s.segment_bytes);
        r.stride_bytes = static_cast<std::uint64_t>(s.stride_bytes);
        r.address += static_cast<std::uint64_t>(begin / s.segment_bytes * s.stride_bytes);
    } else if (s.segment_bytes > 0) {
        // At most one row: where it stands, without running over into the next.
        r.address += static_cast<std::uint64_t>(begin / s.segment_bytes * s.stride_bytes);
    } else if (s.window_bytes > 0) {
        // What is read again and again lies in the window of the operand.
        r.address += static_cast<std::uint64_t>(begin % (s.window_bytes - (end - begin) + 1));
    } else {
        r.address += static_cast<std::uint64_t>(begin);
    }
    return r;
}

std::int64_t most_at_once(const operand_stream& s, std::int64_t arbitration_bytes) {
    return s.window_bytes > 0 ? std::min(s.window_bytes, arbitration_bytes) : arbitration_bytes;
}

namespace {
// The first `part` of `parts` equal shares of `whole`, without overflow of the product.
std::int64_t part_of(std::int64_t whole, std::int64_t part, std::int64_t parts) {
    return whole / parts * part + whole % parts * part / parts;
}
} // namespace

struct stream_pipeline::chunk_result {
    std::int64_t data_ps = 0;  // last input is there
    std::int64_t first_ps = 0; // first input is there
    std::int64_t ports_ps = 0; // all ports are done with this chunk
    std::int64_t slowest_ps = -1;
    stall cause = stall::input_wait;
    lost_time lost;
};

void stream_pipeline::start() {
    begin_ps_ = end_ps_ = ports_free_ps_ = ports_free_before_ps_ = times_.now_ps();
    computed_ps_ = 0;
    stalls_ = {};
    results_.clear();
}

void stream_pipeline::idle_until(std::int64_t time_ps) {
    if (time_ps <= end_ps_) return;
    begin_ps_ = end_ps_ = time_ps;
}

void stream_pipeline::wait_until(std::int64_t time_ps) {
    const auto now = times_.now_ps();
    if (time_ps <= now) return;
    sc_core::wait(times_.time(time_ps - now));
}

void stream_pipeline::issue(const operand_stream& s, std::int64_t begin, std::int64_t end, chunk_result& r) {
    if (begin == end) return;
    const auto now = times_.now_ps();
    const auto result = s.port->transfer(slice_of(s, begin, end));
    const auto occupied = result.service_ps + result.queue_ps + result.row_ps + result.refresh_ps;
    r.ports_ps = std::max(r.ports_ps, now + occupied);
    if (!s.write) {
        r.data_ps = std::max(r.data_ps, now + result.delay_ps);
        r.first_ps = std::max(r.first_ps, now + result.delay_ps - result.service_ps);
    }
    if (occupied > r.slowest_ps) {
        r.slowest_ps = occupied;
        r.cause = s.cause;
        r.lost = {result.delay_ps, result.queue_ps, result.row_ps, result.refresh_ps};
    }
}

void stream_pipeline::run(const std::vector<operand_stream>& streams, std::int64_t compute_ps, std::int64_t steps,
                          const std::function<void()>& held) {
    std::int64_t chunks = 1;
    for (const auto& s : streams)
        chunks =
            std::max(chunks, (s.bytes + most_at_once(s, arbitration_bytes_) - 1) / most_at_once(s, arbitration_bytes_));
    const auto step_ps = compute_ps / std::max<std::int64_t>(1, steps);
    // Chunks end on whole rows, so that no row is torn.
    const auto cut = [&](const operand_stream& s, std::int64_t chunk) {
        if (chunk == chunks) return s.bytes;
        const auto unit = s.segment_bytes > 0 ? s.segment_bytes : 1;
        return part_of(s.bytes / unit, chunk, chunks) * unit;
    };
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
        // Inputs are buffered one chunk ahead: not before the present one has begun.
        wait_until(std::max(ports_free_before_ps_, begin_ps_));
        chunk_result r;
        leaving_.swap(results_);
        results_.clear();
        for (const auto& s : streams) {
            if (s.write)
                results_.push_back({s, cut(s, chunk), cut(s, chunk + 1)});
            else
                issue(s, cut(s, chunk), cut(s, chunk + 1), r);
        }
        // Inputs go first: results can wait, the engine cannot.
        for (const auto& s : leaving_) issue(s.stream, s.begin, s.end, r);
        if (chunk == 0 && held) held();
        const auto compute = part_of(compute_ps, chunk + 1, chunks) - part_of(compute_ps, chunk, chunks);
        // Computing follows the inputs at its own pace and ends one step after the last of them. Without inputs it
        // begins when results may follow, which is when this chunk was let in.
        auto end = std::max(end_ps_, times_.now_ps()) + compute;
        if (r.data_ps > 0) end = std::max({end, r.data_ps + std::min(step_ps, compute), r.first_ps + compute});
        stalls_.add(r.cause, end - end_ps_ - compute, r.lost);
        computed_ps_ += compute;
        begin_ps_ = end_ps_;
        end_ps_ = end;
        ports_free_before_ps_ = ports_free_ps_;
        ports_free_ps_ = std::max(ports_free_ps_, r.ports_ps);
    }
}

void stream_pipeline::flush() {
    wait_until(std::max(ports_free_ps_, begin_ps_));
    std::int64_t done = end_ps_;
    for (const auto& s : results_) {
        if (s.begin == s.end) continue;
        const auto result = s.stream.port->transfer(slice_of(s.stream, s.begin, s.end));
        // The last row leaves when it has been computed; its way takes the latency of the hops.
        const auto latency = result.delay_ps - result.service_ps - result.queue_ps - result.row_ps - result.refresh_ps;
        done = std::max({done, times_.now_ps() + result.delay_ps, end_ps_ + latency});
    }
    results_.clear();
    wait_until(done);
}

} // namespace cimtlm

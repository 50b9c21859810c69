#include <cimtlm/modules/stream_pipeline.h>

#include <algorithm>

namespace cimtlm {

transfer_request slice_of(const operand_stream& s, std::int64_t begin, std::int64_t end) {
    const auto length = end - begin;
    transfer_request r;
    r.command = s.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND;
    r.operand = s.operand;
    r.kind = s.kind;
    r.bytes = static_cast<std::uint64_t>(length);
    r.image = s.image;
    // What moves again and again lies in the window of the operand; the end of a pass is not run over.
    auto at = begin;
    if (s.window_bytes > 0 && end > s.window_bytes) at = std::min(begin % s.window_bytes, s.window_bytes - length);
    if (s.segment_bytes > 0) {
        const auto row = at / s.segment_bytes, column = at % s.segment_bytes;
        at = row * s.stride_bytes;
        if (length > s.segment_bytes) {
            r.segment_bytes = static_cast<std::uint64_t>(s.segment_bytes);
            r.stride_bytes = static_cast<std::uint64_t>(s.stride_bytes);
        } else {
            at += std::min(column, s.segment_bytes - length); // likewise the end of a row
        }
    }
    r.address = s.address + static_cast<std::uint64_t>(at);
    return r;
}

std::int64_t most_at_once(const operand_stream& s, std::int64_t arbitration_bytes) {
    return s.window_bytes > 0 ? std::min(s.window_bytes, arbitration_bytes) : arbitration_bytes;
}

std::int64_t piece_end(const operand_stream& s, std::int64_t at, std::int64_t end, std::int64_t most) {
    if (s.segment_bytes == 0) return std::min(end, at + most);
    if (s.segment_bytes <= most) return std::min(end, at + most / s.segment_bytes * s.segment_bytes);
    return std::min({end, at + most, (at / s.segment_bytes + 1) * s.segment_bytes});
}

namespace {
std::int64_t rounded_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit; }

// Transactions that a stream takes at least: whole rows each, or equal parts of rows too long for one.
std::int64_t pieces_of(const operand_stream& s, std::int64_t most) {
    if (s.bytes <= most) return 1;
    if (s.segment_bytes == 0) return rounded_up(s.bytes, most);
    const auto rows = rounded_up(s.bytes, s.segment_bytes);
    if (s.segment_bytes <= most) return rounded_up(rows, most / s.segment_bytes);
    return rows * rounded_up(s.segment_bytes, most);
}

// Where chunk `chunk` of `chunks` begins in the stream; like a piece, it does not tear rows.
std::int64_t cut_of(const operand_stream& s, std::int64_t most, std::int64_t chunk, std::int64_t chunks) {
    if (chunk == 0) return 0;
    if (chunk == chunks || s.at_once) return s.bytes;
    if (s.rows > 0) return s.bytes / s.rows * part_of(s.rows, chunk, chunks);
    if (s.segment_bytes == 0) return part_of(s.bytes, chunk, chunks);
    const auto rows = rounded_up(s.bytes, s.segment_bytes);
    const auto per_row = s.segment_bytes <= most ? 1 : rounded_up(s.segment_bytes, most);
    const auto piece = part_of(rows * per_row, chunk, chunks);
    return std::min(s.bytes, piece / per_row * s.segment_bytes + part_of(s.segment_bytes, piece % per_row, per_row));
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
    begin_ps_ = end_ps_ = ports_free_ps_ = ports_free_before_ps_ = sent_ps_ = kernel_.now_ps();
    computed_ps_ = 0;
    stalls_ = {};
    results_.clear();
}

void stream_pipeline::idle_until(std::int64_t time_ps) {
    if (time_ps <= end_ps_) return;
    begin_ps_ = end_ps_ = time_ps;
}

void stream_pipeline::issue(const operand_stream& s, std::int64_t begin, std::int64_t end, chunk_result& r) {
    const auto most = most_at_once(s, arbitration_bytes_);
    for (auto at = begin; at < end;) {
        const auto next = piece_end(s, at, end, most); // rows of results that come late may be more than one piece
        const auto now = kernel_.now_ps();
        const auto result = s.port->transfer(slice_of(s, at, next));
        at = next;
        const auto occupied = result.service_ps + result.queue_ps + result.row_ps + result.refresh_ps;
        // The last row of results leaves when it has been computed; its way takes the latency of the hops.
        if (s.write) sent_ps_ = std::max({sent_ps_, now + result.delay_ps, end_ps_ + result.delay_ps - occupied});
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
}

void stream_pipeline::run(const std::vector<operand_stream>& streams, std::int64_t compute_ps, std::int64_t steps,
                          const std::function<void()>& held,
                          const std::function<void(std::int64_t, std::int64_t)>& arrived) {
    std::int64_t chunks = 1;
    for (const auto& s : streams) chunks = std::max(chunks, pieces_of(s, most_at_once(s, arbitration_bytes_)));
    const auto step_ps = compute_ps / std::max<std::int64_t>(1, steps);
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
        // Inputs are buffered one chunk ahead: not before the present one has begun.
        kernel_.wait_until(std::max(ports_free_before_ps_, begin_ps_));
        chunk_result r;
        leaving_.swap(results_);
        results_.clear();
        for (const auto& s : streams) {
            const auto most = most_at_once(s, arbitration_bytes_);
            const auto begin = cut_of(s, most, chunk, chunks), end = cut_of(s, most, chunk + 1, chunks);
            if (s.write)
                results_.push_back({s, begin, end});
            else
                issue(s, begin, end, r);
        }
        // Inputs go first: results can wait, the engine cannot.
        for (const auto& s : leaving_) issue(s.stream, s.begin, s.end, r);
        if (chunk == 0 && held) held();
        if (arrived) arrived(chunk + 1, chunks);
        const auto compute = part_of(compute_ps, chunk + 1, chunks) - part_of(compute_ps, chunk, chunks);
        // Computing follows the inputs at its own pace and ends one step after the last of them. Without inputs it
        // begins when results may follow, which is when this chunk was let in.
        auto end = std::max(end_ps_, kernel_.now_ps()) + compute;
        if (r.data_ps > 0) end = std::max({end, r.data_ps + std::min(step_ps, compute), r.first_ps + compute});
        stalls_.add(r.cause, end - end_ps_ - compute, r.lost);
        computed_ps_ += compute;
        begin_ps_ = end_ps_;
        end_ps_ = end;
        ports_free_before_ps_ = ports_free_ps_;
        ports_free_ps_ = std::max(ports_free_ps_, r.ports_ps);
    }
}

std::int64_t stream_pipeline::may_send_ps() const { return std::max(ports_free_ps_, begin_ps_); }

std::int64_t stream_pipeline::send_results() {
    chunk_result r;
    for (const auto& s : results_) issue(s.stream, s.begin, s.end, r);
    results_.clear();
    ports_free_ps_ = std::max(ports_free_ps_, r.ports_ps);
    return std::max(end_ps_, sent_ps_);
}

void stream_pipeline::flush() {
    kernel_.wait_until(may_send_ps());
    kernel_.wait_until(send_results());
}

} // namespace cimtlm

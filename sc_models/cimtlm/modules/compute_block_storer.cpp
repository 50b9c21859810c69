// The storer of a compute block: staged results, and those on which the vector lanes work, on their way out.
#include <cimtlm/modules/compute_block.h>
#include <cimtlm/modules/matrix_data.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

// The lanes work on finished results that leave to the outermost memory.
bool compute_block::has_epilogue(const active_job& job, std::size_t boundary, const tile_transfer& t) const {
    const auto& f = job.flows[boundary];
    return (job.given.epilogue_operations > 0 || job.given.epilogue_read_bytes > 0) && f.t == tensor::Z &&
           f.parent == 0 && t.update > 0 && finished(job, t);
}

// More results than registers hold for them stream through the lanes while the tile computes; others wait for its end.
bool compute_block::passes_lanes(const active_job& job, std::size_t boundary, const tile_transfer& t) const {
    return has_epilogue(job, boundary, t) && (job.flows[boundary].load || t.update <= machine_.dma.arbitration_bytes);
}

// The other operands of the epilogue of a region. Regions follow one another in this order: rounded so, their bytes add
// up to those of the product.
operand_stream compute_block::epilogue_stream(const active_job& job, const tile_transfer& t) {
    const auto results = t.extent[index(dim::M)] * t.extent[index(dim::N)];
    const auto first = job.given.epilogue_first + (t.origin[0] + job.given.origin[0]) * job.whole[1] +
                       (t.origin[1] + job.given.origin[1]) * t.extent[0];
    const auto bytes_before = [&](std::int64_t result) {
        return std::llround(static_cast<double>(result) * job.given.epilogue_read_bytes);
    };
    operand_stream s;
    s.port = &mem_port_;
    s.operand = static_cast<int>(index(tensor::Z));
    s.kind = transfer_kind::read;
    s.address = job.given.epilogue_address + static_cast<std::uint64_t>(bytes_before(first));
    s.bytes = bytes_before(first + results) - bytes_before(first);
    return s;
}

// Counts the epilogue of a region; returns how long it takes the lanes, in ps.
std::int64_t compute_block::count_epilogue(const active_job& job, const tile_transfer& t) {
    const auto operations =
        static_cast<double>(t.extent[index(dim::M)] * t.extent[index(dim::N)]) * job.given.epilogue_operations;
    epilogue_operations_ += operations;
    ledger_.charge(*lanes_account_, operations);
    return static_cast<std::int64_t>(
        std::ceil(operations / machine_.vector_unit.operations_per_cycle * machine_.cycle_ps() - 1e-6));
}

// Takes the lanes for a region whose computation has just been scheduled; returns when they are through.
std::int64_t compute_block::through_lanes(const active_job& job, const tile_transfer& t) {
    auto begin = std::max(pipeline_.end_ps(), lanes_free_ps_);
    if (job.given.epilogue_read_bytes > 0) {
        // Asked for while the tile computes.
        const auto s = epilogue_stream(job, t);
        const auto most = most_at_once(s, machine_.dma.arbitration_bytes);
        for (std::int64_t at = 0; at < s.bytes; at += most) {
            const auto got = mem_port_.transfer(slice_of(s, at, std::min(s.bytes, at + most)));
            begin = std::max(begin, kernel_.now_ps() + got.delay_ps);
        }
    }
    lanes_free_ps_ = begin + count_epilogue(job, t);
    return lanes_free_ps_;
}

// Results that pass the lanes leave the engine's registers after the tile: one region leaves while the next is
// computed.
void compute_block::await_registers(const loaded_tile& t) {
    const auto& flows = t.job->flows;
    bool sends = false;
    for (std::size_t i = 0; i < flows.size(); ++i)
        sends = sends || (!flows[i].load && passes_lanes(*t.job, i, t.work.transfers[i]));
    if (!sends || in_registers_ < 2) return;
    sequencer_waits_ = "registers for results";
    while (in_registers_ >= 2) kernel_.wait(room_event_);
    sequencer_waits_ = {};
    const auto now = kernel_.now_ps();
    if (now <= pipeline_.end_ps()) return;
    pipeline_.stalls().add(stall::output_wait, now - pipeline_.end_ps());
    pipeline_.idle_until(now);
}

void compute_block::send_results(const loaded_tile& t) {
    auto& job = *t.job;
    for (std::size_t i = 0; i < job.flows.size(); ++i) {
        const auto& f = job.flows[i];
        const auto& x = t.work.transfers[i];
        if (f.t != tensor::Z || x.update == 0) continue;
        const bool lanes = passes_lanes(job, i, x);
        if (!f.load && !lanes) continue; // they stream
        leaving_.push_back({&job, i, x, lanes ? through_lanes(job, x) : t.end_ps, f.load});
        if (job.given.data && f.parent == 0) job.given.data->put(x.origin, x.extent, finished(job, x));
        ++job.leaving;
        in_registers_ += f.load ? 0 : 1;
        leave_event_.notify();
    }
}

void compute_block::store_results() {
    while (true) {
        while (leaving_.empty()) kernel_.wait(leave_event_);
        const auto& l = leaving_.front();
        kernel_.wait_until(l.after_ps);
        auto& job = *l.job;
        const auto& f = job.flows[l.boundary];
        const auto s = stream_of(job, l.boundary, l.what, false);
        const auto most = most_at_once(s, machine_.dma.arbitration_bytes);
        auto done = kernel_.now_ps();
        for (std::int64_t at = 0; at < s.bytes;) {
            const auto next = piece_end(s, at, s.bytes, most);
            const auto now = kernel_.now_ps();
            const auto put = s.port->transfer(slice_of(s, at, next));
            done = std::max(done, now + put.delay_ps);
            at = next;
            if (at < s.bytes) kernel_.wait_until(now + put.service_ps + put.queue_ps + put.row_ps + put.refresh_ps);
        }
        kernel_.wait_until(done);
        if (l.staged)
            room_bytes_[static_cast<std::size_t>(f.child)] += held_bytes_of(f, l.what);
        else
            --in_registers_;
        leaving_.pop_front();
        if (--job.leaving == 0 && job.streamed_ps >= 0) retire_event_.notify_at(kernel_.now_ps());
        room_event_.notify();
    }
}

} // namespace cimtlm

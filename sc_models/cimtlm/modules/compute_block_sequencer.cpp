// The sequencer of a compute block: computes loaded tiles one after another, with the operands that stream.
#include <cimtlm/modules/compute_block.h>
#include <cimtlm/modules/matrix_data.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

// Names the time between the end of the tile before and this tile's readiness.
void compute_block::account_waits(const loaded_tile& t) {
    auto at = pipeline_.end_ps();
    auto gap = t.ready_ps - at;
    if (gap <= 0) return;
    auto& stalls = pipeline_.stalls();
    if (!cost_.matrix_engine().ping_pong()) {
        // Writing is the engine's own time: the last part of the gap.
        const auto write_ps = std::min(gap, t.write_ps);
        pipeline_.compute_outside(write_ps);
        gap -= write_ps;
    }
    stall last = stall::weight_load;
    for (const auto& i : t.history) {
        last = i.cause;
        const auto stretch = std::min(gap, i.end_ps - at); // with the time in which the loader could not go on
        if (stretch <= 0) continue;
        stalls.add(i.cause, stretch, i.lost);
        at += stretch;
        gap -= stretch;
    }
    stalls.add(last, gap);
    pipeline_.idle_until(t.ready_ps);
}

void compute_block::account_engine(const active_job& job, const tile& t) {
    const auto macs = t.extent[0] * t.extent[1] * t.extent[2];
    macs_ += macs;
    executed_macs_ += t.executed_macs;
    steps_ += t.steps;
    ++tiles_;
    job.macs.charge(ledger_, static_cast<double>(macs) * job.slices);
    ledger_.charge(padding_account_, static_cast<double>(t.executed_macs - macs) * job.slices);
    if (overhead_account_) ledger_.charge(*overhead_account_, static_cast<double>(t.executed_macs) * job.slices);
    if (issue_account_) ledger_.charge(*issue_account_, static_cast<double>(t.executed_macs) * job.slices);
    for (std::size_t i = 0; i < t.transfers.size(); ++i) {
        const auto& f = job.flows[i];
        const auto& x = t.transfers[i];
        const auto tag = index(f.t);
        if (!f.from_module) {
            inner_bytes_[f.parent][tag].read += x.read;
            inner_bytes_[f.parent][tag].update += x.update;
            ledger_.charge(inner_accounts_[f.parent][0], static_cast<double>(x.read));
            ledger_.charge(inner_accounts_[f.parent][1], static_cast<double>(x.update));
        }
        if (f.child >= 0 && !f.to_module) {
            const auto child = static_cast<std::size_t>(f.child);
            inner_bytes_[child][tag].fill += x.fill;
            ledger_.charge(inner_accounts_[child][2], static_cast<double>(x.fill));
        }
        if (f.child < 0 && f.t == tensor::B && machine_.cim)
            ledger_.charge(write_account_, static_cast<double>(x.fill));
    }
    if (machine_.cim) {
        ledger_.charge(merge_account_, static_cast<double>(t.merged_partial_sums));
        ledger_.charge(bank_account_, static_cast<double>(t.bank_additions));
    }
}

void compute_block::settle_streamed(std::int64_t time_ps) {
    unsent_->streamed_ps = time_ps;
    unsent_ = nullptr;
    retire_event_.notify_at(kernel_.now_ps());
}

// The next tile. Where none comes in time, the last results of a job leave without one.
compute_block::loaded_tile& compute_block::await_tile() {
    const auto is_there = [this] {
        const auto& t = tile_at(tiles_scheduled_); // counted anew in each stretch
        return tiles_taken_ > tiles_scheduled_ && (machine_.dma.double_buffer ? t.staged : t.ready);
    };
    sequencer_waits_ = "a loaded tile";
    while (!is_there()) {
        const auto now = kernel_.now_ps();
        if (!unsent_)
            kernel_.wait(loaded_event_);
        else if (pipeline_.may_send_ps() > now)
            kernel_.wait_until(pipeline_.may_send_ps(), loaded_event_);
        else
            settle_streamed(pipeline_.send_results());
    }
    sequencer_waits_ = {};
    return tile_at(tiles_scheduled_);
}

void compute_block::collect_streams(const loaded_tile& t) {
    streams_.clear();
    const auto& job = *t.job;
    for (std::size_t i = 0; i < job.flows.size(); ++i) {
        const auto& f = job.flows[i];
        const auto& x = t.work.transfers[i];
        if (f.load) continue;
        if (f.from_module) {
            if (x.read > 0) streams_.push_back(stream_of(job, i, x, true));
            if (x.update > 0 && !passes_lanes(job, i, x)) streams_.push_back(stream_of(job, i, x, false));
        }
        if (f.to_module && x.fill > 0) {
            streams_.push_back(f.fill);
            streams_.back().bytes = x.fill;
        }
    }
}

void compute_block::compute(loaded_tile& t) {
    const auto& job = *t.job;
    await_registers(t);
    collect_streams(t);
    account_engine(job, t.work);
    auto compute_ps = static_cast<std::int64_t>(std::ceil(cost_.compute_ps(t.work.steps, job.given.product) - 1e-6));
    for (std::size_t i = 0; i < job.flows.size(); ++i) {
        const auto& x = t.work.transfers[i];
        if (!has_epilogue(job, i, x) || passes_lanes(job, i, x)) continue;
        // Results stream through the lanes: the slower of both sets the pace.
        compute_ps = std::max(compute_ps, count_epilogue(job, x));
        if (job.given.epilogue_read_bytes > 0) streams_.push_back(epilogue_stream(job, x));
    }
    if (const auto initial = initial_stream(job, t.work)) {
        streams_.push_back(*initial);
        ledger_.charge(merge_account_, static_cast<double>(t.work.extent[0] * t.work.extent[1]));
    }
    const auto held = [this, &t] {
        if (unsent_) settle_streamed(std::max(pipeline_.end_ps(), pipeline_.sent_ps()));
        sequencer_waits_ = "weights";
        while (!t.ready) kernel_.wait(loaded_event_);
        sequencer_waits_ = {};
        account_waits(t);
    };
    if (job.given.data) {
        pipeline_.run(streams_, compute_ps, t.work.steps * job.input_slices, held,
                      [this, &t](std::int64_t part, std::int64_t parts) { compute_data(t, part, parts); });
    } else {
        pipeline_.run(streams_, compute_ps, t.work.steps * job.input_slices, held);
    }
    t.end_ps = pipeline_.end_ps();
    ++tiles_scheduled_;
    done_.settle(kernel_.now_ps());
    done_.add(t.end_ps, 1);
    scheduled_event_.notify();
    send_results(t);
    if (t.work.last) unsent_ = t.job;
    if (progress_) progress_();
}

// Computes the rows whose inputs have come; those that stream out may follow.
void compute_block::compute_data(const loaded_tile& t, std::int64_t part, std::int64_t parts) {
    const auto& job = *t.job;
    const auto end = part_of(t.work.extent[0], part, parts), begin = job.given.data->multiply(t.work, end);
    auto origin = t.work.origin, extent = t.work.extent;
    origin[0] += begin;
    extent[0] = end - begin;
    for (std::size_t i = 0; i < job.flows.size(); ++i) {
        const auto& x = t.work.transfers[i];
        if (job.flows[i].t != tensor::Z || job.flows[i].load || job.flows[i].parent != 0) continue;
        if (x.update > 0 && !passes_lanes(job, i, x)) job.given.data->put(origin, extent, finished(job, x));
    }
}

void compute_block::compute_tiles() {
    while (true) compute(await_tile());
}

} // namespace cimtlm

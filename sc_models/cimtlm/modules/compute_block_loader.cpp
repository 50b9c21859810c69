// The loader of a compute block: staged operands and held weights, ahead of the tile that needs them.
#include <cimtlm/modules/compute_block.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

void compute_block::await_command(std::int64_t tile_number) {
    loader_waits_ = "a command from the host";
    while (commands_.at(kernel_.now_ps()) <= tile_number) {
        const auto due = commands_.next_after(kernel_.now_ps()); // a command may be on its way
        if (due < 0)
            kernel_.wait(command_event_);
        else
            kernel_.wait_until(due, command_event_);
    }
    commands_.settle(kernel_.now_ps());
    loader_waits_ = {};
}

void compute_block::await_engine(std::int64_t tile_number) {
    if (tile_number <= 0) return;
    loader_waits_ = "the engine";
    while (tiles_scheduled_ < tile_number) kernel_.wait(scheduled_event_);
    kernel_.wait_until(tile_at(tile_number - 1).end_ps);
    loader_waits_ = {};
}

bool compute_block::computed(std::int64_t tile_number) const {
    if (tile_number + 2 < tiles_taken_) return true; // its place has been taken
    return tile_number < tiles_scheduled_ &&
           loaded_[static_cast<std::size_t>(tile_number) % loaded_.size()].end_ps <= kernel_.now_ps();
}

void compute_block::release_computed() {
    while (!pending_.empty() && computed(pending_.front().tile_number)) {
        room_bytes_[static_cast<std::size_t>(pending_.front().memory)] += pending_.front().bytes;
        pending_.pop_front();
    }
}

void compute_block::fetch(loaded_tile& t, std::size_t boundary, const operand_stream& source, std::int64_t begin,
                          std::int64_t end) {
    if (begin >= end) return;
    const auto& f = t.job->flows[boundary];
    const auto& what = t.work.transfers[boundary];
    const bool weights = f.child < 0;
    interval spent{0, source.cause, {}};
    auto ready = kernel_.now_ps(), written = ready, free_before = ready;
    auto most = most_at_once(source, machine_.dma.arbitration_bytes);
    if (!weights) most = std::min(most, most_at_once(f.fill, machine_.dma.arbitration_bytes));
    loader_waits_ = "operands";
    for (auto at = begin; at < end;) {
        const auto next = piece_end(source, at, end, most);
        const auto now = kernel_.now_ps();
        const auto got = source.port->transfer(slice_of(source, at, next));
        auto free = now + got.service_ps + got.queue_ps + got.row_ps + got.refresh_ps;
        ready = std::max(ready, now + got.delay_ps);
        spent.lost += {got.delay_ps, got.queue_ps, got.row_ps, got.refresh_ps};
        if (weights) {
            // Copies are written side by side from one fetch; the write port follows the data at its own pace.
            const auto share =
                static_cast<double>(what.fill) * static_cast<double>(next - at) / static_cast<double>(what.read);
            const auto write_ps =
                static_cast<std::int64_t>(std::ceil(cost_.weight_write_ps(share, t.job->banks) - 1e-6));
            t.write_ps += write_ps;
            written = std::max(written, now) + write_ps;
            ready = std::max(ready, written);
            free = std::max(free, written - write_ps);
        } else {
            // The way on: latencies add up, the slower port sets the pace.
            const auto put = f.fill.port->transfer(slice_of(f.fill, at, next));
            const auto own = std::max(put.service_ps - got.service_ps, std::int64_t{0});
            ready = std::max(ready, now + got.delay_ps + put.delay_ps - put.service_ps + own);
            free = std::max(free, now + put.service_ps + put.queue_ps);
            spent.lost += {put.delay_ps - put.service_ps, put.queue_ps, 0, 0};
        }
        at = next;
        if (at < end) kernel_.wait_until(free_before); // two pieces are on their way
        free_before = free;
    }
    // Regions of staging memories are asked for together: whoever needs them waits for the last.
    t.ready_ps = std::max(t.ready_ps, ready);
    if (weights) kernel_.wait_until(ready);
    loader_waits_ = {};
    spent.end_ps = ready;
    t.history.push_back(spent);
}

// Room for a region in its staging memory, and the region itself: what fits beside the present regions comes ahead,
// the rest when they are free.
void compute_block::stage(loaded_tile& t, std::size_t boundary) {
    auto& f = t.job->flows[boundary];
    const auto& what = t.work.transfers[boundary];
    if (!what.begins) return;
    auto& room = room_bytes_[static_cast<std::size_t>(f.child)];
    const auto need = held_bytes_of(f, what);
    // The region before this one goes when the tile before has been computed; results go when they are stored.
    if (f.t != tensor::Z && f.held_bytes > 0) pending_.push_back({t.number - 1, f.child, f.held_bytes});
    f.held_bytes = need;
    release_computed();
    const auto source = stream_of(*t.job, boundary, what, true);
    const auto ahead = std::min(need, room);
    room -= ahead;
    auto split = what.read;
    if (ahead < need) {
        const auto part = static_cast<long double>(ahead) / static_cast<long double>(need);
        split = static_cast<std::int64_t>(static_cast<long double>(what.read) * part);
        if (source.segment_bytes > 0) split -= split % source.segment_bytes;
    }
    fetch(t, boundary, source, 0, split);
    while (room < need - ahead) {
        if (!pending_.empty()) {
            await_engine(pending_.front().tile_number + 1);
            release_computed();
        } else {
            loader_waits_ = "room at ";
            loader_waits_at_ = machine_.memories[static_cast<std::size_t>(f.child)].name;
            kernel_.wait(room_event_);
            loader_waits_ = loader_waits_at_ = {};
        }
    }
    room -= need - ahead;
    fetch(t, boundary, source, split, what.read);
}

// What the last tile of a job holds goes when it has been computed.
void compute_block::give_back(const loaded_tile& last) {
    for (const auto& f : last.job->flows)
        if (f.t != tensor::Z && f.held_bytes > 0) pending_.push_back({last.number, f.child, f.held_bytes});
}

void compute_block::load_tiles() {
    const bool ahead = machine_.dma.double_buffer;
    const bool weights_ahead = ahead && cost_.matrix_engine().ping_pong();
    while (true) {
        auto asked = kernel_.now_ps();
        while (!handed_) kernel_.wait(job_event_);
        auto& job = *handed_;
        handed_ = nullptr;
        kernel_.wait_until(job.given.not_before_ps);
        tile_sequence tiles(*job.given.nest, job.given.product, machine_, job.given.resident);
        while (tiles.next()) {
            const auto number = tiles_taken_;
            if (!job.given.commanded) await_command(commands_used_++);
            const auto commanded = kernel_.now_ps();
            await_engine(ahead ? number - 1 : number); // one tile ahead at most
            if (!ahead)
                while (!leaving_.empty()) kernel_.wait(room_event_);
            auto& t = tile_at(number);
            t.job = &job;
            t.number = number;
            t.work = tiles.current();
            t.staged = t.ready = false;
            t.write_ps = t.ready_ps = 0;
            t.history.clear();
            ++tiles_taken_;
            if (commanded > asked) t.history.push_back({commanded, stall::host_issue, {}});
            if (t.work.last) {
                loadable_ = true;
                if (on_loadable_) on_loadable_();
            }
            for (std::size_t i = 0; i < job.flows.size(); ++i)
                if (job.flows[i].load && job.flows[i].child >= 0) stage(t, i);
            if (t.work.last) give_back(t);
            loader_waits_ = "operands";
            kernel_.wait_until(t.ready_ps);
            loader_waits_ = {};
            t.staged = true;
            if (ahead) loaded_event_.notify(); // first inputs can come while the weights do
            for (std::size_t i = 0; i < job.flows.size(); ++i) {
                const auto& f = job.flows[i];
                const auto& what = t.work.transfers[i];
                if (!f.load || f.child >= 0 || what.read == 0) continue;
                if (!weights_ahead) await_engine(number);
                fetch(t, i, stream_of(job, i, what, true), 0, what.read);
                weight_bytes_ += what.fill;
            }
            t.ready_ps = kernel_.now_ps();
            t.ready = true;
            loaded_event_.notify();
            asked = kernel_.now_ps();
        }
    }
}

} // namespace cimtlm

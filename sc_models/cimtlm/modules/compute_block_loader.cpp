// The loader of a compute block: staged operands and held weights, ahead of the tile that needs them.
#include <cimtlm/modules/compute_block.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

void compute_block::await_command(std::int64_t tile_number) {
    loader_waits_ = "a command from the host";
    while (commands_.at(times_.now_ps()) <= tile_number) {
        const auto due = commands_.next_after(times_.now_ps()); // a command may be on its way
        if (due < 0)
            sc_core::wait(command_event_);
        else
            sc_core::wait(times_.time(due - times_.now_ps()), command_event_);
    }
    commands_.settle(times_.now_ps());
    loader_waits_.clear();
}

void compute_block::await_engine(std::int64_t tile_number) {
    loader_waits_ = "the engine";
    while (tiles_scheduled_ < tile_number) sc_core::wait(scheduled_event_);
    wait_until(engine_free_ps_);
    loader_waits_.clear();
}

bool compute_block::computed(std::int64_t tile_number) const {
    return tiles_scheduled_ > tile_number + 1 ||
           (tiles_scheduled_ == tile_number + 1 && engine_free_ps_ <= times_.now_ps());
}

void compute_block::release_computed() {
    while (!pending_.empty() && computed(pending_.front().tile_number)) {
        room_bytes_[static_cast<std::size_t>(pending_.front().memory)] += pending_.front().bytes;
        pending_.pop_front();
    }
}

void compute_block::fetch(loaded_tile& t, std::size_t boundary, std::int64_t begin, std::int64_t end) {
    if (begin >= end) return;
    const auto& b = job_.nest->boundaries[boundary];
    const auto& what = t.work.transfers[boundary];
    auto source = stream_of(boundary, what, true);
    const bool weights = b.child_memory < 0;
    operand_stream target;
    if (!weights) {
        target.port = &port_of(b.child_memory);
        target.write = true;
        target.operand = source.operand;
        target.kind = transfer_kind::fill;
        target.window_bytes = machine_.memories[static_cast<std::size_t>(b.child_memory)].capacity_bytes;
    }
    interval spent{0, source.cause, {}};
    auto ready = times_.now_ps(), written = ready, free_before = ready;
    const auto banks = banks_used(*job_.nest);
    auto most = most_at_once(source, machine_.dma.arbitration_bytes);
    if (!weights) most = std::min(most, most_at_once(target, machine_.dma.arbitration_bytes));
    loader_waits_ = "operands";
    for (auto at = begin; at < end;) {
        const auto next = std::min(end, at + most);
        const auto now = times_.now_ps();
        const auto got = source.port->transfer(slice_of(source, at, next));
        auto free = now + got.service_ps + got.queue_ps + got.row_ps + got.refresh_ps;
        ready = std::max(ready, now + got.delay_ps);
        spent.lost += {got.delay_ps, got.queue_ps, got.row_ps, got.refresh_ps};
        if (weights) {
            // Copies are written side by side from one fetch; the write port follows the data at its own pace.
            const auto share =
                static_cast<double>(what.fill) * static_cast<double>(next - at) / static_cast<double>(what.read);
            const auto write_ps = static_cast<std::int64_t>(std::ceil(cost_.weight_write_ps(share, banks) - 1e-6));
            t.write_ps += write_ps;
            written = std::max(written, now) + write_ps;
            ready = std::max(ready, written);
            free = std::max(free, written - write_ps);
        } else {
            // The way on: latencies add up, the slower port sets the pace.
            const auto put = target.port->transfer(slice_of(target, at, next));
            const auto own = std::max(put.service_ps - got.service_ps, std::int64_t{0});
            ready = std::max(ready, now + got.delay_ps + put.delay_ps - put.service_ps + own);
            free = std::max(free, now + put.service_ps + put.queue_ps);
            spent.lost += {put.delay_ps - put.service_ps, put.queue_ps, 0, 0};
        }
        at = next;
        if (at < end) wait_until(free_before); // two pieces are on their way
        free_before = free;
    }
    wait_until(ready);
    loader_waits_.clear();
    spent.end_ps = times_.now_ps();
    t.history.push_back(spent);
}

// Room for a region in its staging memory, and the region itself: what fits beside the present regions comes ahead,
// the rest when they are free.
void compute_block::stage(loaded_tile& t, std::size_t boundary) {
    const auto& b = job_.nest->boundaries[boundary];
    const auto& what = t.work.transfers[boundary];
    if (!what.begins) return;
    const auto memory = static_cast<std::size_t>(b.child_memory);
    const auto need = held_bytes_of(boundary, what);
    // The region before this one goes when the tile before has been computed; results go when they are stored.
    if (b.t != tensor::Z && held_bytes_[boundary] > 0)
        pending_.push_back({t.work.number - 1, b.child_memory, held_bytes_[boundary]});
    held_bytes_[boundary] = need;
    release_computed();
    const auto ahead = std::min(need, room_bytes_[memory]);
    room_bytes_[memory] -= ahead;
    const auto part = static_cast<long double>(ahead) / static_cast<long double>(std::max<std::int64_t>(need, 1));
    const auto split =
        ahead == need ? what.read : static_cast<std::int64_t>(static_cast<long double>(what.read) * part);
    fetch(t, boundary, 0, split);
    while (room_bytes_[memory] < need - ahead) {
        if (!pending_.empty()) {
            await_engine(pending_.front().tile_number + 1);
            release_computed();
        } else {
            loader_waits_ = "room at " + machine_.memories[memory].name;
            sc_core::wait(room_event_);
            loader_waits_.clear();
        }
    }
    room_bytes_[memory] -= need - ahead;
    fetch(t, boundary, split, what.read);
}

void compute_block::load_tiles() {
    std::uint64_t seen = 0;
    while (true) {
        await_job(seen);
        tile_sequence tiles(*job_.nest, job_.product, machine_, job_.resident);
        const bool ahead = machine_.dma.double_buffer;
        const bool weights_ahead = ahead && cost_.matrix_engine().ping_pong();
        while (tiles.next()) {
            const auto number = tiles.current().number;
            const auto asked = times_.now_ps();
            await_command(number);
            const auto commanded = times_.now_ps();
            await_engine(ahead ? number - 1 : number); // one tile ahead at most
            if (!ahead)
                while (!leaving_.empty() || storing_) sc_core::wait(room_event_);
            auto& t = loaded_.emplace_back();
            t.work = tiles.current();
            if (commanded > asked) t.history.push_back({commanded, stall::host_issue, {}});
            for (std::size_t i = 0; i < job_.nest->boundaries.size(); ++i)
                if (is_load_[i] && job_.nest->boundaries[i].child_memory >= 0) stage(t, i);
            t.staged = true;
            if (ahead) loaded_event_.notify(); // first inputs can come while the weights do
            for (std::size_t i = 0; i < job_.nest->boundaries.size(); ++i) {
                if (!is_load_[i] || job_.nest->boundaries[i].child_memory >= 0) continue;
                if (t.work.transfers[i].read == 0) continue;
                if (!weights_ahead) await_engine(number);
                fetch(t, i, 0, t.work.transfers[i].read);
                weight_bytes_ += t.work.transfers[i].fill;
            }
            t.ready_ps = times_.now_ps();
            t.ready = true;
            loaded_event_.notify();
        }
    }
}

} // namespace cimtlm

#include <cimtlm/modules/dram_model.h>

#include <cimtlm/base/error.h>
#include <cimtlm/modules/row_walk.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

dram_model::dram_model(const memory_level& level, double cycle_ps) {
    const dram_parameters p = level.dram.value_or(dram_parameters{});
    const dram_channel_parameters channels = p.channels.value_or(dram_channel_parameters{});
    const std::string where = level.name + ": ";
    if (channels.count < 1) throw input_error(where + "dram.channels.count must be at least 1");
    if (channels.count > 1 && (channels.interleave_bytes < 1 || p.row_bytes % channels.interleave_bytes != 0))
        throw input_error(where + "dram.channels.interleave_bytes must divide dram.row_bytes: a block lies in one row");
    interleave_bytes_ = static_cast<std::uint64_t>(channels.interleave_bytes);
    row_bytes_ = static_cast<std::uint64_t>(p.row_bytes);
    for (std::int64_t i = 0; i < channels.count; ++i)
        channels_.emplace_back(
            level, cycle_ps, channels.count,
            std::llround(p.t_refi_ps * static_cast<double>(i) / static_cast<double>(channels.count)));
    by_interleave_ = divider(std::max<std::uint64_t>(1, interleave_bytes_));
    by_channels_ = divider(channels_.size());
    by_blocks_a_row_ = divider(std::max<std::uint64_t>(1, row_bytes_ / by_interleave_.by()));
    transfers_.resize(channels_.size());
    is_open_.resize(channels_.size());
}

std::size_t dram_model::channel_of(std::uint64_t group, std::uint64_t position) const {
    // Different groups begin with different channels; powers of two as strides spread too.
    const std::uint64_t turn = group ^ (group >> 2) ^ (group >> 5) ^ (group >> 11);
    return by_channels_.remainder(position + turn);
}

dram_model::place dram_model::locate(std::uint64_t address) const {
    const std::uint64_t block = address / interleave_bytes_, group = block / channels_.size();
    return {channel_of(group, block % channels_.size()), group * interleave_bytes_ + address % interleave_bytes_};
}

dram_channel::transfer& dram_model::open(std::size_t channel, bool write, std::int64_t arrival_ps,
                                         std::int64_t now_ps) {
    if (!is_open_[channel]) {
        is_open_[channel] = 1;
        touched_.push_back(channel);
        transfers_[channel] = channels_[channel].begin(write, arrival_ps, now_ps);
    }
    return transfers_[channel];
}

void dram_model::add_blocks(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps) {
    walk_rows(b, by_interleave_, [&](std::uint64_t block, std::int64_t bytes) {
        const std::uint64_t group = by_channels_.quotient(block);
        const std::size_t c = channel_of(group, block - group * by_channels_.by());
        channels_[c].add(open(c, b.write, arrival_ps, now_ps), by_blocks_a_row_.quotient(group), bytes);
    });
}

/// A contiguous burst over more than one group: in each channel its blocks follow one another, so that they are added
/// row by row and not block by block.
void dram_model::add_shares(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps) {
    const std::uint64_t n = channels_.size(), last = b.address + static_cast<std::uint64_t>(b.bytes) - 1;
    const std::uint64_t first_block = b.address / interleave_bytes_, last_block = last / interleave_bytes_;
    const std::uint64_t first_group = first_block / n, last_group = last_block / n;
    const std::size_t first_turn = channel_of(first_group, 0), last_turn = channel_of(last_group, 0);
    for (std::size_t c = 0; c < n; ++c) {
        const std::uint64_t head = first_group * n + (c + n - first_turn) % n;
        const std::uint64_t tail = last_group * n + (c + n - last_turn) % n;
        std::uint64_t from = (first_group + (head < first_block)) * interleave_bytes_;
        std::uint64_t to = (last_group + (tail <= last_block)) * interleave_bytes_;
        if (head == first_block) from += b.address % interleave_bytes_;
        if (tail == last_block) to -= interleave_bytes_ - 1 - last % interleave_bytes_;
        if (from >= to) continue;
        dram_channel::transfer& x = open(c, b.write, arrival_ps, now_ps);
        for (std::uint64_t row = from / row_bytes_; from < to; ++row) {
            const std::uint64_t end = std::min(to, (row + 1) * row_bytes_);
            channels_[c].add(x, row, static_cast<std::int64_t>(end - from));
            from = end;
        }
    }
}

burst_timing dram_model::access(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps) {
    if (channels_.size() == 1) return channels_.front().access(b, arrival_ps, now_ps);
    const bool contiguous = b.segment_bytes == 0 || b.bytes <= b.segment_bytes || b.stride_bytes <= b.segment_bytes;
    if (contiguous && static_cast<std::uint64_t>(b.bytes) > channels_.size() * interleave_bytes_)
        add_shares(b, arrival_ps, now_ps);
    else
        add_blocks(b, arrival_ps, now_ps);
    burst_timing last;
    std::int64_t first_ps = 0;
    for (std::size_t i = 0; i < touched_.size(); ++i) {
        const std::size_t channel = touched_[i];
        const burst_timing t = channels_[channel].end(transfers_[channel]);
        const std::int64_t begin_ps = t.end_ps - t.service_ps - t.stretch_ps;
        first_ps = i == 0 ? begin_ps : std::min(first_ps, begin_ps);
        if (i == 0 || t.end_ps > last.end_ps) last = t;
        is_open_[channel] = 0;
    }
    // From the first byte of any channel to the last byte of the slowest.
    last.stretch_ps = last.end_ps - first_ps - last.service_ps;
    touched_.clear();
    return last;
}

dram_channel::counters dram_model::counts() const {
    dram_channel::counters sum;
    for (const dram_channel& c : channels_) {
        sum.row_hits += c.counts().row_hits;
        sum.row_misses += c.counts().row_misses;
        sum.row_conflicts += c.counts().row_conflicts;
        sum.turnarounds += c.counts().turnarounds;
    }
    return sum;
}

std::int64_t dram_model::refreshes(std::int64_t time_ps) const {
    std::int64_t sum = 0;
    for (const dram_channel& c : channels_) sum += c.refreshes(time_ps);
    return sum;
}

std::int64_t dram_model::busy_ps(bool write) const {
    std::int64_t sum = 0;
    for (const dram_channel& c : channels_) sum += c.busy_ps(write);
    return sum;
}

} // namespace cimtlm

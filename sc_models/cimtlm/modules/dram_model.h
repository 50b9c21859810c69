#pragma once
/// Time of a DRAM of one or many channels (HBM).
#include <cimtlm/base/divider.h>
#include <cimtlm/modules/dram_channel.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cimtlm {

/// Consecutive blocks of interleave_bytes lie in different channels: of each group of as many blocks as there are
/// channels every channel holds one, in an order that turns from group to group, so that strides do not meet in one
/// channel. A channel has 1 / channels of the level's rates and its own banks, rows and data bus; the channels'
/// refreshes are spread evenly over t_refi. A burst goes to the channels that hold it, all at once, and ends with the
/// last of them. Work: one visit for each channel touched and one for each row touched there.
class dram_model {
public:
    struct place {
        std::size_t channel;
        std::uint64_t address; ///< within the channel
    };

    /// `cycle_ps` > 0. Throws input_error naming the level for what dram_channel refuses, no channels, or an
    /// interleave_bytes that does not divide row_bytes where there are several.
    dram_model(const memory_level& level, double cycle_ps);

    /// The burst's time for an arrival at `arrival_ps`; `now_ps` is the kernel's time: nothing arrives earlier.
    burst_timing access(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps);

    place locate(std::uint64_t address) const;
    const std::vector<dram_channel>& channels() const { return channels_; }
    /// Sums over the channels.
    dram_channel::counters counts() const;
    std::int64_t refreshes(std::int64_t time_ps) const;
    std::int64_t busy_ps(bool write) const;

private:
    std::size_t channel_of(std::uint64_t group, std::uint64_t position) const;
    void add_blocks(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps);
    void add_shares(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps);
    dram_channel::transfer& open(std::size_t channel, bool write, std::int64_t arrival_ps, std::int64_t now_ps);

    std::uint64_t interleave_bytes_ = 1;
    divider by_interleave_, by_channels_, by_blocks_a_row_;
    std::uint64_t row_bytes_ = 1;
    std::vector<dram_channel> channels_;
    // Of the present burst: transfers of the channels that it touches.
    std::vector<dram_channel::transfer> transfers_; // by channel
    std::vector<unsigned char> is_open_;            // by channel
    std::vector<std::size_t> touched_;
};

} // namespace cimtlm

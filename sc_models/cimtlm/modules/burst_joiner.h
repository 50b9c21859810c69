#pragma once
/// Runs of bytes to as few bursts as possible.
#include <cimtlm/modules/burst.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cimtlm {

/// Appends runs, given with ascending addresses, to a list of bursts: what follows without a gap becomes one run, runs
/// of one length at one distance one strided burst. No burst is longer than `most_bytes`, if no run is.
class burst_joiner {
public:
    burst_joiner(std::vector<burst>& to, bool write, std::int64_t most_bytes)
        : to_(to)
        , write_(write)
        , most_(most_bytes) {}

    void add(std::uint64_t address, std::int64_t bytes) {
        if (bytes_ > 0 && address == address_ + static_cast<std::uint64_t>(bytes_) && bytes_ + bytes <= most_) {
            bytes_ += bytes;
            return;
        }
        flush();
        address_ = address;
        bytes_ = bytes;
    }
    /// Later runs join no earlier ones. To be called after the last run, too.
    void cut() {
        flush();
        first_ = to_.size();
    }

private:
    void flush() {
        if (bytes_ > 0 && !extends_last()) to_.push_back({write_, address_, bytes_, 0, 0});
        bytes_ = 0;
    }
    bool extends_last() {
        if (to_.size() == first_ || to_.back().bytes + bytes_ > most_) return false;
        burst& last = to_.back();
        const std::int64_t segment = last.segment_bytes ? last.segment_bytes : last.bytes;
        if (bytes_ != segment || address_ <= last.address) return false;
        const std::uint64_t distance = address_ - last.address;
        if (last.segment_bytes == 0) {
            if (distance <= static_cast<std::uint64_t>(segment)) return false;
            last.segment_bytes = segment;
            last.stride_bytes = static_cast<std::int64_t>(distance);
        } else if (distance != static_cast<std::uint64_t>(last.bytes / segment * last.stride_bytes)) {
            return false;
        }
        last.bytes += bytes_;
        return true;
    }

    std::vector<burst>& to_;
    std::size_t first_ = to_.size(); // that can be extended
    bool write_;
    std::int64_t most_;
    std::uint64_t address_ = 0;
    std::int64_t bytes_ = 0;
};

} // namespace cimtlm

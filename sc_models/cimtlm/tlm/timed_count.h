#pragma once
/// A count whose increments take effect at times of their own.
#include <algorithm>
#include <cstdint>
#include <deque>

namespace cimtlm {

/// Registers answer for a moment that may lie ahead of the kernel's time (a host with a quantum): what counts is when
/// something happens, not when a process runs.
class timed_count {
public:
    void reset() {
        passed_ = 0;
        ahead_.clear();
    }
    /// `count` more from `time_ps` on.
    void add(std::int64_t time_ps, std::int64_t count) {
        const auto place = std::upper_bound(ahead_.begin(), ahead_.end(), time_ps,
                                            [](std::int64_t t, const entry& e) { return t < e.time_ps; });
        ahead_.insert(place, {time_ps, count});
    }
    /// The count at `time_ps`.
    std::int64_t at(std::int64_t time_ps) const {
        auto total = passed_;
        for (const auto& e : ahead_) {
            if (e.time_ps > time_ps) break;
            total += e.count;
        }
        return total;
    }
    /// Time of the next increment after `time_ps`, -1: none is known.
    std::int64_t next_after(std::int64_t time_ps) const {
        for (const auto& e : ahead_)
            if (e.time_ps > time_ps) return e.time_ps;
        return -1;
    }
    /// Forgets when increments up to `now_ps` came: nobody asks for earlier times any more.
    void settle(std::int64_t now_ps) {
        while (!ahead_.empty() && ahead_.front().time_ps <= now_ps) {
            passed_ += ahead_.front().count;
            ahead_.pop_front();
        }
    }

private:
    struct entry {
        std::int64_t time_ps;
        std::int64_t count;
    };
    std::int64_t passed_ = 0;
    std::deque<entry> ahead_; // ascending
};

} // namespace cimtlm

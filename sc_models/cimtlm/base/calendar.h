#pragma once
/// Contention without waiting: a shared resource keeps the intervals in which it is taken.
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cimtlm {

/// Busy intervals of one resource (a bus channel, a memory port, a converter bank), in integer picoseconds.
/// A request gets the earliest free slot at or after its arrival, also between slots already given, so that
/// the order in which calls are made matters little (a single "taken until" errs by up to 14 % when a later
/// call arrives earlier).
class calendar {
public:
    struct interval {
        std::int64_t begin_ps;
        std::int64_t end_ps; ///< exclusive
    };

    /// Takes `duration_ps` without interruption at the earliest time not before `arrival_ps`; returns its begin.
    /// A duration of 0 takes nothing and returns the arrival. Requires arrival_ps >= 0, duration_ps >= 0.
    std::int64_t reserve(std::int64_t arrival_ps, std::int64_t duration_ps) {
        // The common case: at or after everything that is known.
        if (arrival_ps < 0 || duration_ps <= 0 || (first_ < taken_.size() && arrival_ps < taken_.back().end_ps))
            return reserve_between(arrival_ps, duration_ps);
        busy_ps_ += duration_ps;
        const std::int64_t end_ps = arrival_ps + duration_ps;
        if (first_ < taken_.size() && taken_.back().end_ps == arrival_ps)
            taken_.back().end_ps = end_ps;
        else
            taken_.push_back({arrival_ps, end_ps});
        if (last_end_ps_ < end_ps) last_end_ps_ = end_ps;
        return arrival_ps;
    }

    /// Where reserve() would begin; takes nothing.
    std::int64_t first_free(std::int64_t arrival_ps, std::int64_t duration_ps) const;

    /// Drops intervals that ended at or before `now_ps`: no later request can arrive earlier.
    void forget_before(std::int64_t now_ps) {
        while (first_ < taken_.size() && taken_[first_].end_ps <= now_ps) ++first_;
        if (first_ == taken_.size()) {
            taken_.clear();
            first_ = 0;
        } else if (first_ >= 32 && 2 * first_ >= taken_.size()) {
            drop_forgotten();
        }
    }

    /// Time for which the resource was taken since the start, in ps.
    std::int64_t busy_ps() const { return busy_ps_; }
    /// End of the last interval ever given, in ps.
    std::int64_t last_end_ps() const { return last_end_ps_; }
    /// Number of intervals kept (adjacent ones are merged).
    std::size_t size() const { return taken_.size() - first_; }

private:
    using place = std::vector<interval>::const_iterator;
    /// The earliest begin, and the interval before which it lies.
    std::int64_t find(std::int64_t arrival_ps, std::int64_t duration_ps, place& next) const;
    std::int64_t reserve_between(std::int64_t arrival_ps, std::int64_t duration_ps);
    void drop_forgotten();

    std::vector<interval> taken_; // ascending, disjoint, never touching; what lies before first_ is forgotten
    std::size_t first_ = 0;
    std::int64_t busy_ps_ = 0;
    std::int64_t last_end_ps_ = 0;
};

} // namespace cimtlm

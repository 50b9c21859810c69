#pragma once
/// Contention without waiting: a shared resource keeps the intervals in which it is taken.
#include <cstddef>
#include <cstdint>
#include <deque>

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
    std::int64_t reserve(std::int64_t arrival_ps, std::int64_t duration_ps);

    /// Drops intervals that ended at or before `now_ps`: no later request can arrive earlier.
    void forget_before(std::int64_t now_ps);

    /// Time for which the resource was taken since the start, in ps.
    std::int64_t busy_ps() const { return busy_ps_; }
    /// End of the last interval ever given, in ps.
    std::int64_t last_end_ps() const { return last_end_ps_; }
    /// Number of intervals kept (adjacent ones are merged).
    std::size_t size() const { return taken_.size(); }

private:
    std::deque<interval> taken_; // ascending, disjoint, never touching
    std::int64_t busy_ps_ = 0;
    std::int64_t last_end_ps_ = 0;
};

} // namespace cimtlm

#pragma once
/// A burst and its time, as the plain models of interconnect and memories see it.
#include <cstdint>

namespace cimtlm {

/// Bytes that move in one transaction.
struct burst {
    bool write = false;
    std::uint64_t address = 0;      ///< from the begin of the memory
    std::int64_t bytes = 0;         ///< total of all segments
    std::int64_t segment_bytes = 0; ///< 0: contiguous
    std::int64_t stride_bytes = 0;  ///< at least segment_bytes
};

/// When a burst ends and what that consists of:
/// end_ps = arrival + latencies + service_ps + queue_ps + row_ps + refresh_ps.
struct burst_timing {
    std::int64_t end_ps = 0;     ///< absolute time of the last byte
    std::int64_t queue_ps = 0;   ///< waiting for ports taken by others
    std::int64_t row_ps = 0;     ///< activates, precharges, turnarounds not hidden
    std::int64_t refresh_ps = 0; ///< refresh
    std::int64_t service_ps = 0; ///< longest occupancy of a hop: largest of bytes over bandwidth
    std::int64_t stretch_ps = 0; ///< pauses between first and last byte, part of the lost times above
};

/// A burst with the timing `t` cuts through a hop that moves it in `own_ps`: from its first byte on it takes the longer
/// of both, and pauses that the slower hop spans cost nothing.
void pass_through(std::int64_t own_ps, burst_timing& t);

} // namespace cimtlm

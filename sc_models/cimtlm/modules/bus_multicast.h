#pragma once
/// Reads of several initiators that one response answers, as plain C++.
#include <cimtlm/modules/burst.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>

namespace cimtlm {

/// Exactly the same bytes in the same order. `address` as the target sees it.
struct read_range {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    std::uint64_t segment_bytes = 0;
    std::uint64_t stride_bytes = 0;
    bool operator<(const read_range& o) const {
        return std::tie(address, bytes, segment_bytes, stride_bytes) <
               std::tie(o.address, o.bytes, o.segment_bytes, o.stride_bytes);
    }
};

/// Responses that are on their way. One ends with its last byte, or when something is written to its range.
class pending_reads {
public:
    struct response {
        std::size_t port = 0;        ///< whose read it was
        std::int64_t arrival_ps = 0; ///< of the request at the target
        burst_timing timing;         ///< what became of it: target and bus, without the bus's latency
    };
    /// A response to another port whose last byte is still to come at `arrival_ps`, or null.
    const response* find(const read_range& r, std::size_t port, std::int64_t arrival_ps) const;
    /// Keeps a response, in place of an older one. What ended before `now_ps` is dropped now and then: at most twice
    /// as many are kept as were alive at once.
    void add(const read_range& r, const response& of, std::int64_t now_ps);
    /// A write to the bytes from `first` to `last`.
    void end_overlapping(std::uint64_t first, std::uint64_t last);
    std::size_t size() const { return pending_.size(); }

private:
    std::map<read_range, response> pending_;
    std::uint64_t longest_ = 0; // footprint of any since the last time there was none
    std::size_t sweep_at_ = 64;
};

/// Timing of a read that joins `first` when it reaches the target at `arrival_ps` and has its last byte at `end_ps`, no
/// earlier than `first`; its port is taken for `own_ps`. The latency of the target and the service are as `first` has
/// them, as far as a read that comes late sees them; the rest is row_ps, refresh_ps and queue_ps.
burst_timing joined(const pending_reads::response& first, std::int64_t arrival_ps, std::int64_t end_ps,
                    std::int64_t own_ps);

} // namespace cimtlm

#pragma once
/// How a transfer of a DMA becomes payloads, and its time theirs.
#include <cimtlm/machine/device.h>
#include <cimtlm/modules/burst.h>

#include <cstdint>

namespace cimtlm {

/// The payloads that a transfer becomes, in the order of its bytes.
class dma_pieces {
public:
    struct piece {
        std::uint64_t address;
        std::uint64_t offset; ///< of its first byte in the transfer
        std::uint64_t bytes;
    };
    /// `segment_bytes` 0: contiguous. `most_bytes` 0: not a limit.
    dma_pieces(dma_split split, std::uint64_t most_bytes, std::uint64_t address, std::uint64_t bytes,
               std::uint64_t segment_bytes, std::uint64_t stride_bytes);
    bool more() const { return offset_ < bytes_; }
    /// Requires more().
    piece next();

private:
    dma_split split_;
    std::uint64_t most_bytes_, row_, bytes_, segment_bytes_, stride_bytes_; // row_: address of the present row
    std::uint64_t offset_ = 0, in_row_ = 0;
};

/// The times of a transfer from those of its pieces: delay = latency of the first piece + what its parts tell.
class dma_times {
public:
    explicit dma_times(std::int64_t arrival_ps)
        : arrival_ps_(arrival_ps)
        , end_ps_(arrival_ps) {}
    /// A piece that was sent at `start_ps`, took the port for `own_ps` and ended as `t` tells.
    void add(std::int64_t start_ps, std::int64_t own_ps, const burst_timing& t);
    /// End of the last byte, or its acknowledgement.
    std::int64_t end_ps() const { return end_ps_; }
    /// Of all pieces together, with end_ps - arrival_ps >= service_ps + queue_ps + row_ps + refresh_ps.
    burst_timing sum() const;

private:
    std::int64_t arrival_ps_, end_ps_;
    std::int64_t own_ps_ = 0;
    bool first_ = true;
    burst_timing sum_;
};

} // namespace cimtlm

#pragma once
/// What an initiator tells about a transfer, and what the targets tell about its time. Ignorable: a transfer
/// without it is served in the same way, contiguous and counted under no operand.
#include <systemc>
#include <tlm>

#include <cstdint>

namespace cimtlm {

/// Operand of a transfer, for statistics.
enum operand_tag : int { operand_a = 0, operand_b = 1, operand_z = 2, operand_none = 3 };
inline constexpr int operand_tags = 4;

/// What a transfer is for, seen from the memory that serves it.
enum class transfer_kind : int {
    unspecified = 0, ///< reads count as read, writes as update
    read = 1,
    update = 2, ///< a result written from below
    fill = 3    ///< an operand written from above
};

/// Ignorable extension of the generic payload.
class transfer_extension : public tlm::tlm_extension<transfer_extension> {
public:
    // Written by the initiator.
    int operand = operand_none;                      ///< operand_tag
    transfer_kind kind = transfer_kind::unspecified; ///< for statistics and the energy of a write
    int initiator = -1;                              ///< identity of the initiator, -1: unknown
    std::uint64_t segment_bytes = 0; ///< a strided operand comes in segments of so many bytes; 0: contiguous
    std::uint64_t stride_bytes = 0;  ///< from the begin of a segment to that of the next; at least segment_bytes
    bool timing_only = false;        ///< nobody looks at the bytes of a read

    // Written by the targets; the initiator clears them. Without contention and rows a transfer takes the
    // latencies of its hops + service_ps, otherwise queue_ps + row_ps + refresh_ps more, exactly.
    std::int64_t queue_ps = 0;   ///< waiting for ports taken by others
    std::int64_t row_ps = 0;     ///< DRAM activates, precharges and turnarounds that data of others did not hide
    std::int64_t refresh_ps = 0; ///< DRAM refresh
    std::int64_t service_ps = 0; ///< longest occupancy of any hop so far: largest of bytes over bandwidth
    std::int64_t stretch_ps = 0; ///< pauses between first and last byte; part of the three lost times above

    /// Clears what targets write.
    void clear_times() { queue_ps = row_ps = refresh_ps = service_ps = stretch_ps = 0; }

    tlm::tlm_extension_base* clone() const override;
    void copy_from(const tlm::tlm_extension_base& other) override;
};

} // namespace cimtlm

#pragma once
/// A burst, row by row.
#include <cimtlm/base/divider.h>
#include <cimtlm/modules/burst.h>

#include <algorithm>
#include <cstdint>

namespace cimtlm {

/// Calls visit(row, bytes) for each DRAM row that `b` touches, in the order of its bytes, with the bytes that follow
/// one another in that row. Work per row, not per segment: segments that lie in the same row are added up.
template <class Visit> void walk_rows(const burst& b, const divider& row_bytes, Visit visit) {
    const std::uint64_t row_size = row_bytes.by();
    const bool strided = b.segment_bytes > 0 && b.stride_bytes > b.segment_bytes && b.bytes > b.segment_bytes;
    const auto segment = static_cast<std::uint64_t>(strided ? b.segment_bytes : b.bytes);
    const auto stride = static_cast<std::uint64_t>(strided ? b.stride_bytes : b.bytes);
    auto left = static_cast<std::uint64_t>(b.bytes);
    std::uint64_t begin = b.address; // of the present segment
    std::uint64_t in_segment = 0;    // bytes of it that are done
    while (left > 0) {
        const std::uint64_t row = row_bytes.quotient(begin + in_segment);
        // Bytes from the present place to the end of its row.
        std::uint64_t room = row_size - (begin + in_segment - row * row_size);
        std::uint64_t bytes = 0;
        while (left > 0) {
            const std::uint64_t rest = std::min(segment - in_segment, left);
            const std::uint64_t n = std::min(rest, room);
            bytes += n;
            left -= n;
            in_segment += n;
            if (n < rest) break; // the segment goes on in the next row
            const std::uint64_t gap = stride - segment;
            begin += stride;
            in_segment = 0;
            if (left == 0 || room - n <= gap) break; // the next segment begins in another row
            room -= n + gap;
            const std::uint64_t whole = room < segment ? 0 : std::min(left / segment, (room - segment) / stride + 1);
            if (whole > 0) {
                bytes += whole * segment;
                left -= whole * segment;
                begin += whole * stride;
                if (left == 0 || room <= whole * stride) break;
                room -= whole * stride;
            }
        }
        visit(row, static_cast<std::int64_t>(bytes));
    }
}

/// The same for a row size that is given as it is.
template <class Visit> void walk_rows(const burst& b, std::int64_t row_bytes, Visit visit) {
    walk_rows(b, divider(static_cast<std::uint64_t>(row_bytes)), visit);
}

} // namespace cimtlm

#pragma once
/// A burst, region by region, with the lines that it touches.
#include <cimtlm/modules/burst.h>

#include <algorithm>
#include <cstdint>

namespace cimtlm {

/// Lines of a region, bit 0 the first: `count` of them from `first` on.
inline std::uint64_t line_mask(unsigned first, unsigned count) {
    return (count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1) << first;
}

/// Parts of a burst in the order of its bytes, each as long as it stays within one region. Sizes are given as powers
/// of two; a region has at most 64 lines. Work per segment.
class region_walk {
public:
    struct part {
        std::uint64_t region = 0;  ///< address / region size
        std::uint64_t touched = 0; ///< lines
        std::uint64_t whole = 0;   ///< of a write: lines that are touched from end to end without a gap
        std::int64_t bytes = 0;    ///< of the burst
    };

    region_walk() = default;
    region_walk(const burst& b, unsigned region_shift, unsigned line_shift)
        : write_(b.write)
        , region_shift_(region_shift)
        , line_shift_(line_shift)
        , left_(static_cast<std::uint64_t>(b.bytes))
        , begin_(b.address) {
        const bool strided = b.segment_bytes > 0 && b.stride_bytes > b.segment_bytes && b.bytes > b.segment_bytes;
        segment_ = strided ? static_cast<std::uint64_t>(b.segment_bytes) : left_;
        stride_ = strided ? static_cast<std::uint64_t>(b.stride_bytes) : left_;
    }

    bool done() const { return left_ == 0; }
    /// Bytes of the burst that still come.
    std::uint64_t left() const { return left_; }
    /// The next part. Requires !done().
    part next() {
        return next([](std::uint64_t, std::uint64_t) {});
    }
    /// The same; calls visit(address, bytes) for each piece without gaps.
    template <class Visit> part next(Visit visit) {
        part p;
        p.region = (begin_ + in_segment_) >> region_shift_;
        while (left_ > 0) {
            const std::uint64_t at = begin_ + in_segment_;
            if (at >> region_shift_ != p.region) break;
            const std::uint64_t offset = at & ((std::uint64_t{1} << region_shift_) - 1);
            const std::uint64_t room = (std::uint64_t{1} << region_shift_) - offset;
            const std::uint64_t n = std::min({segment_ - in_segment_, left_, room});
            const auto first = static_cast<unsigned>(offset >> line_shift_);
            const auto last = static_cast<unsigned>((offset + n - 1) >> line_shift_);
            p.touched |= line_mask(first, last - first + 1);
            if (write_) {
                const std::uint64_t line = std::uint64_t{1} << line_shift_;
                const auto whole_first = static_cast<unsigned>((offset + line - 1) >> line_shift_);
                const auto whole_end = static_cast<unsigned>((offset + n) >> line_shift_);
                if (whole_end > whole_first) p.whole |= line_mask(whole_first, whole_end - whole_first);
            }
            p.bytes += static_cast<std::int64_t>(n);
            visit(at, n);
            left_ -= n;
            in_segment_ += n;
            if (in_segment_ == segment_) {
                begin_ += stride_;
                in_segment_ = 0;
            }
        }
        return p;
    }

private:
    bool write_ = false;
    unsigned region_shift_ = 0, line_shift_ = 0;
    std::uint64_t left_ = 0;
    std::uint64_t begin_ = 0;      // of the present segment
    std::uint64_t in_segment_ = 0; // bytes of it that are done
    std::uint64_t segment_ = 0, stride_ = 0;
};

} // namespace cimtlm

#include <cimtlm/modules/dma_pieces.h>

#include <algorithm>
#include <limits>

namespace cimtlm {

namespace {

std::uint64_t power_of_two_in(std::uint64_t n) { // the largest one, n > 0
    std::uint64_t p = 1;
    while (p <= n / 2) p *= 2;
    return p;
}

} // namespace

dma_pieces::dma_pieces(dma_split split, std::uint64_t most_bytes, std::uint64_t address, std::uint64_t bytes,
                       std::uint64_t segment_bytes, std::uint64_t stride_bytes)
    : split_(split)
    , most_bytes_(most_bytes > 0 ? most_bytes : std::numeric_limits<unsigned>::max())
    , row_(address)
    , bytes_(bytes)
    , segment_bytes_(segment_bytes)
    , stride_bytes_(stride_bytes) {
    if (split == dma_split::aligned_pow2) most_bytes_ = power_of_two_in(most_bytes_);
    // As the memories see it.
    if (segment_bytes_ == 0 || stride_bytes_ <= segment_bytes_ || split == dma_split::operand) segment_bytes_ = bytes;
}

dma_pieces::piece dma_pieces::next() {
    piece p{row_ + in_row_, offset_, std::min(segment_bytes_ - in_row_, bytes_ - offset_)};
    if (split_ != dma_split::operand) p.bytes = std::min(p.bytes, most_bytes_);
    if (split_ == dma_split::aligned_pow2) {
        p.bytes = power_of_two_in(p.bytes);
        if (p.address != 0) p.bytes = std::min(p.bytes, p.address & (~p.address + 1));
    }
    offset_ += p.bytes;
    in_row_ += p.bytes;
    if (in_row_ == segment_bytes_) {
        row_ += stride_bytes_;
        in_row_ = 0;
    }
    return p;
}

void dma_times::add(std::int64_t start_ps, std::int64_t own_ps, const burst_timing& t) {
    auto gap_ps = std::max<std::int64_t>(0, t.end_ps - end_ps_);
    if (first_) {
        sum_.queue_ps = start_ps - arrival_ps_; // behind other transfers
        gap_ps = std::min(t.end_ps - start_ps, t.service_ps + t.queue_ps + t.row_ps + t.refresh_ps);
    }
    const auto take = [&gap_ps](std::int64_t most_ps) {
        const auto taken_ps = std::min(gap_ps, most_ps);
        gap_ps -= taken_ps;
        return taken_ps;
    };
    // What the piece adds to those before it. Its queue may be these themselves: that comes last.
    const auto service_ps = take(t.service_ps);
    const auto row_ps = take(t.row_ps), refresh_ps = take(t.refresh_ps), queue_ps = take(t.queue_ps);
    sum_.service_ps += service_ps + gap_ps; // the rest: too few pieces were allowed to be under way
    sum_.row_ps += row_ps;
    sum_.refresh_ps += refresh_ps;
    sum_.queue_ps += queue_ps;
    sum_.stretch_ps += first_ ? std::min(t.stretch_ps, row_ps + refresh_ps + queue_ps) : row_ps + refresh_ps + queue_ps;
    own_ps_ += own_ps;
    end_ps_ = std::max(end_ps_, t.end_ps);
    first_ = false;
}

burst_timing dma_times::sum() const {
    auto t = sum_;
    t.end_ps = end_ps_;
    // The port may have been taken during the latency of earlier pieces.
    t.service_ps =
        std::max(t.service_ps, std::min(own_ps_, end_ps_ - arrival_ps_ - t.queue_ps - t.row_ps - t.refresh_ps));
    return t;
}

} // namespace cimtlm

#include <cimtlm/modules/bus_multicast.h>

#include <cimtlm/tlm/access_check.h>

#include <algorithm>

namespace cimtlm {

namespace {

std::uint64_t footprint(const read_range& r) { return footprint_bytes(r.bytes, r.segment_bytes, r.stride_bytes); }

} // namespace

const pending_reads::response* pending_reads::find(const read_range& r, std::size_t port,
                                                   std::int64_t arrival_ps) const {
    const auto at = pending_.find(r);
    if (at == pending_.end() || at->second.port == port || at->second.timing.end_ps <= arrival_ps) return nullptr;
    return &at->second;
}

void pending_reads::add(const read_range& r, const response& of, std::int64_t now_ps) {
    if (pending_.size() >= sweep_at_) {
        for (auto i = pending_.begin(); i != pending_.end();)
            i = i->second.timing.end_ps <= now_ps ? pending_.erase(i) : std::next(i);
        sweep_at_ = std::max<std::size_t>(64, 2 * pending_.size());
    }
    if (pending_.empty()) longest_ = 0;
    longest_ = std::max(longest_, footprint(r));
    pending_[r] = of;
}

void pending_reads::end_overlapping(std::uint64_t first, std::uint64_t last) {
    const std::uint64_t from = first - std::min(first, longest_);
    for (auto i = pending_.lower_bound({from, 0, 0, 0}); i != pending_.end() && i->first.address <= last;) {
        const bool before = i->first.address < first && footprint(i->first) <= first - i->first.address;
        i = before ? std::next(i) : pending_.erase(i);
    }
}

burst_timing joined(const pending_reads::response& first, std::int64_t arrival_ps, std::int64_t end_ps,
                    std::int64_t own_ps) {
    const burst_timing& f = first.timing;
    const std::int64_t lost_ps = f.queue_ps + f.row_ps + f.refresh_ps;
    const std::int64_t latency_ps = std::max<std::int64_t>(0, f.end_ps - first.arrival_ps - f.service_ps - lost_ps);
    const std::int64_t spent_ps = end_ps - arrival_ps - latency_ps;
    burst_timing t;
    t.end_ps = end_ps;
    t.service_ps = std::max(own_ps, std::min(f.service_ps, spent_ps));
    std::int64_t left_ps = std::max<std::int64_t>(0, spent_ps - t.service_ps);
    t.row_ps = std::min(f.row_ps, left_ps);
    left_ps -= t.row_ps;
    t.refresh_ps = std::min(f.refresh_ps, left_ps);
    t.queue_ps = left_ps - t.refresh_ps;
    t.stretch_ps = std::min(f.stretch_ps, t.row_ps + t.refresh_ps + t.queue_ps);
    return t;
}

} // namespace cimtlm

#include <cimtlm/base/calendar.h>

#include <algorithm>
#include <stdexcept>

namespace cimtlm {

std::int64_t calendar::reserve(std::int64_t arrival_ps, std::int64_t duration_ps) {
    if (arrival_ps < 0 || duration_ps < 0) throw std::logic_error("calendar: negative arrival or duration");
    if (duration_ps == 0) return arrival_ps;
    busy_ps_ += duration_ps;
    // The common case: at or after everything that is known.
    if (taken_.empty() || arrival_ps >= taken_.back().end_ps) {
        if (!taken_.empty() && taken_.back().end_ps == arrival_ps)
            taken_.back().end_ps += duration_ps;
        else
            taken_.push_back({arrival_ps, arrival_ps + duration_ps});
        last_end_ps_ = std::max(last_end_ps_, arrival_ps + duration_ps);
        return arrival_ps;
    }
    auto next = std::upper_bound(taken_.begin(), taken_.end(), arrival_ps,
                                 [](std::int64_t t, const interval& i) { return t < i.end_ps; });
    std::int64_t begin = arrival_ps;
    while (next != taken_.end() && next->begin_ps < begin + duration_ps) {
        begin = std::max(begin, next->end_ps);
        ++next;
    }
    const std::int64_t end = begin + duration_ps;
    last_end_ps_ = std::max(last_end_ps_, end);
    const bool joins_previous = next != taken_.begin() && std::prev(next)->end_ps == begin;
    const bool joins_next = next != taken_.end() && next->begin_ps == end;
    if (joins_previous && joins_next) {
        std::prev(next)->end_ps = next->end_ps;
        taken_.erase(next);
    } else if (joins_previous) {
        std::prev(next)->end_ps = end;
    } else if (joins_next) {
        next->begin_ps = begin;
    } else {
        taken_.insert(next, {begin, end});
    }
    return begin;
}

void calendar::forget_before(std::int64_t now_ps) {
    while (!taken_.empty() && taken_.front().end_ps <= now_ps) taken_.pop_front();
}

} // namespace cimtlm

#include <cimtlm/base/calendar.h>

#include <algorithm>
#include <stdexcept>

namespace cimtlm {

std::int64_t calendar::find(std::int64_t arrival_ps, std::int64_t duration_ps, place& next) const {
    if (arrival_ps < 0 || duration_ps < 0) throw std::logic_error("calendar: negative arrival or duration");
    next = std::upper_bound(taken_.begin() + static_cast<std::ptrdiff_t>(first_), taken_.end(), arrival_ps,
                            [](std::int64_t t, const interval& i) { return t < i.end_ps; });
    std::int64_t begin = arrival_ps;
    while (duration_ps > 0 && next != taken_.end() && next->begin_ps < begin + duration_ps) {
        begin = std::max(begin, next->end_ps);
        ++next;
    }
    return begin;
}

std::int64_t calendar::first_free(std::int64_t arrival_ps, std::int64_t duration_ps) const {
    place next;
    return find(arrival_ps, duration_ps, next);
}

std::int64_t calendar::reserve_between(std::int64_t arrival_ps, std::int64_t duration_ps) {
    place found;
    const std::int64_t begin = find(arrival_ps, duration_ps, found);
    if (duration_ps == 0) return arrival_ps;
    busy_ps_ += duration_ps;
    const auto first = taken_.begin() + static_cast<std::ptrdiff_t>(first_);
    const auto next = taken_.begin() + (found - taken_.cbegin());
    const std::int64_t end = begin + duration_ps;
    last_end_ps_ = std::max(last_end_ps_, end);
    const bool joins_previous = next != first && std::prev(next)->end_ps == begin;
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

void calendar::drop_forgotten() {
    taken_.erase(taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
}

} // namespace cimtlm

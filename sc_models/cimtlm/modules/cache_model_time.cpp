/// Time and data of the cache; tags and replacement are in cache_model.cpp.
#include <cimtlm/modules/cache_model.h>

#include <cimtlm/base/rate.h>

#include <cstring>

namespace cimtlm {

void cache_model::fetched(const burst_timing& t) {
    const std::int64_t first_ps = t.end_ps - t.service_ps - t.stretch_ps;
    if (!pass_.missed) {
        pass_.missed = true;
        pass_.behind = t;
        pass_.first_ps = first_ps;
        return;
    }
    pass_.first_ps = std::min(pass_.first_ps, first_ps);
    const std::int64_t other_ps = (t.end_ps > pass_.behind.end_ps ? pass_.behind : t).service_ps;
    if (t.end_ps > pass_.behind.end_ps) pass_.behind = t;
    burst_timing& last = pass_.behind;
    // Waiting behind data of the same burst is moving data.
    const std::int64_t room_ps = last.end_ps - pass_.first_ps - last.service_ps;
    const std::int64_t own_ps = std::max<std::int64_t>(0, std::min({last.queue_ps, other_ps, room_ps}));
    last.queue_ps -= own_ps;
    last.service_ps += own_ps;
    last.stretch_ps =
        std::min(last.end_ps - pass_.first_ps - last.service_ps, last.queue_ps + last.row_ps + last.refresh_ps);
}

std::int64_t cache_model::occupancy_ps(std::int64_t bytes, bool write) const {
    return transfer_ps(bytes, rate_[write], cycle_ps_);
}

std::int64_t cache_model::service_ps(std::int64_t bytes, bool write) const {
    const std::int64_t line = std::min(bytes, static_cast<std::int64_t>(line_bytes()));
    return std::max(occupancy_ps(bytes, write), transfer_ps(line, slice_rate_[write], cycle_ps_));
}

burst_timing cache_model::finish() {
    const bool write = pass_.b.write;
    burst_timing present, missing = pass_.behind;
    std::int64_t first_ps = -1, own_ps = 0, end_ps = 0, latency_ps = 0;
    for (std::size_t p = 0; p < shares_.size(); ++p) {
        const share& s = shares_[p];
        auto& ports = ports_[p];
        if (s.present + s.missing == 0) continue;
        const std::int64_t hop_ps = latency_ps_[static_cast<std::int64_t>(p) != pass_.port];
        latency_ps = std::max(latency_ps, hop_ps);
        if (s.present > 0) {
            const std::int64_t begin_ps = ports[write].reserve(pass_.arrival_ps, occupancy_ps(s.present, write));
            const std::int64_t service = service_ps(s.present, write);
            first_ps = first_ps < 0 ? begin_ps + hop_ps : std::min(first_ps, begin_ps + hop_ps);
            if (begin_ps + hop_ps + service > present.end_ps) {
                present.end_ps = begin_ps + hop_ps + service;
                present.service_ps = service;
                present.queue_ps = begin_ps - pass_.arrival_ps;
            }
        }
        if (s.missing > 0) {
            const std::int64_t occupancy = occupancy_ps(s.missing, false);
            end_ps = std::max(end_ps, ports[false].reserve(pass_.first_ps, occupancy) + occupancy);
            own_ps = std::max(own_ps, service_ps(s.missing, false));
        }
        // Fills and what leaves share the ports with the requests.
        if (s.fetched > 0) ports[true].reserve(pass_.first_ps, occupancy_ps(s.fetched, true));
        if (s.leaving > 0) ports[false].reserve(pass_.arrival_ps, occupancy_ps(s.leaving, false));
    }
    present.stretch_ps = std::min(present.end_ps - first_ps - present.service_ps, present.queue_ps);
    burst_timing t = present;
    if (pass_.missed && !write) {
        pass_through(own_ps, missing);
        if (end_ps > missing.end_ps) {
            missing.queue_ps += end_ps - missing.end_ps;
            missing.end_ps = end_ps;
        }
        if (missing.end_ps > t.end_ps) t = missing;
    }
    if (pass_.missed && write) pass_.wait_ps = std::max(pass_.wait_ps, pass_.behind.queue_ps);
    const std::int64_t released_ps = pass_.arrival_ps + latency_ps + t.service_ps + pass_.wait_ps;
    if (released_ps > t.end_ps) {
        t.queue_ps += released_ps - t.end_ps;
        t.end_ps = released_ps;
    }
    return t;
}

std::int64_t cache_model::busy_ps(bool write) const {
    std::int64_t sum = 0;
    for (const auto& ports : ports_) sum += ports[write].busy_ps();
    return sum;
}

unsigned char* cache_model::bytes_at(std::size_t at, std::uint64_t address) const {
    return data_[at].get() + (address & ((std::uint64_t{1} << region_shift_) - 1));
}

/// Calls visit(lines' bytes, offset in the payload, bytes) for each piece of the present step.
template <class Visit> void cache_model::for_step(Visit visit) const {
    auto offset = static_cast<std::uint64_t>(pass_.b.bytes) - step_begin_.left();
    for (region_walk walk = step_begin_; walk.left() > walk_.left();)
        walk.next([&](std::uint64_t address, std::uint64_t n) {
            visit(bytes_at(find(address >> region_shift_), address), offset, n);
            offset += n;
        });
}

void cache_model::write_data(const unsigned char* payload, const unsigned char* enable, std::uint64_t enables) {
    for_step([&](unsigned char* lines, std::uint64_t offset, std::uint64_t n) {
        if (enable == nullptr) std::memcpy(lines, payload + offset, n);
        for (std::uint64_t i = 0; enable != nullptr && i < n; ++i)
            if (enable[(offset + i) % enables] != 0) lines[i] = payload[offset + i];
    });
}

void cache_model::read_data(unsigned char* payload, const unsigned char* enable, std::uint64_t enables) const {
    for_step([&](const unsigned char* lines, std::uint64_t offset, std::uint64_t n) {
        if (enable == nullptr) std::memcpy(payload + offset, lines, n);
        for (std::uint64_t i = 0; enable != nullptr && i < n; ++i)
            if (enable[(offset + i) % enables] != 0) payload[offset + i] = lines[i];
    });
}

void cache_model::fill_data(const burst& fetch, const unsigned char* from) {
    for (region_walk walk(fetch, region_shift_, line_shift_); !walk.done();)
        walk.next([&](std::uint64_t address, std::uint64_t n) {
            std::memcpy(bytes_at(find(address >> region_shift_), address), from, n);
            from += n;
        });
}

/// Calls visit(line's bytes, offset, bytes) for each line of the range that the cache holds.
template <class Visit> void cache_model::for_held(std::uint64_t address, std::uint64_t n, Visit visit) const {
    const std::uint64_t line = line_bytes();
    for (std::uint64_t done = 0; done < n;) {
        const std::uint64_t here = address + done, step = std::min(n - done, line - here % line);
        const std::size_t at = find(here >> region_shift_);
        const std::uint64_t index = here >> line_shift_ & ((std::uint64_t{1} << (region_shift_ - line_shift_)) - 1);
        if (at != no_slot && (slots_[at].valid >> index & 1)) visit(bytes_at(at, here), done, step);
        done += step;
    }
}

void cache_model::peek(std::uint64_t address, unsigned char* bytes, std::uint64_t n) const {
    for_held(address, n, [&](const unsigned char* line, std::uint64_t offset, std::uint64_t step) {
        std::memcpy(bytes + offset, line, step);
    });
}

void cache_model::poke(std::uint64_t address, const unsigned char* bytes, std::uint64_t n) {
    for_held(address, n, [&](unsigned char* line, std::uint64_t offset, std::uint64_t step) {
        std::memcpy(line, bytes + offset, step);
    });
}

} // namespace cimtlm

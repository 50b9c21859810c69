#include <cimtlm/modules/bus_model.h>

#include <cimtlm/base/error.h>
#include <cimtlm/base/rate.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

namespace cimtlm {

namespace {

std::string range_text(std::uint64_t base, std::uint64_t last) {
    std::ostringstream text;
    text << std::hex << "0x" << base << "-0x" << last;
    return text.str();
}

} // namespace

void address_map::add(std::uint64_t base, std::uint64_t size_bytes, unsigned out, bool relative, unsigned sides) {
    const std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
    if (size_bytes != 0 && size_bytes - 1 > end - base)
        throw input_error("bus: window at " + range_text(base, end) + " passes the end of the address space");
    const window w{base, size_bytes == 0 ? end : base + (size_bytes - 1), out, relative, sides};
    auto place = std::find_if(windows_.begin(), windows_.end(), [&](const window& o) { return o.base >= w.base; });
    const bool hits_next = place != windows_.end() && place->base <= w.last;
    const bool hits_previous = place != windows_.begin() && std::prev(place)->last >= w.base;
    if (hits_next || hits_previous) {
        const window& o = hits_next ? *place : *std::prev(place);
        throw input_error("bus: window " + range_text(w.base, w.last) + " overlaps " + range_text(o.base, o.last));
    }
    windows_.insert(place, w);
}

const address_map::window* address_map::find(std::uint64_t address, std::uint64_t length) const {
    auto next = std::upper_bound(windows_.begin(), windows_.end(), address,
                                 [](std::uint64_t a, const window& w) { return a < w.base; });
    if (next == windows_.begin()) return nullptr;
    const window& w = *std::prev(next);
    if (address > w.last || (length > 0 && length - 1 > w.last - address)) return nullptr;
    return &w;
}

bus_model::bus_model(const bus_parameters& parameters, double cycle_ps, std::size_t ports)
    : bytes_per_cycle_(parameters.bytes_per_cycle)
    , port_rate_{parameters.ports ? parameters.ports->read_bytes_per_cycle : 0,
                 parameters.ports ? parameters.ports->write_bytes_per_cycle : 0}
    , cycle_ps_(cycle_ps)
    , latency_ps_(std::llround(parameters.latency_cycles * cycle_ps))
    , ports_(ports) {
    if (!(cycle_ps > 0)) throw input_error("bus: the cycle must be longer than 0 ps");
    if (bytes_per_cycle_ < 0) throw input_error("bus: bytes_per_cycle is negative");
    if (port_rate_[0] < 0 || port_rate_[1] < 0) throw input_error("bus: ports.read/write_bytes_per_cycle is negative");
    if (latency_ps_ < 0) throw input_error("bus: latency_cycles is negative");
}

std::int64_t bus_model::occupancy_ps(std::int64_t bytes) const {
    return transfer_ps(bytes, bytes_per_cycle_, cycle_ps_);
}

std::int64_t bus_model::port_occupancy_ps(std::int64_t bytes, bool write) const {
    return transfer_ps(bytes, port_rate_[write], cycle_ps_);
}

std::int64_t bus_model::begin_write(std::int64_t bytes, std::int64_t arrival_ps, std::int64_t now_ps,
                                    std::size_t port) {
    calendar& own = ports_[port][true];
    own.forget_before(now_ps);
    channel_[true].forget_before(now_ps);
    return channel_[true].reserve(own.reserve(arrival_ps, port_occupancy_ps(bytes, true)), occupancy_ps(bytes));
}

void bus_model::end_write(std::int64_t bytes, burst_timing& t) {
    pass_through(std::max(occupancy_ps(bytes), port_occupancy_ps(bytes, true)), t);
}

std::int64_t bus_model::end_read(std::int64_t bytes, burst_timing& t, std::int64_t now_ps, std::size_t port) {
    const std::int64_t own_ps = occupancy_ps(bytes);
    const std::int64_t first_ps = t.end_ps - t.service_ps - t.stretch_ps;
    pass_through(std::max(own_ps, port_occupancy_ps(bytes, false)), t);
    channel_[false].forget_before(now_ps);
    const std::int64_t begin_ps = channel_[false].reserve(first_ps, own_ps);
    // Data that waits for a channel is buffered; the wait counts as far as it delays the last byte.
    const std::int64_t end_ps = to_port(bytes, begin_ps, std::max(t.end_ps, begin_ps + own_ps), now_ps, port);
    const std::int64_t wait_ps = end_ps - t.end_ps;
    t.queue_ps += wait_ps;
    t.end_ps = end_ps;
    return wait_ps;
}

burst_timing bus_model::join_read(std::int64_t bytes, const pending_reads::response& first, std::int64_t arrival_ps,
                                  std::int64_t now_ps, std::size_t port) {
    const burst_timing& t = first.timing;
    const std::int64_t first_ps = std::max(arrival_ps, t.end_ps - t.service_ps - t.stretch_ps);
    return joined(first, arrival_ps, to_port(bytes, first_ps, t.end_ps, now_ps, port), port_occupancy_ps(bytes, false));
}

// What comes from `first_ps` to `end_ps` leaves through a port; returns the end of its last byte.
std::int64_t bus_model::to_port(std::int64_t bytes, std::int64_t first_ps, std::int64_t end_ps, std::int64_t now_ps,
                                std::size_t port) {
    calendar& own = ports_[port][false];
    own.forget_before(now_ps);
    const std::int64_t occupancy = port_occupancy_ps(bytes, false);
    return std::max(end_ps, own.reserve(first_ps, occupancy) + occupancy);
}

} // namespace cimtlm

#pragma once
/// Time and address map of a bus, as plain C++.
#include <cimtlm/base/calendar.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/modules/burst.h>
#include <cimtlm/modules/bus_multicast.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cimtlm {

/// Where addresses lead.
class address_map {
public:
    struct window {
        std::uint64_t base;
        std::uint64_t last; ///< inclusive
        unsigned out;
        bool relative;      ///< the target sees addresses from 0
        unsigned sides = 1; ///< outputs from `out` on that lead to the same target, by the input's side
    };
    /// Adds `size_bytes` (0: to the end of the address space) from `base`. Throws input_error when it overlaps
    /// another window or passes the end of the address space.
    void add(std::uint64_t base, std::uint64_t size_bytes, unsigned out, bool relative, unsigned sides = 1);
    /// The window that holds all `length` bytes from `address`, or null. A length of 0 looks up the address.
    const window* find(std::uint64_t address, std::uint64_t length) const;
    const std::vector<window>& windows() const { return windows_; }

private:
    std::vector<window> windows_; // ascending
};

/// A channel each way that all share, and channels of each port: with bytes_per_cycle 0 and rates of the ports a
/// crossbar. A burst occupies each channel for bytes x cycle_ps / rate and cuts through: it takes the sum of the hops'
/// latencies plus the largest of their occupancies.
class bus_model {
public:
    /// `cycle_ps` > 0. Throws input_error for a negative rate or latency.
    bus_model(const bus_parameters& parameters, double cycle_ps, std::size_t ports = 1);

    std::int64_t latency_ps() const { return latency_ps_; }
    /// Time for which the shared channel of a direction was taken, in ps.
    std::int64_t busy_ps(bool write) const { return channel_[write].busy_ps(); }
    /// The same of a port's own.
    std::int64_t port_busy_ps(std::size_t port, bool write) const { return ports_[port][write].busy_ps(); }
    /// Before a write is passed on: takes the channels; returns the begin of the data on the last.
    std::int64_t begin_write(std::int64_t bytes, std::int64_t arrival_ps, std::int64_t now_ps, std::size_t port = 0);
    /// After the target has answered. `t` holds the target's timing, with end_ps as the target gave it; on return
    /// that of both together, without this bus's latency on the way back.
    void end_write(std::int64_t bytes, burst_timing& t);
    /// The same for a read, whose data arrives from t.end_ps - t.service_ps - t.stretch_ps on. Returns the wait for
    /// the channels.
    std::int64_t end_read(std::int64_t bytes, burst_timing& t, std::int64_t now_ps, std::size_t port = 0);
    /// Hands the response `first` to one port more, whose request reached the target at `arrival_ps`: takes that port's
    /// channel and nothing else. The last byte comes no earlier than that of `first`.
    burst_timing join_read(std::int64_t bytes, const pending_reads::response& first, std::int64_t arrival_ps,
                           std::int64_t now_ps, std::size_t port);

private:
    std::int64_t to_port(std::int64_t bytes, std::int64_t first_ps, std::int64_t end_ps, std::int64_t now_ps,
                         std::size_t port);
    std::int64_t occupancy_ps(std::int64_t bytes) const;
    std::int64_t port_occupancy_ps(std::int64_t bytes, bool write) const;

    double bytes_per_cycle_;
    double port_rate_[2]; // read, write
    double cycle_ps_;
    std::int64_t latency_ps_;
    calendar channel_[2]; // read, write
    std::vector<std::array<calendar, 2>> ports_;
};

} // namespace cimtlm

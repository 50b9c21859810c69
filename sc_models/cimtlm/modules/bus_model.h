#pragma once
/// Time and address map of a bus, as plain C++.
#include <cimtlm/base/calendar.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/modules/burst.h>

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
        bool relative; ///< the target sees addresses from 0
    };
    /// Adds `size_bytes` (0: to the end of the address space) from `base`. Throws input_error when it overlaps
    /// another window or passes the end of the address space.
    void add(std::uint64_t base, std::uint64_t size_bytes, unsigned out, bool relative);
    /// The window that holds all `length` bytes from `address`, or null. A length of 0 looks up the address.
    const window* find(std::uint64_t address, std::uint64_t length) const;
    const std::vector<window>& windows() const { return windows_; }

private:
    std::vector<window> windows_; // ascending
};

/// One shared channel each way. A burst occupies its channel for bytes x cycle_ps / bytes_per_cycle and cuts
/// through: it takes the sum of the hops' latencies plus the largest of their occupancies.
class bus_model {
public:
    /// `cycle_ps` > 0. Throws input_error for a negative rate or latency.
    bus_model(const bus_parameters& parameters, double cycle_ps);

    std::int64_t latency_ps() const { return latency_ps_; }
    std::int64_t busy_ps(bool write) const { return channel_[write].busy_ps(); }
    /// Before a write is passed on: takes the channel; returns the begin of the data on it.
    std::int64_t begin_write(std::int64_t bytes, std::int64_t arrival_ps, std::int64_t now_ps);
    /// After the target has answered. `t` holds the target's timing, with end_ps as the target gave it; on return
    /// that of both together, without this bus's latency on the way back.
    void end_write(std::int64_t bytes, burst_timing& t);
    /// The same for a read, whose data arrives from t.end_ps - t.service_ps - t.stretch_ps on. Returns the wait for
    /// the channel.
    std::int64_t end_read(std::int64_t bytes, burst_timing& t, std::int64_t now_ps);

private:
    std::int64_t occupancy_ps(std::int64_t bytes) const;
    static void combine(std::int64_t own_ps, burst_timing& t);

    double bytes_per_cycle_;
    double cycle_ps_;
    std::int64_t latency_ps_;
    calendar channel_[2]; // read, write
};

} // namespace cimtlm

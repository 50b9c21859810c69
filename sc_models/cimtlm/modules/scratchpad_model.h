#pragma once
/// Time of an SRAM scratchpad: a read port, a write port, a latency.
#include <cimtlm/base/calendar.h>
#include <cimtlm/machine/memory.h>
#include <cimtlm/modules/burst.h>

#include <cstdint>

namespace cimtlm {

/// Ports are independent: a read and a write pass side by side. A burst takes
/// latency_cycles x cycle_ps + wait for the port + bytes x cycle_ps / bytes_per_cycle; strided bursts cost as
/// much as contiguous ones.
class scratchpad_model {
public:
    /// `cycle_ps` > 0. Throws input_error naming the level when a rate or the latency is negative.
    scratchpad_model(const memory_level& level, double cycle_ps);

    /// The burst's time for an arrival at `arrival_ps`; `now_ps` is the kernel's time: nothing arrives earlier.
    burst_timing access(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps);

    std::int64_t latency_ps() const { return latency_ps_; }
    std::int64_t busy_ps(bool write) const { return port_[write].busy_ps(); }

private:
    double rate_[2]; // bytes per cycle: read, write
    double cycle_ps_;
    std::int64_t latency_ps_;
    calendar port_[2];
};

} // namespace cimtlm

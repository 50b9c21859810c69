#include <cimtlm/modules/scratchpad_model.h>

#include <cimtlm/base/error.h>
#include <cimtlm/base/rate.h>

#include <cmath>

namespace cimtlm {

scratchpad_model::scratchpad_model(const memory_level& level, double cycle_ps)
    : rate_{level.read_bytes_per_cycle, level.write_bytes_per_cycle}
    , cycle_ps_(cycle_ps)
    , latency_ps_(std::llround(level.latency_cycles * cycle_ps)) {
    if (!(cycle_ps > 0)) throw input_error(level.name + ": the cycle must be longer than 0 ps");
    if (rate_[0] < 0 || rate_[1] < 0) throw input_error(level.name + ": read/write_bytes_per_cycle is negative");
    if (level.latency_cycles < 0) throw input_error(level.name + ": latency_cycles is negative");
}

burst_timing scratchpad_model::access(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps) {
    calendar& port = port_[b.write];
    port.forget_before(now_ps);
    burst_timing t;
    t.service_ps = transfer_ps(b.bytes, rate_[b.write], cycle_ps_);
    const std::int64_t begin_ps = port.reserve(arrival_ps, t.service_ps);
    t.queue_ps = begin_ps - arrival_ps;
    t.end_ps = begin_ps + latency_ps_ + t.service_ps;
    return t;
}

} // namespace cimtlm

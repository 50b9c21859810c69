#pragma once
/// Durations from amounts and rates, in integer picoseconds.
#include <cstdint>

namespace cimtlm {

/// Time for `bytes` at `bytes_per_cycle` and a cycle of `cycle_ps`, rounded up to a whole picosecond.
/// A rate of 0 means "not a limit" and takes no time.
inline std::int64_t transfer_ps(std::int64_t bytes, double bytes_per_cycle, double cycle_ps) {
    if (bytes_per_cycle <= 0 || bytes <= 0) return 0;
    const double ps = static_cast<double>(bytes) * cycle_ps / bytes_per_cycle - 1e-6;
    const auto whole = static_cast<std::int64_t>(ps); // std::ceil would be a call, on the hot path of every transfer
    return whole + (static_cast<double>(whole) < ps);
}

} // namespace cimtlm

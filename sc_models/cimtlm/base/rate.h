#pragma once
/// Durations from amounts and rates, in integer picoseconds.
#include <cmath>
#include <cstdint>

namespace cimtlm {

/// Time for `bytes` at `bytes_per_cycle` and a cycle of `cycle_ps`, rounded up to a whole picosecond.
/// A rate of 0 means "not a limit" and takes no time.
inline std::int64_t transfer_ps(std::int64_t bytes, double bytes_per_cycle, double cycle_ps) {
    if (bytes_per_cycle <= 0 || bytes <= 0) return 0;
    return static_cast<std::int64_t>(std::ceil(static_cast<double>(bytes) * cycle_ps / bytes_per_cycle - 1e-6));
}

} // namespace cimtlm

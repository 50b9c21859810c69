#pragma once
/// Simulated time as integer picoseconds, whatever the kernel's resolution.
#include <systemc>

#include <cstdint>

namespace cimtlm {

/// Converts between sc_time and picoseconds. The kernel's resolution is read at first use and not at
/// construction: a non-zero sc_time made too early fixes the resolution of a host that has not set it yet.
/// A resolution coarser than 1 ps is SC_REPORT_FATAL.
class time_base {
public:
    /// Whole picoseconds in `t`; finer parts are cut off.
    std::int64_t ps(const sc_core::sc_time& t) const {
        if (units_per_ps_ == 1) return static_cast<std::int64_t>(t.value());
        return static_cast<std::int64_t>(t.value() / units());
    }
    /// The time of `ps` picoseconds; requires ps >= 0.
    sc_core::sc_time time(std::int64_t ps) const {
        if (units_per_ps_ == 1) return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(ps));
        return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(ps) * units());
    }
    /// The kernel's present time in ps.
    std::int64_t now_ps() const { return ps(sc_core::sc_time_stamp()); }

private:
    sc_dt::uint64 units() const {
        if (units_per_ps_ == 0) units_per_ps_ = sc_core::sc_time(1, sc_core::SC_PS).value();
        if (units_per_ps_ == 0) {
            SC_REPORT_FATAL("/cimtlm/time_base", "the kernel's time resolution is coarser than 1 ps");
            return 1;
        }
        return units_per_ps_;
    }
    mutable sc_dt::uint64 units_per_ps_ = 0;
};

} // namespace cimtlm

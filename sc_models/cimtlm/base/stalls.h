#pragma once
/// What makes a run slower than its bound, by name.
#include <array>
#include <cstddef>
#include <cstdint>

namespace cimtlm {

enum class stall {
    weight_load,   ///< held weights are not there yet
    input_wait,    ///< inputs are not there yet
    output_wait,   ///< results cannot leave, or partial sums are not there yet
    port_conflict, ///< a port or channel is taken by another transfer
    dram_row,      ///< activates, precharges and turnarounds that data does not hide
    refresh,       ///< DRAM refresh
    host_issue,    ///< no command from the host
    mode_switch,   ///< ways of a cache change between caching and computing
    imbalance,     ///< on a chip: the unit that ends last computes for longer than the bound claims
    reduction,     ///< partial sums of blocks that share results are added up
    drain          ///< the last results leave after the last computation
};
constexpr std::size_t stall_count = 11;
constexpr std::array<stall, stall_count> all_stalls{
    stall::weight_load, stall::input_wait,  stall::output_wait, stall::port_conflict, stall::dram_row, stall::refresh,
    stall::host_issue,  stall::mode_switch, stall::imbalance,   stall::reduction,     stall::drain};
const char* to_string(stall s);

/// Lost time of transfers: of `total_ps` that they took, so much went to contention, rows and refresh.
struct lost_time {
    std::int64_t total_ps = 0;
    std::int64_t queue_ps = 0;
    std::int64_t row_ps = 0;
    std::int64_t refresh_ps = 0;
    lost_time& operator+=(const lost_time& o) {
        total_ps += o.total_ps;
        queue_ps += o.queue_ps;
        row_ps += o.row_ps;
        refresh_ps += o.refresh_ps;
        return *this;
    }
};

/// Waiting time in ps by cause. Integers: the causes add up to the whole exactly.
class stall_account {
public:
    std::int64_t operator[](stall s) const { return ps_[static_cast<std::size_t>(s)]; }
    std::int64_t total_ps() const;
    void add(stall s, std::int64_t ps) { ps_[static_cast<std::size_t>(s)] += ps; }
    /// Adds a wait of `ps`: the share of `lost` that went to contention, rows and refresh under these names, the
    /// rest under `cause`.
    void add(stall cause, std::int64_t ps, const lost_time& lost);
    stall_account& operator+=(const stall_account& o);

    /// The waits that a bound does not contain. Of all waits `inherent_ps` (bound minus the engine's time) is what the
    /// bound's resource needs anyway: it is taken from the waits for operands in proportion, then from port_conflict,
    /// dram_row, refresh, drain, reduction, imbalance, mode_switch, host_issue, in this order. Below 0 the engine took
    /// longer than the bound says, as arrays that are filled unevenly are written at the pace of the fullest: that is
    /// weight_load, or `longer`. Either way the result adds up to total_ps() - inherent_ps. Requires inherent_ps <=
    /// total_ps().
    stall_account beyond(std::int64_t inherent_ps, stall longer = stall::weight_load) const;

private:
    std::array<std::int64_t, stall_count> ps_{};
};

} // namespace cimtlm

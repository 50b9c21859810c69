#pragma once
/// Time of a DRAM channel: banks, open rows, data bus, refresh. By row segment, not by line.
#include <cimtlm/base/calendar.h>
#include <cimtlm/base/divider.h>
#include <cimtlm/machine/memory.h>
#include <cimtlm/modules/burst.h>

#include <cstdint>
#include <vector>

namespace cimtlm {

/// Addresses are row : bank : column, so that a burst's consecutive rows lie in different banks and the activate
/// of the next overlaps with the data of the present one. Rows stay open until another row of the bank is wanted
/// or a refresh closes all. A row of a bank is activated at most every max(t_ras, t_rcd + data) + t_rp. The data bus
/// moves read/write_bytes_per_cycle; half duplex pays t_turnaround at a change of direction. Refresh blocks the
/// last t_rfc of every t_refi; banks and bus are scheduled on an axis of time without these windows. Without
/// level.dram only rates and latency count, each way on its own.
class dram_channel {
public:
    struct counters {
        std::uint64_t row_hits = 0;
        std::uint64_t row_misses = 0;    ///< bank was closed
        std::uint64_t row_conflicts = 0; ///< another row was open
        std::uint64_t turnarounds = 0;
    };

    /// `cycle_ps` > 0. A device of `channels` gives each 1 / channels of the level's rates. Refreshes come
    /// `refresh_lead_ps` earlier than the last t_rfc of every t_refi. Throws input_error naming the level for negative
    /// times or rates, no banks or rows, t_rfc not below t_refi. Of several channels a bank knows only its last row
    /// cycle instead of a calendar of them: less work, and gaps before it are free to all that come late.
    dram_channel(const memory_level& level, double cycle_ps, std::int64_t channels = 1,
                 std::int64_t refresh_lead_ps = 0);

    /// The burst's time for an arrival at `arrival_ps`; `now_ps` is the kernel's time: nothing arrives earlier.
    burst_timing access(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps);

    /// The same in parts: begin(), add() for each row in the order of the bytes, end().
    class transfer;
    transfer begin(bool write, std::int64_t arrival_ps, std::int64_t now_ps);
    void add(transfer& x, std::uint64_t row_index, std::int64_t bytes);
    burst_timing end(transfer& x);

    const counters& counts() const { return counts_; }
    /// Refreshes until `time_ps`.
    std::int64_t refreshes(std::int64_t time_ps) const {
        return refi_ps_ ? (time_ps + lead_ps_ + rfc_ps_) / refi_ps_ : 0;
    }
    /// Time in which the data bus of a direction moved data (half duplex: of both), in ps.
    std::int64_t busy_ps(bool write) const { return bus_[half_duplex_ ? 0 : write].busy_ps() - turnaround_busy_ps_; }
    bool half_duplex() const { return half_duplex_; }
    /// Controller, path and column access, in ps.
    std::int64_t latency_ps() const { return path_ps_ + cl_ps_; }

private:
    struct bank {
        std::int64_t row = -1;
        std::int64_t activated_ps = 0;
        std::int64_t epoch = 0;   // refresh interval of the activate
        std::int64_t free_ps = 0; // after the last row cycle
    };
    std::int64_t active(std::int64_t real_ps) const;
    std::int64_t real_begin(std::int64_t active_ps) const;
    std::int64_t real_end(std::int64_t active_ps) const;
    std::int64_t epoch(std::int64_t active_ps) const;
    std::int64_t activate(std::size_t bank_index, std::int64_t earliest_ps, std::int64_t hold_ps);
    std::int64_t row_ready(std::size_t bank_index, std::int64_t row, std::int64_t wanted_ps, std::int64_t arrival_ps,
                           std::int64_t data_ps);
    std::int64_t place(transfer& x);

    double rate_[2]; // bytes per cycle: read, write
    double cycle_ps_;
    std::int64_t path_ps_;
    bool half_duplex_;
    bool rows_; // parameters of banks and rows are given
    std::int64_t row_bytes_;
    std::int64_t rcd_ps_, rp_ps_, ras_ps_, cl_ps_, turnaround_ps_, refi_ps_, rfc_ps_;
    std::int64_t lead_ps_;
    divider by_refi_, by_open_; // a refresh interval; what refresh leaves of it
    divider by_row_, by_banks_;
    std::vector<bank> banks_;
    std::vector<calendar> row_cycles_; // of each bank, an activate to the end of the precharge; one channel only
    calendar bus_[2];                  // half duplex: the first only
    int direction_ = -1;
    std::int64_t turnaround_busy_ps_ = 0;
    counters counts_;
};

/// A burst under way, in active time: data placed so far, and a run of data without a pause that is not yet on the bus.
class dram_channel::transfer {
    friend class dram_channel;
    bool write_;
    std::int64_t arrival_ps_, start_ps_, horizon_ps_;
    std::int64_t cursor_ps_; // end of the data so far
    std::int64_t run_begin_ps_, run_length_ps_ = 0;
    std::int64_t first_ps_ = -1; // where the first data came to lie
    std::int64_t bytes_ = 0;
    burst_timing timing_;
};

} // namespace cimtlm

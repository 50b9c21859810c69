#include <cimtlm/modules/dram_channel.h>

#include <cimtlm/base/error.h>
#include <cimtlm/base/rate.h>
#include <cimtlm/modules/row_walk.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

namespace {

std::int64_t quotient(const divider& by, std::int64_t ps) {
    return static_cast<std::int64_t>(by.quotient(static_cast<std::uint64_t>(ps)));
}

/// A level that states no DRAM parameters: rates and latency only, each way on its own.
dram_parameters parameters_of(const memory_level& level) {
    if (level.dram) return *level.dram;
    dram_parameters flat;
    flat.half_duplex = false;
    return flat;
}

void check(const memory_level& level, const dram_parameters& p, double cycle_ps) {
    const std::string where = level.name + ": ";
    if (!(cycle_ps > 0)) throw input_error(where + "the cycle must be longer than 0 ps");
    if (level.read_bytes_per_cycle < 0 || level.write_bytes_per_cycle < 0)
        throw input_error(where + "read/write_bytes_per_cycle is negative");
    if (level.latency_cycles < 0) throw input_error(where + "latency_cycles is negative");
    if (p.banks < 1) throw input_error(where + "dram.banks must be at least 1");
    if (p.row_bytes < 1) throw input_error(where + "dram.row_bytes must be at least 1");
    if (std::min({p.t_rcd_ps, p.t_rp_ps, p.t_ras_ps, p.t_cl_ps, p.t_turnaround_ps, p.t_refi_ps, p.t_rfc_ps}) < 0)
        throw input_error(where + "a time under dram is negative");
    if (p.t_refi_ps > 0 && p.t_rfc_ps >= p.t_refi_ps)
        throw input_error(where + "dram.t_rfc_ps must be below dram.t_refi_ps: nothing but refresh would fit");
}

} // namespace

dram_channel::dram_channel(const memory_level& level, double cycle_ps, std::int64_t channels,
                           std::int64_t refresh_lead_ps)
    : rate_{level.read_bytes_per_cycle / static_cast<double>(channels),
            level.write_bytes_per_cycle / static_cast<double>(channels)}
    , cycle_ps_(cycle_ps)
    , path_ps_(std::llround(level.latency_cycles * cycle_ps)) {
    const dram_parameters p = parameters_of(level);
    check(level, p, cycle_ps);
    half_duplex_ = p.half_duplex;
    row_bytes_ = p.row_bytes;
    rcd_ps_ = std::llround(p.t_rcd_ps);
    rp_ps_ = std::llround(p.t_rp_ps);
    ras_ps_ = std::llround(p.t_ras_ps);
    cl_ps_ = std::llround(p.t_cl_ps);
    turnaround_ps_ = std::llround(p.t_turnaround_ps);
    refi_ps_ = p.t_rfc_ps > 0 ? std::llround(p.t_refi_ps) : 0;
    rfc_ps_ = refi_ps_ ? std::llround(p.t_rfc_ps) : 0;
    lead_ps_ = refi_ps_ ? refresh_lead_ps : 0;
    if (refi_ps_ > 0) by_refi_ = divider(static_cast<std::uint64_t>(refi_ps_));
    if (refi_ps_ > 0) by_open_ = divider(static_cast<std::uint64_t>(refi_ps_ - rfc_ps_));
    by_row_ = divider(static_cast<std::uint64_t>(row_bytes_));
    by_banks_ = divider(static_cast<std::uint64_t>(p.banks));
    banks_.resize(static_cast<std::size_t>(p.banks));
    if (channels == 1) row_cycles_.resize(banks_.size());
    rows_ = level.dram.has_value();
}

std::int64_t dram_channel::active(std::int64_t real_ps) const {
    if (refi_ps_ == 0) return real_ps;
    const std::int64_t open_ps = refi_ps_ - rfc_ps_;
    const std::int64_t shifted_ps = real_ps + lead_ps_, before = quotient(by_refi_, shifted_ps);
    return before * open_ps + std::min(shifted_ps - before * refi_ps_, open_ps);
}

std::int64_t dram_channel::real_begin(std::int64_t active_ps) const {
    if (refi_ps_ == 0) return active_ps;
    return active_ps + quotient(by_open_, active_ps) * rfc_ps_ - lead_ps_;
}

std::int64_t dram_channel::real_end(std::int64_t active_ps) const {
    // What ends when a refresh begins ends before it, and not after.
    return real_begin(active_ps - 1) + 1;
}

std::int64_t dram_channel::epoch(std::int64_t active_ps) const {
    if (refi_ps_ == 0) return 0;
    return quotient(by_open_, active_ps);
}

std::int64_t dram_channel::activate(std::size_t bank_index, std::int64_t earliest_ps, std::int64_t hold_ps) {
    if (!row_cycles_.empty()) return row_cycles_[bank_index].reserve(earliest_ps, hold_ps);
    bank& k = banks_[bank_index];
    // A call that comes late for a time before the last row cycle.
    if (earliest_ps + hold_ps <= k.activated_ps) return earliest_ps;
    const std::int64_t begin_ps = std::max(earliest_ps, k.free_ps);
    k.free_ps = begin_ps + hold_ps;
    return begin_ps;
}

std::int64_t dram_channel::row_ready(std::size_t bank_index, std::int64_t row, std::int64_t wanted_ps,
                                     std::int64_t arrival_ps, std::int64_t data_ps) {
    bank& k = banks_[bank_index];
    // A call made earlier may have opened its row far later in time: then this access finds the bank closed. One row
    // cycle ahead it is worth waiting for.
    const bool known = k.row >= 0 && k.activated_ps <= wanted_ps + std::max(ras_ps_, rcd_ps_) + rp_ps_;
    const bool open = known && k.epoch == epoch(wanted_ps);
    if (open && k.row == row) {
        ++counts_.row_hits;
        return std::max(wanted_ps, k.activated_ps + rcd_ps_);
    }
    ++(open ? counts_.row_conflicts : counts_.row_misses);
    // As late as the data allows, and not before the request is known.
    const std::int64_t earliest_ps = std::max(arrival_ps + (open ? rp_ps_ : 0), wanted_ps - rcd_ps_);
    const std::int64_t hold_ps = std::max(ras_ps_, rcd_ps_ + data_ps) + rp_ps_;
    k.activated_ps = activate(bank_index, earliest_ps, hold_ps);
    k.row = row;
    k.epoch = epoch(k.activated_ps);
    return std::max(wanted_ps, k.activated_ps + rcd_ps_);
}

std::int64_t dram_channel::place(transfer& x) {
    if (x.run_length_ps_ == 0) return x.run_begin_ps_;
    const bool turn = half_duplex_ && direction_ >= 0 && direction_ != static_cast<int>(x.write_);
    const std::int64_t turnaround_ps = turn ? turnaround_ps_ : 0;
    // The turnaround lies before the data; on an idle bus it is over by then.
    const std::int64_t slot_ps = bus_[half_duplex_ ? 0 : x.write_].reserve(
        std::max<std::int64_t>(0, x.run_begin_ps_ - turnaround_ps), turnaround_ps + x.run_length_ps_);
    const std::int64_t begin_ps = slot_ps + turnaround_ps;
    const std::int64_t late_ps = begin_ps - x.run_begin_ps_;
    x.timing_.row_ps += std::min(late_ps, turnaround_ps);
    x.timing_.queue_ps += late_ps - std::min(late_ps, turnaround_ps);
    turnaround_busy_ps_ += turnaround_ps;
    counts_.turnarounds += turn;
    direction_ = x.write_;
    if (x.first_ps_ < 0) x.first_ps_ = begin_ps;
    return begin_ps + x.run_length_ps_;
}

dram_channel::transfer dram_channel::begin(bool write, std::int64_t arrival_ps, std::int64_t now_ps) {
    transfer x;
    x.write_ = write;
    x.arrival_ps_ = arrival_ps;
    x.horizon_ps_ = active(now_ps);
    bus_[half_duplex_ ? 0 : write].forget_before(x.horizon_ps_ - turnaround_ps_);
    x.start_ps_ = active(arrival_ps + path_ps_);
    x.cursor_ps_ = x.run_begin_ps_ = x.start_ps_ + cl_ps_;
    return x;
}

void dram_channel::add(transfer& x, std::uint64_t row_index, std::int64_t bytes) {
    x.bytes_ += bytes;
    const std::int64_t data_ps = transfer_ps(x.bytes_, rate_[x.write_], cycle_ps_) - x.timing_.service_ps;
    x.timing_.service_ps += data_ps;
    if (rows_) {
        const std::uint64_t group = by_banks_.quotient(row_index);
        const std::size_t bank_index = row_index - group * by_banks_.by();
        if (!row_cycles_.empty()) row_cycles_[bank_index].forget_before(x.horizon_ps_);
        const auto row = static_cast<std::int64_t>(group);
        const std::int64_t ready_ps = row_ready(bank_index, row, x.cursor_ps_ - cl_ps_, x.start_ps_, data_ps) + cl_ps_;
        if (ready_ps > x.cursor_ps_) {
            const std::int64_t placed_ps = place(x);
            x.cursor_ps_ = std::max(ready_ps, placed_ps);
            x.timing_.row_ps += x.cursor_ps_ - placed_ps;
            x.run_begin_ps_ = x.cursor_ps_;
            x.run_length_ps_ = 0;
        }
    }
    x.run_length_ps_ += data_ps;
    x.cursor_ps_ += data_ps;
}

burst_timing dram_channel::end(transfer& x) {
    x.cursor_ps_ = place(x);
    const burst_timing& lost = x.timing_;
    burst_timing t{0, lost.queue_ps, lost.row_ps, 0, lost.service_ps, 0};
    const std::int64_t first_ps = real_begin(x.first_ps_ < 0 ? x.cursor_ps_ : x.first_ps_);
    t.end_ps = t.service_ps > 0 ? real_end(x.cursor_ps_) : real_begin(x.cursor_ps_);
    t.refresh_ps = t.end_ps - x.arrival_ps_ - path_ps_ - (x.cursor_ps_ - x.start_ps_);
    t.stretch_ps = t.end_ps - first_ps - t.service_ps;
    return t;
}

burst_timing dram_channel::access(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps) {
    transfer x = begin(b.write, arrival_ps, now_ps);
    if (rows_)
        walk_rows(b, by_row_, [&](std::uint64_t row, std::int64_t bytes) { add(x, row, bytes); });
    else
        add(x, 0, b.bytes);
    return end(x);
}

} // namespace cimtlm

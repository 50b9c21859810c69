#pragma once
/// Tags, replacement and time of a write-back cache, as plain C++.
#include <cimtlm/base/calendar.h>
#include <cimtlm/base/divider.h>
#include <cimtlm/machine/memory.h>
#include <cimtlm/modules/burst.h>
#include <cimtlm/modules/region_walk.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cimtlm {

class burst_joiner;

/// Write-back, write-allocate, least recently used within a set. A tag stands for a region of region_bytes; each of
/// its lines is valid and dirty on its own, so that only missing lines are fetched and only dirty ones written back. A
/// line that is written whole is not fetched. region_bytes = line_bytes is an exact cache of lines; larger regions
/// cost less work and replace coarser.
///
/// Time: each partition has a read and a write calendar at its share of the level's rates. What is there takes
///     latency(partition) + wait + max(bytes / rate of the partition, one line / rate of a slice)
/// and what is missing that latency + the time of the memory behind, from whose first byte on it passes the cache.
/// Writes do not wait for what they displace or fetch, except as long as that waits for taken channels behind.
///
/// An access is begin(), then look_up() until it returns false, each followed by the step's traffic and the answers to
/// it, then finish(). A second step comes only when a burst displaces what it has brought itself.
class cache_model {
public:
    static constexpr int operands = 4; ///< A, B, Z, other

    struct counters {
        std::array<std::uint64_t, operands> hit_bytes{};          ///< read or written in lines that were there
        std::array<std::uint64_t, operands> miss_bytes{};         ///< read or written in lines that were not
        std::array<std::uint64_t, operands> fetched_bytes{};      ///< read from the memory behind, whole lines
        std::array<std::uint64_t, operands> written_back_bytes{}; ///< dirty lines sent back, by who wrote last
        std::uint64_t evictions = 0;                              ///< regions displaced
    };
    /// What the present step needs from the memory behind, and what has to leave. Addresses ascend.
    struct traffic {
        std::vector<burst> fetches;
        std::vector<burst> write_backs;
        std::vector<int> write_back_operands; ///< who wrote each last
        std::vector<unsigned char> data;      ///< of the write-backs, one after another (with data)
    };

    struct place {
        std::int64_t partition;
        std::int64_t set; ///< within the partition
    };

    /// `cycle_ps` > 0. Throws input_error naming the level when lines or regions are no powers of two, a region has
    /// more than 64 lines, sizes do not divide, or no way is left to cache.
    cache_model(const memory_level& level, double cycle_ps, bool data = false);

    /// Begins a burst from a port of partition `port`. `enabled_only`: some bytes of it may be left out, so that no
    /// line is written whole. `now_ps` is the kernel's time: nothing arrives earlier.
    void begin(const burst& b, int operand, std::int64_t port, std::int64_t arrival_ps, std::int64_t now_ps,
               bool enabled_only = false);
    /// Looks up as much of the burst as can be in the cache at once: a step. False when nothing was left.
    bool look_up();
    /// Of the present step.
    const traffic& step() const { return traffic_; }
    /// When the memory behind is asked in this step.
    std::int64_t ask_ps() const { return pass_.arrival_ps + pass_.latency_ps; }
    /// The memory behind has answered a fetch.
    void fetched(const burst_timing& t);
    /// What leaves has waited so long for channels behind that others took.
    void written_back(std::int64_t wait_ps) { pass_.wait_ps = std::max(pass_.wait_ps, wait_ps); }
    /// The burst's time.
    burst_timing finish();

    /// Takes `ways` of each set for computing; what was dirty in them leaves with step(). Ways given back are empty.
    /// Throws input_error unless 0 <= ways < all ways.
    void set_compute_ways(std::int64_t ways);
    std::int64_t compute_ways() const { return ways_ - usable_; }
    /// What caches, in bytes.
    std::int64_t capacity_bytes() const;
    /// Drops these lines, dirty or not.
    void discard(const burst& lines);

    /// With data. The step's part of the payload -> lines; only enabled bytes, when there are byte enables.
    void write_data(const unsigned char* payload, const unsigned char* enable, std::uint64_t enables);
    /// Lines -> the step's part of the payload.
    void read_data(unsigned char* payload, const unsigned char* enable, std::uint64_t enables) const;
    /// A fetch's data -> lines.
    void fill_data(const burst& fetch, const unsigned char* from);
    /// Overlays `n` bytes from `address` with what the cache holds; or what it holds with the bytes. Nothing else.
    void peek(std::uint64_t address, unsigned char* bytes, std::uint64_t n) const;
    void poke(std::uint64_t address, const unsigned char* bytes, std::uint64_t n);

    const counters& counts() const { return counts_; }
    /// Time in which ports of a direction moved data, sum of the partitions, in ps.
    std::int64_t busy_ps(bool write) const;
    std::int64_t latency_ps(bool far) const { return latency_ps_[far]; }
    std::int64_t partitions() const { return static_cast<std::int64_t>(ports_.size()); }
    std::uint64_t line_bytes() const { return std::uint64_t{1} << line_shift_; }
    /// Bytes that differ from the memory behind.
    std::int64_t dirty_bytes() const;
    place locate(std::uint64_t address) const;

private:
    static constexpr std::uint64_t no_region = ~std::uint64_t{0};
    static constexpr std::size_t no_slot = ~std::size_t{0};
    struct slot {
        std::uint64_t region = no_region;
        std::uint64_t valid = 0, dirty = 0; // lines
        std::uint64_t used = 0;             // tick of the last use x operands + operand of the last write
        std::uint64_t tick() const { return used / operands; }
        int operand() const { return static_cast<int>(used % operands); }
    };
    static_assert((operands & (operands - 1)) == 0);
    struct run { // contiguous lines that leave
        std::uint64_t address;
        std::int64_t bytes;
        int operand;
        std::size_t data; // where they stand in leaving_data_
    };
    struct share { // of a partition in the present burst, in bytes
        std::int64_t present = 0, missing = 0, fetched = 0, leaving = 0;
    };
    struct pass { // the present burst
        burst b;
        int operand = operands - 1;
        bool enabled_only = false;
        std::int64_t port = 0, arrival_ps = 0;
        std::int64_t latency_ps = 0; // longest of what is missing or leaving
        bool missed = false;
        burst_timing behind;       // of all fetches together
        std::int64_t first_ps = 0; // of their data
        std::int64_t wait_ps = 0;  // of what leaves
    };

    place place_of(std::uint64_t region) const;
    std::size_t first_slot(const place& at) const {
        return static_cast<std::size_t>((at.partition * sets_ + at.set) * ways_);
    }
    /// Where the region probably is; no other tells whether it is there.
    std::uint32_t& hint(std::uint64_t region) { return hints_[region & (hints_.size() - 1)]; }
    std::size_t find(std::uint64_t region) const;
    struct search {
        std::size_t at;     // of the region, or no_slot
        std::size_t oldest; // of its set, an empty one first
    };
    search search_set(std::uint64_t region, std::size_t first) const;
    void touch(slot& s, std::uint64_t lines);
    bool hit(const region_walk::part& part);
    bool look_up(region_walk from, const region_walk::part& part, burst_joiner& fetches);
    std::int64_t bytes_within(std::uint64_t address, std::uint64_t n, std::uint64_t lines) const;
    bool leaves_now(std::uint64_t region) const;
    std::int64_t leave(std::size_t at);
    void clear_traffic();
    void order_write_backs();
    std::int64_t occupancy_ps(std::int64_t bytes, bool write) const;
    std::int64_t service_ps(std::int64_t bytes, bool write) const;
    template <class Visit> void for_step(Visit visit) const;
    template <class Visit> void for_held(std::uint64_t address, std::uint64_t n, Visit visit) const;
    unsigned char* bytes_at(std::size_t at, std::uint64_t address) const;

    double rate_[2];       // bytes per cycle of a partition: read, write
    double slice_rate_[2]; // of a slice
    double cycle_ps_;
    std::int64_t latency_ps_[2]; // near, far
    std::int64_t ways_ = 0, usable_ = 0, sets_ = 0;
    unsigned line_shift_ = 0, region_shift_ = 0;
    bool keeps_data_;
    std::string name_;
    std::vector<slot> slots_;          // partition : set : way
    std::vector<std::uint32_t> hints_; // slots, by the lower bits of regions
    divider by_partitions_, by_sets_, by_slots_a_partition_;
    std::vector<std::unique_ptr<unsigned char[]>> data_;
    std::vector<std::array<calendar, 2>> ports_; // of a partition: read, write
    std::uint64_t tick_ = 0, step_tick_ = 0;     // first use in the present step

    pass pass_;
    region_walk walk_, step_begin_;
    std::vector<share> shares_;
    traffic traffic_;
    std::vector<run> leaving_;
    std::vector<unsigned char> leaving_data_;
    std::uint64_t leaving_from_ = no_region, leaving_to_ = 0; // regions
    counters counts_;
};

} // namespace cimtlm

#pragma once
/// Tags, replacement and time of a write-back cache, as plain C++.
#include <cimtlm/base/calendar.h>
#include <cimtlm/machine/memory.h>
#include <cimtlm/modules/burst.h>
#include <cimtlm/modules/region_walk.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace cimtlm {

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
/// An access is begin(), then look_up() until it returns false, each followed by the traffic it asks for, then
/// finish().
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
        std::vector<unsigned char> data; ///< of the write-backs, one after another (with data)
    };

    /// `cycle_ps` > 0. Throws input_error naming the level when sizes are no powers of two, do not divide, a region
    /// has more than 64 lines, or no way is left to cache.
    cache_model(const memory_level& level, double cycle_ps, bool data = false);

    /// Begins a burst from a port of partition `port`. `now_ps` is the kernel's time: nothing arrives earlier.
    void begin(const burst& b, int operand, int port, std::int64_t arrival_ps, std::int64_t now_ps);
    /// Looks up as much of the burst as can be in the cache at once. Returns whether there was something left.
    bool look_up();
    /// Of the present step.
    const traffic& step() const { return traffic_; }
    /// When the memory behind may be asked.
    std::int64_t fetch_ps() const { return pass_.arrival_ps + pass_.latency_ps; }
    /// The memory behind has answered a fetch with `t`.
    void fetched(const burst_timing& t);
    /// A write-back has waited so long for taken channels.
    void written_back(std::int64_t wait_ps);
    /// The present burst's time.
    burst_timing finish();

    /// Takes `ways` of each set for computing; their dirty lines are in step() afterwards. Ways given back are empty.
    /// Throws input_error unless 0 <= ways < all ways.
    void set_compute_ways(std::int64_t ways);
    std::int64_t compute_ways() const { return ways_ - usable_; }
    /// What caches, in bytes.
    std::int64_t capacity_bytes() const;
    /// Drops what is at these addresses, dirty or not: a fetch has failed.
    void discard(const burst& lines);

    /// Bytes of the present step's part of the burst, with data: payload -> lines.
    void write_data(const unsigned char* payload);
    /// Lines -> payload.
    void read_data(unsigned char* payload) const;
    /// Data of a fetch -> lines.
    void fill_data(const burst& fetch, const unsigned char* from);
    /// Overlays `bytes` from `address` with what the cache holds, or (write) the cache with them. No other effect.
    void peek(std::uint64_t address, unsigned char* bytes, std::uint64_t n) const;
    void poke(std::uint64_t address, const unsigned char* bytes, std::uint64_t n);

    const counters& counts() const { return counts_; }
    std::int64_t busy_ps(bool write) const;
    std::int64_t latency_ps(bool far) const { return latency_ps_[far]; }
    /// Bytes that wait to be written back.
    std::int64_t dirty_bytes() const;
    std::int64_t partition_of(std::uint64_t address) const;
};

} // namespace cimtlm

#pragma once
/// What the memories of a machine take: latency and bandwidth by working set, as measured on hardware.
#include <platforms/builder/memory_system.h>

#include <cimtlm/modules/access_probe.h>
#include <cimtlm/modules/scratchpad.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace cimtlm {

/// A point of a curve. A working set is served by the level that gives most of its bytes.
struct memory_figure {
    std::uint64_t working_set_bytes = 0;
    std::string level;
    double share = 1; ///< of the bytes that the level gives
    unsigned units = 1;
    access_probe::figures measured;
    /// Mean of a request.
    double latency_ps() const {
        return static_cast<double>(measured.delay_ps) / static_cast<double>(measured.requests);
    }
    /// GB/s of all units together: bytes a nanosecond.
    double gb_per_s() const {
        return static_cast<double>(measured.bytes) * 1e3 / static_cast<double>(measured.end_ps - measured.begin_ps);
    }
};

/// The shared memories of a machine with a probe in place of each unit and its staging memory (the outermost sram). A
/// working set that fits in the staging memory is there, in each unit its own; a larger one lies in the shared
/// memories, from address 0 on, the same for all units. Each measurement warms up first: counts what follows when the
/// same is done again and again. One a process.
class memory_probe {
public:
    /// Bytes that a unit has under way in a stream: 2048 threads of 16 bytes.
    static constexpr std::uint64_t in_flight_bytes = 32 * 1024;
    static constexpr std::uint64_t block_bytes = 4096;
    static constexpr std::uint64_t most_bytes = std::uint64_t{4} << 30;

    /// `on_slice` is called every now and then and may throw.
    explicit memory_probe(const machine& m, std::function<void()> on_slice = {});

    unsigned units() const { return static_cast<unsigned>(probes_.size()); }
    const std::string& unit_name() const { return unit_name_; }
    /// Powers of two through all levels.
    std::vector<std::uint64_t> working_sets() const;
    /// Throws input_error for less than a line, more than most_bytes or than the DRAM holds.
    void check(std::uint64_t working_set_bytes) const;

    /// A pointer chase of unit `unit`: dependent reads of one line each.
    memory_figure latency(std::uint64_t working_set_bytes, unsigned unit = 0);
    /// The first `units` units stream through the working set, block by block in turn.
    memory_figure bandwidth(std::uint64_t working_set_bytes, unsigned units, bool write = false);

    memory_system& shared() { return memory_; }
    access_probe& probe(unsigned unit) { return probes_.at(unit); }
    /// Lets time pass until no probe is busy.
    void finish();

private:
    struct counts {
        std::uint64_t hit_bytes = 0, miss_bytes = 0;
    };
    bool staged(std::uint64_t bytes) const { return bytes <= staging_bytes_; }
    void stream(const stream_share& s, unsigned units);
    counts cache_counts() const;
    memory_figure figure(std::uint64_t bytes, unsigned units, const counts& before) const;

    ledger energy_;
    std::string unit_name_;
    std::string dram_name_, cache_name_, staging_name_;
    std::uint64_t line_bytes_, staging_bytes_, cache_bytes_;
    std::function<void()> on_slice_;
    memory_system memory_;
    std::deque<access_probe> probes_;
    std::deque<scratchpad<64>> staging_;
};

} // namespace cimtlm

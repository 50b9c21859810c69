#pragma once
/// A memory level as plain structs.
#include <cimtlm/circuit/technology.h>

#include <boost/describe.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

enum class tensor { A, B, Z };
BOOST_DESCRIBE_ENUM(tensor, A, B, Z)

/// dram, cache and sram are modules on the interconnect; register_file and latch belong to the tensor core.
enum class memory_kind { dram, cache, sram, register_file, latch };
BOOST_DESCRIBE_ENUM(memory_kind, dram, cache, sram, register_file, latch)

/// Instances of a level side by side below the level above: spatial loops of a loop nest stand under `name`.
struct fanout_parameters {
    std::string name;       ///< e.g. "sub_partition", "pe"
    std::int64_t count = 1; ///< instances
    std::int64_t m = 0;     ///< largest extent over M, 0: up to count
    std::int64_t n = 0;     ///< over N
    std::int64_t k = 0;     ///< over K
};
BOOST_DESCRIBE_STRUCT(fanout_parameters, (), (name, count, m, n, k))

/// Independent channels that share a DRAM's rates evenly (HBM: pseudo-channels of all stacks).
struct dram_channel_parameters {
    std::int64_t count = 1;
    std::int64_t interleave_bytes = 1024; ///< so many consecutive bytes lie in one channel
};
BOOST_DESCRIBE_STRUCT(dram_channel_parameters, (), (count, interleave_bytes))

/// Banks, rows and refresh of a DRAM channel. Times in ps.
struct dram_parameters {
    bool half_duplex = true;                                        ///< one data bus for both directions
    std::int64_t banks = 8;                                         ///< of a channel
    std::int64_t row_bytes = 2048;                                  ///< page of one bank over the whole channel width
    double t_rcd_ps = 0;                                            ///< activate to column command
    double t_rp_ps = 0;                                             ///< precharge
    double t_ras_ps = 0;                                            ///< activate to precharge
    double t_cl_ps = 0;                                             ///< column command to data
    double t_turnaround_ps = 0;                                     ///< data bus idle between a read and a write
    double t_refi_ps = 0;                                           ///< refresh interval; 0: no refresh
    double t_rfc_ps = 0;                                            ///< duration of one all-bank refresh
    std::optional<dram_channel_parameters> channels = std::nullopt; ///< absent: one
};
BOOST_DESCRIBE_STRUCT(dram_parameters, (),
                      (half_duplex, banks, row_bytes, t_rcd_ps, t_rp_ps, t_ras_ps, t_cl_ps, t_turnaround_ps, t_refi_ps,
                       t_rfc_ps, channels))

/// A cache between the DRAM and the levels below. Its rates, its near latency, its energies and its capacity, compute
/// ways included, are the level's.
struct cache_parameters {
    std::int64_t partitions = 1;    ///< parts of the cache with ports and a latency of their own
    std::int64_t slices = 1;        ///< of all partitions; one line passes at the rate of one slice
    std::int64_t ways = 16;         ///< regions of a set
    std::int64_t line_bytes = 128;  ///< unit of fetching and writing back
    std::int64_t region_bytes = 0;  ///< unit of tags and replacement, up to 64 lines; 0: one line
    double far_latency_cycles = 0;  ///< first byte from another partition than the port's; 0: as from its own
    std::int64_t compute_ways = 0;  ///< ways of each set that compute instead of caching
    bool compute_on_demand = false; ///< they cache, too, except while a product runs in them
};
BOOST_DESCRIBE_STRUCT(cache_parameters, (),
                      (partitions, slices, ways, line_bytes, region_bytes, far_latency_cycles, compute_ways,
                       compute_on_demand))

/// One level. Rates are per instance and each way; 0 is "not a limit".
struct memory_level {
    std::string name;
    memory_kind kind = memory_kind::sram;
    std::vector<tensor> keeps;               ///< tensors that stop here; the others pass by
    std::int64_t capacity_bytes = 0;         ///< per instance; 0: unbounded
    std::optional<fanout_parameters> fanout; ///< instances below the level above; absent: one
    double read_bytes_per_cycle = 0;
    double write_bytes_per_cycle = 0;
    double latency_cycles = 0; ///< first byte, without contention (DRAM: controller and path; cache: near partition)
    double read_energy_pj_per_byte = 0;
    double update_energy_pj_per_byte = 0;                  ///< a result written from below
    double fill_energy_pj_per_byte = 0;                    ///< an operand written from above
    double area_um2 = 0;                                   ///< per instance
    std::optional<dram_parameters> dram;                   ///< for kind dram at `tile`
    std::optional<cache_parameters> cache;                 ///< for kind cache, and only there
    std::optional<technology_point> native = std::nullopt; ///< of energies and area; absent: the machine's technology

    bool keeps_tensor(tensor t) const {
        for (auto kept : keeps)
            if (kept == t) return true;
        return false;
    }
    /// True for memories that are modules of their own; the others belong to the engine.
    bool on_interconnect() const { return kind == memory_kind::dram || kind == memory_kind::sram; }
    /// Of a cache: bytes that cache while its compute ways compute (all, where these cache in between). 0 for others.
    std::int64_t caching_bytes() const {
        if (!cache) return 0;
        return capacity_bytes / cache->ways * (cache->ways - (cache->compute_on_demand ? 0 : cache->compute_ways));
    }
    std::int64_t instances_below() const { return fanout ? fanout->count : 1; }
};
BOOST_DESCRIBE_STRUCT(memory_level, (),
                      (name, kind, keeps, capacity_bytes, fanout, read_bytes_per_cycle, write_bytes_per_cycle,
                       latency_cycles, read_energy_pj_per_byte, update_energy_pj_per_byte, fill_energy_pj_per_byte,
                       area_um2, dram, cache, native))

} // namespace cimtlm

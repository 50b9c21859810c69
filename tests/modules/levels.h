#pragma once
/// Memories with round numbers, so that expected times can be added up by hand.
#include <cimtlm/machine/machine.h>
#include <cimtlm/machine/memory.h>

namespace levels {

constexpr double cycle_ps = 1000;

/// 64 bytes a cycle each way, 20 cycles of path, 8 banks of 2 KiB rows: a row's data takes 32 ns.
inline cimtlm::memory_level dram_level() {
    cimtlm::memory_level level;
    level.name = "dram";
    level.kind = cimtlm::memory_kind::dram;
    level.read_bytes_per_cycle = 64;
    level.write_bytes_per_cycle = 64;
    level.latency_cycles = 20;
    level.read_energy_pj_per_byte = 56;
    level.update_energy_pj_per_byte = 48;
    level.fill_energy_pj_per_byte = 40;
    cimtlm::dram_parameters p;
    p.banks = 8;
    p.row_bytes = 2048;
    p.t_rcd_ps = 14000;
    p.t_rp_ps = 13000;
    p.t_ras_ps = 50000;
    p.t_cl_ps = 15000;
    p.t_turnaround_ps = 8000;
    level.dram = p;
    return level;
}

constexpr std::int64_t dram_path = 20000, rcd = 14000, rp = 13000, ras = 50000, cl = 15000, turnaround = 8000;
constexpr std::int64_t row = 2048, bank_stride = 8 * 2048; // the next row of the same bank

/// 128 bytes a cycle to read, 32 to write, 4 cycles.
inline cimtlm::memory_level sram_level() {
    cimtlm::memory_level level;
    level.name = "smem";
    level.kind = cimtlm::memory_kind::sram;
    level.capacity_bytes = 64 * 1024;
    level.read_bytes_per_cycle = 128;
    level.write_bytes_per_cycle = 32;
    level.latency_cycles = 4;
    level.read_energy_pj_per_byte = 2;
    level.update_energy_pj_per_byte = 3;
    level.fill_energy_pj_per_byte = 5;
    return level;
}

inline cimtlm::bus_parameters bus_level(double bytes_per_cycle) { return {bytes_per_cycle, 6, 0.5}; }

/// Two partitions of 4 slices, 64 bytes a cycle each; 50 cycles near, 80 far; 4 ways.
inline cimtlm::memory_level cache_level(std::int64_t capacity_bytes, std::int64_t region_bytes, std::int64_t ways = 4) {
    cimtlm::memory_level level;
    level.name = "l2";
    level.kind = cimtlm::memory_kind::cache;
    level.capacity_bytes = capacity_bytes;
    level.read_bytes_per_cycle = level.write_bytes_per_cycle = 512;
    level.latency_cycles = 50;
    level.read_energy_pj_per_byte = 7;
    level.update_energy_pj_per_byte = 9;
    level.fill_energy_pj_per_byte = 11;
    cimtlm::cache_parameters p;
    p.partitions = 2;
    p.slices = 8;
    p.ways = ways;
    p.line_bytes = 128;
    p.region_bytes = region_bytes;
    p.far_latency_cycles = 80;
    level.cache = p;
    return level;
}
constexpr std::int64_t near_latency = 50000, far_latency = 80000;

} // namespace levels

#pragma once
/// A chip of many units as a struct, small or of the size of an A100, for tests without files.
#include <cimtlm/machine/iso_area.h>
#include <cimtlm/machine/unit_group.h>

#include "study_machines.h"

namespace chip {

using namespace cimtlm;

/// `units` of a tensor core each, behind a crossbar, a cache and HBM. Energies are round figures.
inline machine tensor_core(std::int64_t units = 108) {
    machine m;
    m.name = "chip";
    m.technology = {7, 0.8, 1410, flavour::hp, false};
    memory_level hbm;
    hbm.name = "hbm";
    hbm.kind = memory_kind::dram;
    hbm.keeps = {tensor::A, tensor::B, tensor::Z};
    hbm.read_bytes_per_cycle = hbm.write_bytes_per_cycle = 1446;
    hbm.latency_cycles = 250;
    hbm.read_energy_pj_per_byte = hbm.update_energy_pj_per_byte = 118;
    hbm.dram = dram_parameters{};
    hbm.dram->banks = 16;
    hbm.dram->row_bytes = 1024;
    hbm.dram->t_rcd_ps = hbm.dram->t_rp_ps = hbm.dram->t_cl_ps = 14000;
    hbm.dram->t_ras_ps = 33000;
    hbm.dram->channels = dram_channel_parameters{80, 1024};
    memory_level l2;
    l2.name = "l2";
    l2.kind = memory_kind::cache;
    l2.keeps = hbm.keeps;
    l2.capacity_bytes = 40 << 20;
    l2.read_bytes_per_cycle = l2.write_bytes_per_cycle = 5120;
    l2.latency_cycles = 160;
    l2.read_energy_pj_per_byte = l2.update_energy_pj_per_byte = l2.fill_energy_pj_per_byte = 2;
    l2.area_um2 = 40e6;
    l2.cache = cache_parameters{2, 80, 16, 128, 4096, 360, 0};
    memory_level smem;
    smem.name = "smem";
    smem.kind = memory_kind::sram;
    smem.keeps = {tensor::A, tensor::B};
    smem.capacity_bytes = 164 << 10;
    smem.read_bytes_per_cycle = smem.write_bytes_per_cycle = 128;
    smem.latency_cycles = 23;
    smem.read_energy_pj_per_byte = smem.update_energy_pj_per_byte = smem.fill_energy_pj_per_byte = 0.25;
    smem.area_um2 = 164e3;
    memory_level rf;
    rf.name = "rf";
    rf.kind = memory_kind::register_file;
    rf.keeps = {tensor::A, tensor::B, tensor::Z};
    rf.capacity_bytes = 64 << 10;
    rf.fanout = fanout_parameters{"sub_partition", 4, 2, 2, 1};
    rf.area_um2 = 64e3;
    m.memories = {hbm, l2, smem, rf};
    tensor_core_parameters t;
    t.rows = 32;
    t.columns = 16;
    t.latency_ps = 1e6 / 1410;
    t.mac_energy_pj = 0.02;
    t.mac_area_um2 = 10;
    m.tensor_core = t;
    m.dispatcher = dispatcher_parameters{};
    m.dispatcher->units = units;
    m.vector_unit.operations_per_cycle = 128;
    m.vector_unit.operation_energy_pj = 0.05;
    m.bus.latency_cycles = 20;
    m.bus.energy_pj_per_byte = 1;
    m.bus.ports = bus_port_parameters{64, 64};
    m.dma = {true, 64 << 10};
    m.host.issue = host_issue::gemm;
    m.host.command_cycles = 2000;
    m.mapper.kind = mapper_kind::search;
    m.validate("chip");
    return m;
}

/// The same with digital arrays of the study in place of the registers, the shared memory or a half of the cache.
inline machine cim(const std::string& level, std::int64_t count, std::int64_t units = 108,
                   const std::string& macro = "digital_6t") {
    auto m = tensor_core(units);
    m.tensor_core.reset();
    m.memories.pop_back();
    m.memories[2].keeps = {tensor::A, tensor::Z};
    cim_parameters c;
    c.macro = study::rf(macro).cim->macro;
    c.count = count;
    c.replaces = level;
    c.addition_energy_pj = 0.05;
    if (level == "l2") {
        m.memories.pop_back();
        m.memories[1].cache->compute_ways = 8;
    }
    m.cim = c;
    m.validate("chip");
    return m;
}

} // namespace chip

#pragma once
/// The machines of the A100-like study (arXiv 2312.15896) filled without files, for tests of the lower floors.
#include <cimtlm/machine/machine.h>

namespace cimtlm::study {

inline memory_level dram() {
    memory_level l;
    l.name = "dram";
    l.kind = memory_kind::dram;
    l.keeps = {tensor::A, tensor::B, tensor::Z};
    l.read_bytes_per_cycle = l.write_bytes_per_cycle = 32;
    l.read_energy_pj_per_byte = l.update_energy_pj_per_byte = 512.0 / 8;
    return l;
}

inline memory_level smem(std::vector<tensor> keeps) {
    memory_level l;
    l.name = "smem";
    l.keeps = std::move(keeps);
    l.capacity_bytes = 262144;
    l.read_bytes_per_cycle = l.write_bytes_per_cycle = 42;
    l.read_energy_pj_per_byte = 124.695 / 32;
    l.update_energy_pj_per_byte = l.fill_energy_pj_per_byte = 118.033 / 32;
    return l;
}

/// Macro by name: analog_6t, analog_8t, digital_6t, digital_8t.
inline published_macro_parameters macro(const std::string& name) {
    if (name == "analog_6t") return {name, 64, 4, 1, 16, 8, 8, 9e3, 0.15, 1.9, 16, 32, false, 1.34, 1};
    if (name == "analog_8t") return {name, 64, 4, 1, 16, 8, 8, 144e3, 0.09, 3.0, 16, 32, false, 2.1, 1};
    if (name == "digital_6t") return {name, 256, 16, 1, 1, 8, 8, 18e3, 0.34, 3.2, 1, 32, false, 1.4, 1};
    return {name, 1, 128, 10, 1, 8, 8, 233e3, 0.84, 1.7, 1, 32, false, 1.1, 1};
}

inline machine common() {
    machine m;
    m.technology = {45, 1.0, 1000};
    m.memories = {dram()};
    m.vector_unit = {64, true, 0.75, 0};
    m.bus = {64, 0, 0};
    m.dma = {true, 16384};
    m.host = {host_issue::tile, 0, 4, 0};
    return m;
}

inline machine rf(const std::string& name, std::int64_t arrays = 4) {
    auto m = common();
    m.name = "rf_" + name;
    m.memories.push_back(smem({tensor::A, tensor::Z}));
    m.cim = cim_parameters{macro(name), arrays, "rf", energy_basis::operation, 0.05};
    return m;
}

inline machine in_smem(const std::string& name, std::int64_t arrays = 4) {
    auto m = common();
    m.name = "smem_" + name;
    m.cim = cim_parameters{macro(name), arrays, "smem", energy_basis::operation, 0.05};
    return m;
}

inline machine tensor_core() {
    auto m = common();
    m.name = "tensor_core";
    m.memories.push_back(smem({tensor::A, tensor::B}));
    memory_level registers;
    registers.name = "rf";
    registers.kind = memory_kind::register_file;
    registers.keeps = {tensor::Z};
    registers.capacity_bytes = 4096;
    registers.fanout = fanout_parameters{"sub_partition", 4, 0, 0, 0};
    registers.read_energy_pj_per_byte = registers.update_energy_pj_per_byte = 11.388;
    m.memories.push_back(registers);
    memory_level latch;
    latch.name = "latch";
    latch.kind = memory_kind::latch;
    latch.keeps = {tensor::A};
    latch.capacity_bytes = 1;
    latch.fanout = fanout_parameters{"pe", 256, 1, 16, 16};
    latch.read_energy_pj_per_byte = 0.0190;
    latch.fill_energy_pj_per_byte = 0.0205;
    m.memories.push_back(latch);
    m.tensor_core = tensor_core_parameters{"tensor_core", 16, 16, 8, 8, 1000, 0.2625, 0};
    return m;
}

} // namespace cimtlm::study

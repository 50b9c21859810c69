#pragma once
/// Constants of circuits with round numbers, for expectations by hand.
#include <cimtlm/circuit/circuit_constants.h>

namespace cimtlm {

inline circuit_constants round_circuits() {
    circuit_constants k;
    k.name = "round";
    k.energy_exponent = 1;
    k.delay_exponent = 0.5;
    k.threshold_v = 0.37;
    k.threshold_exponent = 0.16;
    k.threshold_v_per_kelvin = 0.001;
    k.velocity_exponent = 1.3;
    k.word_line_energy_pj = 1e-4;
    k.pulse_ps = 1000;
    k.pulse_step_ps = 10;
    k.driver_area_um2 = 3;
    k.charge_read_energy_pj = 1e-3;
    k.current_read_energy_pj = 8e-3;
    k.capacitor_read_energy_pj = 5e-4;
    k.resistive_read_energy_pj = 1e-2;
    k.charge_settle_ps = 40;
    k.current_settle_ps = 500;
    k.capacitor_settle_ps = 50;
    k.resistive_settle_ps = 3000;
    k.resistive_pulse_ps = 2000;
    k.resistive_row_ps = 100;
    k.evaluation_ps = 400;
    k.comparator_energy_pj = 2e-3;
    k.comparator_ps = 100;
    k.converter_dac_energy_pj = 1e-4;
    k.converter_leakage_nw = 1;
    k.comparator_area_um2 = 100;
    k.converter_dac_area_um2 = 2;
    k.full_adder_energy_pj = 1e-3;
    k.adder_level_ps = 300;
    k.gate_energy_pj = 5e-5;
    k.accumulate_energy_pj = 1e-3;
    k.full_adder_area_um2 = 2;
    k.buffer_energy_pj = 1e-3;
    k.buffer_area_um2 = 1.5;
    k.write_energy_pj = 2e-2;
    k.write_ps = 1000;
    k.cell_leakage_nw = 0.01;
    k.leakage_doubling_k = 12;
    k.leakage_node_exponent = 0;
    k.array_efficiency = 0.5;
    k.sram_cell_f2 = 150;
    k.resistive_cell_f2 = 50;
    k.capacitor_cell_f2 = 300;
    k.energy_uncertainty = 3;
    k.delay_uncertainty = 4;
    return k;
}

/// 28 nm, 0.8 V: where all factors are 1.
inline technology_point reference_technology() { return {28, 0.8, flavour::lp}; }

} // namespace cimtlm

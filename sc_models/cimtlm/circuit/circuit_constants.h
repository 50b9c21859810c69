#pragma once
/// What circuits cost at the reference point (28 nm, 0.8 V, 25 C), and the one law that carries it elsewhere.
#include <cimtlm/circuit/technology.h>

#include <boost/describe.hpp>

#include <string>

namespace cimtlm {

/// Constants of the circuit parts, from platforms/parts/circuits, each with its source there. They depend on the kind
/// of circuit, never on a chip. Energies and delays hold at the reference point.
struct circuit_constants {
    std::string name;
    // The law: energy ~ (node / 28 nm)^energy_exponent x (supply / 0.8 V)^2,
    // delay ~ (node / 28 nm)^delay_exponent x supply / drive current, drive current ~ ln(1 + exp(overdrive))^alpha.
    double energy_exponent = 0;        ///< of the node
    double delay_exponent = 0;         ///< of the node
    double threshold_v = 0;            ///< V, at 28 nm and 25 C
    double threshold_exponent = 0;     ///< of the node
    double threshold_v_per_kelvin = 0; ///< V/K, falls by so much
    double velocity_exponent = 0;      ///< alpha of the drive current
    // Word lines and input converters
    double word_line_energy_pj = 0; ///< a cell's share of a word line and of its driver, a bit of input
    double pulse_ps = 0;            ///< one input bit on the word line: settling or a pulse
    double pulse_step_ps = 0;       ///< one LSB of a pulse width, least
    double driver_area_um2 = 0;     ///< of a row, a bit
    // Cells: energy of one cell and one input bit, settling time of one evaluation
    double charge_read_energy_pj = 0;    ///< SRAM cell that discharges its bit line
    double current_read_energy_pj = 0;   ///< SRAM cell that drives a static current
    double capacitor_read_energy_pj = 0; ///< cell's capacitor, charged and shared
    double resistive_read_energy_pj = 0; ///< resistive cell under a read pulse
    double charge_settle_ps = 0;         ///< a row that adds to the bit line
    double current_settle_ps = 0;        ///< an input bit
    double capacitor_settle_ps = 0;      ///< a row that shares charge
    double resistive_settle_ps = 0;      ///< an evaluation
    double resistive_pulse_ps = 0;       ///< an input bit
    double resistive_row_ps = 0;         ///< a row that adds to the bit line
    double evaluation_ps = 0;            ///< precharge, decoding and clocking of one evaluation
    // Converters
    double comparator_energy_pj = 0;    ///< a decision
    double comparator_ps = 0;           ///< a decision
    double converter_dac_energy_pj = 0; ///< an LSB of the capacitors: 2^bits of them
    double converter_leakage_nw = 0;    ///< nW, a comparator
    double comparator_area_um2 = 0;     ///< with its logic
    double converter_dac_area_um2 = 0;  ///< an LSB
    // Digital
    double full_adder_energy_pj = 0; ///< of an adder tree, per operation
    double adder_level_ps = 0;       ///< a level of a tree
    double gate_energy_pj = 0;       ///< the AND of a digital cell
    double accumulate_energy_pj = 0; ///< an accumulator, per input bit x weight bit
    double full_adder_area_um2 = 0;
    double buffer_energy_pj = 0; ///< a bit read or written in an input or output register
    double buffer_area_um2 = 0;  ///< a bit
    // Writing
    double write_energy_pj = 0; ///< an SRAM bit with its bit lines
    double write_ps = 0;        ///< a row of SRAM
    // Statics and area
    double cell_leakage_nw = 0;       ///< nW, an SRAM bit at 25 C
    double leakage_doubling_k = 0;    ///< K that double leakage
    double leakage_node_exponent = 0; ///< of the node
    double array_efficiency = 1;      ///< cells over the area of an array with its wiring and edges
    double sram_cell_f2 = 0;          ///< squares of the node: 6T cell by logic rules of a CiM array
    double resistive_cell_f2 = 0;     ///< cell with its access transistor
    double capacitor_cell_f2 = 0;     ///< 8T and a capacitor over it
    double area_uncertainty = 1;      ///< factor
    double energy_uncertainty = 1;    ///< factor within which nine of ten chips lie
    double delay_uncertainty = 1;     ///< likewise
};
BOOST_DESCRIBE_STRUCT(
    circuit_constants, (),
    (name, energy_exponent, delay_exponent, threshold_v, threshold_exponent, threshold_v_per_kelvin, velocity_exponent,
     word_line_energy_pj, pulse_ps, pulse_step_ps, driver_area_um2, charge_read_energy_pj, current_read_energy_pj,
     capacitor_read_energy_pj, resistive_read_energy_pj, charge_settle_ps, current_settle_ps, capacitor_settle_ps,
     resistive_settle_ps, resistive_pulse_ps, resistive_row_ps, evaluation_ps, comparator_energy_pj, comparator_ps,
     converter_dac_energy_pj, converter_leakage_nw, comparator_area_um2, converter_dac_area_um2, full_adder_energy_pj,
     adder_level_ps, gate_energy_pj, accumulate_energy_pj, full_adder_area_um2, buffer_energy_pj, buffer_area_um2,
     write_energy_pj, write_ps, cell_leakage_nw, leakage_doubling_k, leakage_node_exponent, array_efficiency,
     sram_cell_f2, resistive_cell_f2, capacitor_cell_f2, area_uncertainty, energy_uncertainty, delay_uncertainty))

/// Throws input_error ("circuits.pulse_ps: ...") for constants that no circuit has: not finite, negative, an efficiency
/// outside 0 to 1, an uncertainty below 1.
void check_circuits(const circuit_constants& constants);

/// Where a circuit works.
struct operating_point {
    technology_point technology;
    double temperature_c = 25; ///< of the junction
};

/// What figures of the reference point are multiplied by.
struct circuit_scale {
    double energy = 1;
    double delay = 1;
    double area = 1;
    double leakage = 1; ///< of power
    double node_nm = 28;
    double supply_v = 0.8;
    std::string note; ///< why figures are not trusted here, or ""
};

/// The law at `point`. Throws input_error for a node, supply or temperature that no circuit has.
circuit_scale scale_circuits(const circuit_constants& constants, const operating_point& point);

} // namespace cimtlm

#include <cimtlm/base/error.h>
#include <cimtlm/circuit/cell_array.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

cell_array::cell_array(const cell_array_parameters& p, const circuit_constants& k, const circuit_scale& s,
                       const std::string& where)
    : p_(p)
    , k_(k)
    , s_(s)
    , rows_active_(p.rows_active > 0 ? p.rows_active : p.rows)
    , columns_active_(p.columns_active > 0 ? p.columns_active : p.columns) {
    const auto fail = [&](const std::string& key, const std::string& why) {
        throw input_error(where + "array." + key + ": " + why);
    };
    constexpr std::int64_t most = 1 << 20;
    if (p.rows < 1 || p.rows > most) fail("rows", "an array has 1 to 1048576 rows, not " + std::to_string(p.rows));
    if (p.columns < 1 || p.columns > most)
        fail("columns", "an array has 1 to 1048576 columns, not " + std::to_string(p.columns));
    if (p.rows_active < 0 || p.rows_active > p.rows)
        fail("rows_active", std::to_string(p.rows_active) + " rows add at once, there are " + std::to_string(p.rows));
    if (p.columns_active < 0 || p.columns_active > p.columns)
        fail("columns_active",
             std::to_string(p.columns_active) + " columns are read at once, there are " + std::to_string(p.columns));
    if (p.cell_bits < 1 || p.cell_bits > 8) fail("cell_bits", "a cell holds 1 to 8 bits");
    if (!is_resistive() && p.cell_bits != 1) fail("cell_bits", "an SRAM cell holds 1 bit");
    if (is_resistive() && p.summation == summation::digital)
        fail("summation", "resistive cells have no gates to add digitally: charge or current");
    if (is_resistive() && p.summation == summation::capacitor)
        fail("summation", "resistive cells add charge or current");
    if (p.cell == cell_kind::sram_capacitor && p.summation != summation::capacitor)
        fail("summation", "a cell with a capacitor adds by sharing its charge: capacitor");
    for (const auto& [key, value] : {std::pair{"on_resistance_ohm", p.on_resistance_ohm},
                                     {"on_off_ratio", p.on_off_ratio},
                                     {"read_voltage_v", p.read_voltage_v},
                                     {"settle_ps", p.settle_ps},
                                     {"cell_area_um2", p.cell_area_um2}})
        if (!(value >= 0)) fail(key, "must not be negative");
    if (p.on_resistance_ohm > 0 && !is_resistive()) fail("on_resistance_ohm", "only a resistive cell has one");
    if (p.on_resistance_ohm > 0 && !(p.read_voltage_v > 0 && p.on_off_ratio > 1))
        fail("on_resistance_ohm", "needs read_voltage_v above 0 and on_off_ratio above 1");
}

double cell_array::cell_read_pj(double pulse_ps) const {
    if (p_.on_resistance_ohm > 0) // V^2 / ohm x ps = pJ
        return p_.read_voltage_v * p_.read_voltage_v / p_.on_resistance_ohm * pulse_ps;
    switch (p_.summation) {
    case summation::charge:
        return k_.charge_read_energy_pj * s_.energy;
    case summation::current:
        return (is_resistive() ? k_.resistive_read_energy_pj : k_.current_read_energy_pj) * s_.energy;
    case summation::capacitor:
        return k_.capacitor_read_energy_pj * s_.energy;
    case summation::digital:
        break;
    }
    return k_.gate_energy_pj * s_.energy;
}

double cell_array::reads(double input_density, double weight_density) const {
    if (p_.on_resistance_ohm > 0) return input_density * (weight_density + (1 - weight_density) / p_.on_off_ratio);
    constexpr double reference = 0.5 * 0.5;
    return input_density * weight_density / reference;
}

double cell_array::pulses(double input_bits) const {
    return p_.summation == summation::capacitor && input_bits > 0 ? (input_bits + 1) / 2 : input_bits;
}

double cell_array::evaluate_ps(double input_bits, bool own_pulses) const {
    const auto rows = static_cast<double>(rows_active_);
    const double bits = own_pulses ? 0 : input_bits;
    const double start = k_.evaluation_ps * s_.delay;
    if (p_.settle_ps > 0) return p_.settle_ps + (own_pulses ? 0 : bits * k_.pulse_ps * s_.delay);
    switch (p_.summation) {
    case summation::charge:
        return start + (bits * k_.pulse_ps + rows * k_.charge_settle_ps) * s_.delay;
    case summation::current:
        if (is_resistive()) // devices and read currents, which no logic node speeds up
            return start + k_.resistive_settle_ps + bits * k_.resistive_pulse_ps + rows * k_.resistive_row_ps;
        return start + std::max(bits, 1.0) * k_.current_settle_ps * s_.delay;
    case summation::capacitor:
        return start + (pulses(bits) * k_.pulse_ps + rows * k_.capacitor_settle_ps) * s_.delay;
    case summation::digital:
        break;
    }
    return start;
}

double cell_array::area_um2(double cells) const {
    double cell = p_.cell_area_um2;
    if (!(cell > 0)) {
        const double f2 = is_resistive()                         ? k_.resistive_cell_f2
                          : p_.summation == summation::capacitor ? k_.capacitor_cell_f2
                          : p_.cell == cell_kind::sram_6t        ? k_.sram_cell_f2
                                                                 : k_.sram_cell_f2 * 8 / 6;
        cell = cells * f2 * s_.node_nm * s_.node_nm * 1e-6;
    }
    return static_cast<double>(p_.rows) * static_cast<double>(p_.columns) * cell / k_.array_efficiency;
}

double cell_array::leakage_mw(double cells) const {
    if (is_resistive()) return 0;
    return static_cast<double>(p_.rows) * static_cast<double>(p_.columns) * cells * k_.cell_leakage_nw * s_.leakage *
           1e-6;
}

} // namespace cimtlm

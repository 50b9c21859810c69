#pragma once
/// An array of memory cells that multiplies: input bits on word lines, weights in cells, sums on bit lines.
#include <cimtlm/circuit/circuit_constants.h>

#include <boost/describe.hpp>

#include <cstdint>

namespace cimtlm {

/// What stores a weight.
enum class cell_kind { sram_6t, sram_8t, sram_capacitor, pcm, resistive };
BOOST_DESCRIBE_ENUM(cell_kind, sram_6t, sram_8t, sram_capacitor, pcm, resistive)

/// How products of a column are added. charge: cells discharge the bit line; current: cells drive static currents;
/// capacitor: charge is shared between capacitors; digital: gates in the cells, an adder tree beside them.
enum class summation { charge, current, capacitor, digital };
BOOST_DESCRIBE_ENUM(summation, charge, current, capacitor, digital)

struct cell_array_parameters {
    cell_kind cell = cell_kind::sram_6t;
    cimtlm::summation summation = cimtlm::summation::charge;
    std::int64_t rows = 0;           ///< word lines
    std::int64_t columns = 0;        ///< bit lines (a differential cell has one)
    std::int64_t rows_active = 0;    ///< rows that add at once; 0: all. Rows beyond whole groups hold nothing
    std::int64_t columns_active = 0; ///< columns that are read at once; 0: all
    int cell_bits = 1;               ///< of weight in a cell
    double on_resistance_ohm = 0; ///< of a resistive cell at its largest conductance; 0: the constants say its energy
    double on_off_ratio = 0;      ///< largest over smallest conductance; used with on_resistance_ohm
    double read_voltage_v = 0;    ///< V over a resistive cell; used with on_resistance_ohm
    double settle_ps = 0;         ///< of one evaluation, beside the input's pulses; 0: from the constants
    double cell_area_um2 = 0;     ///< 0: from the constants
};
BOOST_DESCRIBE_STRUCT(cell_array_parameters, (),
                      (cell, summation, rows, columns, rows_active, columns_active, cell_bits, on_resistance_ohm,
                       on_off_ratio, read_voltage_v, settle_ps, cell_area_um2))

/// Energy, delay, area and leakage of the array itself: word lines, converters and adders are parts of their own.
/// Equations: energy proportional to the cells that conduct (charge on the bit line, static current, shared charge),
/// settling proportional to the rows that add, as fitted to silicon (docs/validation.md).
class cell_array {
public:
    /// Throws input_error for what cannot be: no rows, more active rows than rows, a digital or capacitive sum of
    /// resistive cells. `where` stands in front of messages.
    cell_array(const cell_array_parameters& p, const circuit_constants& k, const circuit_scale& s,
               const std::string& where);

    std::int64_t rows_active() const { return rows_active_; }
    std::int64_t columns_active() const { return columns_active_; }
    bool is_resistive() const { return p_.cell == cell_kind::pcm || p_.cell == cell_kind::resistive; }
    bool is_volatile() const { return !is_resistive(); }

    /// One cell under one bit of input at the densities of the reference (half of inputs and weights are ones), pJ. A
    /// resistive cell with a resistance: at its largest conductance for `pulse_ps`.
    double cell_read_pj(double pulse_ps) const;
    /// Reads of that price a cell and bit at other densities: product of the two, over its value at the reference; of
    /// a resistive cell with a resistance the mean conductance, times the inputs that are ones.
    double reads(double input_density, double weight_density) const;
    /// Pulses that `input_bits` take on the word lines: one a bit, where they come one after another or as segments; an
    /// amplitude on capacitors settles to half an LSB in bits + 1 time constants, two of which are a pulse.
    double pulses(double input_bits) const;
    /// Settling of one evaluation with `input_bits` on the word lines, ps; the pulses of the inputs among it unless the
    /// driver states a width of its own.
    double evaluate_ps(double input_bits, bool own_pulses) const;
    /// `cells` at each crossing; a cell_area_um2 is that of the whole crossing.
    double area_um2(double cells) const;
    double leakage_mw(double cells) const;

private:
    cell_array_parameters p_;
    const circuit_constants& k_;
    circuit_scale s_;
    std::int64_t rows_active_, columns_active_;
};

} // namespace cimtlm

#pragma once
/// Shift-and-add behind a column: joins slices of inputs and weights that were summed one after another.
#include <cimtlm/circuit/circuit_constants.h>

namespace cimtlm {

/// One register with an adder and a shifter, `bits` wide.
class accumulator {
public:
    accumulator(int bits, const circuit_constants& k, const circuit_scale& s)
        : bits_(bits)
        , k_(k)
        , s_(s) {}

    int bits() const { return bits_; }
    /// One sum of a slice of `input_bits` x `weight_bits` taken in, pJ.
    double add_pj(double input_bits, double weight_bits) const {
        return input_bits * weight_bits * k_.accumulate_energy_pj * s_.energy;
    }
    /// Of one addition, ps. It is pipelined behind the conversion: not a part of an evaluation's time.
    double add_ps() const { return bits_ * k_.adder_level_ps * s_.delay / 2; }
    /// A full adder and a register bit (three gates' worth of one) a bit.
    double area_um2() const { return bits_ * 2 * k_.full_adder_area_um2 * s_.area; }
    double leakage_mw() const { return bits_ * 2 * k_.cell_leakage_nw * s_.leakage * 1e-6; }

private:
    int bits_;
    const circuit_constants& k_;
    circuit_scale s_;
};

} // namespace cimtlm

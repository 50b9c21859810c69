#pragma once
/// Registers for inputs and results at the edges of an array.
#include <cimtlm/circuit/circuit_constants.h>

namespace cimtlm {

class buffer {
public:
    buffer(double bits, const circuit_constants& k, const circuit_scale& s)
        : bits_(bits)
        , k_(k)
        , s_(s) {}

    double bits() const { return bits_; }
    /// One bit read or written, pJ.
    double access_pj() const { return k_.buffer_energy_pj * s_.energy; }
    /// A clock of its own hides in the evaluation: setup of a register, ps.
    double access_ps() const { return k_.adder_level_ps * s_.delay; }
    double area_um2() const { return bits_ * k_.buffer_area_um2 * s_.area; }
    double leakage_mw() const { return bits_ * k_.cell_leakage_nw * s_.leakage * 1e-6; }

private:
    double bits_;
    const circuit_constants& k_;
    circuit_scale s_;
};

} // namespace cimtlm

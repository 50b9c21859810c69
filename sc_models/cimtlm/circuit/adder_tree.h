#pragma once
/// A tree of adders beside a column of digital cells.
#include <cimtlm/circuit/circuit_constants.h>

#include <cstdint>

namespace cimtlm {

/// Adds `inputs` numbers of `bits` in one go: level l has half as many adders as the one before and one bit more.
class adder_tree {
public:
    adder_tree(std::int64_t inputs, int bits, const circuit_constants& k, const circuit_scale& s);

    /// One-bit full adders in the tree; an odd number goes down a level unchanged.
    std::int64_t full_adders() const { return full_adders_; }
    int levels() const { return levels_; }
    /// Bits of the sum.
    int sum_bits() const;
    /// One sum, pJ; `activity`: the share of inputs that are not zero.
    double add_pj(double activity) const;
    double add_ps() const;
    double area_um2() const;
    double leakage_mw() const;

private:
    std::int64_t inputs_;
    int bits_, levels_ = 0;
    std::int64_t full_adders_ = 0;
    const circuit_constants& k_;
    circuit_scale s_;
};

} // namespace cimtlm

#include <cimtlm/circuit/adder_tree.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

adder_tree::adder_tree(std::int64_t inputs, int bits, const circuit_constants& k, const circuit_scale& s)
    : inputs_(inputs)
    , bits_(bits)
    , k_(k)
    , s_(s) {
    for (auto left = inputs; left > 1; left = (left + 1) / 2) full_adders_ += left / 2 * (bits + levels_++);
}

int adder_tree::sum_bits() const {
    return static_cast<int>(std::ceil(std::log2(static_cast<double>(inputs_) * (std::pow(2, bits_) - 1) + 1)));
}

double adder_tree::add_pj(double activity) const {
    // Toggles follow the ones at the leaves: twice the energy at all ones of that at half of them.
    return static_cast<double>(full_adders_) * k_.full_adder_energy_pj * s_.energy * 2 * activity;
}

double adder_tree::add_ps() const { return std::max(levels_, 1) * k_.adder_level_ps * s_.delay; }

double adder_tree::area_um2() const { return static_cast<double>(full_adders_) * k_.full_adder_area_um2 * s_.area; }

double adder_tree::leakage_mw() const {
    return static_cast<double>(full_adders_) * k_.cell_leakage_nw * s_.leakage * 1e-6;
}

} // namespace cimtlm

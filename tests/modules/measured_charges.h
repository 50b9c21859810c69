#pragma once
/// What a bare macro charges for a product, from its operands.
#include <cimtlm/macro/engine.h>

#include <algorithm>
#include <bitset>
#include <map>
#include <string>
#include <vector>

namespace cimtlm {

/// pJ by action: for each block of rows and columns that the engine takes at once, the ones among its operands' bits
/// and the zeros of its columns, counted here on its own, and the engine's rows for these. `weights`: rows x columns.
inline std::map<std::string, double> measured_charges(const engine& e, energy_basis basis,
                                                      const std::vector<std::int32_t>& inputs, int input_bits,
                                                      const std::vector<std::int32_t>& weights, int weight_bits) {
    const auto ones = [](std::int32_t v, int bits) {
        return static_cast<double>(std::bitset<32>(static_cast<std::uint32_t>(v) << (32 - bits)).count());
    };
    const auto rows = static_cast<std::int64_t>(inputs.size()),
               columns = static_cast<std::int64_t>(weights.size()) / rows;
    const auto height = e.geometry().rows_parallel;
    const auto width = e.geometry().columns_parallel / e.weight_slices(weight_bits);
    const auto slices = static_cast<double>(e.input_slices(input_bits) * e.weight_slices(weight_bits));
    std::map<std::string, double> pj;
    for (std::int64_t top = 0; top < rows; top += height)
        for (std::int64_t left = 0; left < columns; left += width) {
            const auto bottom = std::min(rows, top + height), right = std::min(columns, left + width);
            double input_ones = 0, weight_ones = 0, sparsest = 1;
            for (auto r = top; r < bottom; ++r) input_ones += ones(inputs[static_cast<std::size_t>(r)], input_bits);
            for (auto c = left; c < right; ++c) {
                double zeros = 0;
                for (auto r = top; r < bottom; ++r) {
                    const auto w = weights[static_cast<std::size_t>(r * columns + c)];
                    weight_ones += ones(w, weight_bits);
                    zeros += w == 0;
                }
                zeros = std::min(zeros, static_cast<double>(bottom - top - 1)); // a column of zeros is converted, too
                sparsest = std::min(sparsest, zeros / static_cast<double>(bottom - top));
            }
            const auto inputs_here = static_cast<double>(bottom - top),
                       macs = inputs_here * static_cast<double>(right - left);
            const operand_statistics s{input_ones / (inputs_here * input_bits), weight_ones / (macs * weight_bits),
                                       sparsest};
            for (const auto& c : e.mac_charges(basis, s)) pj[c.action] += macs * slices * c.per_mac * c.unit_energy_pj;
        }
    return pj;
}

} // namespace cimtlm

#pragma once
/// Operands wider than those of an engine, as it takes them: in slices of its own widths.
#include <cimtlm/macro/engine.h>

namespace cimtlm {

/// Slice `s` of `slices` of `bits` each that make up `value`: all but the highest are without sign.
std::int32_t operand_slice(std::int32_t value, std::int64_t s, std::int64_t slices, int bits);

/// Weights of `bits` each as they stand in the engine: the slices of one in neighbouring columns, the lowest first.
std::vector<std::int32_t> sliced_weights(const engine& e, const std::vector<std::int32_t>& weights, int bits);

/// outputs[c] += sum over r of inputs[r] x weights[r, c] as the engine computes it, modulo 2^64: one step for each
/// slice of the inputs, with the next `key` each, and their results shifted and added. `weights`: of sliced_weights().
void compute_sliced(const engine& e, const std::vector<std::int32_t>& inputs, int input_bits,
                    const std::vector<std::int32_t>& weights, int weight_bits, std::vector<std::int64_t>& outputs,
                    std::uint64_t& key);

} // namespace cimtlm

#pragma once
/// Mapping by rules. Every factor divides its dimension: rules never pad.
#include <cimtlm/mapping/loop_nest.h>

namespace cimtlm {

/// The largest divisor of `value` that is at most `most` (1 when most < 1).
std::int64_t largest_factor(std::int64_t value, std::int64_t most);
/// Prime factors, ascending, with multiplicity.
std::vector<std::int64_t> primes_of(std::int64_t value);

/// CiM machines: the rules of the A100-like study (arXiv 2312.15896). Tensor cores: rules of ours that give the
/// study's best mapping for its GEMM; see docs/model.md. Throws input_error that names the level and what is missing
/// when there is no mapping.
loop_nest map_by_rules(const gemm& g, const machine& m, const std::vector<nest_slot>& shape);

} // namespace cimtlm

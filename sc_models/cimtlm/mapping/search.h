#pragma once
/// Mapping by search: the nest that the closed form ranks best. It never simulates.
#include <cimtlm/mapping/cost.h>

namespace cimtlm {

/// The best nest found for `objective` (energy, time, or their product) by cost_model::evaluate, and never one worse
/// than that of map_by_rules. Factors need not divide: the waste is counted. Deterministic.
///
/// Weight duplication is a bank loop over M: arrays hold the same weights and take different rows of A. Interleaving is
/// bank loops over both N and K: arrays share an input in one direction and add up results in the other.
///
/// Throws input_error that names the level and what is missing when not even a nest without inner loops runs.
loop_nest map_by_search(const gemm& g, const cost_model& cost, const std::vector<nest_slot>& shape,
                        mapper_objective objective);

} // namespace cimtlm

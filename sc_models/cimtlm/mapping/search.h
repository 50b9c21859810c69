#pragma once
/// Mapping by search: the nest that the closed form ranks best. It never simulates.
#include <cimtlm/mapping/cost.h>

#include <functional>
#include <vector>

namespace cimtlm {

/// What a search makes small.
double score_of(const cost_model::figures& f, mapper_objective objective);

/// How much a search looks at. Without more said: enough for 2 % of the best on spaces that can be enumerated, in a few
/// milliseconds.
struct search_effort {
    std::size_t choices = 160;    ///< splits of instances and places that are completed
    std::size_t climbs = 6;       ///< of those, and of the starts, from which it climbs
    int looks_a_climb = 700;      ///< nests
    int looks_of_restarts = 6000; ///< nests after the best was disturbed
};

/// The best nest found for `objective` (energy, time, or their product) by cost_model::evaluate, and never one worse
/// than that of map_by_rules. Factors need not divide: the waste is counted. Deterministic.
///
/// Weight duplication is a bank loop over M: arrays hold the same weights and take different rows of A. Interleaving is
/// bank loops over both N and K: arrays share an input in one direction and add up results in the other.
///
/// Throws input_error that names the level and what is missing when not even a nest without inner loops runs.
loop_nest map_by_search(const gemm& g, const cost_model& cost, const std::vector<nest_slot>& shape,
                        mapper_objective objective);

/// What a search by other figures is about: of a block among others on many units, for example.
struct search_space {
    const gemm& g;
    const machine& m; ///< whose places and capacities count
    const std::vector<nest_slot>& shape;
    mapper_objective objective;
    search_effort effort;
    std::function<cost_model::figures(const flat_nest&)> figures;
};

/// The same by any figures; never worse than the best of `starts`, which must be possible.
loop_nest map_by_search(const search_space& space, const std::vector<loop_nest>& starts);

/// By the mapper of the machine: rules, or search for its objective. Throws input_error when there is no way.
loop_nest map_product(const gemm& g, const cost_model& cost, const std::vector<nest_slot>& shape);

} // namespace cimtlm

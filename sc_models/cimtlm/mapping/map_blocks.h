#pragma once
/// How a product is spread over the units of a group: the grid of blocks, and the nest of a block in its unit.
#include <cimtlm/mapping/group_cost.h>

namespace cimtlm {

/// A grid with the nest of its blocks: slots are those of the unit machine. Clipped blocks use the same nest.
struct blocked_mapping {
    block_grid grid;
    loop_nest nest;
};

/// Largest block that half of each staging memory can hold beside the next one's operands: what nests are chosen for.
/// The outermost memory has a unit's share of what all share.
machine mapping_machine(const group_cost& cost);

/// Rules. Tensor cores: blocks of dispatcher.block_m x block_n, halved until the grid has as many blocks as units, then
/// K split (to no less than 256) as long as units idle; in a block K goes through shared memory in slabs. CiM: weights
/// are cut over units along N first (no finer than an array's columns), then K (no finer than its rows); units that are
/// left take slices of M (duplication). Factors need not divide. Throws input_error when the smallest step does not
/// fit.
blocked_mapping map_blocks_by_rules(const group_cost& cost, const blocked_work& work);

/// The nest of the rules in one block. Throws input_error when it does not fit.
loop_nest block_nest_by_rules(const machine& unit, const gemm& block);
/// The same, whether it fits or not. `shape`: nest_slots() of the unit.
loop_nest begun_by_rules(const machine& unit, const gemm& block, const std::vector<nest_slot>& shape);

/// The mapping that group_cost::evaluate ranks best among grids of many shapes. Grids whose least figures cannot win
/// are left out, the others are ranked with nests of the rules; the best are searched for nests, and their neighbours
/// tried. Never worse than the rules. Deterministic.
class block_mapper {
public:
    /// `cost` outlives it.
    block_mapper(const group_cost& cost, mapper_objective objective);
    blocked_mapping search(const blocked_work& work) const;

private:
    const group_cost& cost_;
    mapper_objective objective_;
    machine unit_;
};

} // namespace cimtlm

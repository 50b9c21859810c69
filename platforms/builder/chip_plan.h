#pragma once
/// The plan of a machine of many units.
#include <platforms/builder/placement.h>

#include <cimtlm/mapping/group_cost.h>
#include <cimtlm/mapping/map_blocks.h>

#include <memory>
#include <vector>

namespace cimtlm {

/// The groups of a machine with what their work costs. Stays where it is: costs point into it.
class chip_costs {
public:
    explicit chip_costs(const machine& m);
    chip_costs(const chip_costs&) = delete;
    chip_costs& operator=(const chip_costs&) = delete;
    const std::vector<unit_group>& groups() const { return groups_; }
    const group_cost& cost(std::size_t group) const { return *costs_[group]; }

private:
    std::vector<unit_group> groups_;
    std::vector<std::unique_ptr<group_cost>> costs_;
};

struct plan;
struct plan_options;

/// What a planned task has beside the rest on such a machine.
struct chip_task {
    std::size_t group = 0; ///< whose units run the product
    block_grid grid;
    blocked_work work;
    blocked_counts counts;
    std::int64_t first_unit = 0; ///< of resident weights
    placement::product_place place;
    spread_job spread;  ///< of vector work
    bool fused = false; ///< vector work done by the product before, on its results as they leave
};

/// Maps every product of `work` on the units of the machine of `cost`. Element-wise work is fused with the product
/// before it, normalising work where a block holds whole rows of results. Throws input_error that names the product
/// when a mapping cannot exist, or the missing arrays when weights that cannot be rewritten do not fit.
plan make_chip_plan(const work_list& work, const cost_model& cost, const plan_options& options);

} // namespace cimtlm

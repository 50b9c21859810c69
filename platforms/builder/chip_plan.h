#pragma once
/// The plan of a machine of many units.
#include <platforms/builder/chip_mapper.h>
#include <platforms/builder/placement.h>

namespace cimtlm {

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
    spread_job spread;       ///< of vector work
    bool fused = false;      ///< vector work done by the product before, on its results as they leave
    bool needs_rows = false; ///< of a product: such work wants whole rows of results in a block
};

/// Maps every product of `work` on the units of the machine of `cost`. Element-wise work is fused with the product
/// before it, normalising work where a block holds whole rows of results. Throws input_error that names the product
/// when a mapping cannot exist, or the missing arrays when weights that cannot be rewritten do not fit.
plan make_chip_plan(const work_list& work, const cost_model& cost, const plan_options& options);

} // namespace cimtlm

#pragma once
/// The work of a trace, mapped on a machine: what all fidelities of a run share.
#include <platforms/builder/chip_plan.h>

#include <cimtlm/mapping/cost.h>
#include <cimtlm/mapping/mapping_file.h>
#include <workloads/work.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

struct plan_options {
    convention counting = convention::like_for_like;
    std::string mapping_file; ///< loop nests by hand; "": the machine's mapper
    bool steady = false; ///< weights stay in the arrays across inferences where they fit; false: they start outside
};

/// One entry of the work with its mapping. Figures are of one execution; there are count() of them.
struct planned_task {
    work_item work;
    // Of a product:
    std::shared_ptr<const flat_nest> nest;
    std::string mapping; ///< the nest as text
    access_counts counts;
    bool resident = false;
    std::optional<chip_task> chip; ///< on a machine with a dispatcher
    // Of both:
    bound_result bound;

    bool is_product() const { return std::holds_alternative<gemm>(work); }
    const gemm& product() const { return std::get<gemm>(work); }
    const vector_work& vector() const { return std::get<vector_work>(work); }
    /// Executions one after another. With a dispatcher one execution has all of the batch side by side.
    std::int64_t count() const { return !is_product() ? vector().repeat : chip ? product().repeat : product().count(); }
    const std::string& name() const { return is_product() ? product().name : vector().name; }
};

struct plan {
    std::vector<planned_task> tasks;
    std::shared_ptr<const chip_costs> chip; ///< with a dispatcher
    std::uint64_t partial_address = 0;      ///< with a dispatcher: of partial sums
    std::int64_t resident_bytes = 0;        ///< weights that stay in the arrays
    std::int64_t missing_arrays = 0;        ///< with steady: arrays that are missing to keep all weights
    std::int64_t skipped_vector_work = 0;   ///< entries that the published convention does not count
};

/// Maps every product of `work`; equal products are mapped once. Throws input_error that names the product when a
/// mapping cannot exist. `cost` (and its machine) outlive the plan.
plan make_plan(const work_list& work, const cost_model& cost, const plan_options& options);

} // namespace cimtlm

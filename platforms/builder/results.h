#pragma once
/// What a run gives, the same at every fidelity.
#include <platforms/builder/plan.h>

#include <cimtlm/base/ledger.h>
#include <cimtlm/base/stalls.h>
#include <cimtlm/base/statistics.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace cimtlm {

/// The rungs of the ladder. `cycle` has its place and is not built yet.
enum class fidelity { bound, tile };

/// A row of layers.csv: all executions of one entry of the work.
struct layer_row {
    std::string name;
    bool is_product = false;
    std::int64_t m = 0, n = 0, k = 0, batch = 1, repeat = 1;
    std::int64_t time_ps = 0;
    std::int64_t bound_ps = 0;
    double energy_pj = 0;
    std::int64_t macs = 0;
    double utilization = 0; ///< MACs / (peak x time)
    std::string bound_by;
    std::int64_t tiles = 0;
    stall_account stalls;
    std::string mapping;
};

struct run_totals {
    std::int64_t time_ps = 0;
    std::int64_t bound_ps = 0; ///< closed form of the same mapping
    double energy_pj = 0;
    std::int64_t macs = 0;
    double operations = 0;
    double utilization = 0;
    double tops = 0;
    double tops_per_w = 0;
    std::int64_t simulated_tiles = 0;
    std::int64_t mapped_tiles = 0;
    std::uint64_t kernel_events = 0;
    double published_rate_gops = 0; ///< as the study states it: MACs a ns for CiM, operations a ns for the baseline
};

struct run_results {
    fidelity level = fidelity::tile;
    convention counting = convention::like_for_like;
    run_totals totals;
    ledger energy;
    stall_account stalls;
    /// By index in machine::memories and tensor; the last column is what no product moves: vector work.
    std::vector<std::array<access_bytes, 4>> traffic;
    std::vector<layer_row> layers;
    std::string bound_by; ///< the resource that bounds the largest part of the time
    statistics details;
    std::int64_t resident_bytes = 0;
    std::int64_t engines_used = 0; ///< the most that any product works on side by side
};

/// The closed form: no simulation.
run_results evaluate_bound(const plan& p, const cost_model& cost);

/// A row for each task, without figures.
std::vector<layer_row> rows_of(const plan& p);
/// The closed form's time of all executions of a task, in ps.
std::int64_t bound_ps(const planned_task& task, convention c);
/// Fills what follows from the rest: sums over layers, rates, static power (which needs the time).
void complete(run_results& r, const plan& p, const cost_model& cost);

} // namespace cimtlm

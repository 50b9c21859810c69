#pragma once
/// A machine as SystemC modules.
#include <platforms/builder/plan.h>
#include <platforms/builder/results.h>

#include <cimtlm/base/ledger.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/compute_block.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/host_cpu.h>
#include <cimtlm/modules/scratchpad.h>
#include <cimtlm/modules/vector_unit.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace cimtlm {

/// Nothing moves any more although work is left: who waits for what.
class standstill_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Simulates until the host has finished; after a false of `keep_on` (asked every now and then, with the simulated time
/// in ps) it returns false. Throws standstill_error with what `who_waits` says when events run out before.
bool simulate(const host_cpu& host, const std::function<bool(std::int64_t)>& keep_on,
              const std::function<std::string()>& who_waits);

/// What the host measured of every task, and sums of that. `longer`: the name of engine time above the bound.
run_results measured(const host_cpu& host, const plan& p, convention counted, stall longer);

/// Host, bus, DRAM, staging memories, compute block and vector unit of one machine. One a process: the kernel
/// elaborates once. `m` and `cost` outlive the platform.
class platform {
public:
    platform(const machine& m, const cost_model& cost);

    /// Runs the plan to its end. `keep_on` is asked every now and then, with the simulated time in ps; after a false
    /// the run ends unfinished and nothing of its results counts. Throws standstill_error when events run out before
    /// the work is done.
    run_results run(const plan& p, const std::function<bool(std::int64_t)>& keep_on = {});
    bool finished() const { return host_->finished(); }

private:
    std::string who_waits() const;

    const machine& machine_;
    const cost_model& cost_;
    ledger energy_;
    std::unique_ptr<bus<64>> bus_;
    std::unique_ptr<dram<64>> dram_;
    std::vector<std::unique_ptr<scratchpad<64>>> staging_; // of memories 1, 2, ...
    std::unique_ptr<compute_block> block_;
    std::unique_ptr<vector_unit> vectors_;
    std::unique_ptr<host_cpu> host_;
    std::vector<std::pair<const char*, const activity*>> activities_;
};

} // namespace cimtlm

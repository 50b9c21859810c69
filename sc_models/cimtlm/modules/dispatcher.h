#pragma once
/// Hands the blocks of a product to the units of a machine.
#include <cimtlm/base/statistics.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/modules/blocked_job.h>
#include <cimtlm/modules/compute_block.h>
#include <cimtlm/modules/vector_unit.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/register_window.h>
#include <cimtlm/tlm/timed_count.h>

#include <systemc>
#include <tlm_utils/simple_target_socket.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cimtlm {

/// Blocks go in the order of their number, each to the unit that has least to do among those whose loader is free; its
/// first request comes dispatcher.block_cycles later. Where K is split, the vector lanes of a unit that is done add up
/// the partial sums of an output block as soon as its last part is there. Vector work is spread evenly over all vector
/// units.
///
/// Registers (32 bit) as those of a compute block: 0x0 COMMAND write n: n more blocks may start, 2^32 - 1 means all.
/// 0x4 DONE read: blocks finished in this job. 0x8 STATUS read: bit 0, a job is running. 0xc SCRATCH.
class dispatcher : public sc_core::sc_module, public activity {
public:
    tlm_utils::simple_target_socket<register_window<>, 64>& ctrl() { return registers_.in; }

    static constexpr std::uint64_t window_bytes = compute_block::window_bytes;
    static constexpr std::uint64_t command_offset = compute_block::command_offset;

    /// `groups`: the compute blocks of each group's units; `vectors`: all vector units. All outlive the dispatcher,
    /// which takes their callbacks.
    dispatcher(const sc_core::sc_module_name& name, const machine& m, std::vector<std::vector<compute_block*>> groups,
               std::vector<vector_unit*> vectors);
    SC_HAS_PROCESS(dispatcher);

    /// Asked before a product of a group starts, and before vector work, which is of no group: prepares the machine and
    /// returns how long that takes, in ps (ways of a cache that change their mode).
    using preparation = std::function<std::int64_t(std::optional<std::size_t> group)>;
    void on_group(preparation prepare) { prepare_ = std::move(prepare); }

    /// Hands over a product or vector work; it runs as commands arrive. Requires that nothing runs.
    void load(const blocked_job& job);
    void load(const spread_job& job);
    bool running() const { return running_; }
    /// Blocks of this job finished at `time_ps`, and when the next one will be (-1: not known).
    std::int64_t done(std::int64_t time_ps) const { return done_.at(time_ps); }
    void on_progress(std::function<void()> callback) { progress_ = std::move(callback); }
    /// Of the last finished job: the time line of the unit that finished last.
    const job_result& result() const { return result_; }
    /// Blocks of a job.
    static std::int64_t blocks(const blocked_job& job) { return job.grid.blocks(job.product) * job.product.batch; }

    void report(statistics& s) const;
    std::string waiting_for() const override;

private:
    struct unit {
        compute_block* block = nullptr;
        std::int64_t outstanding = 0; // blocks handed over and not finished
        bool counted = true;          // its last stretch of work is in `account`
        job_result account;           // of this job
    };

    void run();
    void run_product();
    void run_vectors(const spread_job& job);
    void await_command(std::int64_t count);
    bool hand_out(std::int64_t number);
    matrix_job block_job(std::int64_t number) const;
    std::int64_t results_before(std::int64_t item, const block_region& r) const;
    std::uint64_t partial_address(std::int64_t item, const block_region& r, std::int64_t part) const;
    void finished(std::size_t group, std::size_t unit, std::int64_t number);
    void count_stretch(unit& u);
    std::int64_t make_ready(std::optional<std::size_t> group);
    void reduce();
    void finish(std::int64_t computed_ps, stall_account waits);

    const machine& machine_;
    register_window<> registers_;
    std::vector<std::vector<unit>> groups_;
    std::vector<vector_unit*> vectors_;
    preparation prepare_;
    time_base times_;

    blocked_job job_;
    spread_job spread_;
    bool is_product_ = false;
    bool running_ = false;
    std::uint64_t loaded_ = 0; // jobs
    timed_count commands_, done_;
    std::int64_t finished_ = 0;
    std::unordered_map<std::int64_t, std::int64_t>
        parts_;                          // of output blocks that are not complete: parts that are there
    std::deque<std::int64_t> to_reduce_; // output blocks
    std::int64_t reductions_running_ = 0;
    job_result result_;
    std::string waits_for_;
    sc_core::sc_event job_event_, command_event_, unit_event_;
    std::function<void()> progress_;

    std::int64_t jobs_ = 0, blocks_ = 0, reductions_ = 0, reduced_bytes_ = 0;
};

} // namespace cimtlm

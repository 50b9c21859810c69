#pragma once
/// A host that issues the work of a trace.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/modules/compute_block.h>
#include <cimtlm/modules/dispatcher.h>
#include <cimtlm/modules/vector_unit.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/initiator_port.h>

#include <systemc>
#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace cimtlm {

/// One entry of the host's list: a product or vector work for a compute block and a vector unit, or for a dispatcher;
/// executed `count` times one after another.
struct host_task {
    std::variant<matrix_job, vector_job, blocked_job, spread_job> work;
    std::int64_t count = 1;
};

/// What a task took, all its executions together.
struct task_result {
    std::int64_t begin_ps = 0;
    std::int64_t end_ps = 0;
    std::int64_t computed_ps = 0;
    std::int64_t tiles = 0;
    stall_account waits;
    double energy_pj = 0;
};

/// Executes tasks in order; each waits for the one before. A product gets one command a tile, a block or one in all
/// (host.issue); a command takes the host host.command_cycles and goes over the bus (socket `mem`) to the control
/// windows; at most host.queue_depth commands are ahead of the block.
class host_cpu : public sc_core::sc_module, public activity {
public:
    tlm_utils::simple_initiator_socket<host_cpu, 64> mem;

    /// A host of one compute block and one vector unit, whose control windows are mapped at these addresses.
    host_cpu(const sc_core::sc_module_name& name, const machine& m, ledger& energy, compute_block& block,
             std::uint64_t block_address, vector_unit& vectors, std::uint64_t vectors_address);
    /// A host of a dispatcher.
    host_cpu(const sc_core::sc_module_name& name, const machine& m, ledger& energy, dispatcher& units,
             std::uint64_t dispatcher_address);
    SC_HAS_PROCESS(host_cpu);

    /// The work, before the simulation starts.
    void assign(std::vector<host_task> tasks) { tasks_ = std::move(tasks); }

    /// Called when the last task is finished.
    void on_end(std::function<void()> callback) { end_ = std::move(callback); }
    bool finished() const { return results_.size() == tasks_.size(); }
    const std::vector<task_result>& results() const { return results_; }

    void report(statistics& s) const;
    std::string waiting_for() const override;

private:
    host_cpu(const sc_core::sc_module_name& name, const machine& m, ledger& energy);
    void run();
    void command(std::uint64_t address, std::uint32_t value);
    void execute(const matrix_job& job, std::int64_t execution, task_result& r);
    void execute(const vector_job& job, std::int64_t execution, task_result& r);
    void execute(const blocked_job& job, std::int64_t execution, task_result& r);
    void execute(const spread_job& job, std::int64_t execution, task_result& r);
    template <class Done, class Next>
    void give_commands(std::uint64_t address, std::int64_t parts, bool by_part, Done done, Next next);
    template <class Target> void await_end(const Target& target, const std::string& name, task_result& r);
    void add(const job_result& j, task_result& r) const;

    const machine& machine_;
    compute_block* block_ = nullptr;
    vector_unit* vectors_ = nullptr;
    dispatcher* units_ = nullptr;
    std::uint64_t block_address_ = 0, vectors_address_ = 0; // of the dispatcher or the block; of the vector unit
    initiator_port<64> port_;
    time_base times_;
    std::vector<host_task> tasks_;
    std::vector<task_result> results_;
    sc_core::sc_event progress_;
    std::function<void()> end_;
    std::string waits_for_;
    ledger& ledger_;
    ledger::account account_;
    std::uint64_t commands_ = 0;
    std::int64_t busy_ps_ = 0;
};

} // namespace cimtlm

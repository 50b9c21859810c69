#pragma once
/// Element-wise and normalising work between matrix products.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/mapping/vector_work.h>
#include <cimtlm/modules/matrix_job.h>
#include <cimtlm/modules/stream_pipeline.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/initiator_port.h>
#include <cimtlm/tlm/register_window.h>
#include <cimtlm/tlm/timed_count.h>

#include <systemc>
#include <tlm_utils/simple_initiator_socket.h>

#include <functional>
#include <string>

namespace cimtlm {

/// Lanes that read operands from the outermost memory over `mem`, compute and write back, in a stream. Fusible work
/// on a machine with vector_unit.fused moves nothing. Registers (32 bit): 0x0 COMMAND write: start. 0x8 STATUS read:
/// bit 0, running. 0xc SCRATCH.
class vector_unit : public sc_core::sc_module, public activity {
public:
    tlm_utils::simple_target_socket<register_window<>, 64>& ctrl() { return registers_.in; }
    tlm_utils::simple_initiator_socket<vector_unit, 64> mem;

    static constexpr std::uint64_t window_bytes = 0x10;
    static constexpr std::uint64_t command_offset = 0x0;
    static constexpr std::uint64_t status_offset = 0x8;
    static constexpr std::uint64_t scratch_offset = 0xc;

    vector_unit(const sc_core::sc_module_name& name, const machine& m, ledger& energy);
    ~vector_unit() override { kernel_.end(); }

    /// Hands over one execution; it runs when the command arrives. Requires that nothing runs.
    void load(const vector_job& job);
    bool running() const { return running_; }
    void on_progress(std::function<void()> callback) { progress_ = std::move(callback); }
    /// Of the last finished execution.
    const job_result& result() const { return result_; }

    void report(statistics& s) const;
    std::string waiting_for() const override;

private:
    void run();

    const machine& machine_;
    register_window<> registers_;
    local_kernel kernel_;
    initiator_port<64> mem_port_;
    stream_pipeline pipeline_;
    vector_job job_;
    bool running_ = false;
    timed_count commands_;
    job_result result_;
    local_kernel::event command_event_{kernel_};
    std::function<void()> progress_;
    ledger& ledger_;
    ledger::account account_;
    std::int64_t operations_ = 0, elements_ = 0, busy_ps_ = 0;
};

} // namespace cimtlm

#pragma once
/// Engines, their sequencer and their DMA: walks the tiles of a product.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/mapping/tile.h>
#include <cimtlm/modules/matrix_job.h>
#include <cimtlm/modules/stream_pipeline.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/initiator_port.h>
#include <cimtlm/tlm/register_window.h>
#include <cimtlm/tlm/timed_count.h>

#include <systemc>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cimtlm {

/// A CiM block (macros below the memory to which `mem` and `near` are bound) or a tensor core: the engine of the
/// machine decides which. Sockets: `ctrl()` (registers), `mem` (outermost memory, over the bus), `near[i]` (i-th
/// staging memory). Processes: the loader fetches held weights and staged operands, ahead where there is room; the
/// sequencer computes tiles with streaming operands; the storer sends staged results out.
///
/// Registers (32 bit): 0x0 COMMAND write n: n more tiles may run, 2^32 - 1 means all. 0x4 DONE read: tiles finished in
/// this job. 0x8 STATUS read: bit 0, a job is running, at the kernel's time. 0xc SCRATCH.
class compute_block : public sc_core::sc_module, public activity {
public:
    tlm_utils::simple_target_socket<register_window, 64>& ctrl() { return registers_.in; }
    tlm_utils::simple_initiator_socket<compute_block, 64> mem;
    sc_core::sc_vector<tlm_utils::simple_initiator_socket<compute_block, 64>> near;

    static constexpr std::uint64_t window_bytes = 0x10;
    static constexpr std::uint64_t command_offset = 0x0;
    static constexpr std::uint64_t done_offset = 0x4;
    static constexpr std::uint64_t status_offset = 0x8;
    static constexpr std::uint64_t scratch_offset = 0xc;

    /// `cost` and `energy` outlive the block.
    compute_block(const sc_core::sc_module_name& name, const cost_model& cost, ledger& energy);
    SC_HAS_PROCESS(compute_block);

    /// Hands a job to the block; its tiles run as commands arrive. Requires that no job is running.
    void load(const matrix_job& job);
    bool running() const { return running_; }
    /// Tiles of this job that are finished at `time_ps`, as far as it is known.
    std::int64_t tiles_done(std::int64_t time_ps) const { return done_.at(time_ps); }
    /// When the next tile will be finished, -1: not known yet.
    std::int64_t next_done_ps(std::int64_t time_ps) const { return done_.next_after(time_ps); }
    /// Called, like an interrupt, when the end of a tile becomes known and when a job is finished.
    void on_progress(std::function<void()> callback) { progress_ = std::move(callback); }
    /// Of the last finished job.
    const job_result& result() const { return result_; }
    /// Bytes at memories inside the engine (registers, latches), by index in machine::memories and tensor.
    const std::vector<std::array<access_bytes, 3>>& inner_bytes() const { return inner_bytes_; }

    void report(statistics& s) const;
    std::string waiting_for() const override;

private:
    /// A stretch of the loader's time, to name what a tile waited for.
    struct interval {
        std::int64_t end_ps;
        stall cause;
        lost_time lost;
    };
    struct loaded_tile {
        tile work;
        bool staged = false; // operands are in the staging memories
        bool ready = false;  // held weights are there too
        std::int64_t ready_ps = 0;
        std::vector<interval> history;
        std::int64_t write_ps = 0; // engine time for writing weights
    };
    /// A region of results to be sent from a staging memory.
    struct leaving {
        std::size_t boundary;
        tile_transfer what;
        std::int64_t after_ps;
        std::int64_t held_bytes;
    };
    /// Room that becomes free when a tile has been computed.
    struct pending_room {
        std::int64_t tile_number;
        int memory;
        std::int64_t bytes;
    };

    void load_tiles();
    void compute_tiles();
    void store_results();

    void fetch(loaded_tile& t, std::size_t boundary, std::int64_t begin, std::int64_t end);
    void stage(loaded_tile& t, std::size_t boundary);
    void await_job(std::uint64_t& seen);
    void await_command(std::int64_t tile_number);
    void await_engine(std::int64_t tile_number); // until all tiles before this one are computed
    bool computed(std::int64_t tile_number) const;
    void release_computed();
    std::int64_t held_bytes_of(std::size_t boundary, const tile_transfer& t) const;
    operand_stream stream_of(std::size_t boundary, const tile_transfer& t, bool down);
    initiator_port<64>& port_of(int memory);
    void account_engine(const tile& t);
    void account_waits(const loaded_tile& t);
    void wait_until(std::int64_t time_ps);

    const cost_model& cost_;
    const machine& machine_;
    register_window registers_;
    initiator_port<64> mem_port_;
    std::vector<std::unique_ptr<initiator_port<64>>> near_ports_;
    stream_pipeline pipeline_;
    time_base times_;

    // The job.
    matrix_job job_;
    bool running_ = false;
    std::uint64_t jobs_loaded_ = 0;
    timed_count commands_;                 // tiles that may run
    timed_count done_;                     // tiles that are finished
    std::int64_t tiles_scheduled_ = 0;     // tiles whose end is known
    std::int64_t engine_free_ps_ = 0;      // end of the last of them
    std::vector<bool> is_load_;            // by boundary
    std::vector<std::int64_t> room_bytes_; // free at each staging memory
    std::vector<std::int64_t> held_bytes_; // by boundary: region in its staging memory
    std::deque<loaded_tile> loaded_;       // staged, perhaps still waiting for weights; references stay valid
    std::deque<leaving> leaving_;
    std::deque<pending_room> pending_;
    bool storing_ = false;
    job_result result_;
    std::string loader_waits_, sequencer_waits_;

    sc_core::sc_event job_event_, command_event_, loaded_event_, scheduled_event_, leave_event_, room_event_;
    std::function<void()> progress_;

    // Counters.
    ledger& ledger_;
    ledger::account mac_account_, padding_account_, write_account_ = 0, merge_account_ = 0, bank_account_ = 0;
    std::vector<std::array<ledger::account, 3>> inner_accounts_;
    std::vector<std::array<access_bytes, 3>> inner_bytes_;
    std::int64_t macs_ = 0, executed_macs_ = 0, steps_ = 0, tiles_ = 0, jobs_ = 0, weight_bytes_ = 0;
    std::int64_t busy_ps_ = 0;
};

} // namespace cimtlm

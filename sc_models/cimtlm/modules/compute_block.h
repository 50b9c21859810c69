#pragma once
/// Engines, their sequencer and their DMA: walks the tiles of a product.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/mapping/tile.h>
#include <cimtlm/modules/mac_accounts.h>
#include <cimtlm/modules/matrix_job.h>
#include <cimtlm/modules/stream_pipeline.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/initiator_port.h>
#include <cimtlm/tlm/local_kernel.h>
#include <cimtlm/tlm/register_window.h>
#include <cimtlm/tlm/timed_count.h>

#include <systemc>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cimtlm {

/// A CiM block (macros below the memory to which `mem` and `near` are bound) or a tensor core: the engine of the
/// machine decides which. Sockets: `ctrl()` (registers), `mem` (outermost memory, over the bus), `near[i]` (i-th
/// staging memory). Processes: the loader fetches held weights and staged operands, ahead where there is room; the
/// sequencer computes tiles with streaming operands; the storer sends staged results out, and those on which the vector
/// lanes work first.
///
/// Jobs follow one another without a break: the next one may be handed over when the loader has taken up the last tile
/// of the one before, and is loaded while that is computed. A *stretch* of work lasts from the load that found the
/// block idle until it is idle again.
///
/// Registers (32 bit): 0x0 COMMAND write n: n more tiles of this stretch may run, 2^32 - 1 means all. 0x4 DONE read:
/// tiles finished in this stretch. 0x8 STATUS read: bit 0, a job is running, at the kernel's time. 0xc SCRATCH.
class compute_block : public sc_core::sc_module, public activity {
public:
    tlm_utils::simple_target_socket<register_window<>, 64>& ctrl() { return registers_.in; }
    tlm_utils::simple_initiator_socket<compute_block, 64> mem;
    sc_core::sc_vector<tlm_utils::simple_initiator_socket<compute_block, 64>> near;

    static constexpr std::uint64_t window_bytes = 0x10;
    static constexpr std::uint64_t command_offset = 0x0;
    static constexpr std::uint64_t done_offset = 0x4;
    static constexpr std::uint64_t status_offset = 0x8;
    static constexpr std::uint64_t scratch_offset = 0xc;

    /// `cost` and `energy` outlive the block.
    compute_block(const sc_core::sc_module_name& name, const cost_model& cost, ledger& energy);
    ~compute_block() override { kernel_.end(); }

    /// Hands a job to the block; its tiles run as commands arrive, or at once when the job says so. Requires
    /// can_load().
    void load(const matrix_job& job);
    /// No job waits for the loader: it is idle or has taken up the last tile of the last job.
    bool can_load() const { return loadable_; }
    /// A job is not finished: its results are not all stored.
    bool running() const { return !jobs_.empty(); }
    /// Called when can_load() turns true while the block runs.
    void on_loadable(std::function<void()> callback) { on_loadable_ = std::move(callback); }
    /// Called with the number of each job when its last result is stored, which is now.
    void on_finished(std::function<void(std::int64_t number)> callback) { on_finished_ = std::move(callback); }
    /// Tiles of this stretch that are finished at `time_ps`, as far as it is known.
    std::int64_t tiles_done(std::int64_t time_ps) const { return done_.at(time_ps); }
    /// When the next tile will be finished, -1: not known yet.
    std::int64_t next_done_ps(std::int64_t time_ps) const { return done_.next_after(time_ps); }
    /// Called, like an interrupt, when the end of a tile becomes known and when the block is idle again.
    void on_progress(std::function<void()> callback) { progress_ = std::move(callback); }
    /// Of the last finished stretch; with one job in it, of that job.
    const job_result& result() const { return result_; }
    /// Since the beginning: multiply-accumulates, and bytes of weights written into arrays.
    std::int64_t macs() const { return macs_; }
    std::int64_t weight_bytes() const { return weight_bytes_; }
    /// Bytes at memories inside the engine (registers, latches), by index in machine::memories and tensor.
    const std::vector<std::array<access_bytes, 3>>& inner_bytes() const { return inner_bytes_; }

    /// Listens to refused transfers of the outermost memory instead of SC_REPORT_FATAL. Whoever listens restarts the
    /// kernel, at once or, when true is returned, later: the job goes on without these bytes until then.
    void on_failure(std::function<bool(const transfer_request&)> listener);
    /// Where its processes run; whoever drives the block in local time spawns there.
    local_kernel& kernel() { return kernel_; }
    /// Forgets all jobs; only while no process of the block is under way (between the two lives of kernel().restart()).
    void abort();

    void report(statistics& s) const;
    std::string waiting_for() const override;

private:
    /// A stretch of the loader's time, to name what a tile waited for.
    struct interval {
        std::int64_t end_ps;
        stall cause;
        lost_time lost;
    };
    /// What all transfers over one boundary of a job have in common.
    struct flow {
        tensor t;
        bool load;        // complete before the tile begins
        bool from_module; // the parent is a module: transactions
        bool to_module;   // likewise the child
        std::size_t parent;
        int child;             // -1: the engine
        bool packed;           // stored in the order of the tiles
        dim rows, columns;     // of the operand
        int bits;              // of an element in the outermost memory
        int held_bits;         // and in the child
        operand_stream stream; // from the parent, or up to it
        operand_stream fill;   // into the child
        std::int64_t held_bytes = 0;
    };
    /// A job on its way through the block.
    struct active_job {
        matrix_job given;
        extents whole;
        std::vector<flow> flows; // by boundary
        mac_accounts macs;
        double slices = 1;
        std::int64_t input_slices = 1;
        std::int64_t banks = 1;
        std::int64_t leaving = 0;      // regions of results on their way out
        std::int64_t streamed_ps = -1; // when the last streamed result is stored; -1: not known yet
    };
    struct loaded_tile {
        active_job* job = nullptr;
        std::int64_t number = 0; // in this stretch
        tile work;
        bool staged = false; // operands are in the staging memories
        bool ready = false;  // held weights are there too
        std::int64_t ready_ps = 0;
        std::vector<interval> history;
        std::int64_t write_ps = 0; // engine time for writing weights
        std::int64_t end_ps = 0;   // of its computation, once scheduled
    };
    /// A region of results to be sent by the storer.
    struct leaving {
        active_job* job;
        std::size_t boundary;
        tile_transfer what;
        std::int64_t after_ps;
        bool staged; // from a staging memory, otherwise from the engine
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

    mac_accounts macs_of(const gemm& g) { return {ledger_, cost_.mac_part(), cost_.mac_charges(g)}; }
    flow flow_of(const active_job& job, const boundary& b);
    void begin_stretch();
    void end_stretch();
    void retire();
    void retire_jobs();
    void fetch(loaded_tile& t, std::size_t boundary, const operand_stream& source, std::int64_t begin,
               std::int64_t end);
    void stage(loaded_tile& t, std::size_t boundary);
    void give_back(const loaded_tile& last);
    void await_command(std::int64_t tile_number);
    void await_engine(std::int64_t tile_number); // until all tiles before this one are computed
    bool computed(std::int64_t tile_number) const;
    void release_computed();
    loaded_tile& tile_at(std::int64_t number) { return loaded_[static_cast<std::size_t>(number) % loaded_.size()]; }
    loaded_tile& await_tile();
    void collect_streams(const loaded_tile& t);
    void compute(loaded_tile& t);
    void await_registers(const loaded_tile& t);
    void send_results(const loaded_tile& t);
    void settle_streamed(std::int64_t time_ps);
    bool has_epilogue(const active_job& job, std::size_t boundary, const tile_transfer& t) const;
    bool passes_lanes(const active_job& job, std::size_t boundary, const tile_transfer& t) const;
    operand_stream epilogue_stream(const active_job& job, const tile_transfer& t);
    std::int64_t count_epilogue(const active_job& job, const tile_transfer& t);
    std::int64_t through_lanes(const active_job& job, const tile_transfer& t);
    static bool finished(const active_job& job, const tile_transfer& t);
    std::optional<operand_stream> initial_stream(const active_job& job, const tile& t);
    void compute_data(const loaded_tile& t, std::int64_t part, std::int64_t parts);
    static std::int64_t held_bytes_of(const flow& f, const tile_transfer& t);
    operand_stream stream_of(const active_job& job, std::size_t boundary, const tile_transfer& t, bool down) const;
    initiator_port<64>& port_of(int memory);
    void account_engine(const active_job& job, const tile& t);
    void account_waits(const loaded_tile& t);

    const cost_model& cost_;
    const machine& machine_;
    register_window<> registers_;
    local_kernel kernel_;
    initiator_port<64> mem_port_;
    std::vector<std::unique_ptr<initiator_port<64>>> near_ports_;
    stream_pipeline pipeline_;

    // The stretch of work.
    std::deque<active_job> jobs_;  // not finished, oldest first; references stay valid
    active_job* handed_ = nullptr; // the loader has not taken it up yet
    bool loadable_ = true;
    timed_count commands_;             // tiles that may run
    timed_count done_;                 // tiles that are finished
    std::int64_t commands_used_ = 0;   // tiles that took one
    std::int64_t tiles_taken_ = 0;     // tiles that the loader has taken up
    std::int64_t tiles_scheduled_ = 0; // tiles whose end is known
    // One tile is computed or waits for weights, the next is loaded: by number.
    std::array<loaded_tile, 2> loaded_;
    std::vector<operand_stream> streams_;  // of the tile that is computed
    active_job* unsent_ = nullptr;         // its last results wait in the pipeline
    std::vector<std::int64_t> room_bytes_; // free at each staging memory
    std::deque<leaving> leaving_;          // the first one may be on its way
    std::deque<pending_room> pending_;
    std::int64_t in_registers_ = 0; // regions of results that leave from the engine through the lanes
    std::int64_t lanes_free_ps_ = 0;
    job_result result_;
    std::string_view loader_waits_, loader_waits_at_, sequencer_waits_; // in words

    local_kernel::event job_event_{kernel_}, command_event_{kernel_}, loaded_event_{kernel_}, scheduled_event_{kernel_},
        leave_event_{kernel_}, room_event_{kernel_}, retire_event_{kernel_}, never_{kernel_};
    std::function<void()> progress_, on_loadable_;
    std::function<void(std::int64_t)> on_finished_;

    // Counters.
    ledger& ledger_;
    mac_accounts nominal_macs_;
    ledger::account padding_account_, write_account_ = 0, merge_account_ = 0, bank_account_ = 0;
    std::optional<ledger::account> issue_account_, overhead_account_;
    std::optional<ledger::account> lanes_account_; // opened by the first job that uses the lanes
    std::vector<std::array<ledger::account, 3>> inner_accounts_;
    std::vector<std::array<access_bytes, 3>> inner_bytes_;
    std::int64_t macs_ = 0, executed_macs_ = 0, steps_ = 0, tiles_ = 0, jobs_finished_ = 0, weight_bytes_ = 0;
    std::int64_t busy_ps_ = 0;
    double epilogue_operations_ = 0;
};

} // namespace cimtlm

#pragma once
/// Operands that stream through an engine while it computes.
#include <cimtlm/base/stalls.h>
#include <cimtlm/tlm/initiator_port.h>
#include <cimtlm/tlm/local_kernel.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace cimtlm {

/// One operand of a tile: `bytes` in rows of `segment_bytes` every `stride_bytes` from `address`, or contiguous.
struct operand_stream {
    initiator_port<64>* port = nullptr;
    bool write = false;
    int operand = operand_none;
    transfer_kind kind = transfer_kind::unspecified;
    std::uint64_t address = 0;
    std::int64_t bytes = 0;
    std::int64_t segment_bytes = 0; ///< 0: contiguous
    std::int64_t stride_bytes = 0;
    std::int64_t window_bytes = 0; ///< the stream stays in so many bytes (of its rows) and begins anew; 0: no limit
    std::int64_t rows = 0;         ///< of results: a chunk sends those whose inputs it has; 0: as many bytes as others
    bool at_once = false;          ///< all of it comes with the first chunk
    storage* image = nullptr;      ///< as in transfer_request
    stall cause = stall::input_wait;
};

/// The first `part` of `parts` equal shares of `whole`, without overflow of the product.
inline std::int64_t part_of(std::int64_t whole, std::int64_t part, std::int64_t parts) {
    return whole / parts * part + whole % parts * part / parts;
}

/// Bytes of a stream that one transaction may carry.
std::int64_t most_at_once(const operand_stream& s, std::int64_t arbitration_bytes);
/// Where the transaction that begins at byte `at` of a stream ends: after whole rows, or within a row that is longer
/// than `most`.
std::int64_t piece_end(const operand_stream& s, std::int64_t at, std::int64_t end, std::int64_t most);
/// The request for bytes [begin, end) of a stream, at most most_at_once of them. It never leaves the rows and the
/// window of the stream.
transfer_request slice_of(const operand_stream& s, std::int64_t begin, std::int64_t end);

/// Cuts the work of a tile into chunks of at most `arbitration_bytes` an operand. A chunk's inputs are fetched while
/// the chunk before is computed, its results leave while the next one is; a chunk takes the longest of computing,
/// inputs and results. Two chunks are on their way at a time, so that what one loses behind a taken port the other
/// uses. Between chunks others get their turn on the ports. One wait a chunk. Work may follow without a break: the
/// results of the tile before leave with the first chunk of the next.
/// The time line of the engine is contiguous: every picosecond is computing or a stall with a name.
class stream_pipeline {
public:
    /// `kernel` has the process that calls run().
    stream_pipeline(local_kernel& kernel, std::int64_t arbitration_bytes)
        : kernel_(kernel)
        , arbitration_bytes_(arbitration_bytes) {}

    /// Begins a new job at the present time.
    void start();
    /// The engine is idle until `time_ps`: the gap is the caller's to name. No effect for times before end_ps().
    void idle_until(std::int64_t time_ps);
    /// Counts `ps` as computing that happened in a gap (writing weights); the caller ends the gap with idle_until.
    void compute_outside(std::int64_t ps) { computed_ps_ += ps; }
    /// Computes for `compute_ps` in `steps` steps with these operands. Called from a process; returns when the last
    /// inputs have been asked for, which may be before end_ps(). `held` is called once, when the first inputs are on
    /// their way: it returns when the held operands are there and accounts for the wait (idle_until). `arrived` is
    /// called for each chunk when its inputs, part / parts of all, have been asked for and so are there as data.
    void run(const std::vector<operand_stream>& streams, std::int64_t compute_ps, std::int64_t steps,
             const std::function<void()>& held = {},
             const std::function<void(std::int64_t part, std::int64_t parts)>& arrived = {});
    /// Lets the last results leave; returns when they have.
    void flush();
    /// Sends the last results without waiting for them; returns when they are stored, in ps. Requires that
    /// may_send_ps() has come.
    std::int64_t send_results();
    /// When the ports take the last results, in ps.
    std::int64_t may_send_ps() const;
    /// When all results that were sent so far are stored, in ps.
    std::int64_t sent_ps() const { return sent_ps_; }

    /// When the last computation ends, in ps.
    std::int64_t end_ps() const { return end_ps_; }
    /// Time computed in this job, in ps.
    std::int64_t computed_ps() const { return computed_ps_; }
    const stall_account& stalls() const { return stalls_; }
    stall_account& stalls() { return stalls_; }

private:
    struct chunk_result;
    void issue(const operand_stream& s, std::int64_t begin, std::int64_t end, chunk_result& r);

    local_kernel& kernel_;
    std::int64_t arbitration_bytes_;
    std::int64_t begin_ps_ = 0;             // of the last chunk's computation
    std::int64_t end_ps_ = 0;               // likewise
    std::int64_t ports_free_ps_ = 0;        // all ports are done with the last chunk
    std::int64_t ports_free_before_ps_ = 0; // and with the one before
    std::int64_t computed_ps_ = 0;
    std::int64_t sent_ps_ = 0;
    stall_account stalls_;
    struct slice {
        operand_stream stream;
        std::int64_t begin, end;
    };
    std::vector<slice> results_; // of the last chunk, not yet sent
    std::vector<slice> leaving_; // of the one before
};

} // namespace cimtlm

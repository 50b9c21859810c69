#pragma once
/// An initiator that measures: dependent or overlapping requests after a pattern, and how long they take.
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/initiator_port.h>
#include <cimtlm/tlm/time_base.h>

#include <systemc>
#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace cimtlm {

/// Fills in the next request of a pattern; false when there is none.
using request_source = std::function<bool(transfer_request&)>;

/// A pointer chase: reads of 8 bytes, one in each line of `line_bytes` of [0, working_set_bytes), in the order of one
/// random cycle through all lines, again and again; `count` of them in all. The same seed gives the same cycle.
/// Requires 0 < line_bytes <= working_set_bytes, at most 2^32 lines.
class pointer_chase {
public:
    pointer_chase(std::uint64_t working_set_bytes, std::uint64_t line_bytes, std::uint64_t seed = 1);
    /// The next `count` reads, from where earlier ones ended. Refers to this chase.
    request_source next(std::uint64_t count);

private:
    std::uint64_t line_bytes_;
    std::vector<std::uint32_t> next_line_;
    std::uint32_t at_ = 0;
};

/// A share of a stream through [address, address + working_set_bytes), block by block and again from its begin: of
/// the blocks that `sharers` initiators move in turn those of initiator `sharer`, `count` of them. The last block of a
/// round is as long as what is left.
struct stream_share {
    std::uint64_t working_set_bytes = 0;
    std::uint64_t block_bytes = 4096;
    std::uint64_t count = 0;
    std::uint64_t sharer = 0, sharers = 1;
    std::uint64_t address = 0;
    bool write = false;
    request_source source() const;
};

/// Sockets mem[0..paths-1], all to be bound: ways to memories. One pattern at a time.
class access_probe : public sc_core::sc_module, public activity {
public:
    /// Of the requests of one pattern.
    struct figures {
        std::uint64_t requests = 0, bytes = 0;
        std::int64_t begin_ps = 0, end_ps = 0;        ///< first request, last answer
        std::int64_t delay_ps = 0;                    ///< sum over the requests
        std::int64_t shortest_ps = 0, longest_ps = 0; ///< of one request
    };

    sc_core::sc_vector<tlm_utils::simple_initiator_socket<access_probe, 64>> mem;

    /// `initiator` is its identity in statistics of others.
    explicit access_probe(const sc_core::sc_module_name& name, unsigned paths = 1, int initiator = -1);

    /// Issues the requests of `next` by mem[path], at most `in_flight` of them at once; with 1 each waits for the one
    /// before. Starts in the next delta cycle. Throws std::logic_error while busy().
    void start(request_source next, unsigned path = 0, std::size_t in_flight = 1);
    bool busy() const { return busy_; }
    /// Of the last pattern, complete when not busy().
    const figures& measured() const { return figures_; }
    std::string waiting_for() const override;

    SC_HAS_PROCESS(access_probe);

private:
    void run();
    void wait_for_answer();

    std::deque<initiator_port<64>> ports_;
    request_source next_;
    unsigned path_ = 0;
    std::size_t in_flight_ = 1;
    bool busy_ = false;
    std::vector<std::int64_t> answers_ps_; // of requests under way
    sc_core::sc_event started_;
    figures figures_;
    time_base times_;
};

} // namespace cimtlm

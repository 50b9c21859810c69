#pragma once
/// The DMA between a device's CiM block and system memory on a foreign bus.
#include <cimtlm/base/statistics.h>
#include <cimtlm/machine/device.h>
#include <cimtlm/modules/bus_model.h>
#include <cimtlm/modules/dma_pieces.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/initiator_port.h>
#include <cimtlm/tlm/local_kernel.h>
#include <cimtlm/tlm/time_base.h>
#include <cimtlm/tlm/transfer_extension.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace cimtlm {

/// Takes the block's transfers at `in` and sends them as payloads from `out`.
///
/// Split operand, blocking: a transfer is passed on as it is and `bytes_per_cycle` is a hop through which it cuts;
/// nothing else limits it. Otherwise it becomes pieces of its own payloads, which carry the transfer's operand, kind,
/// initiator and timing_only. Transfers of one direction go one after another, of both directions side by side. A
/// piece starts when the port is free (bytes / bytes_per_cycle of the piece before) and fewer than `outstanding`
/// pieces of its direction are under way.
///
/// Blocking: in local time, by annotation. A target that waits is served, one piece at a time; the processes of the
/// kernel stand still meanwhile, so that non-blocking is the better choice for it.
/// Non-blocking: in the kernel's time, in which the calling process is suspended; only processes of the local kernel
/// may call. Payloads come from a pool and carry their own data until they are answered.
///
/// The first error ends a transfer: pieces under way are awaited, no others are sent, and it gets their status. Refused
/// with a status: byte enables where a transfer is split. Direct memory access is not used: each piece would have to be
/// asked for and its latency trusted, for nothing but simulation speed; debug accesses are passed on.
template <unsigned BUSWIDTH = 32> class dma : public sc_core::sc_module, public activity {
public:
    tlm_utils::simple_target_socket<dma, 64> in;           ///< transfers of the block (b_transport only), debug
    tlm_utils::simple_initiator_socket<dma, BUSWIDTH> out; ///< system memory

    /// `kernel`: in whose local time the block's processes call; outlives the DMA. Throws input_error for parameters
    /// that make no sense.
    dma(const sc_core::sc_module_name& name, const device_dma_parameters& p, double cycle_ps, local_kernel& kernel);
    /// Ends the kernel's processes: their stacks refer to the transfers here.
    ~dma() override { kernel_.end(); }

    /// Bytes of payloads at `out` that were served.
    std::int64_t bytes_read() const { return bytes_[false]; }
    std::int64_t bytes_written() const { return bytes_[true]; }
    /// Transfers that were not sent and payloads at `out` that were refused.
    std::int64_t errors() const { return errors_; }
    void report(statistics& s) const;
    std::string waiting_for() const override;
    /// Forgets transfers under way; only while no process is (local_kernel::restart). Late responses are swallowed.
    void abort();

private:
    struct transfer;
    struct flight {
        transfer* owner; // null: forgotten
        pooled_payload* payload;
        std::uint64_t offset;
        std::int64_t start_ps, own_ps;
    };
    // One direction's share of the port.
    struct way {
        std::int64_t free_ps = 0;            // the port has sent the last piece
        std::int64_t end_ps = 0;             // the last data has come through it
        std::int64_t under_way = 0;          // not yet answered
        std::deque<std::int64_t> answers_ps; // times of answers that count until then
        std::deque<transfer*> turn;          // transfers with pieces left to send, in order
    };

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    unsigned transport_dbg(tlm::tlm_generic_payload& payload);
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);

    void pass(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    void move_blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    void move_non_blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    dma_pieces pieces_of(const tlm::tlm_generic_payload& payload, const transfer_extension* e) const;
    pooled_payload& prepare(const tlm::tlm_generic_payload& whole, const transfer_extension* e,
                            const dma_pieces::piece& p, unsigned char* data);
    burst_timing through_port(way& w, const tlm::tlm_generic_payload& p, const transfer_extension& e,
                              std::int64_t own_ps, std::int64_t answer_ps) const;
    void count(const tlm::tlm_generic_payload& payload);
    void await_room(transfer& t);
    void send(transfer& t, const dma_pieces::piece& p);
    void end_request(const tlm::tlm_generic_payload& payload, std::int64_t time_ps);
    void end_response(const tlm::tlm_generic_payload& payload, std::int64_t time_ps);
    void release_answered();

    std::string part_;
    device_dma_parameters parameters_;
    double cycle_ps_;
    local_kernel& kernel_;
    bus_model port_; // for what is passed on as it is
    way ways_[2];    // read, write
    payload_pool pool_;
    std::unordered_map<const tlm::tlm_generic_payload*, flight> flights_;
    std::vector<pooled_payload*> answered_;                // to be released when the target has returned
    const tlm::tlm_generic_payload* requesting_ = nullptr; // between BEGIN_REQ and its end
    std::int64_t request_free_ps_ = 0;
    local_kernel::event changed_; // room for a request
    std::int64_t calls_ = 0;      // of blocking transport, under way
    std::int64_t bytes_[2] = {};
    std::int64_t payloads_[2] = {};
    std::int64_t transfers_ = 0;
    std::int64_t errors_ = 0;
    time_base times_;
};

extern template class dma<32>;
extern template class dma<64>;

} // namespace cimtlm

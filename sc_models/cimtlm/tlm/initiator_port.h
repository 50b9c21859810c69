#pragma once
/// How our initiators move bytes: one loosely timed transaction, its delay and where the delay comes from.
#include <cimtlm/tlm/local_kernel.h>
#include <cimtlm/tlm/storage.h>
#include <cimtlm/tlm/time_base.h>
#include <cimtlm/tlm/transfer_extension.h>

#include <systemc>
#include <tlm>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace cimtlm {

/// One transfer.
struct transfer_request {
    tlm::tlm_command command = tlm::TLM_READ_COMMAND;
    std::uint64_t address = 0;
    std::uint64_t bytes = 0; ///< total of all segments
    int operand = operand_none;
    transfer_kind kind = transfer_kind::unspecified;
    std::uint64_t segment_bytes = 0; ///< 0: contiguous
    std::uint64_t stride_bytes = 0;
    unsigned char* data = nullptr; ///< the bytes; null: timing only, into a buffer of the port's, unless there is
    storage* image = nullptr; ///< where bytes read are kept and bytes written come from, by address, segments apart
};

/// What came of it. delay_ps = latencies of the hops + service_ps + queue_ps + row_ps + refresh_ps.
struct transfer_result {
    std::int64_t delay_ps = 0; ///< until the last byte (read) or its acknowledgement (write)
    std::int64_t queue_ps = 0;
    std::int64_t row_ps = 0;
    std::int64_t refresh_ps = 0;
    std::int64_t service_ps = 0;
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    bool ok() const { return status > 0; }
};

/// A payload with its extension and a buffer.
class pooled_payload : public tlm::tlm_generic_payload {
public:
    explicit pooled_payload(tlm::tlm_mm_interface* pool)
        : tlm::tlm_generic_payload(pool) {
        set_extension(&extension);
    }
    ~pooled_payload() override { clear_extension(&extension); }
    transfer_extension extension;
    std::vector<unsigned char>
        buffer; ///< as long as its longest burst so far; its own, since a target may take its time
};

/// Payloads, reused. One that someone else still holds is not handed out.
class payload_pool : public tlm::tlm_mm_interface {
public:
    payload_pool() = default;
    payload_pool(const payload_pool&) = delete;
    payload_pool& operator=(const payload_pool&) = delete;
    /// A payload with one reference taken; give it back with release().
    pooled_payload& take();
    /// Called by the last release().
    void free(tlm::tlm_generic_payload* payload) override;
    /// Payloads ever made.
    std::size_t size() const { return all_.size(); }

private:
    std::vector<std::unique_ptr<pooled_payload>> all_;
    std::vector<pooled_payload*> idle_;
};

/// What to do when a transfer fails: in our own platforms it is a bug of the model, unless somebody listens.
enum class on_error { fatal, return_status };

/// A module's view of its initiator socket. The port never waits: the caller waits for delay_ps, or for the longest of
/// several. Transfers start at zero local offset, those of processes in local time as far ahead as these are. A target
/// that waits is served: the time that passes is part of the delay.
template <unsigned BUSWIDTH = 64> class initiator_port {
public:
    /// `socket` belongs to the caller and outlives the port, as `kernel` does, in whose local time the caller's
    /// processes are (null: SystemC's); `initiator` is its identity in statistics.
    explicit initiator_port(tlm::tlm_initiator_socket<BUSWIDTH>& socket, int initiator = -1,
                            const local_kernel* kernel = nullptr)
        : socket_(socket)
        , kernel_(kernel)
        , initiator_(initiator) {}

    /// Moves request.bytes by b_transport. A response error is SC_REPORT_FATAL naming the socket, the command,
    /// the range and the status, unless the caller handles it.
    transfer_result transfer(const transfer_request& request, on_error handling = on_error::fatal);
    /// Listens to errors instead: called before transfer() returns, for those that the caller does not handle.
    void on_failure(std::function<void(const transfer_request&)> listener) { failed_ = std::move(listener); }

private:
    tlm::tlm_initiator_socket<BUSWIDTH>& socket_;
    const local_kernel* kernel_;
    std::function<void(const transfer_request&)> failed_;
    int initiator_;
    time_base times_;
    payload_pool pool_;
};

extern template class initiator_port<32>;
extern template class initiator_port<64>;

} // namespace cimtlm

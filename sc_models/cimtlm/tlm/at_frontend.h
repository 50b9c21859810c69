#pragma once
/// Approximately timed front-end of a target: the four phases on top of b_transport.
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/time_base.h>

#include <systemc>
#include <tlm>

#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <string>
#include <vector>

namespace cimtlm {

/// Serves BEGIN_REQ through a b_transport that does not wait. END_REQ follows one request interval after the
/// request's begin, long before the response, so that initiators that allow one request until END_REQ are
/// pipelined as the memory is. Where both are due in one
/// moment BEGIN_RESP comes alone and ends the request, too. BEGIN_RESP comes at completion, of equal completions the
/// earlier arrival first; one response at a time until END_RESP. A payload with a memory manager is acquired until the
/// end of its response. BEGIN_REQ always returns TLM_ACCEPTED: hosts lose a response that is in TLM_COMPLETED, and some
/// ignore what is returned with TLM_UPDATED. Requests that break the exclusion rule are served one after another. The
/// address is that of BEGIN_REQ, whatever a bus makes of the attribute afterwards.
class at_frontend : public sc_core::sc_module, public activity {
public:
    /// The target's b_transport; must not wait.
    using service_function = std::function<void(tlm::tlm_generic_payload&, sc_core::sc_time&)>;
    /// nb_transport_bw of the target's socket.
    using backward_function =
        std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&)>;

    /// One request is accepted every `request_interval_ps` (0: as fast as they come, one a delta cycle).
    at_frontend(const sc_core::sc_module_name& name, service_function service, backward_function backward,
                std::int64_t request_interval_ps);
    SC_HAS_PROCESS(at_frontend);

    /// To be registered at the target's socket.
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);

    /// Requests between BEGIN_REQ and the end of their response.
    std::size_t outstanding() const { return outstanding_; }
    std::string waiting_for() const override;

private:
    enum class step { begin_request, end_request, response_ready };
    struct entry {
        std::int64_t time_ps;
        std::uint64_t order; // of arrival, so that equal times keep their order
        step what;
        tlm::tlm_generic_payload* payload;
        std::uint64_t address = 0; // of a request, as it came
    };
    struct later {
        bool operator()(const entry& a, const entry& b) const {
            return a.time_ps != b.time_ps ? a.time_ps > b.time_ps : a.order > b.order;
        }
    };

    void run();
    void perform(const entry& e, std::int64_t now_ps);
    void respond(std::int64_t now_ps);
    void end_response(std::int64_t free_at_ps, std::int64_t now_ps);
    void wake_at(std::int64_t time_ps, std::int64_t now_ps);

    service_function service_;
    backward_function backward_;
    std::int64_t interval_ps_;
    time_base times_;
    sc_core::sc_event wake_;
    std::priority_queue<entry, std::vector<entry>, later> agenda_;
    std::deque<tlm::tlm_generic_payload*> ready_;    // completed, waiting for the response channel
    tlm::tlm_generic_payload* responding_ = nullptr; // between BEGIN_RESP and END_RESP
    std::int64_t request_free_ps_ = 0;
    std::int64_t response_free_ps_ = 0;
    std::uint64_t arrivals_ = 0;
    std::size_t outstanding_ = 0;
};

} // namespace cimtlm

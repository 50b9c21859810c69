#pragma once
/// An initiator for tests: calls from outside and from processes, four phases with a policy for each answer.
#include <cimtlm/tlm/transfer_extension.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace testkit {

/// A memory manager that deletes at the last release and counts.
class counting_manager : public tlm::tlm_mm_interface {
public:
    void free(tlm::tlm_generic_payload* payload) override {
        ++freed;
        delete payload;
    }
    int freed = 0;
};

/// Fills a payload for one access.
inline void fill(tlm::tlm_generic_payload& p, tlm::tlm_command command, std::uint64_t address, unsigned char* data,
                 unsigned length) {
    p.set_command(command);
    p.set_address(address);
    p.set_data_ptr(data);
    p.set_data_length(length);
    p.set_streaming_width(length);
    p.set_byte_enable_ptr(nullptr);
    p.set_byte_enable_length(0);
    p.set_dmi_allowed(false);
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
}

/// What does not depend on the width of an initiator's socket.
class initiator_calls {
public:
    using backward = std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&)>;

    backward on_backward; ///< answers nb_transport_bw
    std::vector<std::pair<std::uint64_t, std::uint64_t>> invalidated;

    virtual ~initiator_calls() = default;
    /// The way to the target.
    virtual tlm::tlm_fw_transport_if<>& path() = 0;

    /// One b_transport; returns the delay's growth in ps.
    std::int64_t transport(tlm::tlm_generic_payload& p, std::int64_t delay_ps = 0) {
        sc_core::sc_time delay(static_cast<double>(delay_ps), sc_core::SC_PS);
        path().b_transport(p, delay);
        return static_cast<std::int64_t>(delay.value()) - delay_ps;
    }
    /// The same with a payload made here. `status` gets the response.
    std::int64_t access(tlm::tlm_command command, std::uint64_t address, std::vector<unsigned char>& data,
                        tlm::tlm_response_status* status = nullptr, std::int64_t delay_ps = 0) {
        tlm::tlm_generic_payload p;
        fill(p, command, address, data.data(), static_cast<unsigned>(data.size()));
        const std::int64_t grown = transport(p, delay_ps);
        if (status) *status = p.get_response_status();
        return grown;
    }
};

template <unsigned BUSWIDTH = 64> class initiator : public sc_core::sc_module, public initiator_calls {
public:
    tlm_utils::simple_initiator_socket<initiator, BUSWIDTH> out;

    explicit initiator(const sc_core::sc_module_name& name)
        : sc_core::sc_module(name)
        , out("out") {
        out.register_nb_transport_bw(this, &initiator::nb_transport_bw);
        out.register_invalidate_direct_mem_ptr(this, &initiator::invalidate);
    }
    tlm::tlm_fw_transport_if<>& path() override { return *out.operator->(); }

private:
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
        return on_backward ? on_backward(p, phase, delay) : tlm::TLM_ACCEPTED;
    }
    void invalidate(sc_dt::uint64 begin, sc_dt::uint64 end) { invalidated.push_back({begin, end}); }
};

/// Runs a function in an SC_METHOD at a time, or in an SC_THREAD from time zero.
class process : public sc_core::sc_module {
public:
    process(const sc_core::sc_module_name& name, std::function<void()> body, bool thread)
        : sc_core::sc_module(name)
        , body_(std::move(body)) {
        if (thread) {
            SC_THREAD(run);
        } else {
            SC_METHOD(run);
        }
    }
    SC_HAS_PROCESS(process);

private:
    void run() { body_(); }
    std::function<void()> body_;
};

inline std::int64_t now_ps() { return static_cast<std::int64_t>(sc_core::sc_time_stamp().value()); }
inline void wait_ps(std::int64_t ps) { sc_core::wait(static_cast<double>(ps), sc_core::SC_PS); }

} // namespace testkit

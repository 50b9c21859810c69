#pragma once
/// One CiM macro on a bus: a target of its own.
#include <cimtlm/base/calendar.h>
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/macro/published_macro.h>
#include <cimtlm/modules/crossbar_macro_model.h>
#include <cimtlm/tlm/access_check.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/register_file.h>
#include <cimtlm/tlm/time_base.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace cimtlm {

/// Registers (cim_registers.h, "Bare macro") at `base_address`, then weights, inputs and outputs, each from a 4 KiB
/// boundary on; the registers tell where. An access lies in one of them, or it is refused with ADDRESS. Registers take
/// a cycle. Memories share a port as wide as the bus: a cycle, waiting for the port and a cycle for each BUSWIDTH bits;
/// a write of weights holds it for as long as the array takes. What the guest does wrong is an error code.
///
/// Direct memory access: inputs always, since a start takes them along. Outputs while no product runs; weights then,
/// too, but for reading only: a pointer would pay neither time nor energy of a write. A start takes both back. Never
/// the registers.
template <unsigned BUSWIDTH = 32> class crossbar_macro : public sc_core::sc_module, public activity {
public:
    tlm_utils::simple_target_socket<crossbar_macro, BUSWIDTH> in;

    /// Energy goes to `energy` under the part `name`. `basis`: the reading of the engine's MAC energy. Throws
    /// input_error as crossbar_macro_model does.
    crossbar_macro(const sc_core::sc_module_name& name, std::shared_ptr<const engine> e, double cycle_ps,
                   ledger& energy, std::uint64_t base_address = 0, energy_basis basis = energy_basis::operation);
    /// A macro of a paper.
    crossbar_macro(const sc_core::sc_module_name& name, const published_macro_parameters& parameters, double cycle_ps,
                   ledger& energy, std::uint64_t base_address = 0, energy_basis basis = energy_basis::operation);
    SC_HAS_PROCESS(crossbar_macro);

    /// Called with the level of the interrupt whenever it changes: raised by a process of the macro when it is due,
    /// lowered from within the access that clears or disables it, so that a host ahead of the kernel sees no more of
    /// it.
    void on_interrupt(std::function<void(bool)> callback) { on_interrupt_ = std::move(callback); }
    bool interrupt() const { return line_; }

    /// Bytes of addresses from base_address on.
    std::uint64_t size_bytes() const { return rules_.size_bytes; }
    const crossbar_macro_model& model() const { return model_; }
    /// Requests refused with an error response.
    std::uint64_t refused() const { return refused_; }
    void report(statistics& s) const;
    std::string waiting_for() const override;

private:
    using region = crossbar_macro_model::region;
    /// A memory in the window.
    struct place {
        region what;
        std::uint64_t first, bytes;
    };

    void add_registers();
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
    unsigned transport_dbg(tlm::tlm_generic_payload& payload);
    tlm::tlm_response_status check(const tlm::tlm_generic_payload& payload) const;
    const place* find(std::uint64_t offset) const; // null: not a memory
    std::uint64_t offset(const tlm::tlm_generic_payload& payload) const {
        return payload.get_address() - rules_.base_address;
    }
    void access(const place& p, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    bool may_point(region r, bool write) const;
    void take_back_pointers();
    void update_interrupt();
    void interrupt_changed(std::int64_t time_ps);

    std::string part_;
    crossbar_macro_model model_;
    access_rules rules_;
    std::int64_t access_ps_;
    double cycle_ps_;
    register_file registers_;
    std::array<place, 3> places_;
    calendar port_;
    std::uint32_t enabled_ = 0; // interrupts
    bool line_ = false;
    bool pointers_given_ = false;
    std::uint64_t refused_ = 0;
    std::function<void(bool)> on_interrupt_;
    sc_core::sc_event interrupt_event_;
    time_base times_;
    at_frontend frontend_;
};

extern template class crossbar_macro<32>;
extern template class crossbar_macro<64>;

} // namespace cimtlm

#pragma once
/// The on-chip bus or crossbar: decodes addresses and takes its share of time and energy.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/modules/bus_model.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/time_base.h>
#include <cimtlm/tlm/transfer_extension.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cimtlm {

/// Sockets in[0..n_in-1] and out[0..n_out-1], all to be bound. A transaction pays the latency twice, there and back.
/// Unmapped addresses, and bursts that leave their window, get TLM_ADDRESS_ERROR_RESPONSE after the way there and
/// back. Debug, DMI and its invalidation are passed on with addresses translated both ways. Non-blocking requests
/// are taken by an approximately timed front-end per input and passed on by b_transport, so that targets behind the
/// bus must not wait in it. Energy goes to `energy` under the part `name`, action transfer, by bytes.
template <unsigned BUSWIDTH = 64> class bus : public sc_core::sc_module, public activity {
public:
    sc_core::sc_vector<tlm_utils::simple_target_socket_tagged<bus, BUSWIDTH>> in;
    sc_core::sc_vector<tlm_utils::simple_initiator_socket_tagged<bus, BUSWIDTH>> out;

    bus(const sc_core::sc_module_name& name, const bus_parameters& parameters, double cycle_ps, ledger& energy,
        unsigned n_in, unsigned n_out);

    /// Leads `size_bytes` (0: to the end of the address space) from `base` to out[target]; with `relative` the
    /// target sees addresses from 0. With several `sides` the target has a socket for each, at outputs from `target`
    /// on, as a cache has one a partition. Throws input_error for an overlap, an overflow or a missing output.
    void map(std::uint64_t base, std::uint64_t size_bytes, unsigned target, bool relative = true, unsigned sides = 1);
    /// Where in[input] stands: it reaches windows with several sides by output target + side (or the last). At first
    /// all stand at side 0.
    void set_side(unsigned input, unsigned side) { sides_.at(input) = side; }

    /// With parameters.multicast a read of out[target], plain memory, is answered by the response to another input's
    /// read of exactly the same bytes that is still on its way: the target is not asked, only the channel of the
    /// reader's port and the energy of the bytes are taken, and the last byte comes no earlier than the other's. A
    /// write to any of the bytes ends that. Payloads get their data by a debug read unless they say `timing_only`;
    /// reads with byte enables always ask the target. Registers must not be allowed: a read of them may have effects.
    void allow_multicast(unsigned target) { shares_reads_.at(target) = true; }

    void report(statistics& s) const;
    const bus_model& model() const { return model_; }
    /// Bytes carried: read (towards initiators) or written.
    std::uint64_t bytes(bool write) const { return bytes_[write]; }
    /// Those of them that another's response brought.
    std::uint64_t multicast_bytes() const { return joined_bytes_; }
    /// Requests that no window took.
    std::uint64_t decode_errors() const { return decode_errors_; }
    std::string waiting_for() const override;

private:
    bool join(unsigned input, tlm::tlm_generic_payload& payload, const address_map::window& w, transfer_extension& e,
              sc_core::sc_time& delay);
    bool copy_data(unsigned input, tlm::tlm_generic_payload& payload, const address_map::window& w,
                   const transfer_extension& e);
    void end_responses(const tlm::tlm_generic_payload& write, const address_map::window& w,
                       const transfer_extension* e);
    void b_transport(int id, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    tlm::tlm_sync_enum nb_transport_fw(int id, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);
    bool get_direct_mem_ptr(int id, tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
    unsigned transport_dbg(int id, tlm::tlm_generic_payload& payload);
    void invalidate_direct_mem_ptr(int id, sc_dt::uint64 begin, sc_dt::uint64 end);

    unsigned output(const address_map::window& w, int input) const {
        return w.out + std::min(sides_[static_cast<std::size_t>(input)], w.sides - 1);
    }

    std::string part_;
    bus_model model_;
    address_map map_;
    std::vector<unsigned> sides_; // of the inputs
    bool has_ports_;
    bool multicast_;
    std::vector<bool> shares_reads_;     // of the outputs
    std::vector<pending_reads> pending_; // of the outputs
    ledger& ledger_;
    ledger::account account_;
    std::uint64_t bytes_[2] = {};
    std::uint64_t accesses_[2] = {};
    std::uint64_t joined_reads_ = 0;
    std::uint64_t joined_bytes_ = 0;
    std::uint64_t decode_errors_ = 0;
    std::int64_t queue_ps_ = 0;
    time_base times_;
    std::vector<std::unique_ptr<at_frontend>> frontends_;
};

extern template class bus<32>;
extern template class bus<64>;

} // namespace cimtlm

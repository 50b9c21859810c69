#pragma once
/// What every memory on the interconnect has in common: socket, checks, counters, energy, data, front-end.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/machine/memory.h>
#include <cimtlm/modules/burst.h>
#include <cimtlm/tlm/access_check.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/storage.h>
#include <cimtlm/tlm/time_base.h>
#include <cimtlm/tlm/transfer_extension.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <memory>
#include <string>

namespace cimtlm {

/// A target over a plain model of time. Addresses run from `base_address` for level.capacity_bytes (0: to the end
/// of the address space). Where `data` are kept DMI is granted, page by page or, if contiguous, of the whole memory at
/// once; else payload data is not touched and a debug read delivers zeros. Energy goes to `energy` under the part
/// `name`: actions read, update and fill, by bytes.
template <unsigned BUSWIDTH> class memory_shell : public sc_core::sc_module, public activity {
public:
    tlm_utils::simple_target_socket<memory_shell, BUSWIDTH> in;

    /// Throws input_error for contiguous data of a memory without capacity, environment_error without room for it.
    memory_shell(const sc_core::sc_module_name& name, const memory_level& level, double cycle_ps, ledger& energy,
                 data_kept data, std::uint64_t base_address);

    /// Counters under the module's name. Bytes: <name>.bytes_<kind> and <name>.bytes_<kind>.<operand>.
    void report(statistics& s) const;
    /// Bytes served for one operand (operand_tag) and kind (read, update, fill).
    std::uint64_t bytes(int operand, transfer_kind kind) const { return bytes_[index(kind)][operand]; }
    /// Time lost over all accesses, in ps: waiting for ports, rows, refresh.
    std::int64_t queue_ps() const { return lost_.queue_ps; }
    std::int64_t row_ps() const { return lost_.row_ps; }
    std::int64_t refresh_ps() const { return lost_.refresh_ps; }
    /// Bytes served for all operands.
    std::uint64_t bytes(transfer_kind kind) const;
    /// Requests refused with an error response.
    std::uint64_t errors() const { return errors_; }
    std::string waiting_for() const override;

protected:
    /// The model's time of one burst.
    virtual burst_timing access(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps) = 0;
    /// Statistics of the model.
    virtual void report_model(statistics& s, const std::string& prefix) const = 0;
    /// Latency of an access without contention, for DMI, in ps.
    virtual std::int64_t access_latency_ps() const = 0;

private:
    static int index(transfer_kind kind) { return static_cast<int>(kind) - 1; }
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
    unsigned transport_dbg(tlm::tlm_generic_payload& payload);
    void move_data(tlm::tlm_generic_payload& payload, const burst& b);

    std::string part_;
    access_rules rules_;
    ledger& ledger_;
    ledger::account accounts_[3];
    std::uint64_t bytes_[3][operand_tags] = {};
    std::uint64_t accesses_[3] = {};
    std::uint64_t errors_ = 0;
    struct {
        std::int64_t queue_ps = 0, row_ps = 0, refresh_ps = 0;
    } lost_; // sums over all accesses
    std::unique_ptr<storage> storage_;
    time_base times_;
    at_frontend frontend_;
};

extern template class memory_shell<32>;
extern template class memory_shell<64>;

} // namespace cimtlm

#pragma once
/// A write-back cache on the interconnect, in front of a memory; some of its ways can compute instead.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/modules/cache_model.h>
#include <cimtlm/tlm/access_check.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/time_base.h>
#include <cimtlm/tlm/transfer_extension.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cimtlm {

/// Sockets in[0..n_in-1] and out, all to be bound. in[i] stands at partition i * partitions / n_in: an access to
/// another partition takes the far latency. `out` must not wait in b_transport. Misses and write-backs go there by
/// whole lines, at the addresses of the request; a strided one is one payload with its extension. With `data` the
/// cache keeps bytes, and so must the memory behind. Direct memory access is denied. A refusal of the memory behind
/// is the response; a refused write-back is counted. Energy goes to `energy` under the part `name`, by bytes: read,
/// update, fill (also of fetches), and write_back at the price of a read.
template <unsigned BUSWIDTH = 64> class cache : public sc_core::sc_module, public activity {
public:
    sc_core::sc_vector<tlm_utils::simple_target_socket_tagged<cache, BUSWIDTH>> in;
    tlm_utils::simple_initiator_socket<cache, BUSWIDTH> out;

    /// `size_bytes` from 0 are cached, 0: the whole address space. `n_in` 0: one socket a partition. Throws
    /// input_error for parameters that make no sense.
    cache(const sc_core::sc_module_name& name, const memory_level& level, double cycle_ps, ledger& energy,
          bool data = false, std::uint64_t size_bytes = 0, unsigned n_in = 0);
    ~cache() override;

    /// From now on `ways` of each set compute. Dirty lines in newly taken ways are written back, all at once; returns
    /// the time until the last of them is in the memory behind, in ps (0 when nothing is dirty or ways are given
    /// back). Does not wait. Throws input_error unless at least one way still caches.
    std::int64_t set_compute_ways(std::int64_t ways);

    void report(statistics& s) const;
    const cache_model& model() const { return model_; }
    /// Bytes served for one operand (operand_tag): read, update, fill (writes of that kind; fetches are in
    /// model().counts()).
    std::uint64_t bytes(int operand, transfer_kind kind) const { return bytes_[static_cast<int>(kind) - 1][operand]; }
    /// The same for all operands.
    std::uint64_t bytes(transfer_kind kind) const;
    /// Requests refused with an error response.
    std::uint64_t errors() const { return errors_; }
    /// Dirty lines that the memory behind did not take.
    std::uint64_t write_back_errors() const { return write_back_errors_; }
    std::string waiting_for() const override;

private:
    struct answer {
        burst_timing time;
        tlm::tlm_response_status status;
    };

    void b_transport(int id, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    tlm::tlm_sync_enum nb_transport_fw(int id, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);
    bool get_direct_mem_ptr(int id, tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
    unsigned transport_dbg(int id, tlm::tlm_generic_payload& payload);

    tlm::tlm_response_status fetch(int operand, std::int64_t now_ps);
    struct departure {
        std::int64_t end_ps = 0;  // of the last
        std::int64_t wait_ps = 0; // longest wait for channels behind
    };
    departure write_back(std::int64_t ask_ps, std::int64_t now_ps);
    answer ask(const burst& b, unsigned char* data, int operand, std::int64_t ask_ps, std::int64_t now_ps);

    std::string part_;
    cache_model model_;
    access_rules rules_;
    bool keeps_data_;
    ledger& ledger_;
    ledger::account accounts_[4]; // read, update, fill, write_back
    std::uint64_t bytes_[3][operand_tags] = {};
    std::uint64_t accesses_[3] = {};
    std::uint64_t errors_ = 0;
    std::uint64_t write_back_errors_ = 0;
    std::int64_t queue_ps_ = 0;
    std::uint64_t switches_ = 0;
    tlm::tlm_generic_payload request_; // to the memory behind
    transfer_extension request_extension_;
    std::vector<unsigned char> scratch_; // as long as the longest burst
    time_base times_;
    std::vector<std::unique_ptr<at_frontend>> frontends_;
};

extern template class cache<32>;
extern template class cache<64>;

} // namespace cimtlm

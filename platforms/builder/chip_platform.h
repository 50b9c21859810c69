#pragma once
/// A machine of many units as SystemC modules.
#include <platforms/builder/memory_system.h>
#include <platforms/builder/plan.h>
#include <platforms/builder/results.h>

#include <cimtlm/base/ledger.h>
#include <cimtlm/modules/dispatcher.h>
#include <cimtlm/modules/host_cpu.h>
#include <cimtlm/modules/scratchpad.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

/// A unit: a compute block with the staging memories of its own. `mem()` is to be led into the crossbar.
class processing_unit : public sc_core::sc_module {
public:
    processing_unit(const sc_core::sc_module_name& name, const unit_group& group, const cost_model& cost,
                    ledger& energy);
    compute_block& block() { return block_; }
    tlm::tlm_initiator_socket<64>& mem() { return block_.mem; }
    const std::vector<std::unique_ptr<scratchpad<64>>>& staging() const { return staging_; }

private:
    compute_block block_;
    std::vector<std::unique_ptr<scratchpad<64>>> staging_; // of the unit machine's memories 1, 2, ...
    tlm_utils::simple_initiator_socket<processing_unit, 64>
        control_; // the dispatcher calls the block; nobody else does
};

/// The vector lanes of a unit.
class vector_lanes : public sc_core::sc_module {
public:
    vector_lanes(const sc_core::sc_module_name& name, const machine& m, ledger& energy)
        : sc_module(name)
        , vectors("vector_unit", m, energy)
        , control_("control") {
        control_.bind(vectors.ctrl());
    }
    vector_unit vectors;

private:
    tlm_utils::simple_initiator_socket<vector_lanes, 64> control_; // the dispatcher calls the unit; nobody else does
};

/// Host, dispatcher, units, vector units and what they share. One a process: the kernel elaborates once. `m` and the
/// plan outlive the platform, `guests` are further initiators at the crossbar: DRAM lies from address 0 on.
class chip_platform {
public:
    chip_platform(const machine& m, const cost_model& cost, const plan& p,
                  const std::vector<tlm::tlm_initiator_socket<64>*>& guests = {});

    /// As platform::run; of this plan.
    run_results run(const std::function<bool(std::int64_t)>& keep_on = {});
    bool finished() const { return host_->finished(); }
    const memory_system& shared() const { return *shared_; }
    const dispatcher& units() const { return *dispatcher_; }

private:
    std::string who_waits() const;
    std::int64_t prepare_cache(std::optional<std::size_t> group);

    const machine& machine_;
    const cost_model& cost_;
    const plan& plan_;
    ledger energy_;
    std::unique_ptr<memory_system> shared_;
    std::vector<std::vector<std::unique_ptr<processing_unit>>> groups_;
    std::vector<std::unique_ptr<vector_lanes>> lanes_;
    std::unique_ptr<dispatcher> dispatcher_;
    std::unique_ptr<host_cpu> host_;
};

} // namespace cimtlm

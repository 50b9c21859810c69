/// The contract of a target, applied to the control windows of the compute block and of the vector unit.
#include <cimtlm/modules/compute_block.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/scratchpad.h>
#include <cimtlm/modules/vector_unit.h>

#include <sstream>

#include "study_machines.h"
#include <tests/tlm/contract.h>

namespace {

using namespace cimtlm;

machine small_machine() {
    auto m = study::rf("digital_6t");
    m.memories[0].dram = dram_parameters{};
    return m;
}

template <class Module> std::string report_of(const Module& m, const ledger& energy) {
    statistics s;
    m.report(s);
    std::ostringstream text;
    for (const auto& e : s.entries()) text << e.name << ' ' << e.value << '\n';
    text << energy.total_pj();
    return text.str();
}

struct compute_block_window {
    static constexpr unsigned width = 64;
    compute_block_window() {
        block.mem.bind(memory.in);
        block.near[0].bind(staging.in);
    }
    contract::traits traits() const {
        return {0, compute_block::window_bytes, compute_block::scratch_offset, 4, false, true, false, 1000};
    }
    tlm::tlm_target_socket<64>& socket() { return block.ctrl(); }
    std::string fingerprint() const { return report_of(block, energy) + report_of(memory, energy); }

    machine m = small_machine();
    cost_model cost{m, convention::like_for_like};
    ledger energy;
    compute_block block{"cim", cost, energy};
    dram<64> memory{"dram", m.memories[0], m.cycle_ps(), energy};
    scratchpad<64> staging{"smem", m.memories[1], m.cycle_ps(), energy};
};

struct vector_unit_window {
    static constexpr unsigned width = 64;
    vector_unit_window() { unit.mem.bind(memory.in); }
    contract::traits traits() const {
        return {0, vector_unit::window_bytes, vector_unit::scratch_offset, 4, false, true, false, 1000};
    }
    tlm::tlm_target_socket<64>& socket() { return unit.ctrl(); }
    std::string fingerprint() const { return report_of(unit, energy) + report_of(memory, energy); }

    machine m = small_machine();
    ledger energy;
    vector_unit unit{"vector_unit", m, energy};
    dram<64> memory{"dram", m.memories[0], m.cycle_ps(), energy};
};

} // namespace

CIMTLM_TARGET_CONTRACT(compute_block_window);
CIMTLM_TARGET_CONTRACT(vector_unit_window);

/// The contract of a target, applied to the register window and to the regions of a bare macro: 32 and 64 bits wide, at
/// address 0 and at absolute addresses.
#include <cimtlm/tlm/register_window.h>

#include <sstream>

#include "macro_bench.h"
#include <tests/tlm/contract.h>

namespace {

using namespace cimtlm;
using macro_bench::cycle_ps;

template <unsigned W, std::uint64_t Base> struct window_at {
    static constexpr unsigned width = W;
    window_at() {
        window.add_scratch(0x1c);
        window.add(0x20, {[this](std::int64_t) { return ++reads; }, [this](std::uint32_t, std::int64_t) { ++writes; }});
    }
    contract::traits traits() const { return {Base, 0x40, Base + 0x1c, 4, false, true, false, 1000}; }
    tlm::tlm_target_socket<W>& socket() { return window.in; }
    std::string fingerprint() const { return std::to_string(reads) + " " + std::to_string(writes); }
    std::uint32_t reads = 0, writes = 0;
    register_window<W> window{"window", 0x40, 1000, Base};
};

enum class part { registers, weights, inputs, outputs };

template <unsigned W, std::uint64_t Base, part Part> struct macro_at {
    static constexpr unsigned width = W;
    static constexpr unsigned length = W == 32 ? 4 : 8; // one beat
    contract::traits traits() const {
        contract::traits t{Base, macro.size_bytes(), Base, length, true, true, true, 1000};
        switch (Part) {
        case part::registers:
            return {Base, macro.size_bytes(), Base + CIM_MACRO_SCRATCH, 4, false, true, false, 1000};
        case part::weights:
            t.address += 0x1000;
            t.dmi_writes = false;
            break;
        case part::inputs:
            t.address += 0x2000;
            break;
        case part::outputs:
            t.address += 0x3000;
            break;
        }
        return t;
    }
    tlm::tlm_target_socket<W>& socket() { return macro.in; }
    std::string fingerprint() const {
        statistics s;
        macro.report(s);
        std::ostringstream text;
        for (const auto& e : s.entries()) text << e.name << ' ' << e.value << '\n';
        text << energy.total_pj() << ' ' << macro.interrupt();
        return text.str();
    }
    ledger energy;
    crossbar_macro<W> macro{"macro", macro_bench::small_macro(), cycle_ps, energy, Base};
};

using window_32 = window_at<32, 0>;
using window_64 = window_at<64, 0>;
using window_32_absolute = window_at<32, 0x10000000>;
using window_64_absolute = window_at<64, 0xfffffffffffff000>;
using macro_32_registers = macro_at<32, 0, part::registers>;
using macro_64_registers = macro_at<64, 0x40000000, part::registers>;
using macro_32_weights = macro_at<32, 0x40000000, part::weights>;
using macro_64_weights = macro_at<64, 0, part::weights>;
using macro_32_inputs = macro_at<32, 0, part::inputs>;
using macro_64_inputs = macro_at<64, 0xffffffffffffc000, part::inputs>;
using macro_32_outputs = macro_at<32, 0x40000000, part::outputs>;
using macro_64_outputs = macro_at<64, 0, part::outputs>;

} // namespace

CIMTLM_TARGET_CONTRACT(window_32);
CIMTLM_TARGET_CONTRACT(window_64);
CIMTLM_TARGET_CONTRACT(window_32_absolute);
CIMTLM_TARGET_CONTRACT(window_64_absolute);
CIMTLM_TARGET_CONTRACT(macro_32_registers);
CIMTLM_TARGET_CONTRACT(macro_64_registers);
CIMTLM_TARGET_CONTRACT(macro_32_weights);
CIMTLM_TARGET_CONTRACT(macro_64_weights);
CIMTLM_TARGET_CONTRACT(macro_32_inputs);
CIMTLM_TARGET_CONTRACT(macro_64_inputs);
CIMTLM_TARGET_CONTRACT(macro_32_outputs);
CIMTLM_TARGET_CONTRACT(macro_64_outputs);

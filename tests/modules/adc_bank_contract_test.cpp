/// The contract of a target, applied to registers, samples and codes of a bank of converters: 32 and 64 bits wide, at
/// address 0 and at absolute addresses.
#include <sstream>

#include "adc_bank_bench.h"
#include <tests/tlm/contract.h>

namespace {

using namespace cimtlm;

enum class part { registers, samples, codes };

template <unsigned W, std::uint64_t Base, part Part> struct bank_at {
    static constexpr unsigned width = W;
    static constexpr unsigned length = W == 32 ? 4 : 8; // one beat
    contract::traits traits() const {
        if (Part == part::registers)
            return {Base, bank.size_bytes(), Base + CIM_ADC_SCRATCH, 4, false, true, false, 1000};
        return {Base, bank.size_bytes(), Base + (Part == part::samples ? 0x1000 : 0x2000), length, true, true, true,
                1000};
    }
    tlm::tlm_target_socket<W>& socket() { return bank.in; }
    std::string fingerprint() const {
        statistics s;
        bank.report(s);
        std::ostringstream text;
        for (const auto& e : s.entries()) text << e.name << ' ' << e.value << '\n';
        text << energy.total_pj() << ' ' << bank.interrupt();
        return text.str();
    }
    ledger energy;
    adc_bank<W> bank{"bank", adc_bench::sar_bank(12, 4), adc_bench::cycle_ps, energy, Base};
};

using bank_32_registers = bank_at<32, 0, part::registers>;
using bank_64_registers = bank_at<64, 0x40000000, part::registers>;
using bank_32_samples = bank_at<32, 0x40000000, part::samples>;
using bank_64_samples = bank_at<64, 0xffffffffffffd000, part::samples>;
using bank_32_codes = bank_at<32, 0, part::codes>;
using bank_64_codes = bank_at<64, 0x40000000, part::codes>;

} // namespace

CIMTLM_TARGET_CONTRACT(bank_32_registers);
CIMTLM_TARGET_CONTRACT(bank_64_registers);
CIMTLM_TARGET_CONTRACT(bank_32_samples);
CIMTLM_TARGET_CONTRACT(bank_64_samples);
CIMTLM_TARGET_CONTRACT(bank_32_codes);
CIMTLM_TARGET_CONTRACT(bank_64_codes);

/// The contract of a target, applied to the peripherals of the SoC.
#include <platforms/riscv_soc/clint.h>
#include <platforms/riscv_soc/firmware/soc_map.h>
#include <platforms/riscv_soc/plic.h>
#include <platforms/riscv_soc/uart.h>

#include <string>

#include <tests/tlm/contract.h>

namespace {

using namespace cimtlm;

constexpr std::int64_t interval_ps = 3000;

/// Debug writes change nothing, so that data are not "kept" as the contract means it.
contract::traits registers(std::uint64_t size, std::uint64_t address, unsigned length) {
    return {0, size, address, length, false, false, false, interval_ps};
}

/// What of a target can be seen without effects.
template <class Target> struct seen {
    static constexpr unsigned width = 64;
    tlm::tlm_target_socket<64>& socket() { return target.in; }
    std::string fingerprint() const { return text; }
    std::string text;
    Target target;
};

struct clint_registers : seen<clint> {
    clint_registers()
        : seen{{}, {"clint", 2, 10, interval_ps}} {
        target.on_interrupt([this](unsigned hart, clint::line, bool level) {
            text += std::to_string(hart) + (level ? "up " : "down ");
        });
    }
    contract::traits traits() const { return registers(SOC_CLINT_BYTES, SOC_CLINT_MTIMECMP, 8); }
};

struct plic_registers : seen<plic> {
    plic_registers()
        : seen{{}, {"plic", 64, 2, interval_ps}} {
        target.on_interrupt(
            [this](unsigned hart, bool level) { text += std::to_string(hart) + (level ? "up " : "down "); });
    }
    contract::traits traits() const { return registers(SOC_PLIC_BYTES, SOC_PLIC_ENABLE + 4, 4); }
};

/// Reading must not claim, in debug accesses.
struct plic_claim : plic_registers {
    contract::traits traits() const { return registers(SOC_PLIC_BYTES, SOC_PLIC_CLAIM, 4); }
};

struct uart_registers : seen<uart> {
    uart_registers()
        : seen{{}, {"uart", [this](char c) { text += c; }, interval_ps, 1e6}} {}
    contract::traits traits() const { return registers(SOC_UART_BYTES, 7, 1); }
};

/// Writing prints, in debug accesses not.
struct uart_data : uart_registers {
    contract::traits traits() const { return registers(SOC_UART_BYTES, 0, 1); }
};

} // namespace

CIMTLM_TARGET_CONTRACT(clint_registers);
CIMTLM_TARGET_CONTRACT(plic_registers);
CIMTLM_TARGET_CONTRACT(plic_claim);
CIMTLM_TARGET_CONTRACT(uart_registers);
CIMTLM_TARGET_CONTRACT(uart_data);

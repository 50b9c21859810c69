#pragma once
/// The RISC-V SoC: cores, bus, RAM, peripherals and CiM devices, put together.
#include <platforms/riscv_soc/clint.h>
#include <platforms/riscv_soc/elf_file.h>
#include <platforms/riscv_soc/plic.h>
#include <platforms/riscv_soc/riscv_core.h>
#include <platforms/riscv_soc/semihosting.h>
#include <platforms/riscv_soc/soc_parameters.h>
#include <platforms/riscv_soc/uart.h>

#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/cim_device.h>
#include <cimtlm/modules/memory_shell.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cimtlm {

/// How a run of a guest has ended.
struct guest_outcome {
    enum class kind {
        exit,       ///< the guest's exit call
        mistake,    ///< of the guest: message tells it, with core and PC
        time_limit, ///< message tells where the cores were
        standstill  ///< nothing will happen any more: message tells what everyone waits for
    };
    kind how = kind::standstill;
    int exit_code = 0; ///< of exit
    std::string message;
    std::int64_t time_ps = 0;       ///< simulated
    std::uint64_t instructions = 0; ///< of all cores
    double host_s = 0;              ///< processor time of the simulation
};

/// Addresses: firmware/soc_map.h. Where the CiM devices stand: soc_cim_parameters.
class riscv_soc : public sc_core::sc_module {
public:
    /// `device`: the machine of the CiM devices. `guest` is loaded into RAM; its segments must lie there (input_error).
    /// `command_line`: for semihosting. `write`: takes the guest's text.
    riscv_soc(const sc_core::sc_module_name& name, const soc_parameters& parameters, const machine& device,
              const elf_file& guest, const std::string& command_line, const std::function<void(char)>& write);

    /// Simulates until the guest ends; max_time_ps of 0: no limit. Once. `goes_on` is asked from time to time; false
    /// ends the run as the time limit does.
    guest_outcome run(std::int64_t max_time_ps, const std::function<bool()>& goes_on);

    /// Rows of cores, buses and RAM, and of each device under its name ("cim0.dma").
    ledger energy() const;
    void report(statistics& s) const;

private:
    void start_of_simulation() override { load(); }
    void load();
    void connect_devices(const machine& device);
    std::string place(std::uint64_t pc) const;

    soc_parameters parameters_;
    const elf_file& guest_;
    ledger ledger_;
    guest_outcome outcome_;
    bool ended_ = false;
    semihosting host_;
    bus<64> bus_;
    std::unique_ptr<memory_shell<64>> ram_;
    clint clint_;
    plic plic_;
    uart uart_;
    std::vector<std::unique_ptr<riscv_core>> cores_;
    std::vector<std::unique_ptr<bus<64>>> core_ports_; // of the cores that have a device of their own
    std::unique_ptr<bus<64>> io_bus_;
    std::vector<std::unique_ptr<cim_device<64>>> devices_;
};

} // namespace cimtlm

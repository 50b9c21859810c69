#pragma once
/// What the RISC-V SoC is made of, as plain structs, from a file.
#include <cimtlm/machine/machine.h>

#include <boost/describe.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

/// The cores. Instructions and data of RAM come from caches that always hit: they take cycles_per_instruction and do
/// not cross the bus. Everything else is a transaction of its own.
struct soc_core_parameters {
    std::int64_t count = 1;
    double clock_mhz = 1000;           ///< MHz; also of bus, RAM and I/O bus
    double cycles_per_instruction = 1; ///< mean
    double instruction_energy_pj = 0;  ///< pJ an instruction, caches included
    double quantum_ps = 1e6; ///< how far a core computes ahead of the kernel before it looks at interrupts; 0: a block
};
BOOST_DESCRIBE_STRUCT(soc_core_parameters, (),
                      (count, clock_mhz, cycles_per_instruction, instruction_energy_pj, quantum_ps))

/// The memory behind the bus: SRAM with a read and a write port, or a DRAM channel.
struct soc_ram_parameters {
    std::int64_t capacity_bytes = 0;                    ///< a multiple of 4 KiB
    double read_bytes_per_cycle = 0;                    ///< 0: not a limit
    double write_bytes_per_cycle = 0;                   ///< likewise
    double latency_cycles = 0;                          ///< first byte, without contention
    double read_energy_pj_per_byte = 0;                 ///< pJ
    double write_energy_pj_per_byte = 0;                ///< pJ
    std::optional<dram_parameters> dram = std::nullopt; ///< absent: SRAM
};
BOOST_DESCRIBE_STRUCT(soc_ram_parameters, (),
                      (capacity_bytes, read_bytes_per_cycle, write_bytes_per_cycle, latency_cycles,
                       read_energy_pj_per_byte, write_energy_pj_per_byte, dram))

/// A bus of the system. With ports alone it is a crossbar.
struct soc_bus_parameters {
    double bytes_per_cycle = 0;                              ///< shared by all, each way; 0: not a limit
    double latency_cycles = 0;                               ///< one way
    double energy_pj_per_byte = 0;                           ///< pJ a byte carried
    std::optional<bus_port_parameters> ports = std::nullopt; ///< of each initiator; absent: only what all share
};
BOOST_DESCRIBE_STRUCT(soc_bus_parameters, (), (bytes_per_cycle, latency_cycles, energy_pj_per_byte, ports))

/// Where the CiM devices stand. core: device i at a port of core i, which alone reaches it; its DMA is at the bus.
/// bus: at the bus of the cores. io_bus: behind it.
enum class cim_attachment { core, bus, io_bus };
BOOST_DESCRIBE_ENUM(cim_attachment, core, bus, io_bus)

struct soc_cim_parameters {
    std::int64_t count = 1;
    std::string machine = "soc/cim_device"; ///< name or file of the machine whose CiM block and device it is
    cim_attachment attachment = cim_attachment::bus;
};
BOOST_DESCRIBE_STRUCT(soc_cim_parameters, (), (count, machine, attachment))

/// Timer, interrupt controller and UART.
struct soc_peripheral_parameters {
    double tick_mhz = 1000;      ///< MHz of mtime
    double access_cycles = 1;    ///< of a register
    double characters_per_s = 0; ///< of the UART; 0: it takes characters as they come
};
BOOST_DESCRIBE_STRUCT(soc_peripheral_parameters, (), (tick_mhz, access_cycles, characters_per_s))

/// The SoC. `core_port` connects each core with its own device where cim.attachment is core.
struct soc_parameters {
    std::string description;
    soc_core_parameters core;
    soc_ram_parameters ram;
    soc_bus_parameters bus;
    soc_bus_parameters io_bus;
    soc_bus_parameters core_port;
    soc_peripheral_parameters peripherals;
    soc_cim_parameters cim;

    double cycle_ps() const { return 1e6 / core.clock_mhz; }
    /// Throws input_error, `where` in front, for what types cannot tell.
    void validate(const std::string& where) const;
};
BOOST_DESCRIBE_STRUCT(soc_parameters, (), (description, core, ram, bus, io_bus, core_port, peripherals, cim))

/// Names of the SoCs: files of platforms/parts/socs.
std::vector<std::string> list_socs();

/// Reads a SoC by name (files of platforms/parts/socs) or file and applies `--set` options "key=value". Throws
/// input_error that names the place.
soc_parameters load_soc(const std::string& name_or_file, const std::vector<std::string>& sets = {});

/// The effective configuration: every key with its value, as load_soc() reads it.
std::string to_yaml(const soc_parameters& soc);

} // namespace cimtlm

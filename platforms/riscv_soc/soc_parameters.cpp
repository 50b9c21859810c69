#include <platforms/riscv_soc/soc_parameters.h>

#include <platforms/config/emit.h>
#include <platforms/config/files.h>
#include <platforms/config/reader.h>
#include <platforms/riscv_soc/firmware/soc_map.h>

#include <cimtlm/base/error.h>
#include <cimtlm/tlm/storage.h>

namespace cimtlm {

void soc_parameters::validate(const std::string& where) const {
    const auto demand = [&](bool holds, const std::string& what) {
        if (!holds) throw input_error(where + ": " + what);
    };
    constexpr std::int64_t most_devices = (SOC_RAM - SOC_CIM_WINDOW) / SOC_CIM_WINDOW_STRIDE;
    constexpr auto page = static_cast<std::int64_t>(storage::page_bytes);
    demand(core.count >= 1 && core.count <= 1024, "core.count is 1 to 1024");
    demand(core.clock_mhz >= 1e-3 && core.clock_mhz <= 1e5, "core.clock_mhz is 0.001 to 100000");
    demand(core.cycles_per_instruction > 0 && core.cycles_per_instruction <= 1e6,
           "core.cycles_per_instruction is above 0 and at most 1e6");
    demand(core.instruction_energy_pj >= 0, "core.instruction_energy_pj is not negative");
    demand(core.quantum_ps >= 0 && core.quantum_ps <= 1e12, "core.quantum_ps is 0 to 1e12");
    demand(ram.kind == memory_kind::sram || ram.kind == memory_kind::dram, "ram.kind is sram or dram");
    demand(ram.capacity_bytes >= page && ram.capacity_bytes <= std::int64_t{1} << 36 && ram.capacity_bytes % page == 0,
           "ram.capacity_bytes is a multiple of 4 KiB, at most 64 GiB");
    demand(peripherals.tick_mhz > 0 && peripherals.tick_mhz <= 1e6, "peripherals.tick_mhz is above 0, at most 1e6");
    demand(peripherals.access_cycles >= 0 && peripherals.access_cycles <= 1e6, "peripherals.access_cycles is 0 to 1e6");
    const auto demand_latency = [&](const bus_parameters& b, const std::string& name) {
        demand(b.latency_cycles >= 0 && b.latency_cycles <= 1e6, name + ".latency_cycles is 0 to 1e6");
    };
    demand_latency(bus, "bus");
    demand_latency(io_bus, "io_bus");
    demand_latency(core_port, "core_port");
    demand(peripherals.characters_per_s >= 0, "peripherals.characters_per_s is not negative");
    demand(cim.count >= 0 && cim.count <= most_devices,
           "cim.count is 0 to " + std::to_string(most_devices) + ": so many fit into the address map");
    demand(cim.attachment != cim_attachment::core || cim.count <= core.count,
           "cim.count is at most core.count where each device stands at a core of its own (cim.attachment: core)");
}

std::vector<std::string> list_socs() { return list_parts("socs"); }

namespace {
const config_schema& schema() {
    static const auto schema = schema_of<soc_parameters>();
    return *schema;
}
} // namespace

std::string to_yaml(const soc_parameters& soc) { return emit_config(write_value(soc), schema(), {}, {}); }

soc_parameters load_soc(const std::string& name_or_file, const std::vector<std::string>& sets) {
    const auto file = find_part(name_or_file, "", "", "socs");
    soc_parameters soc;
    read_value(resolve_part(file, schema(), "soc", sets), soc, "");
    soc.validate(file);
    return soc;
}

} // namespace cimtlm

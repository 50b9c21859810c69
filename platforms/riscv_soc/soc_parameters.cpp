#include <platforms/riscv_soc/soc_parameters.h>

#include <platforms/config/emit.h>
#include <platforms/config/files.h>
#include <platforms/config/reader.h>
#include <platforms/riscv_soc/firmware/soc_map.h>

#include <cimtlm/base/error.h>
#include <cimtlm/tlm/storage.h>

#include <utility>

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
    demand(core.quantum_ps >= 0 && core.quantum_ps <= 1e12, "core.quantum_ps is 0 to 1e12");
    demand(ram.capacity_bytes >= page && ram.capacity_bytes <= std::int64_t{1} << 36 && ram.capacity_bytes % page == 0,
           "ram.capacity_bytes is a multiple of 4 KiB, at most 64 GiB");
    demand(peripherals.tick_mhz > 0 && peripherals.tick_mhz <= 1e6, "peripherals.tick_mhz is above 0, at most 1e6");
    demand(peripherals.access_cycles >= 0 && peripherals.access_cycles <= 1e6, "peripherals.access_cycles is 0 to 1e6");
    demand(peripherals.characters_per_s >= 0 && peripherals.characters_per_s <= 1e12,
           "peripherals.characters_per_s is 0 to 1e12");
    // Times stay far from the end of the clock.
    const auto demand_latency = [&](double cycles, const std::string& key) {
        demand(cycles >= 0 && cycles <= 1e6, key + ".latency_cycles is 0 to 1e6");
    };
    const auto demand_rate = [&](double rate, const std::string& key) {
        demand(rate == 0 || (rate >= 1e-3 && rate <= 1e9), key + " is 0 (not a limit), or 0.001 to 1e9");
    };
    const auto demand_energy = [&](double pj, const std::string& key) {
        demand(pj >= 0 && pj <= 1e12, key + " is 0 to 1e12");
    };
    demand_energy(core.instruction_energy_pj, "core.instruction_energy_pj");
    demand_latency(ram.latency_cycles, "ram");
    demand_rate(ram.read_bytes_per_cycle, "ram.read_bytes_per_cycle");
    demand_rate(ram.write_bytes_per_cycle, "ram.write_bytes_per_cycle");
    demand_energy(ram.read_energy_pj_per_byte, "ram.read_energy_pj_per_byte");
    demand_energy(ram.write_energy_pj_per_byte, "ram.write_energy_pj_per_byte");
    for (const auto& [name, b] : {std::pair<std::string, const soc_bus_parameters&>{"bus", bus},
                                  {"io_bus", io_bus},
                                  {"core_port", core_port}}) {
        demand_latency(b.latency_cycles, name);
        demand_rate(b.bytes_per_cycle, name + ".bytes_per_cycle");
        demand_energy(b.energy_pj_per_byte, name + ".energy_pj_per_byte");
        if (!b.ports) continue;
        demand_rate(b.ports->read_bytes_per_cycle, name + ".ports.read_bytes_per_cycle");
        demand_rate(b.ports->write_bytes_per_cycle, name + ".ports.write_bytes_per_cycle");
    }
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

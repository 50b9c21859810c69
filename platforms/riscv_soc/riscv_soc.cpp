#include <platforms/riscv_soc/riscv_soc.h>

#include <platforms/riscv_soc/firmware/soc_map.h>

#include <cimtlm/base/error.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/scratchpad.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>

namespace cimtlm {

namespace {

// Outputs of the bus; those of the devices, or of the way to the I/O bus, follow.
enum target : unsigned { to_ram, to_clint, to_plic, to_uart, to_devices };

constexpr std::int64_t piece_of_run_ps = 10'000'000'000; // 10 ms: about 30 ms of the host's time

unsigned count(std::int64_t n) { return static_cast<unsigned>(n); }
std::uint64_t control_address(std::int64_t device) {
    return SOC_CIM_CONTROL + static_cast<std::uint64_t>(device) * SOC_CIM_CONTROL_STRIDE;
}
std::uint64_t window_address(std::int64_t device) {
    return SOC_CIM_WINDOW + static_cast<std::uint64_t>(device) * SOC_CIM_WINDOW_STRIDE;
}

unsigned bus_inputs(const soc_parameters& p) {
    return count(p.core.count) + (p.cim.attachment == cim_attachment::io_bus ? 1 : count(p.cim.count));
}
unsigned bus_outputs(const soc_parameters& p) {
    switch (p.cim.attachment) {
    case cim_attachment::bus:
        return to_devices + 2 * count(p.cim.count);
    case cim_attachment::io_bus:
        return to_devices + 1;
    default:
        return to_devices;
    }
}

std::unique_ptr<memory_shell<64>> make_ram(const soc_parameters& p, ledger& energy) {
    memory_level level;
    level.name = "ram";
    level.capacity_bytes = p.ram.capacity_bytes;
    level.read_bytes_per_cycle = p.ram.read_bytes_per_cycle;
    level.write_bytes_per_cycle = p.ram.write_bytes_per_cycle;
    level.latency_cycles = p.ram.latency_cycles;
    level.read_energy_pj_per_byte = p.ram.read_energy_pj_per_byte;
    level.update_energy_pj_per_byte = level.fill_energy_pj_per_byte = p.ram.write_energy_pj_per_byte;
    if (p.ram.dram) {
        level.kind = memory_kind::dram;
        level.dram = *p.ram.dram;
        return std::make_unique<dram<64>>("ram", level, p.cycle_ps(), energy, data_kept::contiguous);
    }
    level.kind = memory_kind::sram;
    return std::make_unique<scratchpad<64>>("ram", level, p.cycle_ps(), energy, data_kept::contiguous);
}

bus_parameters bus_of(const soc_bus_parameters& p) {
    bus_parameters b;
    b.bytes_per_cycle = p.bytes_per_cycle;
    b.latency_cycles = p.latency_cycles;
    b.energy_pj_per_byte = p.energy_pj_per_byte;
    b.ports = p.ports;
    return b;
}

double processor_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

} // namespace

riscv_soc::riscv_soc(const sc_core::sc_module_name& name, const soc_parameters& parameters, const machine& device,
                     const elf_file& guest, const std::string& command_line, const std::function<void(char)>& write)
    : sc_core::sc_module(name)
    , parameters_(parameters)
    , guest_(guest)
    , host_(command_line, write)
    , bus_("bus", bus_of(parameters.bus), parameters.cycle_ps(), ledger_, bus_inputs(parameters),
           bus_outputs(parameters))
    , ram_(make_ram(parameters, ledger_))
    , clint_("clint", count(parameters.core.count), parameters.peripherals.tick_mhz,
             std::llround(parameters.peripherals.access_cycles * parameters.cycle_ps()))
    , plic_("plic", SOC_CIM_SOURCE + count(parameters.cim.count), count(parameters.core.count),
            std::llround(parameters.peripherals.access_cycles * parameters.cycle_ps()))
    , uart_("uart", write, std::llround(parameters.peripherals.access_cycles * parameters.cycle_ps()),
            parameters.peripherals.characters_per_s) {
    const auto ram_bytes = static_cast<std::uint64_t>(parameters.ram.capacity_bytes);
    guest.require_in(SOC_RAM, ram_bytes);
    bus_.map(SOC_RAM, ram_bytes, to_ram);
    bus_.map(SOC_CLINT, SOC_CLINT_BYTES, to_clint);
    bus_.map(SOC_PLIC, SOC_PLIC_BYTES, to_plic);
    bus_.map(SOC_UART, SOC_UART_BYTES, to_uart);
    bus_.out[to_ram].bind(ram_->in);
    bus_.out[to_clint].bind(clint_.in);
    bus_.out[to_plic].bind(plic_.in);
    bus_.out[to_uart].bind(uart_.in);

    for (unsigned i = 0; i < count(parameters.core.count); ++i) {
        cores_.push_back(std::make_unique<riscv_core>(("core" + std::to_string(i)).c_str(), parameters.core, i,
                                                      guest.entry(), SOC_RAM, ram_bytes, host_, ledger_));
        auto& core = *cores_.back();
        core.timer_horizon([this, i] { return clint_.next_timer_ps(i); });
        core.on_end([this](riscv_core& who, const std::string& mistake) {
            if (ended_) return; // another core was first
            outcome_.how = mistake.empty() ? guest_outcome::kind::exit : guest_outcome::kind::mistake;
            if (mistake.empty())
                outcome_.exit_code = *host_.exit_code();
            else
                outcome_.message = std::string(who.basename()) + ": " + mistake + "; " + place(who.pc());
            ended_ = true;
            sc_core::sc_stop();
        });
    }
    clint_.on_interrupt([this](unsigned hart, clint::line which, bool level) {
        cores_[hart]->set_interrupt(which == clint::line::timer ? riscv_core::line::timer : riscv_core::line::software,
                                    level);
    });
    plic_.on_interrupt(
        [this](unsigned hart, bool level) { cores_[hart]->set_interrupt(riscv_core::line::external, level); });
    connect_devices(device);
}

void riscv_soc::connect_devices(const machine& device) {
    const auto cores = parameters_.core.count, devices = parameters_.cim.count;
    for (std::int64_t d = 0; d < devices; ++d) {
        const auto name = "cim" + std::to_string(d);
        devices_.push_back(std::make_unique<cim_device<64>>(name.c_str(), device));
        devices_.back()->on_interrupt([this, d](bool level) { plic_.set(SOC_CIM_SOURCE + count(d), level); });
    }
    // Where the control and the data window of a device are reached: at two neighbouring outputs.
    const auto attach = [&](bus<64>& to, std::int64_t d, unsigned output) {
        to.map(control_address(d), SOC_CIM_CONTROL_STRIDE, output);
        to.map(window_address(d), SOC_CIM_WINDOW_STRIDE, output + 1);
        to.out[output].bind(devices_[static_cast<std::size_t>(d)]->ctrl());
        to.out[output + 1].bind(devices_[static_cast<std::size_t>(d)]->window());
    };
    const auto core = [&](std::int64_t i) -> riscv_core& { return *cores_[static_cast<std::size_t>(i)]; };
    const auto at_bus = [&](std::int64_t d) { return count(cores + d); }; // inputs of the DMAs

    if (parameters_.cim.attachment == cim_attachment::io_bus) {
        io_bus_ = std::make_unique<bus<64>>("io_bus", bus_of(parameters_.io_bus), parameters_.cycle_ps(), ledger_,
                                            1 + count(devices), 2 * count(devices) + 1);
        bus_.map(SOC_CIM_CONTROL, SOC_RAM - SOC_CIM_CONTROL, to_devices, false);
        bus_.out[to_devices].bind(io_bus_->in[0]);
        const auto to_bus = 2 * count(devices);
        io_bus_->map(SOC_RAM, static_cast<std::uint64_t>(parameters_.ram.capacity_bytes), to_bus, false);
        io_bus_->out[to_bus].bind(bus_.in[at_bus(0)]);
    }
    for (std::int64_t d = 0; d < devices; ++d) {
        auto& dma = devices_[static_cast<std::size_t>(d)]->dma_out();
        switch (parameters_.cim.attachment) {
        case cim_attachment::io_bus:
            attach(*io_bus_, d, 2 * count(d));
            dma.bind(io_bus_->in[1 + count(d)]);
            break;
        case cim_attachment::bus:
            attach(bus_, d, to_devices + 2 * count(d));
            dma.bind(bus_.in[at_bus(d)]);
            break;
        case cim_attachment::core: {
            core_ports_.push_back(std::make_unique<bus<64>>(("core_port" + std::to_string(d)).c_str(),
                                                            bus_of(parameters_.core_port), parameters_.cycle_ps(),
                                                            ledger_, 1, 3));
            auto& port = *core_ports_.back();
            attach(port, d, 0);
            // The rest of the address space is the bus's.
            std::uint64_t begin = 0;
            for (const auto& [first, bytes] : {std::pair{control_address(d), SOC_CIM_CONTROL_STRIDE},
                                               std::pair{window_address(d), SOC_CIM_WINDOW_STRIDE}}) {
                port.map(begin, first - begin, 2, false);
                begin = first + bytes;
            }
            port.map(begin, 0, 2, false);
            port.out[2].bind(bus_.in[count(d)]);
            core(d).mem.bind(port.in[0]);
            dma.bind(bus_.in[at_bus(d)]);
            break;
        }
        }
    }
    for (std::int64_t i = static_cast<std::int64_t>(core_ports_.size()); i < cores; ++i)
        core(i).mem.bind(bus_.in[count(i)]);
}

void riscv_soc::load() {
    for (const auto& segment : guest_.segments()) { // what lies behind file_bytes is 0 already
        tlm::tlm_generic_payload payload;
        payload.set_write();
        payload.set_address(segment.address - SOC_RAM);
        std::vector<unsigned char> bytes(segment.bytes, segment.bytes + segment.file_bytes);
        payload.set_data_ptr(bytes.data());
        payload.set_data_length(static_cast<unsigned>(bytes.size()));
        if (!bytes.empty() && bus_.out[to_ram]->transport_dbg(payload) != bytes.size())
            SC_REPORT_FATAL("/cimtlm/riscv_soc", "RAM does not take the guest");
    }
}

std::string riscv_soc::place(std::uint64_t pc) const {
    const auto text = "pc " + address_text(pc);
    const auto symbol = guest_.symbol(pc);
    return symbol.empty() ? text : text + (" (" + symbol + ")");
}

guest_outcome riscv_soc::run(std::int64_t max_time_ps, const std::function<bool()>& goes_on) {
    const time_base times;
    const auto begin_s = processor_s();
    sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_DO_NOTHING); // it announces each stop
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    while (!ended_ && sc_core::sc_pending_activity() && goes_on()) {
        const auto left_ps = max_time_ps > 0 ? max_time_ps - times.now_ps() : std::numeric_limits<std::int64_t>::max();
        if (left_ps == 0) break;
        // At least to the next event: a piece without one would not move the time.
        const auto next_ps = times.ps(sc_core::sc_time_to_pending_activity());
        const auto piece_ps = std::max(piece_of_run_ps, next_ps);
        if (piece_ps < left_ps)
            sc_core::sc_start(times.time(piece_ps), sc_core::SC_EXIT_ON_STARVATION);
        else
            sc_core::sc_start(times.time(left_ps), sc_core::SC_RUN_TO_TIME);
    }
    outcome_.host_s = processor_s() - begin_s;
    outcome_.time_ps = times.now_ps();
    for (auto& core : cores_) {
        core->charge();
        outcome_.instructions += core->instructions();
    }
    if (ended_) return outcome_;

    outcome_.how = sc_core::sc_pending_activity() ? guest_outcome::kind::time_limit : guest_outcome::kind::standstill;
    for (const auto& core : cores_)
        outcome_.message += (outcome_.message.empty() ? "" : "; ") + std::string(core->basename()) +
                            (core->sleeps() ? " waits for an interrupt at " : " is at ") + place(core->pc());
    for (const auto& device : devices_)
        if (const auto reason = device->waiting_for(); !reason.empty())
            outcome_.message += "; " + std::string(device->basename()) + ": " + reason;
    return outcome_;
}

ledger riscv_soc::energy() const {
    ledger all = ledger_;
    for (const auto& device : devices_) {
        const auto own = device->energy();
        for (const auto& row : own.rows()) {
            const auto part = std::string(device->basename()) + "." + row.part;
            all.charge(all.open(part, row.action, row.unit, row.unit_energy_pj), row.count);
        }
    }
    return all;
}

void riscv_soc::report(statistics& s) const {
    for (const auto& core : cores_) core->report(s);
    for (const auto& port : core_ports_) port->report(s);
    bus_.report(s);
    if (io_bus_) io_bus_->report(s);
    ram_->report(s);
    s.add("uart.lost", static_cast<double>(uart_.lost()), "count", "characters that found the FIFO full");
    for (const auto& device : devices_) {
        statistics own;
        device->report(own);
        const auto prefix = std::string(device->basename()) + ".";
        for (const auto& e : own.entries())
            s.add(e.name.rfind(prefix, 0) == 0 ? e.name : prefix + e.name, e.value, e.unit, e.description);
    }
}

} // namespace cimtlm

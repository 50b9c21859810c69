#include "gem5_cimtlm/cim_device_object.hh"

#include "base/logging.hh"
#include "base/statistics.hh"
#include "base/stats/units.hh"
#include "dev/intpin.hh"
#include "dev/platform.hh"
#include "sim/core.hh"
#include "sim/serialize.hh"
#include "sim/system.hh"
#include "systemc/core/kernel.hh"
#include "systemc/tlm_port_wrapper.hh"

#include <cimtlm/modules/cim_device.h>
#include <platforms/config/config.h>

#include <deque>
#include <exception>
#include <fstream>
#include <map>
#include <utility>
#include <vector>

namespace gem5 {

namespace {

cimtlm::machine machine_of(const CimDeviceParams& p) {
    auto sets = p.sets;
    if (p.arrays > 0) sets.push_back("cim.count=" + std::to_string(p.arrays));
    auto m = cimtlm::load_machine(p.machine, sets).value;
    auto device = m.device.value_or(cimtlm::device_parameters{});
    // The bridge behind the DMA takes what the system's memory mode is made of, and no packet may leave a cache line.
    const auto line = static_cast<std::int64_t>(p.system->cacheLineSize());
    auto& dma = device.dma;
    dma.transport = p.system->isTimingMode() ? cimtlm::dma_transport::non_blocking : cimtlm::dma_transport::blocking;
    fatal_if(p.dma_on && dma.split != cimtlm::dma_split::aligned_pow2,
             "%s: device.dma.split has to be aligned_pow2: packets do not cross cache lines", p.name);
    fatal_if(p.dma_on && (dma.burst_bytes == 0 || dma.burst_bytes > line),
             "%s: device.dma.burst_bytes has to be from 1 to a cache line, %d bytes", p.name, line);
    m.device = device;
    return m;
}

cimtlm::cim_device_options options_of(const CimDeviceParams& p) {
    cimtlm::cim_device_options o;
    o.data = p.data;
    o.dma = p.dma_on;
    o.window = p.window_on;
    o.control_address = p.control_address;
    o.window_address = p.window_address;
    return o;
}

// A wrong configuration ends gem5 with its message.
template <class Make> auto or_fatal(const std::string& name, Make make) -> decltype(make()) {
    try {
        return make();
    } catch (const std::exception& e) {
        fatal("%s: %s", name, e.what());
    }
}

const statistics::units::Base* unit_of(const std::string& unit) {
    using namespace statistics::units;
    if (unit == "byte") return Byte::get();
    if (unit == "count") return Count::get();
    if (unit == "ratio") return Ratio::get();
    return Unspecified::get();
}

} // namespace

struct CimDevice::Inside {
    using Device = cimtlm::cim_device<32>;

    /// A figure of the device in gem5's statistics.
    struct Figure {
        bool adds_up; ///< shown from the last reset on
        double at_reset = 0;
        statistics::Scalar shown;
        Figure(statistics::Group* group, const std::string& name, const cimtlm::statistics::entry& e)
            : adds_up(e.unit != "code" && e.unit != "ratio")
            , shown(group, name.c_str(), unit_of(e.unit), description(e).c_str()) {}
        static std::string description(const cimtlm::statistics::entry& e) {
            return unit_of(e.unit) == statistics::units::Unspecified::get() ? e.description + ", " + e.unit
                                                                            : e.description;
        }
    };

    CimDevice& owner;
    const Params& params;
    const bool timing;
    Device device;
    sc_gem5::TlmTargetWrapper<32> ctrl;
    std::unique_ptr<sc_gem5::TlmTargetWrapper<32>> window;
    std::unique_ptr<sc_gem5::TlmInitiatorWrapper<32>> dma;
    std::deque<IntSourcePinBase> pins;
    std::map<std::string, Figure> figures;
    static constexpr Tick repeat_ps = 1000000;
    EventFunctionWrapper repeat;
    bool line = false;

    explicit Inside(CimDevice& object)
        : owner(object)
        , params(object.params())
        , timing(params.system->isTimingMode())
        , device(params.name.c_str(), machine_of(params), options_of(params))
        , ctrl(device.ctrl(), params.name + ".ctrl", InvalidPortID)
        , repeat([this] { post(); }, params.name + ".interrupt") {
        const auto& p = params;
        if (p.window_on)
            window =
                std::make_unique<sc_gem5::TlmTargetWrapper<32>>(device.window(), p.name + ".window", InvalidPortID);
        if (p.dma_on)
            dma = std::make_unique<sc_gem5::TlmInitiatorWrapper<32>>(device.dma_out(), p.name + ".dma", InvalidPortID);
        for (unsigned i = 0; i < p.port_interrupt_connection_count; ++i)
            pins.emplace_back(p.name + ".interrupt" + std::to_string(i), static_cast<PortID>(i));
        device.on_interrupt([this](bool level) { interrupt(level); });
    }

    void interrupt(bool level) {
        line = level;
        for (auto& pin : pins) pin.set(level);
        if (!params.platform) return;
        if (level)
            post();
        else
            params.platform->clearPciInt(params.interrupt_id);
    }

    // The platform's controller takes interrupts as events, but the line is a level: a cause that comes while software
    // clears another one is told again.
    void post() {
        if (!line) return;
        params.platform->postPciInt(params.interrupt_id);
        owner.reschedule(repeat, curTick() + repeat_ps * sim_clock::as_int::ps, true);
    }

    /// What the device reports and what its ledger says, its own name left out.
    std::vector<cimtlm::statistics::entry> report() const {
        cimtlm::statistics s;
        device.report(s);
        const auto energy = device.energy();
        for (const auto& row : energy.rows())
            s.add("energy." + row.part + "." + row.action, row.energy_pj(), "pJ", row.action + " of " + row.part);
        s.add("energy.total", energy.total_pj(), "pJ", "sum of all rows");
        auto entries = s.entries();
        const auto own = std::string(device.basename()) + ".";
        for (auto& e : entries)
            if (e.name.compare(0, own.size(), own) == 0) e.name.erase(0, own.size());
        return entries;
    }

    template <class Do> void each_figure(Do act) {
        for (const auto& e : report()) {
            const auto f = figures.find(e.name);
            if (f != figures.end())
                act(f->second, e.value);
            else
                warn_once("%s: %s came after the statistics were listed, it is left out", params.name, e.name);
        }
    }

    std::string state_file(const std::string& folder) const { return folder + "/" + params.name + ".cim"; }
};

CimDevice::CimDevice(const Params& p)
    : SimObject(p)
    , inside(or_fatal(p.name, [&] { return std::make_unique<Inside>(*this); })) {
    for (const auto& e : inside->report())
        inside->figures.emplace(std::piecewise_construct, std::forward_as_tuple(e.name),
                                std::forward_as_tuple(this, e.name, e));
    inside->device.on_idle([this] { signalDrainDone(); });
    registerExitCallback([] { // destructors never run
        if (sc_gem5::Kernel::status() != sc_core::SC_STOPPED) sc_gem5::Kernel::stop();
    });
}

CimDevice::~CimDevice() = default;

Port& CimDevice::getPort(const std::string& name, PortID index) {
    if (name == "ctrl") return inside->ctrl;
    if (name == "window") {
        fatal_if(!inside->window, "%s: window_on is off, but something is bound to it", this->name());
        return *inside->window;
    }
    if (name == "dma") {
        fatal_if(!inside->dma, "%s: dma_on is off, but something is bound to it", this->name());
        return *inside->dma;
    }
    if (name == "interrupt") return inside->pins.at(index);
    return SimObject::getPort(name, index);
}

void CimDevice::resetStats() {
    SimObject::resetStats();
    inside->each_figure([](auto& figure, double value) { figure.at_reset = value; });
}

void CimDevice::preDumpStats() {
    SimObject::preDumpStats();
    inside->each_figure(
        [](auto& figure, double value) { figure.shown = figure.adds_up ? value - figure.at_reset : value; });
}

DrainState CimDevice::drain() { return inside->device.idle() ? DrainState::Drained : DrainState::Draining; }

void CimDevice::drainResume() {
    fatal_if(params().system->isTimingMode() != inside->timing,
             "%s: bridges of SystemC keep the memory mode that the simulation began with", name());
}

void CimDevice::serialize(CheckpointOut&) const {
    std::ofstream file(inside->state_file(CheckpointIn::dir()), std::ios::binary);
    inside->device.save(file);
    fatal_if(!file, "%s: the state could not be written to %s", name(), inside->state_file(CheckpointIn::dir()));
}

void CimDevice::unserialize(CheckpointIn& from) {
    std::ifstream file(inside->state_file(from.getCptDir()), std::ios::binary);
    fatal_if(!file, "%s: the checkpoint has no %s", name(), inside->state_file(from.getCptDir()));
    or_fatal(name(), [&] { inside->device.restore(file); });
}

} // namespace gem5

#include <cimtlm/base/error.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/machine/scaling.h>

#include <cctype>
#include <set>
#include <sstream>

namespace cimtlm {

namespace {
class checker {
public:
    explicit checker(std::string where)
        : where_(std::move(where)) {}
    [[noreturn]] void fail(const std::string& text) const { throw input_error(where_ + ": " + text); }
    void positive(const std::string& key, double value) const {
        if (!(value > 0)) fail(key + " must be above 0");
    }
    void not_negative(const std::string& key, double value) const {
        if (!(value >= 0)) fail(key + " must not be negative");
        if (value > 1e18) fail(key + " must be at most 1e18"); // products of such figures stay finite
    }

    void at_most(const std::string& key, double value, double most) const {
        if (!(value <= most)) {
            std::ostringstream limit;
            limit << most;
            fail(key + " must be at most " + limit.str());
        }
    }

private:
    std::string where_;
};

/// Far above any machine, and far below what overflows a 64-bit count of instances or picoseconds.
constexpr double most_instances = 1 << 24;
constexpr double most_weights = 1e12;
constexpr double most_transaction_bytes = 1 << 30; // the length of a payload counts 32 bits
constexpr double most_bits = 32;
constexpr double most_cycles = 1e6;
constexpr double most_ps = 1e12;
constexpr double most_channels = 4096;
constexpr std::size_t most_levels = 16;
constexpr double most_units = 4096;
constexpr double most_partitions = 64;         // each has a socket
constexpr double most_device_bytes = 1 << 30;  // a data window has 32-bit offsets
constexpr double most_device_extent = 1 << 24; // sums of a product are kept while it runs

void check_memory(const checker& check, const memory_level& level) {
    const auto key = [&](const char* name) { return "memories." + level.name + "." + name; };
    check.not_negative(key("capacity_bytes"), static_cast<double>(level.capacity_bytes));
    check.not_negative(key("read_bytes_per_cycle"), level.read_bytes_per_cycle);
    check.not_negative(key("write_bytes_per_cycle"), level.write_bytes_per_cycle);
    check.not_negative(key("latency_cycles"), level.latency_cycles);
    check.at_most(key("latency_cycles"), level.latency_cycles, most_cycles);
    check.not_negative(key("read_energy_pj_per_byte"), level.read_energy_pj_per_byte);
    check.not_negative(key("update_energy_pj_per_byte"), level.update_energy_pj_per_byte);
    check.not_negative(key("fill_energy_pj_per_byte"), level.fill_energy_pj_per_byte);
    check.not_negative(key("area_um2"), level.area_um2);
    if (level.keeps.empty()) check.fail(key("keeps") + " is empty: a level that keeps nothing is not on any path");
    if (level.fanout) {
        check.positive(key("fanout.count"), static_cast<double>(level.fanout->count));
        for (auto extent : {level.fanout->m, level.fanout->n, level.fanout->k})
            check.not_negative(key("fanout.m, n and k"), static_cast<double>(extent));
        if (level.fanout->name.empty()) check.fail(key("fanout.name") + " is missing");
    }
    if (level.cache.has_value() != (level.kind == memory_kind::cache))
        check.fail(key("cache") + " and kind cache: both or none");
    if (level.cache) {
        const auto& c = *level.cache;
        for (const auto& [name, value] : {std::pair{"partitions", c.partitions}, std::pair{"slices", c.slices},
                                          std::pair{"ways", c.ways}, std::pair{"line_bytes", c.line_bytes}}) {
            check.positive(key("cache.") + name, static_cast<double>(value));
            check.at_most(key("cache.") + name, static_cast<double>(value), most_instances);
        }
        check.at_most(key("cache.partitions"), static_cast<double>(c.partitions), most_partitions);
        check.not_negative(key("cache.region_bytes"), static_cast<double>(c.region_bytes));
        check.not_negative(key("cache.far_latency_cycles"), c.far_latency_cycles);
        check.at_most(key("cache.far_latency_cycles"), c.far_latency_cycles, most_cycles);
        check.not_negative(key("cache.compute_ways"), static_cast<double>(c.compute_ways));
    }
    if (level.dram) {
        const auto& d = *level.dram;
        if (d.channels) {
            check.positive(key("dram.channels.count"), static_cast<double>(d.channels->count));
            check.at_most(key("dram.channels.count"), static_cast<double>(d.channels->count), most_channels);
            check.positive(key("dram.channels.interleave_bytes"), static_cast<double>(d.channels->interleave_bytes));
        }
        check.positive(key("dram.banks"), static_cast<double>(d.banks));
        check.positive(key("dram.row_bytes"), static_cast<double>(d.row_bytes));
        for (double t : {d.t_rcd_ps, d.t_rp_ps, d.t_ras_ps, d.t_cl_ps, d.t_turnaround_ps, d.t_refi_ps, d.t_rfc_ps}) {
            check.not_negative(key("dram timing"), t);
            check.at_most(key("dram timing"), t, most_ps);
        }
        check.at_most(key("dram.banks"), static_cast<double>(d.banks), most_instances);
        if (d.t_refi_ps > 0 && d.t_rfc_ps >= d.t_refi_ps)
            check.fail(key("dram.t_rfc_ps") + " must be below t_refi_ps: else nothing but refresh happens");
    }
}

void check_device(const checker& check, const device_parameters& d) {
    for (const auto& [name, memory] :
         {std::pair{"activation_memory", &d.activation_memory}, std::pair{"weight_memory", &d.weight_memory}}) {
        if (!*memory) continue;
        const auto key = [&, n = name](const char* figure) { return std::string("device.") + n + "." + figure; };
        const auto& m = **memory;
        check.not_negative(key("read_bytes_per_cycle"), m.read_bytes_per_cycle);
        check.not_negative(key("write_bytes_per_cycle"), m.write_bytes_per_cycle);
        check.not_negative(key("latency_cycles"), m.latency_cycles);
        check.at_most(key("latency_cycles"), m.latency_cycles, most_cycles);
        check.not_negative(key("read_energy_pj_per_byte"), m.read_energy_pj_per_byte);
        check.not_negative(key("write_energy_pj_per_byte"), m.write_energy_pj_per_byte);
    }
    if (d.activation_memory) {
        const auto bytes = static_cast<double>(d.activation_memory->capacity_bytes);
        check.positive("device.activation_memory.capacity_bytes", bytes);
        check.at_most("device.activation_memory.capacity_bytes", bytes, most_device_bytes);
    }
    if (d.weight_memory && d.weight_memory->capacity_bytes != 0)
        check.fail("device.weight_memory.capacity_bytes must be 0: it is that of the arrays");
    for (const auto& [name, value] :
         {std::pair{"device.max_m", d.max_m}, std::pair{"device.max_n", d.max_n}, std::pair{"device.max_k", d.max_k},
          std::pair{"device.ring_entries", d.ring_entries}, std::pair{"device.queue", d.queue}}) {
        check.positive(name, static_cast<double>(value));
        check.at_most(name, static_cast<double>(value), most_device_extent);
    }
    if (d.ring_entries & (d.ring_entries - 1)) check.fail("device.ring_entries must be a power of two");
    for (const auto& [name, value] : {std::pair{"device.command_cycles", d.command_cycles},
                                      std::pair{"device.mode_switch_cycles", d.mode_switch_cycles}}) {
        check.not_negative(name, value);
        check.at_most(name, value, most_cycles);
    }
    const auto burst = d.dma.burst_bytes;
    check.not_negative("device.dma.burst_bytes", static_cast<double>(burst));
    check.at_most("device.dma.burst_bytes", static_cast<double>(burst), most_device_bytes);
    if (d.dma.split == dma_split::aligned_pow2 && (burst & (burst - 1)))
        check.fail("device.dma.burst_bytes must be a power of two, or 0, where device.dma.split is aligned_pow2");
    check.not_negative("device.dma.bytes_per_cycle", d.dma.bytes_per_cycle);
    if (d.dma.bytes_per_cycle > 0 && d.dma.bytes_per_cycle < 1e-3)
        check.fail("device.dma.bytes_per_cycle must be 0, which is no limit, or at least 0.001");
    check.not_negative("device.dma.outstanding", static_cast<double>(d.dma.outstanding));
    check.at_most("device.dma.outstanding", static_cast<double>(d.dma.outstanding), most_instances);
}

void check_widths(const checker& check, int input_bits, int weight_bits) {
    check.positive("cim.macro.input_bits", input_bits);
    check.positive("cim.macro.weight_bits", weight_bits);
    check.at_most("cim.macro.input_bits", input_bits, most_bits);
    check.at_most("cim.macro.weight_bits", weight_bits, most_bits);
}

void check_macro(const checker& check, const published_macro_parameters& m) {
    check.positive("cim.macro.rows_parallel", static_cast<double>(m.rows_parallel));
    check.positive("cim.macro.columns_parallel", static_cast<double>(m.columns_parallel));
    check.positive("cim.macro.rows_held", static_cast<double>(m.rows_held));
    check.positive("cim.macro.columns_held", static_cast<double>(m.columns_held));
    check_widths(check, m.input_bits, m.weight_bits);
    check.positive("cim.macro.latency_ps", m.latency_ps);
    check.at_most("cim.macro.latency_ps", m.latency_ps, most_ps);
    check.not_negative("cim.macro.mac_energy_pj", m.mac_energy_pj);
    check.not_negative("cim.macro.overhead_energy_pj", m.overhead_energy_pj);
    check.not_negative("cim.macro.write_energy_pj_per_byte", m.write_energy_pj_per_byte);
    check.positive("cim.macro.published_write_bytes", static_cast<double>(m.published_write_bytes));
    check.not_negative("cim.macro.write_bytes_per_cycle", m.write_bytes_per_cycle);
    check.not_negative("cim.macro.write_row_ps", m.write_row_ps);
    check.at_most("cim.macro.write_row_ps", m.write_row_ps, most_ps);
    check.not_negative("cim.macro.array_bytes", static_cast<double>(m.array_bytes));
    check.not_negative("cim.macro.area_factor", m.area_factor);
    check.not_negative("cim.macro.sram_area_um2_per_byte", m.sram_area_um2_per_byte);
    check.not_negative("cim.macro.effective_bits", m.effective_bits);
    check.at_most("cim.macro.effective_bits", m.effective_bits, published_macro(m).exact_bits());
}

/// Composed in `machine`, it tells what cannot be built; here is checked what it comes to.
void check_macro(const checker& check, const machine& machine, const composed_macro_parameters& m) {
    check_widths(check, m.input_bits, m.weight_bits);
    std::shared_ptr<const engine> e;
    try {
        e = machine.matrix_engine();
    } catch (const input_error& error) {
        check.fail(std::string("cim.macro.") + error.what());
    }
    check.positive("cim.macro: the time of a step (ps)", e->step_ps());
    check.at_most("cim.macro: the time of a step (ps)", e->step_ps(), most_ps);
    check.not_negative("cim.macro: the energy of a MAC (pJ)", e->mac_pj(energy_basis::mac));
    check.not_negative("cim.macro: the energy beside a MAC (pJ)", e->overhead_pj());
    check.not_negative("cim.macro: the energy of writing (pJ/B)", e->write_pj_per_byte());
    check.not_negative("cim.macro: the time of writing a row (ps)", e->write_row_ps());
    check.at_most("cim.macro: the time of writing a row (ps)", e->write_row_ps(), most_ps);
    check.not_negative("cim.macro.write.bytes_per_cycle", e->write_bytes_per_cycle());
    check.not_negative("cim.macro: the area (um2)", e->area_um2());
}

/// `key` is a map that states a technology.
void check_technology(const checker& check, const std::string& key, const technology_point& p, bool has_delay) {
    check.positive(key + ".node_nm", p.node_nm);
    check.positive(key + ".supply_v", p.supply_v);
    try {
        energy_factor(p.flavour, p.node_nm, p.supply_v);
        if (has_delay) delay_factor(p.flavour, p.node_nm, p.supply_v);
    } catch (const input_error& e) {
        check.fail(key + " cannot be scaled: " + e.what());
    }
}

// Names are compared without case, as those of loop nests are.
std::string lower(std::string text) {
    for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

// What else has a row of energy, a module, a resource of the bound or a slot of the nest.
const std::set<std::string>& reserved_names() {
    static const std::set<std::string> names{"host",       "bus",          "cim",      "tensor_core", "vector_unit",
                                             "mac",        "weight_write", "addition", "static",      "compute",
                                             "dispatcher", "reduction",    "bank",     "array",       "hold"};
    return names;
}
} // namespace

void machine::validate(const std::string& where) const {
    const checker check(where);
    if (!cim && !tensor_core) check.fail("no engine: a machine needs one of 'cim' and 'tensor_core'");
    const bool both = cim && tensor_core;
    const int replaced = cim ? memory_index(cim->replaces) : -1;
    const bool in_cache = replaced >= 0 && memories[static_cast<std::size_t>(replaced)].kind == memory_kind::cache;
    if (both && !dispatcher) check.fail("two engines: a machine has one of 'cim' and 'tensor_core'");
    if (both && !in_cache)
        check.fail("two engines: beside tensor cores, CiM replaces a part of a cache (cim.replaces)");
    if (memories.empty()) check.fail("memories is empty: a machine needs at least the memory that holds the operands");
    if (memories.size() > most_levels) check.fail("memories has more than " + std::to_string(most_levels) + " levels");
    check.positive("technology.clock_mhz", technology.clock_mhz);
    if (technology.clock_mhz < 1e-3 || technology.clock_mhz > 1e6)
        check.fail("technology.clock_mhz must be from 0.001 to 1e+06");
    check_technology(check, "technology", technology.point(), technology.scale_delay);
    auto copy = *this; // its parts are told by pointers that could change them
    for (const auto& part : technology_parts(copy))
        if (*part.native && !part.composed) // circuits have a law of their own
            check_technology(check, part.path, **part.native,
                             technology.scale_delay && part.figures.front().kind == figure_kind::delay);
    for (const auto& level : memories)
        if (level.native && level.kind == memory_kind::dram)
            check.fail("memories." + level.name + ".native: dram is outside the chip and not scaled");
    std::set<std::string> names;
    double instances = 1;
    for (const auto& level : memories) {
        check_memory(check, level);
        instances *= static_cast<double>(level.instances_below());
        check.at_most("memories." + level.name + ".fanout.count (with those above it)", instances, most_instances);
        for (const auto& name : {level.name, level.fanout ? level.fanout->name : std::string()}) {
            if (name.empty()) continue;
            if (reserved_names().count(lower(name)))
                check.fail("a level cannot be called '" + name +
                           "': a part of the machine or a place of the mapping is");
            if (!names.insert(lower(name)).second) check.fail("two levels are called '" + name + "'");
        }
        if (level.fanout && ((cim && !both) || level.kind == memory_kind::sram))
            check.fail("memories." + level.name + ".fanout: only the registers and latches of a tensor core come in " +
                       "several instances");
    }
    for (const auto& level : memories)
        if (level.cache && level.cache->compute_ways > 0 && !(in_cache && level.name == cim->replaces))
            check.fail("memories." + level.name +
                       ".cache.compute_ways: nothing computes there; CiM says so with cim.replaces");
    if (in_cache && cim->place && cim->place->share != 1)
        check.fail("cim.place.share: of a cache, cache.compute_ways says how much of it computes");
    if (memories.front().kind != memory_kind::dram)
        check.fail("memories." + memories.front().name + ".kind: the outermost memory is dram");
    for (std::size_t i = 1; i < memories.size(); ++i) {
        const auto& level = memories[i];
        const auto above = memories[i - 1].kind;
        if (level.kind == memory_kind::dram)
            check.fail("memories." + level.name + ".kind: only the outermost memory may be dram");
        if (level.kind == memory_kind::cache && above != memory_kind::dram)
            check.fail("memories." + level.name + ".kind: a cache stands directly below dram");
        if (level.kind == memory_kind::sram && (above == memory_kind::register_file || above == memory_kind::latch))
            check.fail("memories." + level.name + ".kind: sram stands above registers and latches");
    }
    for (auto t : {tensor::A, tensor::B, tensor::Z})
        if (!memories.front().keeps_tensor(t))
            check.fail("memories." + memories.front().name + " is the outermost level and must keep A, B and Z");
    if (device) check_device(check, *device);
    if (cim) {
        if (cim->place)
            check.not_negative("cim.count", static_cast<double>(cim->count));
        else
            check.positive("cim.count", static_cast<double>(cim->count));
        check.at_most("cim.count", static_cast<double>(cim->count), most_instances);
        if (cim->is_composed())
            check_macro(check, *this, cim->composed());
        else
            check_macro(check, cim->published());
        const auto macro = matrix_engine();
        const auto g = macro->geometry();
        check.at_most("cim.macro rows and columns, held ones included: weights",
                      static_cast<double>(g.rows_parallel) * static_cast<double>(g.columns_parallel) *
                          static_cast<double>(g.rows_held) * static_cast<double>(g.columns_held) *
                          static_cast<double>(cim->count),
                      most_weights);
        check.not_negative("cim.addition_energy_pj", cim->addition_energy_pj);
        if (in_cache && !macro->volatile_weights() &&
            memories[static_cast<std::size_t>(replaced)].cache->compute_on_demand)
            check.fail("memories." + cim->replaces +
                       ".cache.compute_on_demand is true: ways of arrays that keep their " +
                       "weights without power cannot cache in between");
        if (cim->place) {
            check.not_negative("cim.place.area_um2", cim->place->area_um2);
            check.not_negative("cim.place.capacity_bytes", static_cast<double>(cim->place->capacity_bytes));
            check.not_negative("cim.place.slices", static_cast<double>(cim->place->slices));
            if (in_cache && cim->place->slices > 0 &&
                memories[static_cast<std::size_t>(replaced)].cache->slices % cim->place->slices != 0)
                check.fail("cim.place.slices must divide memories." + cim->replaces + ".cache.slices");
            if (!(cim->place->share > 0 && cim->place->share <= 1))
                check.fail("cim.place.share must be above 0 and at most 1");
        }
        if (replaced >= 0 && !dispatcher)
            check.fail("cim.replaces is '" + cim->replaces + "', which is still among the memories");
        if (in_cache && memories[static_cast<std::size_t>(replaced)].cache->compute_ways == 0)
            check.fail("cim.replaces is '" + cim->replaces + "', but memories." + cim->replaces +
                       ".cache.compute_ways is 0: no way computes");
    }
    if (tensor_core) {
        check.positive("tensor_core.rows", static_cast<double>(tensor_core->rows));
        check.positive("tensor_core.columns", static_cast<double>(tensor_core->columns));
        check.positive("tensor_core.input_bits", tensor_core->input_bits);
        check.positive("tensor_core.weight_bits", tensor_core->weight_bits);
        check.at_most("tensor_core rows and columns of all instances: multipliers",
                      static_cast<double>(tensor_core->rows) * static_cast<double>(tensor_core->columns) * instances,
                      most_weights);
        check.at_most("tensor_core.input_bits", tensor_core->input_bits, most_bits);
        check.at_most("tensor_core.weight_bits", tensor_core->weight_bits, most_bits);
        check.positive("tensor_core.latency_ps", tensor_core->latency_ps);
        check.at_most("tensor_core.latency_ps", tensor_core->latency_ps, most_ps);
        check.not_negative("tensor_core.mac_energy_pj", tensor_core->mac_energy_pj);
        check.not_negative("tensor_core.issue_energy_pj", tensor_core->issue_energy_pj);
        check.not_negative("tensor_core.mac_area_um2", tensor_core->mac_area_um2);
    }
    if (dispatcher) {
        check.positive("dispatcher.units", static_cast<double>(dispatcher->units));
        check.at_most("dispatcher.units", static_cast<double>(dispatcher->units), most_units);
        check.positive("dispatcher.block_m", static_cast<double>(dispatcher->block_m));
        check.positive("dispatcher.block_n", static_cast<double>(dispatcher->block_n));
        check.not_negative("dispatcher.block_cycles", dispatcher->block_cycles);
        check.at_most("dispatcher.block_cycles", dispatcher->block_cycles, most_cycles);
        check.positive("dispatcher.partial_sum_bits", dispatcher->partial_sum_bits);
        check.at_most("dispatcher.partial_sum_bits", dispatcher->partial_sum_bits, 64);
        if (dispatcher->unit.empty()) check.fail("dispatcher.unit is empty");
        if (host.issue == host_issue::tile) check.fail("host.issue is tile: with a dispatcher it is gemm or block");
    } else if (host.issue == host_issue::block) {
        check.fail("host.issue is block: only a dispatcher has blocks");
    }
    check.positive("vector_unit.operations_per_cycle", vector_unit.operations_per_cycle);
    check.not_negative("vector_unit.operation_energy_pj", vector_unit.operation_energy_pj);
    check.not_negative("vector_unit.area_um2", vector_unit.area_um2);
    check.not_negative("bus.bytes_per_cycle", bus.bytes_per_cycle);
    check.not_negative("bus.latency_cycles", bus.latency_cycles);
    check.at_most("bus.latency_cycles", bus.latency_cycles, most_cycles);
    check.not_negative("bus.energy_pj_per_byte", bus.energy_pj_per_byte);
    if (bus.ports) {
        check.not_negative("bus.ports.read_bytes_per_cycle", bus.ports->read_bytes_per_cycle);
        check.not_negative("bus.ports.write_bytes_per_cycle", bus.ports->write_bytes_per_cycle);
    }
    if (bus.multicast && !dispatcher) check.fail("bus.multicast is true: only a dispatcher has units that share reads");
    check.positive("dma.arbitration_bytes", static_cast<double>(dma.arbitration_bytes));
    check.at_most("dma.arbitration_bytes", static_cast<double>(dma.arbitration_bytes), most_transaction_bytes);
    check.not_negative("host.command_cycles", host.command_cycles);
    check.at_most("host.command_cycles", host.command_cycles, most_cycles);
    check.not_negative("host.command_energy_pj", host.command_energy_pj);
    check.positive("host.queue_depth", static_cast<double>(host.queue_depth));
    check.at_most("host.queue_depth", static_cast<double>(host.queue_depth), most_instances);
    check.positive("mapper.bank_threshold", mapper.bank_threshold);
    check.positive("mapper.rf_depth", static_cast<double>(mapper.rf_depth));
    check.positive("mapper.latch_reuse", static_cast<double>(mapper.latch_reuse));
    check.not_negative("static_power_mw", static_power_mw);
}

} // namespace cimtlm

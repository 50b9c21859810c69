#include "commands.h"
#include "options.h"
#include "outcome.h"
#include "output.h"
#include "report.h"

#include <cimtlm/base/error.h>
#include <cimtlm/machine/iso_area.h>
#include <cimtlm/machine/scaling.h>
#include <cimtlm/machine/unit_group.h>
#include <platforms/config/units.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace cimtlm {

namespace po = boost::program_options;

namespace {

// A parameter as it was given, without zeros for show.
std::string plain(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

std::string rate(double bytes_per_cycle) {
    return bytes_per_cycle > 0 ? plain(bytes_per_cycle) + " B/cycle" : "not a limit";
}

std::string level_text(const memory_level& l, std::int64_t instances, const std::string& indent) {
    std::string keeps;
    for (auto t : l.keeps) keeps += to_string(t);
    return indent + l.name + (instances > 1 ? " x " + std::to_string(instances) : "") + ": " +
           (l.capacity_bytes > 0 ? bytes_text(l.capacity_bytes) : "unbounded") + ", keeps " + keeps + ", read " +
           rate(l.read_bytes_per_cycle) + ", write " + rate(l.write_bytes_per_cycle) + "\n" + indent + "  read " +
           plain(l.read_energy_pj_per_byte) + ", update " + plain(l.update_energy_pj_per_byte) + ", fill " +
           plain(l.fill_energy_pj_per_byte) + " pJ/B; area " +
           plain(l.area_um2 * static_cast<double>(instances) / 1e6) + " mm2\n";
}

/// "charge" of an enumerator.
template <class E> std::string name_of(E e) { return boost::describe::enum_to_string(e, "?"); }

/// What a composed macro is made of, and which of its parts spend the energy of a MAC.
std::string composed_text(const composed_macro& macro, const std::string& indent) {
    const auto& p = macro.parameters();
    const auto& a = p.array;
    const auto n = [](auto value) { return std::to_string(value); };
    auto text = indent + n(a.rows) + " x " + n(a.columns) + " cells of " + name_of(a.cell) + ", sums by " +
                name_of(a.summation) + "; inputs " + name_of(p.input.kind) + ", " + n(p.input.bits) + " of " +
                n(p.input_bits) + " bits at a time; " +
                (macro.converters() > 0 ? n(macro.converters()) + " converters " + name_of(p.adc.kind) + " of " +
                                              plain(p.adc.bits) + " bits"
                                        : "no converters") +
                "; weights of " + n(p.weight_bits) + " bits " + name_of(p.encoding) + ", " + n(a.cell_bits) +
                " a cell\n" + indent + "energy of a MAC:";
    const auto charges = macro.mac_charges(energy_basis::mac, p.statistics);
    for (const auto& c : charges)
        text += std::string(&c == &charges.front() ? " " : ", ") + c.action + " " +
                plain(100 * c.unit_energy_pj * c.per_mac / macro.mac_pj(energy_basis::mac)) + " %";
    const auto& time = p.latency_native.value_or(*p.native);
    text += "\n" + indent + "circuits '" + p.circuits.name + "' at " + to_string(*p.native) +
            (time != *p.native ? ", their time at " + to_string(time) : "") + ", " + plain(p.temperature_c) +
            " C; energies within a factor of " + plain(macro.energy_uncertainty()) + ", times of " +
            plain(macro.delay_uncertainty());
    if (const auto note = macro.range_note(); !note.empty()) text += "; not trusted: " + note;
    return text + "\n";
}

/// The engine of a machine of one unit.
std::string engine_text(const machine& m, const std::string& indent) {
    const auto e = m.matrix_engine();
    const auto g = e->geometry();
    auto text = indent + e->name() + " x " + std::to_string(m.engine_count()) + ": " + std::to_string(g.rows_parallel) +
                " x " + std::to_string(g.columns_parallel) + " MACs in " + time_text(e->step_ps()) + ", holds " +
                std::to_string(g.rows_held) + " x " + std::to_string(g.columns_held) + " positions each, " +
                bytes_text(e->capacity_bytes()) + " of weights; area " +
                plain(e->area_um2() * static_cast<double>(m.engine_count()) / 1e6) + " mm2\n";
    text += indent + "  MAC " + plain(e->mac_pj(energy_basis::mac)) + " pJ";
    const auto* composed = dynamic_cast<const composed_macro*>(e.get());
    if (m.cim && !composed)
        text += " if the published figure is of a MAC, " + plain(e->mac_pj(energy_basis::operation)) +
                " pJ if it is of an operation; counted here: " + plain(m.mac_pj()) + " pJ";
    else if (m.tensor_core && m.tensor_core->issue_energy_pj > 0)
        text += ", issue and operands " + plain(m.tensor_core->issue_energy_pj) + " pJ";
    if (e->overhead_pj() > 0) text += "; outside the macro " + plain(e->overhead_pj()) + " pJ";
    text += "\n";
    if (composed) text += composed_text(*composed, indent + "  ");
    if (m.cim)
        text += indent + "  weight write " + plain(e->write_pj_per_byte()) + " pJ/B, " +
                (e->write_row_ps() > 0 ? time_text(e->write_row_ps()) + " a row" : rate(e->write_bytes_per_cycle())) +
                (e->ping_pong() ? ", while computing" : ", not while computing") +
                (e->volatile_weights() ? "" : ", stays without power") + "; addition outside " +
                plain(m.cim->addition_energy_pj) + " pJ\n";
    return text;
}

/// What arrays take of a memory at equal area, and what they leave.
std::string place_text(const machine& m) {
    const auto place = memory_replaced(m);
    const auto units = cim_units(m);
    const double arrays = m.matrix_engine()->area_um2() * static_cast<double>(m.cim->count);
    const auto all = [&](double um2) { return plain(um2 * static_cast<double>(units) / 1e6) + " mm2"; };
    return "CiM in place of " + plain(100 * place.share) + " % of " + m.cim->replaces + ": " +
           std::to_string(m.cim->count * units) + " arrays of " + plain(m.matrix_engine()->area_um2()) + " um2 take " +
           all(arrays) + " of " + all(place.area_um2) + " (" + std::to_string(m.cim->count) + " in each of " +
           std::to_string(units) + "); for data stay " + bytes_text(place.left_bytes) + " of " +
           bytes_text(place.capacity_bytes) + " each\n";
}

/// Levels and engines, from the outside in.
std::string tree(const machine& m) {
    std::string text = m.name + ": " + m.description + "\n";
    text += plain(m.technology.node_nm) + " nm, " + plain(m.technology.supply_v) + " V, " +
            plain(m.technology.clock_mhz) + " MHz; area " + plain(whole_area_um2(m) / 1e6) +
            " mm2 (DRAM excluded); peak " + plain(2 * whole_peak_macs_per_ps(m)) + " TOPS\n\n";
    std::string indent;
    std::int64_t instances = 1;
    const auto level = [&](const memory_level& l) {
        instances *= l.instances_below();
        text += level_text(l, instances, indent);
        indent += "  ";
    };
    if (!m.dispatcher) {
        for (const auto& l : m.memories) level(l);
        text += engine_text(m, indent);
    } else {
        for (std::size_t i = 0; i < m.shared_memories(); ++i) level(m.memories[i]);
        const auto shared = indent;
        for (const auto& g : unit_groups(m)) {
            text += shared + g.unit + " x " + std::to_string(g.units) + ": peak " + plain(2 * g.peak_macs_per_ps()) +
                    " TOPS in all; each\n";
            indent = shared + "  ";
            instances = 1;
            for (std::size_t i = 1; i < g.unit_machine.memories.size(); ++i) level(g.unit_machine.memories[i]);
            text += engine_text(g.unit_machine, indent);
        }
        text += "dispatcher: " + std::to_string(m.dispatcher->units) + " " + m.dispatcher->unit + ", blocks up to " +
                std::to_string(m.dispatcher->block_m) + " x " + std::to_string(m.dispatcher->block_n) + ", " +
                plain(m.dispatcher->block_cycles) + " cycles each\n";
    }
    if (m.cim && m.cim->place) text += place_text(m);
    text += "vector unit" + (m.dispatcher ? " x " + std::to_string(m.dispatcher->units) : std::string()) + ": " +
            plain(m.vector_unit.operations_per_cycle) + " operations/cycle, " +
            plain(m.vector_unit.operation_energy_pj) + " pJ each" +
            (m.vector_unit.fused ? ", element-wise work fused" : "") + "\n";
    text += "bus: " + rate(m.bus.bytes_per_cycle);
    if (m.bus.ports)
        text += ", a port " + plain(m.bus.ports->read_bytes_per_cycle) + " B/cycle read and " +
                plain(m.bus.ports->write_bytes_per_cycle) + " written";
    text += ", " + plain(m.bus.latency_cycles) + " cycles, " + plain(m.bus.energy_pj_per_byte) + " pJ/B\n";
    text += std::string("dma: ") + (m.dma.double_buffer ? "double-buffered" : "single-buffered") +
            ", gives way after " + bytes_text(m.dma.arbitration_bytes) + "\n";
    const char* issue = m.host.issue == host_issue::tile    ? "tile"
                        : m.host.issue == host_issue::block ? "block"
                                                            : "GEMM";
    text += std::string("host: a command a ") + issue + ", " + plain(m.host.command_cycles) + " cycles each, " +
            std::to_string(m.host.queue_depth) + " ahead\n";
    if (m.static_power_mw > 0) text += "static: " + plain(m.static_power_mw / 1e3) + " W\n";
    return text;
}

std::string figure(const figure_scaling& f, double value) {
    if (f.kind == figure_kind::delay) return time_text(value);
    return plain(value) + " " + unit_of_key(f.path.substr(f.path.rfind('.') + 1)).name;
}

/// False for figures of a macro that no logic node scales.
bool follows_node(const machine& m, const figure_scaling& f) {
    return !m.cim || f.path.rfind("cim.macro.", 0) != 0 ||
           std::visit([](const auto& macro) { return macro.follows_node; }, m.cim->macro);
}

/// The technology of the machine, and what was native elsewhere.
std::string technology_text(const machine& as_given) {
    const auto here = as_given.technology.point();
    auto text = "technology: " + to_string(here);
    if (const auto note = range_note(here); !note.empty()) text += "; not trusted: " + note;
    text += "\n";
    bool any = false;
    const bool is_composed = as_given.cim && as_given.cim->is_composed();
    std::vector<technology_point> noted{here};
    for (const auto& f : scaling_of(as_given)) {
        if (f.native == here || f.native_value <= 0) continue;
        any = true;
        text += "  " + f.path + ": " + figure(f, f.native_value) + " native at " + to_string(f.native);
        text += f.kept
                    ? std::string(", kept (") +
                          (follows_node(as_given, f) ? "technology.scale_delay" : "cim.macro.follows_node") +
                          " is false)\n"
                    : " -> " + figure(f, f.value) + " at " + to_string(here) + (f.outside ? ", not trusted\n" : "\n");
        if (std::find(noted.begin(), noted.end(), f.native) != noted.end()) continue;
        noted.push_back(f.native);
        // Circuits tell theirs with the macro.
        if (is_composed && f.path.rfind("cim.macro.", 0) == 0) continue;
        if (const auto note = range_note(f.native); !note.empty()) text += "    not trusted: " + note + "\n";
    }
    if (!any) text += "  every figure is native at it\n";
    auto copy = as_given;
    std::string silent;
    for (const auto& part : technology_parts(copy))
        if (!*part.native) silent += (silent.empty() ? "" : ", ") + part.path.substr(0, part.path.rfind('.'));
    if (!silent.empty()) text += "  taken as native at it, for want of a statement: " + silent + "\n";
    return text;
}

} // namespace

int show_command(const std::vector<std::string>& arguments) {
    po::options_description all("cimtlm show MACHINE [options]");
    all.add_options()("machine", po::value<std::string>()->value_name("MACHINE"), "file or name")(
        "set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
        "change a key (repeatable)")("yaml", "the effective configuration, as a run writes it")("help", "this text");
    const auto values = parse_arguments(arguments, all, "machine", 1);
    if (values.count("help")) {
        std::ostringstream text;
        text << all;
        print(text.str());
        return exit_ok;
    }
    if (!values.count("machine")) throw input_error("no machine: cimtlm show MACHINE");
    std::vector<std::string> sets;
    if (values.count("set")) sets = values["set"].as<std::vector<std::string>>();
    const auto loaded = load_machine(values["machine"].as<std::string>(), sets);
    if (values.count("yaml")) {
        print(to_yaml(loaded));
        return exit_ok;
    }
    auto text = tree(loaded.value) + "\n" + technology_text(loaded.as_given ? *loaded.as_given : loaded.value);
    if (!loaded.ranges.empty()) text += "\nranges\n";
    for (const auto& [path, range] : loaded.ranges)
        text += "  " + path + ": " + plain(range.low) + " to " + plain(range.high) + " " +
                unit_of_key(path.substr(path.rfind('.') + 1)).name + "\n";
    text += "\nsources\n";
    for (const auto& [path, source] : loaded.sources) text += "  " + path + ": " + source + "\n";
    print(text);
    return exit_ok;
}

} // namespace cimtlm

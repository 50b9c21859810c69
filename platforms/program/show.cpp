#include "commands.h"
#include "options.h"
#include "outcome.h"
#include "output.h"
#include "report.h"

#include <cimtlm/base/error.h>
#include <cimtlm/machine/scaling.h>
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

std::string tree(const machine& m) {
    std::string text = m.name + ": " + m.description + "\n";
    text += plain(m.technology.node_nm) + " nm, " + plain(m.technology.supply_v) + " V, " +
            plain(m.technology.clock_mhz) + " MHz; area " + plain(m.area_um2() / 1e6) + " mm2 (DRAM excluded); peak " +
            plain(2 * m.peak_macs_per_ps()) + " TOPS\n\n";
    std::string indent;
    std::int64_t instances = 1;
    for (const auto& l : m.memories) {
        instances *= l.instances_below();
        std::string keeps;
        for (auto t : l.keeps) keeps += to_string(t);
        text += indent + l.name + (instances > 1 ? " x " + std::to_string(instances) : "") + ": " +
                (l.capacity_bytes > 0 ? bytes_text(l.capacity_bytes) : "unbounded") + ", keeps " + keeps + ", read " +
                rate(l.read_bytes_per_cycle) + ", write " + rate(l.write_bytes_per_cycle) + "\n";
        text += indent + "  read " + plain(l.read_energy_pj_per_byte) + ", update " +
                plain(l.update_energy_pj_per_byte) + ", fill " + plain(l.fill_energy_pj_per_byte) + " pJ/B; area " +
                plain(l.area_um2 * static_cast<double>(instances) / 1e6) + " mm2\n";
        indent += "  ";
    }
    const auto e = m.matrix_engine();
    const auto g = e->geometry();
    text += indent + e->name() + " x " + std::to_string(m.engine_count()) + ": " + std::to_string(g.rows_parallel) +
            " x " + std::to_string(g.columns_parallel) + " MACs in " + time_text(e->step_ps()) + ", holds " +
            std::to_string(g.rows_held) + " x " + std::to_string(g.columns_held) + " positions each, " +
            bytes_text(e->capacity_bytes()) + " of weights; area " +
            plain(e->area_um2() * static_cast<double>(m.engine_count()) / 1e6) + " mm2\n";
    text += indent + "  MAC " + plain(e->mac_pj(energy_basis::mac)) + " pJ";
    if (m.cim)
        text += " if the published figure is of a MAC, " + plain(e->mac_pj(energy_basis::operation)) +
                " pJ if it is of an operation; counted here: " + plain(m.mac_pj()) + " pJ";
    text += "\n";
    if (m.cim)
        text += indent + "  weight write " + plain(e->write_pj_per_byte()) + " pJ/B, " +
                rate(e->write_bytes_per_cycle()) + (e->ping_pong() ? ", while computing" : ", not while computing") +
                "; addition outside " + plain(m.cim->addition_energy_pj) + " pJ\n";
    text += "vector unit: " + plain(m.vector_unit.operations_per_cycle) + " operations/cycle, " +
            plain(m.vector_unit.operation_energy_pj) + " pJ each" +
            (m.vector_unit.fused ? ", element-wise work fused" : "") + "\n";
    text += "bus: " + rate(m.bus.bytes_per_cycle) + ", " + plain(m.bus.latency_cycles) + " cycles, " +
            plain(m.bus.energy_pj_per_byte) + " pJ/B\n";
    text += std::string("dma: ") + (m.dma.double_buffer ? "double-buffered" : "single-buffered") +
            ", gives way after " + bytes_text(m.dma.arbitration_bytes) + "\n";
    text += std::string("host: a command a ") + (m.host.issue == host_issue::tile ? "tile" : "GEMM") + ", " +
            plain(m.host.command_cycles) + " cycles each, " + std::to_string(m.host.queue_depth) + " ahead\n";
    return text;
}

std::string figure(const figure_scaling& f, double value) {
    if (f.kind == figure_kind::delay) return time_text(value);
    return plain(value) + " " + unit_of_key(f.path.substr(f.path.rfind('.') + 1)).name;
}

/// The technology of the machine, and what was native elsewhere.
std::string technology_text(const machine& as_given) {
    const auto here = as_given.technology.point();
    auto text = "technology: " + to_string(here);
    if (const auto note = range_note(here); !note.empty()) text += "; not trusted: " + note;
    text += "\n";
    bool any = false;
    std::vector<technology_point> noted{here};
    for (const auto& f : scaling_of(as_given)) {
        if (f.native == here || f.native_value == 0) continue;
        any = true;
        text += "  " + f.path + ": " + figure(f, f.native_value) + " native at " + to_string(f.native);
        text += f.kept
                    ? ", kept (technology.scale_delay is false)\n"
                    : " -> " + figure(f, f.value) + " at " + to_string(here) + (f.outside ? ", not trusted\n" : "\n");
        if (std::find(noted.begin(), noted.end(), f.native) != noted.end()) continue;
        noted.push_back(f.native);
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
    auto text =
        tree(loaded.value) + "\n" + technology_text(loaded.as_given ? *loaded.as_given : loaded.value) + "\nsources\n";
    for (const auto& [path, source] : loaded.sources) text += "  " + path + ": " + source + "\n";
    print(text);
    return exit_ok;
}

} // namespace cimtlm

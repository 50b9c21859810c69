// What the memories of a machine take: latency and bandwidth by working set.
#include "commands.h"
#include "options.h"
#include "outcome.h"
#include "output.h"
#include "report.h"

#include <cimtlm/base/error.h>
#include <platforms/builder/memory_probe.h>
#include <platforms/config/units.h>
#include <workloads/csv.h>

#include <sstream>

namespace cimtlm {

namespace po = boost::program_options;

namespace {

std::vector<std::uint64_t> sizes_of(const po::variables_map& values) {
    std::vector<std::uint64_t> sizes;
    if (!values.count("size")) return sizes;
    for (const auto& text : values["size"].as<std::vector<std::string>>()) {
        const auto node = parse_option_value(text, "--size " + text);
        sizes.push_back(static_cast<std::uint64_t>(
            read_integer(node, "size_bytes", 1, static_cast<std::int64_t>(memory_probe::most_bytes))));
    }
    return sizes;
}

std::string plain(double value, const char* format = "%.1f") {
    char text[40];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

using rows = std::vector<std::vector<std::string>>;

std::vector<std::string> first_cells(const memory_figure& f, bool csv) {
    const auto bytes = static_cast<std::int64_t>(f.working_set_bytes);
    return {csv ? std::to_string(bytes) : bytes_text(bytes), f.level,
            csv ? plain(f.share, "%.4f") : plain(100 * f.share, "%.0f") + " %"};
}

rows latencies(memory_probe& probe, const std::vector<std::uint64_t>& sizes, double cycle_ps, bool csv) {
    rows table{csv ? std::vector<std::string>{"working_set_bytes", "level", "share", "cycles", "shortest_cycles",
                                              "longest_cycles", "ns"}
                   : std::vector<std::string>{"working set", "level", "of it", "cycles", "shortest", "longest", "ns"}};
    for (const std::uint64_t bytes : sizes) {
        const auto f = probe.latency(bytes);
        auto row = first_cells(f, csv);
        row.push_back(plain(f.latency_ps() / cycle_ps));
        row.push_back(plain(static_cast<double>(f.measured.shortest_ps) / cycle_ps));
        row.push_back(plain(static_cast<double>(f.measured.longest_ps) / cycle_ps));
        row.push_back(plain(f.latency_ps() / 1e3));
        table.push_back(row);
    }
    return table;
}

rows bandwidths(memory_probe& probe, const std::vector<std::uint64_t>& sizes, double cycle_ps, bool csv, unsigned units,
                bool write) {
    rows table{csv ? std::vector<std::string>{"working_set_bytes", "level", "share", "units", "operation", "gb_per_s",
                                              "bytes_per_cycle"}
                   : std::vector<std::string>{"working set", "level", "of it", "GB/s", "B/cycle", "B/cycle each"}};
    for (const std::uint64_t bytes : sizes) {
        const auto f = probe.bandwidth(bytes, units, write);
        const double rate = f.gb_per_s() * cycle_ps / 1e3;
        auto row = first_cells(f, csv);
        if (csv) row.insert(row.end(), {std::to_string(units), write ? "write" : "read"});
        row.push_back(plain(f.gb_per_s()));
        row.push_back(plain(rate));
        if (!csv) row.push_back(plain(rate / units));
        table.push_back(row);
    }
    return table;
}

} // namespace

int probe_command(const std::vector<std::string>& arguments) {
    po::options_description all("cimtlm probe MACHINE latency|bandwidth [options]");
    all.add_options()("size", po::value<std::vector<std::string>>()->composing()->value_name("BYTES"),
                      "a working set, e.g. 64KiB (repeatable; default: powers of two through all levels)")(
        "units", po::value<std::string>()->value_name("N"),
        "bandwidth: units that stream (default: all)")("write", "bandwidth: writes instead of reads")(
        "set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
        "change a key of the machine (repeatable)")("csv", "print CSV and nothing else")("help", "this text")(
        "machine", po::value<std::string>()->value_name("MACHINE"),
        "file or name (cimtlm list machines)")("what", po::value<std::string>()->value_name("latency|bandwidth"),
                                               "dependent reads of one unit, or streams of all");
    const auto values = parse_arguments(arguments, all, "machine,what", 2);
    if (values.count("help")) {
        std::ostringstream text;
        text << all;
        print(text.str());
        return exit_ok;
    }
    if (!values.count("machine") || !values.count("what"))
        throw input_error("nothing to probe: cimtlm probe MACHINE latency|bandwidth");
    const auto what = values["what"].as<std::string>();
    if (what != "latency" && what != "bandwidth")
        throw input_error(unknown_name("probe", what, {"latency", "bandwidth"}));
    const bool latency = what == "latency", csv = values.count("csv") > 0, write = values.count("write") > 0;
    if (latency && (write || values.count("units")))
        throw input_error("--units and --write: of bandwidth only; latency is that of reads by one unit");
    auto sizes = sizes_of(values);
    const auto sets = values.count("set") ? values["set"].as<std::vector<std::string>>() : std::vector<std::string>{};
    const machine m = load_machine(values["machine"].as<std::string>(), sets).value;

    using namespace sc_core; // reports never go to standard output; what is wrong is an exception
    sc_report_handler::set_actions(SC_INFO, SC_DO_NOTHING);
    for (const auto severity : {SC_WARNING, SC_ERROR, SC_FATAL}) sc_report_handler::set_actions(severity, SC_THROW);
    memory_probe probe(m, [] {
        if (was_interrupted()) throw interrupted{};
    });
    for (const std::uint64_t bytes : sizes) probe.check(bytes);
    if (sizes.empty()) sizes = probe.working_sets();
    const auto units =
        !values.count("units")
            ? probe.units()
            : static_cast<unsigned>(parse_whole_number(values["units"].as<std::string>(), 1, probe.units(), "--units"));
    const auto table = latency ? latencies(probe, sizes, m.cycle_ps(), csv)
                               : bandwidths(probe, sizes, m.cycle_ps(), csv, units, write);
    if (csv) {
        print(table_csv(table));
        return exit_ok;
    }
    const std::string who = std::to_string(latency ? 1 : units) + " " + probe.unit_name();
    print(m.name + ": " +
          (latency ? "dependent reads of a line, "
           : write ? "streaming writes, "
                   : "streaming reads, ") +
          who + ", cycles of " + time_text(m.cycle_ps()) + "\n\n" + table_text(table));
    return exit_ok;
}

} // namespace cimtlm

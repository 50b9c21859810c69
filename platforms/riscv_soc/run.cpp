// One run of firmware.
#include <platforms/config/node.h>
#include <platforms/config/units.h>
#include <platforms/program/options.h>
#include <platforms/program/outcome.h>
#include <platforms/program/output.h>
#include <platforms/program/report.h>
#include <platforms/riscv_soc/commands.h>
#include <platforms/riscv_soc/console.h>
#include <platforms/riscv_soc/riscv_soc.h>

#include <cimtlm/base/error.h>

#include <boost/json.hpp>

#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>
#include <sstream>

namespace cimtlm {

namespace po = boost::program_options;
namespace json = boost::json;

namespace {

struct run_request {
    std::string soc, firmware, command_line;
    soc_parameters parameters;
    loaded_machine device;
    std::int64_t max_time_ps = 0;
};

std::vector<std::string> texts(const po::variables_map& values, const char* option) {
    return values.count(option) ? values[option].as<std::vector<std::string>>() : std::vector<std::string>{};
}

run_request read_request(const po::variables_map& values) {
    run_request r;
    if (!values.count("firmware"))
        throw input_error("no firmware: give a file or a name; cimtlm-soc list firmware tells the names");
    r.firmware = find_firmware(values["firmware"].as<std::string>());
    r.soc = values["soc"].as<std::string>();
    r.parameters = load_soc(r.soc, texts(values, "set"));
    r.device = load_machine(r.parameters.cim.machine, texts(values, "device-set"));
    if (values.count("max-time")) {
        const auto text = values["max-time"].as<std::string>();
        r.max_time_ps = read_integer(parse_option_value(text, "--max-time " + text), "max_time_ps", 1,
                                     std::numeric_limits<std::int64_t>::max() / 2);
    }
    const auto has_blank = [](const std::string& t) { return t.find_first_of(" \t\n\r\v\f") != std::string::npos; };
    r.command_line = std::filesystem::path(r.firmware).stem();
    if (has_blank(r.command_line)) r.command_line = "firmware"; // words of the command line are separated by blanks
    for (const auto& argument : texts(values, "argument")) {
        if (argument.find('=') == std::string::npos)
            throw input_error("'" + argument + "' is no option of the firmware: these have the form key=value");
        if (has_blank(argument)) throw input_error("'" + argument + "': options of the firmware hold no blanks");
        r.command_line += " " + argument;
    }
    r.command_line += " cores=" + std::to_string(r.parameters.core.count) +
                      " devices=" + std::to_string(r.parameters.cim.count) +
                      " memory=" + std::to_string(r.parameters.ram.capacity_bytes >> 20);
    return r;
}

const char* name_of(guest_outcome::kind how) {
    constexpr const char* names[] = {"exit", "mistake", "time limit", "standstill"};
    return names[static_cast<int>(how)];
}

int status_of(const guest_outcome& o) {
    switch (o.how) {
    case guest_outcome::kind::exit:
        return o.exit_code;
    case guest_outcome::kind::time_limit:
        return exit_time_limit;
    default:
        return exit_guest_mistake;
    }
}

double mips(const guest_outcome& o) { return o.host_s > 0 ? 1e-6 * static_cast<double>(o.instructions) / o.host_s : 0; }

json::object to_json(const run_request& r, const guest_outcome& o, const console& text, const ledger& energy,
                     const statistics& s) {
    json::object root;
    root["soc"] = r.soc;
    root["firmware"] = r.command_line;
    root["outcome"] = name_of(o.how);
    root["exit_code"] = status_of(o);
    if (!o.message.empty()) root["message"] = o.message;
    root["time_ps"] = o.time_ps;
    root["instructions"] = o.instructions;
    root["mips"] = mips(o);
    root["host_s"] = o.host_s;
    root["energy_pj"] = energy.total_pj();
    for (const auto& [name, value] : text.results())
        if (!root.contains(name)) root[name] = value;
    json::object parts, counters;
    for (const auto& [part, pj] : energy.by_part()) parts[part] = pj;
    for (const auto& e : s.entries()) counters[e.name] = e.value;
    root["energy"] = parts;
    root["statistics"] = counters;
    return root;
}

std::string summary(const guest_outcome& o, const console& text, const ledger& energy) {
    std::ostringstream out;
    out << "simulated time   " << time_text(static_cast<double>(o.time_ps)) << "\n"
        << "instructions     " << o.instructions << "\n"
        << "speed            " << number_text(mips(o)) << " million instructions a second of processor time\n";
    for (const auto& [name, label] : {std::pair{"speedup", "speed-up"}, {"accuracy", "accuracy"}})
        if (const auto found = text.results().find(name); found != text.results().end())
            out << label << std::string(17 - std::string(label).size(), ' ') << found->second << "\n";
    out << "energy           " << energy_text(energy.total_pj()) << "\n";
    for (const auto& [part, pj] : energy.by_part())
        if (pj != 0)
            out << "  " << part << std::string(part.size() < 24 ? 24 - part.size() : 1, ' ') << energy_text(pj) << "\n";
    return out.str();
}

} // namespace

int soc_run_command(const std::vector<std::string>& arguments) {
    po::options_description all("Options");
    all.add_options()("soc", po::value<std::string>()->default_value("riscv")->value_name("NAME"),
                      "the system: a file or a listed name")(
        "set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
        "change a key of the system, e.g. core.count=4 (repeatable)")(
        "device-set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
        "change a key of the CiM devices' machine, e.g. cim.macro=analog_6t (repeatable)")(
        "max-time", po::value<std::string>()->value_name("TIME"), "end after so much simulated time, e.g. 10ms")(
        "json", "results as JSON; the guest's text goes to standard error")(
        "out", po::value<std::string>()->value_name("FOLDER"),
        "results, statistics and the effective configuration into a folder")("force", "replace the folder")(
        "help,h", "this text");
    po::options_description hidden;
    hidden.add_options()("firmware", po::value<std::string>())("argument", po::value<std::vector<std::string>>());
    po::options_description both;
    both.add(all).add(hidden);
    const auto values = parse_arguments(arguments, both, "firmware,argument", -1);
    if (values.count("help")) {
        std::ostringstream text;
        text << "cimtlm-soc run FIRMWARE [KEY=VALUE]... [options]\n\n"
             << all
             << "\nExit status: the guest's; 124 when --max-time is over, 125 when the guest made a mistake that ends "
                "a\n"
                "run or nothing can happen any more, 2 for wrong input.\n";
        print(text.str());
        return exit_ok;
    }
    const auto request = read_request(values);
    std::optional<output_folder> folder;
    if (values.count("out")) folder.emplace(values["out"].as<std::string>(), values.count("force") > 0);

    const bool as_json = values.count("json") > 0;
    console text(as_json ? &std::cerr : &std::cout);
    const auto guest = elf_file::read(request.firmware);
    riscv_soc soc("soc", request.parameters, request.device.value, guest, request.command_line,
                  [&](char c) { text.write(c); });
    const auto outcome = soc.run(request.max_time_ps, [] { return !was_interrupted(); });
    if (was_interrupted()) throw interrupted{};

    const auto energy = soc.energy();
    statistics s;
    soc.report(s);
    const auto results = to_json(request, outcome, text, energy, s);
    if (folder) {
        folder->write("stats.json", pretty(results));
        std::string rows;
        for (const auto& e : s.entries()) rows += statistics_line(e.name, exact_text(e.value), e.description, e.unit);
        folder->write("stats.txt", rows);
        folder->write("soc.yaml", to_yaml(request.parameters));
        folder->write("device.yaml", to_yaml(request.device));
        folder->commit();
    }
    print(as_json ? pretty(results) : summary(outcome, text, energy));
    if (outcome.how != guest_outcome::kind::exit)
        std::cerr << "cimtlm-soc: " << name_of(outcome.how) << ": " << outcome.message << "\n";
    return status_of(outcome);
}

} // namespace cimtlm

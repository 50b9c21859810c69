// The runs of an experiment, and its table.
#include <platforms/program/children.h>
#include <platforms/program/options.h>
#include <platforms/program/outcome.h>
#include <platforms/program/output.h>
#include <platforms/program/report.h>
#include <platforms/riscv_soc/commands.h>
#include <platforms/riscv_soc/experiments.h>

#include <cimtlm/base/error.h>
#include <workloads/csv.h>

#include <algorithm>
#include <sstream>
#include <thread>

namespace cimtlm {

namespace po = boost::program_options;
namespace json = boost::json;

namespace {

const experiment& find(const std::string& name) {
    std::vector<std::string> names;
    for (const auto& e : experiments()) {
        if (e.name == name) return e;
        names.push_back(e.name);
    }
    throw input_error(unknown_name("experiment", name, names));
}

/// The key of "--set=KEY=VALUE", "" of other arguments.
std::string set_key(const std::string& argument) {
    const std::string front = "--set=";
    if (argument.rfind(front, 0) != 0) return "";
    return argument.substr(front.size(), argument.find('=', front.size()) - front.size());
}

/// Throws input_error for a key that the experiment itself varies, and naming a run that failed.
std::vector<json::object> results_of(const experiment& e, const std::vector<std::string>& more, std::size_t jobs) {
    auto runs = e.runs();
    for (const auto& argument : more)
        for (const auto& own : runs.front())
            if (const auto key = set_key(argument); !key.empty() && key == set_key(own))
                throw input_error("--set " + key + ": the experiment sets it itself");
    for (auto& run : runs) {
        run.insert(run.begin(), "run");
        run.push_back("--json");
        run.insert(run.end(), more.begin(), more.end());
    }
    const auto outcomes = run_children(runs, jobs, e.name);
    std::vector<json::object> results;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        std::string command;
        for (const auto& a : runs[i]) command += " " + a;
        if (outcomes[i].status != exit_ok)
            throw input_error("cimtlm-soc" + command + " ended with " + std::to_string(outcomes[i].status) + ": " +
                              outcomes[i].message());
        auto result = json::parse(outcomes[i].out).as_object();
        if (result.at("mismatches").to_number<double>() != 0 && result.at("exact").to_number<double>() != 0)
            throw std::logic_error("cimtlm-soc" + command + " computes wrong results");
        results.push_back(std::move(result));
    }
    return results;
}

} // namespace

int soc_experiment_command(const std::vector<std::string>& arguments) {
    po::options_description all("Options");
    all.add_options()("soc", po::value<std::string>()->value_name("NAME"), "another system")(
        "set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
        "change a key of the system in all runs (repeatable)")(
        "device-set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
        "change a key of the CiM devices' machine in all runs (repeatable)")(
        "jobs", po::value<std::string>()->value_name("N"), "runs at a time (default: processors)")(
        "csv", "the table as CSV")("markdown", "the table as Markdown")("help,h", "this text");
    po::options_description hidden;
    hidden.add_options()("name", po::value<std::string>());
    po::options_description both;
    both.add(all).add(hidden);
    const auto values = parse_arguments(arguments, both, "name", 1);
    if (values.count("help")) {
        std::ostringstream text;
        text << "cimtlm-soc experiment NAME [options]\n\n";
        for (const auto& e : experiments()) text << "  " << e.name << ": " << e.question << "\n";
        text << "\n" << all;
        print(text.str());
        return exit_ok;
    }
    if (!values.count("name")) throw input_error("which experiment? cimtlm-soc list experiments tells them");
    if (values.count("csv") && values.count("markdown"))
        throw input_error("both --csv and --markdown: give one of them");
    std::vector<std::string> more;
    if (values.count("soc")) more.push_back("--soc=" + values["soc"].as<std::string>());
    for (const char* option : {"set", "device-set"})
        if (values.count(option))
            for (const auto& value : values[option].as<std::vector<std::string>>())
                more.push_back(std::string("--") + option + "=" + value);
    std::size_t jobs = std::max(1u, std::thread::hardware_concurrency());
    if (values.count("jobs"))
        jobs = static_cast<std::size_t>(parse_whole_number(values["jobs"].as<std::string>(), 1, 1024, "--jobs"));
    const auto& e = find(values["name"].as<std::string>());
    const auto table = e.table(results_of(e, more, jobs));
    print(values.count("csv")        ? table_csv(table)
          : values.count("markdown") ? table_markdown(table)
                                     : table_text(table));
    return exit_ok;
}

} // namespace cimtlm

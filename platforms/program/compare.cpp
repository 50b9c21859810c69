#include "children.h"
#include "commands.h"
#include "comparison.h"
#include "macro_comparison.h"
#include "options.h"
#include "outcome.h"
#include "output.h"
#include "report.h"

#include <cimtlm/base/error.h>

#include <algorithm>
#include <sstream>
#include <thread>

namespace cimtlm {

namespace po = boost::program_options;
namespace json = boost::json;

namespace {

// In half of the L2 the macros of whole cores find room, too; the shared memory of a unit holds none of them.
constexpr const char* machine_for_macros = "a100/cim_l2";

constexpr const char* usage = "compare MACHINE...|--macros MACRO MACRO... --trace TRACE|--gemm M,N,K";

std::size_t read_jobs(const std::string& text) {
    constexpr std::size_t most = 1024;
    const bool digits = !text.empty() && text.size() <= 4 && text.find_first_not_of("0123456789") == std::string::npos;
    const auto jobs = digits ? std::stoul(text) : 0;
    if (jobs < 1 || jobs > most)
        throw input_error("--jobs: '" + text + "'; allowed: a whole number from 1 to " + std::to_string(most));
    return jobs;
}

// One run of the comparison.
struct contender {
    std::string machine; // "NAME,KEY=VALUE,..."
    std::string name;    // in messages
    std::string refused; // why it is not even tried, or ""
    const macro_choice* macro = nullptr;
};

work_options with_own(work_options w, const machine_variant& variant) {
    w.sets.insert(w.sets.end(), variant.sets.begin(), variant.sets.end());
    return w;
}

// Runs that fit, in the order asked for. Of machines the first has to fit: ratios are to it. Of macros the others
// still say something.
std::vector<json::object> run_all(const std::vector<contender>& contenders, const work_options& w, std::size_t jobs,
                                  const std::string& label, std::vector<refusal>& refused) {
    std::vector<std::vector<std::string>> arguments;
    std::vector<const contender*> tried;
    for (const auto& c : contenders) {
        if (!c.refused.empty()) {
            refused.push_back({c.name, c.refused});
            continue;
        }
        const auto variant = read_variant(c.machine);
        auto& child = arguments.emplace_back(arguments_of(with_own(w, variant)));
        child.insert(child.begin(), {"run", variant.machine});
        child.push_back("--json");
        tried.push_back(&c);
    }
    const auto outcomes = run_children(arguments, jobs, label);
    std::vector<json::object> runs;
    for (std::size_t i = 0; i < tried.size(); ++i) {
        const auto& c = *tried[i];
        const auto& o = outcomes[i];
        const auto text = c.name + ": " + o.message();
        if (o.status == exit_does_not_fit && (i > 0 || c.macro)) {
            refused.push_back({c.name, o.message()});
            continue;
        }
        if (o.status == exit_does_not_fit) throw does_not_fit_error(text);
        if (o.status == exit_input) throw input_error(text);
        if (o.status == exit_environment) throw environment_error(text);
        if (o.status == exit_interrupted) throw interrupted{};
        if (o.status != exit_ok) throw std::runtime_error(text);
        auto& run = runs.emplace_back(json::parse(o.out).as_object());
        if (c.machine.find(',') != std::string::npos) run["machine"] = c.machine; // with its options
        if (c.macro) run["macro"] = macro_object(*c.macro, run);
    }
    if (runs.empty()) throw does_not_fit_error(refused.front().name + ": does not fit: " + refused.front().reason);
    return runs;
}

json::array json_of(const std::vector<json::object>& runs, const std::vector<refusal>& refused, const char* name) {
    json::array array(runs.begin(), runs.end());
    for (const auto& r : refused) array.push_back(json::object{{name, r.name}, {"refused", r.reason}});
    return array;
}

void describe_compare(po::options_description& all) {
    describe_work(all);
    all.add_options()("trace", po::value<std::string>()->value_name("TRACE"), "file or name (cimtlm list traces)")(
        "machine", po::value<std::vector<std::string>>()->value_name("MACHINE"),
        ("files or names; NAME,KEY=VALUE,... with options of its own. With --macros the one whose arrays they replace, "
         "at equal area; default " +
         std::string(machine_for_macros) + ": whole cores fit there, too")
            .c_str())(
        "macros", po::value<std::vector<std::string>>()->multitoken()->value_name("MACRO"),
        "two or more (cimtlm list macros, or files), each in place of the arrays of one machine, at equal area; "
        "NAME,KEY=VALUE,... with keys of the macro, e.g. adc.bits=6. Says also where they cross")(
        "format", po::value<std::string>()->default_value("table")->value_name("table|csv|json|markdown"),
        "of the result")(
        "jobs",
        po::value<std::string>()->default_value(std::to_string(std::max(1u, std::thread::hardware_concurrency()))),
        "runs at the same time")("help", "this text");
}

} // namespace

int compare_command(const std::vector<std::string>& arguments) {
    po::options_description all(std::string("cimtlm ") + usage + " [options]");
    describe_compare(all);
    const auto values = parse_arguments(arguments, all, "machine", -1);
    if (values.count("help")) {
        std::ostringstream text;
        text << all;
        print(text.str());
        return exit_ok;
    }
    const auto list = [&](const char* option) {
        return values.count(option) ? values[option].as<std::vector<std::string>>() : std::vector<std::string>{};
    };
    auto machines = list("machine");
    const auto macros = list("macros");
    const bool of_macros = values.count("macros") > 0;
    if (machines.empty() && !of_macros) throw input_error(std::string("no machine: cimtlm ") + usage);
    if (of_macros && machines.size() > 1)
        throw input_error("--macros are compared in one machine, not in " + std::to_string(machines.size()) +
                          ": --machine NAME");
    const auto format = values["format"].as<std::string>();
    if (const std::vector<std::string> known{"table", "csv", "json", "markdown"};
        std::find(known.begin(), known.end(), format) == known.end())
        throw input_error("--format: " + unknown_name("value", format, known));
    auto w = read_work(values);
    const auto jobs = read_jobs(values["jobs"].as<std::string>());

    // What is wrong is said once, before anything runs.
    std::vector<macro_choice> choices;
    std::vector<contender> contenders;
    std::string stage; // the machine of macros
    if (of_macros) {
        const auto variant = read_variant(machines.empty() ? machine_for_macros : machines.front());
        w = with_own(w, variant);
        stage = variant.machine;
        choices = choose_macros(macros, stage, w);
        for (const auto& c : choices) contenders.push_back({c.variant, c.text, c.refused, &c});
    } else
        for (const auto& name : machines) {
            const auto variant = read_variant(name);
            load_machine(variant.machine, with_own(w, variant));
            contenders.push_back({name, name, "", nullptr});
        }
    const auto work = load_work(w);

    std::vector<refusal> refused;
    const auto runs = run_all(contenders, w, jobs, "compare " + work.name, refused);
    const auto crossings =
        of_macros && format != "csv" ? macro_crossings(choices, work.work, w) : std::vector<macro_crossing>{};
    if (format == "json") {
        if (!of_macros) {
            print(pretty(json_of(runs, refused, "machine")));
            return exit_ok;
        }
        json::array reduced;
        for (const auto& name : reduced_names(runs)) reduced.push_back(json::value(name));
        print(pretty(json::object{{"machine", stage},
                                  {"runs", json_of(runs, refused, "macro")},
                                  {"reduced", reduced},
                                  {"crossings", to_json(crossings)}}));
        return exit_ok;
    }
    std::string text;
    if (format == "table")
        text += work.name + (of_macros ? " on " + stage : "") + " (" + to_string(w.level) + ", " +
                to_string(w.counting) + "); ratios to " + row_name(runs.front()) + "\n\n";
    text += comparison_table(runs, refused, format);
    if (format == "table") text += "\n" + comparison_text(runs, refused);
    if (format == "table" && of_macros)
        text +=
            "\nWhere they cross: energy, and time, of an operation in closed form; of two the one below is better.\n";
    if (of_macros && format != "csv")
        text += "\n" + (format == "markdown" ? table_markdown(rows_of(crossings)) : table_text(rows_of(crossings)));
    print(text);
    return exit_ok;
}

} // namespace cimtlm

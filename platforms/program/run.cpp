#include "commands.h"
#include "options.h"
#include "outcome.h"
#include "output.h"
#include "progress.h"
#include "report.h"

#include <cimtlm/base/error.h>
#include <platforms/builder/chip_platform.h>
#include <platforms/builder/platform.h>

#include <memory>
#include <sstream>

namespace cimtlm {

namespace po = boost::program_options;

namespace {

// Reports of the kernel never go to standard output. What is wrong ends the simulation as an exception, also out of a
// process.
void route_reports() {
    using namespace sc_core;
    sc_report_handler::set_actions(SC_INFO, SC_DO_NOTHING);
    for (const auto severity : {SC_WARNING, SC_ERROR, SC_FATAL}) sc_report_handler::set_actions(severity, SC_THROW);
}

run_results simulate(const plan& p, const machine& m, const cost_model& cost, const std::string& label) {
    route_reports();
    double expected = 0;
    for (const auto& task : p.tasks) expected += task.bound.time_ps * static_cast<double>(task.count());
    progress_bar bar(label);
    const auto keep_on = [&](std::int64_t now_ps) {
        bar.show(static_cast<double>(now_ps) / (1.1 * expected));
        return !was_interrupted();
    };
    const auto finished = [](auto& built, run_results r) {
        if (!built.finished()) throw interrupted{};
        return r;
    };
    if (p.chip) {
        chip_platform built(m, cost, p);
        return finished(built, built.run(keep_on));
    }
    platform built(m, cost);
    return finished(built, built.run(p, keep_on));
}

} // namespace

int run_command(const std::vector<std::string>& arguments) {
    po::options_description all("cimtlm run MACHINE TRACE|--gemm M,N,K [options]");
    describe_work(all);
    all.add_options()("out", po::value<std::string>()->value_name("DIR"), "write the results to this folder")(
        "force", "replace the folder if it exists")("json", "print JSON and nothing else")("help", "this text")(
        "machine", po::value<std::string>()->value_name("MACHINE"), "file or name (cimtlm list machines)")(
        "trace", po::value<std::string>()->value_name("TRACE"), "file or name (cimtlm list traces)");
    const auto values = parse_arguments(arguments, all, "machine,trace", 2);
    if (values.count("help")) {
        std::ostringstream text;
        text << all;
        print(text.str());
        return exit_ok;
    }
    if (!values.count("machine")) throw input_error("no machine: cimtlm run MACHINE TRACE|--gemm M,N,K");
    const auto w = read_work(values);
    if (values.count("force") && !values.count("out")) throw input_error("--force needs --out");
    const auto target = load_machine(values["machine"].as<std::string>(), w);
    const auto work = load_work(w);
    std::unique_ptr<output_folder> out;
    if (values.count("out"))
        out = std::make_unique<output_folder>(values["out"].as<std::string>(), values.count("force") > 0);

    const cost_model cost(target.value, w.counting);
    const auto p = make_plan(work.work, cost, {w.counting, w.mapping_file, w.steady});
    if (p.tasks.empty()) throw input_error(work.name + ": nothing to run");
    const auto r = w.level == fidelity::bound ? evaluate_bound(p, cost)
                                              : simulate(p, target.value, cost, target.value.name + " " + work.name);
    if (was_interrupted()) throw interrupted{};

    const report_context context{target,
                                 work.name,
                                 !w.mapping_file.empty()                          ? w.mapping_file
                                 : target.value.mapper.kind == mapper_kind::rules ? "rules"
                                                                                  : "search",
                                 w.steady,
                                 p.missing_arrays,
                                 p.skipped_vector_work};
    const auto object = to_json(r, context);
    if (out) {
        out->write("config.yaml", to_yaml(target));
        out->write("stats.txt", stats_text(r, context));
        out->write("stats.json", pretty(object));
        out->write("layers.csv", layers_csv(r));
        out->write("mapping.txt", mappings_text(r, target.value.name));
        out->commit();
    }
    print(values.count("json") ? pretty(object) : summary(r, context));
    return exit_ok;
}

} // namespace cimtlm

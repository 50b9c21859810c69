#include "options.h"

#include <cimtlm/base/error.h>
#include <platforms/config/timeloop_problem.h>
#include <workloads/csv.h>
#include <workloads/lowering.h>

#include <algorithm>
#include <filesystem>

namespace cimtlm {

namespace po = boost::program_options;

const char* to_string(fidelity f) { return f == fidelity::bound ? "bound" : "tile"; }
const char* to_string(convention c) { return c == convention::published ? "published" : "like-for-like"; }

void describe_work(po::options_description& all) {
    all.add_options()("gemm", po::value<std::string>()->value_name("M,N,K"), "one product instead of a trace")(
        "set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
        "change a key of the machine, e.g. smem.capacity_bytes=128KiB (repeatable)")(
        "fidelity", po::value<std::string>()->value_name("bound|tile"),
        "closed form, or event driven with contention (default tile)")(
        "convention", po::value<std::string>()->default_value("like-for-like")->value_name("like-for-like|published"),
        "how costs are counted; published: as the A100-like study, at fidelity bound")(
        "mapper", po::value<std::string>()->value_name("rules|search"), "default: the machine's")(
        "objective", po::value<std::string>()->value_name("energy|delay|edp"),
        "what the search minimises (default: the machine's)")("mapping", po::value<std::string>()->value_name("FILE"),
                                                              "loop nests by hand")(
        "padding", po::value<std::string>()->default_value("none")->value_name("none|same|overhang"),
        "of convolutions in SCALE-Sim topologies")("batch", po::value<std::string>()->value_name("N"),
                                                   "inputs at once; layers share their weights (default 1)")(
        "bits", po::value<std::string>()->value_name("N"), "of operands that have 8 in the trace")(
        "column-sparsity", po::value<std::string>()->value_name("SHARE"),
        "least share of zeros in each column of weights of which the trace says nothing, e.g. 0.75")(
        "steady", "weights stay in the arrays where they fit")("cold", "weights start outside (default)");
}

namespace {
std::string one_of(const po::variables_map& values, const std::string& option, const std::string& otherwise,
                   const std::vector<std::string>& allowed) {
    if (!values.count(option)) return otherwise;
    const auto value = values[option].as<std::string>();
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
        throw input_error("--" + option + ": " + unknown_name("value", value, allowed));
    return value;
}
} // namespace

work_options read_work(const po::variables_map& values) {
    work_options w;
    if (values.count("trace")) w.trace = values["trace"].as<std::string>();
    if (values.count("gemm")) w.gemm = values["gemm"].as<std::string>();
    if (w.trace.empty() == w.gemm.empty())
        throw input_error(w.trace.empty() ? "nothing to run: give a trace or --gemm M,N,K"
                                          : "both a trace and --gemm: give one of them");
    if (values.count("set")) w.sets = values["set"].as<std::vector<std::string>>();
    w.counting = one_of(values, "convention", "like-for-like", {"like-for-like", "published"}) == "published"
                     ? convention::published
                     : convention::like_for_like;
    const bool published = w.counting == convention::published;
    if (values.count("fidelity") && values["fidelity"].as<std::string>() == "cycle")
        throw input_error("--fidelity cycle: has its place on the ladder and is not built yet; allowed: bound, tile");
    const auto level = one_of(values, "fidelity", published ? "bound" : "tile", {"bound", "tile"});
    w.level = level == "bound" ? fidelity::bound : fidelity::tile;
    if (published && w.level != fidelity::bound)
        throw input_error("--convention published is a closed form: use it with --fidelity bound");
    w.mapper = one_of(values, "mapper", "", {"rules", "search"});
    w.objective = one_of(values, "objective", "", {"energy", "delay", "edp"});
    if (values.count("mapping")) w.mapping_file = values["mapping"].as<std::string>();
    if (!w.mapping_file.empty() && !w.mapper.empty())
        throw input_error("both --mapping and --mapper: give one of them");
    w.padding = one_of(values, "padding", "none", {"none", "same", "overhang"});
    if (values.count("batch")) {
        if (w.trace.empty()) throw input_error("--batch multiplies the inputs of a trace; with --gemm give a larger M");
        w.batch = parse_whole_number(values["batch"].as<std::string>(), 1, gemm::largest_extent, "--batch");
    }
    for (const auto* option : {"bits", "column-sparsity"})
        if (values.count(option) && w.trace.empty())
            throw input_error(std::string("--") + option + " says something of the layers of a trace, not of --gemm");
    if (values.count("bits")) w.bits = parse_whole_number(values["bits"].as<std::string>(), 1, 64, "--bits");
    if (values.count("column-sparsity")) {
        w.column_sparsity = values["column-sparsity"].as<std::string>();
        parse_share(w.column_sparsity, false, "--column-sparsity");
    }
    if (values.count("steady") && values.count("cold")) throw input_error("both --steady and --cold: give one of them");
    w.steady = values.count("steady") > 0;
    return w;
}

std::vector<std::string> arguments_of(const work_options& w) {
    std::vector<std::string> a;
    const auto add = [&](const std::string& option, const std::string& value) {
        if (!value.empty()) a.insert(a.end(), {option, value});
    };
    if (!w.trace.empty()) a.push_back(w.trace);
    add("--gemm", w.gemm);
    for (const auto& s : w.sets) add("--set", s);
    add("--fidelity", to_string(w.level));
    add("--convention", to_string(w.counting));
    add("--mapper", w.mapper);
    add("--objective", w.objective);
    add("--mapping", w.mapping_file);
    add("--padding", w.padding);
    if (w.batch > 1) add("--batch", std::to_string(w.batch));
    if (w.bits > 0) add("--bits", std::to_string(w.bits));
    add("--column-sparsity", w.column_sparsity);
    if (w.steady) a.push_back("--steady");
    return a;
}

po::variables_map parse_arguments(const std::vector<std::string>& arguments, const po::options_description& all,
                                  const std::string& positional, int most) {
    po::positional_options_description places;
    std::string name;
    std::vector<std::string> known;
    for (const auto& option : all.options()) // what has a place is named by no option
        if (("," + positional + ",").find("," + option->long_name() + ",") == std::string::npos)
            known.push_back("--" + option->long_name());
    // "machine,trace": one each; a last name takes the rest.
    std::size_t begin = 0;
    for (int i = 0; begin <= positional.size(); ++i) {
        const auto comma = std::min(positional.find(',', begin), positional.size());
        const bool last = comma == positional.size();
        places.add(positional.substr(begin, comma - begin).c_str(), last && most < 0 ? -1 : 1);
        begin = comma + 1;
    }
    po::variables_map values;
    try {
        using style = po::command_line_style::style_t;
        po::store(po::command_line_parser(arguments)
                      .options(all)
                      .positional(places)
                      .style(style(style::unix_style & ~style::allow_guessing))
                      .run(),
                  values);
        po::notify(values);
    } catch (const po::unknown_option& e) {
        throw input_error(unknown_name("option", e.get_option_name(), known));
    } catch (const po::too_many_positional_options_error&) {
        throw input_error("too many arguments; --help tells what is allowed");
    } catch (const po::error& e) {
        throw input_error(std::string(e.what()) + "; --help tells what is allowed");
    }
    return values;
}

namespace {
trace read_any(const std::string& name_or_file, const trace_options& options) {
    const auto extension = std::filesystem::path(name_or_file).extension();
    if (extension == ".yaml" || extension == ".yml") return read_timeloop_problem(name_or_file);
    return read_trace(find_trace(name_or_file), options);
}
} // namespace

named_work load_work(const work_options& w) {
    if (!w.gemm.empty()) return {"gemm " + w.gemm, {parse_gemm(w.gemm, "--gemm")}};
    trace_options options;
    if (w.padding == "same") options.padding = scale_sim_padding::same;
    if (w.padding == "overhang") options.padding = scale_sim_padding::overhang;
    auto t = with_batch(read_any(w.trace, options), w.batch, "--batch");
    auto name = t.name;
    if (w.batch > 1) name += ", batch " + std::to_string(w.batch);
    if (w.bits > 0) {
        t = with_bits(t, static_cast<int>(w.bits), "--bits");
        name += ", " + std::to_string(w.bits) + " bits";
    }
    if (!w.column_sparsity.empty()) {
        t = with_column_sparsity(t, parse_share(w.column_sparsity, false, "--column-sparsity"));
        name += ", column sparsity " + w.column_sparsity;
    }
    return {name, lower(t)};
}

loaded_machine load_machine(const std::string& name_or_file, const work_options& w) {
    auto sets = w.sets;
    if (!w.mapper.empty()) sets.push_back("mapper.kind=" + w.mapper);
    if (!w.objective.empty()) sets.push_back("mapper.objective=" + w.objective);
    return load_machine(name_or_file, sets);
}

machine_variant read_variant(const std::string& text) {
    machine_variant v{text.substr(0, text.find(',')), {}};
    for (auto at = v.machine.size(); at < text.size();) {
        const auto end = std::min(text.find(',', at + 1), text.size());
        v.sets.push_back(text.substr(at + 1, end - at - 1));
        at = end;
    }
    return v;
}

} // namespace cimtlm

#include "commands.h"
#include "options.h"
#include "outcome.h"
#include "output.h"
#include "progress.h"
#include "report.h"

#include <cimtlm/base/error.h>

#include <boost/process.hpp>
#include <boost/process/extend.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <mutex>
#include <set>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>

namespace cimtlm {

namespace po = boost::program_options;
namespace bp = boost::process;
namespace json = boost::json;

namespace {

struct child_outcome {
    int status = 0;
    std::string out, err;
};

// The runs that are under way. An interrupt of this process alone (a terminal reaches them all) ends them, too.
class running_children {
public:
    void add(pid_t id) {
        const std::lock_guard lock(mutex_);
        ids_.insert(id);
        if (stopped_) ::kill(id, SIGTERM);
    }
    /// Before the child is waited for: afterwards its id may be another process's.
    void remove(pid_t id) {
        const std::lock_guard lock(mutex_);
        ids_.erase(id);
    }
    void stop() {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        for (auto id : ids_) ::kill(id, SIGTERM);
    }

private:
    std::mutex mutex_;
    std::set<pid_t> ids_;
    bool stopped_ = false;
};

child_outcome run_child(const std::vector<std::string>& arguments, running_children& running) {
    // One simulation a process: the kernel elaborates once.
    child_outcome o;
    bp::ipstream out_stream, err_stream;
    bp::child child(
        boost::filesystem::read_symlink("/proc/self/exe"), bp::args(arguments),
        bp::std_in<bp::null, bp::std_out> out_stream, bp::std_err > err_stream,
        bp::extend::on_exec_setup = [](auto&) { ::prctl(PR_SET_PDEATHSIG, SIGTERM); }); // no orphans
    running.add(child.id());
    std::thread reader([&] { o.err.assign(std::istreambuf_iterator<char>(err_stream), {}); });
    o.out.assign(std::istreambuf_iterator<char>(out_stream), {});
    reader.join();
    running.remove(child.id()); // its output has ended, and so will it
    child.wait();
    const int status = child.native_exit_code();
    o.status = child.exit_code();
    if (WIFSIGNALED(status)) { // the system's doing, out of memory for example
        o.status = exit_environment;
        o.err = std::string("ended by signal ") + std::to_string(WTERMSIG(status)) + " (" +
                ::strsignal(WTERMSIG(status)) + ")";
    }
    return o;
}

// What the child said, without its name and line end.
std::string message_of(const child_outcome& o) {
    auto text = o.err;
    if (const std::string name = "cimtlm: "; text.rfind(name, 0) == 0) text.erase(0, name.size());
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.empty() ? "ended without a word" : text;
}

std::size_t read_jobs(const std::string& text) {
    constexpr std::size_t most = 1024;
    const bool digits = !text.empty() && text.size() <= 4 && text.find_first_not_of("0123456789") == std::string::npos;
    const auto jobs = digits ? std::stoul(text) : 0;
    if (jobs < 1 || jobs > most)
        throw input_error("--jobs: '" + text + "'; allowed: a whole number from 1 to " + std::to_string(most));
    return jobs;
}

std::string share_text(double part, double whole) { return number_text(100 * part / whole) + " %"; }

double number(const json::value& v) { return v.is_double() ? v.get_double() : v.to_number<double>(); }

// One sentence a machine: what bounds it, where its energy goes, what it loses against its bound.
std::string why(const json::object& r) {
    const auto& totals = r.at("totals").as_object();
    const double time = number(totals.at("time_ps")), energy = number(totals.at("energy_pj"));
    std::vector<std::pair<double, std::string>> parts, stalls;
    for (const auto& [part, value] : r.at("energy_by_part").as_object()) parts.emplace_back(number(value), part);
    for (const auto& [name, value] : r.at("stalls_ps").as_object()) stalls.emplace_back(number(value), name);
    std::sort(parts.rbegin(), parts.rend());
    std::sort(stalls.rbegin(), stalls.rend());
    std::string text = "bound by " + std::string(r.at("bound_by").as_string());
    const auto& engines = r.at("engines").as_object();
    if (number(engines.at("used")) < number(engines.at("count")))
        text += "; its mapping uses " + json::serialize(engines.at("used")) + " of " +
                json::serialize(engines.at("count")) + " engines";
    text += "; energy:";
    for (std::size_t i = 0; i < parts.size() && i < 3; ++i)
        if (parts[i].first > 0.01 * energy)
            text += (i ? ", " : " ") + parts[i].second + " " + share_text(parts[i].first, energy);
    const double lost = time - number(totals.at("bound_time_ps"));
    if (lost > 0) {
        text += "; beyond its bound " + share_text(lost, time) + " of the time";
        for (std::size_t i = 0; i < stalls.size() && i < 3; ++i)
            if (stalls[i].first > 0.005 * time)
                text += (i ? ", " : ": ") + stalls[i].second + " " + share_text(stalls[i].first, time);
    }
    return text;
}

// Against the first machine: who wins what.
std::string verdict(const json::object& first, const json::object& r) {
    const auto ratio = [&](const char* figure) {
        return number(first.at("totals").as_object().at(figure)) / number(r.at("totals").as_object().at(figure));
    };
    const auto say = [](const char* what, double gain) {
        return std::string(gain >= 1 ? "wins in " : "loses in ") + what + " (" + number_text(gain) + "x)";
    };
    const auto time = ratio("time_ps"), energy = ratio("energy_pj");
    const auto& band = r.at("energy_band_pj").as_array();
    const auto& reference = first.at("energy_band_pj").as_array();
    // Both bands move together where parts are shared; what holds even for opposite ends is beyond doubt.
    const bool apart = number(band.at(1)) < number(reference.at(0)) || number(band.at(0)) > number(reference.at(1));
    return say("time", time) + ", " + say("energy", energy) + (apart ? ", beyond the ranges" : "");
}

// Who is first in what. Equal machines share the place of the first named.
std::string winners(const std::vector<json::object>& results) {
    const auto best = [&](const auto& figure) {
        std::size_t winner = 0;
        for (std::size_t i = 1; i < results.size(); ++i)
            if (figure(results[i]) < figure(results[winner])) winner = i;
        return std::pair(std::string(results[winner].at("machine").as_string()),
                         figure(results.front()) / figure(results[winner]));
    };
    const auto total = [](const json::object& r, const char* name) {
        return number(r.at("totals").as_object().at(name));
    };
    const auto [fastest, speedup] = best([&](const auto& r) { return total(r, "time_ps"); });
    const auto [leanest, gain] = best([&](const auto& r) { return total(r, "energy_pj"); });
    const auto [both, product] = best([&](const auto& r) { return total(r, "time_ps") * total(r, "energy_pj"); });
    return "fastest: " + fastest + " (" + number_text(speedup) + "x); least energy: " + leanest + " (" +
           number_text(gain) + "x); least energy x time: " + both + " (" + number_text(product) + "x)\n";
}

// What CiM leaves of the memory in whose place it stands.
std::string left_text(const json::object& r) {
    const auto* replaced = r.if_contains("replaced_memory");
    if (!replaced) return "-";
    const auto& m = replaced->as_object();
    return bytes_text(m.at("left_bytes").to_number<std::int64_t>()) + " of " + std::string(m.at("name").as_string());
}

std::string table_of(const std::vector<json::object>& results,
                     const std::vector<std::pair<std::string, std::string>>& refused, const std::string& format) {
    const bool raw = format == "csv";
    std::vector<std::vector<std::string>> rows;
    if (raw)
        rows.push_back({"machine", "time_ps", "energy_pj", "tops", "tops_per_w", "utilization", "area_um2", "bound_by",
                        "speedup", "energy_gain"});
    else
        rows.push_back({"machine", "time", "energy", "energy within", "TOPS", "TOPS/W", "utilisation", "area mm2",
                        "weights held", "left for data", "bound by", "speed-up", "energy gain"});
    const auto exact = [](const json::value& v) {
        std::ostringstream text;
        text.precision(12);
        text << number(v);
        return v.is_double() ? text.str() : json::serialize(v);
    };
    const auto& first = results.front().at("totals").as_object();
    for (const auto& r : results) {
        const auto& t = r.at("totals").as_object();
        const double faster = number(first.at("time_ps")) / number(t.at("time_ps"));
        const double leaner = number(first.at("energy_pj")) / number(t.at("energy_pj"));
        const auto& band = r.at("energy_band_pj").as_array();
        const std::string name(r.at("machine").as_string()), bound(r.at("bound_by").as_string());
        if (raw)
            rows.push_back({name, exact(t.at("time_ps")), exact(t.at("energy_pj")), exact(t.at("tops")),
                            exact(t.at("tops_per_w")), exact(t.at("utilization")), exact(r.at("area_um2")), bound,
                            exact(faster), exact(leaner)});
        else
            rows.push_back({name, time_text(number(t.at("time_ps"))), energy_text(number(t.at("energy_pj"))),
                            band_text(number(band.at(0)), number(band.at(1))), number_text(number(t.at("tops"))),
                            number_text(number(t.at("tops_per_w"))),
                            number_text(100 * number(t.at("utilization"))) + " %",
                            number_text(number(r.at("area_um2")) / 1e6),
                            bytes_text(r.at("resident_bytes").to_number<std::int64_t>()), left_text(r), bound,
                            number_text(faster) + "x", number_text(leaner) + "x"});
    }
    for (const auto& [name, reason] : refused) {
        rows.push_back({name, raw ? "" : "does not fit"});
        rows.back().resize(rows.front().size());
    }
    if (raw) return table_csv(rows);
    return format == "markdown" ? table_markdown(rows) : table_text(rows);
}

} // namespace

int compare_command(const std::vector<std::string>& arguments) {
    po::options_description all("cimtlm compare MACHINE... --trace TRACE|--gemm M,N,K [options]");
    describe_work(all);
    all.add_options()("trace", po::value<std::string>()->value_name("TRACE"), "file or name (cimtlm list traces)")(
        "machine", po::value<std::vector<std::string>>()->value_name("MACHINE"),
        "files or names; NAME,KEY=VALUE,... with options of its own")(
        "format", po::value<std::string>()->default_value("table")->value_name("table|csv|json|markdown"),
        "of the result")(
        "jobs",
        po::value<std::string>()->default_value(std::to_string(std::max(1u, std::thread::hardware_concurrency()))),
        "runs at the same time")("help", "this text");
    const auto values = parse_arguments(arguments, all, "machine", -1);
    if (values.count("help")) {
        std::ostringstream text;
        text << all;
        print(text.str());
        return exit_ok;
    }
    if (!values.count("machine")) throw input_error("no machine: cimtlm compare MACHINE... --trace TRACE|--gemm M,N,K");
    const auto format = values["format"].as<std::string>();
    if (const std::vector<std::string> known{"table", "csv", "json", "markdown"};
        std::find(known.begin(), known.end(), format) == known.end())
        throw input_error("--format: " + unknown_name("value", format, known));
    const auto w = read_work(values);
    const auto machines = values["machine"].as<std::vector<std::string>>();
    const auto jobs = read_jobs(values["jobs"].as<std::string>());
    // What is wrong is said once, before anything runs.
    const auto options_of = [&](const std::string& machine) {
        const auto variant = read_variant(machine);
        auto own = w;
        own.sets.insert(own.sets.end(), variant.sets.begin(), variant.sets.end());
        return std::pair(variant.machine, own);
    };
    for (const auto& name : machines) {
        const auto [machine, own] = options_of(name);
        load_machine(machine, own);
    }
    const auto work = load_work(w);

    std::vector<child_outcome> outcomes(machines.size());
    std::vector<std::thread> workers;
    std::atomic<std::size_t> next{0}, done{0};
    running_children running;
    for (std::size_t j = 0; j < std::min(jobs, machines.size()); ++j)
        workers.emplace_back([&] {
            for (std::size_t i; !was_interrupted() && (i = next++) < machines.size();) {
                const auto [machine, own] = options_of(machines[i]);
                auto child = arguments_of(own);
                child.insert(child.begin(), {"run", machine});
                child.push_back("--json");
                try {
                    outcomes[i] = run_child(child, running);
                } catch (const std::exception& e) { // no process, no pipe
                    outcomes[i] = {exit_environment, "", e.what()};
                }
                ++done;
            }
        });
    {
        progress_bar bar("compare " + work.name);
        while (done < machines.size() && !was_interrupted()) {
            bar.show(static_cast<double>(done) / static_cast<double>(machines.size()));
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    if (was_interrupted()) running.stop();
    for (auto& worker : workers) worker.join();
    if (was_interrupted()) throw interrupted{};

    std::vector<json::object> results;
    std::vector<std::pair<std::string, std::string>> refused; // machine, reason
    for (std::size_t i = 0; i < machines.size(); ++i) {
        const auto& o = outcomes[i];
        if (o.status != exit_ok) {
            const std::string text = machines[i] + ": " + message_of(o);
            if (o.status == exit_does_not_fit && i > 0) {
                refused.emplace_back(machines[i], message_of(o)); // the others still say something
                continue;
            }
            if (o.status == exit_does_not_fit) throw does_not_fit_error(text);
            if (o.status == exit_input) throw input_error(text);
            if (o.status == exit_environment) throw environment_error(text);
            if (o.status == exit_interrupted) throw interrupted{};
            throw std::runtime_error(text);
        }
        results.push_back(json::parse(o.out).as_object());
        if (machines[i].find(',') != std::string::npos) results.back()["machine"] = machines[i]; // with its options
    }
    if (format == "json") {
        json::array array;
        for (auto& r : results) array.push_back(r);
        for (const auto& [name, reason] : refused)
            array.push_back(json::object{{"machine", name}, {"refused", reason}});
        print(pretty(array));
        return exit_ok;
    }
    std::string text;
    if (format == "table")
        text += work.name + " (" + to_string(w.level) + ", " + to_string(w.counting) + "); ratios to " +
                std::string(results.front().at("machine").as_string()) + "\n\n";
    text += table_of(results, refused, format);
    if (format == "table") {
        text += "\n" + winners(results) + "\n";
        for (const auto& r : results) {
            text += std::string(r.at("machine").as_string()) + ": ";
            if (&r != &results.front()) text += verdict(results.front(), r) + "; ";
            text += why(r) + "\n";
        }
        for (const auto& [name, reason] : refused) text += name + ": does not fit: " + reason + "\n";
    }
    print(text);
    return exit_ok;
}

} // namespace cimtlm

#pragma once
/// Simulations in child processes: the kernel elaborates once a process, and a test compares several runs.
#include <platforms/builder/chip_platform.h>
#include <platforms/builder/platform.h>
#include <platforms/config/config.h>

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace cimtlm {

/// What a test looks at, as plain numbers that fit through a pipe.
struct run_figures {
    std::int64_t time_ps = 0, bound_ps = 0, macs = 0, tiles = 0, mapped_tiles = 0, resident_bytes = 0;
    std::uint64_t events = 0;
    double energy_pj = 0, utilization = 0;
    std::array<std::int64_t, stall_count> stalls{};
    std::array<std::array<access_bytes, 4>, 8> traffic{};
    std::array<double, 16> busy{}; ///< of dram, smem read, smem write, bus read, bus write, engine: ps
    char bound_by[32] = {};
    char fault[1024] = {}; ///< text of an exception
    std::int64_t stall_sum() const {
        std::int64_t sum = 0;
        for (auto s : stalls) sum += s;
        return sum;
    }
    std::int64_t stall_of(stall s) const { return stalls[static_cast<std::size_t>(s)]; }
};

/// A row of layers.csv, what of it is a number.
struct layer_figures {
    std::int64_t time_ps = 0, bound_ps = 0, tiles = 0, host_issue_ps = 0;
    double energy_pj = 0;
};

struct child_results {
    run_figures figures;
    std::map<std::string, double> energy_by_part; ///< pJ
    std::map<std::string, double> counts;         ///< "part.action" -> count
    std::map<std::string, double> energies;       ///< "part.action" -> pJ
    std::map<std::string, double> details;        ///< statistics
    std::vector<layer_figures> layers;
    std::string text; ///< all of this
};

inline double statistic(const run_results& r, const std::string& name) {
    for (const auto& e : r.details.entries())
        if (e.name == name) return e.value;
    return 0;
}

/// Initiators beside a machine with a dispatcher, made before it.
using guest_maker = std::function<std::vector<tlm::tlm_initiator_socket<64>*>()>;

inline run_results run_here(const machine& m, const plan& p, const cost_model& cost, fidelity level,
                            const guest_maker& guests) {
    if (level == fidelity::bound) return evaluate_bound(p, cost);
    if (p.chip) return chip_platform(m, cost, p, guests ? guests() : decltype(guests()){}).run();
    return platform(m, cost).run(p);
}

inline std::string to_lines(const run_results& r) {
    std::string lines;
    char line[256];
    for (const auto& row : r.energy.rows()) {
        std::snprintf(line, sizeof line, "energy %s %s %.17g %.17g\n", row.part.c_str(), row.action.c_str(), row.count,
                      row.energy_pj());
        lines += line;
    }
    for (const auto& e : r.details.entries()) {
        std::snprintf(line, sizeof line, "detail %s %.17g\n", e.name.c_str(), e.value);
        lines += line;
    }
    for (const auto& l : r.layers) {
        std::snprintf(line, sizeof line, "layer %lld %lld %lld %lld %.17g\n", static_cast<long long>(l.time_ps),
                      static_cast<long long>(l.bound_ps), static_cast<long long>(l.tiles),
                      static_cast<long long>(l.stalls[stall::host_issue]), l.energy_pj);
        lines += line;
    }
    return lines;
}

inline void read_lines(child_results& r) {
    std::stringstream lines(r.text);
    for (std::string kind, name; lines >> kind;) {
        double count = 0, energy = 0;
        if (kind == "energy") {
            std::string action;
            lines >> name >> action >> count >> energy;
            r.energy_by_part[name] += energy;
            r.counts[name + "." + action] += count;
            r.energies[name + "." + action] += energy;
        } else if (kind == "detail") {
            lines >> name >> count;
            r.details[name] = count;
        } else {
            auto& l = r.layers.emplace_back();
            lines >> l.time_ps >> l.bound_ps >> l.tiles >> l.host_issue_ps >> l.energy_pj;
        }
    }
}

using planner = std::function<plan(const cost_model&)>;

/// Runs what `make` plans on `m` at `tile` (or at `bound`, without the kernel) and brings the figures home.
inline child_results run_in_child(const machine& m, const planner& make, convention counting = {},
                                  fidelity level = fidelity::tile, const guest_maker& guests = {}) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("pipe");
    const pid_t child = fork();
    if (child == 0) {
        alarm(60); // a model that spins forever is a failure, not a wait
        close(ends[0]);
        run_figures f;
        std::string rows;
        try {
            const cost_model cost(m, counting);
            const auto p = make(cost);
            const auto r = run_here(m, p, cost, level, guests);
            const auto& t = r.totals;
            f = {t.time_ps,
                 t.bound_ps,
                 t.macs,
                 t.simulated_tiles,
                 t.mapped_tiles,
                 r.resident_bytes,
                 t.kernel_events,
                 t.energy_pj,
                 t.utilization,
                 {},
                 {},
                 {},
                 {},
                 {}};
            for (auto s : all_stalls) f.stalls[static_cast<std::size_t>(s)] = r.stalls[s];
            for (std::size_t i = 0; i < r.traffic.size(); ++i) f.traffic[i] = r.traffic[i];
            f.busy = {statistic(r, "dram.busy_ps"),       statistic(r, "smem.busy_read_ps"),
                      statistic(r, "smem.busy_write_ps"), statistic(r, "bus.busy_read_ps"),
                      statistic(r, "bus.busy_write_ps"),  statistic(r, m.cim ? "cim.busy_ps" : "tensor_core.busy_ps")};
            std::strncpy(f.bound_by, r.bound_by.c_str(), sizeof f.bound_by - 1);
            rows = to_lines(r);
        } catch (const std::exception& e) {
            std::strncpy(f.fault, e.what(), sizeof f.fault - 1);
        }
        rows.insert(0, reinterpret_cast<const char*>(&f), sizeof f);
        for (std::size_t at = 0; at < rows.size();) {
            const auto n = write(ends[1], rows.data() + at, rows.size() - at);
            if (n <= 0) _exit(1);
            at += static_cast<std::size_t>(n);
        }
        _exit(0);
    }
    close(ends[1]);
    std::string all;
    char buffer[4096];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) all.append(buffer, static_cast<std::size_t>(n));
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    child_results r;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || all.size() < sizeof r.figures) {
        std::strncpy(r.figures.fault, "the child died", sizeof r.figures.fault - 1);
        return r;
    }
    std::memcpy(&r.figures, all.data(), sizeof r.figures);
    r.text = all.substr(sizeof r.figures);
    read_lines(r);
    return r;
}

/// The same for `work`, mapped by the machine's mapper.
inline child_results run_in_child(const machine& m, const work_list& work, const plan_options& options = {},
                                  fidelity level = fidelity::tile, const guest_maker& guests = {}) {
    return run_in_child(
        m, [&](const cost_model& cost) { return make_plan(work, cost, options); }, options.counting, level, guests);
}

inline gemm product(std::int64_t m, std::int64_t n, std::int64_t k) {
    gemm g;
    g.name = "product";
    g.m = m;
    g.n = n;
    g.k = k;
    return g;
}

inline work_list only(const gemm& g) { return {work_item(g)}; }

inline machine study_machine(const std::string& name, const std::vector<std::string>& sets = {}) {
    return load_machine(name, sets).value;
}

/// A file of loop nests for the time of a test.
class temporary_mapping {
public:
    explicit temporary_mapping(const std::string& text)
        : path_(testing::TempDir() + "cimtlm_nest_" + std::to_string(getpid()) + ".txt") {
        std::ofstream(path_) << text << "\n";
    }
    ~temporary_mapping() { unlink(path_.c_str()); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

} // namespace cimtlm

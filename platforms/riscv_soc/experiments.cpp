// The experiments: what is run, and what stands in the tables. docs/soc.md says what comes out.
#include <platforms/riscv_soc/experiments.h>

#include <platforms/program/report.h>

#include <cmath>
#include <iterator>

namespace cimtlm {

namespace {

namespace json = boost::json;
using results = std::vector<json::object>;
using arguments = std::vector<std::string>;

double number(const json::object& result, const char* name) { return result.at(name).to_number<double>(); }
double statistic(const json::object& result, const char* name) {
    return number(result.at("statistics").as_object(), name);
}
std::string text(std::int64_t value) { return std::to_string(value); }
std::string set(const std::string& key, const std::string& value) { return "--set=" + key + "=" + value; }
/// Ticks, instructions: whole numbers.
std::string whole(double value) { return std::to_string(std::llround(value)); }
std::string percent(double share) { return number_text(100 * share) + " %"; }

// ---- Width of the bus against number of cores: each core with a device of its own, weights held, operands over the
// bus.

constexpr int bus_widths[] = {4, 8, 16, 32, 64};
constexpr int core_counts[] = {1, 2, 4, 8, 16, 32, 64};
constexpr double wanted_share = 0.9;

std::vector<arguments> bus_width_runs() {
    std::vector<arguments> all;
    for (const int width : bus_widths)
        for (const int cores : core_counts)
            all.push_back({"gemm", "m=64", "n=64", "k=256", "held=1", "repeat=4", "core=0",
                           set("bus.bytes_per_cycle", text(width)), set("core.count", text(cores)),
                           set("cim.count", text(cores)), "--device-set=cim.macro=analog_8t"});
    return all;
}

// Every core does the same work: the ideal is the time of one core.
experiment_table bus_width_table(const results& r) {
    experiment_table rows{{"bus"}};
    for (const int cores : core_counts) rows[0].push_back(text(cores) + (cores == 1 ? " core" : " cores"));
    rows[0].push_back("cores at 90 %");
    std::size_t i = 0;
    for (const int width : bus_widths) {
        std::vector<std::string> row{text(width) + " B/cycle"};
        const double alone = number(r[i], "ticks_device");
        int most = 0;
        for (const int cores : core_counts) {
            const double share = alone / number(r[i++], "ticks_device");
            row.push_back(number_text(cores * share));
            if (share >= wanted_share) most = cores;
        }
        row.push_back((most == core_counts[std::size(core_counts) - 1] ? "at least " : "") + text(most));
        rows.push_back(row);
    }
    return rows;
}

// ---- Tight against loose coupling: products of one row, where each access counts.

struct coupling {
    const char* label;
    const char* attachment;
    const char* latency_cycles; // of the I/O bus
};
constexpr coupling couplings[] = {{"core", "core", "0"},
                                  {"bus", "bus", "0"},
                                  {"I/O bus, 10 cycles", "io_bus", "10"},
                                  {"I/O bus, 20 cycles", "io_bus", "20"},
                                  {"I/O bus, 50 cycles", "io_bus", "50"},
                                  {"I/O bus, 100 cycles", "io_bus", "100"}};
constexpr int coupling_products = 32;
// Operands through stores and loads of the core, commands through registers; or both fetched by the device.
constexpr const char* coupling_ways[][2] = {{"operands=window", "submit=registers"},
                                            {"operands=memory", "submit=ring"}};

std::vector<arguments> coupling_runs() {
    std::vector<arguments> all;
    for (const auto& way : coupling_ways)
        for (const auto& c : couplings)
            all.push_back({"gemm", "m=1", "n=64", "k=256", "held=1", "wait=poll", "core=0",
                           "repeat=" + text(coupling_products), way[0], way[1], set("cim.attachment", c.attachment),
                           set("io_bus.latency_cycles", c.latency_cycles)});
    return all;
}

experiment_table coupling_table(const results& r) {
    experiment_table rows{
        {"device at", "window: ticks a product", "against core", "DMA: ticks a product", "against core"}};
    const auto n = std::size(couplings);
    for (std::size_t i = 0; i < n; ++i) {
        std::vector<std::string> row{couplings[i].label};
        for (std::size_t way = 0; way < std::size(coupling_ways); ++way) {
            const double ticks = number(r[way * n + i], "ticks_device");
            row.push_back(whole(ticks / coupling_products));
            row.push_back(number_text(ticks / number(r[way * n], "ticks_device")) + "x");
        }
        rows.push_back(row);
    }
    return rows;
}

// ---- Polling against interrupt, by the size of the product.

constexpr int product_sizes[] = {8, 16, 32, 64, 128, 256};
constexpr int waiting_products = 20;

arguments cube(int size) { return {"gemm", "m=" + text(size), "n=" + text(size), "k=" + text(size)}; }

std::vector<arguments> waiting_runs() {
    std::vector<arguments> all;
    for (const int size : product_sizes)
        for (const char* wait : {"wait=poll", "wait=interrupt"}) {
            auto a = cube(size);
            a.insert(a.end(), {"core=0", "repeat=" + text(waiting_products), wait});
            all.push_back(a);
        }
    return all;
}

experiment_table waiting_table(const results& r) {
    experiment_table rows{{"m = n = k", "polling: ticks a product", "looks", "interrupt: ticks a product", "longer by",
                           "core asleep", "instructions saved", "core energy saved"}};
    for (std::size_t i = 0; i < std::size(product_sizes); ++i) {
        const auto &polling = r[2 * i], &interrupt = r[2 * i + 1];
        const auto ticks = [](const json::object& o) { return number(o, "ticks_device") / waiting_products; };
        const auto saved = [&](auto figure) { return (figure(polling) - figure(interrupt)) / waiting_products; };
        const auto energy = saved([](const json::object& o) { return number(o.at("energy").as_object(), "core0"); });
        rows.push_back(
            {text(product_sizes[i]), whole(ticks(polling)), whole(number(polling, "looks") / waiting_products),
             whole(ticks(interrupt)), percent(ticks(interrupt) / ticks(polling) - 1),
             time_text(statistic(interrupt, "core0.sleep_ps") / waiting_products),
             whole(saved([](const json::object& o) { return number(o, "instructions"); })), energy_text(energy)});
    }
    return rows;
}

// ---- The share of the host in products on the device, by their size.

std::vector<arguments> host_share_runs() {
    std::vector<arguments> all;
    for (const int size : product_sizes)
        for (const char* submit : {"submit=ring", "submit=registers"}) {
            auto a = cube(size);
            a.insert(a.end(), {"wait=poll", "repeat=8", submit});
            all.push_back(a);
        }
    return all;
}

experiment_table host_share_table(const results& r) {
    experiment_table rows{{"m = n = k", "core alone: ticks", "ring: ticks", "host's share", "speed-up",
                           "registers: ticks", "host's share", "speed-up"}};
    for (std::size_t i = 0; i < std::size(product_sizes); ++i) {
        const double products = number(r[2 * i], "products");
        std::vector<std::string> row{text(product_sizes[i]), whole(number(r[2 * i], "ticks_core"))};
        for (const auto* o : {&r[2 * i], &r[2 * i + 1]}) {
            row.push_back(whole(number(*o, "ticks_device") / products));
            row.push_back(percent(number(*o, "host_share")));
            row.push_back(number_text(number(*o, "speedup")) + "x");
        }
        rows.push_back(row);
    }
    return rows;
}

} // namespace

const std::vector<experiment>& experiments() {
    static const std::vector<experiment> all{
        {"bus_width", "speed-up of many cores, each with a device, by the width of their bus", bus_width_runs,
         bus_width_table},
        {"coupling", "what it costs to stand away from the core", coupling_runs, coupling_table},
        {"waiting", "polling against interrupts, by the size of the product", waiting_runs, waiting_table},
        {"host_share", "the share of the host in products on the device, by their size", host_share_runs,
         host_share_table}};
    return all;
}

} // namespace cimtlm

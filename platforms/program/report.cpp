#include "report.h"

#include "options.h"

#include <cimtlm/machine/iso_area.h>
#include <cimtlm/machine/unit_group.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>

namespace cimtlm {

namespace json = boost::json;

namespace {

// Columns of run_results::traffic.
constexpr std::array<const char*, 4> tensor_names{"A", "B", "Z", "other"};

// The totals once: name, value, unit, description. Integers stay integers in JSON.
struct figure {
    const char* name;
    json::value value;
    const char* unit;
    const char* description;
};

std::vector<figure> figures(const run_totals& t) {
    return {{"time_ps", t.time_ps, "ps", "time of the whole work"},
            {"bound_time_ps", t.bound_ps, "ps", "closed-form bound of the same mapping"},
            {"energy_pj", t.energy_pj, "pJ", "energy of the whole work"},
            {"macs", t.macs, "MAC", "multiply-accumulates of the work"},
            {"operations", t.operations, "operation", "two a MAC, or as published"},
            {"utilization", t.utilization, "ratio", "MACs / (peak of all matrix engines x time)"},
            {"tops", t.tops, "TOPS", "operations / time"},
            {"tops_per_w", t.tops_per_w, "TOPS/W", "operations / energy"},
            {"simulated_tiles", t.simulated_tiles, "count", "tiles that went through the event-driven model"},
            {"mapped_tiles", t.mapped_tiles, "count", "tiles of the mapping"},
            {"kernel_events", t.kernel_events, "count", "delta cycles of the kernel"}};
}

// A tensor core holds no weights: there is nothing that could stay.
std::string weights_text(const report_context& c) {
    if (!c.target.value.cim) return "not held";
    return c.steady ? "steady" : "cold";
}

} // namespace

json::object to_json(const run_results& r, const report_context& c) {
    json::object root;
    root["machine"] = c.target.value.name;
    root["work"] = c.work;
    root["fidelity"] = to_string(r.level);
    root["convention"] = to_string(r.counting);
    root["mapper"] = c.mapper;
    root["weights"] = weights_text(c);
    json::object totals;
    for (const auto& f : figures(r.totals)) totals[f.name] = f.value;
    if (r.counting == convention::published) totals["published_rate_gops"] = r.totals.published_rate_gops;
    root["totals"] = totals;
    root["bound_by"] = r.bound_by;
    const auto band = band_of(r.energy, c.target.value, c.target.ranges);
    root["energy_band_pj"] = json::array{band.low_pj, band.high_pj};
    if (c.target.value.cim && c.target.value.cim->is_composed())
        root["delay_factor"] = c.target.value.matrix_engine()->delay_uncertainty();
    root["area_um2"] = whole_area_um2(c.target.value);
    root["resident_bytes"] = r.resident_bytes;
    if (c.target.value.cim && c.target.value.cim->place) {
        // CiM in place of a memory: what is left for data, of all units.
        const auto replaced = memory_replaced(c.target.value);
        const auto units = cim_units(c.target.value);
        root["replaced_memory"] = json::object{{"name", c.target.value.cim->replaces},
                                               {"bytes", replaced.capacity_bytes * units},
                                               {"left_bytes", replaced.left_bytes * units}};
    }
    root["engines"] = json::object{{"count", whole_engine_count(c.target.value)}, {"used", r.engines_used}};
    if (c.steady && c.missing_arrays > 0) root["missing_arrays"] = c.missing_arrays;
    if (c.skipped_vector_work > 0) root["skipped_vector_work"] = c.skipped_vector_work;
    json::object parts;
    for (const auto& [part, energy] : r.energy.by_part()) parts[part] = energy;
    root["energy_by_part"] = parts;
    json::array rows;
    for (const auto& row : r.energy.rows())
        rows.push_back(json::object{{"part", row.part},
                                    {"action", row.action},
                                    {"unit", row.unit},
                                    {"count", row.count},
                                    {"unit_energy_pj", row.unit_energy_pj},
                                    {"energy_pj", row.energy_pj()}});
    root["energy_rows"] = rows;
    json::object stalls;
    for (auto s : all_stalls) stalls[to_string(s)] = r.stalls[s];
    root["stalls_ps"] = stalls;
    json::object traffic;
    for (std::size_t i = 0; i < r.traffic.size(); ++i) {
        json::object level;
        for (std::size_t t = 0; t < tensor_names.size(); ++t) {
            const auto& x = r.traffic[i][t];
            level[tensor_names[t]] = json::object{{"read", x.read}, {"fill", x.fill}, {"update", x.update}};
        }
        traffic[c.target.value.memories[i].name] = level;
    }
    root["traffic_bytes"] = traffic;
    json::object instances; // the bytes above are of all instances together
    const auto& m = c.target.value;
    std::int64_t count = 1;
    for (std::size_t i = 0; i < m.memories.size(); ++i) {
        if (m.dispatcher && i == m.shared_memories()) count *= m.dispatcher->units;
        instances[m.memories[i].name] = count *= m.memories[i].instances_below();
    }
    root["instances"] = instances;
    json::array layers;
    for (const auto& l : r.layers) {
        json::object row{{"name", l.name}};
        if (l.is_product) {
            row["M"] = l.m;
            row["N"] = l.n;
            row["K"] = l.k;
            row["batch"] = l.batch;
        }
        row["repeat"] = l.repeat;
        row["time_ps"] = l.time_ps;
        row["bound_time_ps"] = l.bound_ps;
        row["energy_pj"] = l.energy_pj;
        row["bound_by"] = l.bound_by;
        if (l.is_product) {
            row["macs"] = l.macs;
            row["utilization"] = l.utilization;
            row["simulated_tiles"] = l.tiles;
            row["mapping"] = l.mapping;
        }
        json::object waits;
        for (auto w : all_stalls)
            if (l.stalls[w] != 0) waits[to_string(w)] = l.stalls[w];
        row["stalls_ps"] = waits;
        layers.push_back(row);
    }
    root["layers"] = layers;
    json::array details;
    for (const auto& e : r.details.entries())
        details.push_back(
            json::object{{"name", e.name}, {"value", e.value}, {"unit", e.unit}, {"description", e.description}});
    root["statistics"] = details;
    return root;
}

std::string pretty(const json::value& v) {
    // Boost.JSON has no indented writer.
    std::string text;
    const auto write = [&](const auto& self, const json::value& value, std::size_t depth) -> void {
        const auto line = [&](std::size_t d) { text += "\n" + std::string(2 * d, ' '); };
        if (value.is_object() && !value.get_object().empty()) {
            text += "{";
            bool first = true;
            for (const auto& [key, member] : value.get_object()) {
                if (!first) text += ",";
                first = false;
                line(depth + 1);
                text += json::serialize(json::value(key)) + ": ";
                self(self, member, depth + 1);
            }
            line(depth);
            text += "}";
        } else if (value.is_array() && !value.get_array().empty()) {
            text += "[";
            bool first = true;
            for (const auto& member : value.get_array()) {
                if (!first) text += ",";
                first = false;
                line(depth + 1);
                self(self, member, depth + 1);
            }
            line(depth);
            text += "]";
        } else if (value.is_double()) {
            text += exact_text(value.get_double());
        } else {
            text += json::serialize(value);
        }
    };
    write(write, v, 0);
    return text + "\n";
}

std::string stats_text(const run_results& r, const report_context& c) {
    std::string text = "---------- Begin Simulation Statistics ----------\n";
    const auto line = [&](const std::string& name, const std::string& value, const std::string& description,
                          const std::string& unit) { text += statistics_line(name, value, description, unit); };
    for (const auto& f : figures(r.totals))
        line(std::string("totals.") + f.name,
             f.value.is_double() ? exact_text(f.value.get_double()) : json::serialize(f.value), f.description, f.unit);
    const auto band = band_of(r.energy, c.target.value, c.target.ranges);
    line("totals.energy_low_pj", exact_text(band.low_pj), "every unit energy at the low end of its range", "pJ");
    line("totals.energy_high_pj", exact_text(band.high_pj), "every unit energy at the high end of its range", "pJ");
    line("area", exact_text(whole_area_um2(c.target.value)), "engines, memories and vector unit, DRAM excluded", "um2");
    for (const auto& [part, energy] : r.energy.by_part())
        line("energy." + part, exact_text(energy), "all actions of the part", "pJ");
    for (const auto& row : r.energy.rows()) {
        if (row.count == 0) continue;
        const auto prefix = "energy." + row.part + "." + row.action;
        line(prefix + ".count", exact_text(row.count), "actions", row.unit);
        line(prefix + ".unit_energy", exact_text(row.unit_energy_pj), "of one action", "pJ");
        line(prefix + ".energy", exact_text(row.energy_pj()), "count x unit energy", "pJ");
    }
    for (auto s : all_stalls)
        line(std::string("stalls.") + to_string(s), std::to_string(r.stalls[s]), "time beyond the bound", "ps");
    for (std::size_t i = 0; i < r.traffic.size(); ++i)
        for (std::size_t t = 0; t < tensor_names.size(); ++t) {
            const auto& a = r.traffic[i][t];
            const auto prefix = "traffic." + c.target.value.memories[i].name + "." + tensor_names[t];
            line(prefix + ".read", std::to_string(a.read), "down to the level below", "byte");
            line(prefix + ".fill", std::to_string(a.fill), "from the level above", "byte");
            line(prefix + ".update", std::to_string(a.update), "results from below", "byte");
        }
    for (const auto& e : r.details.entries()) line(e.name, exact_text(e.value), e.description, e.unit);
    return text + "---------- End Simulation Statistics   ----------\n";
}

std::string layers_csv(const run_results& r) {
    std::vector<std::vector<std::string>> rows{
        {"name", "M", "N", "K", "batch", "repeat", "time_ps", "energy_pj", "macs", "utilization", "bound_by"}};
    for (const auto& l : r.layers)
        rows.push_back({l.name, l.is_product ? std::to_string(l.m) : "", l.is_product ? std::to_string(l.n) : "",
                        l.is_product ? std::to_string(l.k) : "", l.is_product ? std::to_string(l.batch) : "",
                        std::to_string(l.repeat), std::to_string(l.time_ps), exact_text(l.energy_pj),
                        std::to_string(l.macs), exact_text(l.utilization), l.bound_by});
    return table_csv(rows);
}

std::string mappings_text(const run_results& r, const std::string& machine_name) {
    std::string text = "# Loop nests on " + machine_name + ", outer to inner; --mapping reads this file.\n";
    std::set<std::string> seen;
    for (const auto& l : r.layers) {
        if (!l.is_product) continue;
        const auto line =
            std::to_string(l.m) + "," + std::to_string(l.n) + "," + std::to_string(l.k) + ": " + l.mapping;
        if (seen.insert(line).second) text += line + "\n";
    }
    return text;
}

std::string summary(const run_results& r, const report_context& c) {
    const auto& t = r.totals;
    std::string text = c.work + " on " + c.target.value.name + " (" + to_string(r.level) + ", " +
                       to_string(r.counting) + ", " + c.mapper + ", weights " + weights_text(c) + ")\n\n";
    std::vector<std::vector<std::string>> rows{{"total", ""}};
    rows.push_back({"time", time_text(static_cast<double>(t.time_ps))});
    if (r.level != fidelity::bound) rows.push_back({"bound", time_text(static_cast<double>(t.bound_ps))});
    rows.push_back({"energy", energy_text(t.energy_pj)});
    if (const auto band = band_of(r.energy, c.target.value, c.target.ranges); band.low_pj < band.high_pj)
        rows.push_back({"energy within", band_text(band.low_pj, band.high_pj)});
    rows.push_back({"MACs", std::to_string(t.macs)});
    rows.push_back({"TOPS", number_text(t.tops)});
    rows.push_back({"TOPS/W", number_text(t.tops_per_w)});
    rows.push_back({"utilisation", number_text(100 * t.utilization) + " %"});
    rows.push_back({"bound by", r.bound_by});
    if (t.simulated_tiles > 0) {
        rows.push_back({"simulated tiles", std::to_string(t.simulated_tiles)});
        rows.push_back({"kernel events", std::to_string(t.kernel_events)});
    }
    if (r.resident_bytes > 0) rows.push_back({"resident weights", bytes_text(r.resident_bytes)});
    text += table_text(rows);
    rows = {{"energy by part", "energy", "share"}};
    std::vector<std::pair<double, std::string>> parts;
    for (const auto& [part, energy] : r.energy.by_part())
        if (energy > 0) parts.emplace_back(energy, part);
    std::sort(parts.rbegin(), parts.rend());
    for (const auto& [energy, part] : parts)
        rows.push_back({part, energy_text(energy), number_text(100 * energy / t.energy_pj) + " %"});
    text += "\n" + table_text(rows);
    if (r.stalls.total_ps() > 0) {
        rows = {{"time beyond the bound", "", "of the time"}};
        for (auto s : all_stalls)
            if (r.stalls[s] > 0)
                rows.push_back(
                    {to_string(s), time_text(static_cast<double>(r.stalls[s])),
                     number_text(100.0 * static_cast<double>(r.stalls[s]) / static_cast<double>(t.time_ps)) + " %"});
        text += "\n" + table_text(rows);
    }
    if (r.layers.size() == 1 && r.layers[0].is_product) text += "\nmapping: " + r.layers[0].mapping + "\n";
    if (c.missing_arrays > 0)
        text += std::string(r.resident_bytes > 0 ? "\nNot all weights stay: " : "\nThe weights do not stay: ") +
                std::to_string(c.missing_arrays) + " more arrays would hold them all.\n";
    if (c.skipped_vector_work > 0)
        text += "\nNot counted by the published convention: " + std::to_string(c.skipped_vector_work) +
                " entries of vector work.\n";
    return text;
}

} // namespace cimtlm

#include "comparison.h"

#include "report.h"

#include <platforms/builder/crossing.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace cimtlm {

namespace json = boost::json;

namespace {

std::string share_text(double part, double whole) { return number_text(100 * part / whole) + " %"; }

double number(const json::value& v) { return v.is_double() ? v.get_double() : v.to_number<double>(); }

// Of a row: what is known of its macro, where macros are compared.
const json::object* macro_of(const json::object& r) {
    const auto* macro = r.if_contains("macro");
    return macro ? &macro->as_object() : nullptr;
}

result_precision precision_of(const json::object& r) {
    const auto* macro = macro_of(r);
    if (!macro) return {};
    return {macro->at("exact").as_bool(), number(macro->at("exact_bits")),
            macro->at("effective_bits").is_null() ? 0 : number(macro->at("effective_bits"))};
}

std::string bits_text(const result_precision& p) {
    if (p.exact) return "exact";
    if (!p.is_said()) return "not said";
    char text[64];
    std::snprintf(text, sizeof text, "%.1f of %.1f bits", p.effective_bits, p.exact_bits);
    return text;
}

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
    // The time of a composed macro is no surer than its circuits.
    const auto factor_of = [](const json::object& o) {
        const auto* factor = o.if_contains("delay_factor");
        return factor ? number(*factor) : 1;
    };
    const double factor = std::max(factor_of(first), factor_of(r));
    const bool unsure = factor > 1 && time > 1 / factor && time < factor;
    const auto within = unsure ? ", within the factor of " + number_text(factor) + " of its time" : std::string();
    if (!equally_precise(precision_of(first), precision_of(r)))
        return "result " + bits_text(precision_of(r)) + " against " + bits_text(precision_of(first)) +
               ", no winner: " + number_text(time) + "x in time" + within + ", " + number_text(energy) + "x in energy";
    const auto& band = r.at("energy_band_pj").as_array();
    const auto& reference = first.at("energy_band_pj").as_array();
    // Both bands move together where parts are shared; what holds even for opposite ends is beyond doubt.
    const auto has_ranges = [](const json::array& b) { return number(b.at(0)) < number(b.at(1)); };
    const bool apart = has_ranges(band) && has_ranges(reference) &&
                       (number(band.at(1)) < number(reference.at(0)) || number(band.at(0)) > number(reference.at(1)));
    return say("time", time) + within + ", " + say("energy", energy) + (apart ? ", beyond the ranges" : "");
}

// The results that are worth what the best of them is.
std::vector<const json::object*> peers_of(const std::vector<json::object>& runs) {
    const auto* best = &runs.front();
    const auto worth = [](const json::object& r) {
        const auto p = precision_of(r);
        return std::pair(!p.reduced(), p.effective_bits);
    };
    for (const auto& r : runs)
        if (worth(r) > worth(*best)) best = &r;
    std::vector<const json::object*> peers;
    for (const auto& r : runs)
        if (equally_precise(precision_of(*best), precision_of(r))) peers.push_back(&r);
    return peers;
}

// Who is first in what. Equal machines share the place of the first named.
std::string winners(const std::vector<json::object>& runs) {
    const auto reduced = reduced_names(runs);
    const auto peers = peers_of(runs);
    std::string text;
    for (const auto& name : reduced) text += (text.empty() ? "reduced: " : ", ") + name;
    if (!reduced.empty() && peers.size() < 2) return text + "; no winner among results of unequal or unknown worth\n";
    const auto best = [&](const auto& figure) {
        const auto* winner = peers.front();
        for (const auto* r : peers)
            if (figure(*r) < figure(*winner)) winner = r;
        return row_name(*winner) + " (" + number_text(figure(*peers.front()) / figure(*winner)) + "x)";
    };
    const auto total = [](const json::object& r, const char* name) {
        return number(r.at("totals").as_object().at(name));
    };
    if (!reduced.empty()) text += "; among the others ";
    return text + "fastest: " + best([&](const auto& r) { return total(r, "time_ps"); }) +
           "; least energy: " + best([&](const auto& r) { return total(r, "energy_pj"); }) + "; least energy x time: " +
           best([&](const auto& r) { return total(r, "time_ps") * total(r, "energy_pj"); }) + "\n";
}

// What CiM leaves of the memory in whose place it stands.
std::string left_text(const json::object& r) {
    const auto* replaced = r.if_contains("replaced_memory");
    if (!replaced) return "-";
    const auto& m = replaced->as_object();
    return bytes_text(m.at("left_bytes").to_number<std::int64_t>()) + " of " + std::string(m.at("name").as_string());
}

} // namespace

std::string row_name(const json::object& run) {
    const auto* macro = macro_of(run);
    return std::string((macro ? macro->at("name") : run.at("machine")).as_string());
}

std::vector<std::string> reduced_names(const std::vector<json::object>& runs) {
    const auto peers = peers_of(runs);
    std::vector<std::string> names;
    for (const auto& r : runs)
        if (std::find(peers.begin(), peers.end(), &r) == peers.end()) names.push_back(row_name(r));
    return names;
}

std::string comparison_table(const std::vector<json::object>& results, const std::vector<refusal>& refused,
                             const std::string& format) {
    const bool raw = format == "csv";
    std::vector<std::vector<std::string>> rows;
    if (raw)
        rows.push_back({"machine", "time_ps", "energy_pj", "tops", "tops_per_w", "utilization", "area_um2", "bound_by",
                        "speedup", "energy_gain"});
    else
        rows.push_back({"machine", "time", "energy", "energy within", "TOPS", "TOPS/W", "utilisation", "area mm2",
                        "weights held", "left for data", "bound by", "speed-up", "energy gain"});
    const auto append = [&](const std::vector<std::string>& cells) {
        rows.back().insert(rows.back().end(), cells.begin(), cells.end());
    };
    const bool macros = macro_of(results.front());
    if (macros) {
        rows[0][0] = "macro";
        append(raw ? std::vector<std::string>{"arrays", "exact_bits", "effective_bits", "mac_share", "converter_share",
                                              "memory_share"}
                   : std::vector<std::string>{"arrays", "result", "MACs", "converters", "of the MACs", "memories"});
    }
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
        const std::string name = row_name(r), bound(r.at("bound_by").as_string());
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
        if (!macros) continue;
        const auto& macro = *macro_of(r);
        const auto share = [&](const char* figure) { return share_text(number(macro.at(figure)), 1); };
        if (raw)
            append({exact(macro.at("arrays")), exact(macro.at("exact_bits")),
                    macro.at("effective_bits").is_null() ? "" : exact(macro.at("effective_bits")),
                    exact(macro.at("mac_share")), exact(macro.at("converter_share")), exact(macro.at("memory_share"))});
        else
            append({exact(macro.at("arrays")), bits_text(precision_of(r)), share("mac_share"), share("converter_share"),
                    share("converter_share_of_macs"), share("memory_share")});
    }
    for (const auto& [name, reason] : refused) {
        rows.push_back({name, raw ? "" : "does not fit"});
        rows.back().resize(rows.front().size());
    }
    if (raw) return table_csv(rows);
    return format == "markdown" ? table_markdown(rows) : table_text(rows);
}

std::string comparison_text(const std::vector<json::object>& runs, const std::vector<refusal>& refused) {
    auto text = winners(runs) + "\n";
    for (const auto& r : runs) {
        text += row_name(r) + ": ";
        if (&r != &runs.front()) text += verdict(runs.front(), r) + "; ";
        text += why(r) + "\n";
    }
    for (const auto& [name, reason] : refused) text += name + ": does not fit: " + reason + "\n";
    return text;
}

} // namespace cimtlm

#include "macro_comparison.h"

#include "report.h"

#include <cimtlm/base/error.h>
#include <cimtlm/machine/unit_group.h>

#include <cmath>

namespace cimtlm {

namespace json = boost::json;

namespace {

double area_of_arrays(const machine& m) { return m.matrix_engine()->area_um2() * static_cast<double>(m.cim->count); }

macro_choice choose_macro(const std::string& text, const std::string& name, const work_options& w,
                          const loaded_machine& own) {
    macro_choice c;
    c.text = text;
    const auto asked = read_variant(text);
    try {
        load_macro(asked.machine, asked.sets); // what is wrong with it is wrong in any machine
    } catch (const input_error& e) {
        throw input_error("--macros " + text + ": " + e.what());
    }
    auto with = w;
    with.sets.push_back("cim.macro=" + asked.machine);
    for (const auto& set : asked.sets) with.sets.push_back("cim.macro." + set);
    const auto one_array = [&] {
        auto single = with;
        single.sets.push_back("cim.count=1");
        return load_machine(name, single).value;
    };
    const auto& as_given = own.as_given ? *own.as_given : own.value;
    if (as_given.cim->count > 0) {
        c.scaled = one_array();
        const auto arrays = static_cast<std::int64_t>(area_of_arrays(own.value) / c.scaled.matrix_engine()->area_um2() +
                                                      1e-9); // its own: as many as stand there
        if (arrays < 1)
            c.refused = "an array takes " + number_text(c.scaled.matrix_engine()->area_um2()) + " um2, those of " +
                        own.value.name + " " + number_text(area_of_arrays(own.value)) + " um2";
        with.sets.push_back("cim.count=" + std::to_string(arrays));
    }
    if (c.refused.empty()) {
        try {
            c.scaled = load_machine(name, with).value;
        } catch (const input_error& e) {
            c.scaled = one_array();
            c.refused = e.what();
        }
    }
    c.result = precision_of(*c.scaled.matrix_engine());
    c.variant = name;
    for (auto set = with.sets.begin() + static_cast<std::ptrdiff_t>(w.sets.size()); set != with.sets.end(); ++set)
        c.variant += "," + *set;
    return c;
}

double number(const json::value& v) { return v.to_number<double>(); }

} // namespace

std::vector<macro_choice> choose_macros(const std::vector<std::string>& macros, const std::string& machine,
                                        const work_options& w) {
    if (macros.size() < 2) throw input_error("--macros: two at least are compared (cimtlm list macros)");
    const auto own = load_machine(machine, w);
    if (!own.value.cim)
        throw input_error("--machine " + machine + ": it has no arrays ('cim') whose place a macro could take");
    std::vector<macro_choice> choices;
    for (const auto& text : macros) choices.push_back(choose_macro(text, machine, w, own));
    return choices;
}

json::object macro_object(const macro_choice& c, const json::object& run) {
    const double energy = number(run.at("totals").as_object().at("energy_pj"));
    double conversions = 0, macs = 0, memories = 0;
    const auto& parts = run.at("energy_by_part").as_object();
    for (const auto& row : run.at("energy_rows").as_array()) {
        const auto& r = row.as_object();
        if (std::string(r.at("action").as_string()).rfind("convert_", 0) == 0) conversions += number(r.at("energy_pj"));
    }
    for (const auto* part : {"mac", "cim"})
        if (const auto* pj = parts.if_contains(part)) macs += number(*pj);
    for (const auto& level : run.at("traffic_bytes").as_object())
        if (const auto* pj = parts.if_contains(level.key())) memories += number(*pj);
    if (const auto* pj = parts.if_contains("bus")) memories += number(*pj);
    json::object o{{"name", c.text},
                   {"arrays", run.at("engines").as_object().at("count")},
                   {"exact", c.result.exact},
                   {"exact_bits", c.result.exact_bits},
                   {"effective_bits", c.result.is_said() ? json::value(c.result.effective_bits) : json::value(nullptr)},
                   {"reduced", c.result.reduced()},
                   {"converter_share", conversions / energy},
                   {"converter_share_of_macs", macs > 0 ? conversions / macs : 0},
                   {"mac_share", macs / energy},
                   {"memory_share", memories / energy}};
    return o;
}

std::vector<macro_crossing> macro_crossings(const std::vector<macro_choice>& choices, const work_list& work,
                                            const work_options& w) {
    const auto* product = largest_product(work);
    struct curves {
        figure_curve precision[2], rows[2];
        batch_curves batch;
    };
    std::vector<curves> all;
    for (const auto& c : choices) {
        const auto& cim = *c.scaled.cim;
        auto macro = cim.macro;
        if (auto* p = std::get_if<composed_macro_parameters>(&macro); p && !p->native)
            p->native = c.scaled.technology.point();
        macro_pricing price{w.counting == convention::published ? energy_basis::mac : cim.mac_energy_basis, {}, {}};
        if (product) {
            price.bits = product->bits;
            price.statistics = product->statistics;
        }
        auto& own = all.emplace_back();
        for (const auto kind : {converters::as_built, converters::exact}) {
            const auto i = static_cast<std::size_t>(kind);
            own.precision[i] = over_precision(macro, price, kind);
            own.rows[i] = over_rows(macro, price, kind);
        }
        if (product && c.refused.empty()) own.batch = over_batch(c.scaled, *product, {w.counting, "", w.steady});
    }
    std::vector<macro_crossing> crossings;
    for (std::size_t i = 1; i < choices.size(); ++i) {
        const auto converts_inexactly = [](const macro_choice& c) {
            return c.scaled.cim->is_composed() && !c.result.exact;
        };
        const bool converts = converts_inexactly(choices[0]) || converts_inexactly(choices[i]);
        const auto add = [&](const std::string& over, const std::string& figure, const figure_curve& first,
                             const figure_curve& other, const std::string& otherwise) {
            // Mappings differ a little from one M to the next; so little is no crossing.
            const auto found = crossing_of(first, other, over == "batch" ? 0.01 : 0);
            crossings.push_back({choices[0].text, choices[i].text, over, figure, found.comparable ? "" : otherwise,
                                 first, other, found});
        };
        const auto &first = all[0], &other = all[i];
        for (const std::size_t kind : {0, 1}) {
            if (kind == 1 && !converts) continue; // as they are built, they are exact
            const std::string note = kind == 1 ? ", exact converters" : "";
            add("precision" + note, "energy", first.precision[kind], other.precision[kind], "cannot be built");
            const bool published = !choices[0].scaled.cim->is_composed() || !choices[i].scaled.cim->is_composed();
            add("rows" + note, "energy", first.rows[kind], other.rows[kind],
                published ? "published figures hold for their own rows" : "cannot be built");
        }
        const std::string none = product ? "does not fit" : "no product";
        add("batch", "energy", first.batch.energy_pj, other.batch.energy_pj, none);
        add("batch", "time", first.batch.time_ps, other.batch.time_ps, none);
    }
    return crossings;
}

namespace {

std::string verdict(const macro_crossing& c) {
    if (!c.undefined.empty()) return c.undefined;
    const auto& f = c.found;
    if (f.below == 0) return "equal";
    const std::string* names[] = {&c.first, &c.other};
    auto below = f.below < 0 ? 0 : 1;
    std::string text = *names[below] + " below";
    if (f.at.empty()) return text + " throughout";
    for (const double x : f.at) {
        below = 1 - below;
        text += " up to " + number_text(x) + ", then " + *names[below];
    }
    return text;
}

json::array values(const std::vector<double>& from) {
    json::array a;
    for (const double v : from) a.push_back(std::isfinite(v) ? json::value(v) : json::value(nullptr));
    return a;
}

} // namespace

json::array to_json(const std::vector<macro_crossing>& crossings) {
    json::array all;
    for (const auto& c : crossings)
        all.push_back(json::object{{"first", c.first},
                                   {"other", c.other},
                                   {"over", c.over},
                                   {"figure", c.figure == "time" ? "time_ps_per_operation" : "energy_pj_per_operation"},
                                   {"points", values(c.first_curve.at)},
                                   {"first_values", values(c.first_curve.value)},
                                   {"other_values", values(c.other_curve.value)},
                                   {"crossings", values(c.found.at)},
                                   {"reduced", c.undefined.empty() && !c.found.equally_precise},
                                   {"verdict", verdict(c)}});
    return all;
}

std::vector<std::vector<std::string>> rows_of(const std::vector<macro_crossing>& crossings) {
    std::vector<std::vector<std::string>> rows{
        {crossings.front().first + " against", "over", "of", "quotient", "who is below", "result"}};
    const auto text = [](const crossing::point& p) { return number_text(p.ratio) + "x at " + number_text(p.at); };
    for (const auto& c : crossings) {
        const bool defined = c.undefined.empty();
        rows.push_back({c.other, c.over, c.figure, defined ? text(c.found.low) + ", " + text(c.found.high) : "-",
                        verdict(c), defined && !c.found.equally_precise ? "reduced" : ""});
    }
    return rows;
}

} // namespace cimtlm

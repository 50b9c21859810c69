#include "commands.h"
#include "options.h"
#include "outcome.h"
#include "output.h"
#include "report.h"

#include <cimtlm/base/error.h>
#include <platforms/validation/calibration.h>
#include <platforms/validation/chip_model.h>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <sstream>

namespace cimtlm {

namespace po = boost::program_options;
namespace json = boost::json;

namespace {

using rows = std::vector<std::vector<std::string>>;

/// A figure of a chip: what is predicted and, where the file says it, what was measured.
struct judged {
    const char* name; ///< in JSON, behind "predicted_"
    const char* title;
    banded chip_prediction::*predicted;
    std::optional<double> chip_row::*measured;
};
const judged figures[] = {
    {"cycle_ns", "cycle ns", &chip_prediction::cycle_ns, &chip_row::cycle_ns},
    {"tops_1b", "TOPS 1b", &chip_prediction::tops_1b, &chip_row::tops_1b},
    {"tops_per_w_1b", "TOPS/W 1b", &chip_prediction::tops_per_w_1b, &chip_row::tops_per_w_1b},
    {"tops_per_mm2_1b", "TOPS/mm2 1b", &chip_prediction::tops_per_mm2_1b, &chip_row::tops_per_mm2_1b}};

/// Predicted over measured; none where nothing, or a rounded zero, was measured.
std::optional<double> ratio(const judged& f, const chip_row& row, const chip_prediction& p) {
    const auto& measured = row.*f.measured;
    if (!measured || !(*measured > 0)) return std::nullopt;
    return (p.*f.predicted).value / *measured;
}

bool inside(const banded& b, double measured) { return b.low <= measured && measured <= b.high; }

std::string joined(const std::vector<std::string>& texts, const char* between) {
    std::string all;
    for (const auto& t : texts) all += (all.empty() ? "" : between) + t;
    return all;
}

json::array as_json(const std::vector<std::string>& texts) {
    json::array a;
    for (const auto& t : texts) a.emplace_back(t);
    return a;
}

json::object report(const std::vector<chip_row>& chips, const std::vector<chip_prediction>& predictions,
                    const circuit_constants& circuits) {
    json::object o;
    o["circuits"] = circuits.name;
    json::array list;
    for (std::size_t i = 0; i < chips.size(); ++i) {
        const auto& p = predictions[i];
        json::object c;
        c["chip"] = chips[i].chip;
        c["line"] = chips[i].line;
        for (const auto& f : figures) {
            const auto& b = p.*f.predicted;
            const std::string key = std::string("predicted_") + f.name;
            c[key] = b.value;
            c[key + "_low"] = b.low;
            c[key + "_high"] = b.high;
        }
        for (const auto& f : figures)
            if (const auto q = ratio(f, chips[i], p)) {
                c[std::string("ratio_") + f.name] = *q;
                c[std::string("inside_") + f.name] = inside(p.*f.predicted, *(chips[i].*f.measured));
            }
        c["assumed"] = as_json(p.assumed);
        c["out_of_range"] = as_json(p.marked);
        list.push_back(std::move(c));
    }
    o["chips"] = std::move(list);
    json::object summary;
    const auto all = errors_of(chips, circuits);
    for (const auto& [name, figure] :
         {std::pair{"cycle_ns", &chip_error::cycle}, {"tops_per_w_1b", &chip_error::tops_per_w}}) {
        const auto s = summary_of(all, figure);
        if (s.chips == 0) continue;
        summary[name] = {{"chips", s.chips},
                         {"median_factor", s.median},
                         {"percentile_90_factor", s.percentile_90},
                         {"worst_factor", s.worst}};
    }
    if (!summary.empty()) o["summary"] = std::move(summary);
    return o;
}

rows csv_rows(const std::vector<chip_row>& chips, const std::vector<chip_prediction>& predictions) {
    rows table(1);
    table[0] = {"chip"};
    for (const auto& f : figures)
        for (const auto* end : {"", "_low", "_high"}) table[0].push_back(std::string("predicted_") + f.name + end);
    for (const auto& f : figures) table[0].push_back(std::string("ratio_") + f.name);
    table[0].insert(table[0].end(), {"assumed", "out_of_range"});
    const auto exact = [](double v) {
        char text[40];
        std::snprintf(text, sizeof text, "%.6g", v);
        return std::string(text);
    };
    for (std::size_t i = 0; i < chips.size(); ++i) {
        const auto& p = predictions[i];
        std::vector<std::string> row{chips[i].chip};
        for (const auto& f : figures)
            for (const double v : {(p.*f.predicted).value, (p.*f.predicted).low, (p.*f.predicted).high})
                row.push_back(exact(v));
        for (const auto& f : figures) {
            const auto q = ratio(f, chips[i], p);
            row.push_back(q ? exact(*q) : "");
        }
        row.push_back(joined(p.assumed, "; "));
        row.push_back(joined(p.marked, "; "));
        table.push_back(row);
    }
    return table;
}

std::string page(const std::vector<chip_row>& chips, const std::vector<chip_prediction>& predictions,
                 const circuit_constants& circuits) {
    rows table(1);
    table[0] = {"chip"};
    for (const auto& f : figures) table[0].insert(table[0].end(), {f.title, "low", "high", "/ measured"});
    std::string marks;
    for (std::size_t i = 0; i < chips.size(); ++i) {
        const auto& p = predictions[i];
        std::vector<std::string> row{chips[i].chip};
        for (const auto& f : figures) {
            const auto& b = p.*f.predicted;
            const auto q = ratio(f, chips[i], p);
            row.insert(row.end(), {number_text(b.value), number_text(b.low), number_text(b.high),
                                   q ? number_text(*q) + (inside(b, *(chips[i].*f.measured)) ? "" : " !") : "-"});
        }
        table.push_back(row);
        if (!p.marked.empty())
            marks +=
                "  line " + std::to_string(chips[i].line) + ", " + chips[i].chip + ": " + joined(p.marked, "; ") + "\n";
    }
    auto text = table_text(table);
    text += "\nPer core, one-bit operations. Circuits: " + circuits.name +
            "; constants that were fitted to a chip of this file make no test of it (docs/validation.md).\n"
            "'!': measured outside the band.\n";
    for (const auto& [title, figure] : {std::pair{"TOPS/W", &chip_error::tops_per_w}, {"cycle", &chip_error::cycle}})
        if (const auto s = summary_of(errors_of(chips, circuits), figure); s.chips > 0)
            text += std::string(title) + ": factor " + number_text(s.median) + " in the median, " +
                    number_text(s.percentile_90) + " for 90 %, of " + std::to_string(s.chips) + " chips\n";
    if (!marks.empty()) text += "Out of range, predicted all the same:\n" + marks;
    text += "Assumed of every chip that does not say it: --format json lists it a chip.\n";
    return text;
}

} // namespace

int validate_command(const std::vector<std::string>& arguments) {
    po::options_description all("cimtlm validate silicon FILE.csv [options]");
    all.add_options()("format", po::value<std::string>()->default_value("table")->value_name("table|csv|json"),
                      "how to print")(
        "circuits", po::value<std::string>()->default_value("calibrated")->value_name("PART"),
        "constants of the circuits, a part of platforms/parts/circuits or a file")("help", "this text")(
        "what", po::value<std::string>()->value_name("silicon"), "what to validate against: published chips")(
        "file", po::value<std::string>()->value_name("FILE.csv"), "table of chips, a row an operating point");
    const auto values = parse_arguments(arguments, all, "what,file", 2);
    if (values.count("help")) {
        std::ostringstream text;
        text << all;
        print(text.str());
        return exit_ok;
    }
    if (!values.count("what") || !values.count("file"))
        throw input_error("nothing to validate: cimtlm validate silicon FILE.csv");
    if (const auto what = values["what"].as<std::string>(); what != "silicon")
        throw input_error(unknown_name("validation", what, {"silicon"}));
    const auto format = values["format"].as<std::string>();
    if (format != "table" && format != "csv" && format != "json")
        throw input_error(unknown_name("format", format, {"table", "csv", "json"}));
    std::vector<std::string> ignored;
    const auto chips = read_chips(values["file"].as<std::string>(), &ignored);
    for (const auto& name : ignored) std::cerr << "cimtlm: column " << name << " says nothing to a prediction\n";
    const auto circuits = load_circuits(values["circuits"].as<std::string>());
    std::vector<chip_prediction> predictions;
    for (const auto& c : chips) predictions.push_back(predict_chip(c, circuits));
    if (format == "json")
        print(pretty(report(chips, predictions, circuits)) + "\n");
    else if (format == "csv")
        print(table_csv(csv_rows(chips, predictions)));
    else
        print(page(chips, predictions, circuits));
    return exit_ok;
}

} // namespace cimtlm

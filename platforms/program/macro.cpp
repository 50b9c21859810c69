#include "commands.h"
#include "options.h"
#include "outcome.h"
#include "output.h"
#include "report.h"

#include <cimtlm/base/error.h>
#include <cimtlm/macro/data_sheet.h>

#include <sstream>

namespace cimtlm {

namespace po = boost::program_options;
namespace json = boost::json;

namespace {

json::object parts_json(const std::vector<part_share>& parts) {
    json::object o;
    for (const auto& p : parts) o[p.part] = p.value;
    return o;
}

json::object to_json(const data_sheet& d, const loaded_macro& loaded) {
    const auto& g = d.geometry;
    return {{"macro", d.name},
            {"kind", std::holds_alternative<composed_macro_parameters>(loaded.value) ? "composed" : "published"},
            {"rows_parallel", g.rows_parallel},
            {"columns_parallel", g.columns_parallel},
            {"rows_held", g.rows_held},
            {"columns_held", g.columns_held},
            {"input_bits", g.input_bits},
            {"weight_bits", g.weight_bits},
            {"capacity_bytes", d.capacity_bytes},
            {"step_ps", d.step_ps},
            {"whole_ps", d.whole_ps},
            {"step_pj", d.step_pj},
            {"overhead_pj", d.overhead_pj},
            {"energy_factor", d.energy_factor},
            {"delay_factor", d.delay_factor},
            {"area_factor", d.area_factor},
            {"area_um2", d.area_um2},
            {"leakage_mw", d.leakage_mw},
            {"tops", d.tops},
            {"tops_per_w", d.tops_per_w},
            {"tops_per_mm2", d.tops_per_mm2},
            {"tops_1b", d.one_bit_tops},
            {"tops_per_w_1b", d.one_bit_tops_per_w},
            {"tops_per_mm2_1b", d.one_bit_tops_per_mm2},
            {"exact_bits", d.exact_bits},
            {"effective_bits", d.effective_bits > 0 ? json::value(d.effective_bits) : json::value(nullptr)},
            {"write_pj_per_byte", d.write_pj_per_byte},
            {"write_row_ps", d.write_row_ps},
            {"retention_ps", d.retention_ps},
            {"energy_pj", parts_json(d.energy)},
            {"time_ps", parts_json(d.time)},
            {"area_parts_um2", parts_json(d.area)},
            {"note", d.note}};
}

/// A line a part, with its share.
std::string split(const char* title, const std::vector<part_share>& parts, std::string (*shown)(double)) {
    double total = 0;
    for (const auto& p : parts) total += p.value;
    std::vector<std::vector<std::string>> table{{title, "", "share"}};
    for (const auto& p : parts)
        if (p.value > 0) table.push_back({"  " + p.part, shown(p.value), number_text(100 * p.value / total) + " %"});
    table.push_back({"  total", shown(total), ""});
    return table_text(table);
}

std::string area_text(double um2) { return number_text(um2 * 1e-6) + " mm2"; }

std::string page(const data_sheet& d, const loaded_macro& loaded) {
    const auto& g = d.geometry;
    const bool composed = std::holds_alternative<composed_macro_parameters>(loaded.value);
    std::ostringstream text;
    text << d.name << ": " << (composed ? "composed of circuits" : "published figures") << "\n"
         << "a step multiplies " << g.rows_parallel << " inputs of " << g.input_bits << " bits with " << g.rows_parallel
         << " x " << g.columns_parallel << " weights of " << g.weight_bits << " bits; " << g.rows_held << " x "
         << g.columns_held << " positions held, " << bytes_text(d.capacity_bytes) << " of weights\n\n";
    const auto factor = [](double f) { return f > 1 ? " (factor " + number_text(f) + " either way)" : std::string(); };
    text << "latency      " << time_text(d.step_ps) << " a step" << factor(d.delay_factor) << ", "
         << time_text(d.whole_ps) << " for every weight once\n"
         << "energy       " << energy_text(d.step_pj) << " a step" << factor(d.energy_factor);
    if (d.overhead_pj > 0) text << ", " << energy_text(d.overhead_pj) << " outside on its account";
    text << "\narea         " << area_text(d.area_um2) << factor(d.area_factor) << ", leakage "
         << number_text(d.leakage_mw) << " mW\n"
         << "throughput   " << number_text(d.tops) << " TOPS, " << number_text(d.tops_per_w) << " TOPS/W, "
         << number_text(d.tops_per_mm2) << " TOPS/mm2 at " << g.input_bits << " x " << g.weight_bits << " bits\n"
         << "1-bit        " << number_text(d.one_bit_tops) << " TOPS, " << number_text(d.one_bit_tops_per_w)
         << " TOPS/W, " << number_text(d.one_bit_tops_per_mm2) << " TOPS/mm2\n"
         << "result       "
         << (d.effective_bits > 0 ? number_text(d.effective_bits) + " effective bits of " + number_text(d.exact_bits)
                                  : "not said")
         << "\n"
         << "writing      " << number_text(d.write_pj_per_byte) << " pJ/B";
    if (d.write_row_ps > 0) text << ", " << time_text(d.write_row_ps) << " a row";
    text << (d.retention_ps > 0 ? ", to be repeated after " + time_text(d.retention_ps) : std::string()) << "\n\n"
         << split("energy of a step", d.energy, energy_text) << "\n"
         << split("time of a step", d.time, time_text) << "\n"
         << split("area", d.area, area_text);
    if (!d.note.empty()) text << "\nnot trusted: " << d.note << "\n";
    return text.str();
}

} // namespace

int macro_command(const std::vector<std::string>& arguments) {
    po::options_description all("cimtlm macro MACRO [options]");
    all.add_options()("set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
                      "change a key of the macro, e.g. adc.bits=6 (repeatable)")("json", "print JSON and nothing else")(
        "help", "this text")("macro", po::value<std::string>()->value_name("MACRO"),
                             "file or name (cimtlm list macros)");
    const auto values = parse_arguments(arguments, all, "macro", 1);
    if (values.count("help")) {
        std::ostringstream text;
        text << all;
        print(text.str());
        return exit_ok;
    }
    if (!values.count("macro")) throw input_error("no macro: cimtlm macro NAME|FILE (cimtlm list macros)");
    const auto sets = values.count("set") ? values["set"].as<std::vector<std::string>>() : std::vector<std::string>{};
    const auto loaded = load_macro(values["macro"].as<std::string>(), sets);
    const auto sheet = std::visit(
        [](const auto& p) {
            if constexpr (std::is_same_v<std::decay_t<decltype(p)>, published_macro_parameters>)
                return data_sheet_of(p, energy_basis::operation);
            else
                return data_sheet_of(p);
        },
        loaded.value);
    print(values.count("json") ? pretty(to_json(sheet, loaded)) + "\n" : page(sheet, loaded));
    return exit_ok;
}

} // namespace cimtlm

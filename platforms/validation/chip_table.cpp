#include <platforms/validation/chip_table.h>

#include <cimtlm/base/error.h>
#include <workloads/csv.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace cimtlm {

namespace {

struct number_column {
    const char* name;
    std::optional<double> chip_row::*value;
    bool may_be_zero = false;
};
const std::vector<number_column>& number_columns() {
    static const std::vector<number_column> columns = {
        {"technology_nm", &chip_row::technology_nm},
        {"rows", &chip_row::rows},
        {"cols", &chip_row::cols},
        {"supply_v", &chip_row::supply_v},
        {"input_bits", &chip_row::input_bits},
        {"weight_bits", &chip_row::weight_bits},
        {"adc_bits", &chip_row::adc_bits, true},
        {"column_outputs_parallel", &chip_row::column_outputs_parallel},
        {"dot_product_length", &chip_row::dot_product_length},
        {"cycle_ns", &chip_row::cycle_ns},
        {"tops_1b", &chip_row::tops_1b, true}, // rounded
        {"tops_per_w_1b", &chip_row::tops_per_w_1b},
        {"tops_per_mm2_1b", &chip_row::tops_per_mm2_1b, true},
    };
    return columns;
}

struct text_column {
    const char* name;
    std::string chip_row::*value;
};
const std::vector<text_column>& text_columns() {
    static const std::vector<text_column> columns = {{"chip", &chip_row::chip},
                                                     {"memory", &chip_row::memory},
                                                     {"cell", &chip_row::cell},
                                                     {"compute_model", &chip_row::compute_model}};
    return columns;
}

bool says_nothing(const std::string& cell) {
    static const std::vector<std::string> blanks = {"", "-", "NA", "N/A", "na", "n/a", "?", "nan", "NaN"};
    return std::find(blanks.begin(), blanks.end(), cell) != blanks.end();
}

std::optional<double> number(const std::string& cell, bool may_be_zero) {
    double value = 0;
    const auto* end = cell.data() + cell.size();
    const auto [stop, error] = std::from_chars(cell.data(), end, value);
    constexpr double most = 1e9;
    const bool allowed = (value > 0 || (may_be_zero && value == 0)) && value <= most;
    if (error == std::errc{} && stop == end && allowed) return value;
    return std::nullopt;
}

} // namespace

std::vector<chip_row> parse_chips(const std::string& text, const std::string& file, std::vector<std::string>* ignored) {
    const auto table = parse_csv(text, file);
    const auto& header = table.header.cells;
    const auto position = [&](const std::string& name) {
        const auto found = std::find(header.begin(), header.end(), name);
        if (std::count(header.begin(), header.end(), name) > 1)
            throw input_error(table.where(table.header) + ": column '" + name + "' stands there twice");
        return found == header.end() ? header.size() : static_cast<std::size_t>(found - header.begin());
    };
    std::vector<std::string> known{"paper", "venue", "year", "cores"}; // of no use to a prediction
    bool any = false;
    for (const auto& c : number_columns()) known.push_back(c.name), any |= position(c.name) < header.size();
    for (const auto& c : text_columns()) known.push_back(c.name), any |= position(c.name) < header.size();
    if (!any)
        throw input_error(table.where(table.header) +
                          ": no column of a chip table: " + unknown_name("column", header.front(), known, 32));
    for (const auto& name : header)
        if (ignored && !name.empty() && std::find(known.begin(), known.end(), name) == known.end())
            ignored->push_back(name);
    if (table.rows.empty()) throw input_error(file + ": no chips below the header");
    std::vector<chip_row> chips;
    for (const auto& row : table.rows) {
        if (row.cells.size() > header.size())
            throw input_error(table.where(row) + ": " + std::to_string(row.cells.size()) + " cells below " +
                              std::to_string(header.size()) + " columns (a comma in a text needs double quotes)");
        const auto cell = [&](const std::string& name) {
            const auto at = position(name);
            return at < row.cells.size() ? row.cells[at] : std::string();
        };
        chip_row chip;
        chip.line = row.line;
        for (const auto& c : text_columns())
            if (const auto text_of = cell(c.name); !says_nothing(text_of)) chip.*c.value = text_of;
        for (const auto& c : number_columns())
            if (const auto text_of = cell(c.name); !says_nothing(text_of)) {
                chip.*c.value = number(text_of, c.may_be_zero);
                if (!(chip.*c.value)) chip.unreadable.push_back(std::string(c.name) + " " + quoted(text_of));
            }
        if (chip.chip.empty()) chip.chip = "line " + std::to_string(row.line);
        chips.push_back(std::move(chip));
    }
    return chips;
}

std::vector<chip_row> read_chips(const std::string& file, std::vector<std::string>* ignored) {
    std::error_code error;
    std::ifstream in(file, std::ios::binary);
    if (!in || std::filesystem::is_directory(file, error)) throw input_error(file + ": cannot be read");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) throw input_error(file + ": cannot be read");
    return parse_chips(text, file, ignored);
}

} // namespace cimtlm

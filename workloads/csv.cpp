#include <workloads/csv.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string_view>

namespace cimtlm {

namespace {
/// Takes `blank` away from both ends, as often as it is there. Whether it was.
bool strip(std::string_view& text, std::string_view blank) {
    const auto before = text.size();
    while (text.substr(0, blank.size()) == blank) text.remove_prefix(blank.size());
    while (text.size() >= blank.size() && text.substr(text.size() - blank.size()) == blank)
        text.remove_suffix(blank.size());
    return text.size() < before;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view no_break_space = "\xc2\xa0"; // in files that were copied from web pages
    while (strip(text, " ") || strip(text, "\t") || strip(text, no_break_space)) {
    }
    return text;
}

bool same_letters(const std::string& a, const std::string& b) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_one_of(const std::string& name, const std::vector<std::string>& spellings) {
    return std::any_of(spellings.begin(), spellings.end(), [&](const auto& s) { return same_letters(name, s); });
}

/// Bytes of the UTF-8 sequence at the front of `text`, 0 for one that is none. Results are written as JSON, which
/// has to be UTF-8, so names have to be.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto lead = byte(0);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xc2 && lead < 0xe0 ? 2
                               : lead >= 0xe0 && lead < 0xf0 ? 3
                               : lead >= 0xf0 && lead < 0xf5 ? 4
                                                             : 0;
    if (length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
    const bool outside = (lead == 0xed && byte(1) >= 0xa0) || (lead == 0xf4 && byte(1) >= 0x90);
    return overlong || outside ? 0 : length;
}
} // namespace

void check_text(std::string_view line, const std::string& where, const std::string& allowed) {
    while (!line.empty()) {
        const auto lead = static_cast<unsigned char>(line.front());
        const auto length = sequence_length(line);
        if (length == 0 || (lead < 0x20 && lead != '\t') || lead == 0x7f) {
            static constexpr char digits[] = "0123456789abcdef";
            throw input_error(where + ": not a text file: byte 0x" + digits[lead >> 4] + digits[lead & 15] +
                              "; allowed: " + allowed);
        }
        line.remove_prefix(length);
    }
}

std::vector<std::string> split_csv_line(std::string_view line, const std::string& where) {
    std::vector<std::string> cells;
    for (;;) {
        line = trimmed(line);
        std::string cell;
        if (!line.empty() && line.front() == '#') {
            line = {};
        } else if (!line.empty() && line.front() == '"') {
            std::size_t i = 1;
            for (;; ++i) {
                if (i >= line.size()) throw input_error(where + ": a quoted cell does not end on its line");
                if (line[i] == '"' && (i + 1 == line.size() || line[i + 1] != '"')) break;
                if (line[i] == '"') ++i;
                cell += line[i];
            }
            line = trimmed(line.substr(i + 1));
            if (!line.empty() && line.front() != ',')
                throw input_error(where + ": text after the quoted cell " + quoted(cell) + "; allowed: a comma");
        } else {
            const auto end = std::min(line.find(','), line.size());
            cell = trimmed(line.substr(0, end));
            line.remove_prefix(end);
        }
        cells.push_back(std::move(cell));
        if (line.empty()) return cells;
        line.remove_prefix(1); // the comma
    }
}

csv_table parse_csv(const std::string& text, const std::string& source) {
    csv_table table;
    table.source = source;
    std::string_view rest = text;
    if (rest.substr(0, 3) == "\xef\xbb\xbf") rest.remove_prefix(3);
    csv_row row;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        ++row.line;
        check_text(line, table.where(row), "CSV in UTF-8");
        line = trimmed(line);
        if (!line.empty() && line.front() == '#') {
            if (line.substr(0, 2) == "# ") line.remove_prefix(1);
            if (table.header.cells.empty()) table.comments.emplace_back(line.substr(1));
            continue;
        }
        row.cells = split_csv_line(line, table.where(row));
        if (std::all_of(row.cells.begin(), row.cells.end(), [](const auto& cell) { return cell.empty(); })) continue;
        if (table.header.cells.empty())
            table.header = row;
        else
            table.rows.push_back(row);
    }
    if (table.header.cells.empty()) throw input_error(source + ": the file is empty; expected a header and layers");
    return table;
}

std::string csv_cell(const std::string& text) {
    const bool plain = text.find_first_of(",\"") == std::string::npos && trimmed(text) == text &&
                       (text.empty() || text.front() != '#');
    if (plain) return text;
    std::string cell = "\"";
    for (const char c : text) cell += c == '"' ? std::string("\"\"") : std::string(1, c);
    return cell + "\"";
}

std::string quoted(const std::string& text) {
    if (text.size() <= 80) return "'" + text + "'";
    std::size_t end = 80; // not inside a character
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return "'" + text.substr(0, end) + "...'";
}

std::int64_t parse_whole_number(const std::string& text, std::int64_t least, std::int64_t most,
                                const std::string& where) {
    std::int64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc{} && stop == end && value >= least && value <= most) return value;
    throw input_error(where + ": " + (text.empty() ? "no number" : quoted(text)) + "; allowed: a whole number from " +
                      std::to_string(least) + " to " + std::to_string(most));
}

double parse_share(const std::string& text, bool may_be_one, const std::string& where) {
    double value = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc{} && stop == end && !std::signbit(value) && (value < 1 || (value == 1 && may_be_one)))
        return value;
    throw input_error(where + ": " + (text.empty() ? "no number" : quoted(text)) + "; allowed: a number from 0 to " +
                      (may_be_one ? "1" : "below 1"));
}

std::size_t count_known(const csv_row& header, const csv_names& known) {
    return static_cast<std::size_t>(std::count_if(known.begin(), known.end(), [&](const auto& spellings) {
        return std::any_of(header.cells.begin(), header.cells.end(),
                           [&](const auto& cell) { return is_one_of(cell, spellings); });
    }));
}

csv_columns::csv_columns(const csv_table& table, const csv_names& known)
    : table_(table)
    , known_(known)
    , position_(known.size(), absent) {
    const auto where = table.where(table.header);
    for (std::size_t i = 0; i < table.header.cells.size(); ++i) {
        const auto& name = table.header.cells[i];
        if (name.empty()) continue;
        bool is_known = false;
        std::size_t column = 0;
        for (; column < known.size(); ++column) {
            if (!is_one_of(name, known[column])) continue;
            is_known = true;
            if (!has(column)) break;
        }
        if (!is_known) {
            std::vector<std::string> names;
            for (const auto& spellings : known) names.push_back(spellings.front());
            throw input_error(where + ": " + unknown_name("column", name, names));
        }
        if (column == known.size()) throw input_error(where + ": column " + quoted(name) + " is given twice");
        position_[column] = i;
    }
}

const std::string& csv_columns::cell(const csv_row& row, std::size_t column) const {
    static const std::string nothing;
    return has(column) ? row.cells[position_[column]] : nothing;
}

std::string csv_columns::place(const csv_row& row, std::size_t column) const {
    return table_.where(row) + ": column '" + known_[column].front() + "'";
}

void csv_columns::check(const csv_row& row) const {
    const auto& names = table_.header.cells;
    const auto named = [&](std::size_t i) { return i < names.size() && !names[i].empty(); };
    for (std::size_t i = row.cells.size(); i < names.size(); ++i)
        if (named(i))
            throw input_error(table_.where(row) + ": the row ends before column " + quoted(names[i]) + ": " +
                              std::to_string(row.cells.size()) + " cells");
    for (std::size_t i = 0; i < row.cells.size(); ++i)
        if (!named(i) && !row.cells[i].empty())
            throw input_error(table_.where(row) + ": cell " + std::to_string(i + 1) + ", " + quoted(row.cells[i]) +
                              ", stands in no column of the header");
}

} // namespace cimtlm

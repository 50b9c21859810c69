// Numbers and tables for people.
#include "report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cimtlm {

namespace {
std::string scaled(double value, const std::vector<const char*>& units, double step) {
    std::size_t unit = 0;
    while (std::fabs(value) >= step && unit + 1 < units.size()) {
        value /= step;
        ++unit;
    }
    return number_text(value) + " " + units[unit];
}
} // namespace

std::string number_text(double value) {
    char text[40];
    if (value != 0 && (std::fabs(value) >= 1e6 || std::fabs(value) < 1e-3)) {
        std::snprintf(text, sizeof text, "%.3e", value);
        return text;
    }
    const double magnitude = std::fabs(value);
    const int digits = magnitude >= 1000 ? 0 : magnitude >= 100 ? 1 : magnitude >= 10 ? 2 : 3;
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string exact_text(double value) {
    char text[40];
    if (std::fabs(value) < 9e15 && value == std::floor(value)) { // a count, or as good as one
        std::snprintf(text, sizeof text, "%.0f", value);
        return text;
    }
    std::snprintf(text, sizeof text, "%.17g", value);
    for (int digits = 1; digits < 17; ++digits) { // the shortest text that reads back as the same number
        char shorter[40];
        std::snprintf(shorter, sizeof shorter, "%.*g", digits, value);
        if (std::stod(shorter) == value) return shorter;
    }
    return text;
}

std::string statistics_line(const std::string& name, const std::string& value, const std::string& description,
                            const std::string& unit) {
    const auto padded = [](const std::string& text, std::size_t width, bool right) {
        const std::string space(text.size() < width ? width - text.size() : 0, ' ');
        return right ? space + text : text + space;
    };
    return padded(name, 48, false) + " " + padded(value, 20, true) + "  # " + description + " (" + unit + ")\n";
}

std::string time_text(double ps) { return scaled(ps, {"ps", "ns", "us", "ms", "s"}, 1000); }
std::string energy_text(double pj) { return scaled(pj, {"pJ", "nJ", "uJ", "mJ", "J"}, 1000); }
std::string band_text(double low_pj, double high_pj) {
    return low_pj < high_pj ? energy_text(low_pj) + " to " + energy_text(high_pj) : "-";
}

std::string bytes_text(std::int64_t bytes) {
    const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    while (unit < 4 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        ++unit;
    }
    return std::to_string(bytes) + " " + units[unit];
}

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i == widths.size()) widths.push_back(0);
            widths[i] = std::max(widths[i], row[i].size());
        }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string space(widths[i] - row[i].size(), ' ');
            line += (i ? "  " : "") + (i ? space + row[i] : row[i] + space);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::string table_markdown(const std::vector<std::vector<std::string>>& rows) {
    std::string text;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        text += "|";
        for (auto cell : rows[i]) {
            for (std::size_t at = 0; (at = cell.find('|', at)) != std::string::npos; at += 2) cell.insert(at, "\\");
            text += " " + cell + " |";
        }
        text += "\n";
        if (i > 0) continue;
        text += "|";
        for (std::size_t c = 0; c < rows[i].size(); ++c) text += c ? " ---: |" : " --- |";
        text += "\n";
    }
    return text;
}

std::string table_csv(const std::vector<std::vector<std::string>>& rows) {
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const bool quote = row[i].find_first_of(",\"\n") != std::string::npos;
            std::string cell = row[i];
            for (std::size_t at = 0; quote && (at = cell.find('"', at)) != std::string::npos; at += 2)
                cell.insert(at, "\"");
            text += (i ? "," : "") + (quote ? "\"" + cell + "\"" : cell);
        }
        text += "\n";
    }
    return text;
}

} // namespace cimtlm

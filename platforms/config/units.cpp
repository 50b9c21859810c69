#include <platforms/config/units.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace cimtlm {

namespace {

struct suffix {
    std::string text;
    key_unit unit;
};

/// Longer suffixes first: `_pj_per_byte` before `_pj`.
const std::vector<suffix>& suffixes() {
    static const std::vector<suffix> table = {
        {"_um2_per_byte", {"um2/B", {{"um2/B"}, {"um2/bit", 8}, {"nm2/B", 1, -6}, {"mm2/B", 1, 6}}}},
        {"_bytes_per_cycle", {"B/cycle", {{"B/cycle"}, {"KiB/cycle", 1024}}}},
        {"_pj_per_byte", {"pJ/B", {{"pJ/B"}, {"fJ/B", 1, -3}, {"nJ/B", 1, 3}, {"pJ/bit", 8}, {"fJ/bit", 8, -3}}}},
        {"_per_cycle", {"/cycle", {{"/cycle"}}}},
        {"_cycles", {"cycles", {{"cycles"}, {"cycle"}}}},
        {"_bytes",
         {"B", {{"B"}, {"KiB", 1024}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1, 3}, {"MB", 1, 6}, {"GB", 1, 9}}}},
        {"_bits", {"bits", {{"bits"}, {"bit"}}}},
        {"_mhz", {"MHz", {{"MHz"}, {"GHz", 1, 3}, {"kHz", 1, -3}, {"Hz", 1, -6}}}},
        {"_um2", {"um2", {{"um2"}, {"mm2", 1, 6}, {"nm2", 1, -6}}}},
        {"_ps", {"ps", {{"ps"}, {"fs", 1, -3}, {"ns", 1, 3}, {"us", 1, 6}, {"ms", 1, 9}, {"s", 1, 12}}}},
        {"_pj", {"pJ", {{"pJ"}, {"fJ", 1, -3}, {"nJ", 1, 3}, {"uJ", 1, 6}, {"mJ", 1, 9}, {"J", 1, 12}}}},
        {"_mw", {"mW", {{"mW"}, {"nW", 1, -6}, {"uW", 1, -3}, {"W", 1, 3}}}},
        {"_nw", {"nW", {{"nW"}, {"pW", 1, -3}, {"uW", 1, 3}, {"mW", 1, 6}}}},
        {"_ohm", {"ohm", {{"ohm"}, {"kohm", 1, 3}, {"Mohm", 1, 6}}}},
        {"_nm", {"nm", {{"nm"}, {"um", 1, 3}}}},
        {"_c", {"C", {{"C"}}}},
        {"_v", {"V", {{"V"}, {"mV", 1, -3}}}},
    };
    return table;
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('.') + 1); }

std::string shown(const std::string& text) { return "'" + text.substr(0, 60) + (text.size() > 60 ? "..." : "") + "'"; }

/// A number split into its text without exponent, its exponent, and what follows.
struct written_number {
    std::string digits;
    long exponent = 0;
    std::string unit;
};

std::size_t skip_digits(const std::string& text, std::size_t at) {
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at;
}

std::optional<written_number> split_number(const std::string& text) {
    const std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    std::size_t end = skip_digits(text, sign);
    std::size_t count = end - sign;
    if (end < text.size() && text[end] == '.') {
        const auto fraction = skip_digits(text, end + 1);
        count += fraction - end - 1;
        end = fraction;
    }
    if (count == 0) return std::nullopt;
    written_number number;
    number.digits = text.substr(text[0] == '+' ? 1 : 0, end - (text[0] == '+' ? 1 : 0));
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
        const bool signed_exponent = end + 1 < text.size() && (text[end + 1] == '-' || text[end + 1] == '+');
        const std::size_t from = end + 1 + (signed_exponent ? 1 : 0);
        const auto last = skip_digits(text, from);
        if (last == from || last - from > 6) return std::nullopt;
        std::from_chars(text.data() + from, text.data() + last, number.exponent);
        if (text[end + 1] == '-') number.exponent = -number.exponent;
        end = last;
    }
    const auto unit = text.find_first_not_of(' ', end);
    if (unit != std::string::npos) number.unit = text.substr(unit);
    return number;
}

std::string lower_case(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

[[noreturn]] void wrong_unit(const config_node& node, const std::string& path, const std::string& unit) {
    const auto& key = unit_of_key(last_part(path));
    if (key.name.empty()) node.fail("'" + path + "' takes a number without a unit, not " + shown(node.scalar));
    // Units are too short for edit distances; what people mistake is the case.
    std::string list, near;
    for (const auto& candidate : key.allowed) {
        if (lower_case(candidate.name) == lower_case(unit)) near = candidate.name;
        list += (list.empty() ? "" : ", ") + candidate.name;
    }
    node.fail("'" + path + "' is in " + key.name + "; " + shown(unit) + " is no unit for it" +
              (near.empty() ? "; allowed: " : "; did you mean '" + near + "'? allowed: ") + list);
}

/// The value in the key's unit. Powers of ten go into the text, so 16.9 ns is the double nearest to 16900.
double number_in_key_unit(const config_node& node, const std::string& path) {
    if (node.kind != config_node::form::scalar) node.fail("'" + path + "' needs a number");
    const auto number = split_number(node.scalar);
    if (!number) node.fail("'" + path + "' needs a number, not " + shown(node.scalar));
    written_unit unit;
    if (!number->unit.empty()) {
        const auto& allowed = unit_of_key(last_part(path)).allowed;
        std::size_t i = 0;
        while (i < allowed.size() && allowed[i].name != number->unit) ++i;
        if (i == allowed.size()) wrong_unit(node, path, number->unit);
        unit = allowed[i];
    }
    const std::string text = number->digits + "e" + std::to_string(number->exponent + unit.exponent);
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    value *= static_cast<double>(unit.multiplier);
    if (result.ec != std::errc() || !std::isfinite(value))
        node.fail("'" + path + "' is beyond what a number holds: " + shown(node.scalar));
    return value;
}

} // namespace

const key_unit& unit_of_key(const std::string& key) {
    static const key_unit none;
    const std::string name = "_" + key; // `bytes_per_cycle` is its own suffix
    for (const auto& [text, unit] : suffixes())
        if (name.size() >= text.size() && name.compare(name.size() - text.size(), text.size(), text) == 0) return unit;
    return none;
}

double read_number(const config_node& node, const std::string& path) { return number_in_key_unit(node, path); }

std::int64_t read_integer(const config_node& node, const std::string& path, std::int64_t lowest, std::int64_t highest) {
    const double value = number_in_key_unit(node, path);
    if (value != std::floor(value)) node.fail("'" + path + "' needs a whole number, not " + shown(node.scalar));
    // Beyond 2^53 a double no longer tells neighbours apart.
    constexpr double exact = 9007199254740992.0;
    if (std::abs(value) > exact || value < static_cast<double>(lowest) || value > static_cast<double>(highest))
        node.fail("'" + path + "' is out of range: " + shown(node.scalar));
    return static_cast<std::int64_t>(value);
}

bool read_boolean(const config_node& node, const std::string& path) {
    if (node.kind == config_node::form::scalar && node.scalar == "true") return true;
    if (node.kind == config_node::form::scalar && node.scalar == "false") return false;
    node.fail("'" + path + "' needs true or false" +
              (node.kind == config_node::form::scalar ? ", not " + shown(node.scalar) : ""));
}

} // namespace cimtlm

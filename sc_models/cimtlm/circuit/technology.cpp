#include <cimtlm/base/error.h>
#include <cimtlm/circuit/technology.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace cimtlm {

namespace {

/// Covers the middle between any two neighbouring nodes of the table (at most sqrt(32 / 20)), and leaves 5 nm outside.
constexpr double nearest_quotient = 1.3;
constexpr double supply_range = 0.3;
/// A supply that is written at the border is inside.
constexpr double rounding = 1e-9;

std::string lower_name(flavour kind) { return boost::describe::enum_to_string(kind, "?"); }

std::string upper_name(flavour kind) {
    if (kind == flavour::bulk) return "bulk"; // a word, the others are initials
    auto name = lower_name(kind);
    for (char& c : name) c = static_cast<char>(c - 'a' + 'A');
    return name;
}

std::string number(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

double quotient(double a, double b) { return a > b ? a / b : b / a; }

double polynomial(const double* coefficients, int count, double x) {
    double sum = 0;
    for (int i = 0; i < count; ++i) sum = sum * x + coefficients[i];
    return sum;
}

bool is_far(const technology_row& row, double node_nm) { return quotient(row.node_nm, node_nm) > nearest_quotient; }

bool is_in_range(const technology_row& row, double supply_v) {
    return std::fabs(supply_v - row.nominal_supply_v) <= supply_range * row.nominal_supply_v + rounding;
}

technology_factor factor(flavour kind, double node_nm, double supply_v, bool of_delay) {
    const auto& row = technology_row_of(kind, node_nm);
    const double value = of_delay ? polynomial(row.delay, 4, supply_v) : polynomial(row.energy, 3, supply_v);
    if (!(value > 0) || !std::isfinite(value))
        throw input_error(std::string("the scaling equation gives no positive ") + (of_delay ? "delay" : "energy") +
                          " at " + to_string({node_nm, supply_v, kind}) + "; it holds near " +
                          number(row.nominal_supply_v) + " V");
    return {value, is_far(row, node_nm) || !is_in_range(row, supply_v)};
}

technology_factor ratio(const technology_factor& from, const technology_factor& to) {
    return {to.value / from.value, from.outside || to.outside};
}

} // namespace

bool operator==(const technology_point& a, const technology_point& b) {
    return a.node_nm == b.node_nm && a.supply_v == b.supply_v && a.flavour == b.flavour;
}

std::string to_string(const technology_point& point) {
    return number(point.node_nm) + " nm " + upper_name(point.flavour) + " " + number(point.supply_v) + " V";
}

const std::vector<technology_row>& technology_table() {
    // Supplies: headers and parameter files of the Predictive Technology Model (bulk 2006, HP and LP 2008, MG 2012).
    // Areas: the paper's table, of two digits; assumed at 180 nm: the square of the nodes, from 130 nm on.
    static const std::vector<technology_row> table = {
        {flavour::bulk, 180, 1.8, 12.3, {0, 97.09, -356.7, 406.5}, {0, 24.64, -17.98}},
        {flavour::bulk, 130, 1.3, 6.4, {-76.65, 334.9, -493.4, 275.8}, {7.171, -6.709, 2.904}},
        {flavour::bulk, 90, 1.2, 2.8, {-60.34, 262.5, -384.2, 210.9}, {4.762, -4.781, 2.092}},
        {flavour::bulk, 65, 1.1, 1.5, {-53.3, 230.4, -333.9, 178.6}, {3.755, -4.398, 1.975}},
        {flavour::hp, 45, 1.0, 1, {-501.6, 1567, -1619, 566.1}, {1.018, -0.3107, 0.1539}},
        {flavour::hp, 32, 0.9, 0.46, {-1047, 2982, -2797, 873.5}, {0.8367, -0.4341, 0.1701}},
        {flavour::hp, 20, 0.9, 0.21, {0, 34.63, -66.37, 41.15}, {0.373, -0.1582, 0.04104}},
        {flavour::hp, 16, 0.85, 0.19, {0, 24.8, -47.52, 28.87}, {0.2958, -0.1241, 0.03024}},
        {flavour::hp, 14, 0.8, 0.17, {-40.66, 109.2, -100.6, 35.92}, {0.2363, -0.09675, 0.02239}},
        {flavour::hp, 10, 0.75, 0.1, {-34.95, 93.65, -85.99, 30.4}, {0.2068, -0.09311, 0.02375}},
        {flavour::hp, 7, 0.7, 0.059, {-28.58, 76.6, -70.26, 24.69}, {0.1776, -0.09097, 0.02447}},
        {flavour::lp, 45, 1.1, 1, {-285.7, 1239, -1795, 898.8}, {1.103, -0.362, 0.2767}},
        {flavour::lp, 32, 1.0, 0.46, {-325.9, 1374, -1922, 913.2}, {0.9559, -0.7823, 0.471}},
        {flavour::lstp, 20, 0.9, 0.21, {-160.5, 514.1, -558.6, 217.5}, {0.2632, -0.14, 0.06841}},
        {flavour::lstp, 16, 0.85, 0.19, {-114.6, 366.7, -397.4, 153.6}, {0.2139, -0.1187, 0.05639}},
        {flavour::lstp, 14, 0.8, 0.17, {-85.37, 271.6, -292.2, 111.4}, {0.1556, -0.06472, 0.03066}},
        {flavour::lstp, 10, 0.75, 0.1, {-71.76, 228.6, -246.3, 93.91}, {0.1261, -0.0518, 0.02769}},
        {flavour::lstp, 7, 0.7, 0.059, {-61.79, 196.1, -210.3, 79.55}, {0.09365, -0.03409, 0.02043}},
    };
    return table;
}

const technology_row& technology_row_of(flavour kind, double node_nm) {
    const auto& table = technology_table();
    const technology_row* own = nullptr;
    double nearest = 0;
    for (const auto& row : table) {
        const double distance = quotient(row.node_nm, node_nm);
        if (nearest == 0 || distance < nearest) nearest = distance;
        if (row.flavour == kind && (!own || distance < quotient(own->node_nm, node_nm))) own = &row;
    }
    const double distance = quotient(own->node_nm, node_nm);
    if (distance <= nearest_quotient || distance == nearest) return *own;
    std::vector<std::string> there;
    for (const auto& row : table) {
        const auto name = lower_name(row.flavour);
        if (quotient(row.node_nm, node_nm) <= std::max(nearest, nearest_quotient) &&
            std::find(there.begin(), there.end(), name) == there.end())
            there.push_back(name);
    }
    std::string names;
    for (const auto& name : there) names += (names.empty() ? "" : ", ") + name;
    throw input_error("there is no " + lower_name(kind) + " near " + number(node_nm) +
                      " nm in the scaling table; there it has: " + names);
}

technology_factor energy_factor(flavour kind, double node_nm, double supply_v) {
    return factor(kind, node_nm, supply_v, false);
}

technology_factor delay_factor(flavour kind, double node_nm, double supply_v) {
    return factor(kind, node_nm, supply_v, true);
}

technology_factor scale_energy(const technology_point& from, const technology_point& to) {
    return ratio(energy_factor(from.flavour, from.node_nm, from.supply_v),
                 energy_factor(to.flavour, to.node_nm, to.supply_v));
}

technology_factor scale_delay(const technology_point& from, const technology_point& to) {
    return ratio(delay_factor(from.flavour, from.node_nm, from.supply_v),
                 delay_factor(to.flavour, to.node_nm, to.supply_v));
}

technology_factor scale_area(const technology_point& from, const technology_point& to) {
    const auto area = [](const technology_point& p) {
        const auto& row = technology_row_of(p.flavour, p.node_nm);
        return technology_factor{row.area, is_far(row, p.node_nm)};
    };
    return ratio(area(from), area(to));
}

std::string range_note(const technology_point& point) {
    const auto& row = technology_row_of(point.flavour, point.node_nm);
    const auto at = number(row.node_nm) + " nm " + upper_name(row.flavour);
    std::string note;
    if (is_far(row, point.node_nm))
        note = number(point.node_nm) + " nm is outside the scaling table, " + at + " serves in its place";
    if (!is_in_range(row, point.supply_v))
        note += (note.empty() ? "" : "; ") + number(point.supply_v) + " V is outside " +
                number((1 - supply_range) * row.nominal_supply_v) + " to " +
                number((1 + supply_range) * row.nominal_supply_v) + " V (" + at + ": nominal " +
                number(row.nominal_supply_v) + " V +- 30 %)";
    return note;
}

} // namespace cimtlm

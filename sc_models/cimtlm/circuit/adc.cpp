#include <cimtlm/base/error.h>
#include <cimtlm/circuit/adc.h>
#include <cimtlm/circuit/adc_survey.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace cimtlm {

namespace {

/// Supply that figures of the survey are taken to hold at: the nominal one of the nearest node of the scaling table.
double nominal_supply_v(double node_nm) {
    const technology_row* nearest = nullptr;
    const auto distance = [&](const technology_row& r) { return std::fabs(std::log(r.node_nm / node_nm)); };
    for (const auto& row : technology_table())
        if (!nearest || distance(row) < distance(*nearest)) nearest = &row;
    return nearest->nominal_supply_v;
}

} // namespace

std::int64_t converters_of(const adc_parameters& p, std::int64_t sums, const std::string& where) {
    const auto fail = [&](const std::string& text) { throw input_error(where + "adc." + text); };
    const auto text = [](std::int64_t v) { return std::to_string(v); };
    if (p.columns_per_adc < 1) fail("columns_per_adc: a converter serves at least one column");
    if (p.count < 0) fail("count: must not be negative");
    if (p.count > sums)
        fail("count: more converters (" + text(p.count) + ") than columns to convert (" + text(sums) + ")");
    if (p.count > 0 && p.columns_per_adc != 1) fail("count: states with columns_per_adc the same thing twice");
    if (p.columns_per_adc > sums)
        fail("columns_per_adc: a converter serves " + text(p.columns_per_adc) + " columns, there are " + text(sums));
    return p.count > 0 ? p.count : (sums + p.columns_per_adc - 1) / p.columns_per_adc;
}

adc::adc(const adc_parameters& p, const circuit_constants& k, const circuit_scale& s, const std::string& where)
    : p_(p)
    , k_(k)
    , s_(s) {
    const auto fail = [&](const std::string& key, const std::string& why) {
        throw input_error(where + "adc." + key + ": " + why);
    };
    if (p.columns_per_adc < 1) fail("columns_per_adc", "a converter serves at least one column");
    for (const auto& [key, value] : {std::pair{"clock_mhz", p.clock_mhz},
                                     {"conversion_energy_pj", p.conversion_energy_pj},
                                     {"conversion_ps", p.conversion_ps},
                                     {"area_um2", p.area_um2}})
        if (!(value >= 0)) fail(key, "must not be negative");
    if (!present()) return;
    if (!(p.bits > 0 && p.bits <= 16)) fail("bits", "a converter has more than 0 and at most 16 bits");
    if (p.kind == adc_kind::sense_amplifier && p.bits > 1)
        fail("bits", "a sense amplifier tells 1 bit; flash, sar, ramp and cco tell more");
    if (p.kind == adc_kind::survey && !(p.clock_mhz > 0) && !(p.conversion_ps > 0))
        fail("clock_mhz", "a converter without a clock: the survey needs samples a second (clock_mhz or "
                          "conversion_ps)");
    if (p.kind == adc_kind::group && !(p.conversion_energy_pj > 0 && p.conversion_ps > 0))
        fail("conversion_energy_pj", "a group converter needs conversion_energy_pj and conversion_ps");
    if (p.kind == adc_kind::survey) adc_survey::convert_pj(p.bits, s.node_nm, 1e12 / convert_ps(p.bits)); // refuses
}

double adc::comparators() const { return p_.kind == adc_kind::flash ? std::pow(2, p_.bits) - 1 : 1; }

double adc::convert_ps(double bits) const {
    if (!present()) return 0;
    const auto decisions = [&](double b) {
        switch (p_.kind) {
        case adc_kind::sar:
        case adc_kind::group:
            return std::max(b, 1.0);
        case adc_kind::ramp:
        case adc_kind::cco:
            return std::pow(2, b);
        default:
            return 1.0;
        }
    };
    if (p_.conversion_ps > 0) return p_.conversion_ps * decisions(bits) / decisions(p_.bits);
    if (p_.clock_mhz > 0) return 1e6 / p_.clock_mhz * decisions(bits);
    // A single decision of a sense amplifier falls into the evaluation.
    if (p_.kind == adc_kind::sense_amplifier) return 0;
    return k_.comparator_ps * s_.delay * decisions(bits);
}

double adc::convert_pj(double bits) const {
    const auto by_circuit = [&](double b) {
        const double decision = k_.comparator_energy_pj * s_.energy;
        const double levels = std::pow(2, b);
        switch (p_.kind) {
        case adc_kind::none:
            return 0.0;
        case adc_kind::sense_amplifier:
            return decision;
        case adc_kind::flash:
            return (levels - 1) * decision;
        case adc_kind::sar:
            return b * decision + levels * k_.converter_dac_energy_pj * s_.energy;
        case adc_kind::ramp:
        case adc_kind::cco:
            return levels * decision;
        case adc_kind::group: // power x time
            return b * b;
        case adc_kind::survey:
            break;
        }
        return adc_survey::convert_pj(std::max(b, adc_survey::least_bits), s_.node_nm, 1e12 / convert_ps(p_.bits)) *
               std::pow(s_.supply_v / nominal_supply_v(s_.node_nm), 2) * std::min(1.0, b / adc_survey::least_bits);
    };
    if (p_.conversion_energy_pj > 0) {
        const double whole = by_circuit(p_.bits);
        return p_.conversion_energy_pj * (whole > 0 ? by_circuit(bits) / whole : 1);
    }
    return by_circuit(bits);
}

double adc::area_um2() const {
    if (!present() || p_.area_um2 > 0) return present() ? p_.area_um2 : 0;
    if (p_.kind == adc_kind::survey) return adc_survey::area_um2(p_.bits, s_.node_nm, 1e12 / convert_ps(p_.bits));
    const double dac = p_.kind == adc_kind::sar ? std::pow(2, p_.bits) * k_.converter_dac_area_um2 : 0;
    return (comparators() * k_.comparator_area_um2 + dac) * s_.area;
}

double adc::leakage_mw() const { return present() ? comparators() * k_.converter_leakage_nw * s_.leakage * 1e-6 : 0; }

double adc::uncertainty() const {
    if (!present() || p_.conversion_energy_pj > 0) return 1;
    return p_.kind == adc_kind::survey ? adc_survey::uncertainty : k_.energy_uncertainty;
}

std::string adc::action(double bits) {
    std::ostringstream text;
    text.precision(15); // two resolutions never share a row
    text << "convert_" << bits << "b";
    return text.str();
}

int adc::sparse_bits(double column_sparsity) {
    int bits = 0;
    // A share that is written at the border is inside.
    for (double left = 1 - column_sparsity; left <= 0.5 + 1e-9 && bits < 16; left *= 2) ++bits;
    return bits;
}

} // namespace cimtlm

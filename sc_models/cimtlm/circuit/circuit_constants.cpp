#include <cimtlm/base/error.h>
#include <cimtlm/circuit/circuit_constants.h>

#include <boost/mp11.hpp>

#include <cmath>
#include <sstream>
#include <type_traits>
#include <utility>

namespace cimtlm {

namespace {

constexpr double reference_nm = 28, reference_v = 0.8, reference_c = 25, zero_c_in_k = 273.15;
constexpr double slope = 1.4;                     ///< subthreshold slope factor, assumed: 83 mV a decade at 25 C
constexpr double boltzmann_v_per_k = 8.617333e-5; ///< k / q
/// Where chips of the calibration lie.
constexpr double least_nm = 7, most_nm = 180, least_v = 0.45, most_v = 1.8, least_c = -40, most_c = 125;

/// Delay of a gate up to a constant: charge over drive current (EKV between weak and strong inversion).
double gate_delay(const circuit_constants& k, double node_nm, double supply_v, double temperature_c) {
    const double kelvin = temperature_c + zero_c_in_k;
    const double threshold = k.threshold_v * std::pow(node_nm / reference_nm, k.threshold_exponent) -
                             k.threshold_v_per_kelvin * (temperature_c - reference_c);
    const double overdrive = (supply_v - threshold) / (2 * slope * boltzmann_v_per_k * kelvin);
    const double current = std::pow(std::log1p(std::exp(overdrive)) * kelvin, k.velocity_exponent) *
                           std::pow(kelvin / (reference_c + zero_c_in_k), -1.5); // mobility
    return std::pow(node_nm / reference_nm, k.delay_exponent) * supply_v / current;
}

} // namespace

void check_circuits(const circuit_constants& k) {
    const auto fail = [](const std::string& key, const char* why) {
        throw input_error("circuits." + key + ": " + why);
    };
    boost::mp11::mp_for_each<boost::describe::describe_members<circuit_constants, boost::describe::mod_public>>(
        [&](auto member) {
            if constexpr (std::is_same_v<std::decay_t<decltype(k.*member.pointer)>, double>) {
                const std::string key = member.name;
                const double value = k.*member.pointer;
                const bool exponent = key.size() > 9 && key.compare(key.size() - 9, 9, "_exponent") == 0;
                if (!std::isfinite(value)) fail(key, "must be a finite number");
                if (value < 0 && !exponent) fail(key, "must not be negative");
            }
        });
    if (!(k.array_efficiency > 0 && k.array_efficiency <= 1)) fail("array_efficiency", "lies above 0 and at most at 1");
    if (!(k.leakage_doubling_k > 0)) fail("leakage_doubling_k", "must be above 0");
    for (const auto& [key, value] : {std::pair{"area_uncertainty", k.area_uncertainty},
                                     {"energy_uncertainty", k.energy_uncertainty},
                                     {"delay_uncertainty", k.delay_uncertainty}})
        if (!(value >= 1)) fail(key, "is a factor of at least 1");
}

circuit_scale scale_circuits(const circuit_constants& k, const operating_point& point) {
    const double node = point.technology.node_nm, supply = point.technology.supply_v, t = point.temperature_c;
    std::ostringstream text;
    if (!(node >= 1 && node <= 1000))
        text << "a node of " << node << " nm: from 1 to 1000 nm";
    else if (!(supply >= 0.1 && supply <= 5))
        text << "a supply of " << supply << " V: from 0.1 to 5 V";
    else if (!(t >= -200 && t <= 300))
        text << "a temperature of " << t << " C: from -200 to 300 C";
    if (!text.str().empty()) throw input_error("no circuit is modelled at " + text.str());
    circuit_scale s;
    s.node_nm = node;
    s.supply_v = supply;
    s.energy = std::pow(node / reference_nm, k.energy_exponent) * std::pow(supply / reference_v, 2);
    s.delay = gate_delay(k, node, supply, t) / gate_delay(k, reference_nm, reference_v, reference_c);
    s.area = std::pow(node / reference_nm, 2);
    s.leakage = std::pow(node / reference_nm, k.leakage_node_exponent) * supply / reference_v *
                std::pow(2, (t - reference_c) / k.leakage_doubling_k);
    const auto note = [&](const char* what, double value, double low, double high, const char* unit) {
        if (value >= low && value <= high) return;
        text << (text.str().empty() ? "" : "; ") << what << " " << value << unit << " is outside " << low << " to "
             << high << unit;
    };
    note("node", node, least_nm, most_nm, " nm");
    note("supply", supply, least_v, most_v, " V");
    note("temperature", t, least_c, most_c, " C");
    s.note = text.str();
    return s;
}

} // namespace cimtlm

#include <cimtlm/base/error.h>
#include <cimtlm/circuit/input_driver.h>

#include <cmath>

namespace cimtlm {

input_driver::input_driver(const input_driver_parameters& p, const circuit_constants& k, const circuit_scale& s,
                           const std::string& where)
    : p_(p)
    , k_(k)
    , s_(s) {
    const auto fail = [&](const std::string& key, const std::string& why) {
        throw input_error(where + "input." + key + ": " + why);
    };
    if (p.bits < 1 || p.bits > 16) fail("bits", "an evaluation takes 1 to 16 bits of input");
    if (p.kind == driver_kind::binary && p.bits != 1)
        fail("bits", "a binary driver applies 1 bit at a time; multi_bit or pulse_width take more");
    if (!(p.pulse_step_ps >= 0)) fail("pulse_step_ps", "must not be negative");
    if (p.pulse_step_ps > 0 && p.kind != driver_kind::pulse_width) fail("pulse_step_ps", "only of a pulse width");
}

double input_driver::drive_pj(double columns) const {
    if (p_.row_energy_pj >= 0) return p_.row_energy_pj;
    return columns * k_.word_line_energy_pj * s_.energy;
}

double input_driver::pulses_ps() const {
    if (p_.kind != driver_kind::pulse_width) return 0;
    const double step = p_.pulse_step_ps > 0 ? p_.pulse_step_ps : k_.pulse_step_ps * s_.delay;
    return (std::pow(2, p_.bits) - 1) * step;
}

double input_driver::bit_ps() const {
    const double pulses = pulses_ps();
    return pulses > 0 ? pulses / p_.bits : k_.pulse_ps * s_.delay;
}

double input_driver::row_area_um2() const {
    return p_.row_area_um2 >= 0 ? p_.row_area_um2 : p_.bits * k_.driver_area_um2 * s_.area;
}

} // namespace cimtlm

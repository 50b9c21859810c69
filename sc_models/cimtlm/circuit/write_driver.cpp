#include <cimtlm/base/error.h>
#include <cimtlm/circuit/write_driver.h>

namespace cimtlm {

write_driver::write_driver(const write_driver_parameters& p, const circuit_constants& k, const circuit_scale& s,
                           const std::string& where)
    : p_(p)
    , k_(k)
    , s_(s) {
    for (const auto& [key, value] : {std::pair{"pulse_ps", p.pulse_ps},
                                     {"pulse_energy_pj", p.pulse_energy_pj},
                                     {"verify_ps", p.verify_ps},
                                     {"verify_energy_pj", p.verify_energy_pj},
                                     {"bytes_per_cycle", p.bytes_per_cycle},
                                     {"retention_ps", p.retention_ps}})
        if (!(value >= 0)) throw input_error(where + "write." + key + ": must not be negative");
    if (!(p.pulses >= 1)) throw input_error(where + "write.pulses: a cell takes at least one pulse");
}

double write_driver::cell_pj() const {
    const double pulse = p_.pulse_energy_pj > 0 ? p_.pulse_energy_pj : k_.write_energy_pj * s_.energy;
    return p_.pulses * (pulse + p_.verify_energy_pj);
}

double write_driver::row_ps() const {
    const double pulse = p_.pulse_ps > 0 ? p_.pulse_ps : k_.write_ps * s_.delay;
    return p_.pulses * (pulse + p_.verify_ps);
}

double write_driver::area_um2(double columns) const { return columns * k_.driver_area_um2 * s_.area; }

double write_driver::leakage_mw(double columns) const { return columns * k_.cell_leakage_nw * s_.leakage * 1e-6; }

} // namespace cimtlm

#pragma once
/// How weights get into the cells.
#include <cimtlm/circuit/circuit_constants.h>

#include <boost/describe.hpp>

#include <string>

namespace cimtlm {

/// SRAM is written in one pulse. PCM and resistive cells are programmed: pulses, each with a verifying read, until the
/// conductance is there.
struct write_driver_parameters {
    double pulses = 1;           ///< mean pulses a cell
    double pulse_ps = 0;         ///< of one; 0: SRAM, from the constants
    double pulse_energy_pj = 0;  ///< a cell and pulse; 0: from the constants
    double verify_ps = 0;        ///< of the read after each pulse; 0: none
    double verify_energy_pj = 0; ///< a cell
    double bytes_per_cycle = 0;  ///< port, B a clock cycle; 0: only the rows take time
    double retention_ps = 0;     ///< weights stay usable so long after programming; 0: not limited
};
BOOST_DESCRIBE_STRUCT(write_driver_parameters, (),
                      (pulses, pulse_ps, pulse_energy_pj, verify_ps, verify_energy_pj, bytes_per_cycle, retention_ps))

class write_driver {
public:
    write_driver(const write_driver_parameters& p, const circuit_constants& k, const circuit_scale& s,
                 const std::string& where);

    /// One cell programmed, verification included, pJ.
    double cell_pj() const;
    /// A row programmed, ps.
    double row_ps() const;
    /// Drivers of `columns` bit lines, um2.
    double area_um2(double columns) const;
    double leakage_mw(double columns) const;

private:
    write_driver_parameters p_;
    const circuit_constants& k_;
    circuit_scale s_;
};

} // namespace cimtlm

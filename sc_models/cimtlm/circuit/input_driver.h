#pragma once
/// Word-line drivers and their converters: how bits of an input reach a row.
#include <cimtlm/circuit/circuit_constants.h>

#include <boost/describe.hpp>

namespace cimtlm {

/// binary: a bit at a time, full swing. multi_bit: so many bits as one amplitude (a DAC a row). pulse_width: as the
/// length of one pulse.
enum class driver_kind { binary, multi_bit, pulse_width };
BOOST_DESCRIBE_ENUM(driver_kind, binary, multi_bit, pulse_width)

struct input_driver_parameters {
    driver_kind kind = driver_kind::binary;
    int bits = 1;              ///< of input that one evaluation of the array takes
    double pulse_step_ps = 0;  ///< pulse_width: one LSB; 0: from the constants
    double row_energy_pj = -1; ///< one row driven with one bit, its converter included; below 0: from the constants
    double row_area_um2 = -1;  ///< of one row's driver; below 0: from the constants
};
BOOST_DESCRIBE_STRUCT(input_driver_parameters, (), (kind, bits, pulse_step_ps, row_energy_pj, row_area_um2))

/// Drivers of all rows. A driven row charges the gates of the columns that are read: energy proportional to bits and
/// columns. A DAC is `bits` binary-weighted segments; a pulse of n bits lasts 2^n - 1 steps.
class input_driver {
public:
    input_driver(const input_driver_parameters& p, const circuit_constants& k, const circuit_scale& s,
                 const std::string& where);

    int bits() const { return p_.bits; }
    /// One row driven with one bit over `columns` cells, pJ.
    double drive_pj(double columns) const;
    /// Of one bit on the line, ps: a pulse's share of its whole length (resistive cells conduct so long).
    double bit_ps() const;
    /// Length of the pulses of one evaluation, ps; 0: the array's settling contains them.
    double pulses_ps() const;
    double row_area_um2() const;
    /// Of one row's driver.
    double leakage_mw() const { return p_.bits * k_.cell_leakage_nw * s_.leakage * 1e-6; }

private:
    input_driver_parameters p_;
    const circuit_constants& k_;
    circuit_scale s_;
};

} // namespace cimtlm

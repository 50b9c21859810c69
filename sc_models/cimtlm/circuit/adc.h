#pragma once
/// Analog-to-digital converters at the foot of the columns.
#include <cimtlm/circuit/circuit_constants.h>

#include <boost/describe.hpp>

#include <cstdint>
#include <string>

namespace cimtlm {

/// none: the sum is digital already. sense_amplifier: one decision. flash: all decisions at once. sar: a decision a
/// bit and a capacitor DAC. ramp: a decision an LSB. cco: an oscillator driven by the current, counted; a count an LSB.
/// group: power and time both in proportion to the bits (the group-specific converter of crossbar-attuned pruning);
/// needs figures of a paper. survey: the regression over published converters (adc_survey.h).
enum class adc_kind { none, sense_amplifier, flash, sar, ramp, cco, group, survey };
BOOST_DESCRIBE_ENUM(adc_kind, none, sense_amplifier, flash, sar, ramp, cco, group, survey)

/// One converter and how a bank of them is shared. Figures of a paper replace those from the constants.
struct adc_parameters {
    adc_kind kind = adc_kind::none;
    double bits = 0;                  ///< resolution; 3.46 bits are 11 levels
    std::int64_t columns_per_adc = 1; ///< sums that one converter serves, one after another
    std::int64_t count = 0;           ///< converters of the bank; 0: as columns_per_adc says
    double clock_mhz = 0;             ///< MHz, decisions or counts; 0: from the constants (survey: needs one)
    double conversion_energy_pj = 0;  ///< at full resolution; 0: from the constants
    double conversion_ps = 0;         ///< at full resolution; 0: from the clock
    double area_um2 = 0;              ///< of one converter; 0: from the constants
    bool skips_sparse_bits = false;   ///< columns whose weights are mostly zero are converted at fewer bits
};
BOOST_DESCRIBE_STRUCT(adc_parameters, (),
                      (kind, bits, columns_per_adc, count, clock_mhz, conversion_energy_pj, conversion_ps, area_um2,
                       skips_sparse_bits))

/// Converters of a bank that serves so many sums: `count`, or as `columns_per_adc` says. Throws input_error, `where` in
/// front, when both are said or there are more converters than sums.
std::int64_t converters_of(const adc_parameters& p, std::int64_t sums, const std::string& where);

/// Energy, time, area and leakage of one converter.
class adc {
public:
    /// Throws input_error: no bits, more than 16, a clock missing where the kind needs one.
    adc(const adc_parameters& p, const circuit_constants& k, const circuit_scale& s, const std::string& where);

    bool present() const { return p_.kind != adc_kind::none; }
    double bits() const { return p_.bits; }
    /// One conversion at `bits` (at most bits()), pJ.
    double convert_pj(double bits) const;
    /// Its time, ps.
    double convert_ps(double bits) const;
    double area_um2() const;
    double leakage_mw() const;
    /// Between what factors of its value an energy may lie, e.g. 3.5 for the survey; 1 where a paper states it.
    double uncertainty() const;

    /// Energy's row of conversions at `bits`: "convert_8b", "convert_3.46b". A price is of one resolution.
    static std::string action(double bits);
    /// Bits that a conversion may leave out when at least `column_sparsity` of the weights of a column are zero: the
    /// largest sum halves with each halving of what is left. 0.5, 0.75, 0.875 save 1, 2, 3 bits.
    static int sparse_bits(double column_sparsity);

private:
    double comparators() const;

    adc_parameters p_;
    const circuit_constants& k_;
    circuit_scale s_;
};

} // namespace cimtlm

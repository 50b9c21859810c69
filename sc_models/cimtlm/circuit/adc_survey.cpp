#include <cimtlm/base/error.h>
#include <cimtlm/circuit/adc_survey.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

double adc_survey::convert_pj(double bits, double node_nm, double samples_per_s) {
    if (!(bits >= least_bits))
        throw input_error("the survey of converters holds from 4 bits on: below, its fit is not monotone");
    const double sndr_db = 6.0206 * bits + 1.761;
    const double merit_db = std::min(213.7807 - 2.8719 * std::log(samples_per_s), 128.307 + 3.2205 * std::ceil(bits));
    return std::exp(26.0496 + 1.8800 * std::log(node_nm) - 2.8291 * std::log(bits) - 1.4702) /
           (2 * std::pow(10, (merit_db - sndr_db) / 10));
}

double adc_survey::area_um2(double bits, double node_nm, double samples_per_s) {
    const double energy = convert_pj(bits, node_nm, samples_per_s);
    return std::exp(1.3462 + 0.9933 * std::log(node_nm) + 0.1807 * std::log(samples_per_s) + 0.2991 * std::log(energy));
}

} // namespace cimtlm

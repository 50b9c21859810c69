#pragma once
/// Fits the circuits' constants to chips, and judges them by chips that were left out.
#include <cimtlm/circuit/circuit_constants.h>
#include <platforms/validation/chip_table.h>

#include <string>
#include <vector>

namespace cimtlm {

/// A constant that is fitted. All are positive and are fitted as logarithms; the start is a prior of width `sigma`
/// (natural logarithm): what the chips say nothing about stays where it was.
struct fitted_constant {
    const char* name; ///< key of circuit_constants
    double circuit_constants::*value;
    double sigma;
};
const std::vector<fitted_constant>& fitted_constants();

/// Least squares on the logarithms of energy an invocation and of cycle time, each chip with a weight of one however
/// many rows it has, errors beyond 1.5 standard deviations counted linearly (Huber), by Levenberg and Marquardt.
/// Rows without outcomes say nothing. Deterministic.
circuit_constants calibrate(const std::vector<chip_row>& chips, const circuit_constants& start);

/// How a chip was predicted: predicted over measured, per row of it.
struct chip_error {
    std::string chip;
    std::vector<double> cycle, tops_per_w; ///< quotients, rows with outcomes only
    std::vector<double> area;              ///< of a core, where throughput and density say it
};

/// Every chip predicted with constants that were fitted without it; these go to `constants`.
std::vector<chip_error> leave_one_out(const std::vector<chip_row>& chips, const circuit_constants& start,
                                      std::vector<circuit_constants>* constants = nullptr);
/// Every chip predicted with the same constants.
std::vector<chip_error> errors_of(const std::vector<chip_row>& chips, const circuit_constants& constants);

/// Factors of errors, each chip once (the mean of its rows' logarithms, as absolute values): always 1 or above.
struct error_summary {
    double median = 0, percentile_80 = 0, percentile_90 = 0, worst = 0;
    double pair_median = 0; ///< between rows of one chip: quotient of their quotients
    std::size_t chips = 0, pairs = 0;
};
error_summary summary_of(const std::vector<chip_error>& errors, std::vector<double> chip_error::*figure);

} // namespace cimtlm

#pragma once
/// The table of chips of the tests: tests/data/silicon.csv (from the UIUC-IMC benchmarking data set, MIT licence).
#include <platforms/config/config.h>
#include <platforms/validation/calibration.h>
#include <platforms/validation/chip_model.h>

namespace cimtlm {

inline const std::vector<chip_row>& silicon() {
    static const auto chips = read_chips(CIMTLM_SOURCE_DIR "/tests/data/silicon.csv");
    return chips;
}

} // namespace cimtlm

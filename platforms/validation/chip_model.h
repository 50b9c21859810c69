#pragma once
/// A row of the chip table as a composed macro, and what that predicts.
#include <cimtlm/macro/composed_macro.h>
#include <platforms/validation/chip_table.h>

#include <string>
#include <vector>

namespace cimtlm {

/// The macro that a row describes. One way from columns to circuits for every chip: cell, converter and sum follow from
/// the columns' words, never from a name.
struct described_chip {
    composed_macro_parameters macro;
    std::vector<std::string> assumed; ///< what the row does not say, and what is taken instead
    std::vector<std::string> marked;  ///< what is out of range or cannot be read: predicted all the same
    double one_bit_operations = 0;    ///< of an invocation: 2 x rows that add x results x input bits x weight bits
};
described_chip describe_chip(const chip_row& row, const circuit_constants& constants);

/// A figure with the ends of its band.
struct banded {
    double value = 0;
    double low = 0;
    double high = 0;
};

/// Per core, in one-bit operations.
struct chip_prediction {
    banded cycle_ns, tops_1b, tops_per_w_1b, tops_per_mm2_1b;
    std::vector<std::string> assumed, marked;
};
chip_prediction predict_chip(const chip_row& row, const circuit_constants& constants);

} // namespace cimtlm

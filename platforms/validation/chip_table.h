#pragma once
/// Published chips as a table, a row an operating point: what the chip is, and what was measured on it.
#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

/// One row. A cell that is empty (or "-", "NA", "n/a", "?") has no value.
struct chip_row {
    std::size_t line = 0;      ///< in the file, from 1
    std::string chip;          ///< name; rows of one chip share it
    std::string memory;        ///< "SRAM", "eNVM"
    std::string cell;          ///< "6T", "8T1C", "ReRAM+Par"
    std::string compute_model; ///< QS charge on bit lines, QR shared charge, IS currents, DIMC digital
    std::optional<double> technology_nm, rows, cols, supply_v;
    std::optional<double> input_bits, weight_bits; ///< that one invocation of the array takes
    std::optional<double> adc_bits;                ///< 0 or none: no converter
    std::optional<double> column_outputs_parallel; ///< digitised results of an invocation
    std::optional<double> dot_product_length;      ///< rows that add
    // Outcomes. No prediction reads them.
    std::optional<double> cycle_ns, tops_1b, tops_per_w_1b, tops_per_mm2_1b;
    /// Cells that say something else than a number above 0 (converter bits: from 0): no value, "supply_v 'high'".
    std::vector<std::string> unreadable;
};

/// Reads the columns above by name, in any order; others are ignored and named in `ignored`. Throws input_error
/// ("file:line: ...") for a column that stands there twice, for rows longer than the header, and for a file without
/// rows or without any of the columns. A single cell never refuses a row.
std::vector<chip_row> parse_chips(const std::string& text, const std::string& file,
                                  std::vector<std::string>* ignored = nullptr);

/// The same from a file. Throws input_error when it cannot be read.
std::vector<chip_row> read_chips(const std::string& file, std::vector<std::string>* ignored = nullptr);

} // namespace cimtlm

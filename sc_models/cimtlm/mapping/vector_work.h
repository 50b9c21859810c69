#pragma once
/// Work between matrix products.
#include <cstdint>
#include <string>

namespace cimtlm {

/// Element-wise or normalising work of one layer, counted in elements, operations and bytes.
struct vector_work {
    std::string name;
    std::int64_t elements = 0;    ///< results of one execution
    std::int64_t operations = 0;  ///< arithmetic operations of one execution
    std::int64_t read_bytes = 0;  ///< operands of one execution
    std::int64_t write_bytes = 0; ///< results of one execution
    std::int64_t repeat = 1;      ///< executions, one after another
    bool fusible = false;         ///< each result needs one element of the product before it and nothing else
    bool in_place = false;        ///< its first operand is, element for element, the result of the product before it,
                                  ///< perhaps through other such work
    bool whole_rows = false;      ///< each result needs the whole row of that operand (softmax, normalisation)
    std::int64_t second_read_bytes = 0; ///< of read_bytes: other operands (a residual, parameters)
};

} // namespace cimtlm

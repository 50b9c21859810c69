#pragma once
/// What lowering turns a layer into: matrix products and vector work, in the order in which they run.
#include <cimtlm/mapping/gemm.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace cimtlm {

/// Element-wise or normalising work of one layer, counted in elements, operations and bytes.
struct vector_work {
    std::string name;
    std::int64_t elements = 0;    ///< results of one execution
    std::int64_t operations = 0;  ///< arithmetic operations of one execution
    std::int64_t read_bytes = 0;  ///< operands of one execution
    std::int64_t write_bytes = 0; ///< results of one execution
    std::int64_t repeat = 1;      ///< executions, one after another
};

using work_item = std::variant<gemm, vector_work>;
using work_list = std::vector<work_item>;

} // namespace cimtlm

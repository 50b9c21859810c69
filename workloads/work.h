#pragma once
/// What lowering turns a layer into: matrix products and vector work, in the order in which they run.
#include <cimtlm/mapping/gemm.h>
#include <cimtlm/mapping/vector_work.h>

#include <variant>
#include <vector>

namespace cimtlm {

using work_item = std::variant<gemm, vector_work>;
using work_list = std::vector<work_item>;

} // namespace cimtlm

#pragma once
/// The layouts of trace files, each told by the names of its columns.
#include <workloads/csv.h>
#include <workloads/trace.h>

namespace cimtlm {

/// A layout and how one of its rows becomes a layer.
struct trace_format {
    const char* name;
    csv_names columns;
    std::size_t required = 0;      ///< the first so many columns have to be in the header
    bool duplicates_named = false; ///< a repeated layer name gets "#2" instead of an error
    layer (*parse_row)(const csv_columns& columns, const csv_row& row, const trace_options& options);
};

const trace_format& native_format();
const trace_format& scale_sim_convolution_format();
const trace_format& scale_sim_gemm_format();

} // namespace cimtlm

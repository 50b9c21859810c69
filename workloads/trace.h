#pragma once
/// A network as the list of its layers, in the order in which they run.
#include <workloads/layer.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cimtlm {

struct trace {
    std::string name;                  ///< of the network, or the file without folder and extension
    std::vector<std::string> comments; ///< what the trace follows from: the comment lines above the header
    std::vector<layer> layers;
};

/// Overhang of windows in SCALE-Sim files, which give no padding.
enum class scale_sim_padding {
    none,     ///< the input is as large as the file says; windows that reach beyond it are dropped
    same,     ///< zeros around the image: an output is ceil(input / stride), unless the kernel spans the whole input
    overhang, ///< SCALE-Sim's own count: ceil((input - kernel) / stride) + 1, so a last window may reach beyond
};

/// "none", "same" or "overhang". Throws input_error with `where` in front for another name.
scale_sim_padding parse_scale_sim_padding(const std::string& text, const std::string& where);

struct trace_options {
    scale_sim_padding padding = scale_sim_padding::none;
};

/// Reads a trace file: our own CSV, or a SCALE-Sim topology (convolutions or GEMMs), told apart by the header.
/// docs/traces.md describes them. Throws input_error, "file:line: column 'M': ...", for whatever is wrong with it;
/// each layer that is returned can be lowered.
trace read_trace(const std::string& path, const trace_options& options = {});

/// The same for the text of a file; `source` stands for the path in messages and gives the trace its name.
trace parse_trace(const std::string& text, const std::string& source, const trace_options& options = {});

/// The same network for `inputs` inputs at once: convolutions and linear layers extend M and keep their weights,
/// products of two activations and their softmax stand side by side, vector work grows. Throws input_error with `where`
/// in front for less than one input and for layers that become too large.
trace with_batch(const trace& t, std::int64_t inputs, const std::string& where = "batch");

/// The same network with elements of `bits`: operands that have the 8 bits of a trace that says nothing take so many.
/// Partial sums keep theirs. Throws input_error with `where` in front for bits that no element has.
trace with_bits(const trace& t, int bits, const std::string& where = "bits");

/// The same network with pruned weights: products with weights that state no statistics have columns of which at least
/// the share `column_sparsity` is zero. Throws input_error with `where` in front for a share outside 0 to below 1.
trace with_column_sparsity(const trace& t, double column_sparsity, const std::string& where = "column sparsity");

/// "M,N,K" as on a command line; the product is named "gemm_MxNxK". Throws input_error with `where` in front.
gemm parse_gemm(const std::string& text, const std::string& where = "GEMM");

/// The trace in our own format: its comments, a header with the columns that its layers need, a line a layer.
/// parse_trace reads it back to the same layers and comments.
std::string format_trace(const trace& t);

} // namespace cimtlm

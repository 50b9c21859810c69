#pragma once
/// One layer in the YAML of Timeloop's problems.
#include <workloads/trace.h>

#include <string>

namespace cimtlm {

/// Reads a problem: a shape with three data spaces, of which one is written, and an instance with the bounds of its
/// dimensions, or `shape: cnn-layer`. What the data spaces share makes the matrix product: a dimension that both
/// operands have and the result has not is summed over (K), one that all three have stands side by side. docs/traces.md
/// tells more. Throws input_error "file:line: ...".
trace read_timeloop_problem(const std::string& path);

/// The same for the text of a file; `file` stands for the path in messages and gives the trace its name.
trace parse_timeloop_problem(const std::string& text, const std::string& file);

} // namespace cimtlm

/// libFuzzer: whatever the bytes of a trace are, they become layers that lower, for several inputs too, or an
/// input_error.
#include <workloads/lowering.h>
#include <workloads/trace.h>

#include <cimtlm/base/error.h>

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cimtlm;
    if (size == 0) return 0;
    trace_options options;
    options.padding = static_cast<scale_sim_padding>(data[0] % 3);
    const std::string text(data + 1, data + size);
    trace read;
    try {
        read = parse_trace(text, "fuzz.csv", options);
    } catch (const input_error&) {
        return 0;
    }
    // What the reader lets through is runnable and is written so that it reads back to the same layers.
    const auto one = totals(lower(read), read.name);
    const auto again = parse_trace(format_trace(read), "fuzz.csv");
    if (again.layers != read.layers || again.comments != read.comments) std::abort();
    const std::int64_t inputs = 1 + data[0] / 3;
    try {
        const auto many = totals(lower(with_batch(read, inputs)), read.name);
        if (many.macs != inputs * one.macs || many.weights != one.weights) std::abort();
    } catch (const input_error&) { // it became too large
    }
    return 0;
}

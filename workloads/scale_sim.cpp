/// Topologies of SCALE-Sim (github.com/scalesim-project): convolutions, or GEMMs.
#include <workloads/formats.h>

#include <cimtlm/base/error.h>

#include <algorithm>

namespace cimtlm {

namespace {
/// Zeros before and after one direction of an image.
struct side_padding {
    std::int64_t before = 0;
    std::int64_t after = 0;
};

side_padding pad(std::int64_t input, std::int64_t kernel, std::int64_t stride, scale_sim_padding rule) {
    const auto missing = [&](std::int64_t outputs) {
        return std::max<std::int64_t>(0, (outputs - 1) * stride + kernel - input);
    };
    switch (rule) {
    case scale_sim_padding::same: {
        // A kernel as large as the input is a full product written as a convolution: such files hold many.
        if (kernel == input) return {};
        const auto zeros = missing((input + stride - 1) / stride);
        return {zeros / 2, zeros - zeros / 2};
    }
    case scale_sim_padding::overhang:
        if (kernel > input) return {}; // for the check of the kernel to find
        return {0, missing((input - kernel + stride - 1) / stride + 1)};
    case scale_sim_padding::none:
        break;
    }
    return {};
}

std::int64_t extent(const csv_columns& cells, const csv_row& row, std::size_t column) {
    return parse_whole_number(cells.cell(row, column), 1, gemm::largest_extent, cells.place(row, column));
}

/// The files may carry a density of the weights; only dense layers are modelled.
void check_dense(const csv_columns& cells, const csv_row& row, std::size_t column) {
    const auto& sparsity = cells.cell(row, column);
    const auto colon = sparsity.find(':');
    if (sparsity.empty() || (colon != std::string::npos && sparsity.substr(0, colon) == sparsity.substr(colon + 1)))
        return;
    throw input_error(cells.place(row, column) + ": " + quoted(sparsity) +
                      ", but sparse weights are not modelled; allowed: an empty cell or equal numbers as in 1:1");
}

layer parse_convolution(const csv_columns& cells, const csv_row& row, const trace_options& options) {
    enum { name, height, width, kernel_height, kernel_width, channels, filters, stride, sparsity };
    layer l;
    l.name = cells.cell(row, name);
    l.kind = layer_kind::convolution;
    l.height = extent(cells, row, height);
    l.width = extent(cells, row, width);
    l.kernel_height = extent(cells, row, kernel_height);
    l.kernel_width = extent(cells, row, kernel_width);
    l.c_in = extent(cells, row, channels);
    l.c_out = extent(cells, row, filters);
    l.stride = extent(cells, row, stride);
    check_dense(cells, row, sparsity);
    const auto rows = pad(l.height, l.kernel_height, l.stride, options.padding);
    const auto columns = pad(l.width, l.kernel_width, l.stride, options.padding);
    l.padding = {rows.before, columns.before, rows.after, columns.after};
    return l;
}

layer parse_product(const csv_columns& cells, const csv_row& row, const trace_options&) {
    enum { name, m, n, k, sparsity };
    layer l;
    l.name = cells.cell(row, name);
    l.kind = layer_kind::linear;
    l.m = extent(cells, row, m);
    l.n = extent(cells, row, n);
    l.k = extent(cells, row, k);
    check_dense(cells, row, sparsity);
    return l;
}
} // namespace

scale_sim_padding parse_scale_sim_padding(const std::string& text, const std::string& where) {
    static const std::vector<std::string> names = {"none", "same", "overhang"};
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) throw input_error(where + ": " + unknown_name("padding", text, names));
    return static_cast<scale_sim_padding>(found - names.begin());
}

const trace_format& scale_sim_convolution_format() {
    static const trace_format format = {"SCALE-Sim convolutions",
                                        {{"Layer name", "Layer"},
                                         {"IFMAP Height", "IFMAP Width"}, // many of their files print it so
                                         {"IFMAP Width"},
                                         {"Filter Height"},
                                         {"Filter Width"},
                                         {"Channels", "Channel"},
                                         {"Num Filter", "Num Filters"},
                                         {"Strides", "Stride"},
                                         {"Sparsity"}},
                                        8,
                                        true,
                                        parse_convolution};
    return format;
}

const trace_format& scale_sim_gemm_format() {
    static const trace_format format = {
        "SCALE-Sim GEMMs", {{"Layer", "Layer name"}, {"M"}, {"N"}, {"K"}, {"Sparsity"}}, 4, true, parse_product};
    return format;
}

} // namespace cimtlm

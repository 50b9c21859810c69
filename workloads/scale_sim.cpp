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

/// The files may carry a density of the weights; only dense layers are modelled.
void check_dense(const std::string& sparsity, const std::string& where) {
    if (sparsity.empty()) return;
    const auto colon = sparsity.find(':');
    if (colon != std::string::npos && sparsity.substr(0, colon) == sparsity.substr(colon + 1)) return;
    throw input_error(where + ": column 'sparsity': " + quoted(sparsity) +
                      ", but sparse weights are not modelled; allowed: an empty cell or equal numbers as in 1:1");
}

enum convolution_column {
    conv_name,
    ifmap_height,
    ifmap_width,
    filter_height,
    filter_width,
    channels,
    filters,
    strides,
    conv_sparsity
};

layer parse_convolution(const csv_columns& cells, const csv_row& row, const std::string& where,
                        const trace_options& options) {
    const auto number = [&](convolution_column column, const char* name) {
        return parse_whole_number(cells.cell(row, column), 1, gemm::largest_extent, where + ": column '" + name + "'");
    };
    layer l;
    l.name = cells.cell(row, conv_name);
    l.kind = layer_kind::convolution;
    l.height = number(ifmap_height, "IFMAP Height");
    l.width = number(ifmap_width, "IFMAP Width");
    l.kernel_height = number(filter_height, "Filter Height");
    l.kernel_width = number(filter_width, "Filter Width");
    l.c_in = number(channels, "Channels");
    l.c_out = number(filters, "Num Filter");
    l.stride = number(strides, "Strides");
    check_dense(cells.cell(row, conv_sparsity), where);
    const auto rows = pad(l.height, l.kernel_height, l.stride, options.padding);
    const auto columns = pad(l.width, l.kernel_width, l.stride, options.padding);
    l.padding = {rows.before, columns.before, rows.after, columns.after};
    return l;
}

enum gemm_column { gemm_name, gemm_m, gemm_n, gemm_k, gemm_sparsity };

layer parse_product(const csv_columns& cells, const csv_row& row, const std::string& where, const trace_options&) {
    const auto number = [&](gemm_column column, const char* name) {
        return parse_whole_number(cells.cell(row, column), 1, gemm::largest_extent, where + ": column '" + name + "'");
    };
    layer l;
    l.name = cells.cell(row, gemm_name);
    l.kind = layer_kind::linear;
    l.m = number(gemm_m, "M");
    l.n = number(gemm_n, "N");
    l.k = number(gemm_k, "K");
    check_dense(cells.cell(row, gemm_sparsity), where);
    return l;
}
} // namespace

const trace_format& scale_sim_convolution_format() {
    static const trace_format format = {"SCALE-Sim convolutions",
                                        {{"layer name", "layer"},
                                         {"ifmap height"},
                                         {"ifmap width"},
                                         {"filter height"},
                                         {"filter width"},
                                         {"channels"},
                                         {"num filter", "num filters"},
                                         {"strides", "stride"},
                                         {"sparsity"}},
                                        8,
                                        true,
                                        parse_convolution};
    return format;
}

const trace_format& scale_sim_gemm_format() {
    static const trace_format format = {
        "SCALE-Sim GEMMs", {{"layer", "layer name"}, {"m"}, {"n"}, {"k"}, {"sparsity"}}, 4, true, parse_product};
    return format;
}

} // namespace cimtlm

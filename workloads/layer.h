#pragma once
/// One line of a trace: what a network computes in one step, before it is turned into matrix products.
#include <cimtlm/mapping/gemm.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

/// What a layer computes. `linear` and `convolution` multiply activations by weights, `matmul` multiplies two
/// activations; all others are vector work.
enum class layer_kind {
    convolution,
    linear,
    matmul,
    add,
    multiply,
    relu,
    relu6,
    gelu,
    silu,
    sigmoid,
    tanh,
    softmax,
    layer_norm,
    rms_norm,
    batch_norm,
    rotary_embedding,
    max_pool,
    average_pool,
    embedding,
    pairwise_dot,
};

/// Which extents describe a kind: `convolution` H, W, C_in, R, S, C_out; `pooling` the same without C_out;
/// `product` M, N, K; `rows` M rows of N elements; `pairs` M vectors of N elements, each pair once.
enum class layer_shape { convolution, product, rows, pooling, pairs };

/// What is known of a kind. The four counts describe vector work of shape `rows` with M rows and N columns:
/// operations = per_result x M x N + per_row x M. See the table in layer.cpp for where they come from.
struct kind_info {
    layer_kind kind;
    const char* name;
    layer_shape shape;
    std::int64_t operations_per_result = 0;
    std::int64_t operations_per_row = 0;
    bool a_is_index = false;       ///< A is one index a row instead of one element a result
    std::int64_t b_per_result = 0; ///< elements of B read a result
    std::int64_t b_per_column = 0; ///< parameters read once a column
    std::int64_t b_per_place = 0;  ///< elements of B read once for each of the M x N, shared by the batch

    bool makes_gemm() const { return shape == layer_shape::convolution || shape == layer_shape::product; }
    /// Each result follows from one element of A and nothing else.
    bool is_element_wise() const {
        return shape == layer_shape::rows && operations_per_row == 0 && !a_is_index && !has_b();
    }
    bool has_b() const { return makes_gemm() || b_per_result > 0 || b_per_column > 0 || b_per_place > 0; }
};

/// All kinds in the order of `layer_kind`.
const std::vector<kind_info>& layer_kinds();
const kind_info& info_of(layer_kind kind);

/// Rows and columns of zeros around an image.
struct image_padding {
    std::int64_t top = 0;
    std::int64_t left = 0;
    std::int64_t bottom = 0;
    std::int64_t right = 0;
    bool operator==(const image_padding& o) const {
        return top == o.top && left == o.left && bottom == o.bottom && right == o.right;
    }
};

/// A layer. Which extents count follows from `info_of(kind).shape`; the others keep their defaults.
struct layer {
    std::string name;
    layer_kind kind = layer_kind::linear;

    std::int64_t height = 1;        ///< H, rows of the input image
    std::int64_t width = 1;         ///< W, columns of the input image
    std::int64_t c_in = 1;          ///< channels of the input image
    std::int64_t kernel_height = 1; ///< R
    std::int64_t kernel_width = 1;  ///< S
    std::int64_t c_out = 1;         ///< filters
    std::int64_t stride = 1;        ///< in both directions
    image_padding padding;
    std::int64_t groups = 1; ///< independent parts of the channels; C_in for a depthwise convolution

    std::int64_t m = 1;
    std::int64_t n = 1;
    std::int64_t k = 1;

    std::int64_t batch = 1;  ///< inputs: they share weights and extend M, or stand side by side (matmul: heads)
    std::int64_t repeat = 1; ///< executions one after another, each with its own weights
    operand_bits bits;
    std::optional<operand_statistics> statistics = std::nullopt; ///< of a product's operands; absent: not known

    /// Output positions of a window over the padded image: floor((extent + padding - kernel) / stride) + 1.
    /// Only for a kernel that fits into the padded image, which lowering checks.
    std::int64_t out_height() const { return (height + padding.top + padding.bottom - kernel_height) / stride + 1; }
    std::int64_t out_width() const { return (width + padding.left + padding.right - kernel_width) / stride + 1; }

    bool operator==(const layer& o) const;
    bool operator!=(const layer& o) const { return !(*this == o); }
};

} // namespace cimtlm

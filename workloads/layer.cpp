#include <workloads/layer.h>

#include <tuple>

namespace cimtlm {

// Operations of vector work. One addition, subtraction, multiplication, division, comparison, exponential or square
// root counts as one operation (assumed: a vector unit has a pipelined function for each). N is the row length.
//
// add         x + y                                                                              1 a result
// multiply    x y, e.g. a gate                                                                   1 a result
// relu        max(x, 0)                                                                          1 a result
// relu6       min(max(x, 0), 6)                                                                  2 a result
// silu        x / (1 + exp(-x)), arXiv 1702.03118: negate, exp, add, divide                      4 a result
// sigmoid     1 / (1 + exp(-x)): negate, exp, add, divide                                        4 a result
// tanh        1 - 2 / (exp(2x) + 1): multiply, exp, add, divide, subtract                        5 a result
// gelu        x/2 (1 + tanh(s (x + c x^3))), arXiv 1606.08415: 6 multiplications, 2 additions,
//             one tanh                                                                          13 a result
// softmax     exp(x - max) / sum: N-1 comparisons, N subtractions, N exp, N-1 additions,
//             N divisions                                                                        5N-2 a row
// layer_norm  (x - mean) / sqrt(variance + eps) g + b, arXiv 1607.06450: mean N, centre N, squares N, their mean N,
//             eps, root and reciprocal 3, normalise N, gain N, bias N                            7N+3 a row
// rms_norm    x / sqrt(mean(x^2) + eps) g, arXiv 1910.07467: squares N, their mean N, eps, root and reciprocal 3,
//             normalise N, gain N                                                                4N+3 a row
// batch_norm  g x + b with the constants of inference (arXiv 1502.03167)                         2 a result
// rotary_embedding  each two elements of a row turned by an angle of its own (arXiv 2104.09864): 4 multiplications
//             and 2 additions a pair                                                             3 a result
// max_pool    R S - 1 comparisons a window; average_pool R S - 1 additions and one division. Windows at the border
//             count in full.
// embedding   copies a row of a table: no operation
// pairwise_dot  N multiplications and N-1 additions a pair (DLRM's interaction, arXiv 1906.00091)
const std::vector<kind_info>& layer_kinds() {
    using kind = layer_kind;
    using shape = layer_shape;
    static const std::vector<kind_info> kinds = {
        {kind::convolution, "convolution", shape::convolution},
        {kind::linear, "linear", shape::product},
        {kind::matmul, "matmul", shape::product},
        {kind::add, "add", shape::rows, 1, 0, false, 1, 0},
        {kind::multiply, "multiply", shape::rows, 1, 0, false, 1, 0},
        {kind::relu, "relu", shape::rows, 1},
        {kind::relu6, "relu6", shape::rows, 2},
        {kind::gelu, "gelu", shape::rows, 13},
        {kind::silu, "silu", shape::rows, 4},
        {kind::sigmoid, "sigmoid", shape::rows, 4},
        {kind::tanh, "tanh", shape::rows, 5},
        {kind::softmax, "softmax", shape::rows, 5, -2},
        {kind::layer_norm, "layer_norm", shape::rows, 7, 3, false, 0, 2},
        {kind::rms_norm, "rms_norm", shape::rows, 4, 3, false, 0, 1},
        {kind::batch_norm, "batch_norm", shape::rows, 2, 0, false, 0, 2},
        {kind::rotary_embedding, "rotary_embedding", shape::rows, 3, 0, false, 0, 0, 1},
        {kind::max_pool, "max_pool", shape::pooling, -1}, // added to R S
        {kind::average_pool, "average_pool", shape::pooling, 0},
        {kind::embedding, "embedding", shape::rows, 0, 0, true, 1, 0},
        {kind::pairwise_dot, "pairwise_dot", shape::pairs, -1}, // added to 2 N
    };
    return kinds;
}

const kind_info& info_of(layer_kind kind) { return layer_kinds().at(static_cast<std::size_t>(kind)); }

bool layer::operator==(const layer& o) const {
    const auto all = [](const layer& l) {
        return std::tie(l.name, l.kind, l.height, l.width, l.c_in, l.kernel_height, l.kernel_width, l.c_out, l.stride,
                        l.padding, l.groups, l.m, l.n, l.k, l.batch, l.repeat, l.bits, l.statistics);
    };
    return all(*this) == all(o);
}

} // namespace cimtlm

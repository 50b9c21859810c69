#pragma once
/// From layers to matrix products and vector work.
#include <workloads/trace.h>
#include <workloads/work.h>

namespace cimtlm {

/// One layer is one piece of work. Products carry the statistics of their layer.
///
/// convolution  im2col: M = batch x H_out x W_out, K = C_in/groups x R x S, N = C_out/groups; the groups stand side by
///              side as gemm::batch. Positions of the padding count: the array multiplies their zeros.
/// linear       M = batch x M: inputs share the weights.
/// matmul       as it stands, both operands are activations; the batch stands side by side.
/// others       vector work: elements, operations and bytes of the whole batch. Bytes are those of each operand once
///              (a window's inputs too), rounded up to whole bytes an operand.
///
/// Throws input_error with `where` in front ("file:line") when groups do not divide the channels, the kernel is larger
/// than the padded image, an extent leaves 1 .. 2^31-1 a count passes 2^62, or a
/// single vector has no other to pair with.
work_item lower(const layer& l, const std::string& where);

/// All layers in order; `where` in messages is the name of the trace and of the layer. A layer takes in what the line
/// above puts out (the file holds no other graph), so an element-wise kind below a product with as many results, as
/// often repeated, is fusible.
work_list lower(const trace& t);

/// What a list of work amounts to.
struct work_totals {
    std::int64_t gemms = 0;   ///< each head, group and repetition counts
    std::int64_t macs = 0;    ///< of all products
    std::int64_t weights = 0; ///< elements of B that are not activations, each repetition its own
    std::int64_t vector_operations = 0;
};

/// Throws input_error with `where` in front when a total passes 2^62.
work_totals totals(const work_list& work, const std::string& where);

} // namespace cimtlm

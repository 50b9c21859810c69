/// Several inputs at once: MACs grow with them, weights do not, heads and not layers multiply the products.
#include <workloads/lowering.h>
#include <workloads/models.h>

#include <cimtlm/base/error.h>

#include <gtest/gtest.h>

namespace cimtlm {
namespace {

std::string refusal(const trace& t, std::int64_t inputs) {
    try {
        with_batch(t, inputs, "--batch");
    } catch (const input_error& error) {
        return error.what();
    }
    return "accepted";
}

trace one_layer(layer_kind kind, std::int64_t m, std::int64_t n, std::int64_t k = 1) {
    trace t;
    t.name = "net";
    layer l;
    l.name = "x";
    l.kind = kind;
    l.m = m;
    l.n = n;
    l.k = k;
    t.layers.push_back(l);
    return t;
}

TEST(batch, macs_grow_and_weights_stay) {
    for (const auto& model : named_models()) {
        SCOPED_TRACE(model.name);
        const auto t = make_trace(model);
        const auto one = totals(lower(t), t.name);
        std::int64_t attention = 0; // products of two activations
        for (const auto& item : lower(t))
            if (const auto* g = std::get_if<gemm>(&item); g != nullptr && g->b_is_activation) attention += g->count();
        for (const std::int64_t inputs : {1, 2, 7, 64}) {
            const auto many = totals(lower(with_batch(t, inputs)), t.name);
            EXPECT_EQ(many.macs, inputs * one.macs);
            EXPECT_EQ(many.weights, one.weights);
            EXPECT_EQ(many.gemms, one.gemms + (inputs - 1) * attention);
            EXPECT_EQ(many.vector_operations, inputs * one.vector_operations);
        }
        EXPECT_EQ(with_batch(t, 1).layers, t.layers);
    }
}

TEST(batch, inputs_extend_the_rows_of_shared_weights) {
    const auto work = lower(with_batch(make_trace({"lenet5", make_lenet5}), 3));
    const auto& c1 = std::get<gemm>(work.front());
    EXPECT_EQ(c1.m, 3 * 28 * 28);
    EXPECT_EQ(c1.count(), 1);
    const auto& output = std::get<gemm>(work.back());
    EXPECT_EQ(output.m, 3);
    EXPECT_EQ(output.n, 10);
}

TEST(batch, inputs_multiply_the_heads) {
    auto t = one_layer(layer_kind::matmul, 4, 5, 6);
    t.layers.front().batch = 16;
    const auto g = std::get<gemm>(lower(with_batch(t, 3)).front());
    EXPECT_EQ(g.m, 4);
    EXPECT_EQ(g.batch, 48);
}

TEST(batch, channels_of_a_depthwise_convolution_stay) {
    auto t = one_layer(layer_kind::convolution, 1, 1);
    auto& l = t.layers.front();
    l.height = l.width = 8;
    l.c_in = l.c_out = l.groups = 12;
    const auto g = std::get<gemm>(lower(with_batch(t, 5)).front());
    EXPECT_EQ(g.m, 5 * 64);
    EXPECT_EQ(g.batch, 12);
}

TEST(batch, element_wise_work_stays_fusible) {
    auto t = one_layer(layer_kind::linear, 4, 6, 8);
    t.layers.push_back(one_layer(layer_kind::relu, 4, 6).layers.front());
    t.layers.back().name = "y";
    EXPECT_TRUE(std::get<vector_work>(lower(with_batch(t, 9)).back()).fusible);
}

TEST(batch, refuses_what_becomes_too_large) {
    const auto most = gemm::largest_extent;
    const auto small = one_layer(layer_kind::linear, 3, 1);
    EXPECT_EQ(refusal(small, 0), "--batch: 0; allowed: 1 or more");
    EXPECT_EQ(refusal(small, -1), "--batch: -1; allowed: 1 or more");
    EXPECT_EQ(refusal(small, most / 3), "accepted");
    EXPECT_NE(refusal(small, most / 3 + 1).find("--batch 715827883: x"), std::string::npos);
    auto heads = one_layer(layer_kind::matmul, 1, 1);
    heads.layers.front().batch = 1 << 20;
    EXPECT_EQ(refusal(heads, 1 << 11), "--batch 2048: x: the batch passes 2147483647");
    EXPECT_EQ(refusal(heads, std::int64_t{1} << 62), "--batch 4611686018427387904: x: the batch passes 2147483647");
    // Each layer fits, their sum does not.
    auto sum = one_layer(layer_kind::linear, 1 << 10, 1 << 24, 1 << 20);
    for (int i = 0; i < 8; ++i) sum.layers.push_back(sum.layers.front());
    EXPECT_EQ(refusal(sum, 8), "accepted");
    EXPECT_EQ(refusal(sum, 32), "--batch 32: net: the trace is too large: a total of its layers passes 2^62");
}

} // namespace
} // namespace cimtlm

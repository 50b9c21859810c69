/// Widths and sparsity that are laid over a trace: what the trace says itself stays.
#include <workloads/lowering.h>
#include <workloads/trace.h>

#include <cimtlm/base/error.h>

#include <gtest/gtest.h>

namespace cimtlm {
namespace {

const char* const text = "name,kind,H,W,C_in,R,S,C_out,M,N,K,a_bits,partial_bits,column_sparsity\n"
                         "conv,convolution,4,4,8,3,3,16,,,,,24,\n"
                         "pruned,linear,,,,,,,1,16,64,16,,0.75\n"
                         "dense,linear,,,,,,,1,16,64,,,0\n"
                         "heads,matmul,,,,,,,4,4,4,,,\n"
                         "relu,relu,,,,,,,4,4,,,,\n";

TEST(operand_options, bits_replace_the_default_alone) {
    const auto t = with_bits(parse_trace(text, "net.csv"), 4);
    EXPECT_EQ(t.layers[0].bits, (operand_bits{4, 4, 4, 24}));
    EXPECT_EQ(t.layers[1].bits, (operand_bits{16, 4, 4, 8}));
    EXPECT_EQ(std::get<vector_work>(lower(t).back()).read_bytes, 16 * 4 / 8);
}

TEST(operand_options, bits_of_8_change_nothing) {
    const auto t = parse_trace(text, "net.csv");
    EXPECT_EQ(with_bits(t, 8).layers, t.layers);
    EXPECT_THROW(with_bits(t, 65), input_error);
}

TEST(operand_options, sparsity_is_of_weights_that_state_none) {
    const auto t = with_column_sparsity(parse_trace(text, "net.csv"), 0.5);
    const auto sparsity = [&](std::size_t i) { return t.layers[i].statistics->column_sparsity; };
    EXPECT_EQ(sparsity(0), 0.5);
    EXPECT_EQ(sparsity(1), 0.75);
    EXPECT_EQ(sparsity(2), 0);
    EXPECT_FALSE(t.layers[3].statistics) << "two activations";
    EXPECT_FALSE(t.layers[4].statistics) << "vector work";
    for (const double wrong : {-0.1, 1.0, 1.5}) EXPECT_THROW(with_column_sparsity(t, wrong), input_error);
}

} // namespace
} // namespace cimtlm

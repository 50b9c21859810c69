#include <cimtlm/macro/operand_statistics.h>

#include <gtest/gtest.h>

#include <random>

using namespace cimtlm;

TEST(operand_statistics, are_counted_in_the_bits_of_the_operands) {
    // 0b0011 and -1 = 0b1111: six ones of eight; 1, 0, 0, 0 of 2 bits: one of eight.
    const auto s = statistics_of({3, -1}, 4, {1, 0, 0, 0}, 2);
    EXPECT_DOUBLE_EQ(s.input_density, 6.0 / 8);
    EXPECT_DOUBLE_EQ(s.weight_density, 1.0 / 8);
    EXPECT_DOUBLE_EQ(s.column_sparsity, 0.5) << "of the column that is least sparse";
}

TEST(operand_statistics, equal_counting_by_hand) {
    std::mt19937 random(12);
    for (int round = 0; round < 200; ++round) {
        const int bits = 1 + static_cast<int>(random() % 16);
        const std::size_t rows = 1 + random() % 20, columns = 1 + random() % 20;
        const auto pick = [&] {
            return random() % 3 ? 0 : static_cast<std::int32_t>(random() % (1u << bits)) - (1 << (bits - 1));
        };
        std::vector<std::int32_t> inputs(rows), weights(rows * columns);
        for (auto& v : inputs) v = pick();
        for (auto& v : weights) v = pick();
        int ones = 0;
        for (const auto v : inputs)
            for (int b = 0; b < bits; ++b) ones += v >> b & 1;
        std::size_t fewest = rows;
        for (std::size_t c = 0; c < columns; ++c) {
            std::size_t zeros = 0;
            for (std::size_t r = 0; r < rows; ++r) zeros += weights[r * columns + c] == 0 ? 1 : 0;
            fewest = std::min(fewest, zeros);
        }
        const auto s = statistics_of(inputs, bits, weights, bits);
        ASSERT_DOUBLE_EQ(s.input_density, ones / (static_cast<double>(rows) * bits)) << "seed 12, round " << round;
        ASSERT_TRUE(s.is_possible());
        if (fewest < rows) {
            ASSERT_DOUBLE_EQ(s.column_sparsity, static_cast<double>(fewest) / static_cast<double>(rows));
        }
    }
}

#include <cimtlm/macro/operand_statistics.h>

#include <algorithm>
#include <bitset>

namespace cimtlm {

namespace {

double density(const std::vector<std::int32_t>& values, int bits) {
    if (values.empty()) return 0;
    const auto mask = bits < 32 ? (std::uint32_t{1} << bits) - 1 : ~std::uint32_t{0};
    std::size_t ones = 0;
    for (const auto v : values) ones += std::bitset<32>(static_cast<std::uint32_t>(v) & mask).count();
    return static_cast<double>(ones) / (static_cast<double>(values.size()) * bits);
}

} // namespace

operand_statistics statistics_of(const std::vector<std::int32_t>& inputs, int input_bits,
                                 const std::vector<std::int32_t>& weights, int weight_bits) {
    operand_statistics s{density(inputs, input_bits), density(weights, weight_bits), 0};
    const auto rows = inputs.size(), columns = rows > 0 ? weights.size() / rows : 0;
    auto fewest = rows;
    for (std::size_t c = 0; c < columns; ++c) {
        std::size_t zeros = 0;
        for (std::size_t r = 0; r < rows; ++r) zeros += weights[r * columns + c] == 0;
        fewest = std::min(fewest, zeros);
    }
    // A column of zeros alone still takes a conversion: one weight counts.
    if (columns > 0) s.column_sparsity = static_cast<double>(std::min(fewest, rows - 1)) / static_cast<double>(rows);
    return s;
}

} // namespace cimtlm

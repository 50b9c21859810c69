#pragma once
/// What the numbers of a product are like, where the energy of an engine depends on it.
#include <boost/describe.hpp>

#include <cstdint>
#include <tuple>
#include <vector>

namespace cimtlm {

/// Shares of the operands of one product. No unit: parts of one.
struct operand_statistics {
    double input_density = 0.5;  ///< ones among the bits of the inputs, 0 to 1
    double weight_density = 0.5; ///< ones among the bits of the weights, 0 to 1
    double column_sparsity = 0;  ///< weights that are zero in every column of the matrix at least, 0 to below 1

    bool operator==(const operand_statistics& o) const { return all() == o.all(); }
    bool operator!=(const operand_statistics& o) const { return !(*this == o); }
    /// An order for maps.
    bool operator<(const operand_statistics& o) const { return all() < o.all(); }
    bool is_possible() const {
        const auto is_share = [](double x) { return x >= 0 && x <= 1; };
        return is_share(input_density) && is_share(weight_density) && is_share(column_sparsity) && column_sparsity < 1;
    }

private:
    std::tuple<double, double, double> all() const { return {input_density, weight_density, column_sparsity}; }
};
BOOST_DESCRIBE_STRUCT(operand_statistics, (), (input_density, weight_density, column_sparsity))

/// What the statistics of real operands are: `weights` row major, a row for each of `inputs`; ones among the bits of
/// their two's complement.
operand_statistics statistics_of(const std::vector<std::int32_t>& inputs, int input_bits,
                                 const std::vector<std::int32_t>& weights, int weight_bits);

} // namespace cimtlm

#pragma once
/// One matrix product Z[M,N] = A[M,K] B[K,N].
#include <cimtlm/macro/operand_statistics.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace cimtlm {

/// Bits of an element of each operand. `partial` is a partial sum that leaves the arrays.
struct operand_bits {
    int a = 8;
    int b = 8;
    int z = 8;
    int partial = 8;
    bool operator==(const operand_bits& o) const { return a == o.a && b == o.b && z == o.z && partial == o.partial; }
};

/// A is the activation (M x K), B the weight (K x N) or a second activation, Z the result (M x N).
struct gemm {
    std::string name;
    std::int64_t m = 1;
    std::int64_t n = 1;
    std::int64_t k = 1;
    std::int64_t batch = 1;  ///< independent products side by side, each with its own operands (attention heads)
    std::int64_t repeat = 1; ///< one after another, each with new weights
    operand_bits bits;
    std::int64_t a_distinct = 0;  ///< distinct elements of A, which im2col repeats; 0: all M x K
    bool b_is_activation = false; ///< B is computed at run time: nothing can be resident, arrays are rewritten
    std::optional<operand_statistics> statistics = std::nullopt; ///< absent: those at which the engine is rated

    static constexpr std::int64_t largest_extent = (std::int64_t{1} << 31) - 1;

    std::int64_t count() const { return batch * repeat; }
    /// MACs of one product.
    std::int64_t macs_each() const { return m * n * k; }
    std::int64_t macs() const { return macs_each() * count(); }
    /// Refuses extents outside 1 .. 2^31-1, bits outside 1 .. 64, statistics that cannot be, and products whose MACs
    /// times their widest bits pass 2^62. Throws input_error with `where` in front, e.g. "bert.csv:7".
    void validate(const std::string& where) const;
};

} // namespace cimtlm

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/gemm.h>

#include <algorithm>

namespace cimtlm {

void gemm::validate(const std::string& where) const {
    const auto prefix = where.empty() ? std::string{} : where + ": ";
    const auto check = [&](const char* what, std::int64_t value, std::int64_t most) {
        if (value < 1 || value > most)
            throw input_error(prefix + what + " is " + std::to_string(value) + "; allowed 1 to " +
                              std::to_string(most));
    };
    check("M", m, largest_extent);
    check("N", n, largest_extent);
    check("K", k, largest_extent);
    check("batch", batch, largest_extent);
    check("repeat", repeat, largest_extent);
    check("bits of A", bits.a, 64);
    check("bits of B", bits.b, 64);
    check("bits of Z", bits.z, 64);
    check("bits of a partial sum", bits.partial, 64);
    if (statistics && !statistics->is_possible())
        throw input_error(prefix + "operand statistics are shares of 1, the sparsity of columns below 1");
    const int widest = std::max({bits.a, bits.b, bits.z, bits.partial});
    const long double total = static_cast<long double>(m) * n * k * batch * repeat * widest;
    if (total > 4611686018427387904.0L) // 2^62: totals stay exact in 64 bits, also where they are counted in bits
        throw input_error(prefix + "M x N x K x batch x repeat x " + std::to_string(widest) +
                          " bits is larger than 2^62");
}

} // namespace cimtlm

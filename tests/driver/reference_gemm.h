#pragma once
/// What the CiM device computes, in the plainest way: the reference that driver and models are compared with.
#include <cstdint>
#include <cstring>
#include <optional>

namespace reference {

__extension__ typedef __int128 wide; // nothing overflows

/// A matrix as it lies in memory: row by row, `stride` bytes from a row to the next; a stride of 0 is one row for all.
template <class byte> struct matrix {
    byte* data = nullptr;
    std::uint64_t stride = 0;
    unsigned bits = 8;
    bool is_unsigned = false;

    byte* at(std::uint64_t row, std::uint64_t column) const { return data + row * stride + column * (bits / 8); }
};

using operand = matrix<const std::uint8_t>;
using result = matrix<std::uint8_t>;

/// The integer at `p`, little endian.
inline wide load(const std::uint8_t* p, unsigned bits, bool is_unsigned) {
    wide value = 0;
    for (unsigned i = 0; i < bits / 8; ++i) value += wide{p[i]} << (8 * i);
    if (!is_unsigned && value >= wide{1} << (bits - 1)) value -= wide{1} << bits;
    return value;
}

/// The low bits of `value` at `p`, little endian.
inline void store(std::uint8_t* p, unsigned bits, wide value) {
    for (unsigned i = 0; i < bits / 8; ++i) p[i] = static_cast<std::uint8_t>(value >> (8 * i) & 0xff);
}

/// `value` modulo 2^32 as a signed integer.
inline wide wrap(wide value) {
    value &= 0xffffffff;
    return value < wide{1} << 31 ? value : value - (wide{1} << 32);
}

struct requantisation {
    std::int32_t scale = 1;
    unsigned shift = 0;
    std::int32_t zero_point = 0, min = INT32_MIN, max = INT32_MAX;
};

/// clamp(((sum * scale + half) >> shift) + zero point), rounded towards minus infinity after adding one half.
inline wide requantise(wide sum, const requantisation& q) {
    wide value = sum * q.scale;
    if (q.shift) value += wide{1} << (q.shift - 1);
    const wide divisor = wide{1} << q.shift;
    wide quotient = value / divisor;
    if (quotient * divisor > value) --quotient;
    value = quotient + q.zero_point;
    return value < q.min ? q.min : value > q.max ? q.max : value;
}

struct problem {
    std::uint64_t m = 0, n = 0, k = 0;
    operand a, b;
    std::optional<operand> c; ///< 32 bits, added to the sums
    result z;
    std::optional<requantisation> q; ///< without it Z has 32 bits
};

/// Z = A B + C. Each element of C is read before that of Z at the same place is written.
inline void gemm(const problem& p) {
    for (std::uint64_t m = 0; m < p.m; ++m)
        for (std::uint64_t n = 0; n < p.n; ++n) {
            wide sum = p.c ? load(p.c->at(m, n), 32, false) : 0;
            for (std::uint64_t k = 0; k < p.k; ++k)
                sum += load(p.a.at(m, k), p.a.bits, p.a.is_unsigned) * load(p.b.at(k, n), p.b.bits, p.b.is_unsigned);
            sum = wrap(sum);
            store(p.z.at(m, n), p.z.bits, p.q ? requantise(sum, *p.q) : sum);
        }
}

} // namespace reference

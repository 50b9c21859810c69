#pragma once
/// Division by a number that is known beforehand, several times faster than the processor's.
#include <cstdint>

namespace cimtlm {

/// Quotient and remainder by `by` > 0, exact for all 64-bit numbers.
class divider {
public:
    explicit divider(std::uint64_t by = 1)
        : by_(by)
        , inverse_(~std::uint64_t{0} / by) {}

    std::uint64_t by() const { return by_; }
    std::uint64_t quotient(std::uint64_t n) const {
        __extension__ using wide = unsigned __int128;
        // floor(n x inverse / 2^64) is the quotient or one less.
        const auto q = static_cast<std::uint64_t>(static_cast<wide>(n) * inverse_ >> 64);
        return q + (n - q * by_ >= by_);
    }
    std::uint64_t remainder(std::uint64_t n) const { return n - quotient(n) * by_; }

private:
    std::uint64_t by_, inverse_;
};

} // namespace cimtlm

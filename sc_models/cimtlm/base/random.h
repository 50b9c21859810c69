#pragma once
/// Random numbers that follow from what they are for, in whatever order they are asked for (counter-based, Philox).
#include <cstdint>

namespace cimtlm {

/// A normal number (mean 0, deviation 1) for the `index`-th use of `key`.
double normal_number(std::uint64_t key, std::uint64_t index);

} // namespace cimtlm

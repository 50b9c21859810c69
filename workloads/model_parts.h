#pragma once
/// Layers with the extents that networks give them.
#include <workloads/layer.h>

#include <cstdint>
#include <string>

namespace cimtlm {

/// M x K activations times K x N weights.
layer product(std::string name, std::int64_t m, std::int64_t n, std::int64_t k);

/// A product of two activations for each head.
layer attention(std::string name, std::int64_t heads, std::int64_t m, std::int64_t n, std::int64_t k);

/// Vector work over M rows of N elements.
layer rows(std::string name, layer_kind kind, std::int64_t m, std::int64_t n);

/// The same for each head.
layer rows_of_heads(std::string name, layer_kind kind, std::int64_t heads, std::int64_t m, std::int64_t n);

/// M rows of N elements from a table, found by indices of 32 bits.
layer lookup(std::string name, std::int64_t m, std::int64_t n);

/// A square kernel over a square image, the same zeros on each side.
layer window(std::string name, layer_kind kind, std::int64_t extent, std::int64_t channels, std::int64_t kernel,
             std::int64_t stride, std::int64_t padding);

/// The same with filters.
layer convolution(std::string name, std::int64_t extent, std::int64_t c_in, std::int64_t kernel, std::int64_t c_out,
                  std::int64_t stride, std::int64_t padding);

} // namespace cimtlm

#pragma once
/// How a product is cut into blocks for the units of a machine, and in which order they are handed out.
#include <cimtlm/mapping/loop_nest.h>

#include <string>
#include <vector>

namespace cimtlm {

/// A part of a product.
struct block_region {
    extents origin{0, 0, 0};
    extents extent{0, 0, 0};
};

/// Blocks of one shape.
struct block_class {
    extents extent{0, 0, 0};
    std::int64_t count = 0;
};

/// Blocks of equal extents, the last of each dimension clipped. Several blocks along K (split K) give partial sums that
/// a reduction adds up; several along M work with the same weights (duplication).
struct block_grid {
    extents block{1, 1, 1};

    std::int64_t along(dim d, const gemm& g) const {
        return (extents_of(g)[index(d)] + block[index(d)] - 1) / block[index(d)];
    }
    /// Blocks of one product, its batch not counted.
    std::int64_t blocks(const gemm& g) const { return along(dim::M, g) * along(dim::N, g) * along(dim::K, g); }
    bool splits_k(const gemm& g) const { return along(dim::K, g) > 1; }
    /// Block `number` of one product: N runs fastest, then K, then M, so that one round of units holds different
    /// weights.
    block_region region(const gemm& g, std::int64_t number) const;
    /// Blocks by shape: at most eight, whole blocks first.
    std::vector<block_class> classes(const gemm& g) const;
    bool operator==(const block_grid& o) const { return block == o.block; }
};

/// The product that a block is: its extents, its results partial sums where K is split.
gemm block_product(const gemm& whole, const extents& extent, bool splits_k);

/// "96 blocks M128 N256 K1024"
std::string to_text(const block_grid& grid, const gemm& g);

} // namespace cimtlm

// Grids of blocks against counting one by one.
#include "random_chips.h"

#include <gtest/gtest.h>

#include <map>

namespace cimtlm {
namespace {

using test::dice;
using test::product;

block_grid any_grid(dice& d, const gemm& g) {
    block_grid grid;
    // At times larger than the product.
    for (auto e : all_dims) grid.block[index(e)] = d.roll(1, extents_of(g)[index(e)] + 2);
    return grid;
}

std::string text_of(const gemm& g, const block_grid& grid) { return test::text_of(g) + ": " + to_text(grid, g); }

TEST(BlockGrid, BlocksCoverEveryPositionOnce) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        dice d(seed);
        const auto g = product(d.roll(1, 17), d.roll(1, 17), d.roll(1, 17), d.roll(1, 3));
        const auto grid = any_grid(d, g);
        SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text_of(g, grid));
        std::vector<int> seen(static_cast<std::size_t>(g.macs_each()), 0);
        for (std::int64_t number = 0; number < grid.blocks(g); ++number) {
            const auto r = grid.region(g, number);
            for (auto m = r.origin[0]; m < r.origin[0] + r.extent[0]; ++m)
                for (auto n = r.origin[1]; n < r.origin[1] + r.extent[1]; ++n)
                    for (auto k = r.origin[2]; k < r.origin[2] + r.extent[2]; ++k) {
                        ASSERT_LT(m, g.m);
                        ASSERT_LT(n, g.n);
                        ASSERT_LT(k, g.k);
                        ++seen[static_cast<std::size_t>((m * g.n + n) * g.k + k)];
                    }
        }
        EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), g.macs_each());
    }
}

TEST(BlockGrid, ClassesCountTheRegions) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        dice d(seed);
        const auto g = product(d.roll(1, 40), d.roll(1, 40), d.roll(1, 40), d.roll(1, 3));
        const auto grid = any_grid(d, g);
        SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text_of(g, grid));
        std::map<extents, std::int64_t> counted;
        for (std::int64_t number = 0; number < grid.blocks(g); ++number) ++counted[grid.region(g, number).extent];
        std::map<extents, std::int64_t> told;
        const auto classes = grid.classes(g);
        for (const auto& c : classes) EXPECT_TRUE(told.emplace(c.extent, c.count).second) << "twice";
        EXPECT_EQ(told, counted);
        // Whole blocks come first.
        extents most{0, 0, 0};
        for (const auto& c : classes)
            for (auto e : all_dims) most[index(e)] = std::max(most[index(e)], c.extent[index(e)]);
        EXPECT_EQ(classes.front().extent, most);
    }
}

// N runs fastest, then K: what runs side by side works with different weights.
TEST(BlockGrid, OrderOfBlocks) {
    const auto g = product(10, 6, 8);
    const block_grid grid{{5, 4, 3}};
    EXPECT_EQ(grid.blocks(g), 2 * 2 * 3);
    EXPECT_TRUE(grid.splits_k(g));
    EXPECT_EQ(grid.region(g, 0).origin, (extents{0, 0, 0}));
    EXPECT_EQ(grid.region(g, 1).origin, (extents{0, 4, 0}));
    EXPECT_EQ(grid.region(g, 1).extent, (extents{5, 2, 3}));
    EXPECT_EQ(grid.region(g, 2).origin, (extents{0, 0, 3}));
    EXPECT_EQ(grid.region(g, 5).extent, (extents{5, 2, 2}));
    EXPECT_EQ(grid.region(g, 6).origin, (extents{5, 0, 0}));
    EXPECT_EQ(to_text(grid, g), "12 blocks M5 N4 K3");
}

TEST(BlockGrid, BlockAsProduct) {
    auto g = product(10, 6, 8, 3);
    g.repeat = 5;
    g.b_is_activation = true;
    const auto whole = block_product(g, {5, 4, 8}, false);
    EXPECT_EQ(extents_of(whole), (extents{5, 4, 8}));
    EXPECT_EQ(whole.count(), 1);
    EXPECT_EQ(whole.bits.z, 8);
    EXPECT_TRUE(whole.b_is_activation);
    EXPECT_EQ(block_product(g, {5, 4, 4}, true).bits.z, 32); // partial sums leave
}

} // namespace
} // namespace cimtlm

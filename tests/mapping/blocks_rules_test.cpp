// Rules for grids and the nests of their blocks.
#include "random_chips.h"

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/nest_point.h>

#include <gtest/gtest.h>

namespace cimtlm {
namespace {

using test::dice;
using test::product;
using test::target;
using test::work_of;

/// Clipped blocks run the nest of whole ones.
void expect_possible(const target& t, const blocked_mapping& mapping, const gemm& g) {
    for (const auto& k : mapping.grid.classes(g)) {
        const auto block = block_product(g, k.extent, mapping.grid.splits_k(g));
        EXPECT_EQ(why_impossible(mapping.nest, block, t.unit(), t.shape(block)), "")
            << to_text(mapping.grid, g) << " / " << to_text(mapping.nest, t.shape(g));
    }
}

TEST(BlockRules, NestsArePossible) {
    std::uint64_t seed = 1000;
    for (const auto& m : test::all_chips(108)) {
        const target t(m);
        for (int i = 0; i < 60; ++i) {
            dice d(++seed);
            auto g = test::random_product(d, 14);
            g.bits.b = d.one_of<int>({8, 16});
            g.bits.a = d.one_of<int>({8, 16});
            SCOPED_TRACE("seed " + std::to_string(seed) + " " + m.name + " " + test::text_of(g));
            const auto mapping = map_blocks_by_rules(t.cost, work_of(g));
            expect_possible(t, mapping, g);
            // And half of each staging memory is left for the next block's operands.
            const auto block = t.block(mapping.grid, g);
            EXPECT_EQ(why_impossible(mapping.nest, block, mapping_machine(t.cost), t.shape(block)), "");
        }
    }
}

TEST(BlockRules, TensorCoresTakeLargeBlocksAndSmallerOnesWhereUnitsIdle) {
    const target t(chip::tensor_core());
    const auto grid = [&](const gemm& g) { return map_blocks_by_rules(t.cost, work_of(g)).grid; };
    EXPECT_EQ(grid(product(4096, 4096, 4096)).block, (extents{128, 256, 4096}));
    EXPECT_EQ(grid(product(512, 1024, 1024)).block, (extents{64, 64, 1024}));
    EXPECT_EQ(grid(product(512, 64, 512, 16)).block, (extents{64, 64, 512})); // heads are blocks, too
    const auto split = grid(product(32, 64, 16384));
    EXPECT_TRUE(split.splits_k(product(32, 64, 16384)));
    EXPECT_GE(split.block[2], 256);
    EXPECT_FALSE(grid(product(32, 64, 500)).splits_k(product(32, 64, 500)));
}

TEST(BlockRules, ArraysAreCutAlongNThenKThenCopied) {
    const target t(chip::cim("smem", 24, 108));
    const auto grid = [&](const gemm& g) { return map_blocks_by_rules(t.cost, work_of(g)).grid; };
    // 108 x 16 columns: N alone fills the units.
    const auto wide = product(64, 108 * 32, 1024);
    EXPECT_EQ(grid(wide).block, (extents{64, 32, 1024}));
    // 64 columns in 4 blocks, K of 1024 in 4 of 256 rows: 16 units, 6 copies.
    const auto narrow = product(600, 64, 1024);
    EXPECT_EQ(grid(narrow).block, (extents{100, 16, 256}));
    EXPECT_EQ(grid(narrow).blocks(narrow), 96);
    // Heads fill units that one of them leaves idle.
    const auto heads = product(512, 64, 256, 108);
    EXPECT_EQ(grid(heads).blocks(heads), 1);
}

// Rules use the multipliers they have: full rows and columns where the block has as many.
TEST(BlockRules, NestsFillTheEngine) {
    for (const auto& m : test::all_chips(108)) {
        const target t(m);
        const auto geometry = t.cost.unit().matrix_engine().geometry();
        const auto g = product(4096, 4096, 4096);
        const auto mapping = map_blocks_by_rules(t.cost, work_of(g));
        const auto shape = t.shape(g);
        for (std::size_t s = 0; s < shape.size(); ++s) {
            if (shape[s].role != slot_role::array) continue;
            EXPECT_EQ(mapping.nest.factor(s, dim::K), geometry.rows_parallel) << m.name;
            EXPECT_EQ(mapping.nest.factor(s, dim::N), geometry.columns_parallel) << m.name;
        }
    }
}

TEST(BlockRules, ExplainWhenNothingFits) {
    auto m = chip::cim("rf", 24);
    m.memories[2].capacity_bytes = 4;
    const target t(m);
    try {
        map_blocks_by_rules(t.cost, work_of(product(64, 64, 4096)));
        FAIL();
    } catch (const input_error& e) {
        EXPECT_NE(std::string(e.what()).find("level 'smem' holds 2 B"), std::string::npos) << e.what();
    }
}

} // namespace
} // namespace cimtlm

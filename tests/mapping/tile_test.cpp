// The generator of tiles against the closed form.
#include "random_nests.h"

#include <cimtlm/mapping/access_counts.h>
#include <cimtlm/mapping/rules.h>
#include <cimtlm/mapping/tile.h>

#include <gtest/gtest.h>

namespace cimtlm {
namespace {

using test::random_case;

void compare(const random_case& c, std::uint64_t seed, bool resident) {
    SCOPED_TRACE("seed " + std::to_string(seed) + (resident ? " resident " : " ") + c.text());
    const flat_nest nest(c.nest, c.m, c.shape);
    const auto counts = count_accesses(nest, c.g, c.m, resident);
    access_counts sum;
    sum.memories.resize(c.m.memories.size());
    tile_sequence tiles(nest, c.g, c.m, resident);
    std::int64_t last = 0, volume = 0;
    bool ended = false;
    while (tiles.next()) {
        const auto& t = tiles.current();
        ASSERT_FALSE(ended) << "a tile after the last";
        ASSERT_EQ(t.number, sum.tiles);
        ++sum.tiles;
        last += t.last;
        ended = t.last;
        volume += t.extent[0] * t.extent[1] * t.extent[2];
        sum.steps += t.steps;
        sum.executed_macs += t.executed_macs;
        sum.merged_partial_sums += t.merged_partial_sums;
        sum.bank_additions += t.bank_additions;
        for (std::size_t n = 0; n < nest.boundaries.size(); ++n) {
            const auto& b = nest.boundaries[n];
            const auto& moved = t.transfers[n];
            auto& parent = sum.memories[static_cast<std::size_t>(b.parent_memory)][index(b.t)];
            parent.read += moved.read;
            parent.update += moved.update;
            if (b.child_memory >= 0)
                sum.memories[static_cast<std::size_t>(b.child_memory)][index(b.t)].fill += moved.fill;
            if (c.m.cim && b.t == tensor::B && b.child_memory < 0) {
                sum.weight_fetch_bytes += moved.read;
                sum.weight_write_bytes += moved.fill;
            }
        }
    }
    EXPECT_EQ(last, 1);
    EXPECT_TRUE(ended);
    EXPECT_EQ(volume, c.g.macs_each()) << "tiles overlap or leave gaps";
    EXPECT_EQ(sum.tiles, counts.tiles);
    EXPECT_EQ(sum.tiles, tile_sequence::count(nest, c.g, c.m));
    EXPECT_EQ(sum.steps, counts.steps);
    EXPECT_EQ(sum.executed_macs, counts.executed_macs);
    EXPECT_EQ(sum.weight_write_bytes, counts.weight_write_bytes);
    EXPECT_EQ(sum.weight_fetch_bytes, counts.weight_fetch_bytes);
    EXPECT_EQ(sum.merged_partial_sums, counts.merged_partial_sums);
    EXPECT_EQ(sum.bank_additions, counts.bank_additions);
    for (std::size_t i = 0; i < c.m.memories.size(); ++i)
        for (auto t : all_tensors) {
            const auto &got = sum.memories[i][index(t)], &expected = counts.memories[i][index(t)];
            const auto where = c.m.memories[i].name + " " + to_string(t);
            EXPECT_EQ(got.read, expected.read) << where;
            EXPECT_EQ(got.fill, expected.fill) << where;
            EXPECT_EQ(got.update, expected.update) << where;
        }
}

TEST(Tile, SumsEqualTheClosedForm) {
    for (std::uint64_t seed = 1; seed <= 3000 && !HasFailure(); ++seed)
        for (bool resident : {false, true}) compare(test::make_case(seed, false), seed, resident);
}

TEST(Tile, SumsEqualTheClosedFormWhenPadded) {
    for (std::uint64_t seed = 10001; seed <= 13000 && !HasFailure(); ++seed)
        for (bool resident : {false, true}) compare(test::make_case(seed, true), seed, resident);
}

TEST(Tile, RulesOnLayersOfNetworks) {
    for (const auto& m : {study::rf("digital_6t", 3), study::in_smem("digital_6t", 48), study::rf("analog_6t", 3),
                          study::in_smem("digital_8t", 64), study::tensor_core()})
        for (const auto& [mm, nn, kk] : std::vector<extents>{
                 {512, 1024, 1024}, {1, 4096, 4096}, {12544, 64, 147}, {49, 2048, 512}, {1, 1000, 2048}}) {
            random_case c;
            c.m = m;
            c.g.m = mm;
            c.g.n = nn;
            c.g.k = kk;
            c.g.bits.partial = 32;
            c.shape = nest_slots(c.m, c.g.bits);
            c.nest = map_by_rules(c.g, c.m, c.shape);
            compare(c, 0, false);
        }
}

TEST(Tile, AMillionTilesAreWalkedNotStored) {
    random_case c;
    c.m = study::in_smem("digital_6t", 1);
    c.g.m = 64;
    c.g.n = 16 * 1024 - 3;
    c.g.k = 256 * 1024 - 5;
    c.shape = nest_slots(c.m, c.g.bits);
    c.nest = parse_nest("dram N1024 K1024 M64 / array K256 N16", c.shape, "test");
    const flat_nest nest(c.nest, c.m, c.shape);
    tile_sequence tiles(nest, c.g, c.m, false);
    std::int64_t count = 0, steps = 0;
    const auto* storage = tiles.current().transfers.data();
    while (tiles.next()) {
        ++count;
        steps += tiles.current().steps;
        ASSERT_EQ(tiles.current().transfers.data(), storage) << "a tile allocates";
    }
    EXPECT_EQ(count, 1 << 20);
    EXPECT_EQ(steps, std::int64_t{64} << 20);
}

TEST(Tile, NothingComesAfterTheLast) {
    random_case c = test::make_case(7, false);
    const flat_nest nest(c.nest, c.m, c.shape);
    tile_sequence tiles(nest, c.g, c.m, false);
    while (tiles.next()) {
    }
    EXPECT_FALSE(tiles.next());
    EXPECT_FALSE(tiles.next());
}

} // namespace
} // namespace cimtlm

/// Blocks of a product: which addresses they touch.
#include <cimtlm/mapping/rules.h>

#include <map>
#include <set>

#include "compute_block_bench.h"
#include "study_machines.h"

namespace {

using namespace block_bench;

/// How often each byte of an operand was moved, from its base.
using touched = std::map<std::uint64_t, int>;

touched touched_bytes(const bench& b, int operand, std::size_t from = 0) {
    touched all;
    for (auto i = from; i < b.far.log.size(); ++i) {
        const auto& e = b.far.log[i];
        if (e.operand != operand) continue;
        e.runs([&](std::uint64_t begin, std::uint64_t end) {
            for (auto at = begin; at < end; ++at) ++all[at - static_cast<std::uint64_t>(operand) * spacing];
        });
    }
    return all;
}

/// Bytes of rows [row, row + rows) and columns [column, column + columns) of an operand `width` wide.
std::set<std::uint64_t> region(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns,
                               std::int64_t width, std::int64_t bytes) {
    std::set<std::uint64_t> all;
    for (auto r = row; r < row + rows; ++r)
        for (auto c = column * bytes; c < (column + columns) * bytes; ++c)
            all.insert(static_cast<std::uint64_t>(r * width * bytes + c));
    return all;
}

struct splits {
    std::vector<extents> origins, sizes;
};

/// Blocks of `rows` x `columns` over a product, the last ones smaller.
splits cut(const gemm& g, std::int64_t rows, std::int64_t columns) {
    splits s;
    for (std::int64_t m = 0; m < g.m; m += rows)
        for (std::int64_t n = 0; n < g.n; n += columns) {
            s.origins.push_back({m, n, 0});
            s.sizes.push_back({std::min(rows, g.m - m), std::min(columns, g.n - n), g.k});
        }
    return s;
}

/// One bench a seed, with a job for each block.
struct cut_product {
    gemm whole;
    tiling t;
    splits blocks;
    bench* b;
};

cut_product random_product(std::uint32_t seed, std::int64_t most_k, bool packed = false) {
    std::mt19937 random(seed);
    const auto pick = [&](std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(high - low + 1));
    };
    cut_product p;
    p.whole = product(pick(1, 60), pick(1, 150), pick(1, most_k), seed % 3 == 0 ? 16 : 8);
    p.whole.b_is_activation = seed % 4 == 0;
    p.t = {pick(1, 6), pick(1, 2), pick(1, 3)};
    // Columns of whole tiles: the weights are packed for them.
    p.blocks = cut(p.whole, pick(1, 40), p.t.tile()[1] * pick(1, 3));
    auto target = tensor_machine();
    target.dma.packed_activations = packed;
    target.dma.arbitration_bytes = pick(1, 3) == 1 ? 100 : 4096; // pieces of rows, and rows in pieces
    p.b = new bench(("bench" + std::to_string(seed)).c_str(), std::move(target));
    for (std::size_t i = 0; i < p.blocks.origins.size(); ++i) {
        auto g = p.whole;
        g.m = p.blocks.sizes[i][0];
        g.n = p.blocks.sizes[i][1];
        auto j = p.b->job(g, p.t.nest(g));
        j.whole = extents_of(p.whole);
        j.origin = p.blocks.origins[i];
        p.b->stretches.push_back({j});
    }
    return p;
}

// Packed, regions of one height tile their rows: all blocks together touch every byte of the results once, and of the
// inputs as often as they are read, whatever the columns of a block.
TEST(compute_block_blocks, packed_touch_every_byte_of_the_whole) {
    std::vector<cut_product> products;
    for (std::uint32_t seed = 1; seed <= 24; ++seed) products.push_back(random_product(seed, 90, true));
    sc_core::sc_start();
    for (auto& p : products) {
        const auto bytes = static_cast<std::int64_t>(p.whole.bits.a / 8);
        const auto results = touched_bytes(*p.b, operand_z);
        EXPECT_EQ(static_cast<std::int64_t>(results.size()), p.whole.m * p.whole.n * bytes);
        for (const auto& [at, n] : results) ASSERT_EQ(n, 1);
        EXPECT_EQ(static_cast<std::int64_t>(touched_bytes(*p.b, operand_a).size()), p.whole.m * p.whole.k * bytes);
    }
}

TEST(compute_block_blocks, touch_their_part_and_nothing_else) {
    std::vector<cut_product> products;
    for (std::uint32_t seed = 1; seed <= 24; ++seed) products.push_back(random_product(seed, 90));
    sc_core::sc_start();
    for (std::size_t i = 0; i < products.size(); ++i) {
        const auto& [whole, t, blocks, b] = products[i];
        SCOPED_TRACE("seed " + std::to_string(i + 1));
        const auto bytes = static_cast<std::int64_t>(whole.bits.a / 8);
        ASSERT_EQ(b->results.size(), blocks.origins.size());
        // Block by block: transactions between the begin of its stretch and the next one's.
        std::size_t from = 0;
        for (std::size_t n = 0; n < blocks.origins.size(); ++n) {
            SCOPED_TRACE("block " + std::to_string(n));
            const auto &o = blocks.origins[n], &e = blocks.sizes[n];
            auto log_end = from;
            while (log_end < b->far.log.size() && b->far.log[log_end].time_ps <= b->results[n].end_ps) ++log_end;
            std::array<std::set<std::uint64_t>, 3> seen;
            for (auto k = from; k < log_end; ++k) {
                const auto& x = b->far.log[k];
                x.runs([&](std::uint64_t begin, std::uint64_t end) {
                    for (auto at = begin; at < end; ++at)
                        seen[static_cast<std::size_t>(x.operand)].insert(at - static_cast<std::uint64_t>(x.operand) *
                                                                                  spacing);
                });
            }
            from = log_end;
            EXPECT_EQ(seen[0], region(o[0], e[0], 0, whole.k, whole.k, bytes));
            EXPECT_EQ(seen[1], whole.b_is_activation ? region(0, whole.k, o[1], e[1], whole.n, bytes)
                                                     : region(o[1], e[1], 0, whole.k, whole.k, bytes));
            EXPECT_EQ(seen[2], region(o[0], e[0], o[1], e[1], whole.n, bytes));
        }
        // All together: as often as the counts say, every result once.
        std::array<std::int64_t, 3> counted{};
        for (const auto& s : b->stretches) {
            const auto c = count_accesses(*s[0].nest, s[0].product, b->m, false).memories[0];
            for (std::size_t o = 0; o < 3; ++o) counted[o] += c[o].read + c[o].update;
        }
        const std::array<std::int64_t, 3> sizes{whole.m * whole.k, whole.n * whole.k, whole.m * whole.n};
        for (int o = 0; o < 3; ++o) {
            const auto times = touched_bytes(*b, o);
            std::int64_t moved = 0;
            for (const auto& [at, n] : times) moved += n;
            EXPECT_EQ(moved, counted[static_cast<std::size_t>(o)]);
            EXPECT_EQ(static_cast<std::int64_t>(times.size()), sizes[static_cast<std::size_t>(o)] * bytes);
            if (o == operand_z) {
                for (const auto& [at, n] : times) ASSERT_EQ(n, 1);
            }
        }
    }
}

TEST(compute_block_blocks, stream_their_part_again_and_again) {
    // Arrays below the outermost memory: inputs stream from there for every set of weights.
    struct streamed {
        gemm whole;
        extents origin, size;
        bench* b;
    };
    std::vector<streamed> all;
    for (std::uint32_t seed = 1; seed <= 16; ++seed) {
        std::mt19937 random(seed);
        const auto pick = [&](std::int64_t low, std::int64_t high) {
            return low + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(high - low + 1));
        };
        streamed s{product(pick(1, 200), pick(40, 400), pick(1, 700)), {}, {}, nullptr};
        s.origin = {pick(0, s.whole.m - 1), pick(0, s.whole.n - 1), 0};
        s.size = {pick(1, s.whole.m - s.origin[0]), pick(1, s.whole.n - s.origin[1]), s.whole.k};
        auto target = study::in_smem(seed % 2 ? "digital_6t" : "analog_6t");
        target.dma.arbitration_bytes = pick(200, 5000);
        s.b = new bench(("bench" + std::to_string(seed)).c_str(), std::move(target));
        auto g = s.whole;
        g.m = s.size[0];
        g.n = s.size[1];
        const auto shape = nest_slots(s.b->m, g.bits);
        auto j = s.b->job(g, to_text(map_by_rules(g, s.b->m, shape), shape));
        j.whole = extents_of(s.whole);
        j.origin = s.origin;
        s.b->stretches = {{j}};
        all.push_back(s);
    }
    sc_core::sc_start();
    std::int64_t again = 0;
    for (const auto& [whole, o, e, b] : all) {
        SCOPED_TRACE(b->name());
        ASSERT_EQ(b->results.size(), 1u);
        const auto a = touched_bytes(*b, operand_a), z = touched_bytes(*b, operand_z);
        const auto a_part = region(o[0], e[0], 0, whole.k, whole.k, 1);
        const auto z_part = region(o[0], e[0], o[1], e[1], whole.n, 1);
        std::set<std::uint64_t> a_seen, z_seen;
        for (const auto& [at, n] : a) a_seen.insert(at), again += n > 1;
        for (const auto& [at, n] : z) z_seen.insert(at);
        EXPECT_EQ(a_seen, a_part);
        EXPECT_EQ(z_seen, z_part);
    }
    EXPECT_GT(again, 0);
}

TEST(compute_block_blocks, read_again_from_rows_that_im2col_repeats) {
    std::vector<std::pair<cut_product, std::int64_t>> products; // with the bytes of a row of A
    for (std::uint32_t seed = 101; seed <= 124; ++seed) {
        auto p = random_product(seed, 200);
        const auto k_bytes = p.whole.k * p.whole.bits.a / 8;
        const auto row_bytes = 1 + static_cast<std::int64_t>(std::mt19937(seed)() % static_cast<unsigned>(k_bytes));
        for (auto& s : p.b->stretches) s[0].row_bytes[0] = row_bytes;
        products.emplace_back(std::move(p), row_bytes);
    }
    sc_core::sc_start();
    for (const auto& [p, row_bytes] : products) {
        const auto& log = p.b->far.log;
        SCOPED_TRACE(std::string(p.b->name()) + ", rows of " + std::to_string(row_bytes));
        std::set<std::uint64_t> seen;
        std::int64_t moved = 0, counted = 0;
        std::size_t n = 0;
        for (const auto& e : log) {
            while (e.time_ps > p.b->results[n].end_ps) ++n;
            if (e.operand != operand_a) continue;
            const auto first = static_cast<std::uint64_t>(p.blocks.origins[n][0] * row_bytes);
            const auto last = first + static_cast<std::uint64_t>(p.blocks.sizes[n][0] * row_bytes);
            const auto row = static_cast<std::uint64_t>(row_bytes);
            e.runs([&](std::uint64_t begin, std::uint64_t end) {
                ASSERT_GE(begin, first);
                ASSERT_LE(end, last);
                // A part of a row does not run over its end.
                const bool part = end - begin < row && e.segment_bytes > 0;
                ASSERT_LE(part ? begin % row + (end - begin) : 0, row);
                for (auto at = begin; at < end; ++at) seen.insert(at);
            });
            moved += static_cast<std::int64_t>(e.bytes);
        }
        for (const auto& s : p.b->stretches)
            counted += count_accesses(*s[0].nest, s[0].product, p.b->m, false).memories[0][0].read;
        EXPECT_EQ(moved, counted); // folding changes addresses alone
        EXPECT_EQ(static_cast<std::int64_t>(seen.size()), p.whole.m * row_bytes);
        // The other operands lie as ever.
        EXPECT_EQ(static_cast<std::int64_t>(touched_bytes(*p.b, operand_b).size()),
                  p.whole.n * p.whole.k * p.whole.bits.b / 8);
    }
}

} // namespace

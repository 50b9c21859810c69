// How far tags by region are from a cache of lines: the same accesses with both, in closed loop before a DRAM of many
// channels. Operands of products come in rows of tiles; bytes fetched and time must agree. What is bounded only from
// one side are single lines all over a working set above the capacity, which no product makes.
#include <cimtlm/modules/cache_model.h>
#include <cimtlm/modules/dram_model.h>

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

#include "levels.h"

namespace {

using namespace levels;
using namespace cimtlm;

constexpr std::int64_t KiB = 1024, MiB = 1024 * KiB;

struct outcome {
    double fetched_bytes = 0, hit_share = 0, time_ps = 0, written_back_bytes = 0;
};

using stream = std::function<burst(std::uint64_t)>; ///< access i

/// `count` accesses by eight initiators, each waiting for its answer, in the order of time.
outcome run(std::int64_t capacity_bytes, std::int64_t region_bytes, std::uint64_t count, const stream& next) {
    cache_model cache(cache_level(capacity_bytes, region_bytes, 16), cycle_ps);
    memory_level hbm = dram_level();
    hbm.read_bytes_per_cycle = hbm.write_bytes_per_cycle = 256;
    hbm.dram->row_bytes = 1024;
    hbm.dram->channels = dram_channel_parameters{16, 1024};
    dram_model dram(hbm, cycle_ps);
    std::vector<std::int64_t> free_ps(8, 0);
    outcome o;
    for (std::uint64_t i = 0; i < count; ++i) {
        auto who = std::min_element(free_ps.begin(), free_ps.end());
        const std::int64_t now_ps = *who;
        cache.begin(next(i), i % 3, (who - free_ps.begin()) % 2, now_ps, now_ps);
        while (cache.look_up()) {
            for (const burst& b : cache.step().fetches) cache.fetched(dram.access(b, cache.ask_ps(), now_ps));
            for (const burst& b : cache.step().write_backs)
                cache.written_back(dram.access(b, cache.ask_ps(), now_ps).queue_ps);
        }
        *who = cache.finish().end_ps;
        o.time_ps = std::max(o.time_ps, static_cast<double>(*who));
    }
    double hits = 0, misses = 0;
    for (std::size_t k = 0; k < cache_model::operands; ++k) {
        o.fetched_bytes += static_cast<double>(cache.counts().fetched_bytes[k]);
        o.written_back_bytes += static_cast<double>(cache.counts().written_back_bytes[k]);
        hits += static_cast<double>(cache.counts().hit_bytes[k]);
        misses += static_cast<double>(cache.counts().miss_bytes[k]);
    }
    o.hit_share = hits / (hits + misses);
    return o;
}

/// The same with regions of 4 KiB and of a line.
struct both {
    outcome regions, lines;
    both(std::int64_t capacity_bytes, std::uint64_t count, const stream& next)
        : regions(run(capacity_bytes, 4 * KiB, count, next))
        , lines(run(capacity_bytes, 128, count, next)) {}
};

void expect_near(const both& b, double tolerance, const char* what) {
    EXPECT_NEAR(b.regions.fetched_bytes, b.lines.fetched_bytes, tolerance * b.lines.fetched_bytes) << what;
    EXPECT_NEAR(b.regions.hit_share, b.lines.hit_share, tolerance) << what;
    EXPECT_NEAR(b.regions.time_ps, b.lines.time_ps, tolerance * b.lines.time_ps) << what;
    EXPECT_NEAR(b.regions.written_back_bytes, b.lines.written_back_bytes,
                tolerance * std::max(b.lines.written_back_bytes, b.lines.fetched_bytes))
        << what;
}

/// Tile t of a matrix of rows of `width` bytes: 128 rows of 256 bytes, tiles side by side first.
burst tile(std::uint64_t t, std::uint64_t width, std::uint64_t base = 0, bool write = false) {
    const std::uint64_t across = width / 256;
    return {write, base + t / across * 128 * width + t % across * 256, 128 * 256, 256,
            static_cast<std::int64_t>(width)};
}

constexpr std::int64_t capacity = 4 * MiB;

TEST(cache_regions, contiguous_streams_are_the_same_to_both) {
    for (const std::uint64_t working_set : {2 * MiB, 16 * MiB})
        expect_near(both(capacity, 2048,
                         [&](std::uint64_t i) {
                             return burst{false, i * 32 * KiB % working_set, 32 * KiB, 0, 0};
                         }),
                    0.01, "reads");
}

TEST(cache_regions, tiles_of_operands_that_fit_or_pass_by_are_the_same_to_both) {
    for (const std::uint64_t width : {1024, 4096, 16384})
        for (const std::uint64_t working_set : {2 * MiB, 16 * MiB}) {
            const std::uint64_t tiles = working_set / (32 * KiB);
            expect_near(both(capacity, 2048, [&](std::uint64_t i) { return tile(i % tiles, width); }), 0.02, "tiles");
        }
}

TEST(cache_regions, a_product_is_within_a_few_percent) {
    // Blocks of results walk down the columns of B: A is read again for each, B once, Z written. 3 MiB and more.
    const std::uint64_t k_tiles = 16, m_tiles = 8; // A: 1024 rows of 4096 bytes; B: as wide, behind; Z behind both
    expect_near(both(capacity, 6000,
                     [&](std::uint64_t i) {
                         const std::uint64_t step = i / 3, k = step % k_tiles, m = step / k_tiles % m_tiles,
                                             n = step / k_tiles / m_tiles;
                         if (i % 3 == 0) return tile(m * k_tiles + k, 4096);
                         if (i % 3 == 1) return tile(n * k_tiles + k, 4096, 4 * MiB);
                         return tile(m * k_tiles + n % k_tiles, 4096, 64 * MiB, true);
                     }),
                0.05, "product");
}

TEST(cache_regions, lines_all_over_show_the_limit) {
    std::vector<std::uint64_t> where;
    std::mt19937_64 random(1);
    for (int i = 0; i < 200000; ++i) where.push_back(random() % (8 * MiB / 128) * 128);
    const both b(capacity, where.size(), [&](std::uint64_t i) { return burst{false, where[i], 128, 0, 0}; });
    // A cache of lines holds any half of them; regions are replaced before all of their lines have come.
    EXPECT_NEAR(b.lines.hit_share, 0.5, 0.1);
    EXPECT_LT(b.regions.hit_share, b.lines.hit_share);
    EXPECT_GT(b.regions.fetched_bytes, b.lines.fetched_bytes);
    EXPECT_LT(b.regions.fetched_bytes, 2 * b.lines.fetched_bytes);
}

} // namespace

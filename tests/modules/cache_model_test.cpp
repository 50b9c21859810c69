/// Do tags and replacement of the cache do what a brute-force cache of lines does, and do bytes add up?
#include <cimtlm/base/error.h>
#include <cimtlm/modules/cache_model.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <numeric>
#include <random>
#include <vector>

#include "levels.h"

namespace {

using namespace levels;
using cimtlm::burst;
using cimtlm::cache_model;

template <class A> std::uint64_t sum(const A& a) { return std::accumulate(a.begin(), a.end(), std::uint64_t{0}); }

std::int64_t bytes_of(const std::vector<burst>& bursts) {
    std::int64_t n = 0;
    for (const burst& b : bursts) n += b.bytes;
    return n;
}

/// What a burst makes the cache ask for, all its steps together.
struct moved {
    std::int64_t fetched = 0, written_back = 0;
    std::size_t transfers = 0;
    int steps = 0;
};
moved touch(cache_model& c, const burst& b, int operand = 3) {
    moved m;
    c.begin(b, operand, 0, 0, 0);
    while (c.look_up()) {
        ++m.steps;
        m.fetched += bytes_of(c.step().fetches);
        m.written_back += bytes_of(c.step().write_backs);
        m.transfers += c.step().fetches.size() + c.step().write_backs.size();
        EXPECT_EQ(c.step().write_backs.size(), c.step().write_back_operands.size());
        cimtlm::burst_timing t;
        for (std::size_t i = 0; i < c.step().fetches.size(); ++i) c.fetched(t);
    }
    c.finish();
    return m;
}
burst read(std::uint64_t address, std::int64_t bytes) { return {false, address, bytes, 0, 0}; }
burst write(std::uint64_t address, std::int64_t bytes) { return {true, address, bytes, 0, 0}; }

TEST(cache_model, replaces_the_least_recently_used_of_a_set_as_a_list_does) {
    for (const std::int64_t region : {128, 1024}) {
        cache_model c(cache_level(64 * 1024, region), cycle_ps);
        using key = std::pair<std::int64_t, std::int64_t>;
        std::map<key, std::list<std::uint64_t>> sets; // most recent first
        std::mt19937 random(7);
        for (int i = 0; i < 50000; ++i) {
            const std::uint64_t address = random() % (256 * 1024) / 128 * 128;
            const auto at = c.locate(address);
            auto& set = sets[{at.partition, at.set}];
            const std::uint64_t tag = address / static_cast<std::uint64_t>(region);
            const auto found = std::find(set.begin(), set.end(), tag);
            const std::uint64_t evictions = c.counts().evictions;
            touch(c, random() % 3 ? read(address, 128) : write(address, 128));
            const bool displaces = found == set.end() && set.size() == 4;
            ASSERT_EQ(c.counts().evictions - evictions, displaces) << i;
            if (found != set.end()) set.erase(found);
            if (displaces) set.pop_back();
            set.push_front(tag);
        }
        EXPECT_EQ(sets.size(), static_cast<std::size_t>(64 * 1024 / 4 / region)) << "all sets in use";
    }
}

TEST(cache_model, consecutive_regions_fill_all_sets_evenly) {
    cache_model c(cache_level(64 * 1024, 1024), cycle_ps);
    EXPECT_EQ(touch(c, read(0, 64 * 1024)).fetched, 64 * 1024);
    EXPECT_EQ(c.counts().evictions, 0u) << "as much as it holds";
    EXPECT_EQ(touch(c, read(0, 64 * 1024)).fetched, 0);
    EXPECT_EQ(sum(c.counts().hit_bytes), 64u * 1024);
    EXPECT_EQ(sum(c.counts().miss_bytes), 64u * 1024);
}

TEST(cache_model, contiguous_misses_are_one_fetch_and_a_strided_burst_a_strided_one) {
    cache_model c(cache_level(64 * 1024, 1024), cycle_ps);
    c.begin(read(100, 10000), 3, 0, 0, 0);
    ASSERT_TRUE(c.look_up());
    ASSERT_EQ(c.step().fetches.size(), 1u);
    EXPECT_EQ(c.step().fetches[0].address, 0u) << "whole lines";
    EXPECT_EQ(c.step().fetches[0].bytes, 10112);
    EXPECT_FALSE(c.look_up());
    c.begin({false, 0x10000, 16 * 256, 256, 512}, 3, 0, 0, 0);
    ASSERT_TRUE(c.look_up());
    ASSERT_EQ(c.step().fetches.size(), 1u);
    EXPECT_EQ(c.step().fetches[0].bytes, 16 * 256);
    EXPECT_EQ(c.step().fetches[0].segment_bytes, 256);
    EXPECT_EQ(c.step().fetches[0].stride_bytes, 512);
    // The gaps are missing now, the segments are there.
    c.begin(read(0x10000, 16 * 512), 3, 0, 0, 0);
    ASSERT_TRUE(c.look_up());
    EXPECT_EQ(bytes_of(c.step().fetches), 16 * 256);
}

TEST(cache_model, only_lines_written_in_part_are_fetched) {
    cache_model c(cache_level(64 * 1024, 1024), cycle_ps);
    EXPECT_EQ(touch(c, write(0, 4096)).fetched, 0);
    EXPECT_EQ(touch(c, write(8192 + 64, 128)).fetched, 256) << "halves of two lines";
    EXPECT_EQ(touch(c, write(16384 + 64, 192)).fetched, 128) << "a half and a whole one";
    EXPECT_EQ(touch(c, write(64, 4)).fetched, 0) << "is there";
    c.begin(write(32768, 1024), 3, 0, 0, 0, true);
    c.look_up();
    EXPECT_EQ(bytes_of(c.step().fetches), 1024) << "byte enables may leave gaps";
}

/// Streams twice as much as the cache holds: every dirty byte leaves once.
TEST(cache_model, what_is_written_leaves_or_stays) {
    for (const std::int64_t region : {128, 1024}) {
        cache_model c(cache_level(64 * 1024, region), cycle_ps);
        moved m;
        for (std::uint64_t at = 0; at < 128 * 1024; at += 4096)
            m.written_back += touch(c, write(at, 4096)).written_back;
        EXPECT_EQ(m.written_back, 64 * 1024) << "the first half";
        EXPECT_EQ(c.dirty_bytes(), 64 * 1024) << "the second";
        for (std::uint64_t at = 1 << 20; at < (1 << 20) + 64 * 1024; at += 4096)
            m.written_back += touch(c, read(at, 4096)).written_back;
        EXPECT_EQ(m.written_back, 128 * 1024);
        EXPECT_EQ(c.dirty_bytes(), 0);
        EXPECT_EQ(sum(c.counts().written_back_bytes), 128u * 1024);
        EXPECT_EQ(sum(c.counts().fetched_bytes), 64u * 1024);
    }
}

TEST(cache_model, bytes_are_conserved_under_random_traffic) {
    for (const std::int64_t region : {128, 256, 4096}) {
        cache_model c(cache_level(64 * 1024, region), cycle_ps);
        std::mt19937 random(5);
        std::int64_t total = 0;
        std::uint64_t newly_dirty = 0;
        for (int i = 0; i < 5000; ++i) {
            burst b{random() % 2 == 0, random() % (1 << 18), 1 + static_cast<std::int64_t>(random() % 6000), 0, 0};
            if (random() % 3 == 0) {
                b.segment_bytes = 1 + static_cast<std::int64_t>(random() % 600);
                b.stride_bytes = b.segment_bytes + 1 + static_cast<std::int64_t>(random() % 5000);
            }
            total += b.bytes;
            const std::int64_t before = c.dirty_bytes();
            const moved m = touch(c, b, static_cast<int>(random() % 4));
            // Dirty bytes grow by lines written that were clean, and shrink by what leaves.
            newly_dirty += static_cast<std::uint64_t>(c.dirty_bytes() - before + m.written_back);
            if (!b.write) {
                ASSERT_EQ(c.dirty_bytes() - before, -m.written_back);
            }
            ASSERT_EQ(sum(c.counts().hit_bytes) + sum(c.counts().miss_bytes), static_cast<std::uint64_t>(total));
        }
        EXPECT_EQ(newly_dirty, sum(c.counts().written_back_bytes) + static_cast<std::uint64_t>(c.dirty_bytes()));
        EXPECT_GT(sum(c.counts().written_back_bytes), 0u);
    }
}

TEST(cache_model, a_burst_longer_than_the_cache_displaces_itself_in_steps) {
    cache_model c(cache_level(64 * 1024, 1024), cycle_ps);
    const moved m = touch(c, write(0, 200 * 1024));
    EXPECT_GT(m.steps, 3);
    EXPECT_EQ(m.fetched, 0);
    EXPECT_EQ(m.written_back + c.dirty_bytes(), 200 * 1024);
    EXPECT_LE(m.transfers, 12u) << "what leaves is merged";
}

TEST(cache_model, compute_ways_take_their_dirty_lines_away_and_come_back_empty) {
    cache_model c(cache_level(64 * 1024, 1024), cycle_ps);
    touch(c, write(0, 48 * 1024)); // three of four ways dirty, filled in order of the ways
    touch(c, read(48 * 1024, 16 * 1024));
    c.set_compute_ways(1);
    EXPECT_EQ(bytes_of(c.step().write_backs), 0) << "the way that is taken is clean";
    EXPECT_EQ(c.capacity_bytes(), 48 * 1024);
    c.set_compute_ways(3);
    EXPECT_EQ(bytes_of(c.step().write_backs), 32 * 1024);
    EXPECT_EQ(c.dirty_bytes(), 16 * 1024);
    EXPECT_EQ(c.capacity_bytes(), 16 * 1024);
    // Streams now find one way only.
    EXPECT_EQ(touch(c, read(0, 16 * 1024)).fetched, 0);
    EXPECT_EQ(touch(c, read(16 * 1024, 16 * 1024)).written_back, 16 * 1024);
    c.set_compute_ways(0);
    EXPECT_EQ(bytes_of(c.step().write_backs), 0);
    EXPECT_EQ(c.capacity_bytes(), 64 * 1024);
    EXPECT_EQ(touch(c, read(32 * 1024, 16 * 1024)).fetched, 16 * 1024) << "empty";
    EXPECT_EQ(touch(c, read(16 * 1024, 16 * 1024)).fetched, 0) << "what had stayed is there";
    EXPECT_THROW(c.set_compute_ways(4), cimtlm::input_error);
    EXPECT_THROW(c.set_compute_ways(-1), cimtlm::input_error);
}

/// Traffic to the memory behind with regions of 4 KiB against exact lines, for what tiles do.
struct traffic {
    std::uint64_t fetched, written;
    std::uint64_t total() const { return fetched + written; }
};
template <class Pattern> traffic run(std::int64_t region, Pattern pattern) {
    cache_model c(cache_level(1 << 20, region, 16), cycle_ps);
    pattern(c);
    return {sum(c.counts().fetched_bytes),
            sum(c.counts().written_back_bytes) + static_cast<std::uint64_t>(c.dirty_bytes())};
}
template <class Pattern> double difference(Pattern pattern) {
    const traffic lines = run(128, pattern), regions = run(4096, pattern);
    return static_cast<double>(regions.total()) / static_cast<double>(lines.total()) - 1;
}

TEST(cache_model, regions_differ_from_lines_by_little) {
    const auto streaming = [](cache_model& c) {
        for (int pass = 0; pass < 3; ++pass)
            for (std::uint64_t at = 0; at < (4u << 20); at += 16384)
                touch(c, pass == 1 ? write(at, 16384) : read(at, 16384));
    };
    EXPECT_NEAR(difference(streaming), 0, 1e-9);
    // A GEMM of 1024 x 1024 x 1024 bytes in tiles of 128 x 128 x 256, operands row by row.
    const auto tiled = [](cache_model& c) {
        for (std::uint64_t m = 0; m < 1024; m += 128)
            for (std::uint64_t n = 0; n < 1024; n += 128)
                for (std::uint64_t k = 0; k < 1024; k += 256) {
                    touch(c, {false, m * 1024 + k, 128 * 256, 256, 1024});
                    touch(c, {false, (1 << 20) + k * 1024 + n, 256 * 128, 128, 1024});
                    if (k == 768) touch(c, {true, (2 << 20) + m * 1024 + n, 128 * 128, 128, 1024});
                }
    };
    EXPECT_NEAR(difference(tiled), 0, 0.01);
    // Random bursts of 4 KiB over twice the cache.
    const auto random_bursts = [](cache_model& c) {
        std::mt19937 random(11);
        for (int i = 0; i < 20000; ++i) {
            const std::uint64_t at = random() % (2u << 20) / 4096 * 4096;
            touch(c, random() % 2 ? read(at, 4096) : write(at, 4096));
        }
    };
    EXPECT_NEAR(difference(random_bursts), 0, 0.02);
    // Single lines at random: what regions are not made for; half of each region that is held may be unused.
    const auto random_lines = [](cache_model& c) {
        std::mt19937 random(13);
        for (int i = 0; i < 100000; ++i) {
            const std::uint64_t at = random() % (2u << 20) / 128 * 128;
            touch(c, random() % 2 ? read(at, 128) : write(at, 128));
        }
    };
    EXPECT_LE(difference(random_lines), 1.0);
    EXPECT_GE(difference(random_lines), 0.0);
    RecordProperty("tiled", std::to_string(difference(tiled)));
    RecordProperty("random_bursts", std::to_string(difference(random_bursts)));
    RecordProperty("random_lines", std::to_string(difference(random_lines)));
}

TEST(cache_model, refuses_sizes_that_make_no_sense) {
    const auto refused = [](auto change) {
        auto level = cache_level(64 * 1024, 1024);
        change(level);
        EXPECT_THROW(cache_model(level, cycle_ps), cimtlm::input_error);
    };
    refused([](auto& l) { l.cache.reset(); });
    refused([](auto& l) { l.cache->line_bytes = 100; });
    refused([](auto& l) { l.cache->region_bytes = 64; });
    refused([](auto& l) { l.cache->region_bytes = 128 * 128; });
    refused([](auto& l) { l.cache->ways = 0; });
    refused([](auto& l) { l.cache->compute_ways = 4; });
    refused([](auto& l) { l.cache->slices = 3; });
    refused([](auto& l) { l.capacity_bytes = 65000; });
    refused([](auto& l) { l.latency_cycles = -1; });
    refused([](auto& l) { l.read_bytes_per_cycle = -1; });
    EXPECT_THROW(cache_model(cache_level(64 * 1024, 1024), 0), cimtlm::input_error);
}

} // namespace

/// Jobs that follow one another through a compute block.
#include <cimtlm/mapping/rules.h>

#include <numeric>

#include "compute_block_bench.h"
#include "study_machines.h"

namespace {

using namespace block_bench;

std::int64_t duration(const job_result& r) { return r.end_ps - r.begin_ps; }

double bound_ps(const bench& b, const matrix_job& j) {
    return b.cost.bound(*j.nest, j.product, count_accesses(*j.nest, j.product, b.m, false)).time_ps;
}

TEST(compute_block_jobs, a_prologue_overlaps_the_job_before) {
    bench b("bench", tensor_machine(65536, 100e3));
    const auto g = product(64, 64, 256);
    const auto one = b.job(g, tiling{}.nest(g)), two = b.job(g, tiling{}.nest(g)), three = b.job(g, tiling{}.nest(g));
    b.stretches = {{one}, {two, three}};
    sc_core::sc_start();
    ASSERT_EQ(b.results.size(), 2u);
    const auto saved = 2 * duration(b.results[0]) - duration(b.results[1]);
    EXPECT_GT(saved, 0);
    EXPECT_GE(static_cast<double>(duration(b.results[1])), 2 * bound_ps(b, one));
    // The prologue ends when the engine has its first operands; at the other end results leave.
    std::size_t first = 0;
    while (b.near.log[first].write) ++first;
    std::int64_t first_ps = -1;
    for (const auto& e : b.near.log)
        if (!e.write && e.time_ps == b.near.log[first].time_ps) first_ps = std::max(first_ps, e.end_ps);
    EXPECT_LE(saved, first_ps - b.results[0].begin_ps + b.results[0].waits[stall::drain]);
    for (const auto& r : b.results) expect_contiguous(r);
    EXPECT_EQ(b.results[1].computed_ps, 2 * b.results[0].computed_ps);
    EXPECT_EQ(b.loadable_calls, 3);
}

TEST(compute_block_jobs, of_any_shapes_keep_one_time_line) {
    for (std::uint32_t seed = 1; seed <= 8; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        auto target = tensor_machine(seed % 2 ? 4096 : 65536, seed > 4 ? 100e3 : 1e3);
        // In pieces so small the next job's operands come before the last results may leave.
        if (seed % 4 > 1) target.dma.arbitration_bytes = 64;
        auto* b = new bench(("bench" + std::to_string(seed)).c_str(), std::move(target));
        std::mt19937 random(seed);
        const auto pick = [&](std::int64_t low, std::int64_t high) {
            return low + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(high - low + 1));
        };
        std::vector<matrix_job> together;
        for (int i = 0; i < 6; ++i) {
            const auto g = product(pick(1, 70), pick(1, 100), pick(1, 200));
            const tiling t{pick(1, 8), 1, pick(1, 2)};
            auto j = b->job(g, t.nest(g));
            j.base_address[2] += static_cast<std::uint64_t>(j.number) << 20; // to know whose results they are
            together.push_back(j);
        }
        for (const auto& j : together) b->stretches.push_back({j});
        b->stretches.push_back(together);
    }
    sc_core::sc_start();
    for (auto* object : sc_core::sc_get_top_level_objects()) {
        auto* b = dynamic_cast<bench*>(object);
        if (!b) continue;
        SCOPED_TRACE(b->name());
        ASSERT_EQ(b->results.size(), 7u);
        std::int64_t computed = 0, tiles = 0, apart = 0;
        double bound = 0;
        for (std::size_t i = 0; i < 6; ++i) {
            computed += b->results[i].computed_ps;
            tiles += b->results[i].tiles;
            apart += duration(b->results[i]);
            bound += bound_ps(*b, b->stretches[i][0]);
        }
        const auto& all = b->results[6];
        EXPECT_EQ(all.computed_ps, computed);
        EXPECT_EQ(all.tiles, tiles);
        EXPECT_LT(duration(all), apart);
        EXPECT_GE(static_cast<double>(duration(all)), bound);
        for (const auto& r : b->results) expect_contiguous(r);
        // A job is finished when its results are stored, whatever comes behind it.
        ASSERT_EQ(b->finished.size(), 12u);
        EXPECT_EQ(b->finished.back().time_ps, all.end_ps);
        for (std::size_t i = 6; i < 12; ++i) {
            const auto& f = b->finished[i];
            EXPECT_EQ(f.number, b->stretches[6][i - 6].number);
            std::int64_t stored_ps = 0;
            std::uint64_t bytes = 0;
            for (const auto& e : b->far.log) {
                if (!e.write || e.time_ps < all.begin_ps) continue;
                if ((e.address - 2 * spacing) >> 20 != static_cast<std::uint64_t>(f.number)) continue;
                stored_ps = std::max(stored_ps, e.end_ps);
                bytes += e.bytes;
            }
            const auto& g = b->stretches[6][i - 6].product;
            EXPECT_EQ(bytes, static_cast<std::uint64_t>(g.m * g.n));
            EXPECT_GE(f.time_ps, stored_ps);
            // The last results may be asked for while they are computed: at most one tile earlier.
            const auto tile_ps = static_cast<std::int64_t>(16 * b->m.tensor_core->latency_ps);
            EXPECT_LE(f.time_ps, stored_ps + tile_ps + 200 * 1000);
        }
    }
}

TEST(compute_block_jobs, of_a_cim_block_wait_for_the_arrays) {
    // Weights are written when the engine is free, also those of the next job; results are staged.
    bench b("bench", study::rf("digital_6t"));
    const auto make = [&](std::int64_t rows, std::int64_t columns, std::int64_t k) {
        const auto g = product(rows, columns, k);
        const auto shape = nest_slots(b.m, g.bits);
        return b.job(g, to_text(map_by_rules(g, b.m, shape), shape));
    };
    const auto small = make(128, 64, 300), large = make(512, 200, 512);
    b.stretches = {{small}, {large}, {small, large, small}};
    sc_core::sc_start();
    ASSERT_EQ(b.results.size(), 3u);
    const auto& all = b.results[2];
    EXPECT_EQ(all.computed_ps, 2 * b.results[0].computed_ps + b.results[1].computed_ps);
    EXPECT_LT(duration(all), 2 * duration(b.results[0]) + duration(b.results[1]));
    EXPECT_GE(static_cast<double>(duration(all)), 2 * bound_ps(b, small) + bound_ps(b, large));
    const auto engine_ps = [&](const matrix_job& j) {
        const auto c = count_accesses(*j.nest, j.product, b.m, false);
        return b.cost.compute_ps(c.steps, j.product) +
               b.cost.weight_write_ps(static_cast<double>(c.weight_write_bytes), banks_used(*j.nest));
    };
    EXPECT_GE(static_cast<double>(all.computed_ps), 2 * engine_ps(small) + engine_ps(large));
    for (const auto& r : b.results) expect_contiguous(r);
}

TEST(compute_block_jobs, never_hold_more_than_the_room) {
    // Every tile brings regions of its own: what came in, less what the finished tiles held, is what is there.
    const std::int64_t capacity = 3 * 1024;
    bench b("bench", tensor_machine(capacity, 100e3));
    std::vector<std::int64_t> held; // by tile
    std::vector<matrix_job> jobs;
    std::mt19937 random(7);
    for (int i = 0; i < 12; ++i) {
        const auto g = product(16 + random() % 60, 32 + random() % 60, 64 + random() % 200);
        const tiling t{4 + static_cast<std::int64_t>(random() % 8), 1, 1 + static_cast<std::int64_t>(random() % 3)};
        jobs.push_back(b.job(g, t.nest(g)));
        for (tile_sequence s(*jobs.back().nest, g, b.m, false); s.next();) {
            const auto& e = s.current().extent;
            held.push_back((e[0] + e[1]) * e[2]);
        }
    }
    EXPECT_GT(*std::max_element(held.begin(), held.end()), capacity / 2); // two do not fit
    b.stretches = {jobs};
    std::int64_t in = 0, most = 0;
    b.near.watch = [&](const recorder::entry& e) {
        if (e.kind != transfer_kind::fill) return;
        in += static_cast<std::int64_t>(e.bytes);
        auto there = in;
        const auto done = b.block.tiles_done(e.time_ps);
        for (std::int64_t i = 0; i < done; ++i) there -= held[static_cast<std::size_t>(i)];
        most = std::max(most, there);
    };
    sc_core::sc_start();
    ASSERT_EQ(b.finished.size(), jobs.size());
    EXPECT_LE(most, capacity);
    EXPECT_GT(most, capacity / 2); // it comes ahead where there is room
    EXPECT_EQ(in, std::accumulate(held.begin(), held.end(), std::int64_t{0}));
    expect_contiguous(b.results[0]);
}

} // namespace

// Do operands lie where the cache finds what was just written, and only that?
#include "chips.h"

#include <cimtlm/base/error.h>

namespace cimtlm {
namespace {

gemm activation(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t batch) {
    auto g = product(m, n, k);
    g.batch = batch;
    g.b_is_activation = true;
    return g;
}

TEST(Placement, ThreeBuffersTakeTurns) {
    const work_list work{work_item(product(64, 64, 64)), work_item(product(64, 96, 64)), work_item(product(64, 64, 96)),
                         work_item(product(64, 64, 64))};
    placement places(work);
    std::vector<placement::product_place> all;
    for (const auto& w : work) all.push_back(places.place(std::get<gemm>(w)));
    for (std::size_t i = 1; i < all.size(); ++i) {
        EXPECT_EQ(all[i].base_address[0], all[i - 1].base_address[2]) << "inputs are the results before";
        EXPECT_NE(all[i].base_address[2], all[i].base_address[0]);
        EXPECT_NE(all[i].base_address[2], all[i].older_address);
        EXPECT_NE(all[i].base_address[0], all[i].older_address);
    }
    EXPECT_EQ(all[3].base_address[2], all[0].base_address[2]);
    EXPECT_EQ(all[2].older_address, all[0].base_address[2]) << "a residual is the result before the one before";
}

TEST(Placement, EveryWeightHasItsOwnPlace) {
    auto a = product(16, 100, 100), b = product(16, 30, 70);
    a.repeat = 3;
    b.batch = 2;
    const work_list work{work_item(a), work_item(b), work_item(a)};
    placement places(work);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges{{0, 3 * 4096}}; // the buffers: 1600 B at most
    for (const auto& w : work) {
        const auto& g = std::get<gemm>(w);
        const auto p = places.place(g);
        EXPECT_TRUE(p.b_is_fresh);
        EXPECT_EQ(p.repeat_bytes[0] + p.repeat_bytes[2], 0u);
        for (std::int64_t i = 0; i < g.repeat; ++i) {
            const auto begin = p.base_address[1] + static_cast<std::uint64_t>(i) * p.repeat_bytes[1];
            ranges.emplace_back(begin, begin + static_cast<std::uint64_t>(g.n * g.k * g.batch));
        }
    }
    std::sort(ranges.begin(), ranges.end());
    for (std::size_t i = 1; i < ranges.size(); ++i) EXPECT_GE(ranges[i].first, ranges[i - 1].second);
    EXPECT_GE(places.end_address(), ranges.back().second);
}

TEST(Placement, WorkInPlaceStaysThere) {
    vector_work v;
    v.in_place = true;
    v.elements = v.read_bytes = v.write_bytes = 64 * 64;
    const work_list work{work_item(product(64, 64, 64)), work_item(v), work_item(product(64, 64, 64))};
    placement places(work);
    const auto before = places.place(std::get<gemm>(work[0]));
    const auto own = places.place(v);
    const auto after = places.place(std::get<gemm>(work[2]));
    EXPECT_EQ(own.read_address, before.base_address[2]);
    EXPECT_EQ(own.write_address, before.base_address[2]);
    EXPECT_EQ(own.second_address, before.older_address);
    EXPECT_EQ(after.base_address[0], before.base_address[2]);
    v.in_place = false; // pooling, a lookup: results of their own
    placement others(work);
    others.place(std::get<gemm>(work[0]));
    EXPECT_NE(others.place(v).write_address, before.base_address[2]);
}

constexpr std::int64_t tokens = 128, width = 64, heads = 4;

TEST(Placement, KeysAndValuesWrittenJustBeforeAreHitInTheCache) {
    // Queries, keys, values, scores, context: nothing but inputs of the first and weights comes from the memory.
    const work_list work{work_item(product(tokens, width * heads, width * heads)),
                         work_item(product(tokens, width * heads, width * heads)),
                         work_item(product(tokens, width * heads, width * heads)),
                         work_item(activation(tokens, tokens, width, heads)),
                         work_item(activation(tokens, width, tokens, heads))};
    for (const auto& m : {small_tensor_core(), small_cim("smem")}) {
        SCOPED_TRACE(m.name);
        const auto r = check_chip_run(m, work);
        EXPECT_EQ(r.figures.traffic[0][1].read, 3 * width * heads * width * heads);
        EXPECT_EQ(r.figures.traffic[0][0].read, tokens * width * heads);
        EXPECT_EQ(r.figures.traffic[0][2].update, 0);
    }
}

TEST(Placement, KeysAndValuesOfEarlierTokensComeFromTheMemoryEveryTime) {
    // A token against 4096 earlier ones, in three layers one after another: the caches of keys and values are larger
    // than any result, so they were written long ago, and every layer has its own.
    auto scores = activation(1, 4096, width, heads), context = activation(1, width, 4096, heads);
    scores.repeat = context.repeat = 3;
    const work_list work{work_item(product(1, width * heads, width * heads)), work_item(scores), work_item(context)};
    for (const auto& m : {small_tensor_core(), small_cim("smem")}) {
        SCOPED_TRACE(m.name);
        const auto large = few_units(m, 64 << 20); // keeps all of it, if it is asked twice for the same
        const auto r = check_chip_run(large, work);
        EXPECT_EQ(r.figures.traffic[0][1].read, width * heads * width * heads + 2 * 3 * 4096 * width * heads);
    }
}

TEST(Placement, RowsThatIm2colRepeatsAreFetchedOnce) {
    // 3 x 3 windows over 32 x 32 x 64 inputs: nine times the bytes at the shared memory, once at the memory behind.
    auto g = product(32 * 32, 64, 9 * 64);
    g.a_distinct = 32 * 32 * 64;
    auto plain = g;
    plain.a_distinct = 0;
    for (const auto& m : {small_tensor_core(), small_cim("rf"), small_cim("l2")}) {
        SCOPED_TRACE(m.name);
        const auto folded = check_chip_run(m, only(g)), whole = check_chip_run(m, only(plain));
        EXPECT_EQ(folded.figures.traffic[0][0].read, 32 * 32 * 64);
        EXPECT_EQ(whole.figures.traffic[0][0].read, 32 * 32 * 9 * 64);
        EXPECT_EQ(folded.figures.traffic[1][0].read, whole.figures.traffic[1][0].read)
            << "the units ask for all of it either way";
    }
}

TEST(Placement, WhatDoesNotFitTheMemoryIsSaid) {
    // 1 MiB of memory, 1 MiB of weights and three buffers.
    auto m = small_tensor_core();
    m.memories[0].capacity_bytes = 1 << 20;
    const cost_model cost(m, convention::like_for_like);
    try {
        make_plan(only(product(16, 1024, 1024)), cost, {});
        FAIL();
    } catch (const input_error& e) {
        const std::string text = e.what();
        EXPECT_NE(text.find("'hbm' holds 1048576 B"), std::string::npos) << text;
        EXPECT_NE(text.find(std::to_string(3 * 16384) + " B missing"), std::string::npos) << text;
    }
    EXPECT_NO_THROW(make_plan(only(product(16, 512, 1024)), cost, {}));
    // Partial sums of split K need room, too: 4096 columns x 32 rows x 4 B in as many parts as there are.
    m.mapper.kind = mapper_kind::rules;
    const auto split = product(32, 32, 8192);
    m.memories[0].capacity_bytes = 3 * 32 * 8192 + 32 * 8192 + 4 * 32 * 32 * 4;
    const auto p = make_plan(only(split), cost, {});
    ASSERT_EQ(p.tasks[0].chip->grid.along(dim::K, split), 4);
    check_chip_run(m, only(split));
    m.memories[0].capacity_bytes -= 1024;
    EXPECT_THROW(make_plan(only(split), cost, {}), input_error);
}

} // namespace
} // namespace cimtlm

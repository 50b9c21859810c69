// Weights that stay in arrays against weights that are loaded: time, bytes, room, refusals.
#include "chips.h"

#include <cimtlm/base/error.h>

#include <numeric>

namespace cimtlm {
namespace {

const plan_options cold{}, steady{{}, "", true};

double cycles(const machine& m, std::int64_t ps) { return static_cast<double>(ps) / m.cycle_ps(); }

gemm named(const char* name, gemm g) {
    g.name = name;
    return g;
}

/// An array of the digital macro holds 256 x 16 weights of a byte.
constexpr std::int64_t array_rows = 256, array_columns = 16, array_bytes = array_rows * array_columns;

TEST(ChipResidency, DecodeWithWeightsThatStayAgainstReloaded) {
    // A row of inputs against 1 MiB of weights, four executions with weights of their own: all arrays of four units.
    const auto m = small_cim("smem", 4 * 64);
    auto g = product(1, 1024, 1024);
    g.repeat = 4;
    const auto loaded = check_chip_run(m, only(g), cold), kept = check_chip_run(m, only(g), steady);
    constexpr double bytes = 4 * 1024 * 1024;
    EXPECT_EQ(kept.figures.resident_bytes, 4 << 20);
    EXPECT_EQ(kept.figures.traffic[0][1].read, 0);
    EXPECT_EQ(kept.figures.traffic[1][1].read, 0);
    EXPECT_EQ(kept.counts.at("weight_write.write"), 0);
    EXPECT_EQ(loaded.figures.traffic[0][1].read, 4 << 20);
    // The memory gives 72 B a cycle; what is left is the same in both.
    const double gained = cycles(m, loaded.figures.time_ps - kept.figures.time_ps);
    EXPECT_NEAR(gained, bytes / 72, 0.15 * bytes / 72);
}

TEST(ChipResidency, OnAChipThePortsOfItsUnitsBind) {
    // 108 units with 21 arrays each of an A100-like chip: 9 MB of weights over 108 x 64 B ports and a memory of 1446.
    // One mapping for both: a search would look for another where weights are loaded.
    auto m = load_machine("a100/cim_smem", {"mapper.kind=rules"}).value;
    const auto g = product(1, 16 * 108, 256 * 16);
    const auto loaded = check_chip_run(m, only(g), cold), kept = check_chip_run(m, only(g), steady);
    constexpr double bytes = 16.0 * 108 * 256 * 16;
    EXPECT_EQ(kept.figures.resident_bytes, std::int64_t{16} * 108 * 256 * 16);
    EXPECT_EQ(kept.figures.traffic[0][1].read, 0);
    const double gained = cycles(m, loaded.figures.time_ps - kept.figures.time_ps);
    const double least = bytes / m.memories[0].read_bytes_per_cycle;
    EXPECT_GT(gained, least);
    EXPECT_LT(gained, 1.15 * least + 1500) << "with the way to the memory";
}

TEST(ChipResidency, WhatIsMissingIsCounted) {
    // 4 units x 16 arrays hold 64 sets of 4096 weights; 1024 x 272 weights are 4 x 17 sets.
    const auto m = small_cim("smem", 16);
    const cost_model cost(m, convention::like_for_like);
    const auto fits = make_plan(only(product(1, 256, 1024)), cost, steady);
    EXPECT_EQ(fits.missing_arrays, 0);
    EXPECT_EQ(fits.resident_bytes, 64 * array_bytes);
    const auto over = make_plan(only(product(1, 272, 1024)), cost, steady);
    EXPECT_GE(over.missing_arrays, 4);
    EXPECT_EQ(over.resident_bytes, 0);
}

/// Arrays that the resident products of a plan take in each unit of group `group`, from regions and places.
std::vector<std::int64_t> arrays_in_units(const plan& p, const machine& m, std::size_t group) {
    std::vector<std::int64_t> used(static_cast<std::size_t>(p.chip->groups()[group].units), 0);
    for (const auto& task : p.tasks) {
        if (!task.is_product() || !task.resident || task.chip->group != group) continue;
        const auto& g = task.product();
        const auto& chip = *task.chip;
        for (std::int64_t b = 0; b < chip.grid.blocks(g) * g.batch; ++b) {
            const auto r = chip.grid.region(g, b % chip.grid.blocks(g));
            const auto sets = [&](dim d, std::int64_t unit) { return (r.extent[index(d)] + unit - 1) / unit; };
            // At least: copies in a block, or arrays filled in part, take more.
            used[static_cast<std::size_t>((chip.first_unit + b) % static_cast<std::int64_t>(used.size()))] +=
                g.repeat * sets(dim::N, array_columns) * sets(dim::K, array_rows);
        }
    }
    for (auto n : used) EXPECT_LE(n, m.cim->count);
    return used;
}

TEST(ChipResidency, NoUnitHoldsMoreThanItsArrays) {
    const auto m = small_cim("smem", 40);
    const cost_model cost(m, convention::like_for_like);
    work_list work;
    for (std::int64_t n : {16, 64, 80, 128, 48, 256, 16, 96}) {
        auto g = product(n % 3 ? 1 : 200, n, 512);
        g.repeat = n == 48 ? 2 : 1;
        work.push_back(work_item(g));
    }
    const auto p = make_plan(work, cost, steady);
    const auto used = arrays_in_units(p, m, 0);
    std::int64_t widest = 0;
    for (const auto& task : p.tasks)
        if (!task.resident) widest = std::max(widest, banks_used(*task.nest));
    for (auto n : used) EXPECT_LE(n + widest, 40);
    for (std::size_t i : {0, 1, 2, 3, 6}) EXPECT_TRUE(p.tasks[i].resident) << "a row each, 38 arrays in all: " << i;
    check_chip_run(m, work, steady);
}

TEST(ChipResidency, PartOfTheWeightsStaysBesideRoomForTheRest) {
    // Six products of 32 arrays' weights on 4 x 24 arrays: all but what the others need to work in.
    const auto m = small_cim("smem", 24);
    const cost_model cost(m, convention::like_for_like);
    work_list work;
    for (int i = 0; i < 6; ++i) work.push_back(work_item(product(1, 512, 256)));
    const auto p = make_plan(work, cost, steady);
    int kept = 0;
    std::int64_t widest = 0;
    for (const auto& task : p.tasks) {
        kept += task.resident;
        if (!task.resident) widest = std::max(widest, banks_used(*task.nest));
    }
    EXPECT_GE(kept, 1);
    EXPECT_LT(kept, 6);
    EXPECT_EQ(p.resident_bytes, kept * 512 * 256);
    EXPECT_EQ(p.missing_arrays, 6 * 32 - 4 * 24);
    const auto used = arrays_in_units(p, m, 0);
    for (auto n : used) EXPECT_LE(n + widest, 24) << "room for what is reloaded";
    const auto r = check_chip_run(m, work, steady);
    EXPECT_EQ(r.figures.traffic[0][1].read, (6 - kept) * 512 * 256);
}

TEST(ChipResidency, ActivationsKeepTheirRoom) {
    // One product of weights that fill all arrays, and an attention that works on some of them.
    const auto m = small_cim("smem", 16);
    const cost_model cost(m, convention::like_for_like);
    auto scores = product(16, 64, 256);
    scores.b_is_activation = true;
    const auto alone = make_plan(only(product(1, 256, 1024)), cost, steady);
    const auto both = make_plan({work_item(product(1, 256, 1024)), work_item(scores)}, cost, steady);
    EXPECT_TRUE(alone.tasks[0].resident);
    EXPECT_FALSE(both.tasks[0].resident);
    EXPECT_FALSE(both.tasks[1].resident);
    EXPECT_EQ(both.missing_arrays, 4 * banks_used(*both.tasks[1].nest));
}

work_list first_layers(int n) {
    work_list work;
    for (int i = 0; i < n; ++i) work.push_back(work_item(product(3136, 64, 256)));
    return work;
}

TEST(ChipResidency, CopiesAreGivenUpWhereArraysAreShort) {
    // The rules spread copies of 4 arrays' weights over all 32; six such products have room without copies. A copy
    // saves no energy, weights that stay do.
    auto m = small_cim("smem", 8);
    m.mapper = {mapper_kind::rules, mapper_objective::energy};
    m.static_power_mw = 0;
    const cost_model cost(m, convention::like_for_like);
    const auto alone = make_plan(first_layers(1), cost, steady);
    ASSERT_TRUE(alone.tasks[0].resident);
    const auto p = make_plan(first_layers(6), cost, steady);
    for (const auto& task : p.tasks) EXPECT_TRUE(task.resident) << "24 arrays' weights in 32 arrays";
    EXPECT_EQ(p.missing_arrays, 0);
    EXPECT_EQ(p.resident_bytes, 6 * 64 * 256);
    const auto used = arrays_in_units(p, m, 0);
    EXPECT_EQ(std::accumulate(used.begin(), used.end(), std::int64_t{0}), 6 * 4) << "one copy each";
    const auto r = check_chip_run(m, first_layers(6), steady);
    EXPECT_EQ(r.figures.traffic[0][1].read, 0);
}

TEST(ChipResidency, CopiesStayWhereTheyAreWorthTheReload) {
    // Eight passes of 3136 rows side by side against 16 KB of weights: for speed alone, the copies win.
    auto m = small_cim("smem", 8);
    m.mapper.objective = mapper_objective::delay;
    const cost_model cost(m, convention::like_for_like);
    const auto p = make_plan(first_layers(6), cost, steady), reloaded = make_plan(first_layers(6), cost, cold);
    double with_choice = 0, without = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        with_choice += p.tasks[i].bound.time_ps;
        without += reloaded.tasks[i].bound.time_ps;
    }
    EXPECT_LE(with_choice, without);
    std::int64_t widest = 0;
    for (const auto& task : p.tasks)
        if (!task.resident) widest = std::max(widest, banks_used(*task.nest));
    EXPECT_GT(widest, 0) << "one at least is reloaded";
    for (auto n : arrays_in_units(p, m, 0)) EXPECT_LE(n + widest, 8) << "into arrays that nobody keeps";
    check_chip_run(m, first_layers(6), steady);
}

machine with_programmed_weights(machine m) {
    m.cim->published().volatile_weights = false;
    m.cim->published().write_row_ps = 1e6;
    return m;
}

TEST(ChipResidency, ProgrammedWeightsFitOrAreRefused) {
    const auto m = with_programmed_weights(small_cim("smem", 16));
    const cost_model cost(m, convention::like_for_like);
    EXPECT_TRUE(make_plan(only(product(1, 256, 1024)), cost, steady).tasks[0].resident);
    // 5 x 64 columns: 80 of 64 arrays; the message says by how many.
    try {
        make_plan(only(product(1, 320, 1024)), cost, steady);
        FAIL();
    } catch (const input_error& e) {
        const std::string text = e.what();
        EXPECT_NE(text.find("there are 64"), std::string::npos) << text;
        EXPECT_NE(text.find("16 missing"), std::string::npos) << text;
    }
    // Weights that would fit in all units together, but not in the fullest: five blocks of 8 arrays on three units of
    // 16, one of them taken by another product.
    const auto three = with_programmed_weights(small_cim("smem", 8, 3));
    const cost_model cost_of_three(three, convention::like_for_like);
    for (std::int64_t n : {16, 80, 112, 128}) {
        work_list work{work_item(named("a", product(1, n, 512))), work_item(named("b", product(1, n, 512)))};
        try {
            const auto p = make_plan(work, cost_of_three, steady);
            for (const auto& task : p.tasks) EXPECT_TRUE(task.resident) << "programmed for every execution";
            arrays_in_units(p, three, 0);
        } catch (const input_error& e) {
            EXPECT_NE(std::string(e.what()).find("missing"), std::string::npos);
            EXPECT_EQ(std::string(e.what()).find(" 0 missing"), std::string::npos) << e.what();
            EXPECT_EQ(std::string(e.what()).find("-"), std::string::npos) << e.what();
        }
    }
}

TEST(ChipResidency, ColdRunsPayForProgramming) {
    // Rows of 16 weights in 1 us each: 256 of them in every array, side by side.
    const auto plain = small_cim("smem", 16), m = with_programmed_weights(plain);
    const auto fast = check_chip_run(plain, only(product(1, 256, 1024)), cold);
    const auto slow = check_chip_run(m, only(product(1, 256, 1024)), cold);
    EXPECT_GT(slow.figures.time_ps - fast.figures.time_ps, 250 * 1'000'000);
    EXPECT_EQ(slow.counts.at("weight_write.write"), fast.counts.at("weight_write.write"));
}

} // namespace
} // namespace cimtlm

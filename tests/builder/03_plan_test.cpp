// Residency, refusals, standstill.
#include "run_in_child.h"

#include <cimtlm/base/error.h>

namespace cimtlm {
namespace {

TEST(Residency, WeightsThatFitAreNotMovedAgain) {
    // 64 x 256 weights are one set of four digital-6T arrays.
    const auto m = study_machine("rf_digital_6t");
    const auto work = only(product(32, 64, 256));
    const auto cold = run_in_child(m, work), steady = run_in_child(m, work, {{}, "", true});
    EXPECT_EQ(cold.figures.traffic[0][1].read, 64 * 256);
    EXPECT_EQ(steady.figures.traffic[0][1].read, 0);
    EXPECT_EQ(steady.figures.resident_bytes, 64 * 256);
    EXPECT_EQ(steady.counts.at("weight_write.write"), 0);
    const double saved = cold.figures.energy_pj - steady.figures.energy_pj;
    EXPECT_NEAR(saved, 64 * 256 * (64 + 3.2), 1e-3);
    EXPECT_GT(cold.figures.time_ps - steady.figures.time_ps, 64 * 256 / 32 * 1000);
}

TEST(Residency, WeightsThatDoNotFitAreReloadedAndTheMissingArraysCounted) {
    const auto m = study_machine("rf_digital_6t");
    const cost_model cost(m, convention::like_for_like);
    const auto p = make_plan(only(product(32, 128, 256)), cost, {{}, "", true}); // 8 arrays wanted, 4 there
    EXPECT_EQ(p.missing_arrays, 4);
    EXPECT_EQ(p.resident_bytes, 0);
}

TEST(Residency, WhatFitsBesideTheWidestOfTheOthersStays) {
    // 48 arrays; the large product works on 32 of them (T stops there), so 16 are left: eight sets of 64 x 256 wants
    // 4 arrays each, four of them stay.
    const auto m = study_machine("smem_digital_6t_iso_area");
    const cost_model cost(m, convention::like_for_like);
    work_list work{work_item(product(32, 1024, 1024))};
    for (int i = 0; i < 8; ++i) work.push_back(work_item(product(32, 64, 256)));
    const auto p = make_plan(work, cost, {{}, "", true});
    EXPECT_EQ(banks_used(*p.tasks[0].nest), 32);
    EXPECT_EQ(banks_used(*p.tasks[1].nest), 4);
    EXPECT_FALSE(p.tasks[0].resident);
    for (std::size_t i = 1; i <= 8; ++i) EXPECT_EQ(p.tasks[i].resident, i <= 4) << i;
    EXPECT_EQ(p.resident_bytes, 4 * 64 * 256);
    EXPECT_EQ(p.missing_arrays, 256 + 8 * 4 - 48); // 1 MiB of weights are 256 arrays of 4 KiB
}

TEST(Residency, ActivationsAreNeverResident) {
    auto g = product(32, 64, 256);
    g.b_is_activation = true;
    const auto m = study_machine("rf_digital_6t");
    const auto r = run_in_child(m, only(g), {{}, "", true});
    EXPECT_EQ(r.figures.traffic[0][1].read, 64 * 256);
}

TEST(Residency, HoldsOnEveryLevelThatKeepsTheWeights) {
    auto m = study_machine("rf_digital_6t", {"cim.count=16"});
    m.memories[1].keeps = {tensor::A, tensor::B, tensor::Z};
    const auto r = run_in_child(m, only(product(32, 256, 256)), {{}, "", true});
    EXPECT_EQ(r.figures.resident_bytes, 256 * 256);
    EXPECT_EQ(r.figures.traffic[0][1].read, 0);
    EXPECT_EQ(r.figures.traffic[1][1].fill, 0);
    EXPECT_EQ(r.figures.traffic[1][1].read, 0);
}

TEST(Plan, VectorWorkNeedsRoomInTheOutermostMemory) {
    const auto m = study_machine("rf_digital_6t", {"dram.capacity_bytes=64KiB"});
    const cost_model cost(m, convention::like_for_like);
    try {
        make_plan({work_item(vector_work{"softmax", 65536, 65536, 65536, 65536, 1, false})}, cost, {});
        FAIL();
    } catch (const input_error& e) {
        EXPECT_NE(std::string(e.what()).find("65536 B missing"), std::string::npos) << e.what();
    }
}

TEST(Dram, WithoutTimingBothDirectionsRunSideBySide) {
    // 4 MB in, 4 MB out at 32 B/cycle each way: the time of one of them, not of both.
    const auto m = study_machine("rf_digital_6t", {"memories.dram.dram=null", "vector_unit.operations_per_cycle=4096"});
    const work_list work{work_item(vector_work{"softmax", 4000000, 4000000, 4000000, 4000000, 1, false})};
    const auto r = run_in_child(m, work);
    ASSERT_STREQ(r.figures.fault, "");
    EXPECT_EQ(r.figures.bound_ps, 125000000);
    EXPECT_LT(static_cast<double>(r.figures.time_ps), 1.02 * 125e6);
    EXPECT_EQ(r.figures.traffic[0][3].read, 4000000);
    EXPECT_EQ(r.figures.traffic[0][3].update, 4000000);
}

TEST(Plan, SaysWhichProductHasNoMapping) {
    auto m = study_machine("rf_digital_6t", {"smem.capacity_bytes=100"});
    const cost_model cost(m, convention::like_for_like);
    try {
        make_plan(only(product(32, 64, 256)), cost, {});
        FAIL();
    } catch (const input_error& e) {
        const std::string text = e.what();
        EXPECT_NE(text.find("'product' (32,64,256)"), std::string::npos) << text;
        EXPECT_NE(text.find("smem"), std::string::npos) << text;
        EXPECT_NE(text.find("missing"), std::string::npos) << text;
    }
}

TEST(Plan, RefusesTimesBeyondTheClock) {
    const auto m = study_machine("rf_digital_8t");
    const cost_model cost(m, convention::like_for_like);
    EXPECT_THROW(make_plan(only(product(1 << 20, 1 << 20, 1 << 20)), cost, {}), input_error);
}

TEST(Plan, PublishedConventionLeavesOutVectorWork) {
    const auto m = study_machine("rf_digital_6t");
    const cost_model cost(m, convention::published);
    const work_list work{work_item(product(32, 64, 256)), work_item(vector_work{"softmax", 1, 1, 1, 1, 1, false})};
    const auto p = make_plan(work, cost, {convention::published, "", false});
    EXPECT_EQ(p.tasks.size(), 1u);
    EXPECT_EQ(p.skipped_vector_work, 1);
}

TEST(Standstill, SaysWhoWaitsForWhat) {
    // A queue of no places: the host may never give its first command. Files refuse this, code can build it.
    auto m = study_machine("rf_digital_6t");
    m.host.queue_depth = 0;
    const auto r = run_in_child(m, only(product(32, 64, 256)));
    const std::string text = r.figures.fault;
    EXPECT_NE(text.find("nothing moves any more"), std::string::npos) << text;
    EXPECT_NE(text.find("host waits for a free place in the command queue"), std::string::npos) << text;
    EXPECT_NE(text.find("loader waits for a command from the host"), std::string::npos) << text;
    EXPECT_EQ(r.figures.time_ps, 0) << "a standstill has no result";
}

} // namespace
} // namespace cimtlm

// Do the modules, which count on their own, agree with the mapping's counts? Is a run never faster than its bound, and
// do the named stalls explain the whole difference?
#include "run_in_child.h"

#include <random>

namespace cimtlm {
namespace {

void check_invariants(const child_results& tile, const child_results& bound) {
    const auto& t = tile.figures;
    ASSERT_STREQ(t.fault, "");
    EXPECT_GE(t.time_ps, bound.figures.time_ps);
    EXPECT_EQ(t.bound_ps, bound.figures.time_ps);
    EXPECT_EQ(t.stall_sum(), t.time_ps - t.bound_ps);
    for (auto s : t.stalls) EXPECT_GE(s, 0);
    EXPECT_EQ(t.tiles, t.mapped_tiles);
    EXPECT_EQ(t.macs, bound.figures.macs);
    for (auto busy : t.busy) EXPECT_LE(busy, static_cast<double>(t.time_ps)) << "a part is busier than 100 %";
    for (std::size_t level = 0; level < t.traffic.size(); ++level)
        for (std::size_t x = 0; x < 4; ++x)
            EXPECT_EQ(t.traffic[level][x], bound.figures.traffic[level][x]) << "level " << level << " tensor " << x;
    for (const auto& [part, energy] : bound.energy_by_part)
        EXPECT_NEAR(tile.energy_by_part.count(part) ? tile.energy_by_part.at(part) : 0, energy, 1e-9 * energy) << part;
    EXPECT_NEAR(t.energy_pj, bound.figures.energy_pj, 1e-9 * t.energy_pj);
}

std::vector<std::string> designs() {
    std::vector<std::string> names{"tensor_core"};
    for (const auto* level : {"rf", "smem"})
        for (const auto* macro : {"analog_6t", "analog_8t", "digital_6t", "digital_8t"})
            for (const auto* arrays : {"", "_iso_area"}) names.push_back(std::string(level) + "_" + macro + arrays);
    return names;
}

TEST(Agreement, StudyGemmOnEveryMachine) {
    for (const auto& name : designs()) {
        SCOPED_TRACE(name);
        const auto m = study_machine(name);
        const auto work = only(product(512, 1024, 1024));
        check_invariants(run_in_child(m, work), run_in_child(m, work, {}, fidelity::bound));
    }
}

TEST(Agreement, RandomShapesOnEveryMachine) {
    const unsigned seed = 20261120;
    RecordProperty("seed", static_cast<int>(seed));
    std::mt19937 random(seed);
    const auto pick = [&](std::vector<std::int64_t> values) {
        return values[std::uniform_int_distribution<std::size_t>(0, values.size() - 1)(random)];
    };
    for (const auto& name : designs()) {
        for (int i = 0; i < 4; ++i) {
            const auto g = product(pick({1, 3, 49, 64, 196, 257}), pick({1, 10, 64, 130, 500, 1000}),
                                   pick({1, 25, 147, 64, 576, 2048}));
            SCOPED_TRACE(name + " seed " + std::to_string(seed) + ": " + std::to_string(g.m) + "," +
                         std::to_string(g.n) + "," + std::to_string(g.k));
            for (const auto* mapper : {"rules", "search"}) {
                const auto m = study_machine(name, {std::string("mapper.kind=") + mapper});
                check_invariants(run_in_child(m, only(g)), run_in_child(m, only(g), {}, fidelity::bound));
            }
        }
    }
}

TEST(Agreement, WiderOperandsAndPartialSums) {
    auto g = product(64, 256, 512);
    g.bits = {16, 16, 16, 32};
    for (const auto* name : {"rf_digital_6t", "smem_analog_6t", "rf_digital_8t", "tensor_core"}) {
        SCOPED_TRACE(name);
        const auto m = study_machine(name);
        check_invariants(run_in_child(m, only(g)), run_in_child(m, only(g), {}, fidelity::bound));
    }
}

TEST(Agreement, SeveralStagingMemories) {
    auto m = study_machine("rf_digital_6t");
    auto outer = m.memories[1];
    outer.name = "l2";
    outer.capacity_bytes = 1 << 20;
    outer.keeps = {tensor::A, tensor::B, tensor::Z};
    m.memories.insert(m.memories.begin() + 1, outer);
    for (const auto* kind : {"rules", "search"}) {
        SCOPED_TRACE(kind);
        m.mapper.kind = std::string(kind) == "rules" ? mapper_kind::rules : mapper_kind::search;
        const auto work = only(product(512, 1024, 1024));
        check_invariants(run_in_child(m, work), run_in_child(m, work, {}, fidelity::bound));
    }
}

TEST(Agreement, BatchRepeatAndVectorWork) {
    auto g = product(64, 128, 256);
    g.batch = 3;
    g.repeat = 2;
    vector_work v;
    v.name = "softmax";
    v.elements = 64 * 128;
    v.operations = 5 * v.elements;
    v.read_bytes = v.write_bytes = v.elements;
    v.repeat = 2;
    const auto m = study_machine("rf_digital_6t");
    const work_list work{work_item(g), work_item(v)};
    const auto tile = run_in_child(m, work);
    check_invariants(tile, run_in_child(m, work, {}, fidelity::bound));
    EXPECT_EQ(tile.figures.macs, 6 * 64 * 128 * 256);
    const auto once = run_in_child(m, only(product(64, 128, 256)));
    EXPECT_EQ(tile.figures.tiles, 6 * once.figures.tiles);
    EXPECT_NEAR(tile.counts.at("mac.multiply_accumulate"), 6 * once.counts.at("mac.multiply_accumulate"), 0.5);
}

TEST(Agreement, TwoRunsAreEqual) {
    const auto m = study_machine("smem_digital_6t_iso_area");
    const auto work = only(product(300, 500, 700));
    const auto a = run_in_child(m, work), b = run_in_child(m, work);
    EXPECT_EQ(std::memcmp(&a.figures, &b.figures, sizeof a.figures), 0);
    EXPECT_EQ(a.energy_by_part, b.energy_by_part);
}

} // namespace
} // namespace cimtlm

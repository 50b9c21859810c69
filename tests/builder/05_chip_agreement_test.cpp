// Do the modules of a machine of many units, which count on their own, agree with the mapping's counts?
#include "chips.h"

#include <cstdlib>
#include <random>

namespace cimtlm {
namespace {

gemm with_batch(gemm g, std::int64_t batch, bool activation) {
    g.batch = batch;
    g.b_is_activation = activation;
    return g;
}

TEST(ChipAgreement, OneProductOnEveryChip) {
    for (auto m : small_chips())
        for (auto kind : {mapper_kind::rules, mapper_kind::search}) {
            SCOPED_TRACE(m.name + (kind == mapper_kind::rules ? " by rules" : " by search"));
            m.mapper.kind = kind;
            check_chip_run(m, only(product(300, 200, 500)));
        }
}

TEST(ChipAgreement, HeadsSideBySide) {
    for (const auto& m : small_chips()) {
        SCOPED_TRACE(m.name);
        check_chip_run(m, only(with_batch(product(60, 50, 64), 7, true)));
    }
}

TEST(ChipAgreement, ExecutionsOneAfterAnother) {
    auto g = with_batch(product(40, 100, 130), 2, false);
    g.repeat = 3;
    for (const auto& m : small_chips()) {
        SCOPED_TRACE(m.name);
        const auto r = check_chip_run(m, only(g));
        EXPECT_EQ(r.figures.macs, 6 * 40 * 100 * 130);
    }
}

TEST(ChipAgreement, SplitK) {
    // One block of results for four units: K is cut, or units idle.
    auto m = small_tensor_core();
    m.mapper.kind = mapper_kind::rules;
    const auto r = check_chip_run(m, only(product(32, 32, 4096)));
    EXPECT_EQ(r.details.at("dispatcher.reductions"), 1);
    EXPECT_EQ(r.details.at("dispatcher.reduced_bytes"), 32 * 32 * (4 * 4 + 1)) << "four parts of 32 bits, 8 bits out";
    for (const auto& c : small_chips()) {
        SCOPED_TRACE(c.name);
        check_chip_run(c, only(with_batch(product(33, 17, 3000), 3, false)));
    }
}

TEST(ChipAgreement, CommandsForEveryBlock) {
    for (auto m : small_chips()) {
        SCOPED_TRACE(m.name);
        m.host.issue = host_issue::block;
        m.host.queue_depth = 2;
        const auto r = check_chip_run(m, only(product(300, 300, 64)));
        EXPECT_EQ(r.details.at("host.commands"), r.details.at("dispatcher.blocks"));
    }
}

TEST(ChipAgreement, OtherMacros) {
    for (const auto* macro : {"analog_6t", "analog_8t", "digital_8t"})
        for (const auto* level : {"rf", "smem", "l2"}) {
            SCOPED_TRACE(std::string(macro) + " in " + level);
            check_chip_run(small_cim(level, 5, 4, macro), only(product(50, 130, 200)));
        }
}

TEST(ChipAgreement, AsLargeAsAnA100) {
    for (const auto* name : {"tensor_core", "cim_rf", "cim_smem", "cim_l2", "cim_hybrid"}) {
        SCOPED_TRACE(name);
        check_chip_run(load_machine(std::string("a100/") + name).value, only(product(3136, 64, 576)));
    }
    for (const auto& m : {chip::tensor_core(), chip::cim("rf", 24), chip::cim("smem", 24), chip::cim("l2", 24)})
        check_chip_run(m, only(product(512, 1024, 1024)));
}

TEST(ChipAgreement, StaticPowerOfTheBoard) {
    const auto m = load_machine("a100/tensor_core").value;
    const auto r = run_in_child(m, only(product(512, 1024, 1024)));
    EXPECT_NEAR(r.energy_by_part.at("static"), 66.5 * static_cast<double>(r.figures.time_ps),
                1e-9 * r.figures.energy_pj);
}

TEST(ChipAgreement, RandomProductsOnRandomChips) {
    const char* given = std::getenv("CIMTLM_SEED");
    const unsigned seed = given ? static_cast<unsigned>(std::atoi(given)) : 9041;
    RecordProperty("seed", static_cast<int>(seed));
    std::mt19937 random(seed);
    const auto pick = [&](std::vector<std::int64_t> values) {
        return values[std::uniform_int_distribution<std::size_t>(0, values.size() - 1)(random)];
    };
    int mapped = 0;
    for (int i = 0; i < 150; ++i) {
        auto chips = small_chips();
        auto m = chips[static_cast<std::size_t>(pick({0, 1, 2, 3, 4}))];
        m.dispatcher->units = pick({2, 3, 8});
        m.dispatcher->block_cycles = static_cast<double>(pick({0, 100, 5000}));
        m.dma.double_buffer = pick({0, 1, 1}) == 1;
        m.dma.arbitration_bytes = pick({512, 4096, 65536});
        m.host.issue = pick({0, 1}) ? host_issue::gemm : host_issue::block;
        m.host.queue_depth = pick({1, 3});
        m.host.command_cycles = static_cast<double>(pick({0, 300, 3000}));
        m.mapper.kind = pick({0, 1}) ? mapper_kind::rules : mapper_kind::search;
        m.memories[1].capacity_bytes = pick({1 << 17, 1 << 20, 4 << 20});
        auto g = product(pick({1, 7, 64, 100, 513}), pick({1, 16, 130, 257}), pick({1, 64, 147, 1030, 4096}));
        g.batch = pick({1, 1, 2, 5});
        g.repeat = pick({1, 1, 2});
        g.b_is_activation = pick({0, 1}) == 1;
        SCOPED_TRACE("seed " + std::to_string(seed) + ", case " + std::to_string(i) + ": " + m.name + " x" +
                     std::to_string(m.dispatcher->units) + " " + std::to_string(g.m) + "," + std::to_string(g.n) + "," +
                     std::to_string(g.k) + " x" + std::to_string(g.batch) + " x" + std::to_string(g.repeat));
        const auto bound = run_in_child(m, only(g), {}, fidelity::bound);
        if (std::string(bound.figures.fault).find("no mapping") != std::string::npos) continue;
        ++mapped;
        check_chip_run(m, only(g), {{}, "", pick({0, 1}) == 1});
        if (testing::Test::HasFailure()) break; // one case is enough to look at
    }
    EXPECT_GT(mapped, 100);
}

TEST(ChipAgreement, TwoRunsAreEqual) {
    for (const auto& m : small_chips()) {
        const auto work = only(with_batch(product(130, 70, 600), 3, false));
        const auto a = run_in_child(m, work), b = run_in_child(m, work);
        EXPECT_EQ(std::memcmp(&a.figures, &b.figures, sizeof a.figures), 0) << m.name;
        EXPECT_EQ(a.text, b.text) << m.name;
        EXPECT_FALSE(a.text.empty());
    }
}

} // namespace
} // namespace cimtlm

#include <cimtlm/circuit/accumulator.h>
#include <cimtlm/circuit/adder_tree.h>
#include <circuits.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

using namespace cimtlm;

namespace {

const circuit_constants constants = round_circuits();

struct counted {
    std::int64_t full_adders = 0;
    int levels = 0;
};

/// Pairs numbers up, level by level, as hardware does: an adder is as wide as the numbers that come in, and its result
/// has a bit more.
counted build(std::int64_t inputs, int bits) {
    counted c;
    std::vector<int> level(static_cast<std::size_t>(inputs), bits);
    while (level.size() > 1) {
        std::vector<int> next;
        int widest = 0;
        for (const int b : level) widest = std::max(widest, b);
        for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
            c.full_adders += widest;
            next.push_back(widest + 1);
        }
        if (level.size() % 2) next.push_back(level.back());
        level = next;
        ++c.levels;
    }
    return c;
}

} // namespace

TEST(adder_tree, has_the_adders_that_pairing_up_takes) {
    for (std::int64_t inputs = 1; inputs <= 300; ++inputs)
        for (const int bits : {1, 4, 8}) {
            const adder_tree tree(inputs, bits, constants, {});
            const auto built = build(inputs, bits);
            ASSERT_EQ(tree.full_adders(), built.full_adders) << inputs << " x " << bits;
            ASSERT_EQ(tree.levels(), built.levels) << inputs << " x " << bits;
            std::int64_t largest = inputs * ((1 << bits) - 1);
            int needed = 0;
            for (; largest > 0; largest >>= 1) ++needed;
            ASSERT_EQ(tree.sum_bits(), needed) << inputs << " x " << bits;
        }
}

TEST(adder_tree, energy_follows_adders_and_ones_time_the_levels) {
    const adder_tree tree(256, 4, constants, {});
    EXPECT_DOUBLE_EQ(tree.add_pj(0.5), static_cast<double>(tree.full_adders()) * 1e-3);
    EXPECT_DOUBLE_EQ(tree.add_pj(0.25), tree.add_pj(0.5) / 2);
    EXPECT_DOUBLE_EQ(tree.add_ps(), 8 * 300);
    EXPECT_DOUBLE_EQ(tree.area_um2(), static_cast<double>(tree.full_adders()) * 2);
    EXPECT_DOUBLE_EQ(adder_tree(1, 4, constants, {}).add_pj(0.5), 0) << "one number is its own sum";
    const auto half = scale_circuits(constants, {{28, 0.4, flavour::lp}, 25});
    EXPECT_DOUBLE_EQ(adder_tree(256, 4, constants, half).add_pj(0.5), tree.add_pj(0.5) / 4);
}

TEST(accumulator, takes_energy_with_the_bits_it_joins_and_area_with_its_own) {
    const accumulator narrow(8, constants, {}), wide(16, constants, {});
    EXPECT_DOUBLE_EQ(narrow.add_pj(4, 2), 8e-3);
    EXPECT_DOUBLE_EQ(wide.area_um2(), 2 * narrow.area_um2());
    EXPECT_DOUBLE_EQ(wide.leakage_mw(), 2 * narrow.leakage_mw());
    EXPECT_DOUBLE_EQ(narrow.add_ps(), 8 * 300 / 2);
}

/// Factors of the scaling equations, their range, and which row serves a node.
#include <cimtlm/base/error.h>
#include <cimtlm/circuit/technology.h>

#include <gtest/gtest.h>

#include <set>

namespace cimtlm {
namespace {

const technology_point study{45, 1.0, flavour::lp};

TEST(technology, factors_of_the_study) {
    const auto energy = energy_factor(flavour::lp, 45, 1.0);
    EXPECT_NEAR(energy.value, 1.0177, 1e-12);
    EXPECT_FALSE(energy.outside);
    EXPECT_NEAR(delay_factor(flavour::lp, 45, 1.0).value, 57.1, 1e-9);
}

TEST(technology, prototypes_of_the_study_at_its_technology) {
    // pJ an operation, of 1 / (TOPS/W) at the prototype's own node and supply (arXiv 2312.15896, sheet of the scaling).
    const auto at_study = [](double tops_per_w, const technology_point& native) {
        const auto factor = scale_energy(native, study);
        EXPECT_FALSE(factor.outside) << to_string(native);
        return factor.value / tops_per_w;
    };
    EXPECT_NEAR(at_study(14.05, {28, 0.8, flavour::lp}), 0.159, 0.0005);
    EXPECT_NEAR(at_study(6.7, {65, 1.1, flavour::bulk}), 0.090, 0.0005);
    EXPECT_NEAR(at_study(24.7, {22, 0.72, flavour::hp}), 0.342, 0.0005);
    EXPECT_NEAR(at_study(2.45, {28, 0.85, flavour::lp}), 0.836, 0.0005);
    EXPECT_NEAR(at_study(24.7, {22, 0.72, flavour::lstp}), 0.396, 0.0005) << "the third with LSTP";
}

TEST(technology, from_the_study_to_7_nm) {
    EXPECT_NEAR(scale_energy(study, {7, 0.8, flavour::hp}).value, 0.064, 0.0005);
    EXPECT_NEAR(scale_energy(study, {7, 0.8, flavour::lstp}).value, 0.052, 0.0005);
    EXPECT_FALSE(scale_energy(study, {7, 0.8, flavour::hp}).outside);
}

TEST(technology, there_and_back) {
    for (const auto& a : technology_table())
        for (const auto& b : technology_table()) {
            const technology_point from{a.node_nm, a.nominal_supply_v, a.flavour};
            const technology_point to{b.node_nm, b.nominal_supply_v, b.flavour};
            for (const auto scale : {scale_energy, scale_delay, scale_area}) {
                EXPECT_NEAR(scale(from, to).value * scale(to, from).value, 1, 1e-12);
                EXPECT_EQ(scale(from, from).value, 1.0) << "to the bit: " << to_string(from);
                EXPECT_FALSE(scale(from, to).outside) << to_string(from) << ", " << to_string(to);
            }
        }
}

TEST(technology, every_row_is_sound) {
    std::set<std::pair<flavour, double>> rows;
    for (const auto& row : technology_table()) {
        EXPECT_TRUE(rows.insert({row.flavour, row.node_nm}).second) << row.node_nm;
        EXPECT_EQ(&technology_row_of(row.flavour, row.node_nm), &row);
        // More supply costs energy and saves time. The delay of some rows bends above the nominal supply already.
        const auto energy = [&](double share) {
            return energy_factor(row.flavour, row.node_nm, share * row.nominal_supply_v).value;
        };
        const auto delay = [&](double share) {
            return delay_factor(row.flavour, row.node_nm, share * row.nominal_supply_v).value;
        };
        for (double share = 0.75; share < 1.25; share += 0.05) EXPECT_LT(energy(share), energy(share + 0.05)) << share;
        EXPECT_GT(delay(0.75), delay(1)) << row.node_nm;
        EXPECT_GT(delay(1.25), 0) << row.node_nm;
    }
    EXPECT_EQ(rows.size(), 18u);
}

TEST(technology, nodes_between_the_rows) {
    const auto serves = [](flavour kind, double node_nm) { return technology_row_of(kind, node_nm).node_nm; };
    EXPECT_EQ(serves(flavour::lp, 28), 32);
    EXPECT_EQ(serves(flavour::hp, 28), 32);
    EXPECT_EQ(serves(flavour::hp, 22), 20);
    EXPECT_EQ(serves(flavour::lstp, 22), 20);
    EXPECT_EQ(serves(flavour::hp, 12), 14);
    EXPECT_EQ(serves(flavour::lp, 40), 45);
    EXPECT_EQ(serves(flavour::bulk, 55), 65);
    EXPECT_EQ(energy_factor(flavour::hp, 22, 0.8).value, energy_factor(flavour::hp, 20, 0.8).value);
    EXPECT_FALSE(energy_factor(flavour::hp, 22, 0.8).outside);
}

TEST(technology, beyond_the_table_is_marked) {
    EXPECT_EQ(technology_row_of(flavour::hp, 3).node_nm, 7);
    EXPECT_TRUE(energy_factor(flavour::hp, 3, 0.7).outside);
    EXPECT_TRUE(scale_area(study, {5, 0.7, flavour::hp}).outside);
    EXPECT_EQ(range_note({5, 0.7, flavour::hp}), "5 nm is outside the scaling table, 7 nm HP serves in its place");
    EXPECT_EQ(
        range_note({5, 0.4, flavour::hp}),
        "5 nm is outside the scaling table, 7 nm HP serves in its place; 0.4 V is outside 0.49 to 0.91 V (7 nm HP: "
        "nominal 0.7 V +- 30 %)");
    EXPECT_TRUE(energy_factor(flavour::bulk, 250, 2.0).outside);
}

TEST(technology, supplies_beyond_the_range_are_marked) {
    for (const double inside : {0.49, 0.7, 0.8, 0.91}) {
        EXPECT_FALSE(energy_factor(flavour::hp, 7, inside).outside) << inside;
        EXPECT_EQ(range_note({7, inside, flavour::hp}), "");
    }
    for (const double outside : {0.48, 0.92}) {
        EXPECT_TRUE(energy_factor(flavour::hp, 7, outside).outside) << outside;
        EXPECT_TRUE(delay_factor(flavour::hp, 7, outside).outside) << outside;
        EXPECT_TRUE(scale_energy(study, {7, outside, flavour::hp}).outside) << outside;
        EXPECT_TRUE(scale_energy({7, outside, flavour::hp}, study).outside) << outside;
        EXPECT_FALSE(scale_area(study, {7, outside, flavour::hp}).outside) << "an area knows no supply";
    }
    EXPECT_EQ(range_note({7, 0.4, flavour::hp}), "0.4 V is outside 0.49 to 0.91 V (7 nm HP: nominal 0.7 V +- 30 %)");
}

std::string refusal(flavour kind, double node_nm, double supply_v) {
    try {
        energy_factor(kind, node_nm, supply_v);
    } catch (const input_error& e) {
        return e.what();
    }
    return "";
}

TEST(technology, what_does_not_exist_is_refused) {
    EXPECT_EQ(refusal(flavour::lp, 7, 0.8), "there is no lp near 7 nm in the scaling table; there it has: hp, lstp");
    EXPECT_EQ(refusal(flavour::lp, 3, 0.7), "there is no lp near 3 nm in the scaling table; there it has: hp, lstp");
    EXPECT_EQ(refusal(flavour::hp, 65, 1.1), "there is no hp near 65 nm in the scaling table; there it has: bulk");
    EXPECT_EQ(refusal(flavour::bulk, 180, 0.7),
              "the scaling equation gives no positive energy at 180 nm bulk 0.7 V; it "
              "holds near 1.8 V");
    EXPECT_NE(refusal(flavour::hp, 7, 1e300), "");
}

TEST(technology, areas_follow_the_published_cells) {
    // 6T cells of 0.346 um2 at 45 nm (Intel, IEDM 2007), 0.57 um2 at 65 nm (Intel, IEDM 2004) and 0.027 um2 at 7 nm
    // (TSMC, ISSCC 2017): the table's shrink of logic is of that size.
    EXPECT_NEAR(scale_area(study, {7, 0.7, flavour::hp}).value, 0.027 / 0.346, 0.02);
    EXPECT_NEAR(scale_area(study, {65, 1.1, flavour::bulk}).value, 0.57 / 0.346, 0.2);
    EXPECT_EQ(scale_area(study, {45, 0.9, flavour::hp}).value, 1);
}

} // namespace
} // namespace cimtlm

// Engines whose energy of a MAC stands in several rows, by the statistics of the operands.
#include "parts_engine.h"
#include "random_nests.h"

#include <cimtlm/mapping/cost.h>

#include <gtest/gtest.h>

#include <map>

namespace cimtlm {
namespace {

using test::parts_engine;

struct parts_case {
    test::random_case random;
    std::shared_ptr<const parts_engine> parts;
    cost_model cost;
    flat_nest nest;
    access_counts counts;

    explicit parts_case(std::uint64_t seed, convention c = convention::like_for_like)
        : random(test::make_case(seed, seed % 2 == 0))
        , parts(std::make_shared<parts_engine>(random.m.matrix_engine()))
        , cost(random.m, c, "mac", parts)
        , nest(random.nest, random.m, random.shape)
        , counts(count_accesses(nest, random.g, random.m, false)) {}
    gemm product(std::optional<operand_statistics> s) const {
        auto g = random.g;
        g.statistics = s;
        return g;
    }
    std::map<std::string, ledger::row> macs_of(const gemm& g) const {
        ledger l;
        cost.charge(l, g, counts, 0);
        std::map<std::string, ledger::row> rows;
        for (const auto& r : l.rows())
            if (r.part == "mac") rows.emplace(r.action, r);
        return rows;
    }
};

operand_statistics random_statistics(test::dice& d) {
    const auto share = [&](std::int64_t most) { return static_cast<double>(d.roll(0, most)) / 100; };
    return {share(100), share(100), share(99)};
}

TEST(Charges, StandAtTheStatisticsOfTheProduct) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const parts_case c(seed);
        SCOPED_TRACE(c.random.text());
        test::dice d(seed);
        const double basis =
            c.random.m.cim && c.random.m.cim->mac_energy_basis == energy_basis::operation ? 2 : 1; // operations a MAC
        const auto macs = static_cast<double>(c.counts.macs) * c.cost.slices_of(c.random.g);
        for (int i = 0; i < 4; ++i) {
            const auto s = random_statistics(d);
            auto rows = c.macs_of(c.product(s));
            const double x = s.input_density, w = s.weight_density, zero = s.column_sparsity;
            const int bits = zero < 0.5 ? 5 : 4;
            const auto convert = "convert_" + std::to_string(bits) + "b";
            const std::map<std::string, double> expected_pj{{"word_line", basis * 0.0625 * x},
                                                            {"array", basis * 0.125 * x * w * (1 - zero)},
                                                            {convert, basis * (bits == 5 ? 0.32 : 0.16) / 4},
                                                            {"control", basis * 0.03}};
            for (const auto& [action, pj] : expected_pj) {
                ASSERT_EQ(rows.count(action), 1u) << action;
                EXPECT_NEAR(rows.at(action).energy_pj(), macs * pj, 1e-9 * macs) << action;
                rows.erase(action);
            }
            if (c.counts.executed_macs > c.counts.macs) {
                EXPECT_NEAR(rows.at("padding").unit_energy_pj, basis * parts_engine::nominal_pj, 1e-12);
                rows.erase("padding");
            }
            EXPECT_TRUE(rows.empty()) << rows.begin()->first;
        }
    }
}

TEST(Charges, WithoutStatisticsAreTheNominalOnes) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const parts_case c(seed);
        const auto unknown = c.macs_of(c.product(std::nullopt)), nominal = c.macs_of(c.product(parts_engine::nominal));
        ASSERT_EQ(unknown.size(), nominal.size());
        double pj = 0;
        for (const auto& [action, row] : unknown) {
            EXPECT_EQ(row.count, nominal.at(action).count) << action;
            if (action != "padding") pj += row.energy_pj();
        }
        EXPECT_NEAR(pj, static_cast<double>(c.counts.macs) * c.cost.slices_of(c.random.g) * c.cost.mac_pj(), 1e-9 * pj);
    }
}

TEST(Charges, AsPublishedStandInOneRow) {
    const parts_case c(2, convention::published);
    const auto rows = c.macs_of(c.product(operand_statistics{0.9, 0.9, 0.5}));
    EXPECT_EQ(rows.count("word_line"), 0u);
    const auto& row = rows.at("multiply_accumulate");
    EXPECT_EQ(row.unit_energy_pj, c.parts->mac_pj(energy_basis::mac));
    EXPECT_EQ(row.count, static_cast<double>(c.counts.macs) * c.cost.slices_of(c.random.g));
}

// Products of many statistics meet in one ledger: an action has one price.
TEST(Charges, AddUpInOneLedger) {
    const parts_case c(4);
    test::dice d(4);
    ledger l;
    double pj = 0;
    for (int i = 0; i < 100; ++i) {
        const auto g = c.product(i % 3 ? std::optional(random_statistics(d)) : std::nullopt);
        ledger one;
        c.cost.charge(one, g, c.counts, 0);
        pj += one.total_pj();
        ASSERT_NO_THROW(c.cost.charge(l, g, c.counts, 0));
        const auto f = c.cost.evaluate(c.nest, g);
        ledger all;
        c.cost.charge(all, g, c.counts, c.cost.commands(c.counts.tiles));
        EXPECT_NEAR(f.energy_pj, all.total_pj() + c.random.m.static_power_mw * 1e-3 * f.time_ps, 1e-9 * f.energy_pj);
    }
    EXPECT_NEAR(l.total_pj(), pj, 1e-9 * pj);
}

TEST(Charges, AreNotAskedForAgainWhileASearchGoesOn) {
    const parts_case c(6);
    for (const auto& s : {operand_statistics{0.1, 0.2, 0.3}, operand_statistics{0.1, 0.2, 0.4}}) {
        const auto g = c.product(s);
        const auto before = c.parts->asked;
        for (int i = 0; i < 100; ++i) {
            c.cost.evaluate(c.nest, g);
            c.cost.evaluate(c.nest, c.random.g); // without statistics, in between
        }
        EXPECT_EQ(c.parts->asked, before + 1);
    }
}

} // namespace
} // namespace cimtlm

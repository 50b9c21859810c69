// Where figures of two macros cross: known curves, costs that are known in closed form, converters that go along.
#include "macro/composed_bench.h"

#include <platforms/builder/crossing.h>
#include <platforms/config/config.h>

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace cimtlm {
namespace {

figure_curve curve(const std::function<double(double)>& f, const std::vector<double>& at = {1, 2, 4, 8, 16}) {
    figure_curve c;
    for (const double x : at) {
        c.at.push_back(x);
        c.value.push_back(f(x));
        c.result.push_back({});
    }
    return c;
}

published_macro_parameters published(int bits, double mac_pj) {
    published_macro_parameters p;
    p.name = "published";
    p.rows_parallel = 64;
    p.columns_parallel = 16;
    p.input_bits = p.weight_bits = bits;
    p.latency_ps = 1000;
    p.mac_energy_pj = mac_pj;
    return p;
}

double own_pj(const composed_macro_parameters& p, int bits) {
    return operation_pj(composed_macro(p), {energy_basis::mac, {bits, bits, 8, 8}, {}});
}

} // namespace

TEST(crossing, power_laws_cross_where_they_are_equal) {
    const auto square = curve([](double x) { return x * x; });
    const auto c = crossing_of(curve([](double x) { return 3 * x; }), square);
    ASSERT_EQ(c.at.size(), 1u);
    EXPECT_NEAR(c.at[0], 3, 1e-12) << "straight lines of logarithms";
    EXPECT_EQ(c.below, 1);
    EXPECT_EQ(c.low.at, 1);
    EXPECT_EQ(c.low.ratio, 3);
    EXPECT_EQ(c.high.at, 16);
    const auto at_a_point = crossing_of(square, curve([](double x) { return 4 * x; }));
    ASSERT_EQ(at_a_point.at.size(), 1u);
    EXPECT_NEAR(at_a_point.at[0], 4, 1e-12);
    EXPECT_EQ(at_a_point.below, -1);
}

TEST(crossing, none_where_one_is_below_throughout_or_only_touches) {
    const auto one = curve([](double) { return 1; });
    EXPECT_TRUE(crossing_of(one, curve([](double) { return 2; })).at.empty());
    const auto touching = crossing_of(one, curve([](double x) { return x == 4 ? 1 : 2; }));
    EXPECT_TRUE(touching.at.empty());
    EXPECT_EQ(touching.below, -1);
    EXPECT_EQ(crossing_of(one, one).below, 0);
}

TEST(crossing, every_change_of_sign_is_one) {
    const auto c = crossing_of(curve([](double x) { return x == 4 ? 0.5 : 2; }), curve([](double) { return 1; }));
    ASSERT_EQ(c.at.size(), 2u);
    EXPECT_NEAR(c.at[0], std::sqrt(8), 1e-12);
    EXPECT_NEAR(c.at[1], std::sqrt(32), 1e-12);
}

TEST(crossing, points_that_one_lacks_are_passed_over) {
    const auto one = curve([](double) { return 1; });
    const auto c = crossing_of(curve([](double x) { return x < 2 || x == 4 ? figure_curve::none : x / 4; }), one);
    ASSERT_EQ(c.at.size(), 1u);
    EXPECT_NEAR(c.at[0], 4, 1e-12);
    EXPECT_EQ(c.low.at, 2);
    EXPECT_FALSE(crossing_of(curve([](double) { return figure_curve::none; }), one).comparable);
}

TEST(crossing, what_is_nearly_the_same_is_no_crossing) {
    const auto one = curve([](double) { return 1; });
    const auto noisy = curve([](double x) { return x == 2 ? 1.005 : x == 4 ? 0.995 : x == 8 ? 1.005 : x < 8 ? 1 : 2; });
    EXPECT_EQ(crossing_of(noisy, one).at.size(), 2u);
    const auto c = crossing_of(noisy, one, 0.01);
    EXPECT_TRUE(c.at.empty());
    EXPECT_EQ(c.below, 1);
}

TEST(crossing, a_macro_of_few_bits_pays_for_slices) {
    // 0.1 pJ an operation of 2 x 2 bits, ceil(b/2)^2 of them; against 1 pJ up to 8 x 8.
    const auto narrow = over_precision(published(2, 0.1), {}, converters::as_built);
    const auto wide = over_precision(published(8, 1), {}, converters::as_built);
    for (int b = 1; b <= 8; ++b) {
        EXPECT_NEAR(narrow.value[static_cast<std::size_t>(b - 1)], 0.1 * std::pow((b + 1) / 2, 2), 1e-12);
        EXPECT_NEAR(wide.value[static_cast<std::size_t>(b - 1)], 1, 1e-12);
    }
    const auto c = crossing_of(narrow, wide);
    ASSERT_EQ(c.at.size(), 1u);
    const double share = std::log(1 / 0.9) / std::log(1.6 / 0.9); // between 6 and 7 bits
    EXPECT_NEAR(c.at[0], 6 * std::pow(7.0 / 6, share), 1e-9);
    EXPECT_EQ(c.below, -1);
    EXPECT_TRUE(c.equally_precise);
    EXPECT_FALSE(crossing_of(over_rows(published(2, 0.1), {}, converters::exact), wide).comparable);
}

TEST(crossing, as_built_is_the_macro_itself_where_it_stands) {
    for (const double bits : {4.0, 5.0, 8.0}) {
        auto p = small_composed();
        p.adc.bits = bits;
        EXPECT_NEAR(at_rows(p, 128, converters::as_built).adc.bits, bits, 1e-9);
        EXPECT_NEAR(at_precision(p, 4, converters::as_built).adc.bits, bits, 1e-9);
        const macro_pricing price{energy_basis::mac, {4, 4, 8, 8}, {}};
        EXPECT_NEAR(over_rows(p, price, converters::as_built).value[4], own_pj(p, 4), 1e-12);
        EXPECT_NEAR(over_precision(p, price, converters::as_built).value[3], own_pj(p, 4), 1e-12);
    }
    EXPECT_EQ(at_rows(small_digital(), 128, converters::exact).adc.bits, 0) << "no converter";
}

TEST(crossing, converters_grow_with_the_rows) {
    auto p = small_composed();
    p.adc.bits = 5; // of 8 that tell every sum of 128
    for (const std::int64_t rows : {64, 256, 512}) {
        const auto changed = at_rows(p, rows, converters::as_built);
        EXPECT_NEAR(changed.adc.bits, 5 + std::log2(static_cast<double>(rows) / 128), 1e-9) << "a bit a doubling";
        EXPECT_GE(changed.array.rows, rows);
        const auto exact = at_rows(p, rows, converters::exact);
        EXPECT_TRUE(composed_macro(exact).exact()) << rows;
        EXPECT_EQ(exact.adc.bits, std::ceil(std::log2(static_cast<double>(rows + 1)))) << rows;
    }
}

TEST(crossing, figures_of_a_paper_go_along_with_the_resolution) {
    auto p = small_composed();
    p.adc.kind = adc_kind::ramp;
    p.adc.bits = 5;
    p.adc.conversion_energy_pj = 2;
    p.adc.conversion_ps = 3200;
    const auto exact = at_rows(p, 128, converters::exact);
    ASSERT_EQ(exact.adc.bits, 8);
    EXPECT_NEAR(exact.adc.conversion_energy_pj, 2 * 8, 1e-9) << "a decision an LSB";
    EXPECT_NEAR(exact.adc.conversion_ps, 3200 * 8, 1e-9);
}

TEST(crossing, a_bank_of_converters_shrinks_with_its_sums) {
    auto p = small_composed();
    p.slices_in_analog = true; // a sum a weight
    p.adc.count = 8;           // for 32 of them
    const auto changed = at_precision(p, 8, converters::as_built);
    EXPECT_EQ(changed.adc.count, 4);
    EXPECT_NO_THROW(composed_macro{changed});
    p.adc.kind = adc_kind::sense_amplifier;
    p.adc.bits = 1;
    p.adc.count = 0;
    EXPECT_THROW(at_precision(p, 4, converters::exact), input_error);
    EXPECT_TRUE(std::isnan(over_precision(p, {}, converters::exact).value[7])) << "a point that does not exist";
}

TEST(crossing, unequal_results_are_told) {
    const result_precision exact{true, 20, 20}, good{false, 20, 19.5}, poor{false, 20, 4}, as_poor{false, 24, 4.5};
    EXPECT_FALSE(good.reduced());
    EXPECT_TRUE(poor.reduced());
    EXPECT_TRUE(equally_precise(exact, good));
    EXPECT_FALSE(equally_precise(exact, poor));
    EXPECT_TRUE(equally_precise(poor, as_poor));
    auto p = small_composed();
    p.adc.bits = 3;
    const macro_pricing price{energy_basis::mac, {4, 4, 8, 8}, {}};
    const auto digital = over_rows(small_digital(), price, converters::as_built);
    EXPECT_FALSE(crossing_of(digital, over_rows(p, price, converters::as_built)).equally_precise);
    EXPECT_TRUE(crossing_of(digital, over_rows(p, price, converters::exact)).equally_precise);
}

TEST(crossing, batch_amortises_the_writing_of_weights) {
    // An operation costs the macro's figure and, with M rows of inputs, write energy / (2 M).
    const auto curves = [](const char* mac, const char* write) {
        const auto m = load_machine("rf_digital_6t", {std::string("cim.macro.mac_energy_pj=") + mac,
                                                      std::string("cim.macro.write_energy_pj_per_byte=") + write});
        gemm g;
        g.n = 16;
        g.k = 256;
        return over_batch(m.value, g, {});
    };
    const auto cheap_writes = curves("0.3", "1"), cheap_macs = curves("0.2", "10");
    for (const std::size_t i : {0, 5, 12}) {
        const double m = cheap_macs.energy_pj.at[i];
        EXPECT_NEAR(cheap_writes.energy_pj.value[i] - cheap_macs.energy_pj.value[i], 0.1 - 9 / (2 * m), 1e-9) << m;
        EXPECT_EQ(cheap_writes.time_ps.value[i], cheap_macs.time_ps.value[i]);
    }
    const auto c = crossing_of(cheap_writes.energy_pj, cheap_macs.energy_pj);
    ASSERT_EQ(c.at.size(), 1u);
    EXPECT_NEAR(c.at[0], 45, 45 * 0.05);
    EXPECT_EQ(c.below, -1);
}

TEST(crossing, batch_is_of_the_largest_product_of_weights) {
    gemm small, large, attention;
    small.m = large.m = attention.m = 4;
    large.n = 8;
    attention.n = 64;
    attention.b_is_activation = true;
    const work_list work{small, large, attention};
    ASSERT_NE(largest_product(work), nullptr);
    EXPECT_EQ(largest_product(work)->n, 8);
    EXPECT_EQ(largest_product({}), nullptr);
}

} // namespace cimtlm

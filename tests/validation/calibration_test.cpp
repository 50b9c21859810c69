#include "chips.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace cimtlm;

namespace {

/// The left-out predictions, made once.
const std::vector<chip_error>& left_out() {
    static const auto errors = leave_one_out(silicon(), load_circuits("textbook"));
    return errors;
}

double share_inside(std::vector<double> chip_error::*figure, double factor) {
    double inside = 0, all = 0;
    for (const auto& e : left_out()) {
        double sum = 0;
        for (const double q : e.*figure) sum += std::fabs(std::log(q));
        inside += sum / static_cast<double>((e.*figure).size()) <= std::log(factor);
        ++all;
    }
    return inside / all;
}

} // namespace

TEST(calibration, fits_few_constants_of_circuits) {
    EXPECT_LE(fitted_constants().size(), 25u);
    for (const auto& c : fitted_constants()) EXPECT_LE(c.sigma, 1) << c.name << ": the start must count";
}

TEST(calibration, the_part_holds_what_the_fit_gives) {
    const auto fitted = calibrate(silicon(), load_circuits("textbook")), part = load_circuits("calibrated");
    for (const auto& c : fitted_constants())
        EXPECT_NEAR(part.*c.value / fitted.*c.value, 1, 2e-3) << c.name << ": run cimtlm-calibrate again";
    EXPECT_NEAR(part.energy_uncertainty, summary_of(left_out(), &chip_error::tops_per_w).percentile_90, 0.01);
    EXPECT_NEAR(part.area_uncertainty, summary_of(errors_of(silicon(), part), &chip_error::area).percentile_90, 0.05);
    EXPECT_NEAR(part.delay_uncertainty, summary_of(left_out(), &chip_error::cycle).percentile_90, 0.01);
}

TEST(calibration, chips_that_are_left_out_are_predicted_as_the_aim_says) {
    const auto energy = summary_of(left_out(), &chip_error::tops_per_w),
               cycle = summary_of(left_out(), &chip_error::cycle);
    EXPECT_EQ(energy.chips, 30u);
    EXPECT_LE(energy.median, 1.8);
    EXPECT_LE(energy.percentile_90, 5);
    EXPECT_LE(cycle.median, 1.8);
    EXPECT_LE(cycle.percentile_90, 5);
    EXPECT_LE(energy.pair_median, 1.25);
    EXPECT_LE(cycle.pair_median, 1.25);
    EXPECT_GE(share_inside(&chip_error::tops_per_w, load_circuits("calibrated").energy_uncertainty), 0.8);
    EXPECT_GE(share_inside(&chip_error::cycle, load_circuits("calibrated").delay_uncertainty), 0.8);
}

TEST(calibration, finds_constants_that_made_the_chips) {
    // The outcomes of chips computed with other constants: the fit has to predict them.
    auto truth = load_circuits("textbook");
    double factor = 1.5;
    for (const auto& c : fitted_constants()) truth.*c.value *= c.sigma < 1 ? 1.1 : (factor = 1 / factor);
    auto chips = silicon();
    for (auto& chip : chips) {
        const auto p = predict_chip(chip, truth);
        chip.cycle_ns = p.cycle_ns.value;
        chip.tops_per_w_1b = p.tops_per_w_1b.value;
    }
    const auto start = load_circuits("textbook");
    const auto before = errors_of(chips, start), after = errors_of(chips, calibrate(chips, start));
    for (const auto figure : {&chip_error::cycle, &chip_error::tops_per_w}) {
        EXPECT_GT(summary_of(before, figure).median, 1.1);
        EXPECT_LT(summary_of(after, figure).median, 1.06) << "the start holds some of it back";
        EXPECT_LT(summary_of(after, figure).worst, 1.25);
    }
}

TEST(calibration, does_not_depend_on_the_order_or_on_how_often_a_chip_stands_there) {
    const auto start = load_circuits("textbook");
    auto reversed = silicon();
    std::reverse(reversed.begin(), reversed.end());
    auto doubled = silicon();
    doubled.insert(doubled.end(), silicon().begin(), silicon().end());
    const auto k = calibrate(silicon(), start);
    for (const auto& other : {calibrate(reversed, start), calibrate(doubled, start)})
        for (const auto& c : fitted_constants()) EXPECT_NEAR(other.*c.value / (k.*c.value), 1, 1e-3) << c.name;
}

TEST(calibration, stays_at_its_start_without_chips_and_ignores_rows_without_outcomes) {
    const auto start = load_circuits("textbook");
    auto blind = silicon();
    for (auto& c : blind) c.cycle_ns = c.tops_1b = c.tops_per_w_1b = std::nullopt;
    for (const auto& k : {calibrate({}, start), calibrate(blind, start)})
        for (const auto& c : fitted_constants()) EXPECT_EQ(k.*c.value, std::exp(std::log(start.*c.value))) << c.name;
}

TEST(calibration, a_summary_counts_each_chip_once) {
    const std::vector<chip_error> errors{{"a", {2, 0.5}, {}, {}}, {"b", {1}, {}, {}}, {"c", {4}, {}, {}}};
    const auto s = summary_of(errors, &chip_error::cycle);
    EXPECT_EQ(s.chips, 3u);
    EXPECT_DOUBLE_EQ(s.median, 2);
    EXPECT_DOUBLE_EQ(s.worst, 4);
    EXPECT_EQ(s.pairs, 1u);
    EXPECT_DOUBLE_EQ(s.pair_median, 4);
    EXPECT_EQ(summary_of(errors, &chip_error::tops_per_w).chips, 0u);
}

#include <cimtlm/base/error.h>
#include <circuits.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace cimtlm;

namespace {

circuit_scale at(double node, double supply, double temperature = 25) {
    return scale_circuits(round_circuits(), {{node, supply, flavour::lp}, temperature});
}

} // namespace

TEST(scale_circuits, is_one_at_the_reference) {
    const auto s = at(28, 0.8);
    for (const double factor : {s.energy, s.delay, s.area, s.leakage}) EXPECT_DOUBLE_EQ(factor, 1);
    EXPECT_EQ(s.note, "");
}

TEST(scale_circuits, energy_is_capacitance_times_the_square_of_the_supply) {
    EXPECT_DOUBLE_EQ(at(28, 1.6).energy, 4);
    EXPECT_DOUBLE_EQ(at(56, 0.8).energy, 2);
    EXPECT_DOUBLE_EQ(at(7, 0.4).energy, 0.25 * 0.25);
}

TEST(scale_circuits, area_is_the_square_of_the_node) {
    EXPECT_DOUBLE_EQ(at(14, 0.8).area, 0.25);
    EXPECT_DOUBLE_EQ(at(14, 0.5).area, 0.25) << "whatever the supply";
}

TEST(scale_circuits, less_supply_is_slower_and_steeply_so_near_the_threshold) {
    double before = 0;
    for (double v = 1.4; v > 0.3; v -= 0.05) {
        const double delay = at(28, v).delay;
        EXPECT_GT(delay, before) << v << " V";
        before = delay;
    }
    EXPECT_GT(at(28, 0.4).delay / at(28, 0.5).delay, at(28, 0.9).delay / at(28, 1.0).delay * 1.3);
    // Far above the threshold a gate follows V / (V - Vt)^alpha, the law of Sakurai and Newton.
    const auto alpha_power = [](double v) { return v / std::pow(v - 0.37, 1.3); };
    EXPECT_NEAR(at(28, 1.2).delay / at(28, 1.0).delay, alpha_power(1.2) / alpha_power(1.0), 0.01);
}

TEST(scale_circuits, heat_slows_high_supplies_and_speeds_low_ones_up) {
    EXPECT_GT(at(28, 1.0, 105).delay, at(28, 1.0, 25).delay) << "mobility";
    EXPECT_LT(at(28, 0.4, 105).delay, at(28, 0.4, 25).delay) << "threshold";
    EXPECT_DOUBLE_EQ(at(28, 0.8, 37).leakage, 2) << "doubles each 12 K";
}

TEST(scale_circuits, says_what_is_out_of_range_and_refuses_what_is_not_there) {
    EXPECT_EQ(at(5, 0.8).note, "node 5 nm is outside 7 to 180 nm");
    EXPECT_EQ(at(28, 0.3, 150).note,
              "supply 0.3 V is outside 0.45 to 1.8 V; temperature 150 C is outside -40 to 125 C");
    for (const auto& [node, supply, temperature] :
         {std::tuple{0.0, 0.8, 25.0}, {28.0, 0.0, 25.0}, {28.0, NAN, 25.0}, {28.0, 0.8, 900.0}})
        EXPECT_THROW(at(node, supply, temperature), input_error);
}

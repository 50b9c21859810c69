#include <cimtlm/base/error.h>
#include <cimtlm/circuit/adc.h>
#include <cimtlm/circuit/adc_survey.h>
#include <circuits.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace cimtlm;

namespace {

const circuit_constants constants = round_circuits();

adc make(const adc_parameters& p, technology_point where = reference_technology()) {
    return {p, constants, scale_circuits(constants, {where, 25}), ""};
}

adc_parameters of(adc_kind kind, double bits) {
    adc_parameters p;
    p.kind = kind;
    p.bits = bits;
    return p;
}

std::string refusal(const adc_parameters& p) {
    try {
        make(p);
    } catch (const input_error& e) {
        return e.what();
    }
    return "";
}

} // namespace

TEST(adc_survey, gives_the_published_values_of_the_regression) {
    for (const auto& [node, pj] : {std::pair{65.0, 6.49}, {22.0, 0.847}, {14.0, 0.362}, {7.0, 0.098}})
        EXPECT_NEAR(adc_survey::convert_pj(8, node, 1e8), pj, pj * 0.006) << node << " nm";
    EXPECT_NEAR(adc_survey::area_um2(8, 14, 1e8), 1089, 11);
    EXPECT_THROW(adc_survey::convert_pj(3, 22, 1e8), input_error);
}

TEST(adc, decisions_follow_the_kind) {
    // kind, bits, energy in decisions and LSBs, time in decisions
    const double decision = constants.comparator_energy_pj, lsb = constants.converter_dac_energy_pj;
    for (const double b : {2.0, 4.0, 6.0, 8.0}) {
        const double levels = std::pow(2, b);
        EXPECT_DOUBLE_EQ(make(of(adc_kind::flash, b)).convert_pj(b), (levels - 1) * decision);
        EXPECT_DOUBLE_EQ(make(of(adc_kind::flash, b)).convert_ps(b), 100);
        EXPECT_DOUBLE_EQ(make(of(adc_kind::sar, b)).convert_pj(b), b * decision + levels * lsb);
        EXPECT_DOUBLE_EQ(make(of(adc_kind::sar, b)).convert_ps(b), b * 100);
        EXPECT_DOUBLE_EQ(make(of(adc_kind::ramp, b)).convert_pj(b), levels * decision);
        EXPECT_DOUBLE_EQ(make(of(adc_kind::ramp, b)).convert_ps(b), levels * 100);
        EXPECT_DOUBLE_EQ(make(of(adc_kind::cco, b)).convert_ps(b), levels * 100);
    }
    EXPECT_DOUBLE_EQ(make(of(adc_kind::sense_amplifier, 1)).convert_pj(1), decision);
    EXPECT_EQ(make(of(adc_kind::none, 0)).convert_pj(0), 0);
}

TEST(adc, a_flash_grows_in_area_with_its_levels) {
    EXPECT_DOUBLE_EQ(make(of(adc_kind::flash, 4)).area_um2(), 15 * 100);
    EXPECT_DOUBLE_EQ(make(of(adc_kind::sar, 4)).area_um2(), 100 + 16 * 2);
    EXPECT_DOUBLE_EQ(make(of(adc_kind::flash, 4)).leakage_mw(), 15 * 1e-6);
}

TEST(adc, figures_of_a_paper_replace_those_of_the_circuits_and_fall_with_the_bits_as_these_do) {
    auto p = of(adc_kind::sar, 8);
    p.conversion_energy_pj = 1.5625;
    p.conversion_ps = 781.25;
    const auto a = make(p);
    EXPECT_DOUBLE_EQ(a.convert_pj(8), 1.5625);
    EXPECT_DOUBLE_EQ(a.convert_ps(8), 781.25);
    EXPECT_DOUBLE_EQ(a.convert_ps(4), 781.25 / 2);
    const auto by_circuit = make(of(adc_kind::sar, 8));
    EXPECT_DOUBLE_EQ(a.convert_pj(5) / a.convert_pj(8), by_circuit.convert_pj(5) / by_circuit.convert_pj(8));
    EXPECT_EQ(a.uncertainty(), 1);
    EXPECT_EQ(by_circuit.uncertainty(), constants.energy_uncertainty);
}

TEST(adc, a_group_converter_takes_power_and_time_in_proportion_to_its_bits) {
    auto p = of(adc_kind::group, 8);
    p.conversion_energy_pj = 64;
    p.conversion_ps = 800;
    for (const double b : {8.0, 7.0, 4.0, 1.0}) {
        EXPECT_DOUBLE_EQ(make(p).convert_pj(b), b * b);
        EXPECT_DOUBLE_EQ(make(p).convert_ps(b), 100 * b);
    }
}

TEST(adc, the_survey_holds_at_the_nominal_supply) {
    auto p = of(adc_kind::survey, 8);
    p.conversion_ps = 1e4;
    const double nominal = make(p, {22, 0.9, flavour::hp}).convert_pj(8); // the row of 20 nm
    EXPECT_DOUBLE_EQ(nominal, adc_survey::convert_pj(8, 22, 1e8));
    EXPECT_NEAR(make(p, {22, 0.45, flavour::hp}).convert_pj(8), nominal / 4, 1e-12);
    EXPECT_EQ(make(p).uncertainty(), 3.5);
    double before = 0;
    for (double b = 1; b <= 8; ++b) { // also below what the regression covers, where it is continued as a line
        EXPECT_GT(make(p).convert_pj(b), before);
        before = make(p).convert_pj(b);
    }
}

TEST(adc, sparse_columns_save_a_bit_each_halving) {
    for (const auto& [sparsity, bits] : {std::pair{0.0, 0},
                                         {0.3, 0},
                                         {0.499, 0},
                                         {0.5, 1},
                                         {0.7, 1},
                                         {0.75, 2},
                                         {0.875, 3},
                                         {0.9374, 3},
                                         {0.9375, 4},
                                         {0.96875, 5}})
        EXPECT_EQ(adc::sparse_bits(sparsity), bits) << sparsity;
}

TEST(adc, refuses_what_is_no_converter) {
    EXPECT_EQ(refusal(of(adc_kind::sar, 0)), "adc.bits: a converter has more than 0 and at most 16 bits");
    EXPECT_EQ(refusal(of(adc_kind::sense_amplifier, 4)),
              "adc.bits: a sense amplifier tells 1 bit; flash, sar, ramp and cco tell more");
    EXPECT_EQ(refusal(of(adc_kind::survey, 8)),
              "adc.clock_mhz: a converter without a clock: the survey needs samples a "
              "second (clock_mhz or conversion_ps)");
    auto p = of(adc_kind::survey, 3);
    p.clock_mhz = 100;
    EXPECT_NE(refusal(p).find("from 4 bits on"), std::string::npos);
    EXPECT_EQ(refusal(of(adc_kind::group, 8)),
              "adc.conversion_energy_pj: a group converter needs conversion_energy_pj and conversion_ps");
    p = of(adc_kind::sar, 8);
    p.clock_mhz = -1;
    EXPECT_EQ(refusal(p), "adc.clock_mhz: must not be negative");
    p.clock_mhz = 0;
    p.columns_per_adc = 0;
    EXPECT_EQ(refusal(p), "adc.columns_per_adc: a converter serves at least one column");
}

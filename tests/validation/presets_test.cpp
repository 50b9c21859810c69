// The macros that come with the program, against what is published of them.
#include "chips.h"

#include <cimtlm/macro/data_sheet.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace cimtlm;

namespace {

data_sheet sheet(const std::string& name, const std::vector<std::string>& sets = {}) {
    return data_sheet_of(std::get<composed_macro_parameters>(load_macro(name, sets).value));
}

double share(const data_sheet& d, const std::string& part) {
    for (const auto& p : d.energy)
        if (p.part == part) return p.value / d.step_pj;
    return 0;
}

} // namespace

TEST(presets, every_composed_macro_adds_up) {
    int composed = 0;
    for (const auto& name : list_macros()) {
        const auto loaded = load_macro(name);
        if (!std::holds_alternative<composed_macro_parameters>(loaded.value)) continue;
        ++composed;
        const auto d = data_sheet_of(std::get<composed_macro_parameters>(loaded.value));
        EXPECT_EQ(d.name, name);
        for (const auto& [parts, total] : {std::pair{d.energy, d.step_pj}, {d.time, d.step_ps}, {d.area, d.area_um2}}) {
            double sum = 0;
            for (const auto& p : parts) sum += p.value;
            EXPECT_NEAR(sum, total, 1e-6 * total) << name;
        }
        EXPECT_GT(d.effective_bits, 0) << name;
    }
    EXPECT_GE(composed, 12);
}

TEST(presets, hermes_core) {
    const auto d = sheet("hermes_core");
    EXPECT_NEAR(d.step_ps, 130e3, 0.05 * 130e3);
    EXPECT_NEAR(d.step_pj, 12480, 0.05 * 12480);
    EXPECT_NEAR(d.tops_per_mm2, 1.59, 0.05 * 1.59);
    EXPECT_NEAR(d.tops_per_w, 10.5, 0.05 * 10.5);
    EXPECT_GE(d.write_row_ps, 20 * 130e3);
    EXPECT_LE(d.write_row_ps, 30 * 130e3);
    const double row_pj = d.write_pj_per_byte * 128; // 256 weights of 4 bits
    EXPECT_GE(row_pj, 20 * 12480);
    EXPECT_LE(row_pj, 30 * 12480);
}

TEST(presets, hermes_chip_in_both_modes) {
    const auto one = sheet("hermes_chip"), four = sheet("hermes_chip", {"read_phases=4"});
    EXPECT_NEAR(one.step_ps, 133e3, 0.05 * 133e3);
    EXPECT_NEAR(four.step_ps, 521e3, 0.05 * 521e3);
    EXPECT_NEAR(one.tops_per_w, 9.76, 0.05 * 9.76);
    EXPECT_NEAR(four.tops_per_w, 2.48, 0.05 * 2.48);
    EXPECT_NEAR(64 * one.tops, 63.1, 0.05 * 63.1);
    EXPECT_NEAR(64 * four.tops, 16.1, 0.05 * 16.1);
    EXPECT_NEAR(one.overhead_pj / one.step_pj, 0.076, 0.005) << "the chip's overhead has a name";
}

TEST(presets, alpine_tile) {
    const auto d = sheet("alpine_tile");
    EXPECT_NEAR(d.tops_per_w, 12.8, 0.05 * 12.8);
    EXPECT_NEAR(d.step_ps, 100e3, 0.05 * 100e3);
}

TEST(presets, isaac_array) {
    const auto d = sheet("isaac_array");
    EXPECT_NEAR(d.step_ps, 16 * 100e3, 0.02 * 1600e3);
    // 128 conversions a read of 100 ns at 2 mW, 16 reads.
    EXPECT_NEAR(share(d, "adc") * d.step_pj, 2 * 1600e3 * 1e-3, 1);
    EXPECT_EQ(d.geometry.columns_parallel, 16);
}

TEST(presets, split_of_the_c2c_ladder) {
    // Published: converters 34 %, input converters 22 %, array 40 %.
    const auto d = sheet("c2c_ladder");
    EXPECT_NEAR(share(d, "adc"), 0.34, 0.1);
    EXPECT_NEAR(share(d, "word_line"), 0.22, 0.1);
    EXPECT_NEAR(share(d, "array"), 0.40, 0.1);
}

TEST(presets, prototypes_of_the_study_are_predicted_from_geometry_and_node) {
    struct published {
        const char* name;
        double tops_per_w, latency_ns;
    };
    for (const auto& p : {published{"analog_6t", 14.05, 9},
                          {"analog_8t", 6.7, 144},
                          {"digital_6t", 24.7, 18},
                          {"digital_8t", 2.45, 233}}) {
        const auto d = sheet(std::string("prototype_") + p.name);
        EXPECT_LT(std::fabs(std::log(d.tops_per_w / p.tops_per_w)), std::log(d.energy_factor)) << p.name;
        EXPECT_LT(std::fabs(std::log(d.step_ps / 1e3 / p.latency_ns)), std::log(d.delay_factor)) << p.name;
        const auto study = std::get<published_macro_parameters>(load_macro(p.name).value);
        EXPECT_EQ(d.geometry.rows_parallel, study.rows_parallel) << p.name;
        EXPECT_EQ(d.geometry.columns_parallel, study.columns_parallel) << p.name;
        EXPECT_EQ(d.geometry.rows_held, study.rows_held) << p.name;
        EXPECT_EQ(d.geometry.columns_held, study.columns_held) << p.name;
    }
}

TEST(presets, converters_trade_area_for_time) {
    const auto part = [](const std::vector<part_share>& parts, const char* name) {
        for (const auto& p : parts)
            if (p.part == name) return p.value;
        return 0.0;
    };
    const auto one = sheet("charge_domain_array");
    for (const auto& [columns, name] : {std::pair{1.0, "1"}, {8.0, "8"}, {64.0, "64"}, {128.0, "128"}}) {
        const auto d = sheet("charge_domain_array", {std::string("adc.columns_per_adc=") + name});
        const double converting = part(one.time, "convert"), converters = part(one.area, "adc");
        EXPECT_NEAR(d.step_ps, one.step_ps + (columns - 1) * converting, 1e-6 * d.step_ps);
        EXPECT_NEAR(d.area_um2, one.area_um2 - converters * (1 - 1 / columns), 1e-6 * one.area_um2);
    }
}

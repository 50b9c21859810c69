#include "chips.h"

#include <cimtlm/base/error.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace cimtlm;

namespace {

const circuit_constants& calibrated() {
    static const auto k = load_circuits("calibrated");
    return k;
}

void expect_same(const chip_prediction& a, const chip_prediction& b) {
    EXPECT_EQ(a.cycle_ns.value, b.cycle_ns.value);
    EXPECT_EQ(a.tops_1b.value, b.tops_1b.value);
    EXPECT_EQ(a.tops_per_w_1b.value, b.tops_per_w_1b.value);
    EXPECT_EQ(a.assumed, b.assumed);
}

bool says(const std::vector<std::string>& texts, const std::string& what) {
    for (const auto& t : texts)
        if (t.find(what) != std::string::npos) return true;
    return false;
}

} // namespace

TEST(chip_model, outcomes_and_names_are_no_inputs) {
    std::mt19937 random(1);
    for (auto chip : silicon()) {
        const auto before = predict_chip(chip, calibrated());
        chip.cycle_ns = std::nullopt;
        chip.tops_1b = chip.tops_per_w_1b = static_cast<double>(random() % 1000 + 1);
        chip.chip = "another";
        chip.line = 0;
        expect_same(before, predict_chip(chip, calibrated()));
    }
}

TEST(chip_model, operations_are_those_of_the_table) {
    // tops_1b = 2 x dot_product_length x column_outputs_parallel x input_bits x weight_bits / cycle_ns / 1000, as the
    // data set defines it; values below 0.05 carry rounding of up to half.
    for (const auto& chip : silicon())
        if (*chip.tops_1b >= 0.05) {
            EXPECT_NEAR(describe_chip(chip, calibrated()).one_bit_operations / *chip.cycle_ns / 1000 / *chip.tops_1b, 1,
                        0.1)
                << chip.chip;
        }
}

TEST(chip_model, throughput_follows_from_cycle_and_operations) {
    for (const auto& chip : silicon()) {
        const auto p = predict_chip(chip, calibrated());
        const double operations = describe_chip(chip, calibrated()).one_bit_operations;
        EXPECT_NEAR(p.tops_1b.value * p.cycle_ns.value * 1000, operations, 1e-6 * operations);
        for (const auto& b : {p.cycle_ns, p.tops_1b, p.tops_per_w_1b}) {
            EXPECT_LT(b.low, b.value);
            EXPECT_LT(b.value, b.high);
            EXPECT_NEAR(b.value / b.low, b.high / b.value, 1e-9);
        }
    }
}

TEST(chip_model, follows_supply_node_and_precision_as_circuits_do) {
    auto chip = silicon()[32]; // shared charge, 1.0 V
    ASSERT_EQ(chip.chip, "chen2022");
    const auto at = predict_chip(chip, calibrated());
    auto low = chip;
    low.supply_v = 0.7;
    EXPECT_GT(predict_chip(low, calibrated()).cycle_ns.value, at.cycle_ns.value);
    EXPECT_NEAR(predict_chip(low, calibrated()).tops_per_w_1b.value / at.tops_per_w_1b.value, 1 / 0.49, 0.05);
    auto small = chip;
    small.technology_nm = 16;
    EXPECT_LT(predict_chip(small, calibrated()).cycle_ns.value, at.cycle_ns.value);
    EXPECT_GT(predict_chip(small, calibrated()).tops_per_w_1b.value, at.tops_per_w_1b.value);
    auto fine = chip;
    fine.adc_bits = 12;
    EXPECT_LT(predict_chip(fine, calibrated()).tops_per_w_1b.value, at.tops_per_w_1b.value);
    EXPECT_GT(predict_chip(fine, calibrated()).cycle_ns.value, at.cycle_ns.value);
}

TEST(chip_model, what_is_not_said_is_assumed_and_told) {
    chip_row empty;
    const auto p = predict_chip(empty, calibrated());
    EXPECT_GT(p.cycle_ns.value, 0);
    empty.unreadable = {"supply_v 'high'"};
    EXPECT_TRUE(says(predict_chip(empty, calibrated()).marked, "supply_v 'high' cannot be read"));
    for (const auto* name : {"technology_nm", "supply_v", "rows", "cols", "input_bits", "weight_bits",
                             "column_outputs_parallel", "dot_product_length", "cell", "compute_model"})
        EXPECT_TRUE(says(p.assumed, name)) << name;
    for (const auto& chip : silicon()) {
        EXPECT_TRUE(says(predict_chip(chip, calibrated()).assumed, "converter") || chip.compute_model == "DIMC");
        EXPECT_TRUE(says(predict_chip(chip, calibrated()).assumed, "half of the bits"));
    }
}

TEST(chip_model, words_choose_circuits) {
    chip_row chip = silicon()[0];
    chip.adc_bits = 5;
    const auto array_of = [&](const char* memory, const char* cell, const char* model) {
        chip.memory = memory;
        chip.cell = cell;
        chip.compute_model = model;
        return describe_chip(chip, calibrated()).macro.array;
    };
    EXPECT_EQ(array_of("SRAM", "8T1C", "QR").cell, cell_kind::sram_capacitor);
    EXPECT_EQ(array_of("SRAM", "6T", "QR").summation, summation::capacitor);
    EXPECT_EQ(array_of("SRAM", "8T", "QS-QR").summation, summation::charge);
    EXPECT_EQ(array_of("SRAM", "12T", "IS").summation, summation::current);
    EXPECT_EQ(array_of("SRAM", "6T+D", "DIMC").summation, summation::digital);
    EXPECT_EQ(array_of("eNVM", "ReRAM+Par", "IS").cell, cell_kind::resistive);
    EXPECT_EQ(array_of("eNVM", "PCM+cross", "IS").cell, cell_kind::pcm);
    EXPECT_EQ(array_of("eNVM", "MRAM+Par", "QR").summation, summation::charge) << "and marked";
    EXPECT_EQ(array_of("eNVM", "RRAM", "DIMC").cell, cell_kind::sram_8t) << "digital cells, marked";
    EXPECT_EQ(array_of("SRAM", "6T", "").summation, summation::charge) << "a converter is there";
    chip.adc_bits = std::nullopt;
    EXPECT_EQ(array_of("SRAM", "6T", "").summation, summation::digital) << "none is";
}

TEST(chip_model, anything_is_predicted) {
    std::mt19937 random(5);
    const auto pick = [&](std::initializer_list<double> values) -> std::optional<double> {
        const auto i = random() % (values.size() + 1);
        if (i == values.size()) return std::nullopt;
        return *(values.begin() + i);
    };
    const auto word = [&](std::initializer_list<const char*> words) {
        return *(words.begin() + random() % words.size());
    };
    for (int i = 0; i < 5000; ++i) {
        chip_row c;
        c.technology_nm = pick({1, 3, 28, 65, 350, 1e9});
        c.supply_v = pick({0.05, 0.3, 0.8, 5, 100});
        c.rows = pick({1, 3, 64, 1e9});
        c.cols = pick({1, 3, 64, 1e9});
        c.input_bits = pick({0.5, 1, 1.6, 8, 64});
        c.weight_bits = pick({0.5, 1, 3, 8, 64});
        c.adc_bits = pick({0, 0.5, 1, 3.46, 10, 40});
        c.column_outputs_parallel = pick({1, 2.5, 256, 1e9});
        c.dot_product_length = pick({1, 9, 1152, 1e9});
        c.memory = word({"", "SRAM", "eNVM", "DRAM", "?"});
        c.cell = word({"", "6T", "8T1C", "10T", "PCM", "STT-MRAM", "eDRAM", "strange"});
        c.compute_model = word({"", "QS", "QR", "IS", "DIMC", "QS-QR", "TD", "IS-QS"});
        const auto p = predict_chip(c, calibrated());
        for (const auto& b : {p.cycle_ns, p.tops_1b, p.tops_per_w_1b})
            ASSERT_TRUE(std::isfinite(b.value) && b.low > 0 && b.low < b.high) << "seed 5, round " << i;
        ASSERT_LT(p.tops_per_w_1b.value, 1e7) << "operations are those of the circuits, seed 5, round " << i;
        ASSERT_LT(p.tops_1b.value, 1e11) << "seed 5, round " << i;
        if (c.technology_nm && *c.technology_nm > 200) {
            ASSERT_TRUE(says(p.marked, "node") || says(p.marked, "technology_nm"));
        }
    }
}

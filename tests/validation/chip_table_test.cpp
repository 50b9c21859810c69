#include "chips.h"

#include <cimtlm/base/error.h>
#include <gtest/gtest.h>

#include <random>

using namespace cimtlm;

namespace {

std::string refusal(const std::string& text) {
    try {
        parse_chips(text, "t.csv");
    } catch (const input_error& e) {
        return e.what();
    }
    return "";
}

} // namespace

TEST(chip_table, reads_the_silicon_of_the_calibration) {
    EXPECT_EQ(silicon().size(), 40u);
    const auto& hermes = silicon()[22];
    EXPECT_EQ(hermes.chip, "khaddam-aljameh2021");
    EXPECT_EQ(hermes.technology_nm, 14);
    EXPECT_EQ(hermes.cycle_ns, 130);
    EXPECT_FALSE(silicon()[29].adc_bits) << "an empty cell has no value";
}

TEST(chip_table, columns_come_by_name_and_others_are_named) {
    std::vector<std::string> ignored;
    const auto chips =
        parse_chips("supply_v,chip,remark,technology_nm\n0.8,\"a, b\",x,28\n,c,,n/a\n", "t.csv", &ignored);
    ASSERT_EQ(chips.size(), 2u);
    EXPECT_EQ(chips[0].chip, "a, b");
    EXPECT_EQ(chips[0].technology_nm, 28);
    EXPECT_FALSE(chips[1].technology_nm);
    EXPECT_FALSE(chips[1].supply_v);
    EXPECT_EQ(ignored, std::vector<std::string>{"remark"});
    EXPECT_EQ(parse_chips("technology_nm\n28\n", "t.csv")[0].chip, "line 2");
}

TEST(chip_table, says_what_is_wrong_and_where) {
    EXPECT_EQ(refusal("chip,rows,rows\na,1,2\n"), "t.csv:1: column 'rows' stands there twice");
    EXPECT_EQ(refusal("chip,rows\na,1,2\n"),
              "t.csv:2: 3 cells below 2 columns (a comma in a text needs double quotes)");
    EXPECT_EQ(refusal("chip,rows\n"), "t.csv: no chips below the header");
    EXPECT_NE(refusal("colour\nred\n").find("t.csv:1: no column of a chip table"), std::string::npos);
    EXPECT_NE(refusal("").find("the file is empty"), std::string::npos);
    EXPECT_THROW(read_chips("/nowhere.csv"), input_error);
    EXPECT_THROW(read_chips("/tmp"), input_error);
}

TEST(chip_table, a_cell_that_cannot_be_read_has_no_value_and_is_told) {
    const auto chips =
        parse_chips("chip,supply_v,rows,adc_bits,cycle_ns,tops_1b\na,high,0,-1,0,fast\nb,0.8,64,1-5,1,0\n", "t.csv");
    EXPECT_EQ(chips[0].unreadable, (std::vector<std::string>{"rows '0'", "supply_v 'high'", "adc_bits '-1'",
                                                             "cycle_ns '0'", "tops_1b 'fast'"}));
    EXPECT_FALSE(chips[0].supply_v || chips[0].rows || chips[0].adc_bits || chips[0].cycle_ns || chips[0].tops_1b);
    EXPECT_EQ(chips[1].unreadable, std::vector<std::string>{"adc_bits '1-5'"});
    EXPECT_EQ(chips[1].tops_1b, 0) << "rounded";
}

TEST(chip_table, random_bytes_are_refused_or_read) {
    std::mt19937 random(3);
    const std::string header = "chip,technology_nm,rows,supply_v,adc_bits\n",
                      letters = "0123456789.,-+e\"\n\r#aNA? \xc3";
    for (int i = 0; i < 20000; ++i) {
        std::string text = header;
        for (int n = static_cast<int>(random() % 60); n > 0; --n) text += letters[random() % letters.size()];
        try {
            for (const auto& chip : parse_chips(text, "t.csv")) ASSERT_FALSE(chip.chip.empty());
        } catch (const input_error&) {
        }
    }
}

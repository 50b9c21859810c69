// Macros in place of one machine's arrays: the figures of the explicit comparison, what is said beside them, what is
// refused.
#include "child.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace cimtlm::test;

namespace {

const std::vector<std::string> small{"--gemm", "64,256,256", "--fidelity", "bound"};

outcome compare(std::vector<std::string> arguments, const std::vector<std::string>& work = small) {
    arguments.insert(arguments.begin(), "compare");
    arguments.insert(arguments.end(), work.begin(), work.end());
    return call(arguments);
}

boost::json::object compare_json(std::vector<std::string> arguments, const std::vector<std::string>& work = small) {
    arguments.insert(arguments.end(), {"--format", "json"});
    const auto o = compare(std::move(arguments), work);
    EXPECT_EQ(o.status, 0) << o.err;
    EXPECT_EQ(o.err, "");
    return o.status == 0 ? boost::json::parse(o.out).as_object() : boost::json::object{};
}

boost::json::object crossing(const boost::json::object& o, const std::string& over, const std::string& figure) {
    for (const auto& item : o.at("crossings").as_array()) {
        const auto& c = item.as_object();
        if (c.at("over").as_string() == over && c.at("figure").as_string() == figure) return c;
    }
    ADD_FAILURE() << over << " " << figure;
    return {};
}

const std::string energy = "energy_pj_per_operation";

} // namespace

TEST(macros, figures_are_those_of_the_explicit_comparison) {
    for (const std::string machine : {"a100/cim_l2", "a100/cim_smem"})
        for (const std::vector<std::string>& work :
             {std::vector<std::string>{"--gemm", "512,1024,1024"}, {"--trace", "lenet5", "--fidelity", "bound"}}) {
            const auto ours = compare_json(
                {"--macros", "digital_adder_tree", "sram_6t_charge,adc.bits=5", "--machine", machine}, work);
            auto asked = work;
            asked.insert(asked.end(), {"--format", "json"});
            const auto explicitly = compare(
                {machine + ",cim.macro=digital_adder_tree", machine + ",cim.macro=sram_6t_charge,cim.macro.adc.bits=5"},
                asked);
            ASSERT_EQ(explicitly.status, 0) << explicitly.err;
            auto runs = ours.at("runs").as_array();
            for (auto& run : runs) EXPECT_EQ(run.as_object().erase("macro"), 1u);
            EXPECT_EQ(runs, boost::json::parse(explicitly.out).as_array());
        }
}

TEST(macros, the_default_machine_is_named_and_holds_whole_cores) {
    const auto o = compare_json({"--macros", "digital_6t", "pcm_hermes"});
    EXPECT_EQ(o.at("machine").as_string(), "a100/cim_l2");
    ASSERT_EQ(o.at("runs").as_array().size(), 2u);
    for (const auto& run : o.at("runs").as_array())
        EXPECT_GT(number(at(run.as_object(), {"macro", "arrays"})), 0) << "at equal area";
    const auto table = compare({"--macros", "digital_6t", "pcm_hermes"});
    EXPECT_TRUE(contains(table.out, " on a100/cim_l2 (")) << table.out;
    EXPECT_TRUE(contains(call({"compare", "--help"}).out, "a100/cim_l2"));
}

TEST(macros, shares_are_those_of_the_rows) {
    const auto o = compare_json({"--macros", "digital_adder_tree", "sram_6t_charge"});
    for (const auto& item : o.at("runs").as_array()) {
        const auto& run = item.as_object();
        const double total = number(at(run, {"totals", "energy_pj"}));
        double conversions = 0, memories = 0;
        for (const auto& r : run.at("energy_rows").as_array()) {
            const auto& row = r.as_object();
            const std::string part(row.at("part").as_string()), action(row.at("action").as_string());
            if (part == "cim" && action.rfind("convert_", 0) == 0) conversions += number(row.at("energy_pj"));
            if (part == "dram" || part == "l2" || part == "bus") memories += number(row.at("energy_pj"));
        }
        EXPECT_NEAR(number(at(run, {"macro", "converter_share"})), conversions / total, 1e-12);
        EXPECT_NEAR(number(at(run, {"macro", "memory_share"})), memories / total, 1e-12);
        EXPECT_NEAR(number(at(run, {"macro", "mac_share"})), number(at(run, {"energy_by_part", "cim"})) / total, 1e-12);
    }
    const auto& runs = o.at("runs").as_array();
    EXPECT_EQ(number(at(runs[0].as_object(), {"macro", "converter_share"})), 0);
    EXPECT_TRUE(at(runs[0].as_object(), {"macro", "exact"}).as_bool());
    EXPECT_GT(number(at(runs[1].as_object(), {"macro", "converter_share_of_macs"})), 0.01);
}

TEST(macros, counted_arrays_give_their_area) {
    // Three arrays of digital_6t stand there.
    const auto own = run_json({"rf_digital_6t_iso_area", "--gemm", "64,256,256", "--fidelity", "bound"});
    const auto o =
        compare_json({"rf_digital_6t_iso_area", "--macros", "digital_6t", "analog_6t", "digital_adder_tree"});
    const auto& runs = o.at("runs").as_array();
    ASSERT_EQ(runs.size(), 3u);
    EXPECT_EQ(at(runs[0].as_object(), {"totals"}), own.at("totals"));
    EXPECT_EQ(number(at(runs[1].as_object(), {"macro", "arrays"})), 3) << "1.34 of the area, not 1.4: three fit";
    EXPECT_TRUE(contains(std::string(runs[2].as_object().at("refused").as_string()), "um2")) << "larger than three";
}

TEST(macros, what_does_not_fit_is_a_row) {
    const std::vector<std::string> macros{"--machine", "a100/cim_smem", "--macros", "pcm_hermes", "digital_6t"};
    const auto table = compare(macros);
    ASSERT_EQ(table.status, 0) << table.err;
    EXPECT_TRUE(contains(table.out, "\npcm_hermes  does not fit")) << table.out;
    EXPECT_TRUE(contains(table.out, "pcm_hermes: does not fit: ")) << table.out;
    EXPECT_TRUE(contains(table.out, "ratios to digital_6t")) << table.out;
    const auto o = compare_json(macros);
    EXPECT_EQ(crossing(o, "batch", energy).at("verdict").as_string(), "does not fit");
    EXPECT_EQ(crossing(o, "precision", energy).at("verdict").as_string(), "digital_6t below throughout");
    const auto none = compare({"--machine", "a100/cim_smem", "--macros", "pcm_hermes", "hermes_core"});
    EXPECT_EQ(none.status, 4);
    EXPECT_EQ(none.out, "");
}

TEST(macros, unequal_results_have_no_winner) {
    const std::vector<std::string> pair{"--macros", "digital_adder_tree", "sram_6t_charge,adc.bits=2"};
    const auto two = compare(pair);
    ASSERT_EQ(two.status, 0) << two.err;
    EXPECT_TRUE(contains(two.out, "reduced: sram_6t_charge,adc.bits=2; no winner")) << two.out;
    EXPECT_FALSE(contains(two.out, "fastest")) << two.out;
    EXPECT_FALSE(contains(two.out, "wins in")) << two.out;
    EXPECT_FALSE(contains(two.out, "loses in")) << two.out;
    auto three = pair;
    three.push_back("digital_6t");
    EXPECT_TRUE(contains(compare(three).out, "among the others fastest: ")) << "two are exact";
    const auto o = compare_json(pair);
    EXPECT_EQ(o.at("reduced").as_array().size(), 1u);
    EXPECT_TRUE(crossing(o, "precision", energy).at("reduced").as_bool());
    EXPECT_FALSE(crossing(o, "precision, exact converters", energy).at("reduced").as_bool());
    EXPECT_TRUE(contains(compare({"--macros", "digital_6t", "digital_8t"}).out, "\nfastest: ")) << "both digital";
}

TEST(macros, what_papers_do_not_say_wins_nothing) {
    const std::vector<std::string> three{"--macros", "digital_6t", "pcm_hermes", "analog_6t"};
    const auto o = compare_json(three);
    const auto& runs = o.at("runs").as_array();
    const auto macro = [&](std::size_t i, const char* key) { return at(runs.at(i).as_object(), {"macro", key}); };
    EXPECT_EQ(number(macro(0, "effective_bits")), 24) << "8 + 8 bits, 256 rows";
    EXPECT_NEAR(number(macro(1, "effective_bits")), 3.4, 1e-12);
    EXPECT_EQ(number(macro(1, "exact_bits")), 20);
    EXPECT_TRUE(macro(2, "effective_bits").is_null());
    EXPECT_FALSE(macro(2, "exact").as_bool());
    EXPECT_TRUE(macro(2, "reduced").as_bool());
    EXPECT_EQ(o.at("reduced").as_array(), (boost::json::array{"pcm_hermes", "analog_6t"}));
    const auto table = compare(three).out;
    EXPECT_TRUE(contains(table, "3.4 of 20.0 bits")) << table;
    EXPECT_TRUE(
        contains(table, "\nreduced: pcm_hermes, analog_6t; no winner among results of unequal or unknown worth\n"))
        << table;
    EXPECT_TRUE(contains(table, "\nanalog_6t: result not said against exact, no winner: ")) << table;
    for (const auto* claim : {"fastest", "wins in", "loses in"}) EXPECT_FALSE(contains(table, claim)) << table;
    // Of nobody is it said: not even these are worth the same.
    const auto unknown = compare({"--macros", "analog_6t", "analog_8t"});
    EXPECT_EQ(unknown.status, 0) << unknown.err;
    EXPECT_TRUE(contains(unknown.out, "\nreduced: analog_6t, analog_8t; no winner")) << unknown.out;
    EXPECT_TRUE(contains(compare({"--macros", "digital_6t", "analog_6t", "digital_8t"}).out,
                         "reduced: analog_6t; among the others fastest: "));
    const auto said = compare({"--macros", "pcm_hermes", "analog_6t,effective_bits=4"});
    EXPECT_TRUE(contains(said.out, "\nfastest: ")) << "3.4 and 4 bits\n" << said.out;
    auto csv = three;
    csv.insert(csv.end(), {"--format", "csv"});
    EXPECT_TRUE(contains(lines(compare(csv).out).at(3), ",22,,")) << "nothing where nothing is said";
}

TEST(macros, crossings_follow_their_points) {
    const auto o = compare_json({"--macros", "digital_6t", "analog_6t,input_bits=4,weight_bits=4"});
    const auto c = crossing(o, "precision", energy);
    const auto &first = c.at("first_values").as_array(), &other = c.at("other_values").as_array();
    ASSERT_EQ(first.size(), 8u);
    for (std::size_t i = 1; i < 8; ++i) {
        EXPECT_EQ(first[i], first[0]) << "8 bits take what they hold";
        EXPECT_NEAR(number(other[i]) / number(other[0]), i < 4 ? 1 : 4, 1e-9) << "two slices each from 5 bits on";
    }
    // 0.34 against 0.15 pJ at one technology, four times that from 5 bits on: they cross between.
    EXPECT_NEAR(number(first[0]) / number(other[0]), 0.34 / 0.15, 1e-9);
    ASSERT_EQ(c.at("crossings").as_array().size(), 1u);
    const double x = number(c.at("crossings").as_array()[0]);
    EXPECT_TRUE(x > 4 && x < 5) << x;
    EXPECT_EQ(crossing(o, "rows", energy).at("first_values").as_array()[0], boost::json::value(nullptr));
    EXPECT_EQ(crossing(o, "batch", "time_ps_per_operation").at("points").as_array().size(), 13u);
}

TEST(macros, csv_and_markdown) {
    const std::vector<std::string> macros{"--machine", "a100/cim_smem", "--macros", "digital_6t", "pcm_hermes"};
    auto with = [&](const std::string& format) {
        auto all = macros;
        all.insert(all.end(), {"--format", format});
        return lines(compare(all).out);
    };
    const auto csv = with("csv");
    ASSERT_EQ(csv.size(), 3u);
    EXPECT_EQ(csv[0],
              "macro,time_ps,energy_pj,tops,tops_per_w,utilization,area_um2,bound_by,speedup,energy_gain,arrays,"
              "exact_bits,effective_bits,mac_share,converter_share,memory_share");
    for (const auto& line : csv) EXPECT_EQ(std::count(line.begin(), line.end(), ','), 15) << line;
    const auto markdown = with("markdown");
    EXPECT_EQ(markdown[0].rfind("| macro | time |", 0), 0u) << markdown[0];
    EXPECT_TRUE(contains(markdown[5], "| digital_6t against | over |")) << markdown[5];
}

TEST(macros, what_is_wrong_is_said) {
    const auto refuse = [](const std::vector<std::string>& arguments, const std::vector<std::string>& parts) {
        const auto o = compare(arguments);
        EXPECT_EQ(o.status, 2) << o.err;
        EXPECT_EQ(o.out, "");
        EXPECT_EQ(lines(o.err).size(), 1u) << o.err;
        for (const auto& part : parts) EXPECT_TRUE(contains(o.err, part)) << part << "\n" << o.err;
    };
    refuse({"--macros", "digital_6t"}, {"--macros", "two"});
    refuse({"--macros", "digital_6t", "digital_8"}, {"--macros digital_8", "did you mean 'digital_8t'"});
    refuse({"--macros", "digital_6t", "sram_6t_charge,adc.bit=4"}, {"--macros sram_6t_charge", "did you mean 'bits'"});
    refuse({"--macros", "digital_6t", "sram_6t_charge,adc.bits"}, {"--macros sram_6t_charge", "key=value"});
    refuse({"a100/cim_rf", "a100/cim_l2", "--macros", "digital_6t", "digital_8t"}, {"--macros", "--machine"});
    refuse({"--machine", "rf_digital_6", "--macros", "digital_6t", "digital_8t"}, {"did you mean 'rf_digital_6t'"});
    refuse({"--machine", "tensor_core", "--macros", "digital_6t", "digital_8t"}, {"tensor_core", "'cim'"});
}

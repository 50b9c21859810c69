// cimtlm validate and cimtlm macro: what they print, in which forms, and what they refuse.
#include "child.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cmath>

using namespace cimtlm::test;
namespace json = boost::json;

namespace {

const std::string silicon = CIMTLM_SOURCE_DIR "/tests/data/silicon.csv";

json::value json_of(const std::vector<std::string>& arguments) {
    const auto o = call(arguments);
    EXPECT_EQ(o.status, 0) << o.err;
    return json::parse(o.out);
}

double number(const json::value& v, const char* key) { return v.at(key).to_number<double>(); }

} // namespace

TEST(validate, json_has_a_chip_a_row_with_bands_and_ratios) {
    const auto report = json_of({"validate", "silicon", silicon, "--format", "json"});
    const auto& chips = report.at("chips").as_array();
    ASSERT_EQ(chips.size(), 40u);
    for (const auto& c : chips) {
        for (const std::string name : {"cycle_ns", "tops_1b", "tops_per_w_1b"}) {
            const auto key = "predicted_" + name;
            EXPECT_LT(number(c, (key + "_low").c_str()), number(c, key.c_str()));
            EXPECT_LT(number(c, key.c_str()), number(c, (key + "_high").c_str()));
            EXPECT_GT(number(c, ("ratio_" + name).c_str()), 0);
        }
        EXPECT_FALSE(c.at("assumed").as_array().empty());
        EXPECT_TRUE(c.at("out_of_range").is_array());
    }
    EXPECT_EQ(chips[0].at("chip").as_string(), "su2021");
    EXPECT_EQ(chips[0].at("line").to_number<int>(), 2);
    EXPECT_EQ(report.at("summary").at("cycle_ns").at("chips").to_number<int>(), 30);
}

TEST(validate, outcomes_may_be_left_empty) {
    const scratch folder;
    const std::string header =
                          "chip,technology_nm,memory,cell,rows,cols,supply_v,input_bits,weight_bits,adc_bits,"
                          "column_outputs_parallel,dot_product_length,cycle_ns,tops_1b,tops_per_w_1b,compute_model\n",
                      inputs = "a,28,SRAM,6T,128,128,0.9,1,1,4,32,64,";
    const auto with =
        json_of({"validate", "silicon", folder.file("with.csv", header + inputs + "5,1,100,QS\n"), "--format", "json"});
    const auto without =
        json_of({"validate", "silicon", folder.file("without.csv", header + inputs + ",,,QS\n"), "--format", "json"});
    const auto &a = with.at("chips").at(0), &b = without.at("chips").at(0);
    for (const auto* key : {"predicted_cycle_ns", "predicted_tops_1b", "predicted_tops_per_w_1b"})
        EXPECT_EQ(number(a, key), number(b, key));
    EXPECT_NEAR(number(a, "ratio_cycle_ns"), number(a, "predicted_cycle_ns") / 5, 1e-9);
    EXPECT_FALSE(b.as_object().contains("ratio_cycle_ns"));
    EXPECT_FALSE(without.as_object().contains("summary"));
}

TEST(validate, the_forms_agree) {
    const auto table = call({"validate", "silicon", silicon}),
               csv = call({"validate", "silicon", silicon, "--format", "csv"});
    EXPECT_EQ(table.status, 0);
    EXPECT_EQ(lines(csv.out).size(), 41u);
    for (const auto* chip : {"su2021", "wang2024"}) {
        EXPECT_NE(table.out.find(chip), std::string::npos);
        EXPECT_NE(csv.out.find(chip), std::string::npos);
    }
    EXPECT_NE(table.out.find("Out of range, predicted all the same:\n  line 16, chen2019"), std::string::npos);
    EXPECT_EQ(call({"validate", "silicon", silicon}).out, table.out) << "the same bytes";
}

TEST(validate, other_circuits_give_other_figures) {
    const auto fitted = json_of({"validate", "silicon", silicon, "--format", "json"}),
               textbook = json_of({"validate", "silicon", silicon, "--format", "json", "--circuits", "textbook"});
    EXPECT_EQ(textbook.at("circuits").as_string(), "textbook");
    EXPECT_NE(number(fitted.at("chips").at(0), "predicted_cycle_ns"),
              number(textbook.at("chips").at(0), "predicted_cycle_ns"));
}

TEST(validate, refuses_with_a_reason) {
    const auto refused = [](const std::vector<std::string>& arguments) {
        const auto o = call(arguments);
        EXPECT_EQ(o.status, 2);
        EXPECT_EQ(o.out, "");
        return o.err;
    };
    EXPECT_EQ(refused({"validate"}), "cimtlm: nothing to validate: cimtlm validate silicon FILE.csv\n");
    EXPECT_NE(refused({"validate", "silicn", silicon}).find("did you mean 'silicon'?"), std::string::npos);
    EXPECT_NE(refused({"validate", "silicon", "/nowhere.csv"}).find("/nowhere.csv: cannot be read"), std::string::npos);
    EXPECT_NE(refused({"validate", "silicon", silicon, "--format", "jsn"}).find("did you mean 'json'?"),
              std::string::npos);
    EXPECT_NE(refused({"validate", "silicon", silicon, "--circuits", "calibratd"}).find("did you mean 'calibrated'?"),
              std::string::npos);
    const scratch folder;
    EXPECT_NE(
        refused({"validate", "silicon", folder.file("bad.csv", "chip,rows\na,1,2\n")}).find("3 cells below 2 columns"),
        std::string::npos);
    EXPECT_NE(refused({"validate", "silicon", folder.path("")}).find("cannot be read"), std::string::npos);
}

TEST(macro, data_sheet_of_either_kind) {
    const auto page = call({"macro", "hermes_core"});
    EXPECT_EQ(page.status, 0);
    for (const auto* text :
         {"composed of circuits", "130.0 ns a step", "12.48 nJ a step", "1.590 TOPS/mm2", "adc", "effective bits"})
        EXPECT_NE(page.out.find(text), std::string::npos) << text;
    const auto published = json_of({"macro", "digital_6t", "--json"});
    EXPECT_EQ(published.at("kind").as_string(), "published");
    EXPECT_EQ(number(published, "step_ps"), 18000);
    const auto composed = json_of({"macro", "digital_adder_tree", "--json"});
    EXPECT_EQ(composed.at("kind").as_string(), "composed");
    EXPECT_EQ(number(composed, "effective_bits"), number(composed, "exact_bits"));
    EXPECT_NEAR(number(composed, "tops_1b"), number(composed, "tops") * 8 * 4, 1e-9);
    double energy = 0;
    for (const auto& part : composed.at("energy_pj").as_object()) energy += part.value().to_number<double>();
    EXPECT_NEAR(energy, number(composed, "step_pj"), 1e-6 * energy);
}

TEST(macro, knobs_turn) {
    const auto figure = [](const std::string& set, const char* key) {
        return number(json_of({"macro", "charge_domain_array", "--json", "--set", set}), key);
    };
    const double step = figure("adc.bits=8", "step_ps");
    EXPECT_GT(figure("adc.bits=10", "step_ps"), step);
    EXPECT_LT(figure("array.rows=128", "step_ps"), step);
    EXPECT_NEAR(figure("input_bits=4", "step_ps"), step / 2, 1e-6 * step);
    EXPECT_GT(figure("native.supply_v=0.6", "step_ps"), step);
    EXPECT_LT(figure("native.supply_v=0.6", "step_pj"), figure("native.supply_v=0.8", "step_pj"));
    EXPECT_GT(figure("temperature_c=105", "leakage_mw"), figure("temperature_c=25", "leakage_mw"));
}

TEST(macro, nonsense_is_refused_with_reasons) {
    const auto refused = [](const std::string& macro, const std::string& set) {
        const auto o = call({"macro", macro, "--set", set});
        EXPECT_EQ(o.status, 2) << set;
        EXPECT_EQ(o.out, "");
        return o.err;
    };
    EXPECT_NE(refused("charge_domain_array", "array.rows=0").find("an array has 1 to 1048576 rows, not 0"),
              std::string::npos);
    EXPECT_NE(
        refused("charge_domain_array", "adc.count=1000").find("more converters (1000) than columns to convert (256)"),
        std::string::npos);
    EXPECT_NE(refused("isaac_array", "weight_bits=1").find("a slice of 2 bits is wider than the weight of 1"),
              std::string::npos);
    EXPECT_NE(refused("charge_domain_array", "circuits.comparator_ps=0").find("a converter without a clock"),
              std::string::npos);
    EXPECT_NE(refused("charge_domain_array", "adc.bit=6").find("did you mean 'bits'?"), std::string::npos);
    EXPECT_NE(refused("charge_domain_aray", "adc.bits=6").find("did you mean 'charge_domain_array'?"),
              std::string::npos);
    EXPECT_EQ(refused("digital_6t", "latency_ps=0"), "cimtlm: digital_6t: latency_ps must be above 0\n");
    EXPECT_NE(refused("charge_domain_array", "circuits.pulse_ps=-1").find("circuits.pulse_ps"), std::string::npos);
    EXPECT_NE(refused("charge_domain_array", "latency_ps=6").find("latency_ps"), std::string::npos);
}

TEST(macro, a_published_result_is_worth_what_its_paper_says) {
    const auto row = [](const char* macro) {
        for (const auto& line : lines(call({"macro", macro}).out))
            if (line.rfind("result ", 0) == 0) return line;
        return std::string();
    };
    EXPECT_EQ(row("digital_6t"), "result       24.00 effective bits of 24.00");
    EXPECT_EQ(row("pcm_hermes"), "result       3.400 effective bits of 20.00");
    EXPECT_EQ(row("analog_6t"), "result       not said");
    EXPECT_TRUE(json_of({"macro", "analog_8t", "--json"}).at("effective_bits").is_null());
    EXPECT_EQ(number(json_of({"macro", "analog_8t", "--json"}), "exact_bits"), 22);
    EXPECT_EQ(number(json_of({"macro", "analog_6t", "--json", "--set", "exact=true"}), "effective_bits"), 22);
    for (const auto* wrong : {"effective_bits=-1", "effective_bits=20.5"}) {
        const auto o = call({"run", "a100/cim_l2", "--gemm", "4,4,4", "--set", "cim.macro=pcm_hermes", "--set",
                             std::string("cim.macro.") + wrong});
        EXPECT_EQ(o.status, 2) << wrong;
        EXPECT_TRUE(contains(o.err, "cim.macro.effective_bits")) << o.err;
    }
}

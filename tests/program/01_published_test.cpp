// The published figures of the A100-like study, asked of the program as a user would.
#include "child.h"

#include <tests/csv_rows.h>

#include <gtest/gtest.h>

#include <cmath>

using namespace cimtlm;
using namespace cimtlm::test;

namespace {

const std::string data = std::string(CIMTLM_SOURCE_DIR) + "/tests/data/";

boost::json::object published(const std::string& machine, const std::string& gemm, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{machine, "--gemm", gemm, "--fidelity", "bound", "--convention", "published"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_json(arguments);
}

/// Within 0.1 %, or as exact as the printed figure is.
void expect_near(double value, double target, double digits, const std::string& what) {
    EXPECT_NEAR(value, target, std::max(1e-3 * target, digits)) << what;
}

double part(const boost::json::object& r, const std::string& name) {
    const auto& parts = r.at("energy_by_part").as_object();
    return parts.contains(name) ? number(parts.at(name)) : 0;
}

std::int64_t traffic(const boost::json::object& r, const std::string& level, const std::string& tensor,
                     const std::string& kind) {
    return at(r, {"traffic_bytes", level, tensor, kind}).to_number<std::int64_t>();
}

struct bytes_of_access {
    const char *level, *tensor, *kind;
    std::int64_t bytes;
};

} // namespace

TEST(published, four_arrays) {
    // The published rate has its own column in the paper: MACs a ns for CiM, operations a ns for the baseline.
    const std::map<std::string, double> rates{
        {"tensor_core", 325.66},   {"rf_analog_6t", 7.111},     {"rf_analog_8t", 0.444},
        {"rf_digital_6t", 910.22}, {"rf_digital_8t", 0.275},    {"smem_analog_6t", 7.111},
        {"smem_analog_8t", 0.444}, {"smem_digital_6t", 496.49}, {"smem_digital_8t", 0.275}};
    const std::map<std::string, double> weight_write{
        {"analog_6t", 0.23}, {"analog_8t", 0.37}, {"digital_6t", 6.25}, {"digital_8t", 3.32}};
    const double macs = 512.0 * 1024 * 1024;
    const auto rows = csv_rows(data + "study_four_arrays.csv");
    ASSERT_EQ(rows.size(), 9u);
    for (const auto& row : rows) {
        const auto& design = row.at("design");
        SCOPED_TRACE(design);
        std::vector<std::string> more{"--mapper", "rules"};
        // These rows of the paper follow an older rule.
        if (design.rfind("smem_", 0) == 0) more.insert(more.end(), {"--set", "mapper.bank_order=k_first"});
        const auto r = published(design, "512,1024,1024", more);
        const double energy_pj = number(at(r, {"totals", "energy_pj"}));
        expect_near((energy_pj - part(r, "addition")) * 1e-6, std::stod(row.at("energy_uj")), 0, "energy");
        const auto per_mac = [&](double pj) { return pj * 1e3 / macs; };
        expect_near(per_mac(part(r, "mac") + part(r, "rf") + part(r, "latch")), std::stod(row.at("unit_fj")), 0,
                    "unit");
        expect_near(per_mac(part(r, "smem")), std::stod(row.at("smem_fj")), 0, "smem");
        expect_near(per_mac(part(r, "dram")), std::stod(row.at("dram_fj")), 0, "dram");
        if (design != "tensor_core")
            expect_near(per_mac(part(r, "weight_write")), weight_write.at(design.substr(design.find('_') + 1)), 0.005,
                        "weight write");
        expect_near(number(at(r, {"totals", "tops_per_w"})), std::stod(row.at("tops_per_w")), 0, "TOPS/W");
        expect_near(number(at(r, {"totals", "published_rate_gops"})), rates.at(design), 5e-4, "rate");
        EXPECT_EQ(at(r, {"totals", "time_ps"}).to_number<std::int64_t>(),
                  std::llround(std::stod(row.at("time_ns")) * 1e3));
        EXPECT_EQ(number(at(r, {"totals", "operations"})), 2 * macs - 512.0 * 1024);
    }
}

TEST(published, iso_area) {
    const auto rows = csv_rows(data + "study_iso_area.csv");
    ASSERT_EQ(rows.size(), 10u);
    for (const auto& row : rows) {
        const auto gemm = row.at("m") + "," + row.at("n") + "," + row.at("k");
        SCOPED_TRACE(row.at("design") + " " + gemm);
        const auto r = published(row.at("design") + "_digital_6t_iso_area", gemm, {"--mapper", "rules"});
        expect_near(number(at(r, {"totals", "energy_pj"})) * 1e-6, std::stod(row.at("energy_uj")), 0, "energy");
        expect_near(number(at(r, {"totals", "tops_per_w"})), std::stod(row.at("tops_per_w")), 0, "TOPS/W");
        EXPECT_EQ(at(r, {"totals", "time_ps"}).to_number<std::int64_t>(),
                  std::llround(std::stod(row.at("time_ns")) * 1e3));
    }
}

TEST(published, tensor_core_by_hand_is_tensor_core_by_its_rules) {
    auto by_rules = published("tensor_core", "512,1024,1024", {"--mapper", "rules"});
    auto by_hand = published("tensor_core", "512,1024,1024",
                             {"--mapping", std::string(CIMTLM_SOURCE_DIR) + "/platforms/study/tensor_core.mapping"});
    EXPECT_NE(by_rules.at("mapper"), by_hand.at("mapper"));
    by_rules.erase("mapper");
    by_hand.erase("mapper");
    EXPECT_EQ(by_rules, by_hand);
}

TEST(published, traffic_in_bytes) {
    const std::map<std::string, std::vector<bytes_of_access>> published_bytes{
        {"rf_digital_6t",
         {{"dram", "A", "read", 524288},
          {"dram", "B", "read", 1048576},
          {"dram", "Z", "read", 1572864},
          {"dram", "Z", "update", 2097152},
          {"smem", "A", "read", 8388608},
          {"smem", "A", "fill", 524288},
          {"smem", "B", "read", 0}, // weights go from DRAM to the arrays
          {"smem", "Z", "read", 1572864},
          {"smem", "Z", "fill", 1572864},
          {"smem", "Z", "update", 2097152}}},
        {"rf_analog_6t",
         {{"dram", "A", "read", 2097152},
          {"dram", "B", "read", 1048576},
          {"dram", "Z", "read", 0},
          {"dram", "Z", "update", 524288},
          {"smem", "A", "read", 2097152},
          {"smem", "A", "fill", 2097152},
          {"smem", "Z", "read", 7864320},
          {"smem", "Z", "update", 8388608}}},
        {"tensor_core",
         {{"dram", "A", "read", 4194304},
          {"dram", "B", "read", 1048576},
          {"dram", "Z", "update", 524288},
          {"smem", "A", "read", 4194304},
          {"smem", "B", "read", 134217728},
          {"rf", "Z", "read", 4 * 8257536}, // the paper counts one of four sub-partitions
          {"rf", "Z", "update", 4 * 8388608}}}};
    for (const auto& [machine, accesses] : published_bytes) {
        const auto r = published(machine, "512,1024,1024", {"--mapper", "rules"});
        for (const auto& a : accesses)
            EXPECT_EQ(traffic(r, a.level, a.tensor, a.kind), a.bytes)
                << machine << ": " << a.level << " " << a.tensor << " " << a.kind;
    }
}

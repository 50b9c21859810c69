// The comparison says what the single runs say, in the order asked for.
#include "child.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

using namespace cimtlm::test;

namespace {

const std::vector<std::string> machines{"tensor_core", "rf_digital_6t", "smem_digital_6t_iso_area"};

outcome compare(const std::vector<std::string>& names, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"compare"};
    arguments.insert(arguments.end(), names.begin(), names.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return call(arguments);
}

} // namespace

TEST(compare, json_is_what_run_prints) {
    const auto o = compare(machines, {"--trace", "lenet5", "--format", "json"});
    ASSERT_EQ(o.status, 0) << o.err;
    EXPECT_EQ(o.err, "");
    const auto array = boost::json::parse(o.out).as_array();
    ASSERT_EQ(array.size(), machines.size());
    for (std::size_t i = 0; i < machines.size(); ++i) EXPECT_EQ(array[i], run_json({machines[i], "lenet5"}));
}

TEST(compare, hands_every_option_on) {
    const scratch s;
    const auto nests = s.file("nests", "64,64,64: dram M64 / smem N4 / bank N1 / array K64 N16\n");
    const std::vector<std::vector<std::string>> sets{
        {"--fidelity", "bound"},
        {"--convention", "published"},
        {"--mapper", "search"},
        {"--set", "dram.read_bytes_per_cycle=8", "--set", "host.issue=gemm"},
        {"--steady"},
        {"--cold"},
        {"--mapping", nests}};
    for (const auto& more : sets) {
        std::vector<std::string> work{"--gemm", "64,64,64"};
        work.insert(work.end(), more.begin(), more.end());
        auto asked = work;
        asked.insert(asked.end(), {"--format", "json"});
        const auto o = compare({"rf_digital_6t"}, asked);
        ASSERT_EQ(o.status, 0) << o.err;
        work.insert(work.begin(), "rf_digital_6t");
        EXPECT_EQ(boost::json::parse(o.out).as_array()[0], run_json(work)) << more[0];
    }
}

TEST(compare, order_changes_nothing_but_the_order) {
    auto turned = machines;
    std::reverse(turned.begin(), turned.end());
    for (const std::string jobs : {"1", "3"}) {
        const auto one = compare(machines, {"--trace", "lenet5", "--format", "json", "--jobs", jobs});
        const auto other = compare(turned, {"--trace", "lenet5", "--format", "json", "--jobs", "2"});
        ASSERT_EQ(one.status, 0) << one.err;
        auto rows = boost::json::parse(one.out).as_array();
        const auto turned_rows = boost::json::parse(other.out).as_array();
        std::reverse(rows.begin(), rows.end());
        EXPECT_EQ(rows, turned_rows);
    }
}

TEST(compare, csv) {
    const auto o = compare(machines, {"--gemm", "512,1024,1024", "--format", "csv"});
    ASSERT_EQ(o.status, 0) << o.err;
    const auto rows = lines(o.out);
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(rows[0], "machine,time_ps,energy_pj,tops,tops_per_w,utilization,area_um2,bound_by,speedup,energy_gain");
    double first_time = 0, first_energy = 0;
    for (std::size_t i = 0; i < machines.size(); ++i) {
        std::istringstream in(rows[i + 1]);
        std::vector<std::string> cells;
        for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
        ASSERT_EQ(cells.size(), 10u) << rows[i + 1];
        const auto r = run_json({machines[i], "--gemm", "512,1024,1024"});
        EXPECT_EQ(cells[0], machines[i]);
        EXPECT_EQ(std::stoll(cells[1]), at(r, {"totals", "time_ps"}).to_number<std::int64_t>());
        EXPECT_NEAR(std::stod(cells[2]) / number(at(r, {"totals", "energy_pj"})), 1, 1e-9);
        EXPECT_NEAR(std::stod(cells[6]) / number(r.at("area_um2")), 1, 1e-9);
        EXPECT_EQ(cells[7], r.at("bound_by").as_string());
        if (i == 0) {
            first_time = std::stod(cells[1]);
            first_energy = std::stod(cells[2]);
        }
        EXPECT_NEAR(std::stod(cells[8]), first_time / std::stod(cells[1]), 1e-9 * std::stod(cells[8]));
        EXPECT_NEAR(std::stod(cells[9]), first_energy / std::stod(cells[2]), 1e-9 * std::stod(cells[9]));
    }
}

TEST(compare, table_and_markdown_have_a_row_a_machine) {
    const auto table = compare(machines, {"--trace", "lenet5"});
    ASSERT_EQ(table.status, 0);
    for (const auto& column : {"time", "energy", "TOPS", "TOPS/W", "utilisation", "area", "bound by", "speed-up"})
        EXPECT_TRUE(contains(table.out, column)) << column;
    for (const auto& name : machines) EXPECT_TRUE(contains(table.out, "\n" + name + " ")) << table.out;
    const auto markdown = lines(compare(machines, {"--trace", "lenet5", "--format", "markdown"}).out);
    ASSERT_EQ(markdown.size(), machines.size() + 2);
    const auto bars = std::count(markdown[0].begin(), markdown[0].end(), '|');
    for (const auto& line : markdown) EXPECT_EQ(std::count(line.begin(), line.end(), '|'), bars) << line;
}

TEST(compare, a_run_that_fails_is_named) {
    // The nest is one of rf_digital_6t: on the other machine it cannot exist.
    const scratch s;
    const auto nests = s.file("nests", "64,64,64: dram M64 / smem N4 / bank N1 / array K64 N16\n");
    const auto o = compare({"rf_digital_6t", "tensor_core"}, {"--gemm", "64,64,64", "--mapping", nests});
    EXPECT_EQ(o.status, 2);
    EXPECT_EQ(o.out, "");
    EXPECT_TRUE(contains(o.err, "cimtlm: tensor_core: ")) << o.err;
    EXPECT_EQ(lines(o.err).size(), 1u) << o.err;
}

TEST(compare, the_whole_study) {
    const auto o = compare(study_machines(), {"--trace", "lenet5", "--format", "csv"});
    ASSERT_EQ(o.status, 0) << o.err;
    EXPECT_EQ(lines(o.out).size(), 18u);
}

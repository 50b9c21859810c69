// cimtlm probe: which level serves a working set, how fast, and what is refused.
#include "child.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <sstream>

using namespace cimtlm::test;

namespace {

/// Cells of a CSV by column.
std::vector<std::map<std::string, std::string>> rows(const std::string& csv) {
    std::vector<std::map<std::string, std::string>> table;
    std::vector<std::string> header;
    for (const auto& line : lines(csv)) {
        std::vector<std::string> cells;
        std::istringstream in(line);
        for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
        if (header.empty()) {
            header = cells;
            continue;
        }
        table.emplace_back();
        EXPECT_EQ(cells.size(), header.size()) << line;
        for (std::size_t i = 0; i < std::min(cells.size(), header.size()); ++i) table.back()[header[i]] = cells[i];
    }
    return table;
}

double figure(const std::map<std::string, std::string>& row, const std::string& column) {
    EXPECT_EQ(row.count(column), 1u) << column;
    return row.count(column) ? std::strtod(row.at(column).c_str(), nullptr) : 0;
}

std::vector<std::map<std::string, std::string>> probe(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "probe");
    arguments.push_back("--csv");
    const auto o = call(arguments);
    EXPECT_EQ(o.status, 0) << o.err;
    EXPECT_EQ(o.err, "");
    return rows(o.out);
}

TEST(probe, latency_by_working_set_goes_through_all_levels) {
    const auto table = probe({"a100/tensor_core", "latency"});
    ASSERT_GT(table.size(), 10u);
    std::vector<std::string> levels;
    double before = 0;
    for (const auto& row : table) {
        if (levels.empty() || levels.back() != row.at("level")) levels.push_back(row.at("level"));
        EXPECT_GE(figure(row, "cycles"), 0.95 * before) << "a larger set is not faster";
        EXPECT_LE(figure(row, "shortest_cycles"), figure(row, "cycles"));
        EXPECT_GE(figure(row, "longest_cycles"), figure(row, "cycles"));
        EXPECT_NEAR(figure(row, "ns"), figure(row, "cycles") / 1.41, 0.1);
        before = figure(row, "cycles");
    }
    EXPECT_EQ(levels, (std::vector<std::string>{"smem", "l2", "dram"}));
}

TEST(probe, bandwidth_of_some_units_and_of_writes) {
    const auto size = std::vector<std::string>{"a100/tensor_core", "bandwidth", "--size", "4MiB"};
    auto one = size, write = size;
    one.insert(one.end(), {"--units", "1"});
    write.push_back("--write");
    const auto all = probe(size).at(0), single = probe(one).at(0), written = probe(write).at(0);
    EXPECT_EQ(figure(all, "working_set_bytes"), 4 * 1024 * 1024);
    EXPECT_EQ(all.at("units"), "108");
    EXPECT_EQ(single.at("units"), "1");
    EXPECT_NEAR(figure(single, "bytes_per_cycle"), 64, 2);
    EXPECT_NEAR(figure(all, "bytes_per_cycle"), 3830, 150);
    EXPECT_NEAR(figure(all, "gb_per_s"), figure(all, "bytes_per_cycle") * 1.41, 5);
    EXPECT_EQ(written.at("operation"), "write");
    EXPECT_NEAR(figure(written, "bytes_per_cycle"), 3830, 150);
}

TEST(probe, a_machine_of_one_unit_has_its_shared_memory_and_dram) {
    const auto table = probe({"rf_digital_6t", "bandwidth"});
    ASSERT_FALSE(table.empty());
    EXPECT_EQ(table.front().at("level"), "smem");
    EXPECT_NEAR(figure(table.front(), "bytes_per_cycle"), 42, 1);
    EXPECT_EQ(table.back().at("level"), "dram");
    EXPECT_NEAR(figure(table.back(), "bytes_per_cycle"), 32 * (1 - 280.0 / 3904), 1.5);
    const auto alone = probe({"smem_digital_6t", "latency", "--size", "64KiB"});
    EXPECT_EQ(alone.at(0).at("level"), "dram") << "no memory of its own";
}

TEST(probe, options_change_the_machine_and_the_same_call_gives_the_same_bytes) {
    const std::vector<std::string> arguments{"probe", "a100/tensor_core",     "latency", "--size", "512KiB",
                                             "--set", "bus.latency_cycles=55"};
    const auto a = call(arguments), b = call(arguments);
    EXPECT_EQ(a.out, b.out);
    EXPECT_TRUE(contains(a.out, "512 KiB")) << a.out;
    EXPECT_TRUE(contains(a.out, "  220.")) << "20 more than 200\n" << a.out;
}

TEST(probe, wrong_calls_are_refused) {
    const auto refuse = [](std::vector<std::string> arguments, const std::vector<std::string>& parts) {
        arguments.insert(arguments.begin(), "probe");
        const auto o = call(arguments);
        EXPECT_EQ(o.status, 2);
        EXPECT_EQ(o.out, "");
        for (const auto& part : parts) EXPECT_TRUE(contains(o.err, part)) << part << "\n" << o.err;
    };
    refuse({}, {"probe MACHINE latency|bandwidth"});
    refuse({"rf_digital_6t"}, {"probe MACHINE latency|bandwidth"});
    refuse({"rf_digital_6t", "latncy"}, {"did you mean 'latency'"});
    refuse({"rf_digital", "latency"}, {"machine 'rf_digital'"});
    refuse({"rf_digital_6t", "latency", "--write"}, {"bandwidth only"});
    refuse({"rf_digital_6t", "bandwidth", "--units", "2"}, {"--units", "from 1 to 1"});
    refuse({"a100/tensor_core", "bandwidth", "--units", "109"}, {"--units", "from 1 to 108"});
    refuse({"a100/tensor_core", "bandwidth", "--units", "0"}, {"--units"});
    refuse({"rf_digital_6t", "bandwidth", "--size", "4"}, {"4 bytes", "128"});
    refuse({"rf_digital_6t", "bandwidth", "--size", "12 parsecs"}, {"--size"});
    refuse({"rf_digital_6t", "bandwidth", "--size", "1TiB"}, {"--size"});
    refuse({"rf_digital_6t", "bandwidth", "--sizes", "1KiB"}, {"did you mean '--size'"});
    refuse({"rf_digital_6t", "bandwidth", "--set", "dram.bytes=3"}, {"dram"});
    refuse({"a100/tensor_core", "bandwidth", "--set", "dram.capacity_bytes=1MiB", "--size", "2MiB"}, {"2097152"});
}

} // namespace

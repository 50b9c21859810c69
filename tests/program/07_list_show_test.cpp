// What there is, and what a machine is made of.
#include "child.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace cimtlm::test;

TEST(list, machines_macros_traces) {
    const auto names = [](const std::string& of) {
        const auto o = call({"list", of});
        EXPECT_EQ(o.status, 0) << o.err;
        EXPECT_EQ(o.err, "");
        return lines(o.out);
    };
    const auto machines = names("machines"), macros = names("macros"), traces = names("traces");
    for (const auto& all : {machines, macros, traces}) EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
    const auto holds = [](const std::vector<std::string>& all, const std::vector<std::string>& some) {
        for (const auto& name : some) EXPECT_EQ(std::count(all.begin(), all.end(), name), 1) << name;
    };
    holds(machines, study_machines());
    holds(macros, {"analog_6t", "analog_8t", "digital_6t", "digital_8t"});
    holds(traces, {"bert_large", "resnet50", "resnet50_v1", "lenet5", "dlrm"});
    // A listed name is one that works.
    for (const auto& name : traces)
        EXPECT_EQ(call({"run", "rf_digital_6t", name, "--fidelity", "bound"}).status, 0) << name;
}

TEST(show, tells_both_bases_of_the_published_energy) {
    for (const auto& machine : study_machines()) {
        const auto o = call({"show", machine});
        ASSERT_EQ(o.status, 0) << o.err;
        for (const auto& what : {"dram", "read", "write", "pJ/B", "peak", "TOPS", "area", "mm2", "sources", "arXiv"})
            EXPECT_TRUE(contains(o.out, what)) << machine << ": " << what;
        if (machine == "tensor_core") continue;
        EXPECT_TRUE(contains(o.out, "of a MAC")) << o.out;
        EXPECT_TRUE(contains(o.out, "of an operation")) << o.out;
    }
    const auto digital = call({"show", "rf_digital_6t"}).out;
    EXPECT_TRUE(contains(digital, "MAC 0.34")) << digital;
    EXPECT_TRUE(contains(digital, " 0.68")) << digital;
    EXPECT_TRUE(contains(digital, "256 KiB")) << digital;
    // 2 x 256 x 16 x 4 arrays / 18 ns.
    EXPECT_TRUE(contains(digital, "peak 1.82")) << digital;
}

TEST(show, what_is_set) {
    const auto o =
        call({"show", "rf_digital_6t", "--set", "smem.capacity_bytes=128KiB", "--set", "cim.mac_energy_basis=mac"});
    ASSERT_EQ(o.status, 0) << o.err;
    EXPECT_TRUE(contains(o.out, "128 KiB")) << o.out;
    EXPECT_TRUE(contains(o.out, "counted here: 0.34")) << o.out;
}

TEST(set, changes_the_run) {
    const auto as_is = run_json({"rf_digital_6t", "--gemm", "512,1024,1024"});
    const auto mac = run_json({"rf_digital_6t", "--gemm", "512,1024,1024", "--set", "cim.mac_energy_basis=mac"});
    EXPECT_DOUBLE_EQ(number(at(as_is, {"energy_by_part", "mac"})), 2 * number(at(mac, {"energy_by_part", "mac"})));
    EXPECT_EQ(at(as_is, {"totals", "time_ps"}), at(mac, {"totals", "time_ps"}));
    // The last of two settings holds.
    const auto twice = run_json({"rf_digital_6t", "--gemm", "512,1024,1024", "--set", "cim.mac_energy_basis=operation",
                                 "--set", "cim.mac_energy_basis=mac"});
    EXPECT_EQ(twice, mac);
}

TEST(mapper, is_by_rules_unless_asked_for) {
    EXPECT_EQ(run_json({"rf_digital_6t", "lenet5"}).at("mapper").as_string(), "rules");
    const auto search = run_json({"rf_digital_6t", "lenet5", "--mapper", "search", "--fidelity", "bound"});
    EXPECT_EQ(search.at("mapper").as_string(), "search");
    const auto rules = run_json({"rf_digital_6t", "lenet5", "--mapper", "rules", "--fidelity", "bound"});
    // Energy x delay is the machine's objective, product by product; here it holds for the sum as well.
    EXPECT_LE(number(at(search, {"totals", "energy_pj"})) * number(at(search, {"totals", "time_ps"})),
              number(at(rules, {"totals", "energy_pj"})) * number(at(rules, {"totals", "time_ps"})));
}

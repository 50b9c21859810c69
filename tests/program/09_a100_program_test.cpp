// The A100-like chips by name, and what is said of ranges.
#include "child.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace cimtlm::test;

TEST(a100, is_listed_and_shown) {
    const auto machines = lines(call({"list", "machines"}).out);
    for (const auto& name : {"a100/tensor_core", "a100/cim_rf", "a100/cim_smem", "a100/cim_l2", "a100/cim_hybrid"}) {
        EXPECT_EQ(std::count(machines.begin(), machines.end(), name), 1) << name;
        const auto o = call({"show", name});
        ASSERT_EQ(o.status, 0) << o.err;
        for (const auto& what : {"7 nm HP 0.8 V", "native at 45 nm LP 1 V ->", "TOPS", "dispatcher: 108 sm",
                                 "static: 66.5 W", "ranges", "bus.energy_pj_per_byte: 4.3 to 14.2 pJ/B"})
            EXPECT_TRUE(contains(o.out, what)) << name << ": " << what;
        EXPECT_EQ(call({"show", name, "--yaml"}).status, 0);
    }
    const auto core = call({"show", "a100/tensor_core"}).out;
    EXPECT_TRUE(contains(core, "peak 623.7 TOPS")) << core;
    EXPECT_TRUE(contains(core, "issue and operands 0.85 pJ")) << core;
    EXPECT_TRUE(contains(call({"show", "a100/cim_rf"}).out,
                         "CiM in place of 75 % of rf: 3672 arrays of 1561 um2 take 5.731 mm2 of 7.706 mm2 (34 in each "
                         "of 108); for data stay 64 KiB of 256 KiB each"));
    EXPECT_TRUE(contains(call({"show", "a100/cim_l2"}).out, "for data stay 256 KiB of 512 KiB each"));
    const auto hybrid = call({"show", "a100/cim_hybrid"}).out;
    for (const auto& what : {"sm x 108", "slice x 80", "tensor_core x 4", "digital_6t x 45"})
        EXPECT_TRUE(contains(hybrid, what)) << what;
    const auto pcm = call({"show", "a100/cim_l2", "--set", "cim.macro=pcm_hermes"}).out;
    for (const auto& what :
         {"slice x 8", "stays without power", "3.250 us a row", "kept (cim.macro.follows_node is false)"})
        EXPECT_TRUE(contains(pcm, what)) << what;
    EXPECT_TRUE(contains(call({"show", "a100/cim_rf", "--set", "technology.scale_delay=false"}).out,
                         "kept (technology.scale_delay is false)"));
}

TEST(ranges, give_a_band_of_the_total) {
    const std::vector<std::string> work{"rf_digital_6t", "--gemm", "512,1024,1024"};
    auto wide = work;
    wide.insert(wide.end(), {"--set", "dram.read_energy_pj_per_byte={value: 64, range: [32, 128]}"});
    const auto band_of = [](const boost::json::object& r) {
        const auto& band = r.at("energy_band_pj").as_array();
        return std::pair(number(band.at(0)), number(band.at(1)));
    };
    const auto r = run_json(work), w = run_json(wide);
    const double total = number(at(r, {"totals", "energy_pj"}));
    EXPECT_EQ(number(at(w, {"totals", "energy_pj"})), total);
    const auto [low, high] = band_of(r);
    const auto [lower, higher] = band_of(w);
    EXPECT_LT(low, total);
    EXPECT_GE(high, total);
    double read = 0;
    for (const auto& row : w.at("energy_rows").as_array())
        if (row.as_object().at("part") == "dram" && row.as_object().at("action") == "read")
            read = number(row.as_object().at("energy_pj"));
    EXPECT_NEAR(lower, low - read / 2, 1e-9 * total);
    EXPECT_NEAR(higher, high + read, 1e-9 * total);

    auto arguments = wide;
    arguments.insert(arguments.begin(), "run");
    EXPECT_TRUE(contains(call(arguments).out, "energy within"));
    arguments[0] = "compare";
    for (const std::string format : {"table", "markdown"}) {
        auto asked = arguments;
        asked.insert(asked.end(), {"--format", format});
        const auto o = call(asked);
        ASSERT_EQ(o.status, 0) << o.err;
        EXPECT_TRUE(contains(o.out, "energy within")) << o.out;
        EXPECT_TRUE(contains(o.out, " uJ to ")) << o.out;
    }
    const scratch s;
    arguments[0] = "run";
    arguments.insert(arguments.end(), {"--out", s.path("r")});
    ASSERT_EQ(call(arguments).status, 0);
    const auto stats = read_file(s.path("r/stats.txt"));
    EXPECT_TRUE(contains(stats, "totals.energy_low_pj")) << stats;
    EXPECT_TRUE(contains(stats, "totals.energy_high_pj")) << stats;
}

TEST(ranges, refusals) {
    const auto o =
        call({"show", "rf_digital_6t", "--set", "dram.read_energy_pj_per_byte={value: 64, range: [65, 66]}"});
    EXPECT_EQ(o.status, 2);
    EXPECT_TRUE(contains(o.err, "the range of 'memories.dram.read_energy_pj_per_byte' does not hold its value"))
        << o.err;
}

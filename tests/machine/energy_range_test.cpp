/// The band of a result: each row at the ends of the figure that prices it.
#include <cimtlm/machine/energy_range.h>

#include "macro/composed_bench.h"
#include "study_machines.h"

#include <gtest/gtest.h>

using namespace cimtlm;

namespace {

ledger some_energy(const machine& m) {
    ledger l;
    l.charge(l.open("dram", "read", "byte", m.memories[0].read_energy_pj_per_byte), 1000);
    l.charge(l.open("mac", "multiply_accumulate", "MAC", m.mac_pj()), 5000);
    l.charge(l.open("addition", "merge", "addition", m.cim->addition_energy_pj), 10);
    return l;
}

TEST(band, without_ranges_is_the_total) {
    const auto m = study::rf("digital_6t");
    const auto l = some_energy(m);
    const auto band = band_of(l, m, {});
    EXPECT_DOUBLE_EQ(band.low_pj, l.total_pj());
    EXPECT_DOUBLE_EQ(band.high_pj, l.total_pj());
}

TEST(band, is_the_sum_of_the_rows_at_their_ends) {
    const auto m = study::rf("digital_6t");
    const auto l = some_energy(m);
    const auto band =
        band_of(l, m, {{"memories.dram.read_energy_pj_per_byte", {60, 70}}, {"cim.macro.mac_energy_pj", {0.17, 0.34}}});
    // The published figure is of an operation here, of which a MAC has two.
    EXPECT_DOUBLE_EQ(band.low_pj, 1000 * 60 + 5000 * 2 * 0.17 + 10 * 0.05);
    EXPECT_DOUBLE_EQ(band.high_pj, 1000 * 70 + 5000 * 2 * 0.34 + 10 * 0.05);
}

TEST(band, grows_with_every_range) {
    const auto m = study::rf("digital_6t");
    const auto l = some_energy(m);
    figure_ranges ranges;
    auto last = band_of(l, m, ranges);
    for (const auto& [path, value] : std::map<std::string, double>{{"memories.dram.read_energy_pj_per_byte", 64},
                                                                   {"cim.macro.mac_energy_pj", 0.34},
                                                                   {"cim.addition_energy_pj", 0.05}})
        for (const double share : {0.1, 0.5}) {
            ranges[path] = {value * (1 - share), value * (1 + share)};
            const auto band = band_of(l, m, ranges);
            EXPECT_LT(band.low_pj, last.low_pj) << path;
            EXPECT_GT(band.high_pj, last.high_pj) << path;
            EXPECT_LE(band.low_pj, l.total_pj());
            EXPECT_GE(band.high_pj, l.total_pj());
            last = band;
        }
}

TEST(band, of_a_figure_that_is_nothing_at_best) {
    const auto m = study::rf("digital_6t");
    ledger l;
    l.charge(l.open("host", "command", "command", 0), 100);
    const auto band = band_of(l, m, {{"host.command_energy_pj", {0, 3}}});
    EXPECT_EQ(band.low_pj, 0);
    EXPECT_EQ(band.high_pj, 300);
}

TEST(band, static_power_is_a_rate) {
    auto m = study::tensor_core();
    m.static_power_mw = 66500;
    ledger l;
    l.charge(l.open("static", "power", "ps", m.static_power_mw * 1e-3), 2e6); // 2 us
    EXPECT_DOUBLE_EQ(l.total_pj(), 66.5 * 2e-6 * 1e12);
    EXPECT_DOUBLE_EQ(band_of(l, m, {{"static_power_mw", {53000, 80000}}}).high_pj, 80 * 2e-6 * 1e12);
}

TEST(band, static_energy_is_no_surer_than_the_time_of_circuits) {
    auto m = study::rf("digital_6t");
    m.static_power_mw = 1000;
    ledger l;
    l.charge(l.open("static", "power", "ps", m.static_power_mw * 1e-3), 800); // 800 pJ
    EXPECT_DOUBLE_EQ(band_of(l, m, {}).low_pj, 800) << "published: its time is what the paper says";
    EXPECT_DOUBLE_EQ(band_of(l, m, {}).high_pj, 800);
    m.cim->macro = small_composed(); // time within a factor of 4, energy of 3
    EXPECT_DOUBLE_EQ(band_of(l, m, {}).low_pj, 200);
    EXPECT_DOUBLE_EQ(band_of(l, m, {}).high_pj, 3200);
    const figure_ranges power{{"static_power_mw", {500, 1500}}};
    EXPECT_DOUBLE_EQ(band_of(l, m, power).low_pj, 100) << "power and time";
    EXPECT_DOUBLE_EQ(band_of(l, m, power).high_pj, 4800);
}

TEST(price, stands_where_the_row_says) {
    const auto path = [](const machine& m, const char* part, const char* action) {
        const auto price = price_of(m, part, action);
        return price ? price->path : "";
    };
    const auto cim = study::rf("digital_6t");
    auto core = study::tensor_core();
    EXPECT_EQ(path(cim, "smem", "fill"), "memories.smem.fill_energy_pj_per_byte");
    EXPECT_EQ(path(cim, "smem", "update"), "memories.smem.update_energy_pj_per_byte");
    EXPECT_EQ(path(cim, "smem", "write_back"), "memories.smem.read_energy_pj_per_byte");
    EXPECT_EQ(path(cim, "weight_write", "write"), "cim.macro.write_energy_pj_per_byte");
    EXPECT_EQ(path(cim, "mac", "padding"), "cim.macro.mac_energy_pj");
    EXPECT_EQ(path(cim, "cim", "overhead"), "cim.macro.overhead_energy_pj");
    EXPECT_EQ(path(core, "mac", "padding"), "tensor_core.mac_energy_pj");
    EXPECT_EQ(path(core, "tensor_core", "issue"), "tensor_core.issue_energy_pj");
    EXPECT_EQ(path(core, "vector_unit", "operation"), "vector_unit.operation_energy_pj");
    EXPECT_EQ(path(core, "weight_write", "write"), "");
    EXPECT_EQ(path(core, "nobody", "read"), "");
    core.cim = cim.cim; // both, as beside a cache
    EXPECT_EQ(path(core, "tensor_core", "multiply_accumulate"), "tensor_core.mac_energy_pj");
    EXPECT_EQ(path(core, "cim", "multiply_accumulate"), "cim.macro.mac_energy_pj");
}

} // namespace

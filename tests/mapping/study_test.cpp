// The published figures of the A100-like study, from its rules and its way of counting.
#include "csv_rows.h"
#include "study_machines.h"

#include <cimtlm/mapping/cost.h>
#include <cimtlm/mapping/rules.h>

#include <gtest/gtest.h>

namespace cimtlm {
namespace {

const std::string data = std::string(CIMTLM_SOURCE_DIR) + "/tests/data/";

machine machine_of(const std::string& design) {
    if (design == "tensor_core") return study::tensor_core();
    const auto cut = design.find('_');
    auto m = design.substr(0, cut) == "rf" ? study::rf(design.substr(cut + 1)) : study::in_smem(design.substr(cut + 1));
    if (design.substr(0, cut) == "smem") m.mapper.bank_order = bank_order::k_first;
    return m;
}

struct outcome {
    loop_nest nest;
    std::string text;
    access_counts counts;
    ledger energy;
    bound_result bound;
    double operations;
};

outcome run(const machine& m, const gemm& g) {
    const auto shape = nest_slots(m, g.bits);
    const auto nest = map_by_rules(g, m, shape);
    const flat_nest flat(nest, m, shape);
    const cost_model cost(m, convention::published);
    outcome o{nest, to_text(nest, shape), count_accesses(flat, g, m, false), {}, {}, cost.operations(g)};
    cost.charge(o.energy, g, o.counts, 0);
    o.bound = cost.bound(flat, g, o.counts);
    return o;
}

gemm product(std::int64_t m, std::int64_t n, std::int64_t k) {
    gemm g;
    g.m = m;
    g.n = n;
    g.k = k;
    return g;
}

double energy(const outcome& o, const std::string& part) {
    const auto parts = o.energy.by_part();
    const auto found = parts.find(part);
    return found == parts.end() ? 0 : found->second;
}

TEST(Study, FourArraysAsPublished) {
    const auto g = product(512, 1024, 1024);
    const double macs = static_cast<double>(g.macs());
    const auto rows = csv_rows(data + "study_four_arrays.csv");
    ASSERT_EQ(rows.size(), 9u);
    for (const auto& row : rows) {
        SCOPED_TRACE(row.at("design"));
        const auto value = [&](const char* column) { return std::stod(row.at(column)); };
        const auto o = run(machine_of(row.at("design")), g);
        const auto near = [](double got, double expected) { EXPECT_NEAR(got, expected, 1e-3 * expected + 1e-9); };
        near((o.energy.total_pj() - energy(o, "addition")) / 1e6, value("energy_uj"));
        near((energy(o, "mac") + energy(o, "rf") + energy(o, "latch")) / macs * 1e3, value("unit_fj"));
        near(energy(o, "smem") / macs * 1e3, value("smem_fj"));
        near(energy(o, "dram") / macs * 1e3, value("dram_fj"));
        near(o.operations / o.energy.total_pj(), value("tops_per_w"));
        EXPECT_NEAR(o.bound.time_ps, value("time_ns") * 1e3, 1);
    }
}

TEST(Study, IsoAreaTargets) {
    const auto rows = csv_rows(data + "study_iso_area.csv");
    ASSERT_EQ(rows.size(), 10u);
    for (const auto& row : rows) {
        const auto value = [&](const char* column) { return std::stod(row.at(column)); };
        const auto whole = [&](const char* column) { return std::stoll(row.at(column)); };
        SCOPED_TRACE(row.at("design") + " " + row.at("m") + "," + row.at("n") + "," + row.at("k"));
        const auto m = row.at("design") == "rf" ? study::rf("digital_6t", whole("arrays"))
                                                : study::in_smem("digital_6t", whole("arrays"));
        const auto o = run(m, product(whole("m"), whole("n"), whole("k")));
        EXPECT_NEAR(o.energy.total_pj() / 1e6, value("energy_uj"), 1e-3 * value("energy_uj"));
        EXPECT_NEAR(o.operations / o.energy.total_pj(), value("tops_per_w"), 1e-3 * value("tops_per_w"));
        EXPECT_NEAR(o.bound.time_ps, value("time_ns") * 1e3, 1);
    }
}

TEST(Study, NestsAndTrafficAsPublished) {
    const auto g = product(512, 1024, 1024);
    const auto digital = run(study::rf("digital_6t"), g);
    EXPECT_EQ(digital.text, "dram K4 N8 / smem N2 M512 / bank N4 / array K256 N16");
    const auto& dram = digital.counts.memories[0];
    EXPECT_EQ(dram[0].read, 524288);
    EXPECT_EQ(dram[1].read, 1048576);
    EXPECT_EQ(dram[2].read, 1572864);
    EXPECT_EQ(dram[2].update, 2097152);
    const auto& smem = digital.counts.memories[1];
    EXPECT_EQ(smem[0].read, 8388608);
    EXPECT_EQ(smem[0].fill, 524288);
    EXPECT_EQ(smem[1], access_bytes{});
    EXPECT_EQ(smem[2].read, 1572864);
    EXPECT_EQ(smem[2].fill, 1572864);
    EXPECT_EQ(smem[2].update, 2097152);

    const auto analog = run(study::rf("analog_6t"), g);
    EXPECT_EQ(analog.text, "dram N4 K8 / smem K2 M512 / bank N4 / array K64 N4 / hold N16");
    EXPECT_EQ(analog.counts.memories[0][0].read, 2097152);
    EXPECT_EQ(analog.counts.memories[0][1].read, 1048576);
    EXPECT_EQ(analog.counts.memories[0][2].read, 0);
    EXPECT_EQ(analog.counts.memories[0][2].update, 524288);
    EXPECT_EQ(analog.counts.memories[1][0].read, 2097152);
    EXPECT_EQ(analog.counts.memories[1][0].fill, 2097152);
    EXPECT_EQ(analog.counts.memories[1][2].read, 7864320);
    EXPECT_EQ(analog.counts.memories[1][2].update, 8388608);

    const auto baseline = run(study::tensor_core(), g);
    EXPECT_EQ(baseline.text, "dram N8 M4 / smem M32 K16 / sub_partition M4 / rf K4 / pe N16 K16 / latch N8");
    const auto& counts = baseline.counts.memories;
    EXPECT_EQ(counts[0][0].read, 4194304);
    EXPECT_EQ(counts[0][1].read, 1048576);
    EXPECT_EQ(counts[0][2].update, 524288);
    EXPECT_EQ(counts[1][0].read, 4194304);
    EXPECT_EQ(counts[1][1].read, 134217728);
    EXPECT_EQ(counts[2][2].read, 4 * 8257536); // the study counts one of four sub-partitions
    EXPECT_EQ(counts[2][2].update, 4 * 8388608);
    EXPECT_EQ(counts[3][0].read, g.macs());
    EXPECT_EQ(counts[3][0].fill, g.macs() / 8);
}

} // namespace
} // namespace cimtlm

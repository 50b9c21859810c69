/// Every row of energy finds the figure that prices it, and the band of a result holds its total.
#include "config_test_tools.h"

#include <cimtlm/machine/energy_range.h>
#include <cimtlm/machine/unit_group.h>
#include <cimtlm/mapping/flat_nest.h>
#include <cimtlm/mapping/map_blocks.h>
#include <cimtlm/mapping/rules.h>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

gemm product() {
    gemm g;
    g.m = 640;
    g.n = g.k = 1024;
    return g;
}

void charge_rest(ledger& l, const machine& m, const cost_model& cost) {
    vector_work work;
    work.operations = 1000;
    work.read_bytes = work.write_bytes = 500;
    cost.charge(l, work);
    l.charge(l.open("static", "power", "ps", m.static_power_mw * 1e-3), 1e9);
}

/// All rows that a run of `m` can have, on one product.
ledger energy_of(const machine& m) {
    ledger l;
    if (!m.dispatcher) {
        const auto shape = nest_slots(m, product().bits);
        const flat_nest nest(map_by_rules(product(), m, shape), m, shape);
        const cost_model cost(m, convention::like_for_like);
        cost.charge(l, product(), count_accesses(nest, product(), m, false), 1);
        charge_rest(l, m, cost);
        return l;
    }
    for (const auto& group : unit_groups(m)) {
        const group_cost cost(m, group);
        blocked_work work;
        work.product = product();
        work.product.bits.partial = m.dispatcher->partial_sum_bits;
        work.outer_read_bytes = work.outer_write_bytes = 1 << 20;
        work.epilogue_operations = 2;
        const auto mapping = map_blocks_by_rules(cost, work);
        const auto shape = nest_slots(group.unit_machine, work.product.bits);
        const flat_nest nest(mapping.nest, group.unit_machine, shape);
        cost.charge(l, work, cost.count(mapping.grid, nest, work), 1);
        charge_rest(l, m, cost.unit());
    }
    return l;
}

void expect_prices_and_band(const loaded_machine& loaded) {
    const auto& m = loaded.value;
    const auto energy = energy_of(m);
    EXPECT_GE(energy.rows().size(), 5u);
    for (const auto& row : energy.rows()) {
        const auto price = price_of(m, row.part, row.action);
        ASSERT_TRUE(price) << row.part << "." << row.action;
        // The row's unit energy is the figure's, in its own unit.
        const double scale = row.part == "static" ? 1e-3 : price->path == "cim.macro.mac_energy_pj" ? 2 : 1;
        EXPECT_DOUBLE_EQ(row.unit_energy_pj, price->value * scale) << price->path;
        if (m.dispatcher && price->value > 0) {
            EXPECT_EQ(loaded.ranges.count(price->path), 1u) << price->path;
        }
    }
    const auto band = band_of(energy, m, loaded.ranges);
    EXPECT_LE(band.low_pj, energy.total_pj() * (1 + 1e-12));
    EXPECT_GE(band.high_pj, energy.total_pj() * (1 - 1e-12));
    if (m.dispatcher) {
        EXPECT_LT(band.low_pj, band.high_pj);
        EXPECT_GT(band.low_pj, 0.1 * energy.total_pj());
        EXPECT_LT(band.high_pj, 3 * energy.total_pj());
    }
}

TEST(band, of_every_machine) {
    for (const auto& name : list_machines()) {
        SCOPED_TRACE(name);
        if (name.rfind("comparison/", 0) == 0) continue; // rows of circuits: 14_composed_test
        expect_prices_and_band(load_machine(name));
    }
}

TEST(band, of_phase_change_cores) {
    SCOPED_TRACE("overhead_energy_pj is the one figure of them that is known without a range");
    auto loaded = load_machine("a100/cim_l2", {"cim.macro=pcm_hermes"});
    EXPECT_EQ(loaded.ranges.count("cim.macro.overhead_energy_pj"), 0u);
    loaded.ranges["cim.macro.overhead_energy_pj"] = {0, 1};
    const auto energy = energy_of(loaded.value);
    const auto band = band_of(energy, loaded.value, loaded.ranges);
    EXPECT_LE(band.low_pj, energy.total_pj());
    EXPECT_GE(band.high_pj, energy.total_pj());
    for (const auto& row : energy.rows()) EXPECT_TRUE(price_of(loaded.value, row.part, row.action)) << row.part;
}

TEST(power, of_the_tensor_cores_at_full_rate_is_the_boards) {
    const auto m = load_machine("a100/tensor_core").value;
    const auto groups = unit_groups(m);
    const group_cost cost(m, groups.front());
    blocked_work work;
    work.product.m = work.product.n = work.product.k = 8192;
    work.product.bits.partial = 32;
    work.outer_read_bytes = 2 * 8192 * 8192;
    work.outer_write_bytes = 8192 * 8192;
    const auto mapping = map_blocks_by_rules(cost, work);
    const auto shape = nest_slots(groups.front().unit_machine, work.product.bits);
    const flat_nest nest(mapping.nest, groups.front().unit_machine, shape);
    ledger l;
    cost.charge(l, work, cost.count(mapping.grid, nest, work), 1);
    const double full_rate_ps = static_cast<double>(work.product.macs()) / whole_peak_macs_per_ps(m);
    const double watt = l.total_pj() / full_rate_ps + m.static_power_mw * 1e-3;
    EXPECT_LT(watt, 400);
    EXPECT_GT(watt, 350);
}

} // namespace

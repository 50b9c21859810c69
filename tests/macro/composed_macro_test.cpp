#include "composed_bench.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

using namespace cimtlm;

namespace {

using change = std::function<void(composed_macro_parameters&)>;

composed_macro_parameters with(const change& c, composed_macro_parameters p = small_composed()) {
    c(p);
    return p;
}

std::string refusal(const change& c, composed_macro_parameters p = small_composed()) {
    try {
        composed_macro macro(with(c, std::move(p)));
    } catch (const input_error& e) {
        return e.what();
    }
    return "";
}

constexpr double settle = 400 + 1000 + 128 * 40; // of small_composed, ps
constexpr double conversion = 8 * 100;

} // namespace

TEST(composed_macro, geometry_is_rows_and_weights) {
    const composed_macro m(small_composed());
    const auto g = m.geometry();
    EXPECT_EQ(g.rows_parallel, 128);
    EXPECT_EQ(g.columns_parallel, 32) << "4 columns a weight";
    EXPECT_EQ(g.rows_held * g.columns_held, 1);
    EXPECT_EQ(m.capacity_bytes(), 128 * 32 / 2);
    const composed_macro parts(with([](auto& p) { p.array.rows_active = 32, p.array.columns_active = 16; }));
    EXPECT_EQ(parts.geometry().rows_held, 4);
    EXPECT_EQ(parts.geometry().columns_held, 8);
    EXPECT_EQ(parts.geometry().columns_parallel, 4);
    EXPECT_EQ(parts.capacity_bytes(), m.capacity_bytes());
}

TEST(composed_macro, a_step_is_its_evaluations) {
    EXPECT_DOUBLE_EQ(composed_macro(small_composed()).step_ps(), 4 * (settle + conversion));
    EXPECT_DOUBLE_EQ(composed_macro(with([](auto& p) { p.read_phases = 4; })).step_ps(), 16 * (settle + conversion));
    EXPECT_DOUBLE_EQ(composed_macro(with([](auto& p) { p.pipelined = true; })).step_ps(), 4 * settle);
    EXPECT_DOUBLE_EQ(composed_macro(with([](auto& p) { p.setup_ps = 77; })).step_ps(), 4 * (settle + conversion) + 77);
    EXPECT_DOUBLE_EQ(composed_macro(small_digital()).step_ps(), 4 * (400 + 7 * 300));
}

TEST(composed_macro, fewer_converters_cost_time_and_save_area) {
    const composed_macro each(small_composed());
    const double one = value_of(each.area_parts(), "adc") / 128;
    for (const std::int64_t columns : {1, 8, 64, 128}) {
        const composed_macro m(with([&](auto& p) { p.adc.columns_per_adc = columns; }));
        EXPECT_EQ(m.converters(), 128 / columns);
        EXPECT_DOUBLE_EQ(m.step_ps(), 4 * (settle + static_cast<double>(columns) * conversion)) << columns;
        EXPECT_NEAR(value_of(m.area_parts(), "adc"), one * 128 / static_cast<double>(columns), 1e-9);
        EXPECT_DOUBLE_EQ(m.conversions(), each.conversions());
        EXPECT_DOUBLE_EQ(value_of(m.energy_parts({}), "adc"), value_of(each.energy_parts({}), "adc"));
        const composed_macro counted(with([&](auto& p) { p.adc.count = 128 / columns; }));
        EXPECT_EQ(counted.step_ps(), m.step_ps());
    }
}

TEST(composed_macro, energy_is_counts_times_actions) {
    const composed_macro m(small_composed());
    const auto parts = m.energy_parts({});
    EXPECT_NEAR(value_of(parts, "word_line"), 128 * 4 * 128 * 1e-4, 1e-9);
    EXPECT_NEAR(value_of(parts, "array"), 128 * 128 * 4 * 1e-3, 1e-9);
    EXPECT_NEAR(value_of(parts, "adc"), 128 * 4 * (8 * 2e-3 + 256 * 1e-4), 1e-9);
    EXPECT_NEAR(value_of(parts, "accumulate"), 128 * 4 * 1e-3, 1e-9);
    EXPECT_NEAR(value_of(parts, "buffer"), (128 * 4 + 32 * (4 + 4 + 7)) * 1e-3, 1e-9);
    EXPECT_NEAR(value_of(parts, "leakage"), m.leakage_mw() * m.step_ps() * 1e-3, 1e-12);
    EXPECT_NEAR(total_of(parts), m.step_pj(), 1e-9);
    const composed_macro joined(with([](auto& p) { p.slices_in_analog = true; }));
    EXPECT_NEAR(value_of(joined.energy_parts({}), "adc") * 4, value_of(parts, "adc"), 1e-9)
        << "one conversion a weight";
    EXPECT_NEAR(value_of(joined.energy_parts({}), "accumulate"), value_of(parts, "accumulate"), 1e-9);
}

TEST(composed_macro, totals_are_sums_of_rows_whatever_is_set) {
    std::uint32_t seed = 2024;
    const auto pick = [&](int n) { return static_cast<int>((seed = seed * 1664525u + 1013904223u) >> 16) % n; };
    for (int i = 0; i < 500; ++i) {
        auto p = pick(2) ? small_composed() : small_digital();
        p.array.rows = 1 + pick(300);
        p.array.columns = 32 + pick(300);
        p.input_bits = 1 + pick(8);
        p.weight_bits = 1 + pick(8);
        p.control_share = pick(2) * 0.25;
        p.zero_skipping = pick(2);
        p.ping_pong = pick(2);
        p.other_area_um2 = pick(1000);
        p.setup_ps = pick(1000);
        p.adc.columns_per_adc = p.adc.kind == adc_kind::none ? 1 : 1 + pick(8);
        p.pipelined = pick(2);
        SCOPED_TRACE("round " + std::to_string(i) + " of seed 2024");
        const composed_macro m(p);
        EXPECT_NEAR(total_of(m.time_parts()), m.step_ps(), 1e-6 * m.step_ps());
        EXPECT_NEAR(total_of(m.area_parts()), m.area_um2(), 1e-6 * m.area_um2());
        EXPECT_NEAR(total_of(m.energy_parts(p.statistics)), m.step_pj(), 1e-9 * m.step_pj());
        double mac_pj = 0;
        for (const auto& c : m.mac_charges(energy_basis::mac, p.statistics)) mac_pj += c.unit_energy_pj * c.per_mac;
        EXPECT_NEAR(mac_pj, m.mac_pj(energy_basis::operation), 1e-12 + 1e-9 * mac_pj);
    }
}

TEST(composed_macro, prices_stay_whatever_the_statistics) {
    const composed_macro m(with([](auto& p) { p.adc.skips_sparse_bits = true, p.control_share = 0.1; }));
    const auto nominal = m.mac_charges(energy_basis::mac, {});
    for (const operand_statistics s : {operand_statistics{0.1, 0.9, 0}, {1, 1, 0.75}, {0, 0, 0.9}})
        for (const auto& c : m.mac_charges(energy_basis::mac, s))
            for (const auto& n : nominal)
                if (n.action == c.action) {
                    EXPECT_EQ(n.unit_energy_pj, c.unit_energy_pj) << c.action;
                }
}

TEST(composed_macro, sparse_columns_are_converted_at_fewer_bits) {
    const composed_macro m(with([](auto& p) { p.adc.skips_sparse_bits = true; }));
    const double dense = value_of(m.energy_parts({}), "adc");
    for (const auto& [sparsity, bits] : {std::pair{0.5, 7.0}, {0.75, 6.0}, {0.875, 5.0}, {0.9375, 4.0}}) {
        const operand_statistics s{0.5, 0.5, sparsity};
        EXPECT_EQ(m.conversion_bits(s), bits);
        const double expected = 128 * 4 * (bits * 2e-3 + std::pow(2, bits) * 1e-4);
        EXPECT_NEAR(value_of(m.energy_parts(s), "adc"), expected, 1e-9);
        EXPECT_LT(expected, dense);
        EXPECT_EQ(value_of(m.energy_parts(s), "array"), value_of(m.energy_parts({}), "array"));
        const composed_macro nominal(with([&](auto& p) { p.adc.skips_sparse_bits = true, p.statistics = s; }));
        EXPECT_DOUBLE_EQ(nominal.step_ps(), 4 * (settle + bits * 100)) << "and take less time";
    }
    EXPECT_EQ(composed_macro(small_composed()).conversion_bits({0.5, 0.5, 0.9}), 8) << "unless it does not look";
}

TEST(composed_macro, zeros_are_skipped_where_all_rows_are_zero) {
    const auto four_rows = [](bool skipping) {
        return with([&](auto& p) {
            p.array.rows = 4;
            p.zero_skipping = skipping;
            p.statistics.input_density = 0.1;
        });
    };
    const composed_macro plain(four_rows(false)), skipping(four_rows(true));
    const double busy = 1 - std::pow(0.9, 4); // of four rows, at least one bit
    EXPECT_NEAR(skipping.step_ps() / plain.step_ps(), busy, 1e-12);
    EXPECT_NEAR(skipping.conversions() / plain.conversions(), busy, 1e-12);
    const auto with_skipping = skipping.energy_parts(skipping.nominal_statistics()),
               without = plain.energy_parts(plain.nominal_statistics());
    for (const auto* part : {"adc", "accumulate"})
        EXPECT_NEAR(value_of(with_skipping, part) / value_of(without, part), busy, 1e-12) << part;
    for (const auto* part : {"word_line", "array"}) // nothing was driven where all was zero
        EXPECT_NEAR(value_of(with_skipping, part), value_of(without, part), 1e-12) << part;
    const composed_macro many(with([](auto& p) { p.zero_skipping = true; }));
    EXPECT_NEAR(many.step_ps(), composed_macro(small_composed()).step_ps(), 1e-6) << "128 rows are never all zero";
}

TEST(composed_macro, a_second_set_of_weights_and_a_second_device_take_area) {
    const double one = value_of(composed_macro(small_composed()).area_parts(), "array");
    EXPECT_DOUBLE_EQ(value_of(composed_macro(with([](auto& p) { p.ping_pong = true; })).area_parts(), "array"),
                     2 * one);
    EXPECT_TRUE(composed_macro(with([](auto& p) { p.ping_pong = true; })).ping_pong());
    EXPECT_DOUBLE_EQ(
        value_of(composed_macro(with([](auto& p) { p.encoding = weight_encoding::differential; })).area_parts(),
                 "array"),
        2 * one);
}

TEST(composed_macro, writing_costs_cells) {
    const composed_macro m(small_composed());
    EXPECT_DOUBLE_EQ(m.write_pj_per_byte(), 8 * 2e-2) << "8 cells a byte";
    EXPECT_DOUBLE_EQ(m.write_row_ps(), 1000);
    EXPECT_DOUBLE_EQ(composed_macro(with([](auto& p) { p.weight_bits = 3; })).write_pj_per_byte(), 8 * 2e-2);
    EXPECT_DOUBLE_EQ(
        composed_macro(with([](auto& p) { p.encoding = weight_encoding::differential; })).write_pj_per_byte(),
        16 * 2e-2);
}

TEST(composed_macro, serial_weights_take_an_evaluation_a_bit_of_each) {
    auto p = small_digital();
    p.array.rows_active = 1;
    p.weight_serial = true;
    const composed_macro m(p);
    EXPECT_EQ(m.geometry().rows_parallel, 1);
    EXPECT_EQ(m.geometry().columns_parallel, 128);
    EXPECT_EQ(m.geometry().rows_held, 32) << "4 rows a weight";
    EXPECT_DOUBLE_EQ(m.step_ps(), 4 * 4 * (400 + 300 + 1000)) << "read, add, write back";
    EXPECT_NEAR(value_of(m.energy_parts({}), "write_back"), 128 * 16 * 2e-2, 1e-9);
    EXPECT_DOUBLE_EQ(m.write_pj_per_byte(), 8 * 2e-2) << "a cell a bit, wherever it lies";
    EXPECT_DOUBLE_EQ(m.write_row_ps(), 4 * 1000) << "a weight lies in four rows";
    EXPECT_TRUE(m.exact());
}

TEST(composed_macro, slices_over_arrays_have_drivers_of_their_own) {
    const composed_macro columns(small_composed()),
        arrays(with([](auto&p) { p.slicing = weight_slicing::arrays, p.array.columns = 32; }));
    EXPECT_EQ(arrays.geometry().columns_parallel, columns.geometry().columns_parallel);
    EXPECT_EQ(arrays.capacity_bytes(), columns.capacity_bytes());
    EXPECT_EQ(arrays.step_ps(), columns.step_ps());
    for (const auto* part : {"array", "adc", "write", "buffer", "accumulate"})
        EXPECT_NEAR(value_of(arrays.area_parts(), part), value_of(columns.area_parts(), part), 1e-6) << part;
    EXPECT_NEAR(value_of(arrays.area_parts(), "word_line"), 4 * value_of(columns.area_parts(), "word_line"), 1e-6);
    EXPECT_GT(arrays.leakage_mw(), columns.leakage_mw());
    const composed_macro stated(with([](auto& p) {
        p.slicing = weight_slicing::arrays, p.array.columns = 32;
        p.input.row_energy_pj = 0.5;
    }));
    EXPECT_NEAR(value_of(stated.energy_parts({}), "word_line"), 4 * 128 * 4 * 0.5, 1e-9) << "each array's rows";
    for (const auto* part : {"word_line", "array", "adc", "accumulate"})
        EXPECT_NEAR(value_of(arrays.energy_parts({}), part), value_of(columns.energy_parts({}), part), 1e-9) << part;
}

TEST(composed_macro, what_is_not_retained_is_written_again) {
    const composed_macro stays(small_composed());
    const double written_ps = 128 * 1000;
    for (const double times : {4.0, 10.0, 100.0}) {
        const composed_macro m(with([&](auto& p) { p.write.retention_ps = times * written_ps; }));
        EXPECT_NEAR(m.step_ps(), stays.step_ps() / (1 - 1 / times), 1e-6);
        EXPECT_NEAR(value_of(m.time_parts(), "refresh"), m.step_ps() / times, 1e-6);
        const double refreshed = static_cast<double>(m.capacity_bytes()) * m.step_ps() / (times * written_ps);
        EXPECT_NEAR(value_of(m.energy_parts({}), "refresh"), refreshed * m.write_pj_per_byte(), 1e-9);
        const composed_macro beside(
            with([&](auto& p) { p.write.retention_ps = times * written_ps, p.ping_pong = true; }));
        EXPECT_EQ(beside.step_ps(), stays.step_ps()) << "the second set is written meanwhile";
        EXPECT_GT(value_of(beside.energy_parts({}), "refresh"), 0);
    }
    EXPECT_EQ(refusal([&](auto& p) { p.write.retention_ps = written_ps; }),
              "write.retention_ps: weights are lost sooner than they are written");
}

TEST(composed_macro, supply_and_node_move_energy_and_time_apart) {
    const composed_macro reference(small_composed());
    const composed_macro high(with([](auto& p) { p.native->supply_v = 1.6; }));
    const auto active = [](const composed_macro& m) { return m.step_pj() - value_of(m.energy_parts({}), "leakage"); };
    EXPECT_NEAR(active(high) / active(reference), 4, 1e-9);
    EXPECT_LT(high.step_ps(), reference.step_ps());
    const composed_macro mixed(
        with([](auto& p) { p.native->supply_v = 1.6, p.latency_native = reference_technology(); }));
    EXPECT_EQ(mixed.step_ps(), reference.step_ps());
    EXPECT_NEAR(active(mixed), active(high), 1e-9);
    EXPECT_NE(composed_macro(with([](auto& p) { p.native->supply_v = 3; })).range_note(), "");
}

TEST(composed_macro, what_is_spent_outside_is_named) {
    const composed_macro m(with([](auto& p) { p.other_power_mw = 2; }));
    EXPECT_NEAR(m.overhead_pj() * m.macs_per_step(), 2e-3 * m.step_ps(), 1e-9);
    EXPECT_EQ(m.step_pj(), composed_macro(small_composed()).step_pj());
}

TEST(composed_macro, refuses_nonsense_with_its_reason) {
    EXPECT_EQ(refusal([](auto& p) { p.array.rows = 0; }), "array.rows: an array has 1 to 1048576 rows, not 0");
    EXPECT_EQ(refusal([](auto& p) { p.adc.count = 129; }),
              "adc.count: more converters (129) than columns to convert (128)");
    EXPECT_EQ(refusal([](auto& p) { p.adc.columns_per_adc = 200; }),
              "adc.columns_per_adc: a converter serves 200 columns, there are 128");
    EXPECT_EQ(refusal([](auto& p) { p.adc.count = 4, p.adc.columns_per_adc = 8; }),
              "adc.count: states with columns_per_adc the same thing twice");
    EXPECT_EQ(refusal([](auto& p) {
                  p.array.cell = cell_kind::resistive;
                  p.array.summation = summation::current;
                  p.array.cell_bits = 8;
              }),
              "array.cell_bits: a slice of 8 bits is wider than the weight of 4");
    EXPECT_EQ(
        refusal([](auto& p) { p.circuits.comparator_ps = 0; }),
        "adc.clock_mhz: a converter without a clock: state clock_mhz or conversion_ps, or circuits.comparator_ps");
    EXPECT_EQ(refusal([](auto& p) { p.input.kind = driver_kind::multi_bit, p.input.bits = 8; }),
              "input.bits: an evaluation takes 8 bits of inputs that have 4");
    EXPECT_EQ(refusal([](auto& p) { p.adc = {}; }),
              "adc.kind: an analog sum needs a converter: sense_amplifier, flash, sar, ramp, cco, survey");
    EXPECT_EQ(refusal([](auto& p) { p.adc.kind = adc_kind::sar, p.adc.bits = 4; }, small_digital()),
              "adc.kind: a digital sum needs no converter: none");
    EXPECT_EQ(refusal([](auto& p) { p.read_phases = 3; }), "read_phases: an evaluation has 1, 2 or 4 phases, not 3");
    EXPECT_EQ(refusal([](auto& p) { p.array.columns_active = 3; }),
              "array.columns_active: a weight of 4 bits takes 4 columns, 3 are read at once");
    EXPECT_EQ(refusal([](auto& p) {
                  p.array.cell = cell_kind::resistive;
                  p.array.summation = summation::current;
                  p.array.cell_bits = 2;
              }),
              "encoding: cells of several bits hold no sign of twos_complement: differential or offset");
    EXPECT_EQ(refusal([](auto& p) { p.weight_serial = true; }),
              "weight_serial: bits of a weight are read one after another where the sum is digital, without ping_pong");
    EXPECT_EQ(refusal([](auto& p) { p.input.kind = driver_kind::pulse_width; }, small_digital()),
              "input.kind: gates take bits, no widths of pulses");
    EXPECT_EQ(refusal([](auto& p) { p.encoding = weight_encoding::differential; }, small_digital()),
              "encoding: a digital sum has no pairs of cells: twos_complement or offset");
    EXPECT_EQ(refusal([](auto& p) { p.slices_in_analog = true; }, small_digital()),
              "slices_in_analog: a digital sum has nothing analog to join");
    EXPECT_EQ(refusal([](auto& p) { p.weight_bits = std::numeric_limits<int>::max(); }),
              "weight_bits: weights have 1 to 16 bits");
    EXPECT_EQ(refusal([](auto& p) { p.circuits.pulse_ps = -1; }), "circuits.pulse_ps: must not be negative");
    EXPECT_EQ(refusal([](auto& p) { p.circuits.write_ps = NAN; }), "circuits.write_ps: must be a finite number");
    EXPECT_EQ(refusal([](auto& p) { p.circuits.array_efficiency = 0; }),
              "circuits.array_efficiency: lies above 0 and at most at 1");
    EXPECT_EQ(refusal([](auto& p) { p.circuits.leakage_doubling_k = 0; }),
              "circuits.leakage_doubling_k: must be above 0");
    EXPECT_EQ(refusal([](auto& p) { p.circuits.energy_uncertainty = 0.5; }),
              "circuits.energy_uncertainty: is a factor of at least 1");
    EXPECT_EQ(refusal([](auto& p) { p.slicing = weight_slicing::arrays, p.slices_in_analog = true; }),
              "slicing: slices over arrays are joined behind the converters, and not serial");
    EXPECT_EQ(refusal([](auto& p) { p.statistics.column_sparsity = 1; }),
              "statistics: densities lie between 0 and 1, column_sparsity from 0 to below 1");
    EXPECT_EQ(refusal([](auto& p) { p.zero_skipping = true, p.statistics.input_density = 0; }),
              "statistics.input_density: inputs that are all zero leave nothing to do where zeros are skipped");
    EXPECT_EQ(refusal([](auto& p) { p.control_share = -1; }), "control_share: must not be negative");
    EXPECT_EQ(refusal([](auto& p) { p.input_bits = 17; }), "input_bits: a step takes inputs of 1 to 16 bits");
    EXPECT_EQ(refusal([](auto&) {}), "");
}

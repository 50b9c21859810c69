#include <cimtlm/base/error.h>
#include <cimtlm/circuit/buffer.h>
#include <cimtlm/circuit/cell_array.h>
#include <cimtlm/circuit/input_driver.h>
#include <cimtlm/circuit/write_driver.h>
#include <circuits.h>
#include <gtest/gtest.h>

using namespace cimtlm;

namespace {

const circuit_constants constants = round_circuits();

cell_array_parameters of(cell_kind cell, summation sum, std::int64_t rows = 64, std::int64_t columns = 32) {
    cell_array_parameters p;
    p.cell = cell;
    p.summation = sum;
    p.rows = rows;
    p.columns = columns;
    return p;
}

cell_array make(const cell_array_parameters& p) { return {p, constants, {}, ""}; }

std::string refusal(const cell_array_parameters& p) {
    try {
        make(p);
    } catch (const input_error& e) {
        return e.what();
    }
    return "";
}

} // namespace

TEST(cell_array, settles_by_how_it_adds) {
    EXPECT_DOUBLE_EQ(make(of(cell_kind::sram_6t, summation::charge)).evaluate_ps(2, false), 400 + 2 * 1000 + 64 * 40);
    EXPECT_DOUBLE_EQ(make(of(cell_kind::sram_8t, summation::current)).evaluate_ps(2, false), 400 + 2 * 500);
    EXPECT_DOUBLE_EQ(make(of(cell_kind::sram_capacitor, summation::capacitor)).evaluate_ps(3, false),
                     400 + 2 * 1000 + 64 * 50);
    EXPECT_DOUBLE_EQ(make(of(cell_kind::resistive, summation::current)).evaluate_ps(2, false),
                     400 + 3000 + 2 * 2000 + 64 * 100);
    EXPECT_DOUBLE_EQ(make(of(cell_kind::sram_6t, summation::digital)).evaluate_ps(8, false), 400);
    auto few = of(cell_kind::sram_6t, summation::charge);
    few.rows_active = 16;
    EXPECT_DOUBLE_EQ(make(few).evaluate_ps(2, false), 400 + 2 * 1000 + 16 * 40) << "rows that add, not rows";
    EXPECT_DOUBLE_EQ(make(few).evaluate_ps(2, true), 400 + 16 * 40) << "pulses of the driver's own";
    few.settle_ps = 123;
    EXPECT_DOUBLE_EQ(make(few).evaluate_ps(2, true), 123) << "as a paper states";
}

TEST(cell_array, reads_cost_what_conducts) {
    const auto charge = make(of(cell_kind::sram_6t, summation::charge));
    EXPECT_DOUBLE_EQ(charge.reads(0.5, 0.5), 1);
    EXPECT_DOUBLE_EQ(charge.reads(0.25, 0.5), 0.5);
    EXPECT_DOUBLE_EQ(charge.reads(0.5, 1), 2);
    EXPECT_DOUBLE_EQ(charge.reads(0, 1), 0);
    EXPECT_DOUBLE_EQ(charge.cell_read_pj(0), 1e-3);
    EXPECT_DOUBLE_EQ(make(of(cell_kind::resistive, summation::charge)).cell_read_pj(0), 1e-3)
        << "a read without a static current costs its bit line";
}

TEST(cell_array, a_resistance_takes_power_for_as_long_as_it_is_read) {
    auto p = of(cell_kind::pcm, summation::current);
    p.on_resistance_ohm = 50e3;
    p.on_off_ratio = 10;
    p.read_voltage_v = 0.2;
    const auto a = make(p);
    // 0.2 V over 50 kohm is 0.8 uW, for 100 ns 80 fJ.
    EXPECT_NEAR(a.cell_read_pj(100e3), 0.08, 1e-12);
    EXPECT_DOUBLE_EQ(a.reads(1, 1), 1);
    EXPECT_DOUBLE_EQ(a.reads(1, 0), 0.1) << "off cells leak by the ratio";
    EXPECT_DOUBLE_EQ(a.reads(0.5, 0.5), 0.5 * 0.55);
}

TEST(cell_array, area_follows_the_cell) {
    const double squares = 28 * 28 * 1e-6, cells = 64 * 32;
    EXPECT_NEAR(make(of(cell_kind::sram_6t, summation::charge)).area_um2(1), cells * 150 * squares / 0.5, 1e-9);
    EXPECT_NEAR(make(of(cell_kind::sram_8t, summation::charge)).area_um2(1), cells * 200 * squares / 0.5, 1e-9);
    EXPECT_NEAR(make(of(cell_kind::sram_capacitor, summation::capacitor)).area_um2(1), cells * 300 * squares / 0.5,
                1e-9);
    EXPECT_NEAR(make(of(cell_kind::pcm, summation::current)).area_um2(2), cells * 2 * 50 * squares / 0.5, 1e-9);
    auto stated = of(cell_kind::pcm, summation::current);
    stated.cell_area_um2 = 2;
    EXPECT_NEAR(make(stated).area_um2(2), cells * 2 / 0.5, 1e-9) << "of the whole crossing";
    EXPECT_EQ(make(stated).leakage_mw(1), 0) << "nothing leaks in a device without supply";
    EXPECT_NEAR(make(of(cell_kind::sram_6t, summation::charge)).leakage_mw(2), cells * 2 * 0.01e-6, 1e-15);
}

TEST(cell_array, refuses_what_cannot_be) {
    const auto sram = of(cell_kind::sram_6t, summation::charge);
    auto p = sram;
    p.rows = 0;
    EXPECT_EQ(refusal(p), "array.rows: an array has 1 to 1048576 rows, not 0");
    p = sram;
    p.rows_active = 65;
    EXPECT_EQ(refusal(p), "array.rows_active: 65 rows add at once, there are 64");
    p = sram;
    p.columns_active = 33;
    EXPECT_EQ(refusal(p), "array.columns_active: 33 columns are read at once, there are 32");
    p = sram;
    p.cell_bits = 2;
    EXPECT_EQ(refusal(p), "array.cell_bits: an SRAM cell holds 1 bit");
    p = sram;
    p.on_resistance_ohm = 1;
    EXPECT_EQ(refusal(p), "array.on_resistance_ohm: only a resistive cell has one");
    EXPECT_EQ(refusal(of(cell_kind::pcm, summation::digital)),
              "array.summation: resistive cells have no gates to add digitally: charge or current");
    EXPECT_EQ(refusal(of(cell_kind::pcm, summation::capacitor)),
              "array.summation: resistive cells add charge or current");
    EXPECT_EQ(refusal(of(cell_kind::sram_capacitor, summation::charge)),
              "array.summation: a cell with a capacitor adds by sharing its charge: capacitor");
    p = of(cell_kind::pcm, summation::current);
    p.on_resistance_ohm = 5e4;
    EXPECT_EQ(refusal(p), "array.on_resistance_ohm: needs read_voltage_v above 0 and on_off_ratio above 1");
}

TEST(input_driver, drives_a_row_with_the_columns_it_reaches) {
    input_driver_parameters p;
    const input_driver binary(p, constants, {}, "");
    EXPECT_DOUBLE_EQ(binary.drive_pj(128), 128e-4);
    EXPECT_EQ(binary.pulses_ps(), 0);
    EXPECT_DOUBLE_EQ(binary.leakage_mw(), 0.01e-6);
    EXPECT_DOUBLE_EQ(binary.row_area_um2(), 3);
    p.kind = driver_kind::pulse_width;
    p.bits = 8;
    EXPECT_DOUBLE_EQ(input_driver(p, constants, {}, "").pulses_ps(), 255 * 10);
    p.pulse_step_ps = 502;
    const input_driver wide(p, constants, {}, "");
    EXPECT_NEAR(wide.pulses_ps(), 128e3, 11);
    EXPECT_DOUBLE_EQ(wide.bit_ps() * 8, wide.pulses_ps());
    p.row_energy_pj = 0.5;
    EXPECT_EQ(input_driver(p, constants, {}, "").drive_pj(128), 0.5);
    p = {};
    p.bits = 2;
    EXPECT_THROW(input_driver(p, constants, {}, ""), input_error);
}

TEST(write_driver, programs_until_verified) {
    write_driver_parameters p;
    const write_driver sram(p, constants, {}, "");
    EXPECT_DOUBLE_EQ(sram.cell_pj(), 2e-2);
    EXPECT_DOUBLE_EQ(sram.row_ps(), 1000);
    p.pulses = 8;
    p.pulse_ps = 270e3;
    p.pulse_energy_pj = 50;
    p.verify_ps = 130e3;
    p.verify_energy_pj = 0.2;
    const write_driver pcm(p, constants, {}, "");
    EXPECT_DOUBLE_EQ(pcm.row_ps(), 8 * 400e3) << "25 times an MVM of 130 ns is 3.25 us";
    EXPECT_DOUBLE_EQ(pcm.cell_pj(), 8 * 50.2);
    p.pulses = 0.5;
    EXPECT_THROW(write_driver(p, constants, {}, ""), input_error);
}

TEST(buffer, costs_by_the_bit) {
    const buffer b(100, constants, {});
    EXPECT_DOUBLE_EQ(b.access_pj(), 1e-3);
    EXPECT_DOUBLE_EQ(b.area_um2(), 150);
    EXPECT_DOUBLE_EQ(b.leakage_mw(), 1e-6);
    EXPECT_DOUBLE_EQ(b.access_ps(), 300);
}

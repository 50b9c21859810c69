/// Macros whose weights are programmed row by row.
#include <cimtlm/macro/published_macro.h>

#include <gtest/gtest.h>

using namespace cimtlm;

namespace {

published_macro_parameters core() {
    published_macro_parameters p;
    p.rows_parallel = p.columns_parallel = 256;
    p.weight_bits = 4;
    p.latency_ps = 130e3;
    p.write_row_ps = 25 * 130e3;
    p.volatile_weights = false;
    p.overhead_energy_pj = 0.0145;
    return p;
}

TEST(programmed_macro, a_row_takes_the_time_of_25_products) {
    const published_macro m(core());
    const double row_bytes = 128;
    EXPECT_DOUBLE_EQ(m.write_ps(row_bytes, 1000), 25 * m.step_ps());
    EXPECT_DOUBLE_EQ(m.write_ps(256 * row_bytes, 1000), 256 * 25 * m.step_ps());
    EXPECT_EQ(m.capacity_bytes(), 256 * row_bytes);
    EXPECT_EQ(m.weight_slices(8), 2);
    EXPECT_FALSE(m.volatile_weights());
    EXPECT_EQ(m.overhead_pj(), 0.0145);
}

TEST(programmed_macro, the_slower_of_port_and_rows_counts) {
    auto p = core();
    p.write_bytes_per_cycle = 32;
    EXPECT_DOUBLE_EQ(published_macro(p).write_ps(128, 1000), 25 * 130e3);
    p.write_row_ps = 100;
    EXPECT_DOUBLE_EQ(published_macro(p).write_ps(128, 1000), 4000);
    p.write_row_ps = 0;
    p.write_bytes_per_cycle = 0;
    EXPECT_EQ(published_macro(p).write_ps(128, 1000), 0);
    p.volatile_weights = true;
    EXPECT_TRUE(published_macro(p).volatile_weights());
}

} // namespace

/// Is mtime the time of the access, in ticks, to the picosecond, for hosts ahead of the kernel too?
#include <cimtlm/base/error.h>
#include <platforms/riscv_soc/clint.h>
#include <platforms/riscv_soc/firmware/soc_map.h>

#include <limits>
#include <random>

#include "peripheral_host.h"

namespace {

using namespace soc_test;
using cimtlm::clint;

__extension__ using wide = unsigned __int128;

TEST(clint_time, counts_at_the_edges_of_ticks) {
    clint c("clint", 1, 10, access_ps); // a tick every 100 ns
    peripheral_host h("h", c);
    settle();
    EXPECT_EQ(h.read(SOC_CLINT_MTIME, 8, 0), 0u);
    EXPECT_EQ(h.read(SOC_CLINT_MTIME, 8, 99999), 0u);
    EXPECT_EQ(h.read(SOC_CLINT_MTIME, 8, 100000), 1u);
    EXPECT_EQ(h.read(SOC_CLINT_MTIME, 8, 1234567890), 12345u);
    EXPECT_EQ(h.read(SOC_CLINT_MTIME, 8, 0), 0u) << "another host, which is not ahead";
    run(99999);
    EXPECT_EQ(h.read(SOC_CLINT_MTIME, 8, 0), 0u) << "at its arrival, not at its end";
    EXPECT_EQ(h.read(SOC_CLINT_MTIME, 8, 1), 1u);
    EXPECT_EQ(h.peek(SOC_CLINT_MTIME, 8), 0u);
    run(1);
    EXPECT_EQ(h.read(SOC_CLINT_MTIME, 8, 0), 1u);
    EXPECT_EQ(h.peek(SOC_CLINT_MTIME, 8), 1u);
}

TEST(clint_time, is_read_in_halves) {
    clint c("clint", 1, 1e6, access_ps); // a tick a picosecond
    peripheral_host h("h", c);
    settle();
    const std::int64_t at = 0x123456789a;
    EXPECT_EQ(h.read(SOC_CLINT_MTIME, 4, at), 0x3456789au);
    EXPECT_EQ(h.read(SOC_CLINT_MTIME + 4, 4, at), 0x12u);
    EXPECT_EQ(h.read(SOC_CLINT_MTIME, 8, at), 0x123456789au);
}

TEST(clint_time, does_not_drift_whatever_the_clock) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    int i = 0;
    for (const double mhz : {1e-6, 0.032768, 1.0, 3.0, 10.0, 24.0, 99.999999, 1e6}) {
        const clint c(("clint" + std::to_string(i++)).c_str(), 1, mhz, access_ps);
        const auto hz = static_cast<std::uint64_t>(mhz * 1e6 + 0.5);
        for (int n = 0; n < 2000; ++n) {
            const auto t = static_cast<std::int64_t>(random() >> (1 + random() % 63));
            const wide scaled = static_cast<wide>(t) * hz, ticks = c.mtime(t), second = 1000000000000;
            ASSERT_TRUE(ticks * second <= scaled && scaled < (ticks + 1) * second) << mhz << " MHz at " << t << " ps";
        }
    }
}

TEST(clint_time, registers_are_where_and_as_wide_as_they_are) {
    clint c("clint", 2, 1, access_ps);
    peripheral_host h("h", c);
    settle();
    constexpr auto ok = tlm::TLM_OK_RESPONSE, address = tlm::TLM_ADDRESS_ERROR_RESPONSE,
                   burst = tlm::TLM_BURST_ERROR_RESPONSE, command = tlm::TLM_COMMAND_ERROR_RESPONSE;
    for (const std::uint64_t hart : {0, 1}) {
        EXPECT_EQ(h.read_status(SOC_CLINT_MSIP + 4 * hart, 4), ok);
        EXPECT_EQ(h.read_status(SOC_CLINT_MSIP + 4 * hart, 8), burst) << "one hart's, not two";
        EXPECT_EQ(h.read_status(SOC_CLINT_MSIP + 4 * hart, 1), burst);
        EXPECT_EQ(h.read_status(SOC_CLINT_MSIP + 4 * hart + 2, 4), address);
        EXPECT_EQ(h.read_status(SOC_CLINT_MTIMECMP + 8 * hart, 8), ok);
        EXPECT_EQ(h.read_status(SOC_CLINT_MTIMECMP + 8 * hart, 4), ok);
        EXPECT_EQ(h.read_status(SOC_CLINT_MTIMECMP + 8 * hart + 4, 4), ok);
        EXPECT_EQ(h.read_status(SOC_CLINT_MTIMECMP + 8 * hart + 4, 8), address);
        EXPECT_EQ(h.read_status(SOC_CLINT_MTIMECMP + 8 * hart, 2), burst);
        EXPECT_EQ(h.read_status(SOC_CLINT_MTIMECMP + 8 * hart, 16), burst);
    }
    EXPECT_EQ(h.read_status(SOC_CLINT_MSIP + 8, 4), address) << "no third hart";
    EXPECT_EQ(h.write_status(SOC_CLINT_MTIMECMP + 16, 8), address);
    EXPECT_EQ(h.read_status(SOC_CLINT_MTIME - 4, 4), address);
    EXPECT_EQ(h.read_status(SOC_CLINT_MTIME, 8), ok);
    EXPECT_EQ(h.read_status(SOC_CLINT_MTIME + 4, 4), ok);
    EXPECT_EQ(h.write_status(SOC_CLINT_MTIME, 8), command) << "read only";
    EXPECT_EQ(h.write_status(SOC_CLINT_MTIME + 4, 4), command);
    EXPECT_EQ(h.read_status(SOC_CLINT_MTIME + 4, 8), address);
    EXPECT_EQ(h.read_status(SOC_CLINT_MTIME + 8, 4), address);
    EXPECT_EQ(h.read_status(SOC_CLINT_BYTES - 4, 8), address);
    EXPECT_EQ(h.read(SOC_CLINT_MTIMECMP, 8), ~std::uint64_t{0}) << "never, at first";
    EXPECT_EQ(h.read(SOC_CLINT_MSIP), 0u);
}

TEST(clint_time, compare_registers_keep_what_is_written_in_any_order_of_halves) {
    clint c("clint", 2, 1, access_ps);
    peripheral_host h("h", c);
    settle();
    const std::uint64_t at = SOC_CLINT_MTIMECMP + 8;
    h.write(at, 0x7123456789abcdef, 8);
    EXPECT_EQ(h.read(at, 4), 0x89abcdefu);
    EXPECT_EQ(h.read(at + 4, 4), 0x71234567u);
    h.write(at, 0x11111111, 4);
    EXPECT_EQ(h.read(at, 8), 0x7123456711111111u);
    h.write(at + 4, 0xfedcba98, 4);
    EXPECT_EQ(h.read(at, 8), 0xfedcba9811111111u);
    EXPECT_EQ(h.read(SOC_CLINT_MTIMECMP, 8), ~std::uint64_t{0}) << "the other hart's";
    h.write(SOC_CLINT_MSIP + 4, 0xffffffff);
    EXPECT_EQ(h.read(SOC_CLINT_MSIP + 4), 1u) << "one bit";
    EXPECT_EQ(h.poke(at, 5, 8), 8u);
    EXPECT_EQ(h.peek(at, 8), 0xfedcba9811111111u) << "debug writes change nothing";
}

TEST(clint_time, parameters_are_checked) {
    EXPECT_THROW(clint("none", 0, 1, access_ps), cimtlm::input_error);
    EXPECT_THROW(clint("many", 4096, 1, access_ps), cimtlm::input_error);
    EXPECT_THROW(clint("stopped", 1, 0, access_ps), cimtlm::input_error);
    EXPECT_THROW(clint("back", 1, -1, access_ps), cimtlm::input_error);
    EXPECT_THROW(clint("fast", 1, 1.1e6, access_ps), cimtlm::input_error);
    EXPECT_THROW(clint("nan", 1, std::numeric_limits<double>::quiet_NaN(), access_ps), cimtlm::input_error);
    const clint most("most", 4095, 1, access_ps);
    EXPECT_EQ(most.next_timer_ps(4094), -1);
}

} // namespace

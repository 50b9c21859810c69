/// Does the UART's transmitter say when it is busy, by the time of the access, and is the rest as harmless as a
/// 16550's?
#include <cimtlm/base/error.h>
#include <platforms/riscv_soc/firmware/soc_map.h>
#include <platforms/riscv_soc/uart.h>

#include <limits>
#include <string>

#include "peripheral_host.h"

namespace {

using namespace soc_test;
using cimtlm::uart;

enum : unsigned { thr, ier, fcr, lcr, mcr, lsr, msr, scr };

struct bench {
    std::string text;
    uart u;
    peripheral_host h{"h", u};

    explicit bench(double characters_per_s = 0)
        : u(
              "uart", [this](char c) { text += c; }, access_ps, characters_per_s) {
        settle();
    }
    void send(char c, std::int64_t ahead_ps = 0) { h.write(thr, static_cast<unsigned char>(c), 1, ahead_ps); }
    std::uint64_t get(unsigned offset, std::int64_t ahead_ps = 0) { return h.read(offset, 1, ahead_ps); }
};

TEST(uart, without_a_limit_is_always_ready) {
    bench b;
    for (const char c : std::string("hello\n\xff")) {
        EXPECT_EQ(b.get(lsr), 0x60u);
        b.send(c);
        EXPECT_EQ(b.get(lsr), 0x60u);
    }
    for (int i = 0; i < 100; ++i) b.send('x');
    EXPECT_EQ(b.text, "hello\n\xff" + std::string(100, 'x'));
    EXPECT_EQ(b.u.lost(), 0u);
}

TEST(uart, is_busy_for_a_characters_time) {
    bench b(1e6); // a microsecond each
    run_to(500);
    b.send('a', 1000);
    EXPECT_EQ(b.text, "a");
    EXPECT_EQ(b.get(lsr, 1000), 0x20u) << "nothing waits, one is under way";
    EXPECT_EQ(b.get(lsr, 1000999), 0x20u);
    EXPECT_EQ(b.get(lsr, 1001000), 0x60u);
    EXPECT_EQ(b.h.peek(lsr, 1), 0x00u) << "before it was written: as if it waited";
    // Two: the second waits for the first.
    run_to(10000000);
    b.send('b');
    b.send('c', 400000);
    EXPECT_EQ(b.get(lsr, 400000), 0x00u);
    EXPECT_EQ(b.get(lsr, 999999), 0x00u);
    EXPECT_EQ(b.get(lsr, 1000000), 0x20u);
    EXPECT_EQ(b.get(lsr, 1999999), 0x20u);
    EXPECT_EQ(b.get(lsr, 2000000), 0x60u);
    run_to(11500000);
    EXPECT_EQ(b.get(lsr), 0x20u);
    EXPECT_EQ(b.h.peek(lsr, 1), 0x20u);
    EXPECT_EQ(b.text, "abc");
}

TEST(uart, keeps_sixteen_characters_while_one_is_under_way) {
    bench b(1e6);
    for (char c = 'a'; c < 'a' + 17; ++c) b.send(c);
    EXPECT_EQ(b.u.lost(), 0u);
    b.send('!');
    b.send('!', 999999);
    EXPECT_EQ(b.u.lost(), 2u) << "no room";
    b.send('+', 1000000);
    EXPECT_EQ(b.u.lost(), 2u);
    b.send('!', 1000001);
    EXPECT_EQ(b.u.lost(), 3u);
    EXPECT_EQ(b.text, "abcdefghijklmnopq+");
    EXPECT_EQ(b.get(lsr, 16999999), 0x00u);
    EXPECT_EQ(b.get(lsr, 17000000), 0x20u);
    EXPECT_EQ(b.get(lsr, 18000000), 0x60u);
}

TEST(uart, a_program_that_polls_is_paced_by_it) {
    bench b(115200.0 / 10);
    std::int64_t ahead_ps = 0;
    for (int i = 0; i < 50; ++i) {
        while ((b.get(lsr, ahead_ps) & 0x40) == 0) ahead_ps += 100000;
        b.send('.', ahead_ps);
        ahead_ps += access_ps;
    }
    EXPECT_EQ(b.text.size(), 50u);
    EXPECT_NEAR(static_cast<double>(ahead_ps), 49 * 1e12 / 11520, 49 * 110000);
}

TEST(uart, registers_are_those_of_a_16550) {
    bench b;
    EXPECT_EQ(b.get(thr), 0u) << "nothing received";
    EXPECT_EQ(b.get(fcr), 0x01u) << "no interrupt pending";
    EXPECT_EQ(b.get(msr), 0xb0u) << "somebody is there";
    b.h.write(ier, 0xff, 1);
    EXPECT_EQ(b.get(ier), 0x0fu);
    b.h.write(fcr, 0xc7, 1);
    EXPECT_EQ(b.get(fcr), 0xc1u) << "FIFOs on";
    b.h.write(fcr, 0, 1);
    EXPECT_EQ(b.get(fcr), 0x01u);
    b.h.write(scr, 0xa5, 1);
    EXPECT_EQ(b.get(scr), 0xa5u);
    // The divisor latch hides IER and the data registers.
    b.h.write(lcr, 0x83, 1);
    b.h.write(0, 0x12, 1);
    b.h.write(1, 0x34, 1);
    EXPECT_EQ(b.get(0), 0x12u);
    EXPECT_EQ(b.get(1), 0x34u);
    EXPECT_EQ(b.get(lcr), 0x83u);
    b.h.write(lcr, 0x03, 1);
    EXPECT_EQ(b.get(0), 0x00u);
    EXPECT_EQ(b.get(1), 0x0fu);
    EXPECT_EQ(b.text, "");
    b.h.write(lsr, 0xff, 1);
    b.h.write(msr, 0xff, 1);
    EXPECT_EQ(b.get(lsr), 0x60u);
    EXPECT_EQ(b.get(msr), 0xb0u);
}

// As drivers find out whether a UART is there.
TEST(uart, loopback_connects_the_modem_lines_and_nothing_leaves) {
    bench b;
    const std::pair<unsigned, unsigned> lines[] = {{0x1a, 0x90}, {0x11, 0x20}, {0x12, 0x10},
                                                   {0x14, 0x40}, {0x18, 0x80}, {0x10, 0x00}};
    for (const auto& [control, status] : lines) {
        b.h.write(mcr, control, 1);
        EXPECT_EQ(b.get(mcr), control);
        EXPECT_EQ(b.get(msr), status) << std::hex << control;
    }
    b.send('x');
    EXPECT_EQ(b.text, "");
    b.h.write(mcr, 0xe3, 1);
    EXPECT_EQ(b.get(mcr), 0x03u);
    EXPECT_EQ(b.get(msr), 0xb0u);
    b.send('y');
    EXPECT_EQ(b.text, "y");
}

TEST(uart, takes_bytes_at_its_eight_registers) {
    bench b;
    for (unsigned offset = 0; offset < 8; ++offset) {
        EXPECT_EQ(b.h.read_status(offset, 1), tlm::TLM_OK_RESPONSE);
        for (const unsigned bytes : {2u, 4u, 8u}) {
            EXPECT_EQ(b.h.read_status(offset, bytes), tlm::TLM_BURST_ERROR_RESPONSE);
            EXPECT_EQ(b.h.write_status(offset, bytes, 'x'), tlm::TLM_BURST_ERROR_RESPONSE);
        }
    }
    EXPECT_EQ(b.h.read_status(8, 1), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(b.h.write_status(SOC_UART_BYTES - 1, 1), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(b.h.poke(thr, 'x', 1), 1u) << "a debugger prints nothing";
    EXPECT_EQ(b.text, "");
}

TEST(uart, parameters_are_checked) {
    EXPECT_THROW(uart("negative", {}, access_ps, -1), cimtlm::input_error);
    EXPECT_THROW(uart("slow", {}, access_ps, 0.5), cimtlm::input_error);
    EXPECT_THROW(uart("fast", {}, access_ps, 1.1e12), cimtlm::input_error);
    EXPECT_THROW(uart("nan", {}, access_ps, std::numeric_limits<double>::quiet_NaN()), cimtlm::input_error);
    uart deaf("deaf", {}, access_ps, 1);
    peripheral_host h("h", deaf);
    settle();
    h.write(thr, 'x', 1); // no sink, nobody minds
    EXPECT_EQ(h.read(lsr, 1, 999999999999), 0x20u);
    EXPECT_EQ(h.read(lsr, 1, 1000000000000), 0x60u);
}

} // namespace

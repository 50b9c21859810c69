// Interrupts come once, where and when they should, however far the core runs ahead.
#include "guest.h"

using namespace cimtlm::test;

namespace {

/// What the guests here begin with: a handler that keeps mcause, mepc and mstatus in s2 to s4, counts in s5 and makes
/// the software interrupt go; MSIP in s1.
const std::string with_handler = R"(
    la t0, handler
    csrw mtvec, t0
    li s1, MSIP
    li s5, 0
    j begin
    .balign 4
handler:
    csrr s2, mcause
    csrr s3, mepc
    csrr s4, mstatus
    addi s5, s5, 1
    sw zero, 0(s1)
    mret
begin:
)";

} // namespace

TEST(interrupts, of_the_device_come_once) {
    NEEDS_GUESTS();
    for (const bool sleeps : {true, false}) {
        const guest g("external.S", {sleeps ? "SLEEPS=1" : "SLEEPS=0", "ROUNDS=40"});
        for (const auto& quantum : quanta()) {
            const auto r = run_guest(g, at_quantum(quantum));
            EXPECT_EQ(r.integer("interrupts"), 40) << sleeps << ", quantum " << quantum;
            // Asleep it is served at once; awake it is up to a quantum late.
            const double late_ns = quantum == "100 us" ? 100000 : quantum == "1 us" ? 1000 : 1;
            EXPECT_LE(r.value("ticks"), 40 * (600 + (sleeps ? 0 : late_ns))) << sleeps << ", " << quantum;
        }
    }
}

// At the first boundary of blocks that is no earlier: here each instruction is a block.
TEST(interrupts, of_the_timer_come_in_time) {
    NEEDS_GUESTS();
    const guest g(R"(
    la t0, handler
    csrw mtvec, t0
    li s1, MTIME
    li s2, MTIMECMP
    li t0, TIMER
    csrw mie, t0
    csrsi mstatus, 8
    li t0, 12345678
    sd t0, 0(s2)
1:  j 1b
    .balign 4
handler:
    lw s3, 0(s1)
    result ticks, s3
    exit 0
)");
    std::int64_t first = -1;
    for (const auto& quantum : quanta()) {
        const auto r = run_guest(g, sets({"peripherals.tick_mhz=1000000"}) + at_quantum(quantum));
        const auto taken_ps = r.integer("ticks") - 5000; // the way to the register
        EXPECT_GE(taken_ps, 12345678);
        EXPECT_LT(taken_ps, 12345678 + 1300);
        if (first < 0) first = taken_ps;
        EXPECT_EQ(taken_ps, first) << quantum;
    }
}

// The guest sets a timer while it runs far ahead, and moves it.
TEST(interrupts, of_a_timer_that_was_just_set) {
    NEEDS_GUESTS();
    const guest g(R"(
    la t0, handler
    csrw mtvec, t0
    li s1, MTIME
    li s2, MTIMECMP
    li t0, TIMER
    csrw mie, t0
    csrsi mstatus, 8
    li s4, 50
    li s5, 0
1:  ld t0, 0(s1)
    addi t0, t0, 2000 /* is replaced before it comes */
    sd t0, 0(s2)
    addi s6, t0, -1800
    sd s6, 0(s2)
    addi s5, s5, 1
2:  bnez s5, 2b
    addi s4, s4, -1
    bnez s4, 1b
    ld s3, 0(s1)
    result ticks, s3
    exit 0
    .balign 4
handler:
    ld t2, 0(s1)
    sub t2, t2, s6
    addi t2, t2, -20 /* late by no more than an instruction, a way and the block */
    bgtz t2, wrong
    li t2, -1
    sd t2, 0(s2)
    li s5, 0
    mret
wrong:
    exit 71
)");
    std::int64_t first = -1;
    for (const auto& quantum : quanta()) {
        const auto r = run_guest(g, at_quantum(quantum));
        if (first < 0) first = r.integer("ticks");
        EXPECT_EQ(r.integer("ticks"), first) << quantum;
    }
}

TEST(interrupts, pending_before_they_are_enabled) {
    NEEDS_GUESTS();
    // Each way of enabling: the interrupt is taken before the next instruction.
    const std::string pending = R"(
    li t0, 1
    sw t0, 0(s1)
1:  csrr t0, mip
    beqz t0, 1b
)";
    const std::string check = R"(
next:
    nop
    la t0, next
    bne t0, s3, wrong
    demand_equal s5, 1
    csrr t0, mip
    bnez t0, wrong
    srli t0, s2, 63
    beqz t0, wrong
    slli s2, s2, 1
    demand_equal s2, 2 /* supervisor software interrupt */
    srli s4, s4, 3
    andi s4, s4, 0x311
    demand_equal s4, 0x310 /* MPP: machine, MPIE, MIE is off */
    csrr t0, mstatus
    andi t0, t0, 8
    beqz t0, wrong
    exit 0
wrong:
    exit 71
)";
    const std::string last_mie = "    csrsi mstatus, 8\n" + pending + "    li t0, SOFTWARE\n    csrw mie, t0\n";
    const std::string last_mstatus = "    li t0, SOFTWARE\n    csrw mie, t0\n" + pending + "    csrsi mstatus, 8\n";
    const std::string last_mret = "    li t0, SOFTWARE\n    csrw mie, t0\n" + pending + R"(
    li t0, 0x1880 /* MPP, MPIE */
    csrw mstatus, t0
    la t0, next
    csrw mepc, t0
    mret
)";
    for (const auto& enable : {last_mie, last_mstatus, last_mret}) {
        const guest g(with_handler + enable + check);
        for (const auto& quantum : quanta()) run_guest(g, at_quantum(quantum));
    }
}

TEST(interrupts, masked_ones_do_not_come) {
    NEEDS_GUESTS();
    const guest g(with_handler + R"(
    li t0, 1
    sw t0, 0(s1)
1:  csrr t0, mip
    beqz t0, 1b
    csrsi mstatus, 8 /* not in mie */
    li t0, EXTERNAL + TIMER
    csrw mie, t0
    .rept 50
    nop
    .endr
    csrci mstatus, 8 /* in mie, not in mstatus */
    li t0, SOFTWARE
    csrw mie, t0
    .rept 50
    nop
    .endr
    demand_equal s5, 0
    sw zero, 0(s1) /* gone before it is enabled */
    csrsi mstatus, 8
    .rept 50
    nop
    .endr
    demand_equal s5, 0
    csrr t0, mip
    demand_equal t0, 0
    exit 0
)");
    for (const auto& quantum : quanta()) run_guest(g, at_quantum(quantum));
}

// The line goes down in the access right before mret, again and again.
TEST(interrupts, line_that_falls_before_mret) {
    NEEDS_GUESTS();
    const guest g(with_handler + R"(
    li t0, SOFTWARE
    csrw mie, t0
    csrsi mstatus, 8
    li s0, 0
    li s6, 1
    li s7, 100
1:  addi s0, s0, 1
    sw s6, 0(s1)
2:  bne s5, s0, 2b
    bne s0, s7, 1b
    .rept 20
    nop
    .endr
    mv s0, s5
    result interrupts, s0
    exit 0
)");
    for (const auto& quantum : quanta()) EXPECT_EQ(run_guest(g, at_quantum(quantum)).integer("interrupts"), 100);
}

TEST(interrupts, vectored_and_nested) {
    NEEDS_GUESTS();
    // The timer's handler sends a software interrupt, lets it in and sees what it needs again behind it.
    const guest g(R"(
    la t0, table + 1
    csrw mtvec, t0
    li s1, MSIP
    li s2, MTIMECMP
    li t0, TIMER + SOFTWARE
    csrw mie, t0
    li t0, 3000
    sd t0, 0(s2)
    csrsi mstatus, 8
1:  beqz s3, 1b
    demand_equal s4, 1
    exit 0
software:
    csrr t1, mepc
    csrr t2, mcause
    slli t2, t2, 1
    addi t2, t2, -2
    bnez t2, wrong
    sw zero, 0(s1)
    addi s4, s4, 1
    mret
timer:
    li t0, -1
    sd t0, 0(s2)
    csrr s8, mepc
    csrr s9, mstatus
    li t0, 1
    sw t0, 0(s1)
    csrsi mstatus, 8
2:  beqz s4, 2b
    csrci mstatus, 8
    csrw mstatus, s9
    csrw mepc, s8
    li s3, 1
    mret
wrong:
    exit 71
    .option norvc
    .balign 64
table:
    j wrong
    j software
    j wrong
    j wrong
    j wrong
    j timer
    .rept 10
    j wrong
    .endr
)");
    for (const auto& quantum : quanta()) run_guest(g, at_quantum(quantum));
}

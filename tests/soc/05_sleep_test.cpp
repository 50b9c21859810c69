// Sleep: what wakes a core, when, and what happens when nothing will.
#include "guest.h"

using namespace cimtlm::test;

TEST(sleep, interrupts_wake_a_core_that_does_not_take_them) {
    NEEDS_GUESTS();
    const guest g(R"(
    la t0, wrong
    csrw mtvec, t0
    li s1, MTIMECMP
    li t0, TIMER
    csrw mie, t0
    li s0, 5
    li s2, 10000
1:  sd s2, 0(s1)
    wfi
    csrr t0, mip
    demand_equal t0, TIMER
    li t0, MTIME
    ld t1, 0(t0)
    sub t1, t1, s2 /* 0 to 30 ticks late */
    bltz t1, wrong
    addi t1, t1, -30
    bgtz t1, wrong
    li t0, 10000
    add s2, s2, t0
    addi s0, s0, -1
    bnez s0, 1b
    exit 0
    .balign 4
wrong:
    exit 71
)");
    for (const auto& quantum : quanta()) {
        const auto r = run_guest(g, at_quantum(quantum));
        EXPECT_GT(r.statistic("core0.sleep_ps"), 48e6) << quantum;
    }
}

TEST(sleep, interrupts_are_taken_behind_wfi) {
    NEEDS_GUESTS();
    const guest g(R"(
    la t0, handler
    csrw mtvec, t0
    li s1, MTIMECMP
    li t0, TIMER
    csrw mie, t0
    csrsi mstatus, 8
    li t0, 5000
    sd t0, 0(s1)
    nop
    wfi
behind:
    nop
    demand_equal s2, 1
    exit 0
    .balign 4
handler:
    csrr t0, mepc
    la t1, behind
    bne t0, t1, wrong
    li t0, -1
    sd t0, 0(s1)
    addi s2, s2, 1
    mret
wrong:
    exit 71
)");
    for (const auto& quantum : quanta()) run_guest(g, at_quantum(quantum));
}

// A guest that waits for an interrupt that cannot come: nothing can happen any more.
TEST(sleep, standstill) {
    NEEDS_GUESTS();
    const guest g(R"(
    li t0, TIMER
    csrw mie, t0
    nop
asleep:
    wfi
behind:
    j asleep
)");
    for (const auto& quantum : quanta()) {
        const auto r = run_guest(g, at_quantum(quantum), 125);
        EXPECT_EQ(r.results.at("outcome"), "standstill");
        EXPECT_TRUE(contains(r.message(), "core0 waits for an interrupt at pc " + hexadecimal(g.address("behind"))))
            << r.message();
        EXPECT_EQ(r.instructions(), 4);
        EXPECT_EQ(r.time_ps(), 4 * 1300);
    }
}

// Nothing happens for longer than the program looks at a time.
TEST(sleep, of_seconds) {
    NEEDS_GUESTS();
    const guest g(R"(
    li s1, MTIMECMP
    li t0, TIMER
    csrw mie, t0
    li s2, TICKS
    sd s2, 0(s1)
    wfi
    exit 0
)",
                  {"TICKS=3600000"}); // of 1 us
    const auto r = run_guest(g, sets({"peripherals.tick_mhz=1"}));
    EXPECT_EQ(r.time_ps(), 3600000000000 + 5 * 1300);
    // A limit in between ends it there.
    const auto early =
        run_guest(g, sets({"peripherals.tick_mhz=1"}) + std::vector<std::string>{"--max-time", "25 ms"}, 124);
    EXPECT_EQ(early.time_ps(), 25000000000);
    EXPECT_TRUE(contains(early.message(), "core0 waits for an interrupt at")) << early.message();
}

// A software interrupt that the guest makes pending itself.
TEST(sleep, wakes_by_mip) {
    NEEDS_GUESTS();
    const guest g(R"(
    li t0, SOFTWARE
    csrw mie, t0
    csrw mip, t0
    wfi
    csrr t1, mip
    demand_equal t1, SOFTWARE
    li t1, MTIMECMP /* another line changes: it stays */
    sd zero, 0(t1)
1:  csrr t1, mip
    andi t2, t1, TIMER
    beqz t2, 1b
    demand_equal t1, SOFTWARE + TIMER
    exit 0
)");
    for (const auto& quantum : quanta()) run_guest(g, at_quantum(quantum));
}

// Exceptions of the guest: where they go, what they tell, and what comes of them without a handler.
#include "guest.h"

using namespace cimtlm::test;

namespace {

struct exception_case {
    std::string name, code; ///< with the label `fault`; s7 is a place in RAM, aligned to 16 bytes
    std::uint64_t cause;
    std::string value; ///< mtval: a number or a label
    std::string words; ///< of the message without a handler
};

const std::vector<exception_case>& cases() {
    static const std::vector<exception_case> all{
        {"ecall", "fault: ecall", 11, "0", "environment call"},
        {"ebreak", ".option norvc\nfault: ebreak", 3, "fault", "breakpoint"},
        {"c.ebreak", "fault: c.ebreak", 3, "fault", "breakpoint"},
        // Without what makes it a call of the host: before, behind.
        {"no call", ".option norvc\nnop\nfault: ebreak\nsrai zero, zero, 7", 3, "fault", "breakpoint"},
        {"half a call", ".option norvc\nslli zero, zero, 0x1f\nfault: ebreak\nnop", 3, "fault", "breakpoint"},
        {"compressed call", "slli zero, zero, 0x1f\nfault: c.ebreak\nsrai zero, zero, 7", 3, "fault", "breakpoint"},
        {"zeros", "fault: .2byte 0", 2, "0", "illegal instruction"},
        {"compressed", "nop\nfault: .2byte 0x8002\n.2byte 0xffff", 2, "0x8002", "illegal instruction"}, // c.jr x0
        {"ones", "nop\nfault: .4byte 0xffffffff", 2, "0xffffffff", "illegal instruction"},
        {"no such CSR", "fault: csrr t0, 0x123", 2, "0x123022f3", "illegal instruction"},
        {"CSR that is read only", "fault: csrw mvendorid, t0", 2, "0xf1129073", "illegal instruction"},
        {"counter that is read only", "fault: csrrw t0, instret, t1", 2, "0xc02312f3", "illegal instruction"},
        {"floating point", "fault: .4byte 0x00007053", 2, "0x00007053", "illegal instruction"},
        {"AMO that is not aligned", "addi t0, s7, 2\nfault: amoadd.w t1, t2, (t0)", 6, "place + 2", "misaligned store"},
        {"AMO of 8 bytes", "addi t0, s7, 4\nfault: amoadd.d t1, t2, (t0)", 6, "place + 4", "misaligned store"},
        {"LR that is not aligned", "addi t0, s7, 1\nfault: lr.w t1, (t0)", 4, "place + 1", "misaligned load"},
    };
    return all;
}

const std::string begin = R"(
    la t0, handler
    csrw mtvec, t0
    la s7, place
    csrsi mstatus, 8
)";
const std::string data = R"(
    .data
    .balign 16
place: .space 32
)";

std::string number(std::uint64_t v) { return std::to_string(v); }

} // namespace

TEST(exceptions, tell_where_and_why) {
    NEEDS_GUESTS();
    for (const auto& c : cases()) {
        const guest g(begin + c.code + R"(
    .option rvc
behind:
    exit 71
    .balign 4
handler:
    csrr t0, mepc
    la t1, fault
    bne t0, t1, wrong
    csrr t0, mcause
    demand_equal t0, CAUSE
    csrr t0, mstatus
    li t1, 0x1888
    and t0, t0, t1
    li t1, 0x1880 /* from machine mode, interrupts were on and are off */
    bne t0, t1, wrong
    csrr t0, mtval
    )" + std::string(c.value[0] == 'p' || c.value[0] == 'f' ? "la" : "li") +
                          R"( t1, VALUE
    bne t0, t1, value
    exit 5
wrong:
    exit 72
value:
    result mtval, t0
    exit 73
)" + data,
                      {"CAUSE=" + number(c.cause), "VALUE=" + c.value});
        for (const std::string quantum : {"0", "1 us"}) {
            SCOPED_TRACE(c.name);
            run_guest(g, at_quantum(quantum), 5);
        }
    }
}

TEST(exceptions, end_the_run_where_there_is_no_handler) {
    NEEDS_GUESTS();
    for (const auto& c : cases()) {
        const guest g("    la s7, place\n" + c.code + "\n    exit 71\n" + data);
        for (const std::string quantum : {"0", "100 us"}) {
            const auto r = run_guest(g, at_quantum(quantum), 125);
            SCOPED_TRACE(c.name);
            EXPECT_EQ(r.results.at("outcome"), "mistake");
            EXPECT_TRUE(contains(r.message(), "core0: " + c.words)) << r.message();
            EXPECT_TRUE(contains(r.message(), "without a trap handler (mtvec is 0)")) << r.message();
            EXPECT_TRUE(contains(r.message(), "; pc " + hexadecimal(g.address("fault")) + " (fault)")) << r.message();
            EXPECT_EQ(r.time_ps(), r.instructions() * 1300);
        }
    }
}

// This core is one of machine mode alone; a guest that leaves it is told so when it traps.
TEST(exceptions, outside_machine_mode) {
    NEEDS_GUESTS();
    for (const std::string trap : {"ecall", "c.ebreak", ".4byte 0xffffffff", "csrr t0, mstatus"}) {
        const guest g(begin + R"(
    la t0, below
    csrw mepc, t0
    mret /* MPP is 0: to user mode */
handler:
    exit 71
    .balign 4
below:
    nop
fault:
)" + trap + data);
        const auto r = run_guest(g, {}, 125);
        EXPECT_EQ(r.message(), "core0: trap outside machine mode, which alone is served; pc " +
                                   hexadecimal(g.address("fault")) + " (fault)");
    }
}

// The same again and again, from different places: mret comes back, and everything is counted.
TEST(exceptions, return ) {
    NEEDS_GUESTS();
    const guest g(begin + R"(
    li s0, ROUNDS
    li s3, 0
1:  c.nop
    li s1, 4
    ecall
    li s1, 2
    c.ebreak
    c.nop
    .2byte 0
    li s1, 4
    amoadd.w t0, t1, (s2)
    addi s0, s0, -1
    bnez s0, 1b
    csrr s0, instret
    csrr s1, mstatus
    andi s1, s1, 8
    demand_equal s1, 8
    result traps, s3
    result counted, s0
    exit 0
    .balign 4
handler: /* 6 instructions */
    csrr t0, mepc
    add t0, t0, s1
    csrw mepc, t0
    addi s3, s3, 1
    li s2, 1 /* for the next atomic operation */
    mret
)" + data,
                  {"ROUNDS=250"});
    for (const auto& quantum : quanta()) {
        const auto r = run_guest(g, at_quantum(quantum));
        EXPECT_EQ(r.integer("traps"), 4 * 250);
        EXPECT_EQ(r.integer("counted"), 6 + 2 + 250 * (11 + 4 * 6));
    }
}

// A handler that gets an exception itself comes to no end, but time goes on.
TEST(exceptions, endless_traps_end_with_the_time) {
    NEEDS_GUESTS();
    for (const std::string code : {"ecall", ".4byte 0xffffffff", "c.ebreak", "lr.w t0, (s7)"}) {
        const guest g(R"(
    la t0, handler
    csrw mtvec, t0
    li s7, 1
    .balign 4
handler:
    )" + code + "\n");
        for (const auto& quantum : quanta()) {
            const auto r = run_guest(g, std::vector<std::string>{"--max-time", "5us"} + at_quantum(quantum), 124);
            EXPECT_EQ(r.results.at("outcome"), "time limit");
            EXPECT_TRUE(contains(r.message(), "core0 is at pc " + hexadecimal(g.address("handler")) + " (handler)"))
                << r.message();
            EXPECT_GE(r.instructions(), quantum == "100 us" ? 1 : 5000000 / 1300 - 1000) << code << ", " << quantum;
            EXPECT_LE(r.instructions(), (quantum == "100 us" ? 105000000 : 6000000) / 1300 + 10) << code << quantum;
        }
    }
}

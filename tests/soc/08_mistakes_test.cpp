// What hardware would not survive ends the run, and the message tells core, address and place exactly.
#include "guest.h"

using namespace cimtlm::test;

namespace {

struct mistake_case {
    std::string code; ///< with the label `fault`
    std::string words;
    std::int64_t wait_ps = 0; ///< what the bus takes until it says so
};

constexpr std::int64_t there_and_back = 10000, a_register = 11000;
const std::string nothing = ": nothing is there";

void check(const std::vector<mistake_case>& cases) {
    for (const auto& c : cases) {
        SCOPED_TRACE(c.code);
        // Further instructions must not be executed; they would end the guest.
        const guest g("    li a5, 1\n" + c.code + "\n    j behind\n    .space 64\nbehind:\n    exit 71\n");
        const auto before = g.instructions_before("fault");
        for (const std::string quantum : {"0", "100 us"}) {
            const auto r = run_guest(g, at_quantum(quantum), 125);
            EXPECT_EQ(r.results.at("outcome"), "mistake");
            EXPECT_EQ(r.message(), "core0: " + c.words + "; pc " + hexadecimal(g.address("fault")) + " (fault)");
            EXPECT_EQ(r.child.err, "cimtlm-soc: mistake: " + r.message() + "\n"); // once
            EXPECT_EQ(r.instructions(), before) << quantum;
            EXPECT_EQ(r.time_ps(), before * 1300 + c.wait_ps) << quantum;
        }
    }
}

} // namespace

TEST(mistakes, accesses_to_nowhere) {
    NEEDS_GUESTS();
    const std::string refused = ": TLM_ADDRESS_ERROR_RESPONSE";
    check({
        {"nop\nli a0, NOWHERE\nfault: lw a1, 4(a0)\nnop", "load of 4 B at 0x8000004" + refused, there_and_back},
        {"li a0, NOWHERE\nfault: lbu a1, 3(a0)", "load of 1 B at 0x8000003" + refused, there_and_back},
        {"li a0, NOWHERE\nnop\nfault: sd a1, -8(a0)", "store of 4 B at 0x7fffff8" + refused, there_and_back},
        {"li a0, NOWHERE\nfault: sh a1, 0(a0)", "store of 2 B at 0x8000000" + refused, there_and_back},
        {"li a0, NOWHERE\nfault: amoadd.w a1, a5, (a0)", "load of 4 B at 0x8000000" + refused, there_and_back},
        {"li a0, NOWHERE\nfault: lr.d a1, (a0)", "load of 4 B at 0x8000000" + refused, there_and_back},
        // The null pointer, the last word of 2 GiB.
        {"fault: lw a1, 0(zero)", "load of 4 B at 0x0" + refused, there_and_back},
        {"fault: sb a1, 16(zero)", "store of 1 B at 0x10" + refused, there_and_back},
        {"li a0, 0x7ffffffc\nfault: sw a1, 0(a0)", "store of 4 B at 0x7ffffffc" + refused, there_and_back},
        // Between the devices' registers, where no device is.
        {"li a0, CIM + 0x1000\nfault: lw a1, 0(a0)", "load of 4 B at 0x10101000" + refused, there_and_back},
    });
}

TEST(mistakes, accesses_behind_memory) {
    NEEDS_GUESTS();
    check({
        {"li a0, 0x84000000\nfault: ld a1, 0(a0)", "load of 8 B at 0x84000000" + nothing},
        {"li a0, 0x84000000\nnop\nfault: sw a1, 0(a0)\nnop", "store of 4 B at 0x84000000" + nothing},
        {"li a0, 0x84000000\nfault: amoor.d a1, a5, (a0)", "load of 8 B at 0x84000000" + nothing},
        {"li a0, 0x100000000\nfault: lb a1, 0(a0)", "load of 1 B at 0x100000000" + nothing},
        // Addresses are 64 bits wide and do not come around.
        {"li a0, -8\nfault: ld a1, 0(a0)", "load of 8 B at 0xfffffffffffffff8" + nothing},
        {"li a0, -1\nfault: sb a1, 0(a0)", "store of 1 B at 0xffffffffffffffff" + nothing},
        {"fault: sd a1, -16(zero)", "store of 8 B at 0xfffffffffffffff0" + nothing},
        {"lui a0, 0x80000\nfault: lw a1, 0(a0)", "load of 4 B at 0xffffffff80000000" + nothing},
        {"li a0, 0x1000000002000000\nfault: lw a1, 0(a0)", "load of 4 B at 0x1000000002000000" + nothing},
    });
}

TEST(mistakes, accesses_that_a_device_refuses) {
    NEEDS_GUESTS();
    const std::string command = ": TLM_COMMAND_ERROR_RESPONSE", burst = ": TLM_BURST_ERROR_RESPONSE",
                      address = ": TLM_ADDRESS_ERROR_RESPONSE";
    // A write of 4 bytes takes half a cycle of the bus only when it is taken.
    check({
        {"li a0, MTIME\nfault: sw a1, 0(a0)\nnop", "store of 4 B at 0x200bff8" + command, a_register},
        {"li a0, MTIME\nfault: sd a1, 0(a0)", "store of 4 B at 0x200bff8" + command, a_register},
        {"li a0, MTIME\nfault: lb a1, 1(a0)", "load of 1 B at 0x200bff9" + burst, a_register},
        {"li a0, MTIME\nfault: lh a1, 2(a0)", "load of 2 B at 0x200bffa" + burst, a_register},
        {"li a0, UART\nfault: lw a1, 0(a0)", "load of 4 B at 0x10000000" + burst, a_register},
        {"li a0, UART\nfault: sb a1, 200(a0)", "store of 1 B at 0x100000c8" + address, a_register},
        {"li a0, MSIP\nfault: sw a5, 4(a0)", "store of 4 B at 0x2000004" + address, a_register},
    });
}

// Accesses that are not aligned are the library's several ones; a bus would refuse them.
TEST(mistakes, accesses_that_are_not_aligned) {
    NEEDS_GUESTS();
    const std::string why = ": not aligned";
    check({
        {"li a0, MTIME\nnop\nfault: lw a1, 2(a0)\nnop", "load of 4 B at 0x200bffa" + why},
        {"li a0, MTIME - 2\nnop\nfault: c.lw a1, 0(a0)", "load of 4 B at 0x200bff6" + why},
        {"li a0, MTIME\nlw a2, 0(a0)\nfault: ld a1, 4(a0)", "load of 8 B at 0x200bffc" + why, 11500},
        {"li a0, CIM\nfault: sw a1, 0x65(a0)\nnop", "store of 4 B at 0x10100065" + why},
        {"li a0, CIM\nfault: sh a1, 0x65(a0)", "store of 2 B at 0x10100065" + why},
        {"li a0, CIM\nfault: sd a1, 0x65(a0)", "store of 8 B at 0x10100065" + why},
        {"li a0, CIM + 0xffe\nfault: lw a1, 0(a0)", "load of 4 B at 0x10100ffe" + why}, // into the next page
        {"li a0, CIM + 0xffe\nfault: sw a1, 0(a0)", "store of 4 B at 0x10100ffe" + why},
        {"li a0, 0x7ffffffc\nnop\nfault: ld a1, 0(a0)", "load of 8 B at 0x7ffffffc" + why},
    });
}

// The message stands at the second of two equal accesses, of which the first was right.
TEST(mistakes, behind_accesses_that_are_right) {
    NEEDS_GUESTS();
    const std::int64_t load_ps = 11500;
    check({
        {"li a0, MTIME\nlw a1, 0(a0)\nlw a2, 0(a0)\nfault: sw a1, 0(a0)\nlw a1, 0(a0)",
         "store of 4 B at 0x200bff8: TLM_COMMAND_ERROR_RESPONSE", 2 * load_ps + a_register},
        // In a block that ends with an illegal instruction.
        {"li a0, MTIME\nlw a1, 0(a0)\nnop\nfault: sw a1, 0(a0)\n.4byte 0xffffffff",
         "store of 4 B at 0x200bff8: TLM_COMMAND_ERROR_RESPONSE", load_ps + a_register},
        {"li a0, MTIME\nld a1, 0(a0)\nld a2, 0(a0)\nfault: amoadd.w a1, a5, (a0)\nnop",
         "store of 4 B at 0x200bff8: TLM_COMMAND_ERROR_RESPONSE", 5 * load_ps + a_register},
    });
}

TEST(mistakes, jumps) {
    NEEDS_GUESTS();
    for (const auto& [to, text] : {std::pair{"0", "0x0"},
                                   {"NOWHERE", "0x8000000"},
                                   {"MSIP", "0x2000000"},
                                   {"UART", "0x10000000"},
                                   {"0x84000000", "0x84000000"},
                                   {"-2", "0xfffffffffffffffe"}}) {
        const guest g(std::string("    li a0, ") + to + "\n    li a1, 5\nlast:\n    nop\n    jr a0\n");
        for (const auto& quantum : quanta()) {
            const auto r = run_guest(g, at_quantum(quantum), 125);
            EXPECT_EQ(r.results.at("outcome"), "mistake");
            EXPECT_TRUE(contains(r.message(), "core0: jumped to where nothing can be executed")) << r.message();
            EXPECT_TRUE(contains(r.message(), std::string("; pc ") + text)) << r.message();
            EXPECT_EQ(r.child.err, "cimtlm-soc: mistake: " + r.message() + "\n");
            EXPECT_EQ(r.time_ps(), r.instructions() * 1300) << to << ", " << quantum;
        }
    }
}

// RAM that holds no code: its zeros are an illegal instruction.
TEST(mistakes, jump_into_empty_memory) {
    NEEDS_GUESTS();
    const guest g("    li a0, 0x82000000\n    jr a0\n");
    const auto r = run_guest(g, {}, 125);
    EXPECT_TRUE(contains(r.message(), "core0: illegal instruction without a trap handler")) << r.message();
    EXPECT_TRUE(contains(r.message(), "pc 0x82000000")) << r.message();
}

// Over the end of memory: the instruction that does not end there.
TEST(mistakes, code_at_the_end_of_memory) {
    NEEDS_GUESTS();
    const guest g(R"(
    li a0, 0x84000000 - 6
    li a1, 0x00010001 /* two times c.nop */
    sw a1, 0(a0)
    li a1, 0x13 /* half of a nop */
    sh a1, 4(a0)
    jr a0
)");
    for (const auto& quantum : quanta()) {
        const auto r = run_guest(g, at_quantum(quantum), 125);
        EXPECT_TRUE(contains(r.message(), "jumped to where nothing can be executed")) << r.message();
    }
}

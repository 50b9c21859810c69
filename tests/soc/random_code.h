#pragma once
/// Random guests whose number of instructions is known.
#include <cstdint>
#include <random>
#include <string>

namespace cimtlm::test {

/// Text of a guest and its instructions, those of handlers apart. The text wants s7: something in RAM, s8: MTIME; traps
/// must go on behind ECALL. It changes a0 to a5, t0 to t2 and s0.
struct random_code {
    std::string text;
    std::int64_t instructions = 0;
    std::int64_t calls = 0; ///< ECALLs executed

    random_code(std::uint64_t seed, int loops) {
        std::mt19937_64 random(seed);
        const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
        const auto add = [&](const std::string& line) { text += "    " + line + "\n"; };
        for (int i = 0; i < loops; ++i) {
            const auto rounds = 1 + below(40), lines = below(60);
            std::int64_t body = 2, calls_of_body = 0;
            add(".option norvc\n    li s0, " + std::to_string(rounds));
            text += "1:\n";
            for (unsigned l = 0; l < lines; ++l) {
                add(below(2) ? ".option rvc" : ".option norvc");
                const auto n = std::to_string(below(5)), m = std::to_string(8 * below(8));
                ++body;
                switch (below(14)) {
                case 0:
                    add("addi a" + n + ", a" + n + ", 1");
                    break;
                case 1:
                    add("nop");
                    break;
                case 2:
                    add("mul a0, a" + n + ", a2");
                    break;
                case 3:
                    add("ld a" + n + ", " + m + "(s7)");
                    break;
                case 4:
                    add("sd a" + n + ", " + m + "(s7)");
                    break;
                case 5:
                    add("csrr a" + n + ", mscratch");
                    break;
                case 6:
                    add("fence.i");
                    break;
                case 7:
                    add("ecall");
                    ++calls_of_body;
                    break;
                case 8: // over what is not executed
                    add("j 2f\n    .fill " + std::to_string(1 + below(9)) + ", 2, 0\n2:");
                    break;
                case 9:
                    add("jal t0, 3f\n    j 4f\n3:  addi a1, a1, 1\n    jr t0\n4:");
                    body += 3;
                    break;
                case 10:
                    add("lw a" + n + ", 0(s8)");
                    break;
                case 11:
                    add("ld a" + n + ", 0(s8)");
                    break;
                case 12:
                    add("amoadd.w a" + n + ", a1, (s7)");
                    break;
                case 13: // never taken
                    add("bne zero, zero, 1b");
                    break;
                }
            }
            add(".option norvc\n    addi s0, s0, -1\n    bnez s0, 1b\n    .option rvc");
            instructions += 1 + body * rounds;
            calls += calls_of_body * rounds;
        }
    }
};

} // namespace cimtlm::test

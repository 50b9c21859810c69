#include <platforms/riscv_soc/riscv_instruction.h>

namespace cimtlm {

namespace {

constexpr std::uint32_t field(std::uint32_t bits, unsigned high, unsigned low) {
    return bits >> low & ((2u << (high - low)) - 1);
}
constexpr std::int64_t sign_extended(std::uint32_t value, unsigned bits) {
    const std::uint32_t sign = 1u << (bits - 1);
    return static_cast<std::int64_t>(value ^ sign) - static_cast<std::int64_t>(sign);
}

// The RISC-V Instruction Set Manual, volume I, chapter "C": CL, CS, CI and CSS formats. Doubleword offsets are
// uimm[5:3] uimm[7:6], word offsets uimm[5:3] uimm[2] uimm[6]; those from the stack pointer are wider.
std::optional<memory_operand> compressed(std::uint32_t bits) {
    const auto quadrant = field(bits, 1, 0), function = field(bits, 15, 13);
    memory_operand m;
    const bool is_double = (function & 3) == 3, is_word = (function & 3) == 2;
    if (function < 2 || (!is_double && !is_word)) return std::nullopt; // C.FLD, C.FSD and friends: no F, no D
    if (quadrant == 0) {
        m.base = 8 + field(bits, 9, 7);
        m.offset = is_double ? field(bits, 12, 10) << 3 | field(bits, 6, 5) << 6
                             : field(bits, 12, 10) << 3 | field(bits, 6, 6) << 2 | field(bits, 5, 5) << 6;
    } else if (quadrant == 2 && function < 4) { // C.LWSP, C.LDSP
        m.base = 2;
        m.offset = is_double ? field(bits, 12, 12) << 5 | field(bits, 6, 5) << 3 | field(bits, 4, 2) << 6
                             : field(bits, 12, 12) << 5 | field(bits, 6, 4) << 2 | field(bits, 3, 2) << 6;
    } else if (quadrant == 2) { // C.SWSP, C.SDSP
        m.base = 2;
        m.offset = is_double ? field(bits, 12, 10) << 3 | field(bits, 9, 7) << 6
                             : field(bits, 12, 9) << 2 | field(bits, 8, 7) << 6;
    } else {
        return std::nullopt;
    }
    m.bytes = is_double ? 8 : 4;
    (function < 4 ? m.reads : m.writes) = true;
    return m;
}

} // namespace

std::optional<memory_operand> decode_memory_operand(std::uint32_t bits) {
    if (instruction_bytes(static_cast<std::uint16_t>(bits)) == 2) return compressed(bits);
    const auto opcode = field(bits, 6, 0);
    memory_operand m;
    m.base = field(bits, 19, 15);
    m.bytes = 1u << field(bits, 13, 12);
    if (opcode == 0x03) { // LB .. LWU
        m.offset = sign_extended(field(bits, 31, 20), 12);
        m.reads = true;
    } else if (opcode == 0x23) { // SB .. SD
        m.offset = sign_extended(field(bits, 31, 25) << 5 | field(bits, 11, 7), 12);
        m.writes = true;
    } else if (opcode == 0x2f) { // LR, SC, AMO
        const auto function = field(bits, 31, 27);
        m.reads = true;           // SC, too: the library compares
        m.writes = function != 2; // LR
    } else {
        return std::nullopt;
    }
    return m;
}

unsigned destination(std::uint32_t bits) {
    const auto full = field(bits, 11, 7), function = field(bits, 15, 13);
    switch (field(bits, 1, 0)) {
    case 0: // C.ADDI4SPN, loads; the others are stores
        return function < 4 ? 8 + field(bits, 4, 2) : 0;
    case 1: // C.ADDI to C.LUI; arithmetic; jumps
        return function < 4 ? full : function == 4 ? 8 + field(bits, 9, 7) : 0;
    case 2:
        if (function != 4) return function < 4 ? full : 0; // C.SLLI, loads; stores
        if (field(bits, 6, 2) != 0) return full;           // C.MV, C.ADD
        return field(bits, 12, 12) && full != 0 ? 1 : 0;   // C.JALR; C.JR, C.EBREAK
    default: {
        const auto opcode = field(bits, 6, 0);
        const bool has_none = opcode == 0x23 || opcode == 0x63 || opcode == 0x0f; // stores, branches, fences
        return has_none ? 0 : full;
    }
    }
}

} // namespace cimtlm

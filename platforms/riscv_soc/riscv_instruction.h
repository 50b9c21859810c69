#pragma once
/// As much of the RV64IMAC encoding as the simulator looks at: lengths, and which memory an instruction touches.
#include <cstdint>
#include <optional>

namespace cimtlm {

/// Bytes of the instruction that begins with these 16 bits: 2 or 4.
constexpr unsigned instruction_bytes(std::uint16_t first_half) { return (first_half & 3) == 3 ? 4 : 2; }

/// Where an instruction reads or writes memory: address = x[base] + offset.
struct memory_operand {
    unsigned base = 0; ///< register 0 .. 31
    std::int64_t offset = 0;
    unsigned bytes = 0;
    bool reads = false, writes = false; ///< both: an atomic operation
};

/// The memory operand of a load, a store or an atomic operation, compressed or not; nothing for other instructions.
/// `bits`: the instruction, of a compressed one the upper half is ignored.
std::optional<memory_operand> decode_memory_operand(std::uint32_t bits);

inline constexpr std::uint32_t breakpoint = 0x00100073; ///< EBREAK
/// EBREAK or C.EBREAK.
constexpr bool is_breakpoint(std::uint32_t bits) { return bits == breakpoint || (bits & 0xffff) == 0x9002; }

} // namespace cimtlm

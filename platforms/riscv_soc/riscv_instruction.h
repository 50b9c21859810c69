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

/// The register that an instruction writes, 0 for none.
unsigned destination(std::uint32_t bits);

/// Whether it is CSRRS or CSRRC of mcycle, cycle, minstret or instret, none of which can be written.
constexpr bool is_counter_read(std::uint32_t bits) {
    const auto csr = bits >> 20;
    const bool is_counter = csr == 0xb00 || csr == 0xb02 || csr == 0xc00 || csr == 0xc02;
    return is_counter && (bits & 0x7f) == 0x73 && (bits & 0x2000) != 0;
}
/// Of such an instruction: cycles, or else instructions.
constexpr bool counts_cycles(std::uint32_t bits) { return (bits >> 20 & 2) == 0; }

/// FENCE.I: code that was written, by whomever, is seen behind it.
constexpr bool is_code_fence(std::uint32_t bits) { return (bits & 0x707f) == 0x100f; }

inline constexpr std::uint32_t breakpoint = 0x00100073; ///< EBREAK
/// EBREAK or C.EBREAK.
constexpr bool is_breakpoint(std::uint32_t bits) { return bits == breakpoint || (bits & 0xffff) == 0x9002; }

} // namespace cimtlm

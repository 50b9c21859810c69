#pragma once
/// Blocks of straight code as a core executes them: how many instructions they have, and where in them it stands.
#include <platforms/riscv_soc/riscv_instruction.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace cimtlm {

/// `count` instructions in `bytes` bytes from `begin` on. `last`: the last one if it reads a counter or is FENCE.I,
/// both of which end a block, otherwise 0.
struct code_block {
    std::uint64_t begin = 0;
    std::uint32_t bytes = 0, count = 0, last = 0;
};

/// The blocks that were met: a direct-mapped table.
class code_table {
public:
    /// `code`: the bytes of the block. Of a block that ends with an illegal instruction the library tells too few bytes
    /// (8 or 2 less, modulo 2^16); its end is known when the exception has come.
    const code_block& at(std::uint64_t begin, std::uint32_t bytes, const unsigned char* code) {
        auto& known = slot(begin);
        if (known.begin != begin || known.bytes != bytes) {
            known = measure(begin, bytes, code);
            begin_ = std::min(begin_, begin);
            end_ = std::max(end_, begin + most_bytes);
        }
        return known;
    }
    /// There may be other code from now on.
    void forget(std::uint64_t begin) { slot(begin) = {}; }
    void forget() { *this = {}; }
    /// Where all that is known lies.
    std::uint64_t begin() const { return begin_; }
    std::uint64_t end() const { return end_; }

    static constexpr std::uint32_t most_bytes = 4096 + 2; ///< a block ends with its page, but for the last instruction

private:
    static code_block measure(std::uint64_t begin, std::uint32_t bytes, const unsigned char* code);
    code_block& slot(std::uint64_t begin) { return blocks_[begin / 2 % blocks_.size()]; }

    std::vector<code_block> blocks_ = std::vector<code_block>(1 << 14);
    std::uint64_t begin_ = ~std::uint64_t{0}, end_ = 0;
};

/// The block under way, and the instruction of it that made the last access to the bus.
class code_position {
public:
    /// `value`: tells what a register holds.
    explicit code_position(std::function<std::uint64_t(unsigned)> value)
        : value_(std::move(value)) {}

    /// `room`: bytes of memory at `code`.
    void enter(const code_block& block, const unsigned char* code, std::uint64_t room) {
        block_ = block;
        code_ = code;
        room_ = room;
        index_ = at_ = next_ = parts_ = 0;
    }
    const code_block& block() const { return block_; }
    /// Address of that instruction; at first of the block.
    std::uint64_t pc() const { return block_.begin + at_; }
    /// Instructions of the block before that one.
    std::uint32_t index() const { return index_; }

    /// What an instruction of these bits touches, by the registers as they are.
    std::uint64_t address_of(const memory_operand& operand) const {
        return value_(operand.base) + static_cast<std::uint64_t>(operand.offset);
    }
    /// Goes to the instruction that accesses `address`: it is the one of the last access as long as the library, which
    /// makes several of 8 bytes and of atomic operations, makes parts of it, then the first behind it whose operand is
    /// there, and stays where it is when there is none. Answers with the operand when that is not aligned. Registers
    /// are those of the access: a load that overwrites its base stands back behind one by the same base, unless that is
    /// made anew in between.
    std::optional<memory_operand> locate(bool write, std::uint64_t address);
    /// The block is left before the instruction at `pc`: how many of its instructions are executed. What follows is a
    /// block of its own.
    std::uint32_t leave(std::uint64_t pc);

private:
    std::function<std::uint64_t(unsigned)> value_;
    code_block block_;
    const unsigned char* code_ = nullptr;
    std::uint64_t room_ = 0;
    std::uint32_t index_ = 0, at_ = 0;   // instructions and bytes before the last access's
    std::uint32_t next_ = 0, parts_ = 0; // bytes before the one behind it; accesses of it to come
};

} // namespace cimtlm

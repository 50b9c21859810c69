#include <platforms/riscv_soc/code_position.h>

#include <cstring>

namespace cimtlm {

namespace {

constexpr auto most_bytes = code_table::most_bytes;
constexpr std::uint32_t untold_bytes = 8; // at the end of a block, at most

std::uint32_t instruction_at(const unsigned char* code, std::uint64_t left) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, code, static_cast<std::size_t>(std::min<std::uint64_t>(left, sizeof bits)));
    return bits;
}

unsigned length(std::uint32_t bits) { return instruction_bytes(static_cast<std::uint16_t>(bits)); }

} // namespace

code_block code_table::measure(std::uint64_t begin, std::uint32_t bytes, const unsigned char* code) {
    code_block block{begin, bytes, 0, 0};
    if (bytes > most_bytes) return block;
    std::uint32_t bits = 0;
    for (std::uint32_t at = 0; at < bytes; at += length(bits), ++block.count)
        bits = instruction_at(code + at, bytes - at);
    if (is_counter_read(bits) || is_code_fence(bits)) block.last = bits;
    return block;
}

std::optional<memory_operand> code_position::locate(bool write, std::uint64_t address) {
    if (parts_ > 0) {
        --parts_;
        return std::nullopt;
    }
    std::optional<memory_operand> split; // the first that is not aligned: the library makes accesses to all around it
    std::uint32_t split_index = 0, split_at = 0, split_next = 0;
    auto index = next_ == 0 ? index_ : index_ + 1;
    const auto end = std::min<std::uint64_t>((block_.bytes > most_bytes ? 0 : block_.bytes) + untold_bytes, room_);
    for (auto at = next_; at < end; ++index) {
        const auto bits = instruction_at(code_ + at, room_ - at);
        const auto next = at + length(bits);
        const auto operand = decode_memory_operand(bits);
        if (operand && (write ? operand->writes : operand->reads)) {
            const auto first = address_of(*operand), past = first % operand->bytes;
            if (first == address && past == 0) {
                index_ = index;
                at_ = at;
                next_ = next;
                parts_ = (operand->bytes > 4 ? 2 : 1) * (operand->reads && operand->writes ? 2 : 1) - 1;
                return std::nullopt;
            }
            if (past != 0 && !split && address - (first - past) < past + operand->bytes) {
                split = operand;
                split_index = index;
                split_at = at;
                split_next = next;
            }
        }
        at = next;
    }
    if (split) {
        index_ = split_index;
        at_ = split_at;
        next_ = split_next;
    }
    return split;
}

std::uint32_t code_position::leave(std::uint64_t pc) {
    const auto bytes = pc - block_.begin;
    auto n = block_.count;
    if (bytes <= most_bytes && bytes <= room_) {
        n = 0;
        for (std::uint64_t at = 0; at < bytes; ++n) at += length(instruction_at(code_ + at, room_ - at));
    }
    block_ = {};
    room_ = 0;
    return n;
}

} // namespace cimtlm

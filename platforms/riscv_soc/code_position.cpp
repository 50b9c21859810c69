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
    struct place {
        std::uint32_t index, at, next;
        memory_operand operand;
    };
    std::optional<place> found, split; // split: the first that is not aligned; the library accesses all around it
    const auto told = block_.bytes > most_bytes ? 0 : block_.bytes;
    const auto end = std::min<std::uint64_t>(told + untold_bytes, room_);
    auto index = next_ == 0 ? index_ : index_ + 1;
    for (std::uint32_t at = next_, next = 0; at < end; at = next, ++index) {
        const auto bits = instruction_at(code_ + at, room_ - at);
        next = at + length(bits);
        const auto operand = decode_memory_operand(bits);
        const bool fits = operand && (write ? operand->writes : operand->reads);
        const auto first = operand ? address_of(*operand) : 0, past = operand ? first % operand->bytes : 0;
        if (fits && first == address && past == 0 && (!found || found->operand.base == operand->base)) {
            found = place{index, at, next, *operand};
            if (operand->writes || destination(bits) != operand->base) break;
        } else if (found) {
            if (destination(bits) == found->operand.base) break;
        } else if (fits && past != 0 && !split && address - (first - past) < past + operand->bytes) {
            split = place{index, at, next, *operand};
        }
    }
    const auto& chosen = found ? found : split;
    if (!chosen) return std::nullopt;
    index_ = chosen->index;
    at_ = chosen->at;
    next_ = chosen->next;
    if (!found) return split->operand;
    parts_ = (found->operand.bytes > 4 ? 2 : 1) * (found->operand.reads && found->operand.writes ? 2 : 1) - 1;
    return std::nullopt;
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

#pragma once
/// What random guests are made of: valid commands, and how to spoil them.
#include "guest_judgement.h"

#include <algorithm>
#include <cstdint>

namespace guest {

inline cim_descriptor mode_command(std::uint32_t mode) {
    cim_descriptor d{};
    d[CIM_WORD_COMMAND] = CIM_COMMAND_MODE;
    d[CIM_WORD_MODE] = mode;
    return d;
}

/// Draws commands.
class command_maker {
public:
    command_maker(draw& d, const device_limits& l, const places& on_bus)
        : draw_(d)
        , limits_(l)
        , on_bus_(on_bus) {}

    cim_descriptor valid(bool computes) {
        for (int tries = 0; tries < 8; ++tries) {
            const auto d = attempt(computes);
            const auto j = judge(d, limits_, on_bus_, computes);
            if (j.wrong == 0 && j.perhaps == 0 && !j.wild) return d;
        }
        cim_descriptor fence{};
        fence[CIM_WORD_COMMAND] = CIM_COMMAND_FENCE | (draw_.chance(0.3) ? CIM_FLAG_INTERRUPT : 0);
        return fence;
    }

    /// Changes something, perhaps back to what is valid.
    void spoil(cim_descriptor& d) {
        for (auto n = 1 + draw_.below(draw_.chance(0.7) ? 1 : 3); n > 0; --n) spoil_once(d);
    }

private:
    std::uint32_t extent(std::int64_t limit) {
        if (draw_.chance(0.1)) return static_cast<std::uint32_t>(limit);
        return static_cast<std::uint32_t>(draw_.from(1, draw_.chance(0.6) ? std::min<std::int64_t>(limit, 6) : limit));
    }

public:
    /// Valid but for arrays and places that may not suffice.
    cim_descriptor attempt(bool computes) {
        cim_descriptor d{};
        const auto interrupt = draw_.chance(0.3) ? CIM_FLAG_INTERRUPT : 0u;
        next_system_ = next_local_ = 0;
        const auto kind = draw_.below(10);
        if (kind == 0) {
            d[CIM_WORD_COMMAND] = CIM_COMMAND_FENCE | interrupt;
            return d;
        }
        if (kind == 1 || (!computes && draw_.chance(0.7))) {
            d[CIM_WORD_COMMAND] = CIM_COMMAND_MODE | interrupt;
            d[CIM_WORD_MODE] = computes && draw_.chance(0.3) ? CIM_MODE_MEMORY : CIM_MODE_COMPUTE;
            return d;
        }
        const auto b_bits = draw_.one_of({8u, 8u, 16u});
        d[CIM_WORD_N] = extent(limits_.max_n);
        d[CIM_WORD_K] = extent(limits_.max_k);
        if (draw_.chance(0.4)) {
            d[CIM_WORD_FIRST_ARRAY] = static_cast<std::uint32_t>(draw_.below(limits_.arrays));
            d[CIM_WORD_ARRAYS] = static_cast<std::uint32_t>(draw_.below(limits_.arrays - d[CIM_WORD_FIRST_ARRAY] + 1));
        }
        if (kind == 2 || !computes) {
            d[CIM_WORD_COMMAND] = CIM_COMMAND_LOAD_WEIGHTS | interrupt;
            d[CIM_WORD_PRECISION] = b_bits << 8;
            place(d, CIM_WORD_B_LO, CIM_WORD_B_STRIDE, d[CIM_WORD_K], d[CIM_WORD_N], b_bits, 0);
            return d;
        }
        auto& flags = d[CIM_WORD_COMMAND];
        flags = CIM_COMMAND_GEMM | interrupt;
        for (const auto f : {CIM_FLAG_A_UNSIGNED, CIM_FLAG_B_UNSIGNED, CIM_FLAG_REQUANTISE})
            if (draw_.chance(0.3)) flags |= f;
        if (draw_.chance(limits_.dma ? 0.2 : 1)) flags |= CIM_FLAG_HELD;
        if (draw_.chance(0.4)) flags |= CIM_FLAG_WORKSPACE;
        if (draw_.chance(0.3)) flags |= CIM_FLAG_ACCUMULATE;
        const auto a_bits = draw_.one_of({8u, 8u, 16u});
        auto z_bits = 32u;
        if (flags & CIM_FLAG_REQUANTISE) {
            z_bits = draw_.one_of({8u, 16u, 32u});
            d[CIM_WORD_SCALE] = draw_.interesting_word();
            d[CIM_WORD_SHIFT] = static_cast<std::uint32_t>(draw_.below(CIM_MAX_SHIFT + 1));
            d[CIM_WORD_ZERO_POINT] = draw_.interesting_word();
            const auto least = z_bits == 32 ? INT32_MIN : -(1 << (z_bits - 1));
            const auto most = z_bits == 32 ? INT32_MAX : (1 << z_bits) - 1;
            d[CIM_WORD_CLAMP_MIN] = static_cast<std::uint32_t>(draw_.one_of({least, 0, -1}));
            d[CIM_WORD_CLAMP_MAX] = static_cast<std::uint32_t>(draw_.one_of({most, 0, 1, most / 2}));
        }
        d[CIM_WORD_PRECISION] = a_bits | b_bits << 8 | z_bits << 16;
        d[CIM_WORD_M] = extent(limits_.max_m);
        const auto m = d[CIM_WORD_M], n = d[CIM_WORD_N], k = d[CIM_WORD_K];
        place(d, CIM_WORD_A_LO, CIM_WORD_A_STRIDE, m, k, a_bits, CIM_FLAG_A_LOCAL);
        if (!(flags & CIM_FLAG_HELD)) place(d, CIM_WORD_B_LO, CIM_WORD_B_STRIDE, k, n, b_bits, 0);
        place(d, CIM_WORD_Z_LO, CIM_WORD_Z_STRIDE, m, n, z_bits, CIM_FLAG_Z_LOCAL);
        if (flags & (CIM_FLAG_ACCUMULATE | CIM_FLAG_WORKSPACE)) {
            if (z_bits == 32 && draw_.chance(0.3)) { // C is Z
                for (const auto w : {0u, 1u}) d[CIM_WORD_C_LO + w] = d[CIM_WORD_Z_LO + w];
                d[CIM_WORD_C_STRIDE] = d[CIM_WORD_Z_STRIDE];
                if (flags & CIM_FLAG_Z_LOCAL) flags |= CIM_FLAG_C_LOCAL;
            } else {
                place(d, CIM_WORD_C_LO, CIM_WORD_C_STRIDE, m, n, 32, CIM_FLAG_C_LOCAL);
                if (!(flags & CIM_FLAG_WORKSPACE) && draw_.chance(0.4)) d[CIM_WORD_C_STRIDE] = 0;
            }
        }
        return d;
    }

private:
    void place(cim_descriptor& d, unsigned address, unsigned stride, std::uint64_t rows, std::uint64_t columns,
               std::uint32_t bits, std::uint32_t local_flag) {
        const std::uint64_t element = bits / 8;
        const auto row = (columns + (draw_.chance(0.5) ? 0 : draw_.below(8))) * element;
        const auto bytes = (rows - 1) * row + columns * element;
        const bool fits = next_local_ + bytes + 8 <= limits_.activation_bytes;
        const bool local = local_flag && fits && draw_.chance(limits_.dma ? 0.3 : 1);
        auto& next = local ? next_local_ : next_system_;
        next = (next + 3) / 4 * 4 + draw_.below(4) * element;
        if (local) d[CIM_WORD_COMMAND] |= local_flag;
        if (!local && next + bytes > operand_bytes) next = 0;
        // Sometimes up to the end of the memory.
        const bool at_end = !local && bytes <= tail_bytes && draw_.chance(0.03) && (memory_end - bytes) % element == 0;
        set_wide(d, address, local ? next : at_end ? memory_end - bytes : arena_address + next);
        d[stride] = static_cast<std::uint32_t>(row);
        if (!at_end) next += bytes;
    }

    std::uint64_t anywhere() {
        constexpr auto top = std::uint64_t{1} << 63;
        const auto around = [this](std::uint64_t a) { return a + draw_.below(65) - 32; };
        switch (draw_.below(12)) {
        case 0:
            return around(0);
        case 1:
            return around(memory_address);
        case 2:
            return around(memory_end);
        case 3:
            return memory_end - draw_.below(2048);
        case 4:
            return around(top) - (draw_.chance(0.5) ? 0 : 1024);
        case 5:
            return ~std::uint64_t{0} - draw_.below(2048);
        case 6:
            return control_address + 4 * draw_.below(CIM_WINDOW_BYTES / 4 + 4);
        case 7:
            return control_address + draw_.one_of<std::uint64_t>({CIM_CONTROL, CIM_DESCRIPTOR, CIM_SUBMIT,
                                                                  CIM_RING_TAIL, CIM_IRQ_ENABLE, CIM_SUBMIT - 64});
        case 8:
            return on_bus_.window + draw_.below(on_bus_.window_bytes + 64);
        case 9:
            return ring_address + 4 * draw_.below(ring_entries * 32);
        case 10:
            return arena_address + draw_.below(operand_bytes);
        default:
            return draw_.next() >> draw_.below(64);
        }
    }

    void spoil_once(cim_descriptor& d) {
        const bool gemm = (d[CIM_WORD_COMMAND] & CIM_COMMAND_MASK) == CIM_COMMAND_GEMM;
        // As a rule operands that it has, so that not all is CIM_ERROR_DESCRIPTOR.
        const auto some_operand = [&]() -> unsigned {
            if (!gemm && draw_.chance(0.95)) return 1;
            auto o = static_cast<unsigned>(draw_.below(4));
            for (int i = 0; i < 8 && d[CIM_WORD_A_STRIDE + o] == 0; ++i) o = static_cast<unsigned>(draw_.below(4));
            return o;
        };
        const auto some_address = [&] { return CIM_WORD_A_LO + 2 * some_operand(); };
        auto what = draw_.below(14);
        if (d[CIM_WORD_N] == 0 && draw_.chance(0.8)) what = draw_.one_of<std::uint64_t>({6, 11, 12});
        if (what == 10 && !(d[CIM_WORD_COMMAND] & CIM_FLAG_REQUANTISE) && draw_.chance(0.8)) what = 0;
        if (what >= 12 && draw_.chance(0.7)) what = 1;
        switch (what) {
        case 0:
        case 1:
            set_wide(d, some_address(), anywhere());
            break;
        case 2: { // one operand over another
            const auto from = some_address(), to = some_address();
            set_wide(d, to, get_wide(d, from) + (draw_.chance(0.5) ? 0 : draw_.below(64)));
            break;
        }
        case 3: { // unaligned, or at the end of the activation memory
            const auto w = some_address();
            set_wide(d, w, draw_.chance(0.5) ? get_wide(d, w) + 1 : limits_.activation_bytes - draw_.below(64));
            break;
        }
        case 4: {
            const auto limit = static_cast<std::uint32_t>(
                draw_.one_of({limits_.max_m, limits_.max_n, limits_.max_k, std::int64_t{16}}));
            d[gemm ? draw_.one_of({CIM_WORD_M, CIM_WORD_N, CIM_WORD_K}) : draw_.one_of({CIM_WORD_N, CIM_WORD_K})] =
                draw_.one_of({0u, 1u, limit, limit + 1, 0x80000000u, 0xffffffffu, 0x7fffffffu});
            break;
        }
        case 5: {
            auto& s = d[CIM_WORD_A_STRIDE + some_operand()];
            s = draw_.one_of({0u, s - 1, s + 1, s + 2, 0xffffffffu, 0x80000000u, 1u << 20, 1u});
            break;
        }
        case 6:
        case 7: // flags
            d[CIM_WORD_COMMAND] ^= 1u << (8 + draw_.below(draw_.chance(0.9) ? 10 : 24));
            break;
        case 8:
            d[CIM_WORD_PRECISION] ^= draw_.one_of(
                {8u, 16u, 24u, 8u << 8, 24u << 8, 32u << 16, 40u << 16, 48u << 16, 1u << 24, 0xffu, 4u, 64u << 16});
            break;
        case 9:
            d[draw_.one_of({CIM_WORD_FIRST_ARRAY, CIM_WORD_ARRAYS})] =
                draw_.one_of({limits_.arrays, limits_.arrays - 1, limits_.arrays + 1, 1u, 0xffffffffu, 0x80000000u});
            break;
        case 10: {
            const auto w = draw_.one_of(
                {CIM_WORD_SHIFT, CIM_WORD_CLAMP_MIN, CIM_WORD_CLAMP_MAX, CIM_WORD_SCALE, CIM_WORD_ZERO_POINT});
            d[w] =
                w == CIM_WORD_SHIFT ? draw_.one_of({62u, 63u, 64u, 31u, 32u, 0xffffffffu}) : draw_.interesting_word();
            break;
        }
        case 11:
            d[CIM_WORD_COMMAND] =
                (d[CIM_WORD_COMMAND] & ~CIM_COMMAND_MASK) | draw_.one_of({0u, 1u, 2u, 3u, 4u, 5u, 0xffu, 0x80u});
            break;
        case 12:
            d[CIM_WORD_MODE] = draw_.one_of({0u, 1u, 2u, 0xffffffffu});
            break;
        default:
            d[draw_.below(CIM_DESCRIPTOR_WORDS)] = draw_.interesting_word();
        }
    }

    draw& draw_;
    device_limits limits_;
    places on_bus_;
    std::uint64_t next_system_ = 0, next_local_ = 0;
};

} // namespace guest

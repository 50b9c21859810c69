#pragma once
/// What docs/registers.md says about a command of a guest, written from that page alone.
#include "device_bench.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <sstream>
#include <string>

namespace guest {

using cimtlm::cim_descriptor;
using device_test::control_address;
using device_test::memory_address;
using device_test::window_address;

/// Where guests work. What they do elsewhere is an accident.
constexpr std::uint64_t arena_address = memory_address + 0x1000, arena_bytes = 0xe000 + 0x1000;
constexpr std::uint64_t operand_bytes = 0xe000;
constexpr std::uint64_t ring_address = arena_address + operand_bytes, ring_entries = 16;
constexpr std::uint64_t memory_end = memory_address + device_test::device_bench<64>::memory_bytes, tail_bytes = 2048;
constexpr std::int64_t activation_bytes = 4096;

inline std::uint32_t low(std::uint64_t v) { return static_cast<std::uint32_t>(v); }
inline std::uint32_t high(std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); }
inline void set_wide(cim_descriptor& d, unsigned word, std::uint64_t v) {
    d[word] = low(v);
    d[word + 1] = high(v);
}
inline std::uint64_t get_wide(const cim_descriptor& d, unsigned word) {
    return d[word] | std::uint64_t{d[word + 1]} << 32;
}
inline std::string text_of(const cim_descriptor& d) {
    std::ostringstream out;
    out << std::hex;
    for (unsigned i = 0; i < d.size(); ++i)
        if (d[i]) out << std::dec << i << ':' << std::hex << d[i] << ' ';
    return out.str();
}

/// Random numbers of one program.
class draw {
public:
    explicit draw(std::uint64_t seed)
        : state_(seed) {}
    std::uint64_t next() { // splitmix64: programs are many and short
        auto z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : next() % n; }
    std::int64_t from(std::int64_t least, std::int64_t most) {
        return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least) + 1));
    }
    bool chance(double p) { return static_cast<double>(next() >> 11) * 0x1p-53 < p; }
    template <class T> T one_of(std::initializer_list<T> all) { return *(all.begin() + below(all.size())); }
    std::uint32_t interesting_word() {
        if (chance(0.3)) return static_cast<std::uint32_t>(next());
        const auto around = one_of({0u, 0x100u, 0x40000000u, 0x80000000u, 0xffffffffu, 8u, 64u});
        return around + static_cast<std::uint32_t>(below(5)) - 2;
    }

private:
    std::uint64_t state_;
};

/// What the identification registers say.
struct device_limits {
    std::int64_t max_m, max_n, max_k;
    std::uint32_t max_ring, arrays;
    std::uint64_t array_bytes, array_rows, array_columns, activation_bytes, weight_offset, window_bytes;
    bool dma, window;
};

inline device_limits limits_of(const cimtlm::machine& m, bool dma, bool window) {
    const auto& p = *m.device;
    const auto engine = m.matrix_engine();
    const auto g = engine->geometry();
    device_limits l{};
    l.max_m = p.max_m;
    l.max_n = p.max_n;
    l.max_k = p.max_k;
    l.max_ring = dma ? static_cast<std::uint32_t>(p.ring_entries) : 0;
    l.arrays = static_cast<std::uint32_t>(m.cim->count);
    l.array_bytes = static_cast<std::uint64_t>(engine->capacity_bytes());
    l.array_rows = static_cast<std::uint64_t>(g.rows_parallel * g.rows_held);
    l.array_columns = static_cast<std::uint64_t>(g.columns_parallel * g.columns_held);
    l.activation_bytes = p.activation_memory ? static_cast<std::uint64_t>(p.activation_memory->capacity_bytes) : 0;
    l.weight_offset = l.activation_bytes; // a multiple of a page in these tests
    l.window_bytes = l.weight_offset + l.arrays * l.array_bytes;
    l.dma = dma;
    l.window = window;
    return l;
}

/// What else there is on the bus.
struct places {
    std::uint64_t window = 0, window_bytes = 0;
};

/// Error codes, as a set of bits.
struct judgement {
    std::uint32_t wrong = 0;   ///< the command has to be refused, with one of these
    std::uint32_t perhaps = 0; ///< it may be refused with one of these
    bool wild = false;         ///< it reaches registers, windows or the ring: anything may follow
};

/// Of a command on a device whose arrays compute, or not.
inline judgement judge(const cim_descriptor& d, const device_limits& l, const places& on_bus, bool computes) {
    judgement j;
    const auto wrong = [&j](std::uint32_t code) { j.wrong |= 1u << code; };
    const auto perhaps = [&j](std::uint32_t code) { j.perhaps |= 1u << code; };
    const auto kind = d[CIM_WORD_COMMAND] & CIM_COMMAND_MASK;
    const auto flags = d[CIM_WORD_COMMAND] & ~CIM_COMMAND_MASK;
    if (kind < CIM_COMMAND_LOAD_WEIGHTS || kind > CIM_COMMAND_MODE) {
        wrong(CIM_ERROR_COMMAND_UNKNOWN);
        return j;
    }
    const bool gemm = kind == CIM_COMMAND_GEMM, load = kind == CIM_COMMAND_LOAD_WEIGHTS;
    const auto has = [flags](std::uint32_t flag) { return (flags & flag) != 0; };
    const bool held = gemm && has(CIM_FLAG_HELD), requantise = gemm && has(CIM_FLAG_REQUANTISE);
    const bool accumulate = gemm && has(CIM_FLAG_ACCUMULATE), workspace = gemm && has(CIM_FLAG_WORKSPACE);
    const bool with_c = accumulate || workspace, with_b = load || (gemm && !held);

    // Flags and words that the command does not have.
    const std::uint32_t all_flags = (CIM_FLAG_WORKSPACE << 1) - CIM_FLAG_INTERRUPT;
    const std::uint32_t own = gemm ? all_flags : load ? CIM_FLAG_INTERRUPT | CIM_FLAG_B_UNSIGNED : CIM_FLAG_INTERRUPT;
    if (flags & ~own) wrong(CIM_ERROR_DESCRIPTOR);
    if (gemm && has(CIM_FLAG_C_LOCAL) && !with_c) perhaps(CIM_ERROR_DESCRIPTOR);
    const auto uses = [&](unsigned w) {
        switch (w) {
        case CIM_WORD_COMMAND:
            return true;
        case CIM_WORD_MODE:
            return kind == CIM_COMMAND_MODE;
        case CIM_WORD_PRECISION:
        case CIM_WORD_N:
        case CIM_WORD_K:
        case CIM_WORD_FIRST_ARRAY:
        case CIM_WORD_ARRAYS:
            return gemm || load;
        case CIM_WORD_M:
        case CIM_WORD_A_LO:
        case CIM_WORD_A_HI:
        case CIM_WORD_A_STRIDE:
        case CIM_WORD_Z_LO:
        case CIM_WORD_Z_HI:
        case CIM_WORD_Z_STRIDE:
            return gemm;
        case CIM_WORD_B_LO:
        case CIM_WORD_B_HI:
        case CIM_WORD_B_STRIDE:
            return with_b;
        case CIM_WORD_C_LO:
        case CIM_WORD_C_HI:
        case CIM_WORD_C_STRIDE:
            return with_c;
        case CIM_WORD_SCALE:
        case CIM_WORD_SHIFT:
        case CIM_WORD_ZERO_POINT:
        case CIM_WORD_CLAMP_MIN:
        case CIM_WORD_CLAMP_MAX:
            return requantise;
        default:
            return false;
        }
    };
    for (unsigned w = 0; w < d.size(); ++w)
        if (d[w] != 0 && !uses(w)) wrong(CIM_ERROR_DESCRIPTOR);
    if (kind == CIM_COMMAND_MODE && d[CIM_WORD_MODE] > CIM_MODE_COMPUTE) wrong(CIM_ERROR_MODE);
    if (!gemm && !load) return j;
    if (gemm && !computes) wrong(CIM_ERROR_MODE);

    const auto precision = d[CIM_WORD_PRECISION];
    const auto a_bits = precision & 0xff, b_bits = precision >> 8 & 0xff, z_bits = precision >> 16 & 0xff;
    const auto narrow = [](std::uint32_t bits) { return bits == 8 || bits == 16; };
    if (!narrow(b_bits) || precision >> 24) wrong(CIM_ERROR_PRECISION);
    if (gemm && (!narrow(a_bits) || !(z_bits == 32 || (requantise && narrow(z_bits))))) wrong(CIM_ERROR_PRECISION);
    if (load && (a_bits || z_bits)) wrong(CIM_ERROR_PRECISION);

    const std::int64_t m = d[CIM_WORD_M], n = d[CIM_WORD_N], k = d[CIM_WORD_K];
    if (gemm && (m < 1 || m > l.max_m)) wrong(CIM_ERROR_EXTENT);
    if (n < 1 || n > l.max_n || k < 1 || k > l.max_k) wrong(CIM_ERROR_EXTENT);

    const std::uint64_t first = d[CIM_WORD_FIRST_ARRAY], some = d[CIM_WORD_ARRAYS];
    const bool arrays_exist = first < l.arrays && some <= l.arrays - first;
    if (!arrays_exist) wrong(CIM_ERROR_ARRAYS);

    if (requantise) {
        const auto least = static_cast<std::int32_t>(d[CIM_WORD_CLAMP_MIN]),
                   most = static_cast<std::int32_t>(d[CIM_WORD_CLAMP_MAX]);
        const bool narrow_z = narrow(z_bits);
        const std::int64_t low_bound = narrow_z ? -(std::int64_t{1} << (z_bits - 1)) : INT32_MIN;
        const std::int64_t high_bound = narrow_z ? (std::int64_t{1} << z_bits) - 1 : INT32_MAX;
        if (d[CIM_WORD_SHIFT] > CIM_MAX_SHIFT || least > most || least < low_bound || most > high_bound)
            wrong(CIM_ERROR_REQUANTISATION);
    }

    // Operands.
    struct operand {
        unsigned address, stride;
        std::int64_t rows, columns;
        std::uint32_t bits;
        bool local, read, written, one_row;
    };
    const operand operands[] = {
        {CIM_WORD_A_LO, CIM_WORD_A_STRIDE, m, k, a_bits, has(CIM_FLAG_A_LOCAL), gemm, false, false},
        {CIM_WORD_B_LO, CIM_WORD_B_STRIDE, k, n, b_bits, false, with_b, false, false},
        {CIM_WORD_Z_LO, CIM_WORD_Z_STRIDE, m, n, z_bits, has(CIM_FLAG_Z_LOCAL), false, gemm, false},
        {CIM_WORD_C_LO, CIM_WORD_C_STRIDE, m, n, 32, has(CIM_FLAG_C_LOCAL), accumulate, workspace,
         accumulate && !workspace},
    };
    __extension__ typedef __int128 wide; // nothing wraps
    const auto any = 1u << CIM_ERROR_READ | 1u << CIM_ERROR_WRITE;
    for (const auto& o : operands) {
        if (!o.read && !o.written) continue;
        if (!o.local && !l.dma) wrong(CIM_ERROR_NO_DMA);
        const wide element = std::max(o.bits / 8, 1u), stride = d[o.stride], address = get_wide(d, o.address);
        const wide row = element * o.columns;
        const bool one_row = o.one_row && stride == 0;
        if (!one_row && (stride < row || stride % element != 0)) wrong(CIM_ERROR_STRIDE);
        const wide end = address + (one_row ? 0 : stride * std::max<wide>(o.rows - 1, 0)) + row;
        if (address % element != 0) wrong(CIM_ERROR_ADDRESS);
        if (o.local) {
            if (end > static_cast<wide>(l.activation_bytes)) wrong(CIM_ERROR_ADDRESS);
            continue;
        }
        if (end > wide{1} << 63) wrong(CIM_ERROR_ADDRESS); // system memory ends there
        const auto meets = [&](wide begin, wide bytes) { return address < begin + bytes && end > begin; };
        const wide memory_bytes = memory_end - memory_address;
        if (address >= memory_address && end <= memory_address + memory_bytes) {
            if (o.written && meets(ring_address, ring_entries * CIM_DESCRIPTOR_BYTES)) j.wild = true;
            continue;
        }
        if (meets(control_address, CIM_WINDOW_BYTES) || meets(on_bus.window, on_bus.window_bytes)) {
            j.wild = true;
            j.perhaps |= any;
        } else if (one_row || o.rows < 2 || stride <= row || !meets(memory_address, memory_bytes)) {
            // At least one of its bytes is nowhere, and all of them are asked for.
            if (o.read) wrong(CIM_ERROR_READ);
            if (o.written && !o.read && o.address == CIM_WORD_Z_LO) wrong(CIM_ERROR_WRITE);
            j.perhaps |= any;
        } else {
            j.perhaps |= any; // rows may step over what is not there
        }
    }
    if (j.wrong != 0) {
        // Whether the arrays suffice is asked at the end, and need not be.
        j.perhaps |= 1u << CIM_ERROR_WEIGHTS_TOO_LARGE | 1u << CIM_ERROR_WORKSPACE;
        return j;
    }

    // Room in the arrays.
    const std::uint64_t working = some ? some : l.arrays - first;
    const auto weights = static_cast<std::uint64_t>(k * n * b_bits / 8);
    if (load || held) {
        if (weights > working * l.array_bytes)
            wrong(CIM_ERROR_WEIGHTS_TOO_LARGE);
        else if (static_cast<std::uint64_t>(k) > l.array_rows ||
                 static_cast<std::uint64_t>(n) * ((b_bits + 7) / 8) > l.array_columns)
            perhaps(CIM_ERROR_WEIGHTS_TOO_LARGE); // spread over arrays some room is lost
    }
    // Sums may have room in the arrays or in Z nevertheless.
    if (gemm && !held && static_cast<std::uint64_t>(k) > working * l.array_rows && !workspace)
        perhaps(CIM_ERROR_WORKSPACE);
    return j;
}

} // namespace guest

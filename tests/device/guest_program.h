#pragma once
/// What random guests are made of: valid commands, how to spoil them, and what docs/registers.md says about the result,
/// written from that page alone.
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

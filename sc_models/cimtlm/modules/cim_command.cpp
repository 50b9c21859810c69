#include <cimtlm/modules/cim_command.h>

#include <cimtlm/tlm/access_check.h>

#include <bitset>

namespace cimtlm {

namespace {

using word_set = std::bitset<CIM_DESCRIPTOR_WORDS>;

word_set words_of(std::initializer_list<unsigned> words) {
    word_set s;
    for (const auto w : words) s.set(w);
    return s;
}

std::uint64_t wide(const cim_descriptor& words, unsigned low) {
    return words[low] | std::uint64_t{words[low + 1]} << 32;
}

bool is_operand_width(int bits) { return bits == 8 || bits == 16; }

// CIM_ERROR_NONE when `rows` rows of `columns` elements lie in their memory, aligned, without overlapping each other.
std::uint32_t check_operand(const cim_operand& o, std::int64_t rows, std::int64_t columns, int bits,
                            const cim_limits& limits, std::uint64_t& at_fault) {
    const auto element = static_cast<std::uint64_t>(bits / 8);
    const auto row = static_cast<std::uint64_t>(columns) * element;
    const bool one_for_all = o.row_bytes == 0;
    if (!one_for_all && (o.row_bytes < row || o.row_bytes % element != 0)) return CIM_ERROR_STRIDE;
    if (!o.local && !limits.dma) return CIM_ERROR_NO_DMA;
    const auto bytes = one_for_all ? row : static_cast<std::uint64_t>(rows - 1) * o.row_bytes + row;
    const auto reach = o.local ? static_cast<std::uint64_t>(limits.activation_bytes) : limits.system_bytes;
    // in_range takes a size of 0 for an endless memory.
    if (o.address % element == 0 && reach > 0 && in_range(o.address, bytes, 0, reach)) return CIM_ERROR_NONE;
    at_fault = o.address;
    return CIM_ERROR_ADDRESS;
}

cim_region region_of(const cim_operand& o, std::int64_t rows, std::int64_t columns, int bits) {
    return {o.place(), static_cast<std::uint64_t>(o.row_bytes ? rows : 1), o.row_bytes,
            static_cast<std::uint64_t>(columns) * static_cast<std::uint64_t>(bits / 8)};
}

} // namespace

std::vector<cim_region> cim_command::reads() const {
    return {region_of(a, m, k, a_bits), held ? cim_region{} : region_of(b, k, n, b_bits),
            accumulate ? region_of(c, m, n, 32) : cim_region{}};
}

std::vector<cim_region> cim_command::writes() const {
    return {region_of(z, m, n, z_bits), workspace ? region_of(c, m, n, 32) : cim_region{}};
}

std::uint32_t cim_command::read(const cim_descriptor& words, const cim_limits& limits, std::uint64_t& address) {
    *this = {};
    address = 0;
    kind = words[CIM_WORD_COMMAND] & CIM_COMMAND_MASK;
    const auto flags = words[CIM_WORD_COMMAND] & ~CIM_COMMAND_MASK;
    std::uint32_t allowed = CIM_FLAG_INTERRUPT;
    auto used = words_of({CIM_WORD_COMMAND});
    const auto arrays_and_weights = words_of({CIM_WORD_PRECISION, CIM_WORD_N, CIM_WORD_K, CIM_WORD_FIRST_ARRAY,
                                              CIM_WORD_ARRAYS, CIM_WORD_B_LO, CIM_WORD_B_HI, CIM_WORD_B_STRIDE});
    switch (kind) {
    case CIM_COMMAND_FENCE:
        break;
    case CIM_COMMAND_MODE:
        used |= words_of({CIM_WORD_MODE});
        break;
    case CIM_COMMAND_LOAD_WEIGHTS:
        allowed |= CIM_FLAG_B_UNSIGNED; // means nothing yet
        used |= arrays_and_weights;
        break;
    case CIM_COMMAND_GEMM:
        allowed |= CIM_FLAG_ACCUMULATE | CIM_FLAG_REQUANTISE | CIM_FLAG_HELD | CIM_FLAG_A_LOCAL | CIM_FLAG_Z_LOCAL |
                   CIM_FLAG_A_UNSIGNED | CIM_FLAG_B_UNSIGNED | CIM_FLAG_WORKSPACE;
        used |= arrays_and_weights | words_of({CIM_WORD_M, CIM_WORD_A_LO, CIM_WORD_A_HI, CIM_WORD_A_STRIDE,
                                               CIM_WORD_Z_LO, CIM_WORD_Z_HI, CIM_WORD_Z_STRIDE});
        if (flags & CIM_FLAG_HELD) used &= ~words_of({CIM_WORD_B_LO, CIM_WORD_B_HI, CIM_WORD_B_STRIDE});
        if (flags & (CIM_FLAG_ACCUMULATE | CIM_FLAG_WORKSPACE)) {
            allowed |= CIM_FLAG_C_LOCAL;
            used |= words_of({CIM_WORD_C_LO, CIM_WORD_C_HI, CIM_WORD_C_STRIDE});
        }
        if (flags & CIM_FLAG_REQUANTISE)
            used |=
                words_of({CIM_WORD_SCALE, CIM_WORD_SHIFT, CIM_WORD_ZERO_POINT, CIM_WORD_CLAMP_MIN, CIM_WORD_CLAMP_MAX});
        break;
    default:
        return CIM_ERROR_COMMAND_UNKNOWN;
    }
    if (flags & ~allowed) return CIM_ERROR_DESCRIPTOR;
    for (unsigned w = 0; w < words.size(); ++w)
        if (words[w] != 0 && !used[w]) return CIM_ERROR_DESCRIPTOR;
    interrupt = flags & CIM_FLAG_INTERRUPT;
    mode = words[CIM_WORD_MODE];
    if (kind == CIM_COMMAND_MODE) return mode > CIM_MODE_COMPUTE ? CIM_ERROR_MODE : CIM_ERROR_NONE;
    if (kind == CIM_COMMAND_FENCE) return CIM_ERROR_NONE;
    return read_product(words, limits, address);
}

std::uint32_t cim_command::read_product(const cim_descriptor& words, const cim_limits& limits, std::uint64_t& address) {
    const auto flags = words[CIM_WORD_COMMAND];
    const bool multiplies = kind == CIM_COMMAND_GEMM;
    held = flags & CIM_FLAG_HELD;
    accumulate = flags & CIM_FLAG_ACCUMULATE;
    workspace = flags & CIM_FLAG_WORKSPACE;
    arithmetic.a_unsigned = flags & CIM_FLAG_A_UNSIGNED;
    arithmetic.b_unsigned = flags & CIM_FLAG_B_UNSIGNED;

    const auto precision = words[CIM_WORD_PRECISION];
    a_bits = static_cast<int>(precision & 0xffu);
    b_bits = static_cast<int>(precision >> 8 & 0xffu);
    z_bits = static_cast<int>(precision >> 16 & 0xffu);
    const bool requantised = flags & CIM_FLAG_REQUANTISE;
    if (precision >> 24 || !is_operand_width(b_bits)) return CIM_ERROR_PRECISION;
    if (multiplies && (!is_operand_width(a_bits) || (z_bits != 32 && !(requantised && is_operand_width(z_bits)))))
        return CIM_ERROR_PRECISION;
    if (!multiplies && (a_bits || z_bits)) return CIM_ERROR_PRECISION;

    m = words[CIM_WORD_M];
    n = words[CIM_WORD_N];
    k = words[CIM_WORD_K];
    if (multiplies && (m == 0 || m > limits.max_m)) return CIM_ERROR_EXTENT;
    if (n == 0 || k == 0 || n > limits.max_n || k > limits.max_k) return CIM_ERROR_EXTENT;

    first_array = words[CIM_WORD_FIRST_ARRAY];
    if (first_array >= limits.arrays) return CIM_ERROR_ARRAYS;
    arrays = words[CIM_WORD_ARRAYS] ? words[CIM_WORD_ARRAYS] : limits.arrays - first_array;
    if (arrays > limits.arrays - first_array) return CIM_ERROR_ARRAYS;

    if (requantised) {
        requantisation r;
        r.scale = static_cast<std::int32_t>(words[CIM_WORD_SCALE]);
        r.zero_point = static_cast<std::int32_t>(words[CIM_WORD_ZERO_POINT]);
        r.least = static_cast<std::int32_t>(words[CIM_WORD_CLAMP_MIN]);
        r.most = static_cast<std::int32_t>(words[CIM_WORD_CLAMP_MAX]);
        // Bytes have no sign of their own: what eight bits can mean is -128 .. 255.
        const bool fits = z_bits == 32 || (r.least >= -(1 << (z_bits - 1)) && r.most < 1 << z_bits);
        if (words[CIM_WORD_SHIFT] > CIM_MAX_SHIFT || r.least > r.most || !fits) return CIM_ERROR_REQUANTISATION;
        r.shift = static_cast<int>(words[CIM_WORD_SHIFT]);
        arithmetic.finish = r;
    }

    a = {wide(words, CIM_WORD_A_LO), words[CIM_WORD_A_STRIDE], (flags & CIM_FLAG_A_LOCAL) != 0};
    b = {wide(words, CIM_WORD_B_LO), words[CIM_WORD_B_STRIDE], false};
    z = {wide(words, CIM_WORD_Z_LO), words[CIM_WORD_Z_STRIDE], (flags & CIM_FLAG_Z_LOCAL) != 0};
    c = {wide(words, CIM_WORD_C_LO), words[CIM_WORD_C_STRIDE], (flags & CIM_FLAG_C_LOCAL) != 0};
    const auto with_rows = [](const cim_operand& o) { return o.row_bytes > 0; };
    auto error = CIM_ERROR_NONE;
    const auto check = [&](const cim_operand& o, std::int64_t rows, std::int64_t columns, int bits, bool one_row) {
        if (error != CIM_ERROR_NONE) return;
        error = !with_rows(o) && !one_row ? CIM_ERROR_STRIDE : check_operand(o, rows, columns, bits, limits, address);
    };
    if (multiplies) check(a, m, k, a_bits, false);
    if (!held) check(b, k, n, b_bits, false);
    if (multiplies) check(z, m, n, z_bits, false);
    if (accumulate || workspace) check(c, m, n, 32, accumulate && !workspace);
    return error;
}

} // namespace cimtlm

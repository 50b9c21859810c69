#pragma once
/// Random products with their operands in memory, and what the memories hold afterwards.
#include "reference_gemm.h"

#include <cim_driver.h>

#include <algorithm>
#include <ostream>
#include <random>
#include <stdexcept>
#include <vector>

using product = struct cim_gemm; // the name alone is the function

/// Memories that the device reads and writes.
struct memories {
    std::vector<std::uint8_t> system, activation;
    std::uint64_t base = 0; ///< of the system memory
};

/// Draws products and places their operands one after another, with gaps.
class product_maker {
public:
    product_maker(std::uint64_t seed, memories& m)
        : random_(seed)
        , memories_(m) {}

    std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_); }
    bool chance(double p) { return std::bernoulli_distribution(p)(random_); }
    template <class... T> auto one_of(T... values) {
        const std::common_type_t<T...> all[] = {values...};
        return all[below(sizeof...(values))];
    }
    /// From 1 to `limit`, often small, sometimes the limit itself.
    std::uint32_t extent(std::uint32_t limit) {
        if (chance(0.1)) return limit;
        return static_cast<std::uint32_t>(1 + below(chance(0.3) ? std::min<std::uint32_t>(limit, 8) : limit));
    }

    /// All that the driver takes, but for tiles, arrays and workspace.
    product make(std::uint32_t m, std::uint32_t n, std::uint32_t k) {
        product g = {};
        g.m = m;
        g.n = n;
        g.k = k;
        g.a_bits = one_of(8u, 8u, 16u);
        g.b_bits = one_of(8u, 8u, 16u);
        g.z_bits = 32;
        if (chance(0.3)) g.flags |= CIM_FLAG_A_UNSIGNED;
        if (chance(0.3)) g.flags |= CIM_FLAG_B_UNSIGNED;
        if (chance(0.5)) requantise(g);
        g.a = place(m, k, g.a_bits / 8, g.a_stride, chance(0.2), CIM_FLAG_A_LOCAL, g.flags);
        g.b = place(k, n, g.b_bits / 8, g.b_stride, false, 0, g.flags);
        g.z = place(m, n, g.z_bits / 8, g.z_stride, chance(0.2), CIM_FLAG_Z_LOCAL, g.flags);
        switch (below(4)) {
        case 0: // C of its own
            g.flags |= CIM_FLAG_ACCUMULATE;
            g.c = place(m, n, 4, g.c_stride, chance(0.2), CIM_FLAG_C_LOCAL, g.flags);
            if (!g.c_stride) g.c_stride = 4 * n;
            break;
        case 1: // a bias
            g.flags |= CIM_FLAG_ACCUMULATE;
            g.c = place(1, n, 4, g.c_stride, chance(0.2), CIM_FLAG_C_LOCAL, g.flags);
            g.c_stride = 0;
            break;
        case 2: // C is Z
            if (g.z_bits != 32) break;
            g.flags |= CIM_FLAG_ACCUMULATE | (g.flags & CIM_FLAG_Z_LOCAL ? CIM_FLAG_C_LOCAL : 0);
            g.c = g.z;
            g.c_stride = g.z_stride ? g.z_stride : 4 * n;
            break;
        default:
            break;
        }
        return g;
    }

    void requantise(product& g) {
        g.flags |= CIM_FLAG_REQUANTISE;
        g.z_bits = one_of(8u, 16u, 32u);
        g.shift = static_cast<std::uint32_t>(below(CIM_MAX_SHIFT + 1));
        // Usually so that results are spread over the range.
        const unsigned bits = g.a_bits + g.b_bits;
        g.scale = static_cast<std::int32_t>(random_());
        if (chance(0.8)) {
            g.shift = bits + static_cast<std::uint32_t>(below(8));
            g.scale = static_cast<std::int32_t>(below(1u << g.z_bits / 2)) - (1 << (g.z_bits / 2 - 2));
        }
        const bool is_unsigned = g.z_bits != 32 && chance(0.5);
        const std::int64_t low = is_unsigned ? 0 : -(std::int64_t{1} << (g.z_bits - 1));
        const std::int64_t high = low + (std::int64_t{1} << g.z_bits) - 1;
        g.clamp_min = static_cast<std::int32_t>(low);
        g.clamp_max = static_cast<std::int32_t>(high);
        if (chance(0.3)) g.clamp_min += static_cast<std::int32_t>(below(100));
        if (chance(0.3)) g.clamp_max -= static_cast<std::int32_t>(below(100));
        g.zero_point = chance(0.1) ? static_cast<std::int32_t>(random_()) : static_cast<std::int32_t>(below(200)) - 100;
    }

    /// Room for sums, which does not have to suffice for more than one element at a time.
    void add_workspace(product& g) {
        const bool local = chance(0.2);
        std::uint32_t stride = 4, flags = 0, all = g.m * g.n * 4;
        g.workspace_bytes = chance(0.3) ? all : static_cast<std::uint32_t>(4 + below(all));
        g.workspace = place(1, (g.workspace_bytes + 3) / 4, 4, stride, local, 1, flags);
        g.workspace_local = flags;
    }

    /// Limits of tiles, at least a quarter of each extent.
    void add_tiles(product& g) {
        const auto some = [&](std::uint32_t extent) {
            return chance(0.4) ? 0 : static_cast<std::uint32_t>((extent + 3) / 4 + below(extent));
        };
        g.tile_m = some(g.m);
        g.tile_n = some(g.n);
        g.tile_k = some(g.k);
    }

    void fill(std::vector<std::uint8_t>& bytes) {
        for (auto& b : bytes) b = static_cast<std::uint8_t>(random_());
    }

private:
    /// Address of a new matrix; `stride` is 0 where it is packed. Sets `flag` when it is local.
    std::uint64_t place(std::uint64_t rows, std::uint64_t columns, unsigned element, std::uint32_t& stride, bool local,
                        std::uint32_t flag, std::uint32_t& flags) {
        stride = chance(0.5) ? 0 : static_cast<std::uint32_t>((columns + below(9)) * element);
        const std::uint64_t bytes = (rows - 1) * (stride ? stride : columns * element) + columns * element;
        local = local && local_ + bytes + 16 <= memories_.activation.size();
        std::uint64_t& next = local ? local_ : system_;
        next = (next + element - 1) / element * element + below(4) * element;
        const std::uint64_t begin = next;
        next += bytes;
        if (local) flags |= flag;
        if (!local && next > memories_.system.size()) throw std::runtime_error("the test's memory is too small");
        return local ? begin : memories_.base + begin;
    }

    std::mt19937_64 random_;
    memories& memories_;
    std::uint64_t system_ = 0, local_ = 0;
};

inline std::uint8_t* locate(memories& m, std::uint64_t address, bool local) {
    return local ? m.activation.data() + address : m.system.data() + (address - m.base);
}

/// What the product makes of the memories. `b`: weights that are held, otherwise those in memory.
inline void apply_reference(const product& g, memories& m) {
    reference::problem p;
    p.m = g.m;
    p.n = g.n;
    p.k = g.k;
    const auto stride = [](std::uint32_t given, std::uint32_t columns, std::uint32_t bits) {
        return std::uint64_t{given ? given : columns * bits / 8};
    };
    p.a = {locate(m, g.a, g.flags & CIM_FLAG_A_LOCAL), stride(g.a_stride, g.k, g.a_bits), g.a_bits,
           (g.flags & CIM_FLAG_A_UNSIGNED) != 0};
    p.b = {locate(m, g.b, false), stride(g.b_stride, g.n, g.b_bits), g.b_bits, (g.flags & CIM_FLAG_B_UNSIGNED) != 0};
    p.z = {locate(m, g.z, g.flags & CIM_FLAG_Z_LOCAL), stride(g.z_stride, g.n, g.z_bits), g.z_bits, false};
    if (g.flags & CIM_FLAG_ACCUMULATE)
        p.c = reference::operand{locate(m, g.c, g.flags & CIM_FLAG_C_LOCAL), g.c_stride, 32, false};
    if (g.flags & CIM_FLAG_REQUANTISE)
        p.q = reference::requantisation{g.scale, g.shift, g.zero_point, g.clamp_min, g.clamp_max};
    reference::gemm(p);
}

/// Nobody looks at what a workspace holds.
inline void forget_workspace(const product& g, memories& m) {
    std::uint8_t* begin = g.workspace_bytes ? locate(m, g.workspace, g.workspace_local) : nullptr;
    std::fill_n(begin, g.workspace_bytes, std::uint8_t{0});
}

inline std::ostream& operator<<(std::ostream& out, const product& g) {
    return out << "M " << g.m << " N " << g.n << " K " << g.k << " bits " << g.a_bits << ' ' << g.b_bits << ' '
               << g.z_bits << " flags " << std::hex << g.flags << std::dec << " tiles " << g.tile_m << ' ' << g.tile_n
               << ' ' << g.tile_k << " workspace " << g.workspace_bytes << " arrays " << g.first_array << " + "
               << g.arrays;
}

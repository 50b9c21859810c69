#pragma once
/// A loop nest over a machine's levels: the one description that bound, rules, search and modules share.
#include <cimtlm/machine/machine.h>
#include <cimtlm/mapping/gemm.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cimtlm {

/// The three dimensions of a GEMM.
enum class dim { M = 0, N = 1, K = 2 };
constexpr std::array<dim, 3> all_dims{dim::M, dim::N, dim::K};
constexpr std::array<tensor, 3> all_tensors{tensor::A, tensor::B, tensor::Z};
inline std::size_t index(dim d) { return static_cast<std::size_t>(d); }
inline std::size_t index(tensor t) { return static_cast<std::size_t>(t); }
const char* to_string(dim d);
const char* to_string(tensor t);

/// Extents over M, N, K.
using extents = std::array<std::int64_t, 3>;
inline extents extents_of(const gemm& g) { return {g.m, g.n, g.k}; }

/// A is indexed by M and K, B by N and K, Z by M and N.
constexpr bool indexes(dim d, tensor t) {
    return t == tensor::A ? d != dim::N : t == tensor::B ? d != dim::M : d != dim::K;
}

enum class slot_role {
    memory,  ///< temporal loops over tiles of the level below, from this memory
    spatial, ///< instances side by side
    array,   ///< rows and columns inside one engine instance, side by side
    hold     ///< positions held in one engine instance, used one after another
};

/// A place for loops. The slots of a machine stand outer to inner; the tile of the memory at a slot is what this
/// slot's loops and all further inside cover.
struct nest_slot {
    std::string name;
    slot_role role = slot_role::memory;
    int memory = -1;         ///< index in machine::memories for role memory
    extents limit{0, 0, 0};  ///< largest product of the factors of each dimension, 0: no limit
    std::int64_t fanout = 0; ///< largest product of all factors, 0: no limit
    bool spatial() const { return role == slot_role::spatial || role == slot_role::array; }
};

/// The slots of a machine for operands of these bits: memories with the fan-out above each; then `bank`, `array`,
/// `hold` for CiM (weights wider than the macro's take neighbouring columns), or `pe` for a tensor core without a
/// latch level.
std::vector<nest_slot> nest_slots(const machine& m, const operand_bits& bits);

struct loop {
    dim d;
    std::int64_t factor;
    bool operator==(const loop& o) const { return d == o.d && factor == o.factor; }
};

/// Loops by slot, outer to inner, both over the slots and within one. Factors of 1 need not be written.
struct loop_nest {
    std::vector<std::vector<loop>> slots;

    explicit loop_nest(std::size_t slot_count = 0)
        : slots(slot_count) {}
    bool operator==(const loop_nest& o) const { return slots == o.slots; }

    /// Product of the factors of `d` in one slot.
    std::int64_t factor(std::size_t slot, dim d) const;
    /// Appends a loop unless its factor is 1.
    void add(std::size_t slot, dim d, std::int64_t factor) {
        if (factor != 1) slots[slot].push_back({d, factor});
    }
};

/// "dram K4 N8 / smem N2 M512 / bank N4 / array K256 N16"; slots without loops are left out.
std::string to_text(const loop_nest& nest, const std::vector<nest_slot>& shape);

/// Reads the same. Slot names are compared without case, slots may be left out but must stand in order. Throws
/// input_error with `where` in front.
loop_nest parse_nest(const std::string& text, const std::vector<nest_slot>& shape, const std::string& where);

/// Bits of the operands as a level stores them: a latch holds one slice of an operand wider than the multiplier.
operand_bits stored_bits(operand_bits bits, const memory_level& level, const machine& m);

/// Bytes of a tile of these extents in one instance of a memory, over the tensors that it keeps.
std::int64_t footprint_bytes(const extents& tile, const memory_level& level, const operand_bits& bits);

/// Explains why this nest cannot run this GEMM on this machine ("" when it can): a dimension not covered, a limit or
/// a capacity exceeded, with the level and what is missing.
std::string why_impossible(const loop_nest& nest, const gemm& g, const machine& m, const std::vector<nest_slot>& shape);

} // namespace cimtlm

#pragma once
/// A loop nest as one list of loops, and the paths of the tensors through the machine's levels. Both the closed form
/// and the tile generator count with these, over the whole nest or a part of it.
#include <cimtlm/mapping/loop_nest.h>

#include <vector>

namespace cimtlm {

struct flat_loop {
    dim d;
    std::int64_t factor; ///< above 1
    bool spatial;
    std::size_t slot;
    std::int64_t stride; ///< positions of its dimension that one iteration covers
};

/// One step of a tensor's way: from the level that keeps it to the next level inside that does.
struct boundary {
    tensor t;
    int parent_memory; ///< index in machine::memories
    int child_memory;  ///< likewise, or -1: the engine
    std::size_t parent_slot;
    std::size_t child_slot;   ///< first slot inside the child's tile; the number of slots for bare multipliers
    bool child_stores = true; ///< false for bare multipliers, which fetch for every step
    // By the present loops:
    std::size_t child_begin = 0; ///< first loop of the child's tile
    /// Where the innermost run of temporal loops above the child that do not index the tensor begins: loops from there
    /// do not cause fetches.
    std::size_t run_begin = 0;
};

/// Which loops of the nonindexing dimensions count as separate fetches.
enum class side {
    parent, ///< what the parents give: instances below share one fetch (multicast) and add up one result (reduction)
    child   ///< what the children take: each instance for itself
};

struct flat_nest {
    std::vector<flat_loop> loops; ///< outer to inner
    std::vector<boundary> boundaries;
    std::vector<nest_slot> shape;

    flat_nest(const loop_nest& nest, const machine& m, std::vector<nest_slot> shape);

    /// Takes the loops of another nest of the same machine; cheap, for a search.
    void assign(const loop_nest& nest);

    /// Position of the first loop of `slot` or further inside.
    std::size_t first_loop(std::size_t slot) const;

    /// Transfers of the boundary's tensor in elements, by the loops from `first` inward, for a region of these
    /// extents. Parts of tiles beyond the extents are not moved; empty iterations do not exist.
    std::int64_t transfers(const boundary& b, side s, std::size_t first, const extents& region) const;
    /// True when several parents of a Z boundary share the K of `g`: none of them sees finished results.
    bool parents_share_k(const boundary& b, const gemm& g) const;
    /// Steps of the engine: iterations of all temporal loops from `first` inward that are not empty.
    std::int64_t steps(std::size_t first, const extents& region) const;
    /// Product of all spatial factors.
    std::int64_t lanes() const;

    /// Distinct index tuples, among the loops of `d` from `first` inward, of those that `counted` accepts, which reach
    /// at least one position below `extent`.
    template <class Counted> std::int64_t tuples(dim d, std::size_t first, std::int64_t extent, Counted counted) const {
        std::int64_t total = 0;
        for (std::size_t i = first; i < loops.size(); ++i) {
            const auto& l = loops[i];
            if (l.d != d || !counted(i)) continue;
            total *= l.factor; // all iterations inside those that are whole
            if (extent == 0) continue;
            // Here the whole ones, then at most one partial one.
            const std::int64_t whole = std::min(l.factor, extent / l.stride);
            total += whole;
            extent = whole < l.factor ? extent - whole * l.stride : 0;
        }
        return total + (extent > 0 ? 1 : 0);
    }

private:
    void place_boundaries();
};

} // namespace cimtlm

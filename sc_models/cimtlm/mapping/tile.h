#pragma once
/// The generator of tiles: what one compute block does with one set of held operands.
#include <cimtlm/mapping/flat_nest.h>

#include <boost/container/small_vector.hpp>

#include <array>
#include <vector>

namespace cimtlm {

/// Bytes of `elements` of `bits` each, rounded up.
inline std::int64_t bytes_of(std::int64_t elements, int bits) { return (elements * bits + 7) / 8; }

/// Bytes that go up when `updates` results leave, `partial` of them to be read again or added to what was read:
/// the last update of an element has the result's width, the ones before it the partial sum's.
inline std::int64_t update_bytes(std::int64_t updates, std::int64_t partial, const operand_bits& bits) {
    return ((updates - partial) * bits.z + partial * bits.partial + 7) / 8;
}

/// What crosses one boundary (same index as flat_nest::boundaries) for one tile, in bytes over all instances.
struct tile_transfer {
    extents origin{0, 0, 0}; ///< region of the operand that crosses
    extents extent{0, 0, 0};
    bool begins = false;     ///< the region begins with this tile: it was not there before
    std::int64_t read = 0;   ///< operands, or partial sums, down from the parent
    std::int64_t fill = 0;   ///< what the children take of that (copies counted)
    std::int64_t update = 0; ///< results up to the parent
};

/// One tile of the sequence. Regions are clipped at the GEMM's extents.
struct tile {
    std::int64_t number = 0;
    bool last = false;
    extents origin{0, 0, 0};
    extents extent{0, 0, 0};
    std::int64_t steps = 0;               ///< of the engine
    std::int64_t executed_macs = 0;       ///< with padding
    std::int64_t merged_partial_sums = 0; ///< read back and added outside the arrays
    std::int64_t bank_additions = 0;      ///< between arrays that share K
    std::vector<tile_transfer> transfers;
};

/// Walks the loops outside the tile, in order, without storing them: memory does not grow with the GEMM.
///
/// A tile of a CiM machine is all work done with one set of held weights: the innermost run of temporal loops above
/// the arrays that does not index B belongs to it. A tile of a tensor core is the work on one set of operands in the
/// innermost staging memory.
class tile_sequence {
public:
    tile_sequence(const flat_nest& nest, const gemm& g, const machine& m, bool resident);

    /// Advances to the next tile; false after the last.
    bool next();
    const tile& current() const { return tile_; }

    /// First loop inside the tile.
    static std::size_t inner_begin(const flat_nest& nest, const machine& m);
    /// True when what crosses boundary `b` must be complete before the tile begins (held weights, staged operands),
    /// false when it streams while the tile computes.
    static bool is_load(const flat_nest& nest, const machine& m, const boundary& b) {
        return is_load(inner_begin(nest, m), m, b);
    }
    /// The same with inner_begin() of the nest.
    static bool is_load(std::size_t begin, const machine& m, const boundary& b);
    /// Number of tiles.
    static std::int64_t count(const flat_nest& nest, const gemm& g, const machine& m);

private:
    struct inner_counts {
        std::int64_t steps = 0;                                                    // 0: not counted yet
        boost::container::small_vector<std::array<std::int64_t, 2>, 6> boundaries; // given, taken
    };
    /// What does not change from tile to tile at one boundary.
    struct way {
        bool child_outside;   // the child's level stands outside the tile
        extents child_span;   // of what it holds then
        std::size_t outside;  // loops before this one separate what the child holds now from what it held
        std::int64_t k_span;  // of the others
        bool parents_share_k; // none of them sees finished results
    };
    const inner_counts& inner(const extents& extent);
    bool advance();
    void find_next();
    void move_results(std::size_t boundary, tile_transfer& t, std::int64_t given, std::int64_t taken);

    const flat_nest& nest_;
    gemm g_;
    const machine& m_;
    bool resident_;
    std::size_t begin_;                                       // first loop inside the tile
    boost::container::small_vector<std::int64_t, 8> counter_; // of the loops outside
    extents span_{1, 1, 1};                                   // of the loops inside
    std::int64_t lanes_;
    boost::container::small_vector<way, 6> ways_; // by boundary
    std::array<inner_counts, 8> counts_;          // by the dimensions in which a tile is smaller than most
    std::size_t changed_ = 0;                     // outermost loop that advanced
    std::size_t after_ = 0;                       // 1 + the outermost loop that will, 0: none
    bool started_ = false;
    // Of the Z boundary above: whether its children are inside the tile, begin with it, and how much of them is empty.
    bool inside_parents_ = false, parents_begin_ = false;
    std::int64_t parents_empty_ = 0;
    tile tile_;
};

} // namespace cimtlm

#pragma once
/// Loop nests as points of a space: what a search moves about in.
#include <cimtlm/mapping/loop_nest.h>

#include <boost/container/small_vector.hpp>

#include <vector>

namespace cimtlm {

/// a / b rounded up.
inline std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
/// `a` up to a multiple of `unit`.
inline std::int64_t round_up(std::int64_t a, std::int64_t unit) { return divide_up(a, unit) * unit; }

/// A nest as factors of each slot. Of the order in a slot only the innermost dimension counts: a tensor stays over
/// loops of the one dimension that does not index it, so a run of such loops ends at the second loop of a slot.
struct point {
    boost::container::small_vector<extents, 8> factor; ///< by slot
    boost::container::small_vector<dim, 8> innermost;  ///< by slot
};

/// The points of one GEMM on one machine. Factors need not divide; the outermost memory takes what the others leave.
/// `g`, `m` and `shape` outlive it.
class point_space {
public:
    point_space(const gemm& g, const machine& m, const std::vector<nest_slot>& shape);

    /// All loops at the outermost memory: when this does not fit, nothing does.
    point nothing_inside() const;
    point from_nest(const loop_nest& nest) const;
    void to_nest(const point& p, loop_nest& nest) const;
    /// Slot of the outermost memory.
    std::size_t top() const { return top_; }

    /// Clips factors to what is needed and gives the rest to the outermost memory.
    void settle(point& p) const;
    /// Takes back what pads without use, from the inside out; true when there was any.
    bool trim(point& p) const;
    /// True when places, instances and capacities suffice.
    bool fits(const point& p) const;
    /// What is left of `d` for this slot and those outside.
    std::int64_t needed(const point& p, std::size_t slot, dim d) const;
    /// Places along `d` in a slot, beside what its other dimensions take.
    std::int64_t place_limit(const point& p, std::size_t slot, dim d) const;
    /// Raises a factor as far as it fits, without waste.
    void grow(point& p, std::size_t slot, dim d) const;
    /// Halves the largest inner factors until the tiles fit; false when nothing is left to halve.
    bool shrink(point& p) const;

    /// Splits of all instances, places and held positions that are worth a look, memories empty; at most `most`.
    std::vector<point> spatial_choices(std::size_t most) const;

private:
    void split(std::size_t slot, const point& p, std::vector<point>& into) const;
    void keep_useful(std::vector<point>& choices, std::size_t most) const;

    const gemm& g_;
    const machine& m_;
    std::vector<operand_bits> stored_; // of the operands, by memory
    const std::vector<nest_slot>& shape_;
    extents whole_;
    std::size_t top_ = 0;
};

} // namespace cimtlm

#include <cimtlm/mapping/tile.h>

#include <algorithm>

namespace cimtlm {

std::size_t tile_sequence::inner_begin(const flat_nest& nest, const machine& m) {
    std::size_t end = nest.loops.size(); // first loop that belongs to the engine
    // Loops side by side are inside: a tile is what all instances do together.
    for (std::size_t i = nest.loops.size(); i-- > 0;)
        if (nest.shape[nest.loops[i].slot].role != slot_role::memory) end = i;
    if (!m.cim) {
        std::size_t staging = 0; // the innermost memory that is a module
        for (std::size_t s = 0; s < nest.shape.size(); ++s) {
            const int memory = nest.shape[s].memory;
            if (memory < 0) continue;
            if (m.memories[static_cast<std::size_t>(memory)].on_interconnect()) staging = s;
        }
        if (m.memories[static_cast<std::size_t>(nest.shape[staging].memory)].kind == memory_kind::sram)
            return std::min(end, nest.first_loop(staging));
        end = std::min(end, nest.first_loop(staging + 1));
    }
    std::size_t begin = end;
    while (begin > 0 && !nest.loops[begin - 1].spatial && !indexes(nest.loops[begin - 1].d, tensor::B)) --begin;
    return begin;
}

bool tile_sequence::is_load(std::size_t begin, const machine& m, const boundary& b) {
    if (b.child_memory < 0) return m.cim && b.t == tensor::B;
    return m.memories[static_cast<std::size_t>(b.child_memory)].kind == memory_kind::sram && b.child_begin <= begin;
}

std::int64_t tile_sequence::count(const flat_nest& nest, const gemm& g, const machine& m) {
    const auto begin = inner_begin(nest, m);
    std::int64_t total = 1;
    for (auto d : all_dims)
        total *= nest.tuples(d, 0, extents_of(g)[index(d)], [&](std::size_t i) { return i < begin; });
    return total;
}

tile_sequence::tile_sequence(const flat_nest& nest, const gemm& g, const machine& m, bool resident)
    : nest_(nest)
    , g_(g)
    , m_(m)
    , resident_(resident)
    , begin_(inner_begin(nest, m))
    , counter_(begin_, 0)
    , lanes_(nest.lanes()) {
    tile_.number = -1;
    tile_.transfers.resize(nest.boundaries.size());
    for (std::size_t i = begin_; i < nest.loops.size(); ++i) span_[index(nest.loops[i].d)] *= nest.loops[i].factor;
    for (const auto& b : nest.boundaries) {
        way w{b.child_begin < begin_, {1, 1, 1}, std::min({begin_, b.run_begin, b.child_begin}), 1, false};
        for (std::size_t i = 0; i < nest.loops.size(); ++i) {
            const auto& l = nest.loops[i];
            if (i >= b.child_begin) w.child_span[index(l.d)] *= l.factor;
            if (i >= w.outside && l.d == dim::K) w.k_span *= l.factor;
        }
        w.parents_share_k = nest.parents_share_k(b, g);
        ways_.push_back(w);
    }
}

const tile_sequence::inner_counts& tile_sequence::inner(const extents& extent) {
    // Only the last tile along a dimension is smaller than the others.
    std::size_t shape = 0;
    for (auto d : all_dims) shape = 2 * shape + (extent[index(d)] < span_[index(d)] ? 1 : 0);
    auto& c = counts_[shape];
    if (c.steps == 0) {
        c.steps = nest_.steps(begin_, extent);
        for (const auto& b : nest_.boundaries)
            c.boundaries.push_back(
                {nest_.transfers(b, side::parent, begin_, extent), nest_.transfers(b, side::child, begin_, extent)});
    }
    return c;
}

bool tile_sequence::advance() {
    if (!started_) {
        started_ = true;
        find_next();
        return true;
    }
    if (after_ == 0) return false;
    changed_ = after_ - 1;
    for (std::size_t i = begin_; i-- > after_;) {
        const auto& l = nest_.loops[i];
        tile_.origin[index(l.d)] -= counter_[i] * l.stride;
        counter_[i] = 0;
    }
    ++counter_[changed_];
    tile_.origin[index(nest_.loops[changed_].d)] += nest_.loops[changed_].stride;
    find_next();
    return true;
}

// The loop that will advance after this tile: the innermost one with an iteration left that is not empty.
void tile_sequence::find_next() {
    const auto whole = extents_of(g_);
    auto origin = tile_.origin;
    for (after_ = begin_; after_ > 0; --after_) {
        const auto& l = nest_.loops[after_ - 1];
        auto& o = origin[index(l.d)];
        if (counter_[after_ - 1] + 1 < l.factor && o + l.stride < whole[index(l.d)]) return;
        o -= counter_[after_ - 1] * l.stride;
    }
}

bool tile_sequence::next() {
    if (!advance()) return false;
    ++tile_.number;
    tile_.last = after_ == 0;
    const auto whole = extents_of(g_);
    for (auto d : all_dims)
        tile_.extent[index(d)] = std::min(span_[index(d)], whole[index(d)] - tile_.origin[index(d)]);
    const auto& counts = inner(tile_.extent);
    tile_.steps = counts.steps;
    tile_.executed_macs = counts.steps * lanes_;
    tile_.bank_additions = tile_.merged_partial_sums = 0;
    inside_parents_ = parents_begin_ = false;
    parents_empty_ = 0;
    for (std::size_t n = 0; n < nest_.boundaries.size(); ++n) {
        const auto& b = nest_.boundaries[n];
        const auto& w = ways_[n];
        auto& t = tile_.transfers[n];
        t.begins = b.run_begin >= begin_ || tile_.number == 0 || changed_ < b.run_begin;
        t.read = t.fill = t.update = 0;
        // Extents of what the child holds: larger than the tile when its level stands outside the tile.
        t.origin = tile_.origin;
        t.extent = tile_.extent;
        std::int64_t given = counts.boundaries[n][0], taken = counts.boundaries[n][1];
        if (w.child_outside) {
            t.origin = {0, 0, 0};
            for (std::size_t i = 0; i < b.child_begin; ++i)
                t.origin[index(nest_.loops[i].d)] += counter_[i] * nest_.loops[i].stride;
            given = 1;
            for (auto d : all_dims) {
                t.extent[index(d)] = std::min(w.child_span[index(d)], whole[index(d)] - t.origin[index(d)]);
                if (indexes(d, b.t)) given *= t.extent[index(d)];
            }
            taken = given; // no loop outside a tile is spatial
        }
        if (b.t == tensor::Z) {
            move_results(n, t, given, taken);
        } else if (t.begins && !(resident_ && m_.cim && b.t == tensor::B)) {
            const int bits = b.t == tensor::A ? g_.bits.a : g_.bits.b;
            t.read = bytes_of(given, bits);
            t.fill = bytes_of(taken, bits);
        }
    }
    return true;
}

void tile_sequence::move_results(std::size_t boundary, tile_transfer& t, std::int64_t given, std::int64_t taken) {
    const auto& b = nest_.boundaries[boundary];
    const auto& w = ways_[boundary];
    std::int64_t k_begin = 0;
    for (std::size_t i = 0; i < w.outside; ++i)
        if (nest_.loops[i].d == dim::K) k_begin += counter_[i] * nest_.loops[i].stride;
    if (b.run_begin < begin_ && !w.child_outside) {
        // Results stay over several tiles: all instances that took part leave with the last one.
        auto longest = tile_.extent;
        longest[index(dim::K)] = std::min(span_[index(dim::K)], g_.k - k_begin);
        const auto& all = inner(longest).boundaries[boundary];
        given = all[0];
        taken = all[1];
    }
    // Partial sums exist once a loop over K outside has advanced. Of parents that share K, those that were not filled
    // with a partial sum begin anew.
    const auto elements = t.extent[index(dim::M)] * t.extent[index(dim::N)];
    std::int64_t first = k_begin > 0 ? 0 : elements;
    if (inside_parents_) first = parents_begin_ ? parents_empty_ : 0;
    const auto again = given - first;
    if (t.begins) {
        t.read = t.fill = bytes_of(again, g_.bits.partial);
        if (m_.cim) tile_.merged_partial_sums += again;
    }
    // They leave unless the next tile keeps the region: a loop of the run still advances.
    if (b.run_begin >= begin_ || after_ <= b.run_begin) {
        const bool finished = k_begin + w.k_span >= g_.k && !w.parents_share_k;
        t.update = update_bytes(given, given - (finished ? elements : 0), g_.bits);
        if (m_.cim) tile_.bank_additions += taken - given;
    }
    inside_parents_ = !w.child_outside;
    parents_begin_ = t.begins;
    parents_empty_ = taken - again;
}

} // namespace cimtlm

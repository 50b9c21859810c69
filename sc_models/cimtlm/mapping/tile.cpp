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

bool tile_sequence::is_load(const flat_nest& nest, const machine& m, const boundary& b) {
    if (b.child_memory < 0) return m.cim && b.t == tensor::B;
    return m.memories[static_cast<std::size_t>(b.child_memory)].kind == memory_kind::sram &&
           b.child_begin <= inner_begin(nest, m);
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
    , counter_(begin_, 0) {
    tile_.number = -1;
    tile_.transfers.resize(nest.boundaries.size());
}

const tile_sequence::inner_counts& tile_sequence::inner(const extents& extent) {
    const auto found = cache_.find(extent);
    if (found != cache_.end()) return found->second;
    inner_counts c{nest_.steps(begin_, extent), {}};
    for (const auto& b : nest_.boundaries)
        c.boundaries.push_back(
            {nest_.transfers(b, side::parent, begin_, extent), nest_.transfers(b, side::child, begin_, extent)});
    return cache_.emplace(extent, std::move(c)).first->second;
}

bool tile_sequence::advance() {
    if (!started_) {
        started_ = true;
        changed_ = 0;
        return true;
    }
    for (std::size_t i = begin_; i-- > 0;) {
        const auto& l = nest_.loops[i];
        auto& origin = tile_.origin[index(l.d)];
        if (counter_[i] + 1 < l.factor && origin + l.stride < extents_of(g_)[index(l.d)]) {
            ++counter_[i];
            origin += l.stride;
            changed_ = i;
            return true;
        }
        origin -= counter_[i] * l.stride;
        counter_[i] = 0;
    }
    return false;
}

// True when the next tile keeps the region: a loop of the run still advances.
bool tile_sequence::stays_after(std::size_t run) const {
    auto origin = tile_.origin;
    for (std::size_t i = begin_; i-- > run;) {
        const auto& l = nest_.loops[i];
        auto& o = origin[index(l.d)];
        if (counter_[i] + 1 < l.factor && o + l.stride < extents_of(g_)[index(l.d)]) return true;
        o -= counter_[i] * l.stride;
    }
    return false;
}

bool tile_sequence::next() {
    if (!advance()) return false;
    ++tile_.number;
    const auto whole = extents_of(g_);
    extents span{1, 1, 1};
    for (std::size_t i = begin_; i < nest_.loops.size(); ++i) span[index(nest_.loops[i].d)] *= nest_.loops[i].factor;
    for (auto d : all_dims) tile_.extent[index(d)] = std::min(span[index(d)], whole[index(d)] - tile_.origin[index(d)]);
    const auto& counts = inner(tile_.extent);
    tile_.steps = counts.steps;
    tile_.executed_macs = counts.steps * nest_.lanes();
    tile_.bank_additions = tile_.merged_partial_sums = 0;
    tile_.last = true;
    {
        auto origin = tile_.origin;
        for (std::size_t i = begin_; i-- > 0 && tile_.last;) {
            const auto& l = nest_.loops[i];
            auto& o = origin[index(l.d)];
            if (counter_[i] + 1 < l.factor && o + l.stride < whole[index(l.d)]) tile_.last = false;
            o -= counter_[i] * l.stride;
        }
    }
    // Of the Z boundary above: whether its children are inside the tile, begin with it, and how much of them is empty.
    bool inside_parents = false, parents_begin = false;
    std::int64_t parents_empty = 0;
    for (std::size_t n = 0; n < nest_.boundaries.size(); ++n) {
        const auto& b = nest_.boundaries[n];
        const auto run = b.run_begin;
        auto& t = tile_.transfers[n];
        t = {};
        const bool fetch = t.begins = run >= begin_ || tile_.number == 0 || changed_ < run;
        // Extents of what the child holds: larger than the tile when its level stands outside the tile.
        t.origin = tile_.origin;
        t.extent = tile_.extent;
        std::int64_t given = counts.boundaries[n][0], taken = counts.boundaries[n][1];
        const auto child_begin = b.child_begin;
        if (child_begin < begin_) {
            extents child_span{1, 1, 1};
            t.origin = {0, 0, 0};
            for (std::size_t i = 0; i < child_begin; ++i)
                t.origin[index(nest_.loops[i].d)] += counter_[i] * nest_.loops[i].stride;
            for (std::size_t i = child_begin; i < nest_.loops.size(); ++i)
                child_span[index(nest_.loops[i].d)] *= nest_.loops[i].factor;
            for (auto d : all_dims)
                t.extent[index(d)] = std::min(child_span[index(d)], whole[index(d)] - t.origin[index(d)]);
            given = 1;
            for (auto d : all_dims)
                if (indexes(d, b.t)) given *= t.extent[index(d)];
            taken = given; // no loop outside a tile is spatial
        }
        if (b.t == tensor::Z) {
            // Loops that separate what the child holds now from what it held or will hold.
            const auto outside = std::min({begin_, run, child_begin});
            std::int64_t k_begin = 0, k_span = 1;
            for (std::size_t i = 0; i < nest_.loops.size(); ++i) {
                const auto& l = nest_.loops[i];
                if (l.d != dim::K) continue;
                if (i < outside)
                    k_begin += counter_[i] * l.stride;
                else
                    k_span *= l.factor;
            }
            if (run < begin_ && child_begin >= begin_) {
                // Results stay over several tiles: all instances that took part leave with the last one.
                auto longest = tile_.extent;
                longest[index(dim::K)] = std::min(span[index(dim::K)], whole[index(dim::K)] - k_begin);
                const auto& all = inner(longest).boundaries[n];
                given = all[0];
                taken = all[1];
            }
            // Partial sums exist once a loop over K outside has advanced. Of parents that share K, those that were not
            // filled with a partial sum begin anew.
            const auto elements = t.extent[index(dim::M)] * t.extent[index(dim::N)];
            std::int64_t first = k_begin > 0 ? 0 : elements;
            if (inside_parents) first = parents_begin ? parents_empty : 0;
            const auto again = given - first;
            if (fetch) {
                t.read = t.fill = bytes_of(again, g_.bits.partial);
                if (m_.cim) tile_.merged_partial_sums += again;
            }
            if (run >= begin_ || !stays_after(run)) {
                const bool finished = k_begin + k_span >= g_.k && !nest_.parents_share_k(b, g_);
                t.update = update_bytes(given, given - (finished ? elements : 0), g_.bits);
                if (m_.cim) tile_.bank_additions += taken - given;
            }
            inside_parents = child_begin >= begin_;
            parents_begin = fetch;
            parents_empty = taken - again;
            continue;
        }
        if (!fetch || (resident_ && m_.cim && b.t == tensor::B)) continue;
        const int bits = b.t == tensor::A ? g_.bits.a : g_.bits.b;
        t.read = bytes_of(given, bits);
        t.fill = bytes_of(taken, bits);
    }
    return true;
}

} // namespace cimtlm

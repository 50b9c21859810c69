#include <cimtlm/mapping/flat_nest.h>

#include <algorithm>

namespace cimtlm {

flat_nest::flat_nest(const loop_nest& nest, const machine& m, std::vector<nest_slot> slots)
    : shape(std::move(slots)) {
    const bool engine_stores = m.cim.has_value();
    std::size_t engine_slot = shape.size();
    if (engine_stores)
        for (std::size_t s = 0; s < shape.size(); ++s)
            if (shape[s].role == slot_role::array) engine_slot = s;
    for (auto t : all_tensors) {
        int parent = -1;
        std::size_t parent_slot = 0;
        for (std::size_t s = 0; s < shape.size(); ++s) {
            const int memory = shape[s].memory;
            if (memory < 0 || !m.memories[static_cast<std::size_t>(memory)].keeps_tensor(t)) continue;
            if (parent >= 0) boundaries.push_back({t, parent, memory, parent_slot, s, true});
            parent = memory;
            parent_slot = s;
        }
        boundaries.push_back({t, parent, -1, parent_slot, engine_slot, engine_stores});
    }
    assign(nest);
}

void flat_nest::assign(const loop_nest& nest) {
    loops.clear();
    for (std::size_t s = 0; s < nest.slots.size(); ++s)
        for (const auto& l : nest.slots[s])
            if (l.factor > 1) loops.push_back({l.d, l.factor, shape[s].spatial(), s, 1});
    extents inside{1, 1, 1};
    for (std::size_t i = loops.size(); i-- > 0;) {
        loops[i].stride = inside[index(loops[i].d)];
        inside[index(loops[i].d)] *= loops[i].factor;
    }
    place_boundaries();
}

std::size_t flat_nest::first_loop(std::size_t slot) const {
    std::size_t i = 0;
    while (i < loops.size() && loops[i].slot < slot) ++i;
    return i;
}

void flat_nest::place_boundaries() {
    for (auto& b : boundaries) {
        b.child_begin = b.run_begin = first_loop(b.child_slot);
        if (!b.child_stores) continue;
        for (std::size_t i = b.child_begin; i-- > 0;) {
            if (loops[i].spatial) continue;
            if (indexes(loops[i].d, b.t)) break;
            b.run_begin = i;
        }
    }
}

std::int64_t flat_nest::transfers(const boundary& b, side s, std::size_t first, const extents& region) const {
    std::int64_t total = 1;
    for (auto d : all_dims) {
        if (indexes(d, b.t)) {
            total *= region[index(d)];
            continue;
        }
        total *= tuples(d, first, region[index(d)], [&](std::size_t i) {
            if (i >= b.child_begin) return false;
            if (!loops[i].spatial) return i < b.run_begin;
            return s == side::child || loops[i].slot < b.parent_slot;
        });
    }
    return total;
}

bool flat_nest::parents_share_k(const boundary& b, const gemm& g) const {
    return std::any_of(loops.begin(), loops.end(), [&](const flat_loop& l) {
        return l.spatial && l.d == dim::K && l.slot < b.parent_slot && l.stride < g.k;
    });
}

std::int64_t flat_nest::steps(std::size_t first, const extents& region) const {
    std::int64_t total = 1;
    for (auto d : all_dims)
        total *= tuples(d, first, region[index(d)], [&](std::size_t i) { return !loops[i].spatial; });
    return total;
}

std::int64_t flat_nest::lanes() const {
    std::int64_t total = 1;
    for (const auto& l : loops)
        if (l.spatial) total *= l.factor;
    return total;
}

} // namespace cimtlm

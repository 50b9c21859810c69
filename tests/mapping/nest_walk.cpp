#include "nest_walk.h"

namespace cimtlm::test {

nest_walk::nest_walk(const loop_nest& nest, const gemm& g, const machine& m, const std::vector<nest_slot>& shape,
                     refetch mode, const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b)
    : g_(g)
    , m_(m)
    , mode_(mode)
    , whole_(extents_of(g))
    , slots_(shape.size())
    , array_slot_(shape.size())
    , engine_(m.matrix_engine()) {
    for (std::size_t s = 0; s < shape.size(); ++s) {
        if (m.cim && shape[s].role == slot_role::array) array_slot_ = s;
        for (const auto& l : nest.slots[s]) loops_.push_back({l.d, l.factor, s, shape[s].spatial(), 1});
    }
    for (std::size_t i = 0; i < loops_.size(); ++i)
        for (std::size_t j = i + 1; j < loops_.size(); ++j)
            if (loops_[j].d == loops_[i].d) loops_[i].stride *= loops_[j].factor;
    for (auto t : all_tensors) {
        auto& levels = levels_[index(t)];
        for (std::size_t s = 0; s < shape.size(); ++s)
            if (shape[s].memory >= 0 && m.memories[static_cast<std::size_t>(shape[s].memory)].keeps_tensor(t))
                levels.push_back({shape[s].memory, s, true, {}});
        levels.push_back({-1, array_slot_, m.cim.has_value(), {}});
        traffic_[index(t)].resize(levels.size());
        auto& top = levels.front().instances[instance(0)];
        top.size = {whole_[index(axes(t)[0])], whole_[index(axes(t)[1])]};
        top.cells.resize(static_cast<std::size_t>(top.size[0] * top.size[1]));
        for (std::int64_t i = 0; i < top.size[0]; ++i)
            for (std::int64_t j = 0; j < top.size[1]; ++j) {
                if (t == tensor::A) top.at(i, j).value = a.at(static_cast<std::size_t>(i * g.k + j));
                if (t == tensor::B) top.at(i, j).value = b.at(static_cast<std::size_t>(j * g.n + i));
            }
    }
    result_.counts.memories.resize(m.memories.size());
}

std::array<dim, 2> nest_walk::axes(tensor t) {
    return {t == tensor::B ? dim::N : dim::M, t == tensor::Z ? dim::N : dim::K};
}

std::int64_t nest_walk::origin(dim d, std::size_t before_slot) const {
    std::int64_t sum = 0;
    for (const auto& l : loops_)
        if (l.d == d && l.slot < before_slot) sum += l.at * l.stride;
    return sum;
}

std::int64_t nest_walk::span(dim d, std::size_t from_slot) const {
    std::int64_t product = 1;
    for (const auto& l : loops_)
        if (l.d == d && l.slot >= from_slot) product *= l.factor;
    return product;
}

nest_walk::key nest_walk::instance(std::size_t before_slot) const {
    key k;
    for (const auto& l : loops_)
        if (l.spatial && l.slot < before_slot) k.push_back(l.at);
    return k;
}

nest_walk::key nest_walk::tag(tensor t, std::size_t before_slot) const {
    if (mode_ == refetch::when_data_differ)
        return {1, origin(axes(t)[0], before_slot), origin(axes(t)[1], before_slot)};
    key all{1}; // not empty: an empty tag is an empty buffer
    std::size_t last = 0, count = 0;
    for (const auto& l : loops_) {
        if (l.spatial || l.slot >= before_slot) continue;
        all.push_back(l.at);
        ++count;
        if (indexes(l.d, t)) last = count;
    }
    all.resize(last + 1);
    return all;
}

bool nest_walk::exists(std::size_t before_slot) const {
    for (auto d : all_dims)
        if (origin(d, before_slot) >= whole_[index(d)]) return false;
    return true;
}

// Levels side by side that share K keep partial sums, also in a last round in which only one of them has work.
bool nest_walk::finished(const cell& sum, const level& parent) const {
    for (const auto& l : loops_)
        if (l.spatial && l.d == dim::K && l.slot < parent.slot && l.factor > 1 && l.stride < g_.k) return false;
    return sum.terms == g_.k;
}

template <class Visit> void nest_walk::for_each_index(bool spatial, std::size_t before_slot, Visit visit) {
    const auto chosen = [&](const walk_loop& l) { return l.spatial == spatial && l.slot < before_slot; };
    for (;;) {
        if (exists(slots_)) visit();
        std::size_t i = loops_.size();
        while (i-- > 0) {
            if (!chosen(loops_[i])) continue;
            if (++loops_[i].at < loops_[i].factor) break;
            loops_[i].at = 0;
        }
        if (i == static_cast<std::size_t>(-1)) return;
    }
}

nest_walk::buffer& nest_walk::holder(tensor t, std::size_t depth) {
    auto& l = levels_[index(t)][depth];
    return l.instances[instance(l.slot)];
}

// Results leave the instances of a level whose next region is another one; what shares a parent is added up.
void nest_walk::evict(std::size_t depth, bool all) {
    auto& levels = levels_[index(tensor::Z)];
    auto& parent = levels[depth - 1];
    const auto now = tag(tensor::Z, levels[depth].slot);
    const bool by_data = mode_ == refetch::when_data_differ;
    std::map<std::pair<key, pair>, std::pair<cell, std::int64_t>> sums; // value, contributions
    const auto parent_loops = instance(parent.slot).size();
    for (auto& [id, b] : levels[depth].instances) {
        if (b.tag.empty()) continue;
        auto wanted = now;
        if (by_data && !all) { // the region of this instance, not of the one at index 0
            std::size_t next = 0;
            for (auto& l : loops_)
                if (l.spatial && l.slot < levels[depth].slot) l.at = id[next++];
            wanted = tag(tensor::Z, levels[depth].slot);
            for (auto& l : loops_)
                if (l.spatial) l.at = 0;
        }
        if (!all && b.tag == wanted) continue;
        const key up(id.begin(), id.begin() + static_cast<std::ptrdiff_t>(parent_loops));
        for (std::int64_t i = 0; i < b.size[0]; ++i)
            for (std::int64_t j = 0; j < b.size[1]; ++j) {
                auto& [sum, contributions] = sums[{up, {b.origin[0] + i, b.origin[1] + j}}];
                sum.value += b.cells[static_cast<std::size_t>(i * b.size[1] + j)].value;
                sum.terms += b.cells[static_cast<std::size_t>(i * b.size[1] + j)].terms;
                ++contributions;
            }
        b = {};
    }
    auto& moved = traffic_[index(tensor::Z)][depth];
    for (const auto& [where, sum] : sums) {
        parent.instances[where.first].at(where.second[0], where.second[1]) = sum.first;
        ++(finished(sum.first, parent) ? moved.results : moved.partials);
        if (m_.cim) result_.counts.bank_additions += sum.second - 1;
    }
}

void nest_walk::load(tensor t, std::size_t depth) {
    auto& l = levels_[index(t)][depth];
    auto& moved = traffic_[index(t)][depth];
    std::set<std::pair<key, pair>> given; // what a parent has given in this step
    for_each_index(true, slots_, [&] {
        auto& b = l.instances[instance(l.slot)];
        const auto wanted = tag(t, l.slot);
        if (b.tag == wanted) return;
        b.tag = wanted;
        for (std::size_t x = 0; x < 2; ++x) {
            const auto d = axes(t)[x];
            b.origin[x] = origin(d, l.slot);
            b.size[x] = std::min(span(d, l.slot), whole_[index(d)] - b.origin[x]);
        }
        b.cells.assign(static_cast<std::size_t>(b.size[0] * b.size[1]), {});
        auto& parent = holder(t, depth - 1);
        const bool first = given.insert({instance(levels_[index(t)][depth - 1].slot), b.origin}).second;
        for (std::int64_t i = b.origin[0]; i < b.origin[0] + b.size[0]; ++i)
            for (std::int64_t j = b.origin[1]; j < b.origin[1] + b.size[1]; ++j) {
                const auto& from = parent.at(i, j);
                // One instance continues a partial sum, the others begin at nothing.
                if (t == tensor::Z && (!first || from.terms == 0)) continue;
                b.at(i, j) = from;
                moved.read += first;
                ++moved.fill;
            }
    });
}

void nest_walk::compute_bare() {
    std::array<std::set<std::pair<key, pair>>, 3> touched;
    std::map<std::pair<key, pair>, cell> sums;
    const auto depth = [&](tensor t) { return levels_[index(t)].size() - 2; };
    const auto id = [&](tensor t) { return instance(levels_[index(t)][depth(t)].slot); };
    for_each_index(true, slots_, [&] {
        const auto at = [&](dim d) { return origin(d, slots_); };
        touched[0].insert({id(tensor::A), {at(dim::M), at(dim::K)}});
        touched[1].insert({id(tensor::B), {at(dim::N), at(dim::K)}});
        auto& sum = sums[{id(tensor::Z), {at(dim::M), at(dim::N)}}];
        sum.value += holder(tensor::A, depth(tensor::A)).at(at(dim::M), at(dim::K)).value *
                     holder(tensor::B, depth(tensor::B)).at(at(dim::N), at(dim::K)).value;
        ++sum.terms;
    });
    for (auto t : {tensor::A, tensor::B})
        traffic_[index(t)].back().read += static_cast<std::int64_t>(touched[index(t)].size());
    auto& moved = traffic_[index(tensor::Z)].back();
    for (const auto& [where, sum] : sums) {
        auto& z =
            levels_[index(tensor::Z)][depth(tensor::Z)].instances[where.first].at(where.second[0], where.second[1]);
        moved.read += z.terms > 0;
        z.value += sum.value;
        z.terms += sum.terms;
        ++(finished(z, levels_[index(tensor::Z)][depth(tensor::Z)]) ? moved.results : moved.partials);
    }
}

void nest_walk::compute_arrays() {
    // Positions of the rows and columns of one step, for each array.
    std::map<key, std::array<std::set<std::int64_t>, 3>> arrays;
    for_each_index(true, slots_, [&] {
        for (auto d : all_dims) arrays[instance(array_slot_)][index(d)].insert(origin(d, slots_));
    });
    for (const auto& array : arrays) {
        const auto& positions = array.second;
        const auto buffer_of = [&](tensor t) -> buffer& { return levels_[index(t)].back().instances[array.first]; };
        const auto m = *positions[0].begin();
        std::vector<std::int32_t> inputs, weights;
        for (auto k : positions[2]) {
            inputs.push_back(static_cast<std::int32_t>(buffer_of(tensor::A).at(m, k).value));
            for (auto n : positions[1])
                weights.push_back(static_cast<std::int32_t>(buffer_of(tensor::B).at(n, k).value));
        }
        std::vector<std::int64_t> outputs(positions[1].size());
        engine_->compute(inputs, weights, outputs, 0);
        std::size_t column = 0;
        for (auto n : positions[1]) {
            auto& z = buffer_of(tensor::Z).at(m, n);
            z.value += outputs[column++];
            z.terms += static_cast<std::int64_t>(inputs.size());
        }
    }
}

void nest_walk::step() {
    auto& z = levels_[index(tensor::Z)];
    for (std::size_t depth = z.size(); depth-- > 1;)
        if (z[depth].stores) evict(depth, false);
    for (auto t : all_tensors)
        for (std::size_t depth = 1; depth < levels_[index(t)].size(); ++depth)
            if (levels_[index(t)][depth].stores) load(t, depth);
    if (m_.cim)
        compute_arrays();
    else
        compute_bare();
    ++result_.counts.steps;
}

walk_result nest_walk::run() {
    std::int64_t lanes = 1;
    for (const auto& l : loops_)
        if (l.spatial) lanes *= l.factor;
    for_each_index(false, slots_, [&] { step(); });
    auto& z = levels_[index(tensor::Z)];
    for (std::size_t depth = z.size(); depth-- > 1;)
        if (z[depth].stores) evict(depth, true);
    auto& c = result_.counts;
    c.executed_macs = c.steps * lanes;
    for (auto t : all_tensors) {
        const int bits = t == tensor::A ? g_.bits.a : t == tensor::B ? g_.bits.b : g_.bits.partial;
        const auto& levels = levels_[index(t)];
        for (std::size_t depth = 1; depth < levels.size(); ++depth) {
            const auto& moved = traffic_[index(t)][depth];
            auto& parent = c.memories[static_cast<std::size_t>(levels[depth - 1].memory)][index(t)];
            parent.read = (moved.read * bits + 7) / 8;
            parent.update = (moved.results * g_.bits.z + moved.partials * g_.bits.partial + 7) / 8;
            const auto fill = (moved.fill * bits + 7) / 8;
            if (levels[depth].memory >= 0)
                c.memories[static_cast<std::size_t>(levels[depth].memory)][index(t)].fill = fill;
            if (!m_.cim) continue;
            if (t == tensor::Z) c.merged_partial_sums += moved.read;
            if (t == tensor::B && levels[depth].memory < 0) {
                c.weight_fetch_bytes = parent.read;
                c.weight_write_bytes = fill;
            }
        }
    }
    for (const auto& value : z.front().instances.begin()->second.cells) result_.z.push_back(value.value);
    return result_;
}

} // namespace cimtlm::test

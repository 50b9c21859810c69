#include <cimtlm/modules/command_mapper.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/search.h>
#include <cimtlm/mapping/tile.h>

#include <algorithm>

namespace cimtlm {

namespace {

machine with_arrays(machine m, std::int64_t arrays) {
    m.cim->count = arrays;
    return m;
}

mapped_command told(const gemm& g, const loop_nest& nest, const machine& m, const std::vector<nest_slot>& shape) {
    mapped_command c;
    const auto flat = std::make_shared<flat_nest>(nest, m, shape);
    c.spills = count_accesses(*flat, g, m, false).memories.front()[index(tensor::Z)].read > 0;
    c.at_once = tile_sequence::count(*flat, g, m) == 1;
    c.nest = flat;
    return c;
}

} // namespace

command_mapper::part::part(const machine& whole, std::int64_t arrays)
    : m(with_arrays(whole, arrays))
    , cost(m, convention::like_for_like) {}

const command_mapper::part& command_mapper::part_of(std::int64_t arrays) {
    auto& p = parts_[arrays];
    if (!p) p = std::make_unique<part>(machine_, arrays);
    return *p;
}

template <class Make> mapped_command command_mapper::once(const gemm& g, std::int64_t arrays, bool spread, Make make) {
    if (kept_.size() >= most_kept) kept_.clear();
    const auto [at, is_new] = kept_.try_emplace({arrays, g.m, g.n, g.k, g.bits.a, g.bits.b, g.bits.z, spread});
    if (!is_new) return at->second;
    const auto& p = part_of(arrays);
    const auto shape = nest_slots(p.m, g.bits);
    try {
        at->second = told(g, make(p, shape), p.m, shape);
    } catch (const input_error&) {
        // No way to run it: the command says so.
    }
    return at->second;
}

mapped_command command_mapper::map(const gemm& g, std::int64_t arrays) {
    return once(g, arrays, false, [&](const part& p, const auto& shape) { return map_product(g, p.cost, shape); });
}

namespace {

// Takes as much of `left` as the slot allows beside what it has.
std::int64_t take(loop_nest& nest, const std::vector<nest_slot>& shape, std::size_t slot, dim d, std::int64_t& left) {
    const auto& s = shape[slot];
    auto most = left;
    if (s.limit[index(d)] > 0) most = std::min(most, s.limit[index(d)]);
    if (s.fanout > 0)
        most = std::min(most,
                        s.fanout / (nest.factor(slot, dim::M) * nest.factor(slot, dim::N) * nest.factor(slot, dim::K)));
    most = std::max<std::int64_t>(most, 1);
    nest.add(slot, d, most);
    left = (left + most - 1) / most;
    return most;
}

loop_nest spread_weights(const gemm& g, const machine& m, const std::vector<nest_slot>& shape) {
    std::size_t innermost = 0, bank = 0, array = 0, hold = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i].role == slot_role::memory) innermost = i;
        if (shape[i].role == slot_role::spatial) bank = i;
        if (shape[i].role == slot_role::array) array = i;
        if (shape[i].role == slot_role::hold) hold = i;
    }
    loop_nest nest(shape.size());
    auto k = g.k, n = g.n;
    for (const auto slot : {array, hold, bank}) take(nest, shape, slot, dim::K, k);
    for (const auto slot : {array, bank, hold}) take(nest, shape, slot, dim::N, n);
    if (k > 1) throw input_error("K does not fit");
    nest.add(0, dim::N, n);
    // The innermost memory takes as many rows at a time as it has room for.
    for (auto rows = g.m;; rows = (rows + 1) / 2) {
        auto with_rows = nest;
        with_rows.add(0, dim::M, (g.m + rows - 1) / rows);
        with_rows.add(innermost, dim::M, rows);
        if (const auto why = why_impossible(with_rows, g, m, shape); why.empty())
            return with_rows;
        else if (rows == 1)
            throw input_error(why);
    }
}

} // namespace

mapped_command command_mapper::spread(const gemm& g, std::int64_t arrays) {
    return once(g, arrays, true, [&](const part& p, const auto& shape) { return spread_weights(g, p.m, shape); });
}

} // namespace cimtlm

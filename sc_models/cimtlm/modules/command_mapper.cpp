#include <cimtlm/modules/command_mapper.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/rules.h>
#include <cimtlm/mapping/search.h>
#include <cimtlm/mapping/tile.h>

namespace cimtlm {

namespace {

machine with_arrays(machine m, std::int64_t arrays) {
    m.cim->count = arrays;
    return m;
}

loop_nest nest_of(const gemm& g, const cost_model& cost, const std::vector<nest_slot>& shape) {
    const auto& m = cost.target();
    return m.mapper.kind == mapper_kind::rules ? map_by_rules(g, m, shape)
                                               : map_by_search(g, cost, shape, m.mapper.objective);
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

mapped_command& command_mapper::kept(const gemm& g, std::int64_t arrays, bool held, bool& is_new) {
    if (kept_.size() >= most_kept) kept_.clear();
    const auto [at, made] = kept_.try_emplace({arrays, g.m, g.n, g.k, g.bits.a, g.bits.b, g.bits.z, held});
    is_new = made;
    return at->second;
}

mapped_command command_mapper::map(const gemm& g, std::int64_t arrays) {
    bool is_new;
    auto& c = kept(g, arrays, false, is_new);
    if (!is_new) return c;
    const auto& p = part_of(arrays);
    const auto shape = nest_slots(p.m, g.bits);
    try {
        c = told(g, nest_of(g, p.cost, shape), p.m, shape);
    } catch (const input_error&) {
        // Does not fit: the command says so.
    }
    return c;
}

mapped_command command_mapper::hold(std::int64_t n, std::int64_t k, int bits, std::int64_t arrays) {
    gemm row;
    row.m = 1;
    row.n = n;
    row.k = k;
    row.bits = {bits, bits, 32, 32};
    return map(row, arrays);
}

mapped_command command_mapper::map_held(const gemm& g, std::int64_t arrays) {
    bool is_new;
    auto& c = kept(g, arrays, true, is_new);
    if (!is_new) return c;
    const auto& p = part_of(arrays);
    gemm row = g;
    row.m = 1;
    const auto shape = nest_slots(p.m, g.bits);
    // The innermost memory takes as many rows at a time as it has room for.
    std::size_t innermost = 0;
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (shape[i].role == slot_role::memory) innermost = i;
    try {
        const auto one_row = nest_of(row, p.cost, shape);
        for (auto rows = g.m;; rows = (rows + 1) / 2) {
            auto nest = one_row;
            const auto add = [&](std::size_t slot, std::int64_t factor) {
                if (factor > 1) nest.slots[slot].insert(nest.slots[slot].begin(), loop{dim::M, factor});
            };
            add(innermost, rows);
            add(0, (g.m + rows - 1) / rows);
            if (why_impossible(nest, g, p.m, shape).empty()) {
                c = told(g, nest, p.m, shape);
                break;
            }
            if (rows == 1) break;
        }
    } catch (const input_error&) {
        // Does not fit: the command says so.
    }
    return c;
}

} // namespace cimtlm

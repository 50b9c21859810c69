#include <platforms/builder/chip_mapper.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/nest_point.h>
#include <cimtlm/mapping/search.h>

#include <algorithm>
#include <limits>

namespace cimtlm {

chip_costs::chip_costs(const machine& m)
    : groups_(unit_groups(m)) {
    for (const auto& g : groups_) costs_.push_back(std::make_unique<group_cost>(m, g));
}

chip_mapper::chip_mapper(const machine& m, const chip_costs& costs)
    : machine_(m)
    , costs_(costs) {
    for (std::size_t i = 0; i < costs.groups().size(); ++i)
        mappers_.push_back(std::make_unique<block_mapper>(costs.cost(i), m.mapper.objective));
}

chip_mapper::key chip_mapper::key_of(std::size_t group, const gemm& g) {
    return {group, g.m, g.n, g.k, g.batch, g.bits.a, g.bits.b, g.bits.z, g.b_is_activation, g.statistics};
}

double chip_mapper::score(const chip_mapping& mapping, const blocked_work& work) const {
    return score_of(costs_.cost(mapping.group).evaluate(mapping.grid, *mapping.nest, work), machine_.mapper.objective);
}

chip_mapping chip_mapper::make(std::size_t group, const blocked_mapping& found, const gemm& g) const {
    const auto& unit = costs_.groups()[group];
    const auto shape = nest_slots(unit.unit_machine, g.bits);
    auto text = to_text(found.grid, g) + " / " + to_text(found.nest, shape);
    if (costs_.groups().size() > 1) text.insert(0, unit.engine + ": ");
    return {group, found.grid, std::make_shared<flat_nest>(found.nest, unit.unit_machine, shape), text};
}

chip_mapping chip_mapper::map_on(std::size_t group, const blocked_work& work) const {
    const auto found = machine_.mapper.kind == mapper_kind::rules ? map_blocks_by_rules(costs_.cost(group), work)
                                                                  : mappers_[group]->search(work);
    return make(group, found, work.product);
}

const chip_mapping& chip_mapper::map(const blocked_work& work) {
    const auto& g = work.product;
    const auto any = costs_.groups().size(); // stands for all groups
    const auto known = known_.find(key_of(any, g));
    if (known != known_.end()) return known->second;
    chip_mapping best;
    auto best_score = std::numeric_limits<double>::infinity();
    std::string reasons;
    for (std::size_t i = 0; i < any; ++i) {
        try {
            auto m = map_on(i, work);
            const auto value = score(m, work);
            if (best.nest && value >= best_score) continue;
            best = std::move(m);
            best_score = value;
        } catch (const input_error& e) { // what does not fit one may fit another
            reasons += (reasons.empty() ? "" : "; ") + std::string(e.what());
        }
    }
    if (!best.nest)
        throw input_error("'" + g.name + "' (" + std::to_string(g.m) + "," + std::to_string(g.n) + "," +
                          std::to_string(g.k) + ") on " + machine_.name + ": " + reasons);
    return known_.emplace(key_of(any, g), std::move(best)).first->second;
}

namespace {
/// Rows of inputs that arrays side by side share pass one array one after another instead.
void take_turns(loop_nest& nest, const std::vector<nest_slot>& shape) {
    std::int64_t rows = 1;
    for (std::size_t s = 0; s < shape.size(); ++s) {
        if (shape[s].role != slot_role::spatial) continue;
        auto& loops = nest.slots[s];
        rows *= nest.factor(s, dim::M);
        loops.erase(std::remove_if(loops.begin(), loops.end(), [](const loop& l) { return l.d == dim::M; }),
                    loops.end());
    }
    nest.add(0, dim::M, rows);
}
} // namespace

void chip_mapper::add_by_rules(std::vector<chip_mapping>& to, std::size_t group, const extents& block,
                               const gemm& g) const {
    const auto& unit = costs_.groups()[group].unit_machine;
    const auto shape = nest_slots(unit, g.bits);
    const block_grid grid{block};
    const auto part = block_product(g, block, grid.splits_k(g));
    try {
        auto nest = block_nest_by_rules(mapping_machine(costs_.cost(group)), part);
        take_turns(nest, shape);
        if (why_impossible(nest, part, unit, shape).empty()) to.push_back(make(group, {grid, nest}, g));
    } catch (const input_error&) {
        // All rows at once do not fit a unit.
    }
}

const std::vector<chip_mapping>& chip_mapper::map_resident(std::size_t group, const blocked_work& work) {
    const auto& g = work.product;
    const auto [at, fresh] = known_resident_.try_emplace(key_of(group, g));
    auto& all = at->second;
    if (!fresh) return all;
    auto stays = work;
    stays.resident = true;
    try {
        all.push_back(map_on(group, stays));
        add_by_rules(all, group, {g.m, all[0].grid.block[index(dim::N)], all[0].grid.block[index(dim::K)]}, g);
        add_by_rules(all, group, map_blocks_by_rules(costs_.cost(group), stays).grid.block, g);
    } catch (const input_error&) {
        // The rules find nothing; others may.
    }
    const auto& unit = costs_.groups()[group].unit_machine;
    const auto geometry = unit.matrix_engine()->geometry();
    const auto columns = std::max<std::int64_t>(1, geometry.columns_parallel * geometry.columns_held /
                                                       unit.matrix_engine()->weight_slices(g.bits.b));
    const auto rows = geometry.rows_parallel * geometry.rows_held;
    const auto along_k = divide_up(g.k, rows);
    const auto of_block = divide_up(along_k, divide_up(along_k, unit.cim->count));
    add_by_rules(all, group, {g.m, std::min(columns, g.n), std::min(rows * of_block, g.k)}, g);
    return all;
}

} // namespace cimtlm

#include <platforms/builder/chip_plan.h>

#include <platforms/builder/plan.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/tile.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace cimtlm {

chip_costs::chip_costs(const machine& m)
    : groups_(unit_groups(m)) {
    for (const auto& g : groups_) costs_.push_back(std::make_unique<group_cost>(m, g));
}

namespace {

struct mapped {
    std::size_t group;
    block_grid grid;
    std::shared_ptr<const flat_nest> nest;
    std::string text;
    double score;
};

using key = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, int, int, int, bool>;
key key_of(const gemm& g) { return {g.m, g.n, g.k, g.batch, g.bits.a, g.bits.b, g.bits.z, g.b_is_activation}; }

double score_of(const cost_model::figures& f, mapper_objective o) {
    return o == mapper_objective::energy  ? f.energy_pj
           : o == mapper_objective::delay ? f.time_ps
                                          : f.energy_pj * f.time_ps;
}

/// Weights of this product are written into arrays that keep them without power: only programming changes them.
bool programs(const unit_group& g) { return g.unit_machine.cim && !g.unit_machine.matrix_engine()->volatile_weights(); }

class chip_planner {
public:
    chip_planner(const work_list& work, const cost_model& cost, const plan_options& options)
        : work_(work)
        , machine_(cost.target())
        , options_(options)
        , places_(work) {
        plan_.chip = std::make_shared<chip_costs>(machine_);
        const auto objective = machine_.mapper.objective;
        for (std::size_t i = 0; i < groups().size(); ++i) {
            mappers_.push_back(std::make_unique<block_mapper>(plan_.chip->cost(i), objective));
            used_.emplace_back(static_cast<std::size_t>(groups()[i].units), 0);
        }
    }

    plan make() {
        for (const auto& item : work_) {
            if (const auto* g = std::get_if<gemm>(&item))
                add(*g);
            else
                add(std::get<vector_work>(item));
        }
        if (options_.steady)
            for (std::size_t group = 0; group < groups().size(); ++group) keep_weights(group);
        plan_.partial_address = places_.end_address();
        check_room();
        for (auto& task : plan_.tasks) finish(task);
        return std::move(plan_);
    }

private:
    const std::vector<unit_group>& groups() const { return plan_.chip->groups(); }

    std::string text_of(std::size_t group, const block_grid& grid, const gemm& g, const loop_nest& nest,
                        const std::vector<nest_slot>& shape) const {
        const auto text = to_text(grid, g) + " / " + to_text(nest, shape);
        return groups().size() > 1 ? groups()[group].engine + ": " + text : text;
    }

    mapped map_on(std::size_t group, const blocked_work& work) {
        const auto& cost = plan_.chip->cost(group);
        const auto found = machine_.mapper.kind == mapper_kind::rules ? map_blocks_by_rules(cost, work)
                                                                      : mappers_[group]->search(work);
        const auto& unit = groups()[group].unit_machine;
        const auto shape = nest_slots(unit, work.product.bits);
        mapped m{group, found.grid, std::make_shared<flat_nest>(found.nest, unit, shape),
                 text_of(group, found.grid, work.product, found.nest, shape), 0};
        m.score = score_of(cost.evaluate(m.grid, *m.nest, work), machine_.mapper.objective);
        return m;
    }

    /// The best of all groups; what does not fit one may fit another.
    const mapped& map(const blocked_work& work) {
        const auto& g = work.product;
        const auto known = known_.find(key_of(g));
        if (known != known_.end()) return known->second;
        std::optional<mapped> best;
        std::string reasons;
        for (std::size_t i = 0; i < groups().size(); ++i) {
            try {
                const auto m = map_on(i, work);
                if (!best || m.score < best->score) best = m;
            } catch (const input_error& e) {
                reasons += (reasons.empty() ? "" : "; ") + std::string(e.what());
            }
        }
        if (!best)
            throw input_error("'" + g.name + "' (" + std::to_string(g.m) + "," + std::to_string(g.n) + "," +
                              std::to_string(g.k) + ") on " + machine_.name + ": " + reasons);
        return known_.emplace(key_of(g), *best).first->second;
    }

    void add(const gemm& g) {
        planned_task task;
        auto& chip = task.chip.emplace();
        chip.work.product = g;
        chip.work.product.bits.partial = machine_.dispatcher->partial_sum_bits;
        task.work = chip.work.product;
        const auto& m = map(chip.work);
        chip.group = m.group;
        chip.grid = m.grid;
        task.nest = m.nest;
        task.mapping = m.text;
        chip.place = places_.place(g);
        product_ = plan_.tasks.size();
        rows_in_place_ = m.grid.block[index(dim::N)] >= g.n && !m.grid.splits_k(g);
        plan_.tasks.push_back(std::move(task));
    }

    void add(const vector_work& v) {
        planned_task task;
        auto& chip = task.chip.emplace();
        // What works on results in place joins the product, as long as everything between does.
        const bool joins = machine_.vector_unit.fused && v.in_place && product_ && (!v.whole_rows || rows_in_place_);
        if (joins) {
            chip.fused = true;
            auto& work = plan_.tasks[*product_].chip->work;
            const auto results = static_cast<double>(v.elements);
            work.epilogue_operations += static_cast<double>(v.operations) / results;
            work.epilogue_read_bytes += static_cast<double>(v.second_read_bytes) / results;
        } else {
            product_.reset();
            chip.spread = places_.place(v);
            chip.spread.work.fusible = false; // a launch of its own moves its operands
        }
        task.work = joins ? v : chip.spread.work;
        plan_.tasks.push_back(std::move(task));
    }

    /// Arrays of a unit that hold the weights of one block.
    static std::int64_t arrays_of(const planned_task& task) {
        const auto& nest = *task.nest;
        std::int64_t sets = 1;
        for (auto d : {dim::N, dim::K})
            sets *=
                nest.tuples(d, 0, std::min(task.chip->grid.block[index(d)], extents_of(task.product())[index(d)]),
                            [&](std::size_t i) { return nest.shape[nest.loops[i].slot].role == slot_role::memory; });
        return sets * banks_used(nest);
    }

    static std::int64_t dispatched(const planned_task& task) {
        return task.chip->grid.blocks(task.product()) * task.product().batch;
    }

    static std::int64_t arrays_in_all(const planned_task& task) {
        return arrays_of(task) * dispatched(task) * task.product().repeat;
    }

    /// Weights stay in arrays of their own, in the order of the work, as long as the arrays that are left in every unit
    /// are as many as the widest of the other products works on there.
    void keep_weights(std::size_t group) {
        const auto& unit = groups()[group].unit_machine;
        if (!unit.cim) return;
        const auto in_cache = machine_.memories[groups()[group].first_shared].cache;
        if (in_cache && in_cache->compute_on_demand) return; // the ways cache in between
        std::vector<planned_task*> stay;
        std::int64_t widest = 0; // of activations
        for (auto& task : plan_.tasks) {
            if (!task.is_product() || task.chip->group != group) continue;
            if (task.product().b_is_activation)
                widest = std::max(widest, banks_used(*task.nest));
            else
                stay.push_back(&task);
        }
        const auto total = unit.cim->count * groups()[group].units;
        const auto wanted = [&] {
            auto arrays = widest * groups()[group].units;
            for (const auto* task : stay) arrays += arrays_in_all(*task);
            return arrays;
        };
        if (wanted() > total)
            for (auto* task : stay) give_up_copies(*task);
        const auto missing = std::max<std::int64_t>(0, wanted() - total);
        plan_.missing_arrays += missing;
        std::int64_t over = missing; // in the fullest unit, where all together would fit
        for (auto* task : stay) {
            // Products that reload their weights need room in every unit: that of the widest that may come.
            auto reserve = widest;
            if (missing > 0)
                for (const auto* other : stay)
                    if (other != task && !other->resident) reserve = std::max(reserve, banks_used(*other->nest));
            over = std::max(over, keep(*task, group, unit.cim->count - reserve));
        }
        const bool all = std::all_of(stay.begin(), stay.end(), [](const auto* task) { return task->resident; });
        if (programs(groups()[group]) && !all)
            throw does_not_fit_error("the weights do not fit on " + machine_.name +
                                     ": with room for activations they take " + std::to_string(wanted()) +
                                     " arrays of '" + unit.matrix_engine()->name() + "', there are " +
                                     std::to_string(total) + " in " + std::to_string(groups()[group].units) +
                                     " units: " + std::to_string(over) + " missing");
    }

    /// Keeps the weights if no unit then holds more than `room` arrays; returns how many the fullest unit lacks.
    std::int64_t keep(planned_task& task, std::size_t group, std::int64_t room) {
        auto& used = used_[group];
        const auto units = static_cast<std::int64_t>(used.size());
        const auto blocks = dispatched(task), whole = blocks / units, rest = blocks % units;
        // Every execution (repeat) has weights of its own in the same units.
        const auto arrays = arrays_of(task) * task.product().repeat;
        const auto least = std::min_element(used.begin(), used.end()) - used.begin();
        auto after = used;
        for (std::int64_t i = 0; i < units; ++i)
            after[static_cast<std::size_t>((least + i) % units)] += arrays * (whole + (i < rest ? 1 : 0));
        const auto lacks = *std::max_element(after.begin(), after.end()) - room;
        if (lacks > 0) return lacks;
        used = std::move(after);
        task.resident = task.chip->work.resident = true;
        task.chip->first_unit = least;
        const auto& g = task.product();
        plan_.resident_bytes += bytes_of(g.n * g.k, g.bits.b) * g.count();
        return 0;
    }

    /// Where arrays are short: one copy of the weights that stays, if that is better than several that are reloaded.
    void give_up_copies(planned_task& task) {
        auto& chip = *task.chip;
        const auto& cost = plan_.chip->cost(chip.group);
        const auto& g = chip.work.product;
        auto once = task;
        auto& grid = once.chip->grid;
        grid.block[index(dim::M)] = g.m;
        const auto block = block_product(g, grid.block, grid.splits_k(g));
        const auto& unit = groups()[chip.group].unit_machine;
        const auto shape = nest_slots(unit, g.bits);
        try {
            auto nest = block_nest_by_rules(mapping_machine(cost), block);
            take_turns(nest, shape);
            if (!why_impossible(nest, block, unit, shape).empty()) return;
            once.nest = std::make_shared<flat_nest>(nest, unit, shape);
            once.mapping = text_of(chip.group, grid, g, nest, shape);
        } catch (const input_error&) {
            return; // all rows at once do not fit a unit
        }
        if (arrays_in_all(once) >= arrays_in_all(task)) return;
        const auto score = [&](const planned_task& t, bool resident) {
            auto work = t.chip->work;
            work.resident = resident;
            add_outer_bytes(work, resident, t.chip->place.b_is_fresh, caching_bytes(t));
            return score_of(cost.evaluate(t.chip->grid, *t.nest, work), machine_.mapper.objective);
        };
        if (score(once, true) < score(task, false)) task = std::move(once);
    }

    /// Rows of inputs that arrays side by side share pass one array one after another instead.
    static void take_turns(loop_nest& nest, const std::vector<nest_slot>& shape) {
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

    /// Partial sums of split K lie behind all that has a place.
    void check_room() const {
        std::uint64_t partial = 0;
        for (const auto& task : plan_.tasks) {
            if (!task.is_product() || !task.chip->grid.splits_k(task.product())) continue;
            const auto& g = task.chip->work.product;
            const auto sums = g.m * g.n * g.batch * task.chip->grid.along(dim::K, g);
            partial = std::max(partial, static_cast<std::uint64_t>(bytes_of(sums, g.bits.partial)));
        }
        const auto& memory = machine_.memories.front();
        const auto room = static_cast<std::uint64_t>(memory.capacity_bytes), need = plan_.partial_address + partial;
        if (room > 0 && need > room)
            throw input_error(machine_.name + ": level '" + memory.name + "' holds " + std::to_string(room) +
                              " B, operands and results need " + std::to_string(need) +
                              " B: " + std::to_string(need - room) + " B missing");
    }

    /// Of the innermost shared memory, for data; 0 where it is not a cache.
    std::int64_t caching_bytes(const planned_task& task) const {
        const auto& level = machine_.memories[plan_.chip->cost(task.chip->group).group().first_shared];
        if (!level.cache) return 0;
        const auto& c = *level.cache;
        return level.capacity_bytes / c.ways * (c.ways - (c.compute_on_demand ? 0 : c.compute_ways));
    }

    /// What must come from outside: operands that nobody touched before, and what does not fit the cache.
    static void add_outer_bytes(blocked_work& w, bool resident, bool b_is_fresh, std::int64_t caching) {
        const auto& g = w.product;
        const auto beyond = [&](std::int64_t bytes) { return std::max<std::int64_t>(0, bytes - caching); };
        const auto b = bytes_of(g.k * g.n, g.bits.b) * g.batch;
        w.outer_read_bytes = beyond(placement::a_bytes(g)) + (resident ? 0 : b_is_fresh ? b : beyond(b));
        w.outer_write_bytes = beyond(bytes_of(g.m * g.n, g.bits.z) * g.batch);
    }

    void finish(planned_task& task) {
        auto& chip = *task.chip;
        const auto& cost = plan_.chip->cost(chip.group);
        if (!task.is_product()) {
            if (!chip.fused) task.bound = cost.bound(task.vector());
            return;
        }
        auto& w = chip.work;
        add_outer_bytes(w, task.resident, chip.place.b_is_fresh, caching_bytes(task));
        chip.counts = cost.count(chip.grid, *task.nest, w);
        task.counts = chip.counts.sum;
        task.bound = cost.bound(chip.grid, *task.nest, w, chip.counts);
    }

    const work_list& work_;
    const machine& machine_;
    const plan_options& options_;
    placement places_;
    plan plan_;
    std::vector<std::unique_ptr<block_mapper>> mappers_;
    std::map<key, mapped> known_;
    std::vector<std::vector<std::int64_t>> used_; // arrays, by group and unit
    std::optional<std::size_t> product_;          // that the next vector work may join
    bool rows_in_place_ = false;
};

} // namespace

plan make_chip_plan(const work_list& work, const cost_model& cost, const plan_options& options) {
    const auto& m = cost.target();
    if (options.counting == convention::published)
        throw input_error(m.name + " has a dispatcher: the published convention knows one unit only");
    if (!options.mapping_file.empty())
        throw input_error(m.name + " has a dispatcher: nests by hand are for machines of one unit");
    return chip_planner(work, cost, options).make();
}

} // namespace cimtlm

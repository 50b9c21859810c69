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
        plan_.partial_address = places_.partial_address();
        if (options_.steady) keep_weights();
        for (auto& task : plan_.tasks) finish(task);
        return std::move(plan_);
    }

private:
    const std::vector<unit_group>& groups() const { return plan_.chip->groups(); }

    mapped map_on(std::size_t group, const blocked_work& work) {
        const auto& cost = plan_.chip->cost(group);
        const auto found =
            machine_.mapper.kind == mapper_kind::rules ? map_blocks_by_rules(cost, work) : mappers_[group]->search(work);
        const auto& unit = groups()[group].unit_machine;
        const auto shape = nest_slots(unit, work.product.bits);
        mapped m{group, found.grid, std::make_shared<flat_nest>(found.nest, unit, shape),
                 to_text(found.grid, work.product) + " / " + to_text(found.nest, shape), 0};
        if (groups().size() > 1) m.text = groups()[group].engine + ": " + m.text;
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
        task.work = v;
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
        }
        plan_.tasks.push_back(std::move(task));
    }

    /// Arrays of a unit that hold the weights of one block.
    static std::int64_t arrays_of(const planned_task& task) {
        const auto& chip = *task.chip;
        const auto& nest = *task.nest;
        std::int64_t sets = 1;
        for (auto d : {dim::N, dim::K})
            sets *=
                nest.tuples(d, 0, std::min(chip.grid.block[index(d)], extents_of(task.product())[index(d)]),
                            [&](std::size_t i) { return nest.shape[nest.loops[i].slot].role == slot_role::memory; });
        return sets * banks_used(nest);
    }

    /// Weights stay in arrays of their own, in the order of the work, as long as the arrays that are left in every unit
    /// are as many as the widest of the other products works on there.
    void keep_weights() {
        for (std::size_t group = 0; group < groups().size(); ++group) {
            const auto& unit = groups()[group].unit_machine;
            if (!unit.cim || unit.memories.empty()) continue;
            const auto in_cache = machine_.memories[groups()[group].first_shared].cache;
            if (in_cache && in_cache->compute_on_demand) continue; // the ways cache in between
            std::vector<planned_task*> stay;
            std::int64_t widest = 0, wanted = 0;
            for (auto& task : plan_.tasks) {
                if (!task.is_product() || task.chip->group != group) continue;
                if (task.product().b_is_activation) {
                    widest = std::max(widest, banks_used(*task.nest));
                } else {
                    stay.push_back(&task);
                    wanted += arrays_of(task) * dispatched(task) * task.product().repeat;
                }
            }
            const auto count = unit.cim->count;
            const auto total = count * groups()[group].units;
            plan_.missing_arrays += std::max<std::int64_t>(0, wanted + widest * groups()[group].units - total);
            if (programs(groups()[group]) && plan_.missing_arrays > 0)
                throw input_error("the weights do not fit on " + machine_.name + ": they take " +
                                  std::to_string(wanted) + " arrays of '" + unit.matrix_engine()->name() +
                                  "', there are " + std::to_string(total) + ": " +
                                  std::to_string(plan_.missing_arrays) + " missing");
            // Products that reload their weights need room in every unit: that of the widest that may come.
            const bool all = plan_.missing_arrays == 0;
            std::int64_t reserve = widest;
            if (!all)
                for (const auto* task : stay) reserve = std::max(reserve, banks_used(*task->nest));
            for (auto* task : stay) keep(*task, group, count - reserve);
        }
    }

    static std::int64_t dispatched(const planned_task& task) {
        return task.chip->grid.blocks(task.product()) * task.product().batch;
    }

    void keep(planned_task& task, std::size_t group, std::int64_t room) {
        auto& used = used_[group];
        const auto units = static_cast<std::int64_t>(used.size());
        const auto arrays = arrays_of(task), blocks = dispatched(task);
        // Every execution (repeat) has weights of its own in the same units.
        const auto whole = blocks / units, rest = blocks % units;
        const auto repeat = task.product().repeat;
        const auto least = std::min_element(used.begin(), used.end()) - used.begin();
        auto after = used;
        for (std::int64_t i = 0; i < units; ++i)
            after[static_cast<std::size_t>((least + i) % units)] += arrays * repeat * (whole + (i < rest ? 1 : 0));
        if (*std::max_element(after.begin(), after.end()) > room) return;
        used = std::move(after);
        task.resident = task.chip->work.resident = true;
        task.chip->first_unit = least;
        const auto& g = task.product();
        plan_.resident_bytes += bytes_of(g.n * g.k, g.bits.b) * g.count();
    }

    void finish(planned_task& task) {
        auto& chip = *task.chip;
        const auto& cost = plan_.chip->cost(chip.group);
        const auto caching = [&] {
            const auto& level = machine_.memories[cost.group().first_shared];
            if (!level.cache) return std::int64_t{0};
            const auto& c = *level.cache;
            const auto ways = c.ways - (c.compute_on_demand ? 0 : c.compute_ways);
            return level.capacity_bytes / c.ways * ways;
        }();
        if (!task.is_product()) {
            if (!chip.fused) task.bound = cost.bound(task.vector());
            return;
        }
        const auto& g = task.product();
        auto& w = chip.work;
        // What must come from outside: operands that nobody touched before, and what does not fit the cache.
        const auto beyond = [&](std::int64_t bytes) { return std::max<std::int64_t>(0, bytes - caching); };
        const auto b = bytes_of(g.k * g.n, g.bits.b) * g.batch;
        w.outer_read_bytes = beyond(placement::a_bytes(g)) + (task.resident           ? 0
                                                              : chip.place.b_is_fresh ? b
                                                                                      : beyond(b));
        w.outer_write_bytes = beyond(bytes_of(g.m * g.n, g.bits.z) * g.batch);
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

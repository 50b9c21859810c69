#include <platforms/builder/chip_plan.h>

#include <platforms/builder/chip_residency.h>
#include <platforms/builder/plan.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/tile.h>

#include <algorithm>
#include <optional>

namespace cimtlm {

namespace {

class chip_planner {
public:
    chip_planner(const work_list& work, const cost_model& cost, const plan_options& options)
        : work_(work)
        , machine_(cost.target())
        , options_(options)
        , places_(work) {
        plan_.chip = std::make_shared<chip_costs>(machine_);
        mapper_.emplace(machine_, *plan_.chip);
    }

    plan make() {
        for (const auto& item : work_) {
            if (const auto* g = std::get_if<gemm>(&item))
                add(*g);
            else
                add(std::get<vector_work>(item));
        }
        if (options_.steady) keep_weights();
        plan_.partial_address = places_.end_address();
        check_room();
        for (auto& task : plan_.tasks) finish(task);
        return std::move(plan_);
    }

private:
    void add(const gemm& g) {
        planned_task task;
        auto& chip = task.chip.emplace();
        chip.work.product = g;
        chip.work.product.bits.partial = machine_.dispatcher->partial_sum_bits;
        task.work = chip.work.product;
        const auto& m = mapper_->map(chip.work);
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
            auto& product = *plan_.tasks[*product_].chip;
            product.needs_rows = product.needs_rows || v.whole_rows;
            auto& work = product.work;
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

    void keep_weights() {
        weight_keeper keeper(machine_, *mapper_, plan_, [this](const planned_task& task, bool resident) {
            auto work = task.chip->work;
            work.resident = resident;
            add_outer_bytes(work, resident, task.chip->place.b_is_fresh, caching_bytes(task));
            return work;
        });
        for (std::size_t group = 0; group < plan_.chip->groups().size(); ++group) keeper.keep(group);
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
        return machine_.memories[plan_.chip->cost(task.chip->group).group().first_shared].caching_bytes();
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
    std::optional<chip_mapper> mapper_;
    std::optional<std::size_t> product_; // that the next vector work may join
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

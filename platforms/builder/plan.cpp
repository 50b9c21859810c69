#include <platforms/builder/plan.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/search.h>
#include <cimtlm/mapping/tile.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <tuple>

namespace cimtlm {

namespace {

using shape_key =
    std::tuple<std::int64_t, std::int64_t, std::int64_t, int, int, int, int, std::optional<operand_statistics>>;
shape_key key_of(const gemm& g) { return {g.m, g.n, g.k, g.bits.a, g.bits.b, g.bits.z, g.bits.partial, g.statistics}; }

struct mapped {
    std::shared_ptr<const flat_nest> nest;
    std::string text;
};

mapped mapped_product(const gemm& g, const cost_model& cost, const mapping_file* by_hand) {
    const auto& m = cost.target();
    const auto shape = nest_slots(m, g.bits);
    const auto nest = by_hand ? by_hand->find(g, m, shape) : map_product(g, cost, shape);
    return {std::make_shared<flat_nest>(nest, m, shape), to_text(nest, shape)};
}

// Arrays that hold all weights of a product at once, its copies included.
std::int64_t arrays_needed(const planned_task& task) {
    std::int64_t sets = 1;
    for (auto d : {dim::N, dim::K})
        sets *= task.nest->tuples(d, 0, extents_of(task.product())[index(d)], [&](std::size_t i) {
            return task.nest->shape[task.nest->loops[i].slot].role == slot_role::memory;
        });
    return sets * banks_used(*task.nest) * task.count();
}

// Weights stay in arrays of their own, in the order of the work, as long as the arrays that are left are as many as the
// widest of the other products works on. What does not fit is reloaded, into those.
void keep_weights(plan& p, const cost_model& cost) {
    if (!cost.target().cim) return;
    const auto widest_of_others = [&] {
        std::int64_t banks = 0;
        for (const auto& task : p.tasks)
            if (task.is_product() && !task.resident) banks = std::max(banks, banks_used(*task.nest));
        return banks;
    };
    const auto stays = [](const planned_task& task) { return task.is_product() && !task.product().b_is_activation; };
    std::int64_t wanted = 0, others = 0, taken = 0;
    for (const auto& task : p.tasks) {
        if (stays(task))
            wanted += arrays_needed(task);
        else if (task.is_product())
            others = std::max(others, banks_used(*task.nest));
    }
    const auto count = cost.target().cim->count;
    const bool all = wanted + others <= count;
    for (auto& task : p.tasks) {
        if (!stays(task)) continue;
        const auto arrays = arrays_needed(task);
        task.resident = true;
        if (!all && taken + arrays + widest_of_others() > count) {
            task.resident = false;
            continue;
        }
        taken += arrays;
        p.resident_bytes += bytes_of(task.product().n * task.product().k, task.product().bits.b) * task.count();
    }
    p.missing_arrays = all ? 0 : wanted + others - count;
}

// Operands and results of vector work lie in the outermost memory, like those of a product.
void check_room(const vector_work& w, const machine& m) {
    const auto& memory = m.memories.front();
    const auto need = w.read_bytes + w.write_bytes;
    if (memory.capacity_bytes > 0 && need > memory.capacity_bytes)
        throw input_error("'" + w.name + "' on " + m.name + ": level '" + memory.name + "' holds " +
                          std::to_string(memory.capacity_bytes) + " B, operands and results need " +
                          std::to_string(need) + " B: " + std::to_string(need - memory.capacity_bytes) + " B missing");
}

// A run may take several times its bound; the simulator's clock counts 2^63 ps, 106 days.
void check_time(const plan& p, const machine& m) {
    double time_ps = 0;
    for (const auto& task : p.tasks) time_ps += task.bound.time_ps * static_cast<double>(task.count());
    constexpr double most_ps = 5e17;
    if (time_ps <= most_ps) return;
    char seconds[80];
    std::snprintf(seconds, sizeof seconds, "%.3g s of simulated time; allowed are %.3g s", time_ps / 1e12,
                  most_ps / 1e12);
    throw input_error("the work takes on " + m.name + " at least " + seconds);
}

plan make_unit_plan(const work_list& work, const cost_model& cost, const plan_options& options) {
    for (const auto& level : cost.target().memories)
        if (level.kind == memory_kind::cache)
            throw input_error(cost.target().name + ": level '" + level.name +
                              "' is a cache: only machines with a dispatcher have one");
    plan p;
    std::optional<mapping_file> by_hand;
    if (!options.mapping_file.empty()) by_hand.emplace(options.mapping_file);
    std::map<shape_key, mapped> known;
    for (const auto& item : work) {
        planned_task task;
        task.work = item;
        if (!task.is_product()) {
            if (options.counting == convention::published) {
                ++p.skipped_vector_work;
                continue;
            }
            if (cost.moves(task.vector())) check_room(task.vector(), cost.target());
            task.bound = cost.bound(task.vector());
            p.tasks.push_back(std::move(task));
            continue;
        }
        const auto& g = task.product();
        auto found = known.find(key_of(g));
        if (found == known.end()) {
            try {
                found = known.emplace(key_of(g), mapped_product(g, cost, by_hand ? &*by_hand : nullptr)).first;
            } catch (const input_error& e) {
                throw input_error("'" + g.name + "' (" + std::to_string(g.m) + "," + std::to_string(g.n) + "," +
                                  std::to_string(g.k) + ") on " + cost.target().name + ": " + e.what());
            }
        }
        task.nest = found->second.nest;
        task.mapping = found->second.text;
        p.tasks.push_back(std::move(task));
    }
    if (options.steady) keep_weights(p, cost);
    for (auto& task : p.tasks) {
        if (!task.is_product()) continue;
        task.counts = count_accesses(*task.nest, task.product(), cost.target(), task.resident);
        task.bound = cost.bound(*task.nest, task.product(), task.counts);
    }
    return p;
}

} // namespace

plan make_plan(const work_list& work, const cost_model& cost, const plan_options& options) {
    auto p = cost.target().dispatcher ? make_chip_plan(work, cost, options) : make_unit_plan(work, cost, options);
    check_time(p, cost.target());
    return p;
}

} // namespace cimtlm

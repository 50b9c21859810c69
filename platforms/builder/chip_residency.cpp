#include <platforms/builder/chip_residency.h>

#include <platforms/builder/plan.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/tile.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <set>

namespace cimtlm {

std::int64_t weight_keeper::arrays_of(const flat_nest& nest, const extents& block) {
    const auto role = [&](std::size_t i) { return nest.shape[nest.loops[i].slot].role; };
    std::int64_t arrays =
        nest.tuples(dim::M, 0, block[index(dim::M)], [&](std::size_t i) { return role(i) == slot_role::spatial; });
    for (auto d : {dim::N, dim::K})
        arrays *= nest.tuples(d, 0, block[index(d)], [&](std::size_t i) {
            return role(i) == slot_role::spatial || role(i) == slot_role::memory;
        });
    return arrays;
}

/// Arrays that each unit needs, the first block in the first one. Blocks of other rows that come to the same unit share
/// its weights; every execution has weights of its own.
std::vector<std::int64_t> weight_keeper::loads(const chip_mapping& mapping, const gemm& g) const {
    std::vector<std::int64_t> arrays(used_.size(), 0);
    const auto each = mapping.grid.blocks(g);
    const auto weights = mapping.grid.along(dim::N, g) * mapping.grid.along(dim::K, g);
    std::set<std::pair<std::size_t, std::int64_t>> there;
    for (std::int64_t b = 0; b < each * g.batch; ++b) {
        const auto unit = static_cast<std::size_t>(b) % arrays.size();
        if (!there.insert({unit, b / each * weights + b % each % weights}).second) continue;
        arrays[unit] += arrays_of(*mapping.nest, mapping.grid.region(g, b % each).extent) * g.repeat;
    }
    return arrays;
}

bool weight_keeper::place(planned_task& task, std::int64_t room, bool shortage) {
    const auto& g = task.product();
    const auto units = used_.size();
    const auto first = static_cast<std::size_t>(std::min_element(used_.begin(), used_.end()) - used_.begin());
    const chip_mapping reloads{task.chip->group, task.chip->grid, task.nest, task.mapping};
    const auto resident = complete_(task, true);
    // Programmed weights are never reloaded, at whatever cost.
    const auto enough = machine_.matrix_engine()->volatile_weights() ? mapper_.score(reloads, complete_(task, false))
                                                                     : std::numeric_limits<double>::infinity();
    std::optional<std::pair<double, double>> best;
    const chip_mapping* choice = nullptr;
    std::vector<std::int64_t> after;
    const auto consider = [&](const chip_mapping& m) {
        if (task.chip->needs_rows && (m.grid.block[index(dim::N)] < g.n || m.grid.splits_k(g))) return;
        auto arrays = loads(m, g);
        const auto sum = static_cast<double>(std::accumulate(arrays.begin(), arrays.end(), std::int64_t{0}));
        std::rotate(arrays.begin(), arrays.begin() + static_cast<long>((units - first) % units), arrays.end());
        for (std::size_t u = 0; u < units; ++u) arrays[u] += used_[u];
        const auto lacks = *std::max_element(arrays.begin(), arrays.end()) - room;
        lacks_ = std::min(lacks_, lacks);
        if (lacks > 0) return;
        const auto score = mapper_.score(m, resident);
        const auto rank = std::pair(shortage ? sum : 0, score);
        if (score >= enough || (best && rank >= *best)) return;
        best = rank;
        choice = &m;
        after = std::move(arrays);
    };
    consider(reloads);
    for (const auto& m : mapper_.map_resident(task.chip->group, task.chip->work)) consider(m);
    if (!choice) return false;
    used_ = std::move(after);
    task.chip->grid = choice->grid;
    task.mapping = choice->text;
    task.nest = choice->nest;
    task.resident = task.chip->work.resident = true;
    task.chip->first_unit = static_cast<std::int64_t>(first);
    plan_.resident_bytes += bytes_of(g.n * g.k, g.bits.b) * g.count();
    return true;
}

void weight_keeper::keep(std::size_t group) {
    const auto& units = plan_.chip->groups()[group];
    const auto& unit = units.unit_machine;
    if (!unit.cim) return;
    const auto& shared = machine_.memories[units.first_shared];
    if (shared.cache && shared.cache->compute_on_demand) return; // the ways cache in between
    std::vector<planned_task*> stay;
    std::int64_t widest = 0; // of activations
    for (auto& task : plan_.tasks) {
        if (!task.is_product() || task.chip->group != group) continue;
        if (task.product().b_is_activation)
            widest = std::max(widest, banks_used(*task.nest));
        else
            stay.push_back(&task);
    }
    used_.assign(static_cast<std::size_t>(units.units), 0);
    // As mapped, and with the least that any mapping takes.
    const auto total = unit.cim->count * units.units;
    std::int64_t wanted = widest * units.units, least = wanted;
    for (const auto* task : stay) {
        const auto sum = [&](const chip_mapping& m) {
            const auto arrays = loads(m, task->product());
            return std::accumulate(arrays.begin(), arrays.end(), std::int64_t{0});
        };
        const auto own = sum({group, task->chip->grid, task->nest, ""});
        auto fewest = own;
        for (const auto& m : mapper_.map_resident(group, task->chip->work)) fewest = std::min(fewest, sum(m));
        wanted += own;
        least += fewest;
    }
    const auto missing = std::max<std::int64_t>(0, least - total);
    plan_.missing_arrays += missing;
    const auto as_mapped = plan_.tasks;
    const auto bytes_before = plan_.resident_bytes;
    std::set<const planned_task*> reload;
    for (std::int64_t reserve = widest;;) {
        const auto known = reload.size();
        for (auto* task : stay) {
            if (reload.count(task)) continue;
            lacks_ = std::numeric_limits<std::int64_t>::max();
            if (place(*task, unit.cim->count - reserve, wanted > total)) continue;
            reload.insert(task);
            if (unit.matrix_engine()->volatile_weights()) continue;
            throw does_not_fit_error("the weights do not fit on " + machine_.name +
                                     ": with room for activations they take " + std::to_string(least) + " arrays of '" +
                                     unit.matrix_engine()->name() + "', there are " + std::to_string(total) + " in " +
                                     std::to_string(units.units) +
                                     " units: " + std::to_string(missing > 0 ? missing : lacks_) + " missing" +
                                     (missing > 0 ? "" : " in one unit for '" + task->name() + "'"));
        }
        if (reload.size() == known) return;
        // Anew, with room for those that are reloaded.
        for (const auto* task : reload) reserve = std::max(reserve, banks_used(*task->nest));
        plan_.tasks = as_mapped;
        plan_.resident_bytes = bytes_before;
        std::fill(used_.begin(), used_.end(), 0);
    }
}

} // namespace cimtlm

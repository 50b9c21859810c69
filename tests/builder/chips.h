#pragma once
/// Chips of few units for the tests of whole machines, and what a run on them must keep.
#include "run_in_child.h"

#include "chip_machines.h"

#include <cmath>

namespace cimtlm {

/// A chip whose shared parts shrink with its units, so that a test's data fills them.
inline machine few_units(machine m, std::int64_t l2_bytes = 1 << 20) {
    auto& l2 = m.memories[1];
    l2.capacity_bytes = l2_bytes;
    l2.cache->slices = 4;
    l2.read_bytes_per_cycle = l2.write_bytes_per_cycle = 256;
    l2.cache->region_bytes = 1024;
    m.memories[0].dram->channels->count = 4;
    m.memories[0].read_bytes_per_cycle = m.memories[0].write_bytes_per_cycle = 72;
    m.static_power_mw = 66500;
    m.host.command_energy_pj = 11;
    return m;
}

inline machine small_tensor_core(std::int64_t units = 4) { return few_units(chip::tensor_core(units)); }
inline machine small_cim(const std::string& level, std::int64_t arrays = 6, std::int64_t units = 4,
                         const std::string& macro = "digital_6t") {
    return few_units(chip::cim(level, arrays, units, macro));
}
/// Tensor cores, and arrays in a half of the cache.
inline machine small_hybrid(bool on_demand = false) {
    auto m = small_tensor_core();
    m.cim = chip::cim("l2", 6).cim;
    m.memories[1].cache->compute_ways = 8;
    m.memories[1].cache->compute_on_demand = on_demand;
    m.validate("hybrid");
    return m;
}

inline std::vector<machine> small_chips() {
    std::vector<machine> all{small_tensor_core(), small_cim("rf"), small_cim("smem", 4, 3), small_cim("l2"),
                             small_hybrid()};
    const char* names[] = {"tensor cores", "cim in rf", "cim in smem", "cim in l2", "hybrid"};
    for (std::size_t i = 0; i < all.size(); ++i) all[i].name = names[i];
    return all;
}

/// Sums over the tasks of a plan, all executions.
struct planned_sums {
    std::int64_t macs = 0, tiles = 0, steps = 0, weight_bytes = 0, blocks = 0, reduced_bytes = 0;
    std::int64_t outer_read = 0, outer_update = 0;
    double vector_operations = 0;
};

inline planned_sums sums_of(const plan& p) {
    planned_sums s;
    for (const auto& task : p.tasks) {
        const auto n = task.count();
        if (!task.is_product()) {
            s.vector_operations += task.chip->fused ? 0 : static_cast<double>(task.vector().operations * n);
            continue;
        }
        const auto& c = task.chip->counts;
        s.macs += task.product().macs();
        s.tiles += c.sum.tiles * n;
        s.steps += c.sum.steps * n;
        s.weight_bytes += c.sum.weight_write_bytes * n;
        s.blocks += c.blocks * n;
        const auto& work = task.chip->work;
        const auto results = static_cast<double>(task.product().m * task.product().n * task.product().batch);
        const auto split = task.chip->grid.splits_k(task.product());
        s.reduced_bytes += (c.reduction_read_bytes + c.reduction_write_bytes +
                            (split ? std::llround(work.epilogue_read_bytes * results) : 0)) *
                           n;
        s.outer_read += c.sum.memories[0][1].read * n;
        s.outer_update += c.sum.memories[0][2].update * n;
        s.vector_operations +=
            (c.epilogue_operations + static_cast<double>(c.reduction_additions)) * static_cast<double>(n);
    }
    return s;
}

/// What every run on a machine with a dispatcher keeps; returns the run at `tile`.
inline child_results check_chip_run(const machine& m, const work_list& work, const plan_options& options = {}) {
    const auto tile = run_in_child(m, work, options), bound = run_in_child(m, work, options, fidelity::bound);
    const auto& t = tile.figures;
    const auto& b = bound.figures;
    EXPECT_STREQ(b.fault, "");
    EXPECT_STREQ(t.fault, "");
    if (*t.fault || *b.fault) return tile;
    const cost_model cost(m, convention::like_for_like);
    const auto p = make_plan(work, cost, options);
    const auto planned = sums_of(p);
    const auto engines = [&](const char* name) {
        double sum = 0;
        for (const char* engine : {"tensor_core.", "cim."}) {
            const auto at = tile.details.find(std::string(engine) + name);
            if (at != tile.details.end()) sum += at->second;
        }
        return sum;
    };
    // Time: never below the bound, and the difference explained to the picosecond.
    EXPECT_GE(t.time_ps, b.time_ps);
    EXPECT_EQ(t.bound_ps, b.time_ps);
    EXPECT_EQ(t.stall_sum(), t.time_ps - t.bound_ps);
    for (auto s : all_stalls) EXPECT_GE(t.stall_of(s), 0) << to_string(s);
    for (std::size_t i = 0; i < tile.layers.size(); ++i)
        EXPECT_GE(tile.layers[i].time_ps, tile.layers[i].bound_ps) << p.tasks[i].name();
    // Work.
    EXPECT_EQ(t.macs, planned.macs);
    EXPECT_EQ(static_cast<std::int64_t>(engines("macs")), planned.macs) << "of the modules";
    EXPECT_EQ(t.tiles, planned.tiles);
    EXPECT_EQ(static_cast<std::int64_t>(engines("steps")), planned.steps);
    EXPECT_EQ(static_cast<std::int64_t>(engines("weight_bytes_written")), m.cim ? planned.weight_bytes : 0);
    EXPECT_EQ(static_cast<std::int64_t>(tile.details.at("dispatcher.blocks")), planned.blocks);
    EXPECT_EQ(static_cast<std::int64_t>(tile.details.at("dispatcher.reduced_bytes")), planned.reduced_bytes);
    // Bytes: the units' at the cache are what it served less what it exchanged with the memory behind.
    std::int64_t fetched = 0, written = 0;
    for (std::size_t x = 0; x < 4; ++x) {
        const auto& l2 = t.traffic[1][x];
        const auto& outer = t.traffic[0][x];
        EXPECT_EQ(l2.read - outer.update, b.traffic[1][x].read) << "operand " << x;
        EXPECT_EQ(l2.update, b.traffic[1][x].update) << "operand " << x;
        EXPECT_EQ(l2.fill, outer.read) << "operand " << x;
        fetched += outer.read;
        written += outer.update;
        for (std::size_t level = 2; level < m.memories.size(); ++level)
            EXPECT_EQ(t.traffic[level][x], b.traffic[level][x]) << m.memories[level].name << " operand " << x;
    }
    EXPECT_GE(fetched, planned.outer_read);
    EXPECT_GE(written, planned.outer_update);
    // Energy: the same rows but for what passes the cache; rows times units are the total.
    double total = 0;
    for (const auto& [part, energy] : tile.energy_by_part) total += energy;
    EXPECT_NEAR(total, t.energy_pj, 1e-12 * total);
    const auto& l2 = m.memories[1].name;
    std::map<std::string, double> of_cache{{l2 + ".fill", fetched}, {l2 + ".write_back", written}};
    for (const auto& [row, count] : tile.counts) {
        if (row.rfind(m.memories[0].name + ".", 0) == 0 || row == "static.power") continue;
        if (tile.energies.at(row) == 0 && !bound.counts.count(row)) continue; // free: no row in the closed form
        const auto at = bound.counts.find(row);
        const auto expected = of_cache.count(row) ? of_cache[row] : at != bound.counts.end() ? at->second : 0;
        EXPECT_NEAR(count, expected, 1e-9 * std::abs(expected)) << row;
    }
    for (const auto& [row, count] : bound.counts) EXPECT_TRUE(count == 0 || tile.counts.count(row)) << row;
    EXPECT_NEAR(tile.counts.count("vector_unit.operation") ? tile.counts.at("vector_unit.operation") : 0,
                planned.vector_operations, 1e-9 * planned.vector_operations);
    if (m.static_power_mw > 0) {
        EXPECT_NEAR(tile.energy_by_part.at("static"), m.static_power_mw * 1e-3 * static_cast<double>(t.time_ps),
                    1e-9 * total);
    }
    return tile;
}

} // namespace cimtlm

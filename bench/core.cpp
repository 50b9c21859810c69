// Speed of what needs no kernel: calendar, ledger, rules, search, closed form, tiles.
#include <cimtlm/base/calendar.h>
#include <cimtlm/base/ledger.h>
#include <cimtlm/mapping/cost.h>
#include <cimtlm/mapping/map_blocks.h>
#include <cimtlm/mapping/rules.h>
#include <cimtlm/mapping/search.h>
#include <cimtlm/mapping/tile.h>
#include <platforms/config/config.h>

#include <benchmark/benchmark.h>

#include <random>

namespace {

using namespace cimtlm;

gemm product(std::int64_t m, std::int64_t n, std::int64_t k) {
    gemm g;
    g.name = "product";
    g.m = m;
    g.n = n;
    g.k = k;
    return g;
}

const char* const machines[] = {"tensor_core", "rf_digital_6t", "rf_analog_6t", "smem_digital_6t",
                                "smem_digital_6t_iso_area"};

const char* const chips[] = {"a100/tensor_core", "a100/cim_rf", "a100/cim_smem", "a100/cim_l2"};

/// A machine of the study with everything a mapping needs.
struct target {
    machine m;
    gemm g = product(512, 1024, 1024);
    std::vector<nest_slot> shape;
    cost_model cost;
    explicit target(const char* name)
        : m(load_machine(name, {}).value)
        , shape(nest_slots(m, g.bits))
        , cost(m, convention::like_for_like) {}
};

// Initiators at random distances in a window that moves on, as many as a chip has: the calendar stays short because
// what is past is dropped.
void calendar_reserve(benchmark::State& state) {
    std::minstd_rand random(1);
    std::vector<std::int64_t> ahead(4096);
    for (auto& a : ahead) a = static_cast<std::int64_t>(random() % 200000);
    calendar c;
    std::int64_t now = 0;
    std::size_t i = 0;
    for (auto _ : state) {
        now += 1500;
        c.forget_before(now);
        benchmark::DoNotOptimize(c.reserve(now + ahead[i++ % ahead.size()], 1000));
    }
    state.counters["intervals"] = static_cast<double>(c.size());
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(calendar_reserve);

void calendar_in_order(benchmark::State& state) {
    calendar c;
    std::int64_t now = 0;
    for (auto _ : state) {
        c.forget_before(now);
        benchmark::DoNotOptimize(c.reserve(now, 900));
        now += 1000;
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(calendar_in_order);

void ledger_charge(benchmark::State& state) {
    ledger l;
    const auto account = l.open("dram", "read", "byte", 64);
    for (auto _ : state) {
        l.charge(account, 512);
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ledger_charge);

void rules(benchmark::State& state, const char* name) {
    const target t(name);
    for (auto _ : state) benchmark::DoNotOptimize(map_by_rules(t.g, t.m, t.shape));
}

void search(benchmark::State& state, const char* name) {
    const target t(name);
    for (auto _ : state) benchmark::DoNotOptimize(map_by_search(t.g, t.cost, t.shape, t.m.mapper.objective));
}

void bound(benchmark::State& state, const char* name) {
    const target t(name);
    const flat_nest nest(map_by_rules(t.g, t.m, t.shape), t.m, t.shape);
    for (auto _ : state) benchmark::DoNotOptimize(t.cost.bound(nest, t.g, count_accesses(nest, t.g, t.m, false)));
}

void tiles(benchmark::State& state, const char* name) {
    const target t(name);
    const flat_nest nest(map_by_rules(t.g, t.m, t.shape), t.m, t.shape);
    std::int64_t count = 0;
    for (auto _ : state) {
        tile_sequence sequence(nest, t.g, t.m, false);
        while (sequence.next()) {
            benchmark::DoNotOptimize(sequence.current().steps);
            ++count;
        }
    }
    state.SetItemsProcessed(count);
}

/// Products of three layers on the units of a chip.
void search_blocks(benchmark::State& state, const char* name) {
    const auto m = load_machine(name, {}).value;
    const auto groups = unit_groups(m);
    const group_cost cost(m, groups[0]);
    const block_mapper mapper(cost, m.mapper.objective);
    std::int64_t count = 0;
    for (auto _ : state)
        for (const auto& g : {product(3136, 64, 576), product(512, 1024, 4096), product(25088, 1024, 256)}) {
            blocked_work work;
            work.product = g;
            work.product.bits.partial = m.dispatcher->partial_sum_bits;
            benchmark::DoNotOptimize(mapper.search(work));
            ++count;
        }
    state.SetItemsProcessed(count);
}

/// Tiles of the blocks that the rules give a large product.
void block_tiles(benchmark::State& state, const char* name) {
    const auto m = load_machine(name, {}).value;
    const auto groups = unit_groups(m);
    const group_cost cost(m, groups[0]);
    blocked_work work;
    work.product = product(2048, 4096, 4096);
    work.product.bits.partial = m.dispatcher->partial_sum_bits;
    const auto mapping = map_blocks_by_rules(cost, work);
    const auto& unit = groups[0].unit_machine;
    const flat_nest nest(mapping.nest, unit, nest_slots(unit, work.product.bits));
    const auto block = block_product(work.product, mapping.grid.block, mapping.grid.splits_k(work.product));
    std::int64_t count = 0;
    for (auto _ : state) {
        tile_sequence sequence(nest, block, unit, false);
        while (sequence.next()) {
            benchmark::DoNotOptimize(sequence.current().steps);
            ++count;
        }
    }
    state.SetItemsProcessed(count);
}

} // namespace

int main(int argc, char** argv) {
    for (const char* name : machines) {
        const std::string end = std::string("/512x1024x1024/") + name;
        benchmark::RegisterBenchmark(("rules" + end).c_str(), rules, name);
        benchmark::RegisterBenchmark(("search" + end).c_str(), search, name);
        benchmark::RegisterBenchmark(("bound" + end).c_str(), bound, name);
        benchmark::RegisterBenchmark(("tiles" + end).c_str(), tiles, name);
    }
    for (const char* name : chips) {
        benchmark::RegisterBenchmark((std::string("search_blocks/") + name).c_str(), search_blocks, name);
        benchmark::RegisterBenchmark((std::string("tiles/2048x4096x4096/") + name).c_str(), block_tiles, name);
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

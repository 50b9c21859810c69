// Vector work: what joins the product before, what is spread over all units, and what each of them moves.
#include "chips.h"

#include <workloads/lowering.h>
#include <workloads/models.h>

#include <random>

namespace cimtlm {
namespace {

constexpr std::int64_t rows = 96, columns = 80, depth = 64, results = rows * columns;

vector_work element_wise(const char* name, std::int64_t per_result = 1) {
    vector_work v;
    v.name = name;
    v.elements = v.read_bytes = v.write_bytes = results;
    v.operations = per_result * results;
    v.fusible = v.in_place = true;
    return v;
}

vector_work residual() {
    auto v = element_wise("add");
    v.second_read_bytes = results;
    v.read_bytes += results;
    v.fusible = false; // it wants more than the product's results
    return v;
}

vector_work norm() {
    auto v = element_wise("norm", 5);
    v.whole_rows = true;
    v.fusible = false;
    v.second_read_bytes = 2 * columns;
    v.read_bytes += 2 * columns;
    return v;
}

double operations(const work_list& work) {
    double sum = 0;
    for (const auto& item : work)
        if (const auto* v = std::get_if<vector_work>(&item)) sum += static_cast<double>(v->operations * v->repeat);
    return sum;
}

/// All kinds of chips, no partial sums in the way.
std::vector<machine> chips_by_rules() {
    auto all = small_chips();
    for (auto& m : all) m.mapper.kind = mapper_kind::rules;
    return all;
}

TEST(Fusion, ElementWiseWorkMovesOnlyItsOtherOperand) {
    const work_list plain{work_item(product(rows, columns, depth))};
    const work_list chain{plain[0], work_item(residual()), work_item(element_wise("relu"))};
    for (const auto& m : chips_by_rules()) {
        SCOPED_TRACE(m.name);
        const auto without = check_chip_run(m, plain), with = check_chip_run(m, chain);
        const auto l2 = [](const child_results& r, std::size_t x) {
            return r.figures.traffic[1][x].read - r.figures.traffic[0][x].update;
        };
        EXPECT_EQ(l2(with, 2) - l2(without, 2), results) << "the residual";
        EXPECT_EQ(l2(with, 3), 0) << "no launch of its own";
        EXPECT_EQ(with.figures.traffic[1][2].update, without.figures.traffic[1][2].update);
        EXPECT_EQ(with.details.at("host.commands"), without.details.at("host.commands"));
        EXPECT_NEAR(with.counts.at("vector_unit.operation") - (without.counts.count("vector_unit.operation")
                                                                   ? without.counts.at("vector_unit.operation")
                                                                   : 0),
                    2 * results, 1e-6);
        EXPECT_EQ(with.layers[1].time_ps + with.layers[2].time_ps, 0);
    }
}

TEST(Fusion, AResidualIsAnOlderResult) {
    // The third product adds the results of the first, four times its own weights: the cache has them all.
    auto m = small_tensor_core();
    m.mapper.kind = mapper_kind::rules;
    vector_work add;
    add.name = "add";
    add.in_place = true;
    add.elements = add.operations = add.write_bytes = add.second_read_bytes = 512 * 512;
    add.read_bytes = 2 * 512 * 512;
    const work_list work{work_item(product(512, 512, 64)), work_item(product(512, 128, 512)),
                         work_item(product(512, 512, 128)), work_item(add)};
    for (const bool fused : {true, false}) {
        m.vector_unit.fused = fused;
        const auto r = check_chip_run(few_units(m, 2 << 20), work);
        EXPECT_EQ(r.figures.traffic[0][2].read + r.figures.traffic[0][3].read, 0);
        EXPECT_EQ(r.figures.traffic[0][1].read, 512 * 64 + 128 * 512 + 512 * 128);
    }
}

TEST(Fusion, NormalisingWorkJoinsWhereABlockHoldsWholeRows) {
    auto m = small_tensor_core();
    m.mapper.kind = mapper_kind::rules;
    for (const std::int64_t width : {std::int64_t{128}, std::int64_t{256}}) {
        // Blocks of at most 128 columns: four row blocks of 128 for the narrow product, so none is halved.
        m.dispatcher->block_n = 128;
        auto v = norm();
        v.elements = v.write_bytes = 512 * width;
        v.second_read_bytes = 2 * width;
        v.read_bytes = v.elements + v.second_read_bytes;
        v.operations = 5 * v.elements;
        const work_list work{work_item(product(512, width, depth)), work_item(v), work_item(product(512, 64, width))};
        const cost_model cost(m, convention::like_for_like);
        const auto p = make_plan(work, cost, {});
        EXPECT_EQ(p.tasks[1].chip->fused, width == 128);
        const auto r = check_chip_run(m, work);
        EXPECT_NEAR(r.counts.at("vector_unit.operation"), operations(work), 1e-6);
        EXPECT_EQ(r.details.at("host.commands"), width == 128 ? 2 : 3);
        EXPECT_EQ(r.figures.traffic[1][3].update, width == 128 ? 0 : 512 * width);
    }
}

TEST(Fusion, NothingJoinsAcrossWorkThatDoesNot) {
    // Pooling between product and ReLU: the ReLU works on other data, and moves it.
    auto pool = element_wise("pool", 4);
    pool.in_place = pool.fusible = false;
    pool.elements = pool.write_bytes = results / 4;
    auto relu = element_wise("relu");
    relu.in_place = false;
    relu.elements = relu.operations = relu.read_bytes = relu.write_bytes = results / 4;
    const work_list work{work_item(product(rows, columns, depth)), work_item(pool), work_item(relu)};
    for (const auto& m : chips_by_rules()) {
        SCOPED_TRACE(m.name);
        const auto r = check_chip_run(m, work);
        EXPECT_EQ(r.figures.traffic[1][3].read - r.figures.traffic[0][3].update, results + results / 4);
        EXPECT_EQ(r.figures.traffic[1][3].update, results / 4 * 2);
        EXPECT_EQ(r.details.at("host.commands"), 3);
    }
}

TEST(Fusion, WithoutItEveryWorkIsALaunchOfItsOwn) {
    const work_list work{work_item(product(rows, columns, depth)), work_item(residual()),
                         work_item(element_wise("relu")), work_item(norm())};
    for (auto m : chips_by_rules()) {
        SCOPED_TRACE(m.name);
        m.vector_unit.fused = false;
        const auto r = check_chip_run(m, work);
        EXPECT_EQ(r.details.at("host.commands"), 4);
        EXPECT_EQ(r.figures.traffic[1][3].read - r.figures.traffic[0][3].update,
                  2 * results + results + results + 2 * columns);
        EXPECT_EQ(r.figures.traffic[1][3].update, 3 * results);
        for (std::size_t i = 1; i < 4; ++i)
            EXPECT_GE(static_cast<double>(r.layers[i].time_ps), m.host.command_cycles * m.cycle_ps());
        auto fused = m;
        fused.vector_unit.fused = true;
        const auto f = check_chip_run(fused, work);
        EXPECT_LT(f.figures.time_ps + static_cast<std::int64_t>(2 * m.host.command_cycles * m.cycle_ps()),
                  r.figures.time_ps)
            << "two launches less at least";
        const auto done = [](const child_results& of) { return of.counts.at("vector_unit.operation"); };
        EXPECT_NEAR(done(f), done(r), 1e-6) << "the same work";
    }
}

TEST(Fusion, LanesOfAllUnitsWorkSideBySide) {
    // 1000 operations a result: the lanes bind. 128 operations a cycle and unit.
    auto v = element_wise("work", 1000);
    for (std::int64_t units : {1, 2, 8}) {
        auto m = small_tensor_core(units);
        m.vector_unit.fused = false;
        const auto r = check_chip_run(m, {work_item(v)});
        const double cycles = static_cast<double>(r.figures.time_ps) / m.cycle_ps() - m.host.command_cycles;
        const double lanes = 1000.0 * results / 128 / static_cast<double>(units);
        EXPECT_GT(cycles, lanes);
        EXPECT_LT(cycles, 1.05 * lanes + 1500);
    }
}

TEST(Fusion, RandomChainsKeepTheirCounts) {
    const unsigned seed = 5521;
    RecordProperty("seed", static_cast<int>(seed));
    std::mt19937 random(seed);
    const auto pick = [&](std::vector<std::int64_t> values) {
        return values[std::uniform_int_distribution<std::size_t>(0, values.size() - 1)(random)];
    };
    for (int i = 0; i < 60; ++i) {
        auto chips = small_chips();
        auto m = chips[static_cast<std::size_t>(pick({0, 1, 2, 3, 4}))];
        m.mapper.kind = pick({0, 1}) ? mapper_kind::rules : mapper_kind::search;
        m.vector_unit.fused = pick({0, 1, 1}) == 1;
        m.vector_unit.operations_per_cycle = static_cast<double>(pick({1, 16, 128}));
        m.dma.arbitration_bytes = pick({1024, 65536});
        work_list work;
        for (int p = 0; p < 3; ++p) {
            auto g = product(pick({1, 33, 257}), pick({10, 64, 300}), pick({64, 900, 4096}));
            g.batch = pick({1, 1, 3});
            g.repeat = pick({1, 2});
            work.push_back(work_item(g));
            for (auto n = pick({0, 1, 2}); n-- > 0;) {
                vector_work v;
                v.name = "work";
                v.elements = g.m * g.n * g.batch;
                v.repeat = g.repeat;
                v.in_place = true;
                v.whole_rows = pick({0, 0, 1}) == 1;
                v.operations = v.elements * pick({1, 3}) + pick({0, 7});
                v.second_read_bytes = pick({0, v.elements, 2 * g.n, 5 * v.elements / 3});
                v.read_bytes = v.elements + v.second_read_bytes;
                v.write_bytes = v.elements;
                work.push_back(work_item(v));
            }
        }
        SCOPED_TRACE("seed " + std::to_string(seed) + ", case " + std::to_string(i) + ": " + m.name);
        check_chip_run(m, work, {{}, "", pick({0, 1}) == 1});
        if (testing::Test::HasFailure()) break;
    }
}

TEST(Fusion, OperationsOfATraceAreAllDone) {
    const auto m = load_machine("a100/tensor_core").value;
    for (const auto* name : {"resnet50", "bert_large"}) {
        SCOPED_TRACE(name);
        const auto models = named_models();
        const auto at =
            std::find_if(models.begin(), models.end(), [&](const auto& n) { return std::string(name) == n.name; });
        ASSERT_NE(at, models.end());
        const auto work = lower(at->make());
        const auto r = run_in_child(m, work);
        ASSERT_STREQ(r.figures.fault, "");
        const cost_model cost(m, convention::like_for_like);
        double reductions = 0;
        for (const auto& task : make_plan(work, cost, {}).tasks)
            if (task.is_product())
                reductions += static_cast<double>(task.chip->counts.reduction_additions * task.count());
        EXPECT_NEAR(r.counts.at("vector_unit.operation") - reductions, operations(work), 1e-6 * operations(work));
    }
}

} // namespace
} // namespace cimtlm

/// Blocks to units: order, waves, commands, split K with its reduction, resident weights, shares of vector work.
#include "dispatcher_bench.h"
#include "study_machines.h"

#include <numeric>
#include <set>

#include <tests/tlm/contract.h>

namespace {

using namespace dispatcher_bench;
using block_bench::product;

constexpr std::int64_t cycle = 1000;

/// Rows of A that a unit asked for first, in the order of the requests: with blocks of `rows` rows, block / rows.
struct first_request {
    std::int64_t time_ps, block;
    std::size_t unit;
    bool operator<(const first_request& o) const { return std::tie(time_ps, block) < std::tie(o.time_ps, o.block); }
};

std::vector<first_request> first_requests(const bench& b, std::int64_t bytes_of_block) {
    std::vector<first_request> all;
    for (std::size_t u = 0; u < b.units.size(); ++u) {
        std::set<std::int64_t> seen;
        for (const auto& e : b.units[u]->far.log) {
            if (e.operand != operand_a) continue;
            const auto block = static_cast<std::int64_t>(e.address) / bytes_of_block;
            if (seen.insert(block).second) all.push_back({e.time_ps, block, u});
        }
    }
    std::sort(all.begin(), all.end());
    return all;
}

TEST(dispatcher, hands_out_blocks_in_order_and_evenly) {
    bench b("bench", 3);
    b.jobs = {b.job(product(16 * 10, 32, 64), {16, 32, 64})};
    durations(b);
    const auto asked = first_requests(b, 16 * 64);
    ASSERT_EQ(asked.size(), 10u);
    std::vector<int> of_unit(3);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        EXPECT_EQ(asked[i].block, static_cast<std::int64_t>(i));
        ++of_unit[asked[i].unit];
    }
    std::sort(of_unit.begin(), of_unit.end());
    EXPECT_EQ(of_unit, (std::vector<int>{3, 3, 4}));
}

TEST(dispatcher, gives_the_next_block_to_the_unit_that_has_least_to_do) {
    // Blocks by turns 64 and 32 columns wide: dealt in turn, one of two units would get all the wide ones.
    bench b("bench", 2);
    b.jobs = {b.job(product(32 * 9, 96, 256), {32, 64, 256}), b.job(product(32, 64, 256), {32, 64, 256})};
    durations(b);
    std::int64_t busy[2] = {};
    for (std::size_t u = 0; u < 2; ++u) {
        statistics s;
        b.units[u]->block.report(s);
        for (const auto& e : s.entries())
            if (e.name == "block.busy_ps") busy[u] = std::llround(e.value);
    }
    const auto wide = b.results[1].computed_ps;
    EXPECT_EQ(busy[0] + busy[1], 9 * wide * 3 / 2 + wide);
    EXPECT_LE(std::abs(busy[0] - busy[1]), 2 * wide) << "the second product is one wide block";
}

TEST(dispatcher, waves_are_quantised) {
    bench b("bench", 108);
    const std::int64_t counts[] = {108, 109, 216, 217};
    for (auto n : counts) b.jobs.push_back(b.job(product(16 * n, 32, 256), {16, 32, 256}));
    const auto t = durations(b);
    const auto ratio = [&](std::size_t i) { return static_cast<double>(t[i]) / static_cast<double>(t[0]); };
    EXPECT_NEAR(ratio(1), 2, 0.06) << "one block more than units";
    EXPECT_NEAR(static_cast<double>(t[2]) / static_cast<double>(t[1]), 1, 0.02) << "the second wave was idle";
    EXPECT_NEAR(ratio(3), 3, 0.12);
}

TEST(dispatcher, a_block_begins_block_cycles_after_it_was_handed_out) {
    std::vector<std::int64_t> one;
    std::deque<bench> benches;
    for (double cycles : {0.0, 700.0}) {
        auto m = block_bench::tensor_machine(65536, 100e3);
        m.dispatcher.emplace().block_cycles = cycles;
        auto& b = benches.emplace_back(("bench" + std::to_string(int(cycles))).c_str(), 4, m);
        // One block a unit; and three, of which the later ones are handed out while the ones before compute.
        b.jobs = {b.job(product(16 * 4, 32, 256), {16, 32, 256}), b.job(product(16 * 12, 32, 256), {16, 32, 256})};
    }
    sc_core::sc_start();
    for (std::size_t i = 0; i < 2; ++i)
        EXPECT_EQ(duration(benches[1].results[i]) - duration(benches[0].results[i]), 700 * cycle) << i;
}

TEST(dispatcher, blocks_wait_for_their_commands) {
    bench b("bench", 4);
    b.jobs = {b.job(product(16 * 8, 32, 64), {16, 32, 64})};
    b.commands = [&] {
        EXPECT_EQ(b.read(compute_block::status_offset), 1u);
        sc_core::wait(5, sc_core::SC_US);
        EXPECT_EQ(first_requests(b, 16 * 64).size(), 0u) << "no command yet";
        b.command(1);
        sc_core::wait(50, sc_core::SC_US);
        EXPECT_EQ(first_requests(b, 16 * 64).size(), 1u);
        EXPECT_EQ(b.read(compute_block::done_offset), 1u);
        b.command(2);
        sc_core::wait(50, sc_core::SC_US);
        EXPECT_EQ(first_requests(b, 16 * 64).size(), 3u);
        EXPECT_EQ(b.read(compute_block::done_offset), 3u);
        EXPECT_EQ(b.under_test->done(time_base().now_ps()), 3);
        for (int i = 0; i < 3; ++i) b.command(UINT32_MAX); // "all" three times is all
    };
    durations(b);
    EXPECT_EQ(first_requests(b, 16 * 64).size(), 8u);
    EXPECT_EQ(b.read(compute_block::done_offset), 8u);
    EXPECT_EQ(b.read(compute_block::status_offset), 0u);
    EXPECT_GE(b.results[0].waits[stall::host_issue], 105 * 1000 * cycle - b.results[0].computed_ps);
}

/// Bytes that transactions of this operand touch, as a set of ranges [begin, end).
std::map<std::uint64_t, std::uint64_t> touched(const recorder& r, bool write, std::uint64_t from, std::uint64_t to) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> runs;
    for (const auto& e : r.log)
        if (e.write == write && e.address >= from && e.address < to)
            e.runs([&](std::uint64_t begin, std::uint64_t end) { runs.emplace_back(begin, end); });
    std::sort(runs.begin(), runs.end());
    std::map<std::uint64_t, std::uint64_t> ranges;
    for (const auto& [begin, end] : runs) {
        if (ranges.empty() || std::prev(ranges.end())->second < begin)
            ranges[begin] = end;
        else
            std::prev(ranges.end())->second = std::max(std::prev(ranges.end())->second, end);
    }
    return ranges;
}

std::int64_t bytes_moved(const recorder& r, bool write) {
    std::int64_t sum = 0;
    for (const auto& e : r.log) sum += e.write == write ? static_cast<std::int64_t>(e.bytes) : 0;
    return sum;
}

TEST(dispatcher, split_k_ends_with_its_reduction) {
    // 2 x 3 blocks of results, clipped at both edges, four parts of K each, two products side by side.
    bench b("bench", 5);
    auto g = product(100, 90, 256);
    g.batch = 2;
    g.bits.partial = 32;
    b.jobs = {b.job(g, {64, 32, 64})};
    durations(b);
    constexpr std::int64_t results = 100 * 90 * 2, splits = 4;
    std::int64_t read = 0, written = 0;
    std::map<std::uint64_t, std::uint64_t> stored, fetched;
    for (const auto& u : b.units) {
        read += bytes_moved(u->vector_far, false);
        written += bytes_moved(u->vector_far, true);
        for (const auto& e : u->vector_far.log) {
            EXPECT_EQ(e.operand, operand_z);
            if (e.write) {
                EXPECT_LE(e.end_ps, b.results[0].end_ps);
                continue;
            }
            // What is added up has been stored before.
            std::uint64_t there = 0;
            for (const auto& other : b.units)
                for (const auto& w : other->far.log) {
                    if (!w.write) continue;
                    w.runs([&](std::uint64_t begin, std::uint64_t end) {
                        const auto from = std::max(begin, e.address), to = std::min(end, e.address + e.bytes);
                        if (from >= to) return;
                        there += to - from;
                        EXPECT_LE(w.end_ps, e.time_ps);
                    });
                }
            EXPECT_EQ(there, e.bytes) << "partial sums at " << e.address - partials;
        }
    }
    EXPECT_EQ(read, results * 4 * splits);
    EXPECT_EQ(written, results);
    statistics s;
    b.under_test->report(s);
    for (const auto& e : s.entries()) {
        if (e.name == "dispatcher.reductions") {
            EXPECT_EQ(e.value, 2 * 2 * 3);
        }
        if (e.name == "dispatcher.reduced_bytes") {
            EXPECT_EQ(e.value, results * (4 * splits + 1));
        }
    }
    for (const auto& row : b.energy.rows()) {
        if (row.part == "vector_unit") {
            EXPECT_EQ(row.count, results * (splits - 1));
        }
    }
}

TEST(dispatcher, a_reduction_takes_its_bytes_over_the_port) {
    // One block of results, eight parts: 32 B a cycle at the memory of a vector unit, 200 cycles of latency each way of
    // a stream, and lanes that keep up.
    auto m = block_bench::tensor_machine(65536, 100e3);
    m.vector_unit.operations_per_cycle = 1024;
    m.dma.arbitration_bytes = 65536; // longer than the latency
    bench b("bench", 8, m);
    auto g = product(128, 64, 8 * 64);
    g.bits.partial = 32;
    b.jobs = {b.job(g, {128, 64, 64}), b.job(g, {128, 64, 512})};
    durations(b);
    const auto& split = b.results[0];
    const std::int64_t port_ps = 128 * 64 * 4 * 8 / 32 * cycle;
    EXPECT_GE(split.waits[stall::reduction], port_ps);
    EXPECT_LE(split.waits[stall::reduction], port_ps + (128 * 64 / 32 + 4 * 200 + 130) * cycle);
    EXPECT_EQ(b.results[1].waits[stall::reduction], 0);
}

TEST(dispatcher, the_epilogue_of_split_k_reads_its_operand_where_it_lies) {
    bench b("bench", 4);
    auto g = product(50, 70, 128);
    g.bits.partial = 32;
    auto j = b.job(g, {32, 32, 64});
    j.epilogue_operations = 2;
    j.epilogue_read_bytes = 1.0 / 3;
    b.jobs = {j};
    durations(b);
    std::int64_t read = 0;
    std::uint64_t end = 0;
    for (const auto& u : b.units)
        for (const auto& [from, to] : touched(u->vector_far, false, others, 2 * others)) {
            read += static_cast<std::int64_t>(to - from);
            end = std::max(end, to);
        }
    EXPECT_EQ(read, std::llround(50 * 70 / 3.0));
    EXPECT_EQ(end, others + static_cast<std::uint64_t>(std::llround(50 * 70 / 3.0)));
    for (const auto& row : b.energy.rows()) {
        if (row.part == "vector_unit") {
            EXPECT_EQ(row.count, 50 * 70 * (1 + 2));
        }
    }
}

TEST(dispatcher, an_epilogue_reads_every_byte_once) {
    // Shares of 1/3 and 5/7 byte a result: rounded, they add up to the whole product's, batch included.
    for (const double per_result : {1.0, 1.0 / 3, 5.0 / 7}) {
        static std::deque<bench> benches;
        auto& b = benches.emplace_back(("bench" + std::to_string(benches.size())).c_str(), 3u);
        auto g = product(50, 70, 64);
        g.batch = 2;
        auto j = b.job(g, {32, 32, 64});
        j.epilogue_operations = 1;
        j.epilogue_read_bytes = per_result;
        b.jobs = {j};
    }
    sc_core::sc_start();
    for (auto* object : sc_core::sc_get_top_level_objects()) {
        auto* b = dynamic_cast<bench*>(object);
        if (!b) continue;
        const auto per_result = std::get<blocked_job>(b->jobs[0]).epilogue_read_bytes;
        std::int64_t read = 0, end = 0;
        for (const auto& u : b->units)
            for (const auto& e : u->far.log) {
                if (e.write || e.address < others) continue;
                read += static_cast<std::int64_t>(e.bytes);
                end = std::max(end, static_cast<std::int64_t>(e.address - others + e.bytes));
            }
        EXPECT_EQ(read, std::llround(per_result * 2 * 50 * 70));
        EXPECT_EQ(end, read) << "side by side from the first on";
    }
}

TEST(dispatcher, resident_weights_are_where_the_plan_put_them) {
    // Five blocks along N of 16 columns on three units, from the second one on: block i where its weights are.
    bench b("bench", 3, study::rf("digital_6t", 1));
    const auto g = product(32, 16 * 5, 256);
    const auto shape = nest_slots(b.m, g.bits);
    b.nests.emplace_back(parse_nest("smem M32 / array K256 N16", shape, "nest"), b.m, shape);
    blocked_job j;
    j.product = g;
    j.grid.block = {32, 16, 256};
    j.nest = &b.nests.back();
    j.base_address = {0, spacing, 2 * spacing};
    j.resident = true;
    j.first_unit = 1;
    b.jobs = {j};
    durations(b);
    std::vector<std::set<std::uint64_t>> columns(3);
    for (std::size_t u = 0; u < 3; ++u)
        for (const auto& e : b.units[u]->far.log) {
            EXPECT_NE(e.operand, operand_b) << "weights move";
            if (e.operand == operand_z) columns[u].insert((e.address - 2 * spacing) % 80 / 16);
        }
    using set = std::set<std::uint64_t>;
    EXPECT_EQ(columns, (std::vector<set>{{2}, {0, 3}, {1, 4}}));
}

TEST(dispatcher, names_the_time_in_which_the_machine_is_made_ready) {
    bench b("bench", 2);
    spread_job v;
    v.work.operations = 64;
    b.jobs = {b.job(product(32, 32, 64), {16, 32, 64}), v};
    std::vector<std::optional<std::size_t>> groups;
    b.under_test->on_group([&](std::optional<std::size_t> group) {
        groups.push_back(group);
        return 12345 * cycle;
    });
    durations(b);
    EXPECT_EQ(groups, (std::vector<std::optional<std::size_t>>{0, {}})) << "vector work is of no group";
    for (const auto& r : b.results) EXPECT_EQ(r.waits[stall::mode_switch], 12345 * cycle);
}

TEST(dispatcher, spreads_vector_work_over_all_units) {
    bench b("bench", 7);
    spread_job j;
    j.work.name = "norm";
    j.work.elements = 1000;
    j.work.operations = 5003;
    j.work.second_read_bytes = 333;
    j.work.read_bytes = 1000 + 333;
    j.work.write_bytes = 2001;
    j.read_address = 0;
    j.second_address = spacing;
    j.write_address = 2 * spacing;
    b.jobs = {j};
    const auto t = durations(b);
    const std::int64_t whole[] = {1000, 333, 2001};
    for (std::uint64_t part = 0; part < 3; ++part) {
        std::int64_t sum = 0;
        std::set<std::uint64_t> begins;
        for (const auto& u : b.units) {
            std::int64_t own = 0;
            for (const auto& e : u->vector_far.log)
                if (e.address / spacing == part) {
                    own += static_cast<std::int64_t>(e.bytes);
                    begins.insert(e.address);
                    EXPECT_EQ(e.write, part == 2);
                    EXPECT_LE(e.address % spacing + e.bytes, static_cast<std::uint64_t>(whole[part]));
                }
            EXPECT_NEAR(static_cast<double>(own), static_cast<double>(whole[part]) / 7, 1);
            sum += own;
        }
        EXPECT_EQ(sum, whole[part]);
        EXPECT_EQ(begins.size(), 7u);
    }
    for (const auto& row : b.energy.rows()) {
        if (row.part == "vector_unit") {
            EXPECT_EQ(row.count, 5003);
        }
    }
    // 715 operations by 64 lanes are 12 cycles, within the latencies of the memory.
    EXPECT_LT(t[0], (2 * 200 + 2 * 12 + 100) * cycle);
}

TEST(dispatcher, refuses_a_second_job) {
    bench b("bench", 1);
    b.jobs = {b.job(product(16, 32, 64), {16, 32, 64})};
    b.commands = [&] {
        sc_core::wait(1, sc_core::SC_NS);
        EXPECT_NE(b.under_test->waiting_for().find("a command from the host"), std::string::npos);
#ifndef __SANITIZE_ADDRESS__ // which takes an exception on a coroutine's stack for an overflow
        EXPECT_THROW(b.under_test->load(spread_job{}), sc_core::sc_report);
#endif
        b.command(1);
    };
    durations(b);
    EXPECT_EQ(b.under_test->waiting_for(), "");
}

struct dispatcher_window {
    static constexpr unsigned width = 64;
    contract::traits traits() const {
        return {0, dispatcher::window_bytes, compute_block::scratch_offset, 4, false, true, false, 1000};
    }
    tlm::tlm_target_socket<64>& socket() { return under_test.ctrl(); }
    std::string fingerprint() const {
        statistics s;
        under_test.report(s);
        std::string text;
        for (const auto& e : s.entries()) text += e.name + std::to_string(e.value);
        return text + std::to_string(energy.total_pj());
    }

    machine m = [] {
        auto of = block_bench::tensor_machine();
        of.dispatcher.emplace();
        return of;
    }();
    cost_model cost{m, convention::like_for_like};
    ledger energy;
    test_unit unit{"unit", m, cost, energy};
    dispatcher under_test{"dispatcher", m, {{&unit.block}}, {&unit.vectors}};
};

} // namespace

CIMTLM_TARGET_CONTRACT(dispatcher_window);

#pragma once
/// A dispatcher with units that share nothing: every unit has a memory of its own, so that times follow from the order
/// of blocks alone. Everything that units ask of their memories is recorded.
#include <cimtlm/modules/dispatcher.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/scratchpad.h>

#include "compute_block_bench.h"

namespace dispatcher_bench {

using namespace cimtlm;
using block_bench::recorder;
using block_bench::spacing;

constexpr std::uint64_t partials = 3 * spacing, others = 4 * spacing;

/// A compute block, a vector unit and their memories.
struct test_unit : sc_core::sc_module {
    test_unit(const sc_core::sc_module_name& name, const machine& m, const cost_model& cost, ledger& energy)
        : sc_module(name)
        , block("block", cost, energy)
        , vectors("vector_unit", m, energy)
        , memory("dram", m.memories[0], m.cycle_ps(), energy)
        , vector_memory("vector_dram", m.memories[0], m.cycle_ps(), energy)
        , staging("smem", m.memories[1], m.cycle_ps(), energy) {
        block.mem.bind(far.in);
        far.out.bind(memory.in);
        block.near[0].bind(staging.in);
        vectors.mem.bind(vector_far.in);
        vector_far.out.bind(vector_memory.in);
        to_block.bind(block.ctrl());
        to_vectors.bind(vectors.ctrl());
    }
    compute_block block;
    vector_unit vectors;
    recorder far{"far"}, vector_far{"vector_far"};
    dram<64> memory, vector_memory;
    scratchpad<64> staging;
    tlm_utils::simple_initiator_socket<test_unit, 64> to_block{"to_block"}, to_vectors{"to_vectors"};
};

/// Jobs one after another; each gets the commands it is given here, all of them before the dispatcher needs them unless
/// a test sends its own.
struct bench : sc_core::sc_module {
    machine m;
    cost_model cost{m, convention::like_for_like};
    ledger energy;
    std::vector<std::unique_ptr<test_unit>> units;
    std::unique_ptr<dispatcher> under_test;
    initiator_port<64> port{host, 0};
    std::deque<flat_nest> nests;
    std::vector<std::variant<blocked_job, spread_job>> jobs;
    std::vector<job_result> results;
    std::function<void()> commands; ///< instead of one for all
    sc_core::sc_event progress;

    explicit bench(const sc_core::sc_module_name& name, unsigned n,
                   machine target = block_bench::tensor_machine(65536, 100e3))
        : sc_module(name)
        , m(std::move(target)) {
        if (!m.dispatcher) m.dispatcher.emplace();
        m.dispatcher->units = n;
        std::vector<compute_block*> blocks;
        std::vector<vector_unit*> vectors;
        for (unsigned i = 0; i < n; ++i) {
            units.push_back(std::make_unique<test_unit>(("unit_" + std::to_string(i)).c_str(), m, cost, energy));
            blocks.push_back(&units.back()->block);
            vectors.push_back(&units.back()->vectors);
        }
        under_test =
            std::make_unique<dispatcher>("dispatcher", m, std::vector<std::vector<compute_block*>>{blocks}, vectors);
        under_test->on_progress([this] { progress.notify(); });
        host.bind(under_test->ctrl());
        SC_THREAD(run);
    }
    SC_HAS_PROCESS(bench);

    /// `g` in blocks of these extents, by a nest that covers a block.
    blocked_job job(const gemm& g, const extents& block, const block_bench::tiling& t = {}) {
        blocked_job j;
        j.product = g;
        j.grid.block = block;
        const auto part = block_product(g, block, j.grid.splits_k(g));
        const auto shape = nest_slots(m, g.bits);
        const auto loops = parse_nest(t.nest(part), shape, "nest");
        EXPECT_EQ(why_impossible(loops, part, m, shape), "");
        j.nest = &nests.emplace_back(loops, m, shape);
        j.base_address = {0, spacing, 2 * spacing};
        j.partial_address = partials;
        j.epilogue_address = others;
        return j;
    }

    void command(std::uint32_t blocks) { write(dispatcher::command_offset, blocks); }
    void write(std::uint64_t offset, std::uint32_t value) {
        transfer_request r;
        r.command = tlm::TLM_WRITE_COMMAND;
        r.address = offset;
        r.bytes = sizeof value;
        r.data = reinterpret_cast<unsigned char*>(&value);
        EXPECT_TRUE(port.transfer(r).ok());
    }
    std::uint32_t read(std::uint64_t offset) {
        std::uint32_t value = 0;
        transfer_request r;
        r.address = offset;
        r.bytes = sizeof value;
        r.data = reinterpret_cast<unsigned char*>(&value);
        EXPECT_TRUE(port.transfer(r).ok());
        return value;
    }

private:
    void run() {
        for (const auto& j : jobs) {
            std::visit([&](const auto& job) { under_test->load(job); }, j);
            if (commands)
                commands();
            else
                command(UINT32_MAX);
            while (under_test->running()) sc_core::wait(progress);
            results.push_back(under_test->result());
            sc_core::wait(1, sc_core::SC_US);
        }
    }

    tlm_utils::simple_initiator_socket<bench, 64> host{"host"};
};

inline std::int64_t duration(const job_result& r) { return r.end_ps - r.begin_ps; }

/// Simulates jobs on `n` units, one bench for all of a test.
inline std::vector<std::int64_t> durations(bench& b) {
    sc_core::sc_start();
    std::vector<std::int64_t> all;
    for (const auto& r : b.results) {
        block_bench::expect_contiguous(r);
        all.push_back(duration(r));
    }
    EXPECT_EQ(all.size(), b.jobs.size());
    return all;
}

} // namespace dispatcher_bench

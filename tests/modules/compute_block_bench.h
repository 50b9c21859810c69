#pragma once
/// Compute blocks on small machines, with everything recorded that they ask of their memories.
#include <cimtlm/mapping/tile.h>
#include <cimtlm/modules/compute_block.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/scratchpad.h>

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <string>

namespace block_bench {

using namespace cimtlm;

constexpr std::uint64_t spacing = std::uint64_t{1} << 30; // between the operands

/// Passes transactions on and keeps them.
struct recorder : sc_core::sc_module {
    struct entry {
        std::int64_t time_ps, end_ps;
        bool write;
        int operand;
        transfer_kind kind;
        std::uint64_t address, bytes, segment_bytes, stride_bytes;

        /// Calls f(begin, end) for each contiguous run of addresses.
        template <class F> void runs(F f) const {
            const auto step = segment_bytes > 0 ? segment_bytes : bytes;
            for (std::uint64_t at = 0, row = 0; at < bytes; at += step, ++row) {
                const auto begin = address + row * (segment_bytes > 0 ? stride_bytes : 0);
                f(begin, begin + std::min(step, bytes - at));
            }
        }
    };
    tlm_utils::simple_target_socket_optional<recorder, 64> in{"in"};
    tlm_utils::simple_initiator_socket<recorder, 64> out{"out"};
    std::vector<entry> log;
    std::function<void(const entry&)> watch;

    explicit recorder(const sc_core::sc_module_name& name)
        : sc_module(name) {
        in.register_b_transport(this, &recorder::b_transport);
    }
    void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
        out->b_transport(p, delay);
        transfer_extension* x = nullptr;
        p.get_extension(x);
        const time_base times;
        const auto now = times.now_ps();
        log.push_back({now, now + times.ps(delay), p.is_write(), x->operand, x->kind, p.get_address(),
                       p.get_data_length(), x->segment_bytes, x->stride_bytes});
        if (watch) watch(log.back());
    }
};

/// A tensor core of four sub-partitions that accumulate in registers, below a shared memory for A and B. With steps of
/// 1 ns the operands of the tests' tiles take longer than computing, with 100 ns it is the other way round.
inline machine tensor_machine(std::int64_t smem_bytes = 65536, double step_ps = 1000) {
    machine m;
    m.name = "sm";
    m.technology = {45, 1.0, 1000};
    memory_level dram;
    dram.name = "dram";
    dram.kind = memory_kind::dram;
    dram.keeps = {tensor::A, tensor::B, tensor::Z};
    dram.read_bytes_per_cycle = dram.write_bytes_per_cycle = 32;
    dram.latency_cycles = 200;
    memory_level smem;
    smem.name = "smem";
    smem.keeps = {tensor::A, tensor::B};
    smem.capacity_bytes = smem_bytes;
    smem.read_bytes_per_cycle = smem.write_bytes_per_cycle = 128;
    smem.latency_cycles = 20;
    memory_level rf;
    rf.name = "rf";
    rf.kind = memory_kind::register_file;
    rf.keeps = {tensor::A, tensor::B, tensor::Z};
    rf.capacity_bytes = 65536;
    rf.fanout = fanout_parameters{"sub_partition", 4, 0, 0, 0};
    m.memories = {dram, smem, rf};
    m.tensor_core = tensor_core_parameters{};
    m.tensor_core->rows = m.tensor_core->columns = 16;
    m.tensor_core->latency_ps = step_ps;
    m.vector_unit = {64, true, 0.75, 0};
    m.dma = {true, 4096};
    m.host = {host_issue::gemm, 0, 4, 0};
    return m;
}

inline gemm product(std::int64_t rows, std::int64_t columns, std::int64_t k, int bits = 8) {
    gemm g;
    g.name = "product";
    g.m = rows;
    g.n = columns;
    g.k = k;
    g.bits = {bits, bits, bits, bits};
    return g;
}

/// Extents of a tile: M 2 rows, N 32 columns, K 16 k; all of K passes before the next results.
struct tiling {
    std::int64_t rows = 8, columns = 1, k = 2;
    extents tile() const { return {2 * rows, 32 * columns, 16 * k}; }
    std::string nest(const gemm& g) const {
        const auto parts = [](std::int64_t whole, std::int64_t part) {
            return std::to_string((whole + part - 1) / part);
        };
        return "dram M" + parts(g.m, tile()[0]) + " N" + parts(g.n, tile()[1]) + " K" + parts(g.k, tile()[2]) +
               " / smem K" + std::to_string(k) + " / sub_partition M2 N2 / rf M" + std::to_string(rows) + " N" +
               std::to_string(columns) + " / pe K16 N16";
    }
};

/// A block with its memories. Jobs are handed over as soon as the block takes them; a pause separates stretches.
struct bench : sc_core::sc_module {
    struct finish {
        std::int64_t number, time_ps;
    };
    machine m;
    std::shared_ptr<const engine> other; ///< instead of the machine's, where there is one
    cost_model cost{m, convention::like_for_like, "mac", other};
    ledger energy;
    compute_block block{"block", cost, energy};
    dram<64> memory{"dram", m.memories[0], m.cycle_ps(), energy};
    scratchpad<64> staging{"smem", m.memories.size() > 1 ? m.memories[1] : memory_level{}, m.cycle_ps(), energy};
    recorder far{"far"}, near{"near"};
    std::deque<flat_nest> nests;
    std::vector<std::vector<matrix_job>> stretches; ///< work, in order
    std::vector<job_result> results;                ///< of each stretch
    std::vector<finish> finished;
    sc_core::sc_event loadable, progress;
    int loadable_calls = 0;

    explicit bench(const sc_core::sc_module_name& name, machine target = tensor_machine(),
                   std::shared_ptr<const engine> e = nullptr)
        : sc_module(name)
        , m(std::move(target))
        , other(std::move(e)) {
        block.mem.bind(far.in);
        far.out.bind(memory.in);
        if (block.near.size() > 0) block.near[0].bind(near.in);
        near.out.bind(staging.in);
        host.bind(block.ctrl());
        block.on_loadable([this] {
            EXPECT_TRUE(block.can_load());
            ++loadable_calls;
            loadable.notify();
        });
        block.on_progress([this] { progress.notify(); });
        block.on_finished([this](std::int64_t number) { finished.push_back({number, time_base().now_ps()}); });
        SC_THREAD(run);
    }
    SC_HAS_PROCESS(bench);

    matrix_job job(const gemm& g, const std::string& nest) {
        const auto shape = nest_slots(m, g.bits);
        const auto loops = parse_nest(nest, shape, "nest");
        EXPECT_EQ(why_impossible(loops, g, m, shape), "");
        matrix_job j;
        j.product = g;
        j.nest = &nests.emplace_back(loops, m, shape);
        j.base_address = {0, spacing, 2 * spacing};
        j.commanded = true;
        j.number = next_number_++;
        return j;
    }

private:
    void run() {
        for (const auto& jobs : stretches) {
            for (const auto& j : jobs) {
                while (!block.can_load()) sc_core::wait(loadable);
                block.load(j);
                EXPECT_FALSE(block.can_load());
            }
            while (block.running()) sc_core::wait(progress);
            results.push_back(block.result());
            sc_core::wait(1, sc_core::SC_US);
        }
    }

    tlm_utils::simple_initiator_socket<bench, 64> host{"host"};
    std::int64_t next_number_ = 1;
};

inline void expect_contiguous(const job_result& r) {
    EXPECT_EQ(r.end_ps - r.begin_ps, r.computed_ps + r.waits.total_ps());
    for (auto s : all_stalls) EXPECT_GE(r.waits[s], 0) << to_string(s);
}

} // namespace block_bench

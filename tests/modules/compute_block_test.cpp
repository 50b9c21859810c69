/// A compute block driven through its registers, as a host would.
#include <cimtlm/mapping/rules.h>
#include <cimtlm/modules/compute_block.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/scratchpad.h>

#include <gtest/gtest.h>

#include "study_machines.h"

namespace {

using namespace cimtlm;

gemm small_product() {
    gemm g;
    g.name = "product";
    g.m = 512;
    g.n = 128;
    g.k = 512;
    return g;
}

/// A block with its memories and a host that runs `body` in a process.
struct bench : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<bench, 64> out;

    bench(const sc_core::sc_module_name& name, std::function<void(bench&)> script)
        : sc_module(name)
        , out("out")
        , body(std::move(script)) {
        out.bind(block.ctrl());
        block.mem.bind(memory.in);
        block.near[0].bind(staging.in);
        SC_THREAD(run);
    }
    SC_HAS_PROCESS(bench);

    void run() { body(*this); }
    void load() {
        matrix_job job;
        job.product = g;
        job.nest = &nest;
        block.load(job);
    }
    std::uint32_t access(tlm::tlm_command command, std::uint64_t address, std::uint32_t value, std::int64_t delay_ps) {
        tlm::tlm_generic_payload p;
        p.set_command(command);
        p.set_address(address);
        p.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
        p.set_data_length(4);
        p.set_streaming_width(4);
        sc_core::sc_time delay(static_cast<double>(delay_ps), sc_core::SC_PS);
        out->b_transport(p, delay);
        EXPECT_TRUE(p.is_response_ok());
        return value;
    }
    void command(std::uint32_t tiles, std::int64_t delay_ps = 0) {
        access(tlm::TLM_WRITE_COMMAND, compute_block::command_offset, tiles, delay_ps);
    }
    std::uint32_t done(std::int64_t delay_ps) {
        return access(tlm::TLM_READ_COMMAND, compute_block::done_offset, 0, delay_ps);
    }

    std::function<void(bench&)> body;
    machine m = study::rf("digital_6t");
    gemm g = small_product();
    cost_model cost{m, convention::like_for_like};
    std::vector<nest_slot> shape = nest_slots(m, g.bits);
    flat_nest nest{map_by_rules(g, m, shape), m, shape};
    ledger energy;
    compute_block block{"cim", cost, energy};
    dram<64> memory{"dram", m.memories[0], m.cycle_ps(), energy};
    scratchpad<64> staging{"smem", m.memories[1], m.cycle_ps(), energy};
};

constexpr std::int64_t us = 1000000;

TEST(compute_block_registers, a_command_counts_from_its_own_time) {
    // A host with a quantum writes ahead of the kernel's time: nothing may run before that.
    bench b("bench", [](bench& host) {
        host.load();
        host.command(UINT32_MAX, 50 * us);
    });
    sc_core::sc_start(1, sc_core::SC_MS);
    ASSERT_FALSE(b.block.running());
    EXPECT_EQ(b.block.result().tiles, 4);
    EXPECT_GE(b.block.result().waits[stall::host_issue], 50 * us);
    EXPECT_GT(b.block.result().end_ps, 50 * us + 4 * 512 * 18000); // four tiles of 512 steps of 18 ns
}

TEST(compute_block_registers, done_answers_for_the_time_that_is_asked) {
    // A host that looks 1 us ahead sees the first tile finished 1 us earlier.
    std::int64_t seen = 0, foreseen = 0;
    bench b("bench", [&](bench& host) {
        host.load();
        host.command(UINT32_MAX);
        while (seen == 0) {
            sc_core::wait(50, sc_core::SC_NS);
            const auto now = time_base().now_ps();
            if (foreseen == 0 && host.done(us) == 1) foreseen = now;
            if (host.done(0) == 1) seen = now;
        }
    });
    sc_core::sc_start(1, sc_core::SC_MS);
    EXPECT_NEAR(static_cast<double>(seen - foreseen), us, 50e3);
    EXPECT_GT(seen, 512 * 18000); // its steps alone
}

TEST(compute_block_registers, commands_let_so_many_tiles_run) {
    std::uint32_t after_two = 99;
    bench b("bench", [&](bench& host) {
        host.load();
        host.command(2);
        sc_core::wait(500, sc_core::SC_US);
        after_two = host.done(0);
        host.command(2);
    });
    sc_core::sc_start(1, sc_core::SC_MS);
    EXPECT_EQ(after_two, 2u);
    EXPECT_FALSE(b.block.running());
    EXPECT_EQ(b.block.result().tiles, 4);
}

TEST(compute_block_registers, the_next_job_may_be_loaded_from_the_end_of_the_last) {
    int jobs = 0;
    bench b("bench", [&](bench& host) {
        host.block.on_progress([&] {
            if (host.block.running()) return;
            if (++jobs < 3) {
                host.load();
                host.command(UINT32_MAX);
            }
        });
        host.load();
        host.command(UINT32_MAX);
    });
    sc_core::sc_start(2, sc_core::SC_MS);
    EXPECT_EQ(jobs, 3);
    EXPECT_FALSE(b.block.running());
}

} // namespace

// Is it felt what units share: the memory, the cache and its ways, the host?
#include "chips.h"

#include <tlm_utils/simple_initiator_socket.h>

namespace cimtlm {
namespace {

double cycles(const machine& m, std::int64_t ps) { return static_cast<double>(ps) / m.cycle_ps(); }

TEST(ChipContention, HundredAndEightUnitsOnTheDataOfOne) {
    // 28.3 MB of weights, each byte used 16 times: one unit takes them over its port of 64 B a cycle and waits for the
    // first byte of each tile, all together take them over the memory's 1446.
    const auto work = only(product(16, 108 * 256, 1024));
    constexpr double bytes = 108.0 * 256 * 1024;
    const auto one = chip::tensor_core(1), all = chip::tensor_core(108);
    const auto a = run_in_child(one, work), b = run_in_child(all, work);
    ASSERT_STREQ(a.figures.fault, "");
    ASSERT_STREQ(b.figures.fault, "");
    const auto tiles = static_cast<double>(a.figures.tiles);
    constexpr double way = 2 * 20 + 360 + 250 + 23 + 40; // crossbar, far partition, memory and its row, shared memory
    EXPECT_GT(cycles(one, a.figures.time_ps), bytes / 64);
    EXPECT_LT(cycles(one, a.figures.time_ps), bytes / 64 + 1.1 * tiles * way + 3000);
    EXPECT_GT(cycles(all, b.figures.time_ps), bytes / 1446);
    EXPECT_LT(cycles(all, b.figures.time_ps), 1.2 * bytes / 1446 + 3000) << "with the command and the way there";
    EXPECT_EQ(b.figures.macs, a.figures.macs);
}

TEST(ChipContention, WhatTheCacheHoldsIsNotFetchedAgain) {
    // The second product reads the 1 MB that the first one wrote; computing takes less than moving.
    const work_list work{work_item(product(16384, 64, 64)), work_item(product(16384, 64, 64))};
    constexpr std::int64_t bytes = 16384 * 64;
    const auto large = few_units(chip::tensor_core(4), 8 << 20), small = few_units(chip::tensor_core(4), 256 << 10);
    const auto hit = check_chip_run(large, work), miss = check_chip_run(small, work);
    EXPECT_EQ(hit.figures.traffic[0][0].read, bytes) << "inputs of the first";
    EXPECT_EQ(hit.figures.traffic[0][2].update, 0) << "all results stay";
    EXPECT_GT(miss.figures.traffic[0][0].read, bytes + 3 * bytes / 4) << "at most a quarter was still there";
    EXPECT_GE(miss.figures.traffic[0][2].update, 2 * bytes - (256 << 10));
    EXPECT_LT(cycles(large, hit.layers[1].time_ps), bytes / 72.0) << "below the time of one pass over the memory";
    EXPECT_GT(cycles(small, miss.layers[1].time_ps), 1.5 * bytes / 72.0) << "inputs come, results leave";
}

/// Reads `bytes` every `period` cycles from memory that nobody else touches.
struct streamer : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<streamer, 64> out{"out"};
    initiator_port<64> port{out, 7};
    std::uint64_t bytes;
    sc_core::sc_time period;
    streamer(const sc_core::sc_module_name& name, std::uint64_t chunk, double period_ps)
        : sc_module(name)
        , bytes(chunk)
        , period(period_ps, sc_core::SC_PS) {
        SC_THREAD(run);
    }
    SC_HAS_PROCESS(streamer);
    void run() {
        transfer_request r;
        r.bytes = bytes;
        for (r.address = std::uint64_t{1} << 50;; r.address += bytes) {
            EXPECT_TRUE(port.transfer(r).ok());
            sc_core::wait(period);
        }
    }
};

TEST(ChipContention, AForeignInitiatorTakesWhatItMoves) {
    // Weights over the memory's 72 B a cycle; a guest takes 4096 B every 227 cycles, a quarter of that.
    const auto m = small_tensor_core();
    const auto work = only(product(16, 4096, 1024));
    const guest_maker guest = [&]() -> std::vector<tlm::tlm_initiator_socket<64>*> {
        return {&(new streamer("guest", 4096, 227 * m.cycle_ps()))->out}; // as long as the process
    };
    const auto alone = run_in_child(m, work), beside = run_in_child(m, work, {}, fidelity::tile, guest);
    ASSERT_STREQ(alone.figures.fault, "");
    ASSERT_STREQ(beside.figures.fault, "");
    ASSERT_LT(cycles(m, alone.figures.time_ps), 1.1 * 4096 * 1024 / 72) << "bound by the memory";
    const auto taken = static_cast<double>(beside.figures.traffic[0][3].read);
    EXPECT_GT(taken, 0.2 * 4096 * 1024);
    EXPECT_NEAR(taken, 4096 / 227.0 * cycles(m, beside.figures.time_ps), 2 * 4096) << "until the end of the run";
    EXPECT_NEAR(cycles(m, beside.figures.time_ps - alone.figures.time_ps), taken / 72, 0.15 * taken / 72);
    for (std::size_t x = 0; x < 3; ++x)
        EXPECT_EQ(beside.figures.traffic[1][x].update, alone.figures.traffic[1][x].update);
    EXPECT_EQ(beside.figures.stall_sum(), beside.figures.time_ps - beside.figures.bound_ps);
}

vector_work writes(std::int64_t bytes) {
    vector_work v;
    v.name = "writes";
    v.elements = v.operations = v.write_bytes = bytes;
    v.read_bytes = 128;
    return v;
}

TEST(ChipContention, WaysThatChangeTheirModeCostTheirDirtyLines) {
    // The cache is full of new lines when a product wants a half of its ways.
    auto m = small_hybrid(true);
    m.tensor_core->latency_ps *= 1e4; // all products go to the arrays
    m.memories[0].dram->t_refi_ps = 0;
    const auto capacity = m.memories[1].capacity_bytes;
    const work_list work{work_item(writes(capacity)), work_item(product(64, 64, 256))};
    const auto full = check_chip_run(m, work);
    const double predicted = static_cast<double>(capacity) / 2 / 72;
    EXPECT_NEAR(cycles(m, full.figures.stall_of(stall::mode_switch)), predicted, 0.15 * predicted);
    // A cache that is nearly clean changes at once.
    const auto clean = check_chip_run(m, {work_item(writes(1024)), work_item(product(64, 64, 256))});
    EXPECT_LT(cycles(m, clean.figures.stall_of(stall::mode_switch)), 1024 / 72.0 + 500);
    // The second of two products finds the ways taken. Vector work has all of them again.
    const auto twice = check_chip_run(m, {work[0], work[1], work[1]});
    EXPECT_EQ(twice.figures.stall_of(stall::mode_switch), full.figures.stall_of(stall::mode_switch));
    const auto after = check_chip_run(m, {work[1], work[0]});
    EXPECT_LT(after.figures.traffic[0][3].update, capacity / 64) << "all that it wrote has room";
}

TEST(ChipContention, WaysThatComputeOnDemandKeepNoWeights) {
    auto m = small_hybrid(true);
    m.tensor_core->latency_ps *= 1e4;
    const auto work = only(product(64, 64, 256));
    const auto r = check_chip_run(m, work, {{}, "", true});
    EXPECT_EQ(r.figures.resident_bytes, 0);
    EXPECT_GE(r.counts.at("weight_write.write"), 64 * 256);
    m.memories[1].cache->compute_on_demand = false;
    const auto kept = check_chip_run(m, work, {{}, "", true});
    EXPECT_EQ(kept.figures.resident_bytes, 64 * 256);
    EXPECT_EQ(kept.counts.at("weight_write.write"), 0);
}

TEST(ChipContention, LaunchesCostWhatTheHostTakes) {
    // Ten products, a command each: every cycle of a command lengthens the run by ten.
    work_list work;
    for (int i = 0; i < 10; ++i) work.push_back(work_item(product(64, 64, 64)));
    auto slow = small_tensor_core(), fast = slow;
    slow.host.command_cycles = 3000;
    fast.host.command_cycles = 1000;
    const auto a = check_chip_run(slow, work), b = check_chip_run(fast, work);
    EXPECT_NEAR(cycles(slow, a.figures.time_ps - b.figures.time_ps), 10 * 2000, 25)
        << "but for refreshes that fall differently";
    EXPECT_NEAR(static_cast<double>(a.figures.stall_of(stall::host_issue) - b.figures.stall_of(stall::host_issue)),
                10 * 2000 * slow.cycle_ps(), 25 * slow.cycle_ps());
}

TEST(ChipContention, ACommandABlockBindsWhenItTakesLongerThanABlock) {
    auto m = small_tensor_core();
    m.mapper.kind = mapper_kind::rules;
    m.host.issue = host_issue::block;
    m.host.command_cycles = 20000;
    m.host.queue_depth = 4;
    const auto r = check_chip_run(m, only(product(128 * 5, 256 * 2, 64)));
    EXPECT_EQ(r.details.at("dispatcher.blocks"), 10);
    EXPECT_NEAR(cycles(m, r.figures.time_ps), 10 * 20000, 0.05 * 10 * 20000);
}

} // namespace
} // namespace cimtlm

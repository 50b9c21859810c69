/// Does the DMA move bytes at the rate that its parameters promise, in the time that they take without it?
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/dram.h>

#include <string>

#include "dma_bench.h"

namespace {

using namespace dma_bench;

/// Transfers through a DMA and without, side by side.
struct pair_of_platforms {
    explicit pair_of_platforms(const device_dma_parameters& p)
        : mover("dma", p, cycle_ps, kernel) {
        for (auto* one : {&direct, &through}) {
            one->interconnect.map(0, 0, 0);
            one->interconnect.out[0].bind(one->memory.in);
        }
        direct.client.out.bind(direct.interconnect.in[0]);
        through.client.out.bind(mover.in);
        mover.out.bind(through.interconnect.in[0]);
    }
    struct platform {
        explicit platform(const std::string& name, local_kernel& kernel)
            : client((name + "_client").c_str())
            , port(client.out, 1, &kernel)
            , interconnect((name + "_bus").c_str(), bus_level(48), cycle_ps, energy, 1, 1)
            , memory((name + "_dram").c_str(), dram_level(), cycle_ps, energy) {}
        ledger energy;
        testkit::initiator<> client;
        initiator_port<> port;
        bus<> interconnect;
        dram<> memory;
    };
    local_kernel kernel{"kernel"};
    platform direct{"direct", kernel}, through{"through", kernel};
    dma<64> mover;
};

transfer_request random_request(std::mt19937_64& random) {
    transfer_request r;
    r.command = random() % 2 ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND;
    r.address = random() % 1000000;
    r.bytes = 1 + random() % 20000;
    if (random() % 2) {
        r.segment_bytes = 1 + random() % 500;
        r.stride_bytes = r.segment_bytes + random() % 5000;
    }
    return r;
}

TEST(dma_time, an_operand_takes_what_it_takes_without_dma) {
    pair_of_platforms p({dma_split::operand, dma_transport::blocking, 64, 0, 1});
    int transfers = 0;
    p.kernel.spawn([&] {
        std::mt19937_64 random(3);
        for (; transfers < 500; ++transfers) {
            const auto r = random_request(random);
            const auto a = p.direct.port.transfer(r), b = p.through.port.transfer(r);
            ASSERT_EQ(a.delay_ps, b.delay_ps);
            ASSERT_EQ(a.service_ps, b.service_ps);
            ASSERT_EQ(a.queue_ps, b.queue_ps);
            ASSERT_EQ(a.row_ps, b.row_ps);
            ASSERT_EQ(a.refresh_ps, b.refresh_ps);
            p.kernel.wait_until(p.kernel.now_ps() + static_cast<std::int64_t>(random() % 200000));
        }
    });
    sc_core::sc_start();
    EXPECT_EQ(transfers, 500);
}

TEST(dma_time, an_operand_cuts_through_the_port) {
    pair_of_platforms p({dma_split::operand, dma_transport::blocking, 64, 10, 0});
    p.kernel.spawn([&] {
        for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
            transfer_request r;
            r.command = command;
            r.bytes = 4000;
            p.kernel.wait_until(p.kernel.now_ps() + 10000000);
            const auto a = p.direct.port.transfer(r), b = p.through.port.transfer(r);
            EXPECT_EQ(b.service_ps, 400000);
            EXPECT_EQ(latency_in(a), latency_in(b));
            const auto c = p.through.port.transfer(r);
            EXPECT_EQ(c.delay_ps - b.delay_ps, 400000) << "one after another through the port";
            EXPECT_EQ(latency_in(a), latency_in(c));
        }
    });
    sc_core::sc_start();
}

TEST(dma_time, parts_add_up_over_pieces_of_our_memories) {
    pair_of_platforms p({dma_split::aligned_pow2, dma_transport::blocking, 64, 0, 8});
    p.kernel.spawn([&] {
        std::mt19937_64 random(5);
        std::int64_t latency[2] = {};
        for (int n = 0; n < 300; ++n) {
            const auto r = random_request(random);
            const auto t = p.through.port.transfer(r);
            auto& l = latency[r.command == tlm::TLM_WRITE_COMMAND];
            if (l == 0) l = latency_in(t);
            ASSERT_EQ(latency_in(t), l);
            p.kernel.wait_until(p.kernel.now_ps() + static_cast<std::int64_t>(random() % 400000));
        }
    });
    sc_core::sc_start();
}

struct rate_case {
    dma_transport transport;
    std::int64_t burst_bytes, outstanding;
    double bytes_per_cycle;
};

class dma_rate : public testing::TestWithParam<rate_case> {};

// Little's law: so many pieces under way a latency, or the port.
TEST_P(dma_rate, as_predicted) {
    const auto& c = GetParam();
    bench b({dma_split::aligned_pow2, c.transport, c.burst_bytes, c.bytes_per_cycle, c.outstanding});
    foreign_memory memory("memory", true);
    b.watch.out.bind(memory.in);
    const double port = c.bytes_per_cycle / cycle_ps; // bytes a ps
    const double burst = static_cast<double>(c.burst_bytes);
    const double latency = 50000 + (port > 0 ? burst / port : 0); // stored and forwarded
    double rate = c.outstanding > 0 ? static_cast<double>(c.outstanding) * burst / latency : 1e9;
    if (port > 0) rate = std::min(rate, port);
    constexpr std::int64_t bytes = 32768;
    b.kernel.spawn([&] {
        for (const bool write : {false, true}) {
            const auto r = write ? b.write(0, bytes) : b.read(0, bytes);
            const double expected = std::max(latency, static_cast<double>(bytes) / rate);
            EXPECT_NEAR(static_cast<double>(r.delay_ps), expected, 0.02 * expected + latency) << "write " << write;
            // The next transfer may come when the port is free: the rate is what callers see.
            const auto occupied = r.service_ps + r.queue_ps + r.row_ps + r.refresh_ps;
            EXPECT_NEAR(static_cast<double>(occupied), static_cast<double>(bytes) / rate,
                        0.02 * static_cast<double>(bytes) / rate + latency);
            EXPECT_LE(occupied, r.delay_ps);
            b.kernel.wait_until(b.kernel.now_ps() + r.delay_ps);
        }
        if (c.outstanding > 0) {
            EXPECT_LE(b.watch.most_under_way, c.outstanding);
        }
    });
    sc_core::sc_start();
}

std::vector<rate_case> rate_cases() {
    std::vector<rate_case> all;
    for (const auto transport : {dma_transport::blocking, dma_transport::non_blocking})
        for (const std::int64_t burst : {64, 256})
            for (const std::int64_t outstanding : {0, 1, 4, 16})
                for (const double rate : {0., 2., 32.}) all.push_back({transport, burst, outstanding, rate});
    return all;
}
INSTANTIATE_TEST_SUITE_P(all, dma_rate, testing::ValuesIn(rate_cases()));

TEST(dma_time, both_directions_go_side_by_side) {
    bench b({dma_split::aligned_pow2, dma_transport::non_blocking, 64, 8, 8});
    foreign_memory memory("memory", true);
    b.watch.out.bind(memory.in);
    std::int64_t ends[4] = {};
    for (int i = 0; i < 4; ++i)
        b.kernel.spawn([&, i] {
            EXPECT_EQ((i % 2 ? b.write(0, 8192) : b.read(0, 8192)).status, tlm::TLM_OK_RESPONSE);
            ends[i] = b.kernel.now_ps();
        });
    sc_core::sc_start();
    const std::int64_t one = 8192 / 8 * 1000; // through the port
    for (int i = 0; i < 2; ++i) {
        EXPECT_NEAR(static_cast<double>(ends[i]), static_cast<double>(one), 70000);
        EXPECT_NEAR(static_cast<double>(ends[2 + i]), static_cast<double>(2 * one), 70000);
    }
}

TEST(dma_time, both_transports_agree_over_our_memory) {
    std::int64_t total[2] = {};
    bench b({dma_split::aligned_pow2, dma_transport::blocking, 64, 16, 8});
    dram<32> one("one", dram_level(), cycle_ps, b.energy), two("two", dram_level(), cycle_ps, b.energy);
    b.watch.out.bind(one.in);
    testkit::initiator<> client("other_client");
    initiator_port<> port(client.out, 0, &b.kernel);
    dma<32> other("other", {dma_split::aligned_pow2, dma_transport::non_blocking, 64, 16, 8}, cycle_ps, b.kernel);
    client.out.bind(other.in);
    other.out.bind(two.in);
    for (int i = 0; i < 2; ++i)
        b.kernel.spawn([&, i] {
            std::mt19937_64 random(8);
            for (int n = 0; n < 100; ++n) {
                const auto begin = b.kernel.now_ps();
                const auto r = (i ? port : b.port).transfer(random_request(random));
                total[i] += r.delay_ps;
                b.kernel.wait_until(begin + r.delay_ps + 100000);
            }
        });
    sc_core::sc_start();
    EXPECT_NEAR(static_cast<double>(total[0]) / static_cast<double>(total[1]), 1, 0.05);
}

TEST(dma_time, a_memory_that_waits_takes_one_piece_at_a_time) {
    bench b({dma_split::aligned_pow2, dma_transport::blocking, 64, 0, 8});
    foreign_memory memory("memory", false);
    memory.waits = true;
    b.watch.out.bind(memory.in);
    b.kernel.spawn([&] {
        b.kernel.wait_until(1000);
        const auto r = b.read(0, 640);
        EXPECT_EQ(r.delay_ps, 500000);
        EXPECT_EQ(now_ps(), 501000);
        EXPECT_EQ(b.write(64, 64).delay_ps, 50000);
    });
    sc_core::sc_start();
    EXPECT_EQ(now_ps(), 551000);
    // The probe between DMA and memory saw it wait.
    EXPECT_EQ(b.probe_out.violations().size(), 11u);
}

// What a host asks ahead does not change when responses come.
TEST(dma_time, non_blocking_is_in_the_kernels_time) {
    bench b({dma_split::aligned_pow2, dma_transport::non_blocking, 64, 0, 2});
    foreign_memory memory("memory", true);
    b.watch.out.bind(memory.in);
    std::vector<std::int64_t> ends;
    b.kernel.spawn([&] {
        for (int i = 0; i < 5; ++i) {
            const auto r = b.read(0, 256);
            EXPECT_EQ(r.delay_ps, b.kernel.now_ps() - (ends.empty() ? 0 : ends.back() + 1000));
            ends.push_back(b.kernel.now_ps());
            b.kernel.wait_until(b.kernel.now_ps() + 1000);
        }
    });
    testkit::process host(
        "host",
        [&] {
            for (int i = 0; i < 50; ++i) {
                b.kernel.run_until(now_ps() + 30000000);
                wait_ps(7000);
            }
        },
        true);
    sc_core::sc_start();
    EXPECT_EQ(ends, (std::vector<std::int64_t>{100000, 201000, 302000, 403000, 504000}));
}

} // namespace

/// The device unchanged in hosts that are not ours.
#include "driver/random_product.h"
#include "foreign_models.h"

#include <algorithm>
#include <sstream>

namespace {
using namespace device_test;

machine small(dma_split split = dma_split::aligned_pow2, dma_transport transport = dma_transport::blocking) {
    auto m = with_device(study::in_smem("digital_6t", 3));
    m.device->dma.split = split;
    m.device->dma.transport = transport;
    m.device->max_m = m.device->max_n = 48;
    m.device->max_k = 200;
    return m;
}

/// The device with such a core, bus and memory.
template <unsigned W = 32> struct foreign_bench {
    foreign_bench(const machine& m, bool absolute = false)
        : device("device", m, options(absolute))
        , bus("bus")
        , memory("memory")
        , cpu("cpu")
        , io(cpu.io()) {
        bus.absolute = absolute;
        if (absolute) memory.base = memory_address;
        cpu.out.bind(bus.in[0]);
        device.dma_out().bind(bus.in[1]);
        bus.out[0].bind(memory.in);
        bus.out[1].bind(device.ctrl());
        bus.out[2].bind(device.window());
        bus.map(memory_address, memory.bytes.size(), 0);
        bus.map(control_address, CIM_WINDOW_BYTES, 1);
        bus.map(window_address, 1 << 24, 2);
    }
    static cim_device_options options(bool absolute) {
        cim_device_options o;
        if (absolute) {
            o.control_address = control_address;
            o.window_address = window_address;
        }
        return o;
    }
    void run(std::function<void()> program) {
        cpu.program = std::move(program);
        sc_core::sc_start();
    }
    cim_device<W> device;
    plain_bus<W, 2, 3> bus;
    plain_memory<W> memory;
    foreign_cpu<W> cpu;
    struct cim cim = {};
    cim_io io;
};

/// Random products with their operands in `system` (at memory_address); results are compared byte by byte.
void random_products(struct cim& cim, std::vector<unsigned char>& system, int count, std::uint64_t seed) {
    ASSERT_EQ(cim_mode(&cim, CIM_MODE_COMPUTE), CIM_OK);
    memories expected;
    expected.base = memory_address;
    expected.system.resize(256 * 1024);
    std::mt19937_64 random(seed);
    for (int i = 0; i < count; ++i) {
        product_maker maker(random(), expected);
        maker.fill(expected.system);
        std::copy(expected.system.begin(), expected.system.end(), system.begin());
        auto g = maker.make(maker.extent(40), maker.extent(40), maker.extent(200));
        maker.add_tiles(g);
        if (g.z_bits != 32) maker.add_workspace(g);
        std::ostringstream what;
        what << g;
        SCOPED_TRACE(what.str());
        apply_reference(g, expected);
        ASSERT_EQ(cim_gemm(&cim, &g), CIM_OK) << cim_error_text(cim.error.code);
        memories found = expected;
        std::copy_n(system.begin(), found.system.size(), found.system.begin());
        forget_workspace(g, found);
        forget_workspace(g, expected);
        ASSERT_TRUE(found.system == expected.system);
    }
}

template <unsigned W> void on_a_plain_bus(bool absolute, dma_split split) {
    foreign_bench<W> b(small(split), absolute);
    b.cpu.quantum_ps = 10'000;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        random_products(b.cim, b.memory.bytes, 20, 1);
    });
    EXPECT_GT(b.memory.calls, 1000);
}

TEST(device_foreign, a_bus_that_rewrites_addresses_and_a_core_without_streaming_width) {
    on_a_plain_bus<32>(false, dma_split::aligned_pow2);
}
TEST(device_foreign, a_bus_with_absolute_addresses) { on_a_plain_bus<32>(true, dma_split::row); }
TEST(device_foreign, a_64_bit_bus_with_absolute_addresses) { on_a_plain_bus<64>(true, dma_split::aligned_pow2); }

TEST(device_foreign, an_operation_takes_the_same_time_at_any_quantum_of_the_core) {
    foreign_bench<> b(small());
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
        auto g = plain_product(40, 40, 150);
        std::vector<std::int64_t> times;
        for (const std::int64_t quantum_ps : {10'000, 1'000'000, 100'000'000}) {
            b.cpu.synchronise();
            b.cpu.quantum_ps = quantum_ps;
            const auto begin = b.cpu.time_ps();
            ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
            times.push_back(b.cpu.time_ps() - begin);
        }
        for (const auto t : times)
            EXPECT_NEAR(static_cast<double>(t), static_cast<double>(times[0]),
                        static_cast<double>(b.cpu.loop_ps) + 8000);
        EXPECT_GT(times[0], 10 * b.cpu.loop_ps);
    });
}

void driven_in_four_phases(bool memory_waits) {
    cim_device_options options;
    options.window = false;
    cim_device<32> device("device", small(), options);
    plain_memory<32> memory("memory");
    phased_cpu cpu("cpu");
    memory.waits = memory_waits;
    memory.base = memory_address;
    cpu.out.bind(device.ctrl());
    device.dma_out().bind(memory.in);
    struct cim cim = {};
    auto io = cpu.io();
    cpu.program = [&] {
        ASSERT_EQ(cim_probe(&cim, &io), CIM_OK);
        random_products(cim, memory.bytes, 5, 6);
    };
    sc_core::sc_start();
}

TEST(device_foreign, a_core_in_four_phases) { driven_in_four_phases(false); }
// The front-end is a method: what the DMA calls from there must not wait (E519).
TEST(device_foreign, a_core_in_four_phases_and_a_memory_that_waits) { driven_in_four_phases(true); }

TEST(device_foreign, a_memory_that_waits_is_served) {
    foreign_bench<> b(small());
    b.memory.waits = true;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        random_products(b.cim, b.memory.bytes, 5, 2);
    });
}

TEST(device_foreign, a_memory_that_waits_serves_a_core_with_a_quantum) {
    foreign_bench<> b(small());
    b.memory.waits = true;
    b.cpu.quantum_ps = 100'000'000;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        random_products(b.cim, b.memory.bytes, 5, 3);
    });
}

TEST(device_foreign, a_memory_that_sets_no_status_has_served) {
    foreign_bench<> b(small());
    b.memory.silent = true;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        random_products(b.cim, b.memory.bytes, 5, 5);
    });
}

TEST(device_foreign, a_core_that_keeps_pointers_and_gives_them_back) {
    foreign_bench<> b(small());
    b.cpu.use_pointers = true;
    b.cpu.quantum_ps = 1'000'000;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        constexpr std::uint32_t m = 6, n = 16, k = 40;
        std::int8_t a[m * k], w[k * n];
        std::int32_t z[m * n];
        for (std::uint32_t i = 0; i < m * k; ++i) a[i] = static_cast<std::int8_t>(7 * i);
        for (std::uint32_t i = 0; i < k * n; ++i) w[i] = static_cast<std::int8_t>(5 * i + 3);
        const auto move = [&](tlm::tlm_command c, std::uint64_t to, void* data, unsigned bytes) {
            for (unsigned i = 0; i < bytes; i += 4) {
                const auto status = b.cpu.access(c, to + i, static_cast<char*>(data) + i, 4);
                if (status != tlm::TLM_OK_RESPONSE) return status;
            }
            return tlm::TLM_OK_RESPONSE;
        };
        const auto weights = window_address + cim_array_offset(&b.cim, 0);
        const std::uint64_t results = 0x2000;
        for (int round = 0; round < 3; ++round) {
            ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_MEMORY), CIM_OK);
            w[round] = static_cast<std::int8_t>(w[round] + 11);
            ASSERT_EQ(move(tlm::TLM_WRITE_COMMAND, weights, w, sizeof w), tlm::TLM_OK_RESPONSE);
            ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
            std::uint32_t word = 0;
            EXPECT_EQ(b.cpu.access(tlm::TLM_READ_COMMAND, weights, &word, 4), tlm::TLM_COMMAND_ERROR_RESPONSE)
                << "the pointer was given back";
            a[round] = static_cast<std::int8_t>(a[round] - 9);
            ASSERT_EQ(move(tlm::TLM_WRITE_COMMAND, window_address, a, sizeof a), tlm::TLM_OK_RESPONSE);
            struct cim_gemm g = {};
            g.flags = CIM_FLAG_A_LOCAL | CIM_FLAG_Z_LOCAL | CIM_FLAG_HELD;
            g.m = m;
            g.n = n;
            g.k = k;
            g.a_bits = g.b_bits = 8;
            g.z_bits = 32;
            g.z = results;
            ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK) << cim_error_text(b.cim.error.code);
            ASSERT_EQ(move(tlm::TLM_READ_COMMAND, window_address + results, z, sizeof z), tlm::TLM_OK_RESPONSE);
            for (std::uint32_t r = 0; r < m; ++r)
                for (std::uint32_t c = 0; c < n; ++c) {
                    std::int32_t sum = 0;
                    for (std::uint32_t i = 0; i < k; ++i) sum += a[r * k + i] * w[i * n + c];
                    ASSERT_EQ(z[r * n + c], sum) << r << ' ' << c << " in round " << round;
                }
        }
        EXPECT_GT(b.cpu.by_pointer, 500);
    });
}

/// Core and registers on a plain bus, system memory behind the controller alone.
void behind_a_controller(std::size_t most, std::int64_t outstanding, std::int64_t burst_bytes,
                         std::int64_t quantum_ps) {
    auto m = small(dma_split::aligned_pow2, dma_transport::non_blocking);
    m.device->dma.outstanding = outstanding;
    m.device->dma.burst_bytes = burst_bytes;
    cim_device<32> device("device", m, {});
    plain_bus<32, 1, 2> bus("bus");
    queueing_dram memory("memory");
    foreign_cpu<32> cpu("cpu");
    memory.most = most;
    cpu.quantum_ps = quantum_ps;
    cpu.out.bind(bus.in[0]);
    bus.out[0].bind(device.ctrl());
    bus.out[1].bind(device.window());
    device.dma_out().bind(memory.in);
    bus.map(control_address, CIM_WINDOW_BYTES, 0);
    bus.map(window_address, 1 << 24, 1);
    struct cim cim = {};
    auto io = cpu.io();
    cpu.program = [&] {
        ASSERT_EQ(cim_probe(&cim, &io), CIM_OK);
        random_products(cim, memory.bytes, 10, 4);
        // Not faster than its bus, and requests overlap.
        cpu.synchronise();
        auto g = plain_product(48, 48, 200);
        const auto begin = cpu.time_ps();
        const auto served = memory.served;
        ASSERT_EQ(cim_gemm(&cim, &g), CIM_OK);
        const auto took = cpu.time_ps() - begin, n = memory.served - served;
        EXPECT_GT(took, n * memory.burst_ps);
        if (quantum_ps == 0 && most > 1) { // with a quantum the core looks again only when it is over
            EXPECT_LT(took, n * (memory.latency_ps + 3000) / 2 + 2'000'000) << "requests overlap";
        }
        EXPECT_LE(memory.seen, most);
        if (outstanding > 0) {
            // Both directions, and the one whose response is being given.
            EXPECT_LE(memory.seen, static_cast<std::size_t>(2 * outstanding + 1));
        }
        if (most > 1) {
            EXPECT_GT(memory.seen, 2u);
        }
    };
    sc_core::sc_start();
    EXPECT_GT(memory.served, 1000);
}

TEST(device_foreign, a_controller_in_four_phases) { behind_a_controller(4, 8, 64, 0); }
TEST(device_foreign, a_controller_with_room_for_one) { behind_a_controller(1, 0, 32, 0); }
TEST(device_foreign, a_controller_and_a_core_with_a_quantum) { behind_a_controller(16, 4, 64, 100'000'000); }

void through_a_bridge(bool registers) {
    auto m = small();
    m.device->activation_memory->latency_cycles = 0;
    m.device->activation_memory->read_bytes_per_cycle = 0; // not a limit
    cim_device_options options;
    options.dma = false;
    cim_device<32> device("device", m, options);
    last_first_bridge bridge("bridge");
    nobody other("other");
    if (registers) {
        bridge.out.bind(device.ctrl());
        other.out.bind(device.window());
    } else {
        bridge.out.bind(device.window());
        other.out.bind(device.ctrl());
    }
    testkit::process driver(
        "driver",
        [&] {
            for (int i = 0; i < 8; ++i) {
                bridge.send(registers ? CIM_ID : 64, registers ? 4 : 16);
                testkit::wait_ps(100'000);
            }
            sc_core::sc_stop();
        },
        true);
    sc_core::sc_start();
    EXPECT_EQ(bridge.responses, 8);
}

// The response is due with the end of its request: both are sent in one moment.
TEST(device_foreign, a_bridge_that_takes_the_last_event_of_a_time_first_reads_registers) { through_a_bridge(true); }
TEST(device_foreign, a_bridge_that_takes_the_last_event_of_a_time_first_reads_memory) { through_a_bridge(false); }

} // namespace

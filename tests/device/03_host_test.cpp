/// What a host sees: the same time whatever its quantum, interrupts in the kernel's time, memories through the window,
/// order, reset, saved states.
#include "device_bench.h"

#include <cimtlm/base/error.h>
#include <platforms/config/config.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace {
using namespace device_test;

// The kernel elaborates once a process.
std::int64_t in_child(const std::function<std::int64_t()>& body) {
    int ends[2];
    if (pipe(ends) != 0) return -1;
    const pid_t child = fork();
    if (child == 0) {
        const auto value = body();
        if (write(ends[1], &value, sizeof value) < 0) _exit(2);
        _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    close(ends[1]);
    std::int64_t value = -1;
    if (read(ends[0], &value, sizeof value) != sizeof value) value = -1;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    return value;
}

machine quiet(machine m = study::in_smem("digital_6t")) {
    m = with_device(std::move(m));
    m.device->dma.split = dma_split::row;
    m.device->dma.burst_bytes = 64;
    m.device->dma.bytes_per_cycle = 8;
    return m;
}

TEST(device_host, polling_sees_the_same_time_at_any_quantum) {
    device_bench<32> b(quiet());
    b.run([&] {
        start(b);
        auto g = plain_product(64, 64, 128);
        std::int64_t first = 0;
        for (const std::int64_t poll_ps : {100'000, 1'000'000}) {
            b.host.poll_ps = poll_ps;
            for (const std::int64_t quantum_ps :
                 {0, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000}) {
                b.host.synchronise();
                b.host.quantum_ps = quantum_ps;
                const auto begin = b.host.time_ps();
                ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
                const auto took = b.host.time_ps() - begin;
                if (first == 0) first = took;
                EXPECT_NEAR(static_cast<double>(took), static_cast<double>(first), static_cast<double>(poll_ps) + 8000)
                    << "quantum " << quantum_ps << " ps, poll " << poll_ps << " ps";
            }
        }
        EXPECT_GT(first, 3'000'000) << "long against a poll, short against the longest quanta";
    });
}

TEST(device_host, a_host_far_ahead_sees_busy_before_the_end_and_idle_after_it) {
    device_bench<32> b(quiet());
    b.host.quantum_ps = 1'000'000'000;
    b.run([&] {
        start(b);
        auto g = plain_product(64, 64, 128);
        ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
        const auto busy = cim_count(&b.cim, CIM_COUNT_BUSY);
        b.host.synchronise();
        const auto kernel_ps = testkit::now_ps();
        std::uint32_t ticket = 0;
        ASSERT_EQ(cim_gemm_submit(&b.cim, &g, &ticket), CIM_OK);
        const auto submitted = b.host.time_ps();
        const auto status = [&] { return b.io.read(&b, CIM_STATUS); };
        const auto cycles = [&] { return static_cast<std::uint64_t>(b.host.time_ps() - submitted) / 1000; };
        b.host.spend(1'000'000);
        EXPECT_TRUE(status() & CIM_STATUS_BUSY);
        while (status() & CIM_STATUS_BUSY) b.host.spend(1000);
        const auto counted = cim_count(&b.cim, CIM_COUNT_BUSY) - busy;
        EXPECT_NEAR(static_cast<double>(cycles()), static_cast<double>(counted),
                    0.01 * static_cast<double>(counted) + 60);
        EXPECT_EQ(testkit::now_ps(), kernel_ps) << "the kernel's time has not moved";
    });
}

TEST(device_host, the_interrupt_comes_in_the_kernels_time) {
    device_bench<32> b(quiet());
    b.host.quantum_ps = 0;
    std::int64_t done_ps = 0;
    b.run([&] {
        start(b);
        ASSERT_EQ(cim_interrupts(&b.cim, CIM_IRQ_DONE), CIM_OK);
        auto g = plain_product(40, 20, 30);
        std::uint32_t ticket = 0;
        ASSERT_EQ(cim_gemm_submit(&b.cim, &g, &ticket), CIM_OK);
        EXPECT_TRUE(b.levels.empty());
        b.host.spend(100'000'000);
        ASSERT_EQ(b.levels.size(), 1u);
        EXPECT_TRUE(b.levels[0].second);
        done_ps = b.levels[0].first;
        EXPECT_LT(done_ps, testkit::now_ps());
        cim_interrupt_handler(&b.cim);
        b.host.spend(10'000);
        ASSERT_EQ(b.levels.size(), 2u);
        EXPECT_FALSE(b.levels[1].second);
        EXPECT_EQ(cim_wait(&b.cim, ticket), CIM_OK);
        // The same, asked ahead of time: the line changes when the kernel gets there.
        b.host.synchronise();
        b.host.quantum_ps = 1'000'000'000;
        const auto before = testkit::now_ps();
        ASSERT_EQ(cim_gemm_submit(&b.cim, &g, &ticket), CIM_OK);
        while (b.io.read(&b, CIM_STATUS) & CIM_STATUS_BUSY) b.host.spend(1000);
        EXPECT_EQ(testkit::now_ps(), before);
        EXPECT_EQ(b.levels.size(), 2u);
        const auto known_ps = b.host.time_ps();
        b.host.synchronise();
        testkit::wait_ps(1);
        ASSERT_EQ(b.levels.size(), 3u);
        EXPECT_NEAR(static_cast<double>(b.levels[2].first), static_cast<double>(known_ps), 5000);
    });
}

TEST(device_host, weights_preloaded_through_the_window_are_used) {
    device_bench<32> b(quiet());
    constexpr std::uint32_t n = 16, k = 40, m = 5;
    std::vector<std::int8_t> a(m * k), w(k * n);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<std::int8_t>(i * 7);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<std::int8_t>(i * 5 + 3);
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        const auto weights = window_address + cim_array_offset(&b.cim, 1);
        ASSERT_EQ(b.host.access(tlm::TLM_WRITE_COMMAND, weights, w.data(), static_cast<unsigned>(w.size())),
                  tlm::TLM_OK_RESPONSE);
        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
        std::uint32_t word = 0;
        EXPECT_EQ(b.host.access(tlm::TLM_READ_COMMAND, weights, &word, 4), tlm::TLM_COMMAND_ERROR_RESPONSE) << "shut";
        auto g = plain_product(m, n, k);
        g.flags = CIM_FLAG_HELD;
        g.first_array = 1;
        for (int i = 0; i < 2; ++i) {
            b.write(g.a, a.data(), a.size());
            ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK) << cim_error_text(b.cim.error.code);
            std::vector<std::int32_t> z(m * n);
            b.read(g.z, z.data(), z.size() * 4);
            for (std::uint32_t r = 0; r < m; ++r)
                for (std::uint32_t c = 0; c < n; ++c) {
                    std::int32_t sum = 0;
                    for (std::uint32_t x = 0; x < k; ++x) sum += a[r * k + x] * w[x * n + c];
                    ASSERT_EQ(z[r * n + c], sum) << r << ',' << c;
                }
            // By debug accesses the weights can be changed while the arrays compute.
            std::reverse(w.begin(), w.end());
            b.write(weights, w.data(), w.size());
        }
        EXPECT_EQ(cim_count(&b.cim, CIM_COUNT_WEIGHTS), 0u) << "held weights are not loaded";
    });
}

TEST(device_host, pointers_to_weights_are_taken_back_when_arrays_compute) {
    device_bench<32> b(quiet());
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        const auto pointer = [&](std::uint64_t address) {
            tlm::tlm_generic_payload p;
            std::uint32_t word = 0;
            testkit::fill(p, tlm::TLM_READ_COMMAND, address, reinterpret_cast<unsigned char*>(&word), 4);
            tlm::tlm_dmi dmi;
            const bool granted = b.host.out->get_direct_mem_ptr(p, dmi);
            if (granted) {
                EXPECT_LE(dmi.get_start_address(), address);
                EXPECT_GE(dmi.get_end_address(), address + 3);
            }
            return granted;
        };
        const auto weights = window_address + b.cim.weight_offset;
        EXPECT_TRUE(pointer(weights));
        EXPECT_TRUE(pointer(window_address));
        EXPECT_FALSE(pointer(control_address));
        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
        ASSERT_EQ(b.host.invalidated.size(), 1u);
        EXPECT_LE(b.host.invalidated[0].first, weights);
        EXPECT_GE(b.host.invalidated[0].second, weights + b.cim.arrays * b.cim.array_bytes - 1);
        EXPECT_GE(b.host.invalidated[0].first, window_address + b.cim.activation_bytes) << "activations stay";
        EXPECT_FALSE(pointer(weights));
        EXPECT_TRUE(pointer(window_address));
        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_MEMORY), CIM_OK);
        EXPECT_TRUE(pointer(weights));
    });
}

TEST(device_host, parameters_change_times_as_predicted) {
    auto m = quiet();
    m.device->command_cycles = 500;
    m.device->mode_switch_cycles = 3000;
    device_bench<32> b(m);
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        auto busy = [&, last = std::uint64_t{0}]() mutable {
            const auto now = cim_count(&b.cim, CIM_COUNT_BUSY), before = std::exchange(last, now);
            return now - before;
        };
        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
        EXPECT_EQ(busy(), 3500u);
        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
        const auto again = busy();
        EXPECT_TRUE(again == 0 || again == 500u) << "nothing to switch: " << again;
    });
}

TEST(device_host, reset_aborts_and_keeps_memories) {
    device_bench<32> b(quiet());
    b.run([&] {
        start(b);
        std::uint32_t mark = 0x12345678;
        b.host.access(tlm::TLM_WRITE_COMMAND, window_address + 16, &mark, 4);
        auto g = plain_product(64, 64, 128);
        std::uint32_t ticket = 0;
        ASSERT_EQ(cim_gemm_submit(&b.cim, &g, &ticket), CIM_OK);
        b.host.spend(2'000'000);
        EXPECT_FALSE(b.device.idle());
        ASSERT_EQ(cim_reset(&b.cim), CIM_OK);
        EXPECT_TRUE(b.device.idle());
        const auto status = b.io.read(&b, CIM_STATUS);
        EXPECT_EQ(status, 0u);
        mark = 0;
        b.host.access(tlm::TLM_READ_COMMAND, window_address + 16, &mark, 4);
        EXPECT_EQ(mark, 0x12345678u);
        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
        EXPECT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
        EXPECT_EQ(b.device.waiting_for(), "");
    });
}

TEST(device_host, a_saved_state_goes_on_elsewhere) {
    auto m = quiet();
    device_bench<32> b(m);
    cim_device_options options;
    options.dma = false;
    options.window = false;
    cim_device<32> other("other", m, options); // other sockets, the same state
    testkit::initiator<32> to_other("to_other");
    to_other.out.bind(other.ctrl());
    b.run([&] {
        start(b);
        auto g = plain_product(20, 30, 40);
        ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
        b.io.write(&b, CIM_SCRATCH, 77);
        std::stringstream state;
        b.device.save(state);
        const auto bytes = state.str();
        std::istringstream broken(bytes.substr(0, bytes.size() - 1)), whole(bytes);
        EXPECT_THROW(other.restore(broken), input_error);
        other.restore(whole);
        const auto read = [&](std::uint32_t offset) {
            std::vector<unsigned char> word(4);
            to_other.access(tlm::TLM_READ_COMMAND, offset, word);
            std::uint32_t value;
            std::memcpy(&value, word.data(), 4);
            return value;
        };
        EXPECT_EQ(read(CIM_SCRATCH), 77u);
        EXPECT_EQ(read(CIM_STATUS), b.io.read(&b, CIM_STATUS));
        EXPECT_EQ(read(CIM_COMPLETED), b.io.read(&b, CIM_COMPLETED));
        std::vector<unsigned char> any(4);
        to_other.access(tlm::TLM_WRITE_COMMAND, CIM_LATCH, any);
        EXPECT_EQ(read(CIM_COUNT_MACS), 20u * 30 * 40);
        std::stringstream again;
        other.save(again);
        // All but the counters of time and energy, which go on, is the same.
        EXPECT_EQ(again.str().size(), bytes.size());
        std::uint32_t ticket = 0;
        ASSERT_EQ(cim_gemm_submit(&b.cim, &g, &ticket), CIM_OK);
        EXPECT_THROW(b.device.save(again), std::logic_error);
        EXPECT_EQ(cim_wait(&b.cim, ticket), CIM_OK);
    });
}

TEST(device_host, a_device_without_dma_works_on_its_own_memories) {
    cim_device_options options;
    options.dma = false;
    device_bench<64> b(quiet(), options);
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        EXPECT_FALSE(b.cim.capabilities & CIM_CAPABILITY_DMA);
        const std::int8_t one = 1, three = 3;
        ASSERT_EQ(b.host.access(tlm::TLM_WRITE_COMMAND, window_address + cim_array_offset(&b.cim, 0),
                                const_cast<std::int8_t*>(&three), 1),
                  tlm::TLM_OK_RESPONSE);
        ASSERT_EQ(b.host.access(tlm::TLM_WRITE_COMMAND, window_address, const_cast<std::int8_t*>(&one), 1),
                  tlm::TLM_OK_RESPONSE);
        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
        auto g = plain_product(1, 1, 1);
        EXPECT_EQ(cim_gemm(&b.cim, &g), CIM_NO_DMA);
        g.flags = CIM_FLAG_HELD | CIM_FLAG_A_LOCAL | CIM_FLAG_Z_LOCAL;
        g.a = 0;
        g.z = 64;
        ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK) << cim_error_text(b.cim.error.code);
        std::int32_t z = 0;
        b.host.access(tlm::TLM_READ_COMMAND, window_address + 64, &z, 4);
        EXPECT_EQ(z, 3);
    });
}

TEST(device_host, the_shipped_machine_is_a_device_and_its_parameters_count) {
    // One product whose transfers set the pace: rate of the port, requests under way against the memory's latency.
    const auto took = [](const std::vector<std::string>& settings) {
        auto m = load_machine("soc/cim_device", settings).value;
        m.memories.front().dram->t_refi_ps = 0;
        std::int64_t cycles = 0;
        const auto run = [&] {
            device_bench<32> b(m);
            b.run([&] {
                start(b);
                auto g = plain_product(256, 16, 256);
                ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
                cycles = static_cast<std::int64_t>(cim_count(&b.cim, CIM_COUNT_BUSY));
            });
        };
        return in_child([&] {
            run();
            return cycles;
        });
    };
    const auto fast = took({});
    const auto bytes = 256 * 256 + 256 * 16 + 256 * 16 * 4;
    EXPECT_GT(fast, bytes / 2 / 8);
    const auto slow = took({"device.dma.bytes_per_cycle=1"});
    EXPECT_NEAR(static_cast<double>(slow), 256 * 256 + 256 * 16, 0.1 * 256 * 256) << "a byte a cycle, each way";
    const auto one = took({"device.dma.outstanding=1"}), two = took({"device.dma.outstanding=2"});
    EXPECT_GT(one, 3 * fast);
    EXPECT_NEAR(static_cast<double>(one) / static_cast<double>(two), 2, 0.2) << "latency for each burst of 64 B";
}

} // namespace

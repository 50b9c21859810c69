/// Do counters, energy and every parameter of the device say what commands and accesses did, in the predicted amounts?
#include "device_bench.h"

#include <cimtlm/base/error.h>
#include <platforms/config/config.h>

#include <cmath>
#include <sstream>
#include <stdexcept>

namespace {
using namespace device_test;

machine shipped(const std::vector<std::string>& settings = {}) {
    auto m = load_machine("soc/cim_device", settings).value;
    m.memories.front().dram->t_refi_ps = 0;
    return m;
}

struct counts {
    double cycles, busy, compute, stalls, energy, read, written, weights, macs;
};

template <unsigned W> counts count(device_bench<W>& b) {
    cim_latch(&b.cim);
    const auto get = [&](std::uint32_t which) { return static_cast<double>(cim_latched(&b.cim, which)); };
    return {get(CIM_COUNT_CYCLES),  get(CIM_COUNT_BUSY),    get(CIM_COUNT_COMPUTE),
            get(CIM_COUNT_STALLS),  get(CIM_COUNT_ENERGY),  get(CIM_COUNT_READ),
            get(CIM_COUNT_WRITTEN), get(CIM_COUNT_WEIGHTS), get(CIM_COUNT_MACS)};
}

TEST(device_accounts, counters_tell_what_commands_did) {
    auto m = shipped();
    m.static_power_mw = 2;
    device_bench<32> b(m);
    b.run([&] {
        start(b);
        const auto before = count(b);
        auto g = plain_product(64, 16, 256);
        ASSERT_EQ(cim_load_weights(&b.cim, &g), CIM_OK);
        const auto loaded = count(b);
        EXPECT_EQ(loaded.read - before.read, 4096);
        EXPECT_EQ(loaded.written, 0);
        EXPECT_EQ(loaded.weights, 4096);
        EXPECT_EQ(loaded.macs, 0);
        EXPECT_EQ(loaded.compute, 4096 / 32) << "the write port takes 32 B a cycle";
        EXPECT_GE(loaded.busy - before.busy, 4096 / 8) << "the DMA's port 8";
        g.flags = CIM_FLAG_HELD;
        ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
        const auto done_ps = b.host.time_ps();
        const auto done = count(b);
        EXPECT_EQ(done.read - loaded.read, 64 * 256);
        EXPECT_EQ(done.written, 64 * 16 * 4);
        EXPECT_EQ(done.weights, 4096);
        EXPECT_EQ(done.macs, 64 * 16 * 256);
        EXPECT_EQ(done.compute - loaded.compute, 64 * 18) << "a step of 18 ns a row";
        EXPECT_NEAR(done.compute - loaded.compute + done.stalls, done.busy - loaded.busy, 60)
            << "with command and drain";
        // Energy: the ledger's, of which every row is count x unit energy; static power is among them.
        const auto now_pj = b.device.energy().total_pj();
        EXPECT_NEAR(done.energy, now_pj, 0.01 * now_pj + 1);
        const auto parts = b.device.energy().by_part();
        EXPECT_NEAR(parts.at("static"), 2e-3 * static_cast<double>(b.host.time_ps()), 2e-3 * 10'000);
        EXPECT_NEAR(done.cycles, static_cast<double>(done_ps) / 1000, 100);
    });
}

TEST(device_accounts, identification_is_the_machines) {
    const auto m = shipped();
    device_bench<64> b(m);
    b.run([&] {
        const auto engine = m.matrix_engine();
        const std::pair<std::uint32_t, std::int64_t> expected[] = {
            {CIM_ID, CIM_ID_VALUE},
            {CIM_VERSION, CIM_VERSION_VALUE},
            {CIM_CAPABILITIES, CIM_CAPABILITY_DMA | CIM_CAPABILITY_DATA_WINDOW | CIM_CAPABILITY_EXACT |
                                   CIM_CAPABILITY_VOLATILE | CIM_CAPABILITY_DATA},
            {CIM_ARRAYS, 4},
            {CIM_ARRAY_ROWS, 256},
            {CIM_ARRAY_COLUMNS, 16},
            {CIM_ARRAY_BYTES, 4096},
            {CIM_ARRAY_BITS, 8 | 8 << 8},
            {CIM_ACTIVATION_BYTES, 65536},
            {CIM_WEIGHT_OFFSET, 65536},
            {CIM_MAX_M, 4096},
            {CIM_MAX_N, 4096},
            {CIM_MAX_K, 4096},
            {CIM_MAX_RING, 256},
            {CIM_QUEUE, 4},
            {CIM_CLOCK_KHZ, 1000000}};
        for (const auto& [offset, value] : expected) EXPECT_EQ(b.io.read(&b, offset), value) << std::hex << offset;
        // Debug accesses reach registers without side effects.
        std::uint32_t one = 1;
        for (const auto offset : {CIM_SUBMIT, CIM_RING_TAIL, CIM_LATCH})
            b.host.debug(tlm::TLM_WRITE_COMMAND, control_address + offset, &one, 4);
        EXPECT_TRUE(b.device.idle());
        EXPECT_EQ(b.io.read(&b, CIM_RING_TAIL), 0u);
    });
}

/// Time in ps and energy in pJ of one access of 1 KiB through the data window.
std::pair<double, double> window_access(const std::vector<std::string>& settings, bool weights, bool write) {
    static int number = 0;
    const auto m = shipped(settings);
    auto* const device =
        new cim_device<64>(("device_" + std::to_string(number)).c_str(), m); // the kernel keeps them all
    auto* const host = new testkit::initiator<64>(("host_" + std::to_string(number)).c_str());
    auto* const other = new testkit::initiator<64>(("other_" + std::to_string(number)).c_str());
    ledger unused;
    auto* const memory = new scratchpad<64>(("memory_" + std::to_string(number)).c_str(), device_bench<64>::sized({}),
                                            1000, *new ledger);
    ++number;
    host->out.bind(device->window());
    other->out.bind(device->ctrl());
    device->dma_out().bind(memory->in);
    std::vector<unsigned char> data(1024);
    const auto before = device->energy().total_pj();
    tlm::tlm_response_status status;
    const auto ps =
        host->access(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, weights ? 65536 : 0, data, &status);
    EXPECT_EQ(status, tlm::TLM_OK_RESPONSE);
    return {static_cast<double>(ps), device->energy().total_pj() - before};
}

TEST(device_accounts, memories_take_what_their_parameters_say) {
    struct {
        const char* setting;
        bool weights, write;
        double more_ps, more_pj;
    } const cases[] = {
        {"activation_memory.latency_cycles=100", false, true, 96e3, 0},
        {"activation_memory.read_bytes_per_cycle=4", false, false, 1024e3 / 4 - 1024e3 / 42, 0},
        {"activation_memory.write_bytes_per_cycle=4", false, true, 1024e3 / 4 - 1024e3 / 42, 0},
        {"activation_memory.read_energy_pj_per_byte=10", false, false, 0, 1024 * (10 - 1.25)},
        {"activation_memory.write_energy_pj_per_byte=10", false, true, 0, 1024 * (10 - 1.25)},
        {"weight_memory.latency_cycles=100", true, false, 96e3, 0},
        {"weight_memory.read_bytes_per_cycle=4", true, false, 1024e3 / 4 - 1024e3 / 32, 0},
        {"weight_memory.write_bytes_per_cycle=4", true, true, 1024e3 / 4 - 1024e3 / 32, 0},
        {"weight_memory.read_energy_pj_per_byte=10", true, false, 0, 1024 * (10 - 1.25)},
        {"weight_memory.write_energy_pj_per_byte=10", true, true, 0, 1024 * (10 - 3.2)},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.setting);
        const auto plain = window_access({}, c.weights, c.write);
        const auto changed = window_access({"device." + std::string(c.setting)}, c.weights, c.write);
        EXPECT_NEAR(changed.first - plain.first, c.more_ps, 2);
        EXPECT_NEAR(changed.second - plain.second, c.more_pj, 1e-6);
    }
}

TEST(device_accounts, requantisation_costs_operations_of_the_vector_lanes) {
    auto m = shipped();
    m.vector_unit.operation_energy_pj = 100;
    device_bench<32> b(m);
    b.run([&] {
        start(b);
        auto g = plain_product(16, 16, 64);
        const auto lanes = [&] {
            const auto parts = b.device.energy().by_part();
            return parts.count("vector_unit") ? parts.at("vector_unit") : 0;
        };
        ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
        EXPECT_EQ(lanes(), 0);
        g.flags = CIM_FLAG_REQUANTISE;
        g.z_bits = 8;
        g.scale = 1;
        g.clamp_min = -128;
        g.clamp_max = 127;
        ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
        EXPECT_EQ(lanes(), 16 * 16 * 4 * 100.0) << "multiply, shift, add, clamp for each result";
    });
}

TEST(device_accounts, an_error_tells_its_command_and_its_address) {
    device_bench<64> b(shipped());
    static constexpr std::uint64_t nowhere = 0x9000'0000'0;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        const auto refused = [&](auto&& change, bool load) {
            EXPECT_EQ(cim_reset(&b.cim), CIM_OK);
            EXPECT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
            auto g = plain_product(20, 16, 64);
            change(g);
            EXPECT_EQ(load ? cim_load_weights(&b.cim, &g) : cim_gemm(&b.cim, &g), CIM_STOPPED);
            return *cim_last_error(&b.cim);
        };
        const auto inside = [&](std::uint64_t address, std::uint64_t bytes) {
            return address >= nowhere && address < nowhere + bytes;
        };
        const auto a = refused([](auto& g) { g.a = nowhere; }, false);
        EXPECT_EQ(a.code, CIM_ERROR_READ);
        EXPECT_EQ(a.command, 1u) << "behind the change of mode";
        EXPECT_TRUE(inside(a.address, 20 * 64)) << a.address;
        const auto z = refused([](auto& g) { g.z = nowhere; }, false);
        EXPECT_EQ(z.code, CIM_ERROR_WRITE);
        EXPECT_TRUE(inside(z.address, 20 * 16 * 4)) << z.address;
        const auto weights = refused([](auto& g) { g.b = nowhere; }, true);
        EXPECT_EQ(weights.code, CIM_ERROR_READ);
        EXPECT_TRUE(inside(weights.address, 64 * 16)) << weights.address;
        const auto unaligned = refused(
            [](auto& g) {
                g.a_bits = 16;
                g.a_stride = 200;
                g.a += 2;
                g.z = std::uint64_t{1} << 63;
            },
            false);
        EXPECT_EQ(unaligned.code, CIM_ERROR_ADDRESS);
        EXPECT_EQ(unaligned.address, std::uint64_t{1} << 63);
    });
}

TEST(device_accounts, idle_is_told_once_for_each_end_of_work) {
    device_bench<32> b(shipped());
    int told = 0;
    b.device.on_idle([&] {
        EXPECT_TRUE(b.device.idle());
        ++told;
    });
    b.run([&] {
        start(b);
        EXPECT_EQ(told, 1) << "the change of mode";
        auto g = plain_product(8, 8, 8);
        ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
        EXPECT_EQ(told, 2);
        g.a = 0x9000'0000'0;
        ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_STOPPED);
        EXPECT_EQ(told, 3) << "an error ends work, too";
        // A ring that is put out of service before anything was fetched.
        ASSERT_EQ(cim_reset(&b.cim), CIM_OK);
        b.host.quantum_ps = 1'000'000'000;
        b.io.write(&b, CIM_RING_BASE_LO, static_cast<std::uint32_t>(memory_address));
        b.io.write(&b, CIM_RING_ENTRIES, 4);
        b.io.write(&b, CIM_RING_TAIL, 1);
        EXPECT_EQ(told, 3);
        EXPECT_TRUE(b.device.idle());
    });
}

TEST(device_accounts, a_state_is_restored_whole_and_only_where_it_belongs) {
    auto m = shipped();
    device_bench<64> b(m);
    cim_device_options window_only;
    window_only.dma = false;
    cim_device<64> same("same", m, window_only), less("less", shipped({"cim.count=2"}), window_only);
    cim_device_options timing = window_only;
    timing.data = false;
    cim_device<64> without_data("without_data", m, timing);
    testkit::initiator<64> to_same("to_same"), to_window("to_same_window"), c1("c1"), w1("w1"), c2("c2"), w2("w2");
    to_same.out.bind(same.ctrl());
    to_window.out.bind(same.window());
    c1.out.bind(less.ctrl());
    w1.out.bind(less.window());
    c2.out.bind(without_data.ctrl());
    w2.out.bind(without_data.window());
    std::ostringstream state;
    b.run([&] {
        start(b);
        std::vector<unsigned char> bytes(4 * 4096 + 65536);
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 7 + i / 256);
        for (std::size_t i = 0; i < bytes.size(); i += 4096) b.write(window_address + i, bytes.data() + i, 4096);
        b.device.save(state);
        std::istringstream copy(state.str());
        same.restore(copy);
        std::vector<unsigned char> seen(bytes.size()), word(8);
        for (std::size_t i = 0; i < seen.size(); i += 4096) {
            tlm::tlm_generic_payload p;
            testkit::fill(p, tlm::TLM_READ_COMMAND, i, seen.data() + i, 4096);
            EXPECT_EQ(to_window.out->transport_dbg(p), 4096u);
        }
        EXPECT_EQ(seen, bytes);
        tlm::tlm_response_status status;
        to_window.access(tlm::TLM_READ_COMMAND, 65536, word, &status);
        EXPECT_EQ(status, tlm::TLM_COMMAND_ERROR_RESPONSE) << "the arrays compute there, too";
    });
    // Outside of the host's process: the sanitizer takes an exception on a coroutine's stack for an overflow.
    for (auto* other : {&less, &without_data}) {
        std::istringstream copy(state.str());
        EXPECT_THROW(other->restore(copy), input_error);
        std::ostringstream after;
        other->save(after);
        EXPECT_NE(after.str(), state.str());
    }
}

TEST(device_accounts, what_was_left_out_says_so) {
    cim_device_options options;
    options.dma = options.window = false;
    cim_device<32> device("device", shipped(), options);
    EXPECT_THROW(device.window(), std::logic_error);
    EXPECT_THROW(device.dma_out(), std::logic_error);
    EXPECT_THROW(cim_device<32>("chip", load_machine("a100/cim_smem").value), input_error);
    EXPECT_THROW(cim_device<32>("no_cim", load_machine("tensor_core").value), input_error);
}

TEST(device_accounts, packed_activations_of_a_machine_do_not_matter) {
    auto m = shipped();
    m.dma.packed_activations = true;
    device_bench<64> b(m);
    b.run([&] {
        start(b);
        auto g = plain_product(5, 3, 7);
        std::vector<std::int8_t> a(5 * 7, 2), w(7 * 3, 3);
        b.write(g.a, a.data(), a.size());
        b.write(g.b, w.data(), w.size());
        ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
        std::int32_t z[15];
        b.read(g.z, z, sizeof z);
        for (const auto v : z) EXPECT_EQ(v, 7 * 6);
    });
}

TEST(device_accounts, a_stride_does_not_pass_the_shut_part_of_the_window) {
    device_bench<64> b(shipped());
    b.run([&] {
        start(b);
        unsigned char data[16] = {};
        tlm::tlm_generic_payload p;
        testkit::fill(p, tlm::TLM_READ_COMMAND, window_address + 65536 - 8, data, 16);
        transfer_extension stride;
        stride.segment_bytes = 8;
        stride.stride_bytes = 4096;
        p.set_extension(&stride);
        sc_core::sc_time delay;
        b.host.out->b_transport(p, delay);
        EXPECT_EQ(p.get_response_status(), tlm::TLM_COMMAND_ERROR_RESPONSE);
        EXPECT_GT(delay, sc_core::SC_ZERO_TIME) << "a host that asks again gets on";
        p.clear_extension(&stride);
    });
}

} // namespace

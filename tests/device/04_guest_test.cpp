/// Can a guest crash or hang the device? Random programs of register accesses and descriptors, one after another in one
/// simulation: each ends in a defined status, a legal one without an error, a wrong command with a code that the
/// documentation has for it; after a reset the device is as new.
///
/// CIMTLM_GUEST_PROGRAMS: programs of each test case. A failure names CIMTLM_GUEST_SEED and CIMTLM_GUEST_FIRST, from
/// which its program runs alone.
#include "guest_bench.h"

#include <iostream>

namespace {
using namespace device_test;
using namespace guest;

template <unsigned W> void random_guests(const setting& s, std::uint64_t own_seed) {
    tell_where_when_it_dies();
    const auto seed = from_environment("CIMTLM_GUEST_SEED", own_seed);
    const auto first = from_environment("CIMTLM_GUEST_FIRST", 0);
    const auto count = from_environment("CIMTLM_GUEST_PROGRAMS", 2000);
    auto own = seed; // no two machines alike
    for (const char* c = s.name; *c; ++c) own = own * 31 + static_cast<unsigned char>(*c);
    draw d(own);
    auto m = with_device(s.make());
    m.device->activation_memory->capacity_bytes = activation_bytes;
    if (!s.activations) m.device->activation_memory.reset();
    m = random_device(m, d);
    m.device->dma.split = s.split;
    m.device->dma.transport = s.transport;
    cim_device_options options;
    options.data = s.data;
    options.dma = s.dma;
    options.window = s.window;
    device_bench<W> b(m, options);
    guests<W> g(b, s, s.data);
    const auto* const info = testing::UnitTest::GetInstance()->current_test_info();
    const auto test = std::string(info->test_suite_name()) + "." + info->name();
    b.run([&] { g.run(seed, first, count, test); });
    const auto& e = g.ended;
    std::cout << "guests: seed " << seed << ", programs " << count << " from " << first << ": idle " << e.idle
              << ", busy " << e.busy << ", errors";
    for (std::uint32_t code = 1; code <= CIM_ERROR_QUEUE_FULL; ++code) std::cout << ' ' << code << ':' << e.codes[code];
    std::cout << "; commands " << e.commands << ", accesses " << e.accesses << ", refused " << e.refused << ", resets "
              << e.resets << " (" << e.resets_while_busy << " while busy), interrupts handled " << e.handled
              << ", states " << e.states << ", pointers " << e.pointers << ", exact products " << e.products
              << std::endl;
}

constexpr auto blocking = dma_transport::blocking, non_blocking = dma_transport::non_blocking;
const setting settings[] = {
    // split, transport; DMA, window, data, activation memory
    {"operand", [] { return study::rf("digital_6t"); }, dma_split::operand, blocking, true, true, true, true},
    {"row", [] { return study::in_smem("digital_8t", 3); }, dma_split::row, blocking, true, true, true, true},
    {"pow2", [] { return study::rf("analog_6t", 2); }, dma_split::aligned_pow2, blocking, true, true, true, true},
    {"operand_nb", [] { return study::in_smem("digital_8t", 2); }, dma_split::operand, non_blocking, true, true, true,
     true},
    {"row_nb", [] { return study::in_smem("digital_6t", 1); }, dma_split::row, non_blocking, true, true, true, true},
    {"pow2_nb", [] { return study::in_smem("analog_8t", 5); }, dma_split::aligned_pow2, non_blocking, true, true, true,
     true},
    {"no_dma", [] { return study::rf("digital_8t", 3); }, dma_split::row, blocking, false, true, true, true},
    {"no_window", [] { return study::rf("digital_6t", 2); }, dma_split::aligned_pow2, non_blocking, true, false, true,
     true},
    {"no_activations", [] { return study::in_smem("analog_6t", 3); }, dma_split::operand, blocking, true, true, true,
     false},
    {"no_data", [] { return study::in_smem("digital_8t", 4); }, dma_split::row, blocking, true, true, false, true},
};

class device_guest : public testing::TestWithParam<setting> {};

TEST_P(device_guest, ends_in_a_defined_status_on_a_64_bit_bus) { random_guests<64>(GetParam(), 1); }
TEST_P(device_guest, ends_in_a_defined_status_on_a_32_bit_bus) { random_guests<32>(GetParam(), 2); }

INSTANTIATE_TEST_SUITE_P(machines, device_guest, testing::ValuesIn(settings),
                         [](const auto& of) { return std::string(of.param.name); });

// ---- Accidents that chance seldom meets --------------------------------------------------------------------------

struct accident {
    explicit accident(int split)
        : b(slow(static_cast<dma_split>(split))) {}
    static machine slow(dma_split split) {
        auto m = with_device(study::rf("digital_6t"));
        m.memories.front().latency_cycles = 200;
        m.device->dma.split = split;
        m.device->dma.burst_bytes = 0;
        return m;
    }
    std::uint32_t get(std::uint32_t offset) { return b.io.read(&b, offset); }
    void set(std::uint32_t offset, std::uint32_t value) { b.io.write(&b, offset, value); }
    void start_ring(std::uint32_t entries) {
        set(CIM_RING_BASE_LO, low(ring_address));
        set(CIM_RING_ENTRIES, entries);
        set(CIM_CONTROL, CIM_CONTROL_ENABLE);
    }
    void submit(const cim_descriptor& d) {
        for (std::uint32_t i = 0; i < d.size(); ++i) set(CIM_DESCRIPTOR + 4 * i, d[i]);
        set(CIM_SUBMIT, 1);
    }
    void come_to_an_end() {
        for (int i = 0; i < 1000 && get(CIM_STATUS) & CIM_STATUS_BUSY; ++i) b.host.spend(1'000'000);
    }
    device_bench<64> b;
};

TEST(device_accident, a_tail_that_goes_back_while_a_command_is_fetched_is_an_overrun) {
    accident a(0);
    a.b.run([&] {
        cim_descriptor fence{};
        fence[CIM_WORD_COMMAND] = CIM_COMMAND_FENCE;
        a.b.write(ring_address, fence.data(), CIM_DESCRIPTOR_BYTES);
        a.start_ring(4);
        a.set(CIM_RING_TAIL, 1);
        a.set(CIM_RING_TAIL, 0);
        a.come_to_an_end();
        EXPECT_EQ(a.get(CIM_RING_HEAD), 1u);
        EXPECT_EQ(a.get(CIM_ERROR_CODE), CIM_ERROR_RING_OVERRUN);
        EXPECT_EQ(a.get(CIM_STATUS), CIM_STATUS_ERROR);
        EXPECT_EQ(a.get(CIM_COMPLETED), 1u) << "the fence was taken before";
        EXPECT_EQ(a.get(CIM_ERROR_COMMAND), 1u);
    });
}

class device_accident_of_split : public testing::TestWithParam<int> {};

// Its first row goes to CIM_CONTROL, its second one nowhere: the error must not take the place of the reset.
TEST_P(device_accident_of_split, a_result_that_resets_the_device_does_so) {
    accident a(GetParam());
    a.b.run([&] {
        const unsigned char factors[] = {1, 1, CIM_CONTROL_RESET};
        a.b.write(arena_address, factors, sizeof factors);
        a.set(CIM_SCRATCH, 1);
        a.submit(mode_command(CIM_MODE_COMPUTE));
        cim_descriptor d{};
        d[CIM_WORD_COMMAND] = CIM_COMMAND_GEMM;
        d[CIM_WORD_PRECISION] = 8 | 8 << 8 | 32 << 16;
        d[CIM_WORD_M] = 2;
        d[CIM_WORD_N] = d[CIM_WORD_K] = d[CIM_WORD_A_STRIDE] = d[CIM_WORD_B_STRIDE] = 1;
        d[CIM_WORD_Z_STRIDE] = 0x2000'0000;
        set_wide(d, CIM_WORD_A_LO, arena_address);
        set_wide(d, CIM_WORD_B_LO, arena_address + 2);
        set_wide(d, CIM_WORD_Z_LO, control_address + CIM_CONTROL);
        a.submit(d);
        a.come_to_an_end();
        EXPECT_EQ(a.get(CIM_STATUS), 0u);
        EXPECT_EQ(a.get(CIM_ERROR_CODE), CIM_ERROR_NONE);
        EXPECT_EQ(a.get(CIM_CONTROL), 0u);
        EXPECT_EQ(a.get(CIM_SCRATCH), 0u);
        EXPECT_EQ(a.get(CIM_COMPLETED), 0u);
        EXPECT_EQ(a.get(CIM_DESCRIPTOR), 0u);
    });
}
INSTANTIATE_TEST_SUITE_P(payloads, device_accident_of_split,
                         testing::Values(static_cast<int>(dma_split::row), static_cast<int>(dma_split::aligned_pow2)));

} // namespace

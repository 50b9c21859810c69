/// Are products of any size, precision, placement and tiling exact through driver and device, and is nothing else
/// written?
#include "device_bench.h"
#include "driver/random_product.h"

#include <sstream>

namespace {
using namespace device_test;

/// The device's memories beside copies of them on which the reference works.
template <unsigned W> struct comparison {
    comparison(device_bench<W>& b, std::uint64_t seed, std::size_t bytes)
        : b(b)
        , maker(seed, expected) {
        expected.system.resize(bytes);
        expected.activation.resize(b.cim.activation_bytes);
        expected.base = memory_address;
        maker.fill(expected.system);
        maker.fill(expected.activation);
        b.write(memory_address, expected.system.data(), expected.system.size());
        if (!expected.activation.empty())
            b.write(window_address, expected.activation.data(), expected.activation.size());
    }

    void compare(const product& g) {
        memories found{std::vector<std::uint8_t>(expected.system.size()),
                       std::vector<std::uint8_t>(expected.activation.size()), memory_address};
        b.read(memory_address, found.system.data(), found.system.size());
        if (!expected.activation.empty()) b.read(window_address, found.activation.data(), found.activation.size());
        forget_workspace(g, found);
        forget_workspace(g, expected);
        const auto system = std::mismatch(found.system.begin(), found.system.end(), expected.system.begin());
        if (system.first != found.system.end())
            ADD_FAILURE() << "system memory differs at " << system.first - found.system.begin() << ", Z at "
                          << g.z - memory_address;
        const auto local = std::mismatch(found.activation.begin(), found.activation.end(), expected.activation.begin());
        if (local.first != found.activation.end())
            ADD_FAILURE() << "activation memory differs at " << local.first - found.activation.begin();
        expected.system = found.system; // the next product begins from here
        expected.activation = found.activation;
    }

    device_bench<W>& b;
    memories expected;
    product_maker maker;
};

constexpr std::uint64_t ring_offset = 0xff0000;
unsigned char ring_memory[64 * CIM_DESCRIPTOR_BYTES] __attribute__((aligned(CIM_DESCRIPTOR_BYTES)));

/// A ring whose host side is this program's memory: the barrier copies it.
template <unsigned W> void use_ring(device_bench<W>& b) {
    b.io.barrier = [](void* self) {
        auto& bench = *static_cast<device_bench<W>*>(self);
        bench.write(memory_address + ring_offset, ring_memory, sizeof ring_memory);
    };
}

struct setting {
    const char* name;
    machine (*make)();
    bool ring;
    dma_split split;
    dma_transport transport;
};

machine random_device(machine m, std::mt19937_64& random) {
    auto& d = *m.device;
    const auto below = [&](std::int64_t n) {
        return static_cast<std::int64_t>(random() % static_cast<unsigned long>(n));
    };
    d.max_m = 1 + below(80);
    d.max_n = 1 + below(80);
    d.max_k = 8 + below(400);
    d.queue = 1 + below(4);
    d.dma.outstanding = below(5);
    d.dma.burst_bytes = 8 << below(5);
    m.dma.arbitration_bytes = 64 << below(8); // pieces within rows, too
    m.dma.double_buffer = below(4) != 0;
    return m;
}

template <unsigned W> void random_products(const setting& s, int trials, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    auto m = random_device(with_device(s.make()), random);
    m.device->dma.split = s.split;
    m.device->dma.transport = s.transport;
    device_bench<W> b(m);
    if (s.ring) use_ring(b);
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        if (s.ring) {
            ASSERT_EQ(cim_ring_init(&b.cim, ring_memory, memory_address + ring_offset, 1u << random() % 7), CIM_OK);
        }
        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
        for (int i = 0; i < trials; ++i) {
            comparison<W> run(b, random(), 256 * 1024);
            auto& maker = run.maker;
            auto g = maker.make(maker.extent(70), maker.extent(70), maker.extent(300));
            maker.add_tiles(g);
            if (maker.chance(0.3)) {
                g.first_array = static_cast<std::uint32_t>(maker.below(b.cim.arrays));
                g.arrays = static_cast<std::uint32_t>(maker.below(b.cim.arrays - g.first_array + 1));
            }
            if (g.z_bits != 32 || maker.chance(0.2)) maker.add_workspace(g);
            std::ostringstream what;
            what << g;
            SCOPED_TRACE(std::string(s.name) + " seed " + std::to_string(seed) + " product " + std::to_string(i) +
                         ": " + what.str());
            apply_reference(g, run.expected);
            const bool weights_held = maker.chance(0.2);
            int result = CIM_OK;
            if (weights_held) {
                result = cim_load_weights(&b.cim, &g);
                if (result == CIM_OK) {
                    auto held = g;
                    held.flags |= CIM_FLAG_HELD;
                    result = cim_gemm(&b.cim, &held);
                } else if (b.cim.error.code == CIM_ERROR_WEIGHTS_TOO_LARGE || result == CIM_TOO_LARGE) {
                    if (result == CIM_STOPPED) {
                        ASSERT_EQ(cim_reset(&b.cim), CIM_OK);
                        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
                    }
                    result = cim_gemm(&b.cim, &g);
                }
            } else {
                result = cim_gemm(&b.cim, &g);
            }
            ASSERT_EQ(result, CIM_OK) << cim_result_text(result) << ", " << cim_error_text(b.cim.error.code);
            run.compare(g);
            if (testing::Test::HasFailure()) return;
        }
    });
}

const setting settings[] = {
    {"rf_digital_6t", [] { return study::rf("digital_6t"); }, false, dma_split::operand, dma_transport::blocking},
    {"rf_analog_6t", [] { return study::rf("analog_6t", 12); }, true, dma_split::aligned_pow2, dma_transport::blocking},
    {"smem_digital_6t", [] { return study::in_smem("digital_6t", 3); }, true, dma_split::row,
     dma_transport::non_blocking},
    {"smem_digital_8t", [] { return study::in_smem("digital_8t"); }, false, dma_split::aligned_pow2,
     dma_transport::non_blocking},
    {"smem_analog_8t", [] { return study::in_smem("analog_8t", 5); }, true, dma_split::row, dma_transport::blocking},
};

class device_gemm : public testing::TestWithParam<setting> {};

TEST_P(device_gemm, random_products_are_exact_on_a_64_bit_bus) { random_products<64>(GetParam(), 60, 1); }
TEST_P(device_gemm, random_products_are_exact_on_a_32_bit_bus) { random_products<32>(GetParam(), 60, 2); }

INSTANTIATE_TEST_SUITE_P(machines, device_gemm, testing::ValuesIn(settings),
                         [](const auto& info) { return std::string(info.param.name); });

} // namespace

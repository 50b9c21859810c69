/// Does the driver find a device, take it over as it stands, and reset it?
#include "bench.h"

#include <set>
#include <string>

namespace {

TEST(driver_probe, reads_what_the_device_is) {
    bench b;
    ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
    EXPECT_EQ(b.cim.version, CIM_VERSION_VALUE);
    EXPECT_EQ(b.cim.arrays, 4u);
    EXPECT_EQ(b.cim.array_rows, 32u);
    EXPECT_EQ(b.cim.array_columns, 16u);
    EXPECT_EQ(b.cim.array_bytes, 512u);
    EXPECT_EQ(b.cim.input_bits, 8u);
    EXPECT_EQ(b.cim.weight_bits, 8u);
    EXPECT_EQ(b.cim.activation_bytes, 64u * 1024);
    EXPECT_EQ(b.cim.max_m, 64u);
    EXPECT_EQ(b.cim.max_n, 48u);
    EXPECT_EQ(b.cim.max_k, 256u);
    EXPECT_EQ(b.cim.max_ring, 64u);
    EXPECT_EQ(b.cim.queue, 3u);
    EXPECT_EQ(b.cim.clock_khz, 1000000u);
    EXPECT_EQ(b.cim.mode, CIM_MODE_MEMORY);
    EXPECT_EQ(cim_array_offset(&b.cim, 3), 64u * 1024 + 3 * 512);
}

TEST(driver_probe, refuses_what_is_not_the_device) {
    mock::config c;
    c.id = 0;
    bench nothing(c);
    EXPECT_EQ(cim_probe(&nothing.cim, &nothing.io), CIM_NO_DEVICE);
    c.id = CIM_ID_VALUE;
    c.version = 0x00020000;
    bench other(c);
    EXPECT_EQ(cim_probe(&other.cim, &other.io), CIM_BAD_VERSION);
    c.version = CIM_VERSION_VALUE + 1;
    bench newer(c);
    EXPECT_EQ(cim_probe(&newer.cim, &newer.io), CIM_OK) << "a minor version adds";
    EXPECT_EQ(cim_probe(nullptr, &newer.io), CIM_BAD_ARGUMENT);
    EXPECT_EQ(cim_probe(&newer.cim, nullptr), CIM_BAD_ARGUMENT);
    newer.io.read = nullptr;
    EXPECT_EQ(cim_probe(&newer.cim, &newer.io), CIM_BAD_ARGUMENT);
}

TEST(driver_probe, resets_a_device_that_works_or_is_stopped) {
    bench b;
    b.device.write(CIM_DESCRIPTOR, CIM_COMMAND_FENCE);
    b.device.stuck = true;
    b.device.write(CIM_SUBMIT, 1);
    ASSERT_TRUE(b.device.read(CIM_STATUS) & CIM_STATUS_BUSY);
    ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
    EXPECT_FALSE(b.device.read(CIM_STATUS) & CIM_STATUS_BUSY);
    b.device.stuck = false;

    b.device.write(CIM_DESCRIPTOR, 99);
    b.device.write(CIM_SUBMIT, 1);
    while (!(b.device.read(CIM_STATUS) & CIM_STATUS_ERROR)) {
    }
    ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
    EXPECT_FALSE(b.device.read(CIM_STATUS) & CIM_STATUS_ERROR);
    EXPECT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK) << "the descriptor was cleared";
}

TEST(driver_probe, clears_what_others_left) {
    bench b;
    b.device.write(CIM_DESCRIPTOR + 4 * 30, 5);
    b.device.write(CIM_SCRATCH, 5);
    ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
    EXPECT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
    b.device.write(CIM_RING_TAIL, 3); // nobody serves it yet
    ASSERT_EQ(b.use_ring(4), CIM_OK);
    EXPECT_EQ(cim_mode(&b.cim, CIM_MODE_MEMORY), CIM_OK);
    EXPECT_EQ(b.device.executed.size(), 2u);
}

TEST(driver_probe, goes_on_where_an_idle_device_stands) {
    bench b;
    b.device.preset(41);
    ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
    EXPECT_EQ(b.cim.submitted, 41u);
    EXPECT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
    struct cim second;
    ASSERT_EQ(cim_probe(&second, &b.io), CIM_OK);
    EXPECT_EQ(second.mode, CIM_MODE_COMPUTE);
    EXPECT_EQ(second.submitted, 42u);
}

TEST(driver_probe, reset_sets_up_ring_and_interrupts_again) {
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start(8));
    ASSERT_EQ(cim_interrupts(&b.cim, CIM_IRQ_DONE), CIM_OK);
    auto words = command(CIM_COMMAND_FENCE);
    b.device.stuck = true;
    for (int i = 0; i < 5; ++i) ASSERT_EQ(cim_submit(&b.cim, words.data(), nullptr), CIM_OK);
    ASSERT_EQ(cim_reset(&b.cim), CIM_OK);
    EXPECT_EQ(b.cim.mode, CIM_MODE_MEMORY);
    EXPECT_EQ(b.cim.submitted, 0u);
    EXPECT_EQ(b.device.read(CIM_IRQ_ENABLE), CIM_IRQ_DONE | CIM_IRQ_ERROR);
    b.device.stuck = false;
    EXPECT_EQ(cim_submit(&b.cim, words.data(), nullptr), CIM_OK);
    EXPECT_EQ(cim_wait_all(&b.cim), CIM_OK);
    EXPECT_EQ(b.device.read(CIM_RING_HEAD), 1u);
}

TEST(driver_probe, counters_are_64_bit) {
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start());
    struct cim_gemm g = {};
    g.m = 5;
    g.n = 6;
    g.k = 7;
    g.a_bits = g.b_bits = 8;
    g.z_bits = 32;
    g.a = b.address(0);
    g.b = b.address(64);
    g.z = b.address(128);
    ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
    EXPECT_EQ(cim_latched(&b.cim, CIM_COUNT_MACS), 0u) << "not latched";
    EXPECT_EQ(cim_count(&b.cim, CIM_COUNT_MACS), 5u * 6 * 7);
}

TEST(driver_probe, memory_mapped_access_reaches_the_registers) {
    std::vector<std::uint32_t> window(CIM_WINDOW_BYTES / 4);
    struct cim_io io = cim_memory_mapped(window.data());
    io.write(io.context, CIM_SCRATCH, 0x12345678);
    io.barrier(io.context);
    EXPECT_EQ(window[CIM_SCRATCH / 4], 0x12345678u);
    EXPECT_EQ(io.read(io.context, CIM_SCRATCH), 0x12345678u);
    EXPECT_EQ(io.relax, nullptr);
}

TEST(driver_probe, every_result_has_a_text) {
    std::set<std::string> texts;
    for (int result = CIM_OK; result >= CIM_NO_DMA; --result) texts.insert(cim_result_text(result));
    EXPECT_EQ(texts.size(), 1u - CIM_NO_DMA);
    EXPECT_EQ(texts.count("unknown result"), 0u);
    for (int result : {1, CIM_NO_DMA - 1, INT32_MIN, INT32_MAX})
        EXPECT_STREQ(cim_result_text(result), "unknown result");
}

} // namespace

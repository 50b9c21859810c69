/// Do commands arrive in order and once, through rings of any size, across 2^32, and through registers; do waits end?
#include "bench.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace {

/// A fence is the only command without operands; a MODE tells which one it was.
std::vector<std::uint32_t> numbered(std::uint32_t i) {
    auto words = command(CIM_COMMAND_MODE);
    words[CIM_WORD_MODE] = i % 3 == 0;
    return words;
}

TEST(driver_ring, commands_arrive_in_order_and_once) {
    for (std::uint32_t entries : {0u, 1u, 2u, 4u, 8u, 64u}) {
        for (std::uint32_t first : {0u, 0xfffffff0u, 0x7ffffff8u}) {
            SCOPED_TRACE(std::to_string(entries) + " entries from " + std::to_string(first));
            bench b;
            b.device.preset(first);
            ASSERT_NO_FATAL_FAILURE(b.start(entries));
            b.device.executed.clear();
            for (std::uint32_t i = 0; i < 200; ++i) {
                std::uint32_t ticket;
                ASSERT_EQ(cim_submit(&b.cim, numbered(i).data(), &ticket), CIM_OK);
                EXPECT_EQ(ticket, first + 2 + i); // after the MODE of start
            }
            ASSERT_EQ(cim_wait_all(&b.cim), CIM_OK);
            ASSERT_EQ(b.device.executed.size(), 200u);
            for (std::uint32_t i = 0; i < 200; ++i) EXPECT_EQ(b.device.executed[i], numbered(i)) << i;
            EXPECT_EQ(b.device.read(CIM_COMPLETED), first + 201);
            EXPECT_LE(b.device.most_waiting, (entries ? entries : 0) + b.device.configuration.queue);
            EXPECT_GE(b.device.most_waiting, entries) << "the ring was never full";
        }
    }
}

TEST(driver_ring, a_full_ring_waits_and_loses_nothing) {
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start(4));
    b.device.stuck = true;
    b.cim.poll_limit = 50;
    const auto fence = command(CIM_COMMAND_FENCE);
    unsigned taken = 0;
    while (cim_submit(&b.cim, fence.data(), nullptr) == CIM_OK) ++taken;
    EXPECT_EQ(taken, 4 + b.device.configuration.queue) << "what the ring and the queue hold";
    EXPECT_EQ(cim_submit(&b.cim, fence.data(), nullptr), CIM_TIMED_OUT);
    EXPECT_EQ(cim_wait_all(&b.cim), CIM_TIMED_OUT);
    b.device.stuck = false;
    EXPECT_EQ(cim_submit(&b.cim, fence.data(), nullptr), CIM_OK);
    EXPECT_EQ(cim_wait_all(&b.cim), CIM_OK);
    EXPECT_EQ(b.device.executed.size(), taken + 2u); // and the MODE of start
}

TEST(driver_ring, a_full_queue_waits_and_loses_nothing) {
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start());
    b.device.stuck = true;
    b.cim.poll_limit = 50;
    const auto fence = command(CIM_COMMAND_FENCE);
    unsigned taken = 0;
    while (cim_submit(&b.cim, fence.data(), nullptr) == CIM_OK) ++taken;
    EXPECT_EQ(taken, b.device.configuration.queue);
    b.device.stuck = false;
    EXPECT_EQ(cim_wait_all(&b.cim), CIM_OK);
    EXPECT_FALSE(b.device.read(CIM_STATUS) & CIM_STATUS_ERROR);
}

TEST(driver_ring, tickets_hold_across_two_to_the_32) {
    bench b;
    b.device.preset(0xfffffffe);
    ASSERT_NO_FATAL_FAILURE(b.start(8));
    const auto fence = command(CIM_COMMAND_FENCE);
    std::uint32_t before, after;
    ASSERT_EQ(cim_submit(&b.cim, fence.data(), &before), CIM_OK);
    ASSERT_EQ(cim_submit(&b.cim, fence.data(), &after), CIM_OK);
    EXPECT_EQ(before, 0u);
    EXPECT_EQ(after, 1u);
    EXPECT_FALSE(cim_finished(&b.cim, after));
    EXPECT_EQ(cim_wait(&b.cim, before), CIM_OK);
    EXPECT_TRUE(cim_finished(&b.cim, 0xffffffff));
    EXPECT_EQ(cim_wait(&b.cim, after), CIM_OK);
    EXPECT_TRUE(cim_finished(&b.cim, before));
}

TEST(driver_ring, a_limit_of_looks_is_kept) {
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start(8));
    b.device.stuck = true;
    ASSERT_EQ(cim_submit(&b.cim, command(CIM_COMMAND_FENCE).data(), nullptr), CIM_OK);
    b.cim.poll_limit = 17;
    const auto before = b.device.looks;
    EXPECT_EQ(cim_wait_all(&b.cim), CIM_TIMED_OUT);
    EXPECT_EQ(b.device.looks - before, 2u * 17);
    EXPECT_EQ(cim_ring_init(&b.cim, nullptr, 0, 0), CIM_TIMED_OUT) << "commands are under way";
    EXPECT_EQ(cim_reset(&b.cim), CIM_OK) << "ends what is stuck";
    b.device.stuck = false;
    EXPECT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
}

TEST(driver_ring, a_reset_that_does_not_end_times_out) {
    mock::config c;
    c.steps_a_reset = 1000;
    bench b(c);
    ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
    b.cim.poll_limit = 10;
    EXPECT_EQ(cim_reset(&b.cim), CIM_TIMED_OUT);
    b.cim.poll_limit = 0;
    EXPECT_EQ(cim_reset(&b.cim), CIM_OK);
}

TEST(driver_ring, refuses_rings_that_make_no_sense) {
    bench b;
    ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
    void* memory = b.device.memory.data();
    EXPECT_EQ(cim_ring_init(&b.cim, memory, b.address(0), 3), CIM_BAD_ARGUMENT);
    EXPECT_EQ(cim_ring_init(&b.cim, memory, b.address(0), 128), CIM_BAD_ARGUMENT) << "above CIM_MAX_RING";
    EXPECT_EQ(cim_ring_init(&b.cim, memory, b.address(64), 4), CIM_BAD_ARGUMENT);
    EXPECT_EQ(cim_ring_init(&b.cim, b.device.memory.data() + 2, b.address(0), 4), CIM_BAD_ARGUMENT);
    EXPECT_EQ(cim_ring_init(&b.cim, memory, b.address(0), 64), CIM_OK);

    mock::config c;
    c.capabilities &= ~CIM_CAPABILITY_DMA;
    bench without(c);
    ASSERT_EQ(cim_probe(&without.cim, &without.io), CIM_OK);
    EXPECT_EQ(without.use_ring(4), CIM_NO_DMA);
    EXPECT_EQ(cim_mode(&without.cim, CIM_MODE_COMPUTE), CIM_OK) << "registers serve all devices";
}

TEST(driver_ring, changes_between_rings_and_registers) {
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start(4));
    const auto fence = command(CIM_COMMAND_FENCE);
    for (std::uint32_t entries : {16u, 0u, 2u, 0u, 64u}) {
        ASSERT_EQ(cim_submit(&b.cim, fence.data(), nullptr), CIM_OK);
        ASSERT_EQ(entries ? b.use_ring(entries) : cim_ring_init(&b.cim, nullptr, 0, 0), CIM_OK);
        EXPECT_EQ(b.device.read(CIM_CONTROL), entries ? CIM_CONTROL_ENABLE : 0u);
        ASSERT_EQ(cim_submit(&b.cim, fence.data(), nullptr), CIM_OK);
    }
    ASSERT_EQ(cim_wait_all(&b.cim), CIM_OK);
    EXPECT_EQ(b.device.executed.size(), 11u);
}

TEST(driver_ring, memory_is_ordered_before_the_doorbell_and_after_the_end) {
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start(4));
    const auto before = b.barriers;
    ASSERT_EQ(cim_submit(&b.cim, command(CIM_COMMAND_FENCE).data(), nullptr), CIM_OK);
    EXPECT_EQ(b.barriers, before + 1);
    ASSERT_EQ(cim_wait_all(&b.cim), CIM_OK);
    EXPECT_EQ(b.barriers, before + 2);
}

/// A CPU that sleeps until the interrupt is pending, as cim_interrupts advises.
struct sleeper : bench {
    using bench::bench;
    void sleep() {
        for (int steps = 0; !device.interrupt(); ++steps) {
            if (steps == 10000) throw std::runtime_error("nothing would wake it up");
            device.step();
        }
        ++wakes;
        causes |= cim_interrupt_handler(&cim);
    }
    void use_interrupts(std::uint32_t mask) {
        cim.io.context = static_cast<bench*>(this);
        cim.io.relax = [](void* self) { static_cast<sleeper*>(static_cast<bench*>(self))->sleep(); };
        ASSERT_EQ(cim_interrupts(&cim, mask), CIM_OK);
    }
    unsigned wakes = 0;
    std::uint32_t causes = 0;
};

TEST(driver_interrupts, a_sleeping_host_is_woken_up) {
    for (std::uint32_t entries : {0u, 1u, 2u, 4u, 16u}) {
        SCOPED_TRACE(entries);
        mock::config c;
        c.steps_a_command = 100;
        sleeper b(c);
        ASSERT_NO_FATAL_FAILURE(b.start(entries));
        ASSERT_NO_FATAL_FAILURE(b.use_interrupts(CIM_IRQ_DONE));
        b.device.looks = 0;
        struct cim_gemm g = {}; // cut into 100 commands
        g.m = 100;
        g.tile_m = 1;
        g.n = g.k = 4;
        g.a_bits = g.b_bits = 8;
        g.z_bits = 32;
        g.a = b.address(0);
        g.b = b.address(0x1000);
        g.z = b.address(0x2000);
        ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
        EXPECT_EQ(b.causes, CIM_IRQ_DONE);
        EXPECT_EQ(b.cim.interrupts, b.wakes);
        EXPECT_LT(b.device.looks, 100 * 10u) << "polls";
        EXPECT_LT(b.wakes, 100 / std::max(entries / 2, 1u) + 3) << "an interrupt for each half of the ring";
        EXPECT_FALSE(b.device.interrupt());
        EXPECT_EQ(cim_interrupt_handler(&b.cim), 0u) << "another device's";
    }
}

TEST(driver_interrupts, the_last_command_of_a_product_asks_for_one) {
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start(64));
    ASSERT_EQ(cim_interrupts(&b.cim, CIM_IRQ_DONE), CIM_OK);
    struct cim_gemm g = {}; // 2 x 2 x 2 commands
    g.m = g.n = g.k = 8;
    g.tile_m = g.tile_n = g.tile_k = 4;
    g.a_bits = g.b_bits = 8;
    g.z_bits = 32;
    g.a = b.address(0);
    g.b = b.address(0x1000);
    g.z = b.address(0x2000);
    b.device.executed.clear();
    ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
    ASSERT_EQ(b.device.executed.size(), 8u);
    for (std::size_t i = 0; i < 8; ++i)
        EXPECT_EQ((b.device.executed[i][CIM_WORD_COMMAND] & CIM_FLAG_INTERRUPT) != 0, i == 7) << i;
}

TEST(driver_interrupts, an_error_wakes_up_too) {
    sleeper b;
    ASSERT_NO_FATAL_FAILURE(b.start(8));
    ASSERT_NO_FATAL_FAILURE(b.use_interrupts(CIM_IRQ_DONE));
    ASSERT_EQ(cim_submit(&b.cim, command(77).data(), nullptr), CIM_OK);
    EXPECT_EQ(cim_wait_all(&b.cim), CIM_STOPPED);
    EXPECT_EQ(b.causes, CIM_IRQ_ERROR);
    EXPECT_EQ(cim_last_error(&b.cim)->code, CIM_ERROR_COMMAND_UNKNOWN);
}

TEST(driver_interrupts, a_handler_of_its_own_sees_each_cause_once) {
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start(8));
    unsigned done = 0, idle = 0;
    b.device.on_interrupt = [&] {
        const auto causes = cim_interrupt_handler(&b.cim);
        done += (causes & CIM_IRQ_DONE) != 0;
        idle += (causes & CIM_IRQ_IDLE) != 0;
    };
    ASSERT_EQ(cim_interrupts(&b.cim, CIM_IRQ_DONE | CIM_IRQ_IDLE), CIM_OK);
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(cim_submit(&b.cim, command(CIM_COMMAND_FENCE).data(), nullptr), CIM_OK);
        ASSERT_EQ(cim_wait_all(&b.cim), CIM_OK);
    }
    EXPECT_EQ(done, 5u);
    EXPECT_EQ(idle, 5u);
    EXPECT_EQ(cim_interrupts(&b.cim, 8), CIM_BAD_ARGUMENT);
    ASSERT_EQ(cim_interrupts(&b.cim, 0), CIM_OK);
    ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_MEMORY), CIM_OK);
    EXPECT_EQ(b.cim.interrupts, 10u) << "quiet again";
}

} // namespace

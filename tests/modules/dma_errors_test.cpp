/// What becomes of errors in a DMA, and of transfers under way when it is aborted or goes?
#include <cimtlm/base/error.h>

#include <functional>

#include "dma_bench.h"

namespace {

using namespace dma_bench;
using dma_bench::memory_kind; // not the one of machines

// ---- Errors ----

class dma_errors : public testing::TestWithParam<dma_transport> {};

TEST_P(dma_errors, the_first_one_ends_a_transfer) {
    bench b({dma_split::aligned_pow2, GetParam(), 64, 0, 4});
    foreign_memory memory("memory", true);
    memory.bad_from = 640;
    b.watch.out.bind(memory.in);
    bool done = false;
    b.kernel.spawn([&] {
        std::vector<unsigned char> data(4096, 9);
        for (const auto command : {tlm::TLM_WRITE_COMMAND, tlm::TLM_READ_COMMAND}) {
            b.watch.log.clear();
            const auto r = b.move(command, 0, data);
            EXPECT_EQ(r.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
            EXPECT_GE(b.watch.log.size(), 11u);
            EXPECT_LE(b.watch.log.size(), GetParam() == dma_transport::blocking ? 11u : 14u);
            b.kernel.wait_until(b.kernel.now_ps() + r.delay_ps);
        }
        EXPECT_EQ(b.mover.bytes_read(), 640);
        EXPECT_EQ(b.mover.bytes_written(), 640);
        EXPECT_GE(b.mover.errors(), 2);
        EXPECT_EQ(b.read(0, 640).status, tlm::TLM_OK_RESPONSE) << "goes on";
        done = true;
    });
    sc_core::sc_start();
    EXPECT_TRUE(done) << b.mover.waiting_for();
}

TEST_P(dma_errors, what_cannot_be_sent_is_refused) {
    bench b({dma_split::row, GetParam(), 64, 0, 4});
    foreign_memory memory("memory", true);
    b.watch.out.bind(memory.in);
    unsigned char data[64] = {}, enable[1] = {TLM_BYTE_ENABLED};
    b.kernel.spawn([&] {
        const auto status = [&](const std::function<void(tlm::tlm_generic_payload&)>& change) {
            tlm::tlm_generic_payload p;
            testkit::fill(p, tlm::TLM_READ_COMMAND, 0, data, 64);
            change(p);
            auto delay = sc_core::SC_ZERO_TIME;
            b.client.out->b_transport(p, delay);
            return p.get_response_status();
        };
        EXPECT_EQ(status([](auto&) {}), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_data_length(0); }), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_streaming_width(8); }), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_streaming_width(0); }), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_data_ptr(nullptr); }), tlm::TLM_GENERIC_ERROR_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_address(~std::uint64_t{0} - 5); }), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_command(tlm::TLM_IGNORE_COMMAND); }), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(status([&](auto& p) {
                      p.set_byte_enable_ptr(enable);
                      p.set_byte_enable_length(1);
                  }),
                  tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    });
    sc_core::sc_start();
    EXPECT_EQ(b.mover.bytes_read(), 128);
    EXPECT_EQ(b.mover.errors(), 5);
}

INSTANTIATE_TEST_SUITE_P(all, dma_errors, testing::Values(dma_transport::blocking, dma_transport::non_blocking));

TEST(dma, refuses_parameters_that_make_no_sense) {
    local_kernel kernel("kernel");
    EXPECT_THROW(dma<>("a", {dma_split::row, dma_transport::blocking, -1, 0, 0}, cycle_ps, kernel), input_error);
    EXPECT_THROW(dma<>("b", {dma_split::row, dma_transport::blocking, 1, -1, 0}, cycle_ps, kernel), input_error);
    EXPECT_THROW(dma<>("c", {dma_split::row, dma_transport::blocking, 1, 0, -1}, cycle_ps, kernel), input_error);
    EXPECT_THROW(dma<>("d", {}, 0, kernel), input_error);
}

// ---- Abort ----

class dma_abort : public testing::TestWithParam<memory_kind> {};

TEST_P(dma_abort, goes_on_afterwards) {
    bench b({dma_split::aligned_pow2, dma_transport::non_blocking, 64, 0, 4});
    std::unique_ptr<foreign_memory> foreign;
    std::unique_ptr<moody_memory> moody;
    if (GetParam() == memory_kind::moody) {
        moody = std::make_unique<moody_memory>("memory");
        b.watch.out.bind(moody->in);
    } else {
        foreign = std::make_unique<foreign_memory>("memory", GetParam() == memory_kind::foreign_frontend);
        b.watch.out.bind(foreign->in);
    }
    int begun = 0, done = 0;
    for (int id = 0; id < 3; ++id)
        b.kernel.spawn([&, id] {
            const auto value = static_cast<unsigned char>(++begun);
            // The buffers of those that are ended go with their stacks: late responses must not touch them.
            std::vector<unsigned char> out(700, value), in(700);
            const auto at = static_cast<std::uint64_t>(begun) * 4096;
            ASSERT_TRUE(b.move(tlm::TLM_WRITE_COMMAND, at, out).ok());
            ASSERT_TRUE(b.move(tlm::TLM_READ_COMMAND, at, in).ok());
            EXPECT_EQ(in, out);
            done += id >= 0;
        });
    testkit::process host(
        "host",
        [&] {
            for (int i = 1; i <= 30; ++i) {
                wait_ps(i * 3333);
                if (foreign) {
                    EXPECT_NE(b.mover.waiting_for(), "");
                }
                b.kernel.restart([&] { b.mover.abort(); });
            }
        },
        true);
    sc_core::sc_start();
    EXPECT_GE(done, 3) << b.mover.waiting_for();
    EXPECT_EQ(begun, 3 * 31);
    EXPECT_EQ(b.mover.waiting_for(), "");
}

INSTANTIATE_TEST_SUITE_P(all, dma_abort,
                         testing::Values(memory_kind::foreign, memory_kind::foreign_frontend, memory_kind::moody));

TEST(dma, abort_frees_the_port) {
    bench b({dma_split::aligned_pow2, dma_transport::blocking, 64, 1, 1});
    foreign_memory memory("memory", true);
    b.watch.out.bind(memory.in);
    std::vector<std::int64_t> delays;
    b.kernel.spawn([&] {
        if (delays.empty()) {
            delays.push_back(b.read(0, 6400).delay_ps); // books the port for long
            b.kernel.wait_until(delays[0]);
        }
        delays.push_back(b.read(0, 64).delay_ps);
    });
    testkit::process host(
        "host",
        [&] {
            wait_ps(1000);
            b.kernel.restart([&] { b.mover.abort(); });
        },
        true);
    sc_core::sc_start();
    ASSERT_EQ(delays.size(), 2u);
    EXPECT_GT(delays[0], 6400000);
    EXPECT_EQ(delays[1], 50000 + 64000);
}

TEST(dma, goes_with_transfers_under_way) {
    auto b =
        std::make_unique<bench>(device_dma_parameters{dma_split::aligned_pow2, dma_transport::non_blocking, 64, 0, 4});
    foreign_memory memory("memory", true);
    b->watch.out.bind(memory.in);
    for (int i = 0; i < 2; ++i)
        b->kernel.spawn([&] {
            b->read(0, 4096);
            ADD_FAILURE() << "still under way";
        });
    sc_core::sc_start(60000, sc_core::SC_PS);
    EXPECT_EQ(b->mover.waiting_for(), "4 responses of system memory");
    b.reset();
}

} // namespace

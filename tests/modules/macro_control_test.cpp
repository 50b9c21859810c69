/// When is a bare macro busy, what does it refuse, when does its interrupt come, who may point into it?
#include <cimtlm/base/error.h>
#include <cimtlm/macro/tensor_core.h>

#include "macro_bench.h"

namespace {

using namespace macro_bench;
using rows_t = std::vector<unsigned char>;

constexpr std::int64_t step = 7000;

struct macro_control : testing::Test {
    bench<> b;
    void SetUp() override { sc_core::sc_start(sc_core::SC_ZERO_TIME); }
    /// Ones everywhere: a sum is the number of rows.
    void fill_with_ones() {
        b.write(b.inputs(), rows_t(b.peek(CIM_MACRO_ROWS), 1));
        b.write(b.weights(), rows_t(b.peek(CIM_MACRO_WEIGHT_BYTES), 1));
    }
    std::uint32_t error() { return b.get(CIM_MACRO_ERROR_CODE); }
};

TEST_F(macro_control, tells_what_it_is) {
    EXPECT_EQ(b.get(CIM_MACRO_ID), CIM_MACRO_ID_VALUE);
    EXPECT_EQ(b.get(CIM_MACRO_VERSION), CIM_MACRO_VERSION_VALUE);
    EXPECT_EQ(b.get(CIM_MACRO_CAPABILITIES), CIM_MACRO_CAPABILITY_VOLATILE);
    EXPECT_EQ(b.get(CIM_MACRO_ROWS), 15u);
    EXPECT_EQ(b.get(CIM_MACRO_COLUMNS), 6u);
    EXPECT_EQ(b.get(CIM_MACRO_ROWS_PARALLEL), 5u);
    EXPECT_EQ(b.get(CIM_MACRO_COLUMNS_PARALLEL), 3u);
    EXPECT_EQ(b.get(CIM_MACRO_BITS), 8u | 8u << 8);
    EXPECT_EQ(b.get(CIM_MACRO_STEP_PS), 7000u);
    EXPECT_EQ(b.get(CIM_MACRO_WEIGHT_OFFSET), 0x1000u);
    EXPECT_EQ(b.get(CIM_MACRO_WEIGHT_STRIDE), 8u) << "6 bytes, rounded up to words";
    EXPECT_EQ(b.get(CIM_MACRO_WEIGHT_BYTES), 120u);
    EXPECT_EQ(b.get(CIM_MACRO_INPUT_OFFSET), 0x2000u);
    EXPECT_EQ(b.get(CIM_MACRO_INPUT_BYTES), 32u) << "15 of 16 bits, rounded up to words";
    EXPECT_EQ(b.get(CIM_MACRO_OUTPUT_OFFSET), 0x3000u);
    EXPECT_EQ(b.get(CIM_MACRO_OUTPUT_BYTES), 24u);
    EXPECT_EQ(b.macro.size_bytes(), 0x4000u);
    EXPECT_EQ(b.get(CIM_MACRO_PRECISION), CIM_MACRO_PRECISION_VALUE);
    EXPECT_EQ(b.get(CIM_MACRO_ROWS_USED), 15u);
    EXPECT_EQ(b.get(CIM_MACRO_COLUMNS_USED), 6u);
}

// The kernel stands still throughout: what counts is the time of the access.
TEST_F(macro_control, is_busy_until_its_time_and_not_until_a_process_runs) {
    fill_with_ones();
    b.start(15, 6);
    EXPECT_EQ(b.local_ps, b.macro.model().begin_ps()) << "begins when the register is written";
    const auto end = b.local_ps + 6 * step;
    EXPECT_EQ(b.macro.model().end_ps(), end);
    b.local_ps = end - 1001; // a register is read 1000 ps later
    EXPECT_EQ(b.get(CIM_MACRO_STATUS), CIM_MACRO_STATUS_BUSY);
    EXPECT_EQ(b.get(CIM_MACRO_COMPLETED), 1u);
    b.local_ps = end - 1001;
    EXPECT_EQ(b.get(CIM_MACRO_COMPLETED), 0u);
    b.local_ps = end - 1;
    EXPECT_EQ(b.read<std::uint32_t>(b.outputs(), 6), std::vector<std::uint32_t>(6, 0));
    b.local_ps = end - 1000;
    EXPECT_EQ(b.get(CIM_MACRO_STATUS), 0u);
    b.local_ps = end;
    EXPECT_EQ(b.read<std::uint32_t>(b.outputs(), 6), std::vector<std::uint32_t>(6, 15));
    EXPECT_EQ(sc_core::sc_time_stamp(), sc_core::SC_ZERO_TIME);
    b.local_ps = end - 1;
    EXPECT_EQ(b.read<std::uint32_t>(b.outputs(), 6), std::vector<std::uint32_t>(6, 0)) << "for whoever is behind";
}

TEST_F(macro_control, a_start_takes_inputs_with_it_and_settings_apply_to_the_next) {
    fill_with_ones();
    b.start(15, 6);
    b.write(b.inputs(), rows_t(15, 2));
    b.set(CIM_MACRO_ROWS_USED, 4);
    b.set(CIM_MACRO_PRECISION, 16 | 16 << 8);
    b.await();
    EXPECT_EQ(b.read<std::uint32_t>(b.outputs(), 6), std::vector<std::uint32_t>(6, 15));
    EXPECT_EQ(error(), CIM_MACRO_ERROR_NONE);
}

TEST_F(macro_control, accumulates_on_outputs_that_may_be_given) {
    fill_with_ones();
    b.write<std::uint32_t>(b.outputs(), {10, 20, 30, 0xffffffff, 50, 60});
    b.start(3, 4, true);
    b.await();
    EXPECT_EQ(b.read<std::uint32_t>(b.outputs(), 6), (std::vector<std::uint32_t>{13, 23, 33, 2, 50, 60}));
    b.start(3, 1, true);
    b.await();
    b.start(2, 2, false);
    b.await();
    EXPECT_EQ(b.read<std::uint32_t>(b.outputs(), 6), (std::vector<std::uint32_t>{2, 2, 33, 2, 50, 60}));
    EXPECT_EQ(b.get(CIM_MACRO_COMPLETED), 3u);
}

TEST_F(macro_control, a_start_waits_for_weights_that_are_still_written) {
    rows_t row(8, 1);
    const auto took = b.move(tlm::TLM_WRITE_COMMAND, b.weights(), row.data(), row.size());
    EXPECT_EQ(took, 1000 + 4 * 1000) << "two bytes a cycle";
    b.local_ps = 0; // a host that does not wait for responses
    b.start(1, 1);
    EXPECT_EQ(b.macro.model().begin_ps(), 4000) << "the port is done; the response takes a cycle more";
    EXPECT_EQ(b.macro.model().end_ps(), 4000 + step);
    EXPECT_TRUE(b.busy());
}

TEST_F(macro_control, refuses_with_codes_and_works_on) {
    fill_with_ones();
    const auto energy = b.energy.total_pj();
    const auto refused = [&](std::uint32_t code) {
        EXPECT_EQ(b.get(CIM_MACRO_STATUS), CIM_MACRO_STATUS_ERROR);
        EXPECT_EQ(error(), code);
        EXPECT_EQ(b.get(CIM_MACRO_IRQ_STATUS), CIM_MACRO_IRQ_ERROR);
        b.set(CIM_MACRO_ERROR_CODE, 0);
        b.set(CIM_MACRO_IRQ_STATUS, CIM_MACRO_IRQ_ERROR);
        EXPECT_EQ(b.get(CIM_MACRO_STATUS), 0u);
        EXPECT_EQ(b.get(CIM_MACRO_IRQ_STATUS), 0u);
    };
    for (const std::uint32_t rows : {0u, 16u, 0xffffffffu}) {
        b.start(rows, 1);
        refused(CIM_MACRO_ERROR_ROWS);
    }
    for (const std::uint32_t columns : {0u, 7u, 0xffffffffu}) {
        b.start(1, columns);
        refused(CIM_MACRO_ERROR_COLUMNS);
    }
    for (const std::uint32_t precision :
         {0u, 8u, 8u << 8, 8u | 4u << 8, 32u | 8u << 8, 0x00040808u, 0x01000808u, 0xffffffffu}) {
        b.set(CIM_MACRO_PRECISION, precision);
        EXPECT_EQ(b.get(CIM_MACRO_PRECISION), precision);
        EXPECT_EQ(b.get(CIM_MACRO_COLUMNS), 0u);
        b.start(1, 1);
        refused(CIM_MACRO_ERROR_PRECISION);
    }
    b.set(CIM_MACRO_PRECISION, 8 | 16 << 8);
    b.start(1, 3); // 2 x 16 bits
    refused(CIM_MACRO_ERROR_COLUMNS);
    b.set(CIM_MACRO_PRECISION, CIM_MACRO_PRECISION_VALUE);
    b.set(CIM_MACRO_CONTROL, CIM_MACRO_CONTROL_START | 4);
    refused(CIM_MACRO_ERROR_CONTROL);
    b.set(CIM_MACRO_CONTROL, 0);
    b.set(CIM_MACRO_CONTROL, CIM_MACRO_CONTROL_ACCUMULATE);
    EXPECT_EQ(b.get(CIM_MACRO_STATUS), 0u) << "nothing to do is no error";
    EXPECT_EQ(b.energy.total_pj(), energy);
    EXPECT_EQ(b.get(CIM_MACRO_COMPLETED), 0u);
    b.start(1, 1);
    b.await();
    EXPECT_EQ(b.get(CIM_MACRO_COMPLETED), 1u);
}

TEST_F(macro_control, refuses_what_would_disturb_a_product) {
    fill_with_ones();
    b.start(15, 6);
    const auto end = b.macro.model().end_ps();
    const auto energy = b.energy.total_pj();
    b.set(CIM_MACRO_CONTROL, CIM_MACRO_CONTROL_START);
    EXPECT_EQ(error(), CIM_MACRO_ERROR_BUSY);
    EXPECT_EQ(b.get(CIM_MACRO_STATUS), CIM_MACRO_STATUS_BUSY | CIM_MACRO_STATUS_ERROR);
    b.write(b.weights(), rows_t(4, 9));
    EXPECT_EQ(error(), CIM_MACRO_ERROR_BUSY) << "the first error stays";
    b.set(CIM_MACRO_ERROR_CODE, 1);
    b.write(b.weights(), rows_t(4, 9));
    EXPECT_EQ(error(), CIM_MACRO_ERROR_WEIGHTS);
    b.set(CIM_MACRO_ERROR_CODE, 1);
    b.write(b.outputs(), rows_t(4, 9));
    EXPECT_EQ(error(), CIM_MACRO_ERROR_OUTPUTS);
    EXPECT_EQ(b.macro.model().end_ps(), end);
    EXPECT_EQ(b.energy.total_pj(), energy);
    b.await();
    EXPECT_EQ(b.read<unsigned char>(b.weights(), 4), rows_t(4, 1));
    EXPECT_EQ(b.read<std::uint32_t>(b.outputs(), 6), std::vector<std::uint32_t>(6, 15));
    EXPECT_EQ(b.get(CIM_MACRO_COMPLETED), 1u);
    b.write(b.weights(), rows_t(4, 9));
    b.write(b.outputs(), rows_t(4, 9));
    EXPECT_EQ(b.read<unsigned char>(b.weights(), 4), rows_t(4, 9));
    EXPECT_EQ(b.read<unsigned char>(b.outputs(), 5), (rows_t{9, 9, 9, 9, 15}));
}

TEST(macro_ping_pong, weights_can_be_written_beside_a_product) {
    auto m = small_macro();
    m.ping_pong = true;
    bench<> b(m);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    EXPECT_EQ(b.get(CIM_MACRO_CAPABILITIES), CIM_MACRO_CAPABILITY_VOLATILE | CIM_MACRO_CAPABILITY_PING_PONG);
    b.write(b.inputs(), rows_t(15, 1));
    b.write(b.weights(), rows_t(120, 1));
    b.start(15, 6);
    b.write(b.weights(), rows_t(120, 2));
    EXPECT_TRUE(b.macro.model().busy(0)) << "until its end, whatever was written";
    b.await();
    EXPECT_EQ(b.read<std::uint32_t>(b.outputs(), 6), std::vector<std::uint32_t>(6, 15));
    EXPECT_EQ(b.read<unsigned char>(b.weights(), 8), rows_t(8, 2));
    EXPECT_EQ(b.get(CIM_MACRO_ERROR_CODE), CIM_MACRO_ERROR_NONE);
}

TEST_F(macro_control, byte_enables_reach_single_weights_and_pay_for_them_alone) {
    rows_t old(8, 1), fresh{2, 3, 4, 5, 6, 7, 8, 9}, enables{0xff, 0, 0, 0xff};
    b.write(b.weights(), old);
    const auto energy = b.energy.total_pj();
    tlm::tlm_generic_payload p;
    testkit::fill(p, tlm::TLM_WRITE_COMMAND, b.weights(), fresh.data(), 8);
    p.set_byte_enable_ptr(enables.data());
    p.set_byte_enable_length(4);
    EXPECT_EQ(b.host.transport(p, b.local_ps), 1000 + 2000) << "eight bytes on the bus outlast four in the array";
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.read<unsigned char>(b.weights(), 8), (rows_t{2, 1, 1, 5, 6, 1, 1, 9}));
    EXPECT_EQ(b.energy.total_pj() - energy, 4 * 2.0);
    testkit::fill(p, tlm::TLM_WRITE_COMMAND, CIM_MACRO_SCRATCH, fresh.data(), 4);
    p.set_byte_enable_ptr(enables.data());
    p.set_byte_enable_length(4);
    b.host.transport(p);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE) << "registers are words";
}

TEST_F(macro_control, serves_strided_transfers_row_by_row) {
    transfer_extension rows;
    rows.segment_bytes = 3;
    rows.stride_bytes = 8;
    rows_t data{1, 2, 3, 4, 5, 6};
    const auto move = [&](tlm::tlm_command command, std::uint64_t offset) {
        tlm::tlm_generic_payload p;
        testkit::fill(p, command, b.weights() + offset, data.data(), 6);
        p.set_extension(&rows);
        b.host.transport(p);
        p.clear_extension(&rows);
        return p.get_response_status();
    };
    EXPECT_EQ(move(tlm::TLM_WRITE_COMMAND, 8), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.read<unsigned char>(b.weights() + 8, 12), (rows_t{1, 2, 3, 0, 0, 0, 0, 0, 4, 5, 6, 0}));
    EXPECT_EQ(rows.service_ps, 3000);
    EXPECT_EQ(move(tlm::TLM_READ_COMMAND, 120 - 11), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(move(tlm::TLM_READ_COMMAND, 120 - 10), tlm::TLM_ADDRESS_ERROR_RESPONSE) << "leaves the weights";
}

TEST_F(macro_control, regions_end_where_the_registers_say) {
    rows_t one(1), two(2);
    const std::pair<std::uint64_t, std::uint64_t> regions[] = {{b.weights(), b.peek(CIM_MACRO_WEIGHT_BYTES)},
                                                               {b.inputs(), b.peek(CIM_MACRO_INPUT_BYTES)},
                                                               {b.outputs(), b.peek(CIM_MACRO_OUTPUT_BYTES)}};
    for (const auto& [first, bytes] : regions) {
        EXPECT_EQ(first % 4096, 0u);
        b.move(tlm::TLM_READ_COMMAND, first + bytes - 1, one.data(), 1);
        EXPECT_EQ(b.status, tlm::TLM_OK_RESPONSE);
        b.move(tlm::TLM_READ_COMMAND, first + bytes - 1, two.data(), 2);
        EXPECT_EQ(b.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
        b.move(tlm::TLM_WRITE_COMMAND, first + bytes, one.data(), 1);
        EXPECT_EQ(b.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    b.move(tlm::TLM_READ_COMMAND, 0, one.data(), 1);
    EXPECT_EQ(b.status, tlm::TLM_BURST_ERROR_RESPONSE) << "registers are words";
    b.move(tlm::TLM_READ_COMMAND, 0, two.data(), 2);
    EXPECT_EQ(b.status, tlm::TLM_BURST_ERROR_RESPONSE);
}

TEST_F(macro_control, the_interrupt_is_raised_at_the_end_and_lowered_by_the_host) {
    fill_with_ones();
    b.local_ps = 0;
    b.run(1000000);
    b.set(CIM_MACRO_IRQ_ENABLE, CIM_MACRO_IRQ_DONE);
    b.start(15, 6);
    const auto end = b.macro.model().end_ps();
    EXPECT_TRUE(b.line.empty());
    b.run(1000000);
    ASSERT_EQ(b.line.size(), 1u);
    EXPECT_EQ(b.line[0], std::make_pair(end, true));
    EXPECT_TRUE(b.macro.interrupt());
    EXPECT_EQ(b.get(CIM_MACRO_IRQ_STATUS), CIM_MACRO_IRQ_DONE);
    b.set(CIM_MACRO_IRQ_STATUS, CIM_MACRO_IRQ_ERROR);
    EXPECT_TRUE(b.macro.interrupt()) << "another bit";
    b.set(CIM_MACRO_IRQ_STATUS, CIM_MACRO_IRQ_DONE);
    EXPECT_FALSE(b.macro.interrupt()) << "at once, or a host that does not yield is interrupted again";
    EXPECT_EQ(b.get(CIM_MACRO_IRQ_STATUS), 0u);
    ASSERT_EQ(b.line.size(), 2u);
    EXPECT_FALSE(b.line[1].second);
    b.start(1, 1);
    b.run(1000000);
    EXPECT_EQ(b.line.size(), 3u);
    b.set(CIM_MACRO_IRQ_ENABLE, 0);
    EXPECT_FALSE(b.macro.interrupt());
    b.set(CIM_MACRO_IRQ_ENABLE, CIM_MACRO_IRQ_ALL);
    b.run(10000);
    EXPECT_TRUE(b.macro.interrupt()) << "still pending";
}

TEST_F(macro_control, an_error_interrupts_when_it_happens) {
    b.set(CIM_MACRO_IRQ_ENABLE, CIM_MACRO_IRQ_ERROR);
    b.local_ps = 50000;
    b.set(CIM_MACRO_CONTROL, 0x80);
    EXPECT_TRUE(b.line.empty());
    b.run(1000000);
    ASSERT_EQ(b.line.size(), 1u);
    EXPECT_EQ(b.line[0], std::make_pair(std::int64_t{51000}, true));
}

// The host has seen the end by polling, ahead of the kernel, and cleared the bit.
TEST_F(macro_control, an_interrupt_that_was_cleared_ahead_of_the_kernel_is_never_raised) {
    b.set(CIM_MACRO_IRQ_ENABLE, CIM_MACRO_IRQ_ALL);
    b.start(5, 3);
    while (b.busy()) {
    }
    EXPECT_EQ(b.get(CIM_MACRO_IRQ_STATUS), CIM_MACRO_IRQ_DONE);
    b.set(CIM_MACRO_IRQ_STATUS, CIM_MACRO_IRQ_DONE);
    b.start(15, 6);
    const auto end = b.macro.model().end_ps();
    b.run(1000000);
    ASSERT_EQ(b.line.size(), 1u);
    EXPECT_EQ(b.line[0], std::make_pair(end, true)) << "that of the second product";
}

// A host with a quantum sees a product of 42 ns take 42 ns, not a quantum.
TEST(macro_quantum, polling_measures_the_product) {
    bench<> b;
    std::int64_t begin = 0, end = 0;
    testkit::process host(
        "cpu",
        [&] {
            b.start(15, 6);
            begin = b.local_ps;
            while (b.busy()) {
            }
            end = b.local_ps;
            testkit::wait_ps(100000000); // the quantum
        },
        true);
    sc_core::sc_start();
    EXPECT_GE(end - begin, 42000);
    EXPECT_LE(end - begin, 43000);
}

TEST_F(macro_control, direct_access_to_inputs_always_to_the_rest_while_idle) {
    fill_with_ones();
    tlm::tlm_dmi dmi;
    const auto ask = [&](tlm::tlm_command command, std::uint64_t offset) {
        tlm::tlm_generic_payload p;
        unsigned char byte = 0;
        testkit::fill(p, command, offset, &byte, 1);
        return b.host.out->get_direct_mem_ptr(p, dmi);
    };
    const auto read = tlm::TLM_READ_COMMAND, write = tlm::TLM_WRITE_COMMAND;
    EXPECT_FALSE(ask(read, CIM_MACRO_ID));
    EXPECT_FALSE(ask(write, CIM_MACRO_SCRATCH));
    EXPECT_LE(dmi.get_end_address(), 0xfffu) << "says nothing about the memories";
    EXPECT_FALSE(ask(read, 0xfff));
    EXPECT_TRUE(ask(write, b.inputs()));
    EXPECT_EQ(dmi.get_start_address(), b.inputs());
    EXPECT_EQ(dmi.get_end_address(), b.inputs() + 31) << "inclusive";
    EXPECT_TRUE(dmi.is_read_write_allowed());
    auto* inputs = dmi.get_dmi_ptr();
    EXPECT_TRUE(ask(write, b.outputs()));
    EXPECT_FALSE(ask(write, b.weights())) << "would pay neither time nor energy";
    EXPECT_TRUE(ask(read, b.weights()));
    EXPECT_TRUE(dmi.is_read_allowed());
    EXPECT_FALSE(dmi.is_write_allowed());
    EXPECT_EQ(dmi.get_dmi_ptr()[0], 1);
    // The hints say the same.
    rows_t byte(1, 1);
    b.write(b.weights(), byte);
    EXPECT_FALSE(b.dmi_hint);
    b.read<unsigned char>(b.weights(), 1);
    EXPECT_TRUE(b.dmi_hint);
    b.write(b.inputs(), byte);
    EXPECT_TRUE(b.dmi_hint);
    b.get(CIM_MACRO_SCRATCH);
    EXPECT_FALSE(b.dmi_hint);

    EXPECT_TRUE(b.host.invalidated.empty());
    b.set(CIM_MACRO_CONTROL, 0x80); // refused
    EXPECT_TRUE(b.host.invalidated.empty());
    std::memset(inputs, 3, 15);
    b.start(15, 6);
    EXPECT_EQ(b.host.invalidated, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{
                                      {b.weights(), b.weights() + 119}, {b.outputs(), b.outputs() + 23}}));
    EXPECT_FALSE(ask(read, b.weights()));
    EXPECT_FALSE(ask(read, b.outputs()));
    EXPECT_TRUE(ask(read, b.inputs()));
    b.read<unsigned char>(b.outputs(), 1);
    EXPECT_FALSE(b.dmi_hint);
    b.await();
    b.run(1000000);
    ASSERT_TRUE(ask(read, b.outputs()));
    EXPECT_EQ(dmi.get_dmi_ptr()[0], 45) << "the result is there, and the inputs by pointer were in it";
    b.start(1, 1);
    EXPECT_EQ(b.host.invalidated.size(), 4u);
    b.await();
    b.run(1000000);
    b.start(1, 1);
    EXPECT_EQ(b.host.invalidated.size(), 4u) << "nobody had asked again";
}

TEST_F(macro_control, debug_changes_nothing_and_sees_everything) {
    fill_with_ones();
    b.set(CIM_MACRO_IRQ_ENABLE, CIM_MACRO_IRQ_ALL);
    b.local_ps = 0;
    b.start(15, 6);
    b.run(1000);
    EXPECT_EQ(b.peek(CIM_MACRO_STATUS), CIM_MACRO_STATUS_BUSY);
    EXPECT_EQ(b.peek(b.outputs()), 0u);
    b.run(1000000);
    const auto energy = b.energy.total_pj();
    EXPECT_EQ(b.peek(CIM_MACRO_STATUS), 0u);
    EXPECT_EQ(b.peek(CIM_MACRO_IRQ_STATUS), CIM_MACRO_IRQ_DONE);
    EXPECT_EQ(b.peek(b.outputs()), 15u);
    std::uint32_t value = CIM_MACRO_CONTROL_START;
    EXPECT_EQ(b.debug(tlm::TLM_WRITE_COMMAND, CIM_MACRO_CONTROL, &value, 4), 4u);
    value = CIM_MACRO_IRQ_DONE;
    EXPECT_EQ(b.debug(tlm::TLM_WRITE_COMMAND, CIM_MACRO_IRQ_STATUS, &value, 4), 4u);
    EXPECT_EQ(b.peek(CIM_MACRO_STATUS), 0u);
    EXPECT_EQ(b.peek(CIM_MACRO_IRQ_STATUS), CIM_MACRO_IRQ_DONE);
    rows_t image(120, 7);
    EXPECT_EQ(b.debug(tlm::TLM_WRITE_COMMAND, b.weights(), image.data(), image.size()), 120u);
    EXPECT_EQ(b.debug(tlm::TLM_WRITE_COMMAND, b.weights(), image.data(), 121), 0u);
    EXPECT_EQ(b.energy.total_pj(), energy);
    EXPECT_EQ(b.read<unsigned char>(b.weights(), 120), image);
}

TEST_F(macro_control, says_what_it_waits_for) {
    EXPECT_EQ(b.macro.waiting_for(), "");
    b.start(5, 3);
    EXPECT_EQ(b.macro.waiting_for(), "the end of a product at " + std::to_string(b.macro.model().end_ps()) + " ps");
    b.run(1000000);
    EXPECT_EQ(b.macro.waiting_for(), "");
}

TEST(macro_construction, refuses_engines_that_make_no_sense) {
    ledger energy;
    const auto build = [&](auto change, double cycle = 1000) {
        auto m = small_macro();
        change(m);
        crossbar_macro_model model(std::make_shared<published_macro>(m), cycle, "m", energy, energy_basis::mac);
    };
    using parameters = published_macro_parameters;
    build([](parameters&) {});
    EXPECT_THROW(build([](parameters&) {}, 0), input_error);
    EXPECT_THROW(build([](parameters& m) { m.rows_parallel = 0; }), input_error);
    EXPECT_THROW(build([](parameters& m) { m.columns_held = -1; }), input_error);
    EXPECT_THROW(build([](parameters& m) { m.rows_held = 1 << 30; }), input_error);
    EXPECT_THROW(build([](parameters& m) { m.rows_held = std::int64_t{1} << 62; }), input_error);
    EXPECT_THROW(build([](parameters& m) { m.weight_bits = 0; }), input_error);
    EXPECT_THROW(build([](parameters& m) { m.input_bits = 64; }), input_error);
    EXPECT_THROW(build([](parameters& m) { m.weight_bits = 1; }), input_error) << "8 columns for a weight, of 3";
    EXPECT_THROW(build([](parameters& m) { m.latency_ps = -1; }), input_error);
    tensor_core_parameters grid;
    grid.rows = grid.columns = 4;
    EXPECT_THROW(crossbar_macro_model(std::make_shared<tensor_core_grid>(grid), 1000, "t", energy, energy_basis::mac),
                 input_error);
}

} // namespace

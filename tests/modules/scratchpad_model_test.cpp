/// Does the scratchpad take latency + bytes over bandwidth, one burst a port at a time?
#include <cimtlm/base/error.h>
#include <cimtlm/modules/scratchpad_model.h>

#include <gtest/gtest.h>

#include "levels.h"

namespace {

using namespace levels;
using cimtlm::burst_timing;
using cimtlm::scratchpad_model;

TEST(scratchpad_model, takes_latency_and_bytes_over_bandwidth) {
    scratchpad_model m(sram_level(), cycle_ps);
    EXPECT_EQ(m.access({false, 0, 1280, 0, 0}, 5000, 0).end_ps, 5000 + 4000 + 10000);
    EXPECT_EQ(m.access({true, 0, 1280, 0, 0}, 5000, 0).end_ps, 5000 + 4000 + 40000) << "the ports are independent";
}

TEST(scratchpad_model, a_taken_port_is_waited_for_and_the_wait_is_reported) {
    scratchpad_model m(sram_level(), cycle_ps);
    m.access({false, 0, 1280, 0, 0}, 0, 0);
    const burst_timing t = m.access({false, 0, 128, 0, 0}, 2000, 0);
    EXPECT_EQ(t.end_ps, 10000 + 4000 + 1000);
    EXPECT_EQ(t.queue_ps, 8000);
    EXPECT_EQ(t.service_ps, 1000);
    EXPECT_EQ(m.busy_ps(false), 11000);
    EXPECT_EQ(m.busy_ps(true), 0);
}

TEST(scratchpad_model, a_later_call_that_arrives_earlier_is_served_earlier) {
    scratchpad_model m(sram_level(), cycle_ps);
    m.access({false, 0, 1280, 0, 0}, 100000, 0);
    EXPECT_EQ(m.access({false, 0, 1280, 0, 0}, 0, 0).end_ps, 14000);
}

TEST(scratchpad_model, a_rate_of_zero_is_no_limit) {
    auto level = sram_level();
    level.read_bytes_per_cycle = 0;
    scratchpad_model m(level, cycle_ps);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(m.access({false, 0, 1 << 20, 0, 0}, 0, 0).end_ps, 4000);
}

TEST(scratchpad_model, refuses_parameters_that_make_no_sense) {
    auto level = sram_level();
    level.write_bytes_per_cycle = -1;
    EXPECT_THROW(scratchpad_model(level, cycle_ps), cimtlm::input_error);
    level = sram_level();
    level.latency_cycles = -1;
    EXPECT_THROW(scratchpad_model(level, cycle_ps), cimtlm::input_error);
    EXPECT_THROW(scratchpad_model(sram_level(), 0), cimtlm::input_error);
}

} // namespace

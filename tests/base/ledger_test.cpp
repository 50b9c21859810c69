// Energy adds up, stalls add up, names are near.
#include <cimtlm/base/error.h>
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/rate.h>
#include <cimtlm/base/stalls.h>

#include <gtest/gtest.h>

namespace cimtlm {
namespace {

TEST(Ledger, RowsAddUpToPartsAndTotal) {
    ledger l;
    const auto read = l.open("dram", "read", "byte", 64), write = l.open("dram", "update", "byte", 32);
    const auto mac = l.open("mac", "multiply_accumulate", "MAC", 0.5);
    l.charge(read, 10);
    l.charge(write, 3);
    l.charge(read, 5);
    l.charge(mac, 8);
    EXPECT_EQ(l.open("dram", "read", "byte", 64), read);
    EXPECT_DOUBLE_EQ(l.by_part().at("dram"), 15 * 64 + 3 * 32);
    EXPECT_DOUBLE_EQ(l.total_pj(), 15 * 64 + 3 * 32 + 4);
    ledger twice;
    twice.add(l, 2);
    EXPECT_DOUBLE_EQ(twice.total_pj(), 2 * l.total_pj());
    EXPECT_THROW(l.open("dram", "read", "byte", 63), std::logic_error);
}

TEST(Stalls, AWaitIsSplitByItsLosses) {
    stall_account s;
    s.add(stall::input_wait, 1001, {100, 20, 30, 10});
    EXPECT_EQ(s[stall::port_conflict], 200);
    EXPECT_EQ(s[stall::dram_row], 300);
    EXPECT_EQ(s[stall::refresh], 100);
    EXPECT_EQ(s[stall::input_wait], 401); // what rounding leaves stays with the cause
    EXPECT_EQ(s.total_ps(), 1001);
}

TEST(Stalls, WhatTheBoundContainsIsTakenFromOperandsFirst) {
    stall_account s;
    s.add(stall::weight_load, 300);
    s.add(stall::input_wait, 100);
    s.add(stall::port_conflict, 50);
    s.add(stall::host_issue, 10);
    auto rest = s.beyond(200);
    EXPECT_EQ(rest[stall::weight_load], 150);
    EXPECT_EQ(rest[stall::input_wait], 50);
    EXPECT_EQ(rest[stall::port_conflict], 50);
    EXPECT_EQ(rest.total_ps(), s.total_ps() - 200);
    rest = s.beyond(440); // more than operands: then port_conflict, host_issue last
    EXPECT_EQ(rest[stall::port_conflict], 10);
    EXPECT_EQ(rest[stall::host_issue], 10);
    EXPECT_EQ(rest.total_ps(), 20);
    EXPECT_EQ(s.beyond(-7)[stall::weight_load], 307); // an engine slower than the bound says
    EXPECT_THROW(s.beyond(461), std::logic_error);
}

TEST(Rate, RoundsUpToWholePicoseconds) {
    EXPECT_EQ(transfer_ps(42, 42, 1000), 1000);
    EXPECT_EQ(transfer_ps(1, 42, 1000), 24); // 23.81
    EXPECT_EQ(transfer_ps(100, 0, 1000), 0); // not a limit
    EXPECT_EQ(transfer_ps(0, 42, 1000), 0);
}

TEST(Names, NearestIsOfferedOnlyWhenNear) {
    const std::vector<std::string> names{"capacity_bytes", "latency_cycles", "keeps"};
    EXPECT_EQ(nearest_name("capasity_bytes", names), "capacity_bytes");
    EXPECT_EQ(nearest_name("keep", names), "keeps");
    EXPECT_EQ(nearest_name("voltage", names), "");
    EXPECT_EQ(nearest_name("capacity", names), "capacity_bytes"); // begun but not finished
    EXPECT_EQ(nearest_name("la", names), "");
    EXPECT_NE(unknown_name("key", "voltage", names).find("allowed: capacity_bytes, latency_cycles, keeps"),
              std::string::npos);
}

} // namespace
} // namespace cimtlm

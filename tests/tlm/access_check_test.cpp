/// Does the response status say what is wrong with a request?
#include <cimtlm/tlm/access_check.h>
#include <cimtlm/tlm/transfer_extension.h>

#include <gtest/gtest.h>

#include "initiator.h"

namespace {

using namespace cimtlm;
constexpr std::uint64_t end = ~std::uint64_t{0};

tlm::tlm_response_status check(const access_rules& rules, tlm::tlm_command command, std::uint64_t address,
                               unsigned length, unsigned width, transfer_extension* extension = nullptr) {
    unsigned char data[64];
    tlm::tlm_generic_payload p;
    testkit::fill(p, command, address, data, length);
    p.set_streaming_width(width);
    if (extension) p.set_extension(extension);
    const auto status = check_access(p, rules);
    if (extension) p.clear_extension(extension);
    return status;
}

TEST(access_check, ranges_up_to_the_end_of_the_address_space) {
    EXPECT_TRUE(in_range(0, 1, 0, 1));
    EXPECT_FALSE(in_range(0, 2, 0, 1));
    EXPECT_FALSE(in_range(0, 0, 0, 1)) << "no bytes are nowhere";
    EXPECT_FALSE(in_range(9, 1, 10, 5));
    EXPECT_TRUE(in_range(14, 1, 10, 5));
    EXPECT_FALSE(in_range(15, 1, 10, 5));
    EXPECT_TRUE(in_range(end, 1, 0, 0));
    EXPECT_FALSE(in_range(end, 2, 0, 0)) << "wraps";
    EXPECT_TRUE(in_range(end - 7, 8, end - 7, 8));
    EXPECT_FALSE(in_range(end - 7, 9, end - 7, 8));
    EXPECT_TRUE(in_range(end - 7, 8, end - 7, 100)) << "a size beyond the end is cut there";
    EXPECT_FALSE(in_range(0, 1, end - 7, 100)) << "and does not wrap";
    EXPECT_TRUE(in_range(5, end - 5, 5, 0));
}

TEST(access_check, footprints_of_strided_operands) {
    EXPECT_EQ(footprint_bytes(100, 0, 0), 100u);
    EXPECT_EQ(footprint_bytes(100, 10, 10), 100u) << "contiguous";
    EXPECT_EQ(footprint_bytes(100, 10, 50), 9 * 50u + 10);
    EXPECT_EQ(footprint_bytes(95, 10, 50), 9 * 50u + 5) << "the last segment is short";
    EXPECT_EQ(footprint_bytes(10, 10, 50), 10u);
    EXPECT_EQ(footprint_bytes(100, 1, end), end) << "saturates";
}

TEST(access_check, statuses_in_their_order) {
    access_rules rules;
    rules.base_address = 0x1000;
    rules.size_bytes = 0x100;
    const auto read = tlm::TLM_READ_COMMAND, write = tlm::TLM_WRITE_COMMAND;
    EXPECT_EQ(check(rules, read, 0x1000, 8, 8), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(check(rules, read, 0xfff, 8, 8), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(check(rules, read, 0x10fc, 8, 8), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(check(rules, read, 0x1000, 0, 0), tlm::TLM_BURST_ERROR_RESPONSE);
    EXPECT_EQ(check(rules, read, 0x1000, 8, 4), tlm::TLM_BURST_ERROR_RESPONSE);
    EXPECT_EQ(check(rules, read, 0x1000, 8, 0), tlm::TLM_OK_RESPONSE);
    rules.readable = false;
    EXPECT_EQ(check(rules, read, 0xfff, 8, 4), tlm::TLM_COMMAND_ERROR_RESPONSE);
    rules.writable = false;
    EXPECT_EQ(check(rules, write, 0x1000, 8, 8), tlm::TLM_COMMAND_ERROR_RESPONSE);
    EXPECT_EQ(check(rules, tlm::TLM_IGNORE_COMMAND, 0, 0, 0), tlm::TLM_OK_RESPONSE);
}

TEST(access_check, byte_enables) {
    unsigned char data[8], enables[1] = {TLM_BYTE_ENABLED};
    tlm::tlm_generic_payload p;
    testkit::fill(p, tlm::TLM_READ_COMMAND, 0, data, 8);
    p.set_byte_enable_ptr(enables);
    access_rules rules;
    EXPECT_EQ(check_access(p, rules), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE) << "enables of no length";
    p.set_byte_enable_length(1);
    EXPECT_EQ(check_access(p, rules), tlm::TLM_OK_RESPONSE);
    rules.byte_enables = false;
    EXPECT_EQ(check_access(p, rules), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
}

TEST(access_check, the_stride_counts) {
    access_rules rules;
    rules.size_bytes = 1000;
    transfer_extension e;
    e.segment_bytes = 8;
    e.stride_bytes = 100;
    EXPECT_EQ(check(rules, tlm::TLM_READ_COMMAND, 592, 40, 40, &e), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(check(rules, tlm::TLM_READ_COMMAND, 593, 40, 40, &e), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST(access_check, data_that_is_needed_must_be_there) {
    access_rules rules;
    rules.size_bytes = 64;
    tlm::tlm_generic_payload p;
    testkit::fill(p, tlm::TLM_WRITE_COMMAND, 0, nullptr, 8);
    EXPECT_EQ(check_access(p, rules), tlm::TLM_OK_RESPONSE) << "timing only";
    rules.needs_data = true;
    EXPECT_EQ(check_access(p, rules), tlm::TLM_GENERIC_ERROR_RESPONSE);
    p.set_address(60);
    EXPECT_EQ(check_access(p, rules), tlm::TLM_ADDRESS_ERROR_RESPONSE) << "the address comes first";
    p.set_command(tlm::TLM_IGNORE_COMMAND);
    EXPECT_EQ(check_access(p, rules), tlm::TLM_OK_RESPONSE) << "nothing moves";
}

TEST(transfer_extension, is_copied_with_the_payload) {
    tlm::tlm_generic_payload p, q;
    transfer_extension e;
    e.operand = operand_b;
    e.kind = transfer_kind::fill;
    e.stride_bytes = 77;
    p.set_extension(&e);
    q.deep_copy_from(p);
    auto* copy = q.get_extension<transfer_extension>();
    ASSERT_NE(copy, nullptr);
    EXPECT_NE(copy, &e);
    EXPECT_EQ(copy->operand, operand_b);
    EXPECT_EQ(copy->kind, transfer_kind::fill);
    EXPECT_EQ(copy->stride_bytes, 77u);
    p.clear_extension(&e);
}

} // namespace

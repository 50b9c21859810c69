/// Does the walk over rows visit what single bytes visit?
#include <cimtlm/modules/row_walk.h>

#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

namespace {

using cimtlm::burst;
using visits = std::vector<std::pair<std::uint64_t, std::int64_t>>;

visits by_byte(const burst& b, std::int64_t row_bytes) {
    visits v;
    for (std::int64_t i = 0; i < b.bytes; ++i) {
        const std::int64_t offset =
            b.segment_bytes > 0 ? i / b.segment_bytes * b.stride_bytes + i % b.segment_bytes : i;
        const std::uint64_t row =
            (b.address + static_cast<std::uint64_t>(offset)) / static_cast<std::uint64_t>(row_bytes);
        if (v.empty() || v.back().first != row) v.push_back({row, 0});
        ++v.back().second;
    }
    return v;
}

visits by_walk(const burst& b, std::int64_t row_bytes) {
    visits v;
    cimtlm::walk_rows(b, row_bytes, [&](std::uint64_t row, std::int64_t bytes) { v.push_back({row, bytes}); });
    return v;
}

TEST(row_walk, contiguous_bursts_agree_with_single_bytes) {
    for (std::uint64_t address : {0, 1, 63, 64, 100})
        for (std::int64_t bytes : {1, 63, 64, 65, 128, 300})
            EXPECT_EQ(by_walk({false, address, bytes, 0, 0}, 64), by_byte({false, address, bytes, 0, 0}, 64))
                << address << ' ' << bytes;
}

TEST(row_walk, strided_bursts_agree_with_single_bytes) {
    std::mt19937 random(7);
    for (int i = 0; i < 20000; ++i) {
        burst b;
        b.address = random() % 500;
        b.segment_bytes = 1 + static_cast<std::int64_t>(random() % 90);
        b.stride_bytes = b.segment_bytes + 1 + static_cast<std::int64_t>(random() % (i % 2 ? 20 : 300));
        b.bytes = 1 + static_cast<std::int64_t>(random() % 700);
        const std::int64_t row_bytes = 1 + static_cast<std::int64_t>(random() % 200);
        ASSERT_EQ(by_walk(b, row_bytes), by_byte(b, row_bytes))
            << "address " << b.address << " bytes " << b.bytes << " segment " << b.segment_bytes << " stride "
            << b.stride_bytes << " row " << row_bytes;
    }
}

TEST(row_walk, segments_in_one_row_are_one_visit) {
    EXPECT_EQ(by_walk({false, 0, 32 * 16, 16, 64}, 2048), (visits{{0, 512}}));
}

} // namespace

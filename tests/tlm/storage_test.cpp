/// Does sparse storage behave as one array, and does it stay sparse?
#include <cimtlm/base/error.h>
#include <cimtlm/tlm/storage.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <random>
#include <vector>

namespace {

using cimtlm::storage;

TEST(storage, what_was_never_written_is_zero_and_takes_no_room) {
    const storage s;
    std::vector<unsigned char> data(10000, 0xff);
    s.read(123, data.data(), data.size());
    EXPECT_EQ(data, std::vector<unsigned char>(10000, 0));
    EXPECT_EQ(s.pages(), 0u);
}

void compare_with_an_array(storage& s) {
    std::vector<unsigned char> array(40000, 0);
    std::mt19937 random(3);
    for (int i = 0; i < 2000; ++i) {
        const std::size_t at = random() % 30000, n = random() % 9000;
        std::vector<unsigned char> data(n);
        if (random() % 2) {
            for (auto& c : data) c = static_cast<unsigned char>(random());
            s.write(at, data.data(), n);
            std::copy(data.begin(), data.end(), array.begin() + static_cast<std::ptrdiff_t>(at));
        } else {
            s.read(at, data.data(), n);
            ASSERT_TRUE(std::equal(data.begin(), data.end(), array.begin() + static_cast<std::ptrdiff_t>(at)));
        }
    }
}

TEST(storage, agrees_with_an_array) {
    storage s;
    compare_with_an_array(s);
    EXPECT_EQ(s.block(), nullptr);
    EXPECT_LE(s.pages(), 10u);
}

TEST(storage, agrees_with_an_array_in_a_block_and_across_its_end) {
    storage s(20000); // 5 pages
    EXPECT_EQ(s.block_bytes(), 5 * storage::page_bytes);
    compare_with_an_array(s);
    EXPECT_LE(s.pages(), 5u) << "those behind the block";
    storage all(40000);
    compare_with_an_array(all);
    EXPECT_EQ(all.pages(), 0u);
}

TEST(storage, a_block_is_one_piece_of_zeros_aligned_to_pages) {
    storage s(3 * storage::page_bytes + 1);
    ASSERT_NE(s.block(), nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(s.block()) % storage::page_bytes, 0u);
    for (std::uint64_t i = 0; i < 4 * storage::page_bytes; ++i) ASSERT_EQ(s.block()[i], 0) << i;
    EXPECT_EQ(s.page(5000), s.block() + storage::page_bytes);
    const unsigned char written[] = {1, 2, 3};
    s.write(storage::page_bytes - 1, written, 3);
    EXPECT_EQ(s.block()[storage::page_bytes + 1], 3);
    s.block()[7] = 9;
    unsigned char read = 0;
    s.read(7, &read, 1);
    EXPECT_EQ(read, 9);
    EXPECT_EQ(storage(0).block(), nullptr);
}

/// Bytes of the process that are in the machine's memory.
std::uint64_t resident() {
    std::uint64_t all = 0, here = 0;
    std::ifstream("/proc/self/statm") >> all >> here;
    return here * storage::page_bytes;
}

TEST(storage, a_large_block_takes_room_only_as_it_is_written) {
    const auto before = resident();
    const std::uint64_t bytes = std::uint64_t{8} << 30;
    storage s(bytes);
    const unsigned char one = 1;
    for (std::uint64_t at = 0; at < bytes; at += bytes / 8) s.write(at, &one, 1);
    s.write(bytes - 1, &one, 1);
    EXPECT_EQ(s.block()[bytes - 1], 1);
    EXPECT_EQ(s.block()[bytes - 2], 0);
    EXPECT_LT(resident() - before, std::uint64_t{64} << 20);
}

TEST(storage, a_block_beyond_the_host_is_refused) {
    EXPECT_THROW(storage(~std::uint64_t{0}), cimtlm::environment_error);
    EXPECT_THROW(storage(std::uint64_t{1} << 63), cimtlm::environment_error);
}

TEST(storage, reaches_the_end_of_the_address_space) {
    storage s;
    const std::uint64_t last = ~std::uint64_t{0};
    unsigned char byte = 7;
    s.write(last, &byte, 1);
    byte = 0;
    s.read(last, &byte, 1);
    EXPECT_EQ(byte, 7);
    EXPECT_EQ(s.page(last)[storage::page_bytes - 1], 7);
}

} // namespace

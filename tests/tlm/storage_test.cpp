/// Does sparse storage behave as one array, and does it stay sparse?
#include <cimtlm/tlm/storage.h>

#include <gtest/gtest.h>

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

TEST(storage, agrees_with_an_array) {
    storage s;
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
    EXPECT_LE(s.pages(), 10u);
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

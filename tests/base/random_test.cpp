#include <cimtlm/base/random.h>

#include <gtest/gtest.h>

#include <cmath>
#include <set>

using namespace cimtlm;

TEST(random, numbers_are_normal) {
    constexpr int count = 200000;
    double sum = 0, square = 0, beyond = 0;
    for (int i = 0; i < count; ++i) {
        const double x = normal_number(17, static_cast<std::uint64_t>(i));
        sum += x;
        square += x * x;
        beyond += std::fabs(x) > 2;
    }
    EXPECT_NEAR(sum / count, 0, 4 / std::sqrt(count));
    EXPECT_NEAR(square / count, 1, 4 * std::sqrt(2.0 / count));
    EXPECT_NEAR(beyond / count, 0.0455, 4 * std::sqrt(0.0455 / count));
}

TEST(random, a_number_is_that_of_its_key_and_index) {
    std::set<double> seen;
    for (std::uint64_t key = 0; key < 30; ++key)
        for (std::uint64_t index = 0; index < 30; ++index) {
            const double x = normal_number(key, index);
            EXPECT_EQ(x, normal_number(key, index));
            EXPECT_TRUE(seen.insert(x).second) << key << ", " << index;
        }
}

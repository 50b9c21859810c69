#include <cimtlm/base/divider.h>

#include <gtest/gtest.h>

#include <random>

namespace {

TEST(divider, is_exact_at_the_edges_and_in_between) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 200; ++i) {
        const std::uint64_t by = i < 100 ? static_cast<std::uint64_t>(i) + 1 : (random() >> random() % 64) | 1;
        const cimtlm::divider d(by);
        for (int j = 0; j < 2000; ++j) {
            const std::uint64_t n = random() >> random() % 64, multiple = n / by * by;
            for (const std::uint64_t x : {n, multiple, multiple - 1, multiple + 1, ~std::uint64_t{0} - n % 8}) {
                ASSERT_EQ(d.quotient(x), x / by) << x << " / " << by;
                ASSERT_EQ(d.remainder(x), x % by) << x << " % " << by;
            }
        }
    }
}

} // namespace

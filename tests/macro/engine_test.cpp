// Engines as plain models.
#include "study_machines.h"

#include <gtest/gtest.h>

namespace cimtlm {
namespace {

TEST(Engine, SlicesAreRoundedUp) {
    const published_macro e(study::macro("digital_6t"));
    EXPECT_EQ(e.input_slices(8), 1);
    EXPECT_EQ(e.input_slices(9), 2);
    EXPECT_EQ(e.weight_slices(16), 2);
    EXPECT_EQ(e.weight_slices(4), 1);
    EXPECT_EQ(e.capacity_bytes(), 4096);
    EXPECT_EQ(published_macro(study::macro("digital_8t")).capacity_bytes(), 1280);
}

TEST(Engine, OneStepMultipliesAndAdds) {
    const published_macro e(study::macro("analog_6t"));
    std::vector<std::int64_t> outputs{5, 0};
    e.compute({1, -2, 3}, {1, 2, 3, 4, 5, 6}, outputs, 0); // adds to what is there
    EXPECT_EQ(outputs, (std::vector<std::int64_t>{5 + 1 - 6 + 15, 2 - 8 + 18}));
    std::vector<std::int64_t> wide(5);
    EXPECT_THROW(e.compute({1}, {1, 2, 3, 4, 5}, wide, 0), std::logic_error); // 4 columns compute in a step
}

} // namespace
} // namespace cimtlm

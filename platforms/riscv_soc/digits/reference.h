#pragma once
/// The digits of this folder and its network in integers, computed in the plainest way: what firmware and devices are
/// compared with.
#include <array>
#include <cstdint>
#include <vector>

namespace cimtlm {

struct digit {
    std::array<std::uint8_t, 64> pixels{}; ///< 8 x 8, row by row, 0 to 16
    int label = 0;
};

/// The test images, in the order of digits.csv.
std::vector<digit> digit_test_images();

struct digit_answer {
    std::array<std::int32_t, 10> logits{};
    int label = 0; ///< first of the largest logits
};

/// What the network of lenet5.h says.
digit_answer recognise(const digit& d);

} // namespace cimtlm

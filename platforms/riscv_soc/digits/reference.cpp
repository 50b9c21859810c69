#include <platforms/riscv_soc/digits/reference.h>

#include "lenet5.h"

#include <algorithm>
#include <cstddef>

namespace cimtlm {

namespace {

constexpr std::uint8_t rows[] = {
#include "digits.csv"
};
constexpr std::size_t row_bytes = 65; // 64 pixels, label

// side x side places, each with some channels.
struct picture {
    int side, channels;
    std::vector<int> values;
    picture(int s, int c)
        : side(s)
        , channels(c)
        , values(static_cast<std::size_t>(s * s * c)) {}
    int& at(int row, int column, int channel) {
        return values[static_cast<std::size_t>((row * side + column) * channels + channel)];
    }
};

struct layer {
    const std::int8_t* weights;
    const std::int32_t* bias;
    int k, n;
    std::int64_t scale;
    int shift;
};

int activation(std::int64_t sum, const layer& l) {
    const auto rounded = (sum * l.scale + (std::int64_t{1} << (l.shift - 1))) >> l.shift;
    return static_cast<int>(std::clamp<std::int64_t>(rounded, 0, 127));
}

// Convolution of 5 x 5, and the largest of each 2 x 2.
picture convolve(picture in, const layer& l) {
    picture out((in.side - 4) / 2, l.n);
    for (int row = 0; row < 2 * out.side; ++row)
        for (int column = 0; column < 2 * out.side; ++column)
            for (int n = 0; n < l.n; ++n) {
                std::int64_t sum = l.bias[n];
                for (int i = 0; i < 5; ++i)
                    for (int j = 0; j < 5; ++j)
                        for (int c = 0; c < in.channels; ++c)
                            sum += in.at(row + i, column + j, c) * l.weights[((i * 5 + j) * in.channels + c) * l.n + n];
                auto& largest = out.at(row / 2, column / 2, n); // 0 at first, as small as an activation is
                largest = std::max(largest, activation(sum, l));
            }
    return out;
}

std::vector<std::int64_t> connect(const std::vector<int>& in, const layer& l) {
    std::vector<std::int64_t> sums(l.bias, l.bias + l.n);
    for (int k = 0; k < l.k; ++k)
        for (int n = 0; n < l.n; ++n)
            sums[static_cast<std::size_t>(n)] += in[static_cast<std::size_t>(k)] * l.weights[k * l.n + n];
    return sums;
}

std::vector<int> connect_and_activate(const std::vector<int>& in, const layer& l) {
    std::vector<int> out;
    for (const auto sum : connect(in, l)) out.push_back(activation(sum, l));
    return out;
}

constexpr layer conv1{lenet5_conv1_weights, lenet5_conv1_bias,  LENET5_CONV1_K,
                      LENET5_CONV1_N,       LENET5_CONV1_SCALE, LENET5_CONV1_SHIFT};
constexpr layer conv2{lenet5_conv2_weights, lenet5_conv2_bias,  LENET5_CONV2_K,
                      LENET5_CONV2_N,       LENET5_CONV2_SCALE, LENET5_CONV2_SHIFT};
constexpr layer fc1{lenet5_fc1_weights, lenet5_fc1_bias,  LENET5_FC1_K,
                    LENET5_FC1_N,       LENET5_FC1_SCALE, LENET5_FC1_SHIFT};
constexpr layer fc2{lenet5_fc2_weights, lenet5_fc2_bias,  LENET5_FC2_K,
                    LENET5_FC2_N,       LENET5_FC2_SCALE, LENET5_FC2_SHIFT};
constexpr layer fc3{lenet5_fc3_weights, lenet5_fc3_bias, LENET5_FC3_K, LENET5_FC3_N, 0, 0};

} // namespace

std::vector<digit> digit_test_images() {
    std::vector<digit> images;
    for (std::size_t at = LENET5_TRAINING_IMAGES * row_bytes; at < sizeof rows; at += row_bytes) {
        auto& d = images.emplace_back();
        std::copy_n(rows + at, d.pixels.size(), d.pixels.begin());
        d.label = rows[at + d.pixels.size()];
    }
    return images;
}

digit_answer recognise(const digit& d) {
    picture image(32, 1); // each pixel four times in both directions
    for (int row = 0; row < 32; ++row)
        for (int column = 0; column < 32; ++column)
            image.at(row, column, 0) = d.pixels[static_cast<std::size_t>(row / 4 * 8 + column / 4)] * LENET5_PIXEL;
    const auto features = convolve(convolve(image, conv1), conv2);
    const auto sums = connect(connect_and_activate(connect_and_activate(features.values, fc1), fc2), fc3);
    digit_answer answer;
    std::transform(sums.begin(), sums.end(), answer.logits.begin(),
                   [](std::int64_t s) { return static_cast<std::int32_t>(s); });
    answer.label =
        static_cast<int>(std::max_element(answer.logits.begin(), answer.logits.end()) - answer.logits.begin());
    return answer;
}

} // namespace cimtlm

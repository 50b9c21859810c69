/// Lowering: is an im2col product the convolution, do batches and groups land where they belong, is each operand of
/// vector work counted once?
#include <workloads/lowering.h>

#include <cimtlm/base/error.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace cimtlm {
namespace {

layer convolution(std::int64_t extent, std::int64_t c_in, std::int64_t kernel, std::int64_t c_out) {
    layer l;
    l.name = "conv";
    l.kind = layer_kind::convolution;
    l.height = l.width = extent;
    l.c_in = c_in;
    l.kernel_height = l.kernel_width = kernel;
    l.c_out = c_out;
    return l;
}

layer rows(layer_kind kind, std::int64_t m, std::int64_t n) {
    layer l;
    l.name = info_of(kind).name;
    l.kind = kind;
    l.m = m;
    l.n = n;
    return l;
}

gemm product(const layer& l) { return std::get<gemm>(lower(l, "test")); }
vector_work work(const layer& l) { return std::get<vector_work>(lower(l, "test")); }

std::string refusal(const layer& l) {
    try {
        lower(l, "net.csv:3");
    } catch (const input_error& error) {
        return error.what();
    }
    return "accepted";
}

/// Images and filters of a convolution in whole numbers; indices in the order of the names.
class reference {
public:
    reference(const layer& l, std::mt19937& random)
        : l_(l)
        , image_(fill(l.batch * l.c_in * l.height * l.width, random))
        , filters_(fill(l.c_out * (l.c_in / l.groups) * l.kernel_height * l.kernel_width, random)) {}

    /// The image with its zeros around it: rows and columns count from the padded corner.
    int image(std::int64_t input, std::int64_t channel, std::int64_t row, std::int64_t column) const {
        row -= l_.padding.top;
        column -= l_.padding.left;
        if (row < 0 || row >= l_.height || column < 0 || column >= l_.width) return 0;
        return image_.at(static_cast<std::size_t>(((input * l_.c_in + channel) * l_.height + row) * l_.width + column));
    }

    /// `channel` counts within the group of the filter.
    int filter(std::int64_t filter, std::int64_t channel, std::int64_t row, std::int64_t column) const {
        const auto index = ((filter * (l_.c_in / l_.groups) + channel) * l_.kernel_height + row) * l_.kernel_width;
        return filters_.at(static_cast<std::size_t>(index + column));
    }

    /// One output channel after another, by sliding the kernel until it leaves the padded image.
    std::vector<std::vector<int>> direct(std::int64_t& macs) const {
        std::vector<std::vector<int>> out(static_cast<std::size_t>(l_.c_out));
        const auto last_row = l_.height + l_.padding.top + l_.padding.bottom - l_.kernel_height;
        const auto last_column = l_.width + l_.padding.left + l_.padding.right - l_.kernel_width;
        const auto per_group = l_.c_in / l_.groups;
        for (std::int64_t f = 0; f < l_.c_out; ++f) {
            const auto first_channel = f / (l_.c_out / l_.groups) * per_group;
            for (std::int64_t input = 0; input < l_.batch; ++input)
                for (std::int64_t y = 0; y <= last_row; y += l_.stride)
                    for (std::int64_t x = 0; x <= last_column; x += l_.stride) {
                        int sum = 0;
                        for (std::int64_t c = 0; c < per_group; ++c)
                            for (std::int64_t r = 0; r < l_.kernel_height; ++r)
                                for (std::int64_t s = 0; s < l_.kernel_width; ++s, ++macs)
                                    sum += image(input, first_channel + c, y + r, x + s) * filter(f, c, r, s);
                        out[static_cast<std::size_t>(f)].push_back(sum);
                    }
        }
        return out;
    }

    /// The same from the products of lowering: row m of A is a window, column n of B a filter of the group.
    std::vector<std::vector<int>> by_products(const gemm& g) const {
        std::vector<std::vector<int>> out;
        const auto window = l_.kernel_height * l_.kernel_width;
        for (std::int64_t group = 0; group < g.batch; ++group)
            for (std::int64_t n = 0; n < g.n; ++n) {
                auto& column = out.emplace_back();
                for (std::int64_t m = 0; m < g.m; ++m) {
                    const auto input = m / (l_.out_height() * l_.out_width());
                    const auto y = m / l_.out_width() % l_.out_height() * l_.stride;
                    const auto x = m % l_.out_width() * l_.stride;
                    int sum = 0;
                    for (std::int64_t k = 0; k < g.k; ++k) {
                        const auto channel = k / window;
                        const auto r = k % window / l_.kernel_width;
                        const auto s = k % l_.kernel_width;
                        sum += image(input, group * (l_.c_in / l_.groups) + channel, y + r, x + s) *
                               filter(group * g.n + n, channel, r, s);
                    }
                    column.push_back(sum);
                }
            }
        return out;
    }

private:
    static std::vector<int> fill(std::int64_t count, std::mt19937& random) {
        std::vector<int> values(static_cast<std::size_t>(count));
        for (auto& value : values) value = static_cast<int>(random() % 255) - 127;
        return values;
    }

    const layer& l_;
    std::vector<int> image_;
    std::vector<int> filters_;
};

TEST(lowering, product_is_the_convolution_on_random_shapes) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto pick = [&](int least, int most) {
        return std::uniform_int_distribution<std::int64_t>(least, most)(random);
    };
    int with_groups = 0;
    for (int i = 0; i < 300; ++i) {
        layer l = convolution(1, 1, 1, 1);
        l.groups = pick(1, 3);
        l.c_in = l.groups * pick(1, 3);
        l.c_out = l.groups * pick(1, 3);
        l.height = pick(1, 9);
        l.width = pick(1, 9);
        l.padding = {pick(0, 2), pick(0, 2), pick(0, 2), pick(0, 2)};
        l.kernel_height = pick(1, static_cast<int>(l.height + l.padding.top + l.padding.bottom));
        l.kernel_width = pick(1, static_cast<int>(l.width + l.padding.left + l.padding.right));
        l.stride = pick(1, 3);
        l.batch = pick(1, 2);
        with_groups += l.groups > 1;

        const auto g = product(l);
        const reference both(l, random);
        std::int64_t macs = 0;
        const auto direct = both.direct(macs);
        ASSERT_EQ(direct, both.by_products(g));
        ASSERT_EQ(g.macs(), macs);
        ASSERT_EQ(g.m, static_cast<std::int64_t>(direct.front().size()));
        ASSERT_FALSE(g.b_is_activation);
    }
    EXPECT_GT(with_groups, 0);
}

TEST(lowering, depthwise_convolution_is_one_product_a_channel) {
    layer l = convolution(112, 32, 3, 32);
    l.padding = {1, 1, 1, 1};
    l.groups = 32;
    const auto g = product(l);
    EXPECT_EQ(g.m, 112 * 112);
    EXPECT_EQ(g.n, 1);
    EXPECT_EQ(g.k, 9);
    EXPECT_EQ(g.batch, 32);
}

TEST(lowering, inputs_of_a_linear_layer_share_its_weights) {
    layer l = rows(layer_kind::linear, 512, 1024);
    l.k = 64;
    l.batch = 3;
    l.repeat = 2;
    l.bits = {4, 5, 6, 7};
    const auto g = product(l);
    EXPECT_EQ(g.m, 3 * 512);
    EXPECT_EQ(g.batch, 1);
    EXPECT_EQ(g.repeat, 2);
    EXPECT_EQ(g.bits, l.bits);
    EXPECT_EQ(totals({g}, "test").weights, 2 * 1024 * 64);
}

TEST(lowering, heads_of_an_attention_product_stand_side_by_side) {
    layer l = rows(layer_kind::matmul, 512, 512);
    l.k = 64;
    l.batch = 16;
    const auto g = product(l);
    EXPECT_EQ(g.m, 512);
    EXPECT_EQ(g.batch, 16);
    EXPECT_TRUE(g.b_is_activation);
    const auto sum = totals({g}, "test");
    EXPECT_EQ(sum.gemms, 16);
    EXPECT_EQ(sum.weights, 0);
    EXPECT_EQ(sum.macs, 16LL * 512 * 512 * 64);
}

TEST(lowering, vector_work_counts_bytes_of_each_operand_once) {
    struct expected {
        layer_kind kind;
        std::int64_t elements, read_bytes, write_bytes;
    };
    for (const auto& e : {expected{layer_kind::softmax, 48, 24, 96},
                          {layer_kind::add, 48, 24 + 48, 96},
                          {layer_kind::multiply, 48, 24 + 48, 96},
                          {layer_kind::layer_norm, 48, 24 + 2 * 8, 96},
                          {layer_kind::rms_norm, 48, 24 + 8, 96},
                          {layer_kind::rotary_embedding, 48, 24 + 3 * 8, 96}, // both heads turn by the same angles
                          {layer_kind::embedding, 48, 3 + 48, 96}}) {
        layer l = rows(e.kind, 3, 8);
        l.batch = 2;
        l.bits = {4, 8, 16, 8};
        const auto v = work(l);
        EXPECT_EQ(v.elements, e.elements) << v.name;
        EXPECT_EQ(v.read_bytes, e.read_bytes) << v.name;
        EXPECT_EQ(v.write_bytes, e.write_bytes) << v.name;
    }
    layer odd = rows(layer_kind::relu, 1, 3);
    odd.bits = {3, 8, 1, 8};
    EXPECT_EQ(work(odd).read_bytes, 2); // 9 bits
    EXPECT_EQ(work(odd).write_bytes, 1);
}

TEST(lowering, pooling_counts_windows) {
    layer l = convolution(112, 64, 3, 1);
    l.kind = layer_kind::max_pool;
    l.stride = 2;
    l.padding = {1, 1, 1, 1};
    const auto v = work(l);
    EXPECT_EQ(v.elements, 56 * 56 * 64);
    EXPECT_EQ(v.operations, v.elements * 8);
    EXPECT_EQ(v.read_bytes, 112 * 112 * 64);
    l.kind = layer_kind::average_pool;
    EXPECT_EQ(work(l).operations, v.elements * 9);
}

TEST(lowering, interaction_counts_each_pair_once) {
    const auto v = work(rows(layer_kind::pairwise_dot, 27, 128));
    EXPECT_EQ(v.elements, 351);
    EXPECT_EQ(v.operations, 351 * 255);
    EXPECT_EQ(v.read_bytes, 27 * 128);
}

TEST(lowering, element_wise_work_below_its_product_is_fusible) {
    const auto fusible = [](layer below, const std::vector<layer>& above) {
        trace t;
        t.layers = above;
        below.name = "below";
        t.layers.push_back(below);
        return std::get<vector_work>(lower(t).back()).fusible;
    };
    const auto product = rows(layer_kind::linear, 4, 6);
    for (const auto& kind : layer_kinds()) {
        if (kind.shape != layer_shape::rows) continue;
        const bool unary = kind.kind == layer_kind::relu || kind.kind == layer_kind::relu6 ||
                           kind.kind == layer_kind::gelu || kind.kind == layer_kind::silu ||
                           kind.kind == layer_kind::sigmoid || kind.kind == layer_kind::tanh;
        EXPECT_EQ(fusible(rows(kind.kind, 4, 6), {product}), unary) << kind.name;
    }
    const auto relu = rows(layer_kind::relu, 4, 6);
    EXPECT_FALSE(fusible(relu, {}));
    EXPECT_FALSE(fusible(relu, {product, rows(layer_kind::add, 4, 6)}));
    EXPECT_FALSE(fusible(rows(layer_kind::relu, 4, 5), {product}));
    EXPECT_TRUE(fusible(rows(layer_kind::relu, 6, 4), {product}));
    auto repeated = relu;
    repeated.repeat = 2;
    EXPECT_FALSE(fusible(repeated, {product}));
}

TEST(lowering, refuses_what_is_no_layer) {
    layer l = convolution(4, 6, 5, 8);
    EXPECT_EQ(refusal(l), "net.csv:3: column 'R': the kernel is 5, larger than the padded H of 4");
    l.padding = {1, 0, 0, 1};
    EXPECT_EQ(refusal(l), "accepted");
    l.groups = 4;
    EXPECT_EQ(refusal(l), "net.csv:3: column 'groups': 4 groups do not divide C_in = 6");
    l.groups = 3;
    EXPECT_EQ(refusal(l), "net.csv:3: column 'groups': 3 groups do not divide C_out = 8");
    EXPECT_EQ(refusal(rows(layer_kind::pairwise_dot, 1, 8)),
              "net.csv:3: column 'M': 1 vector makes no pair; allowed: 2 or more");
    EXPECT_EQ(refusal(rows(layer_kind::rotary_embedding, 4, 7)),
              "net.csv:3: column 'N': 7 elements are not pairs; allowed: an even number");
    EXPECT_EQ(refusal(rows(layer_kind::relu, 0, 3)), "net.csv:3: M is 0; allowed 1 to 2147483647");
    l = rows(layer_kind::relu, 1, 1);
    l.bits.z = 65;
    EXPECT_EQ(refusal(l), "net.csv:3: bits are 65; allowed 1 to 64");
}

TEST(lowering, counts_end_at_2_to_the_62) {
    const auto most = gemm::largest_extent;
    for (const auto& kind : layer_kinds()) {
        layer l = rows(kind.kind, most, most);
        l.height = l.width = l.c_in = l.c_out = l.k = l.batch = l.repeat = most;
        EXPECT_NE(refusal(l), "accepted") << kind.name;
    }
    layer l = rows(layer_kind::relu, std::int64_t{1} << 30, std::int64_t{1} << 29); // 2^59 elements of 8 bits
    EXPECT_EQ(refusal(l), "accepted");
    l.batch = 2;
    EXPECT_NE(refusal(l).find("2^62"), std::string::npos);
    l.batch = 1;
    l.repeat = 16;
    EXPECT_NE(refusal(l).find("2^62"), std::string::npos);

    trace t;
    l.repeat = 8; // 2^62 operations: one such layer is the most that a trace can hold
    t.layers.assign(2, l);
    const auto twice = lower(t);
    EXPECT_NO_THROW(totals({twice.front()}, "net.csv"));
    EXPECT_THROW(totals(twice, "net.csv"), input_error);
}

} // namespace
} // namespace cimtlm

/// Operations of vector work: is each kind counted as its formula says?
#include <workloads/lowering.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cimtlm {
namespace {

/// Runs a formula on numbers that count what is done to them.
struct counted {
    double value = 0;
    static inline std::int64_t operations = 0;
};
counted done(double value) {
    ++counted::operations;
    return {value};
}
counted operator+(counted x, counted y) { return done(x.value + y.value); }
counted operator-(counted x, counted y) { return done(x.value - y.value); }
counted operator*(counted x, counted y) { return done(x.value * y.value); }
counted operator/(counted x, counted y) { return done(x.value / y.value); }
counted operator-(counted x) { return done(-x.value); }
counted exp(counted x) { return done(std::exp(x.value)); }
counted sqrt(counted x) { return done(std::sqrt(x.value)); }
counted smaller(counted x, counted y) { return done(std::min(x.value, y.value)); }
counted larger(counted x, counted y) { return done(std::max(x.value, y.value)); }
counted tanh(counted x) { return counted{1} - counted{2} / (exp(counted{2} * x) + counted{1}); }

using counted_row = std::vector<counted>;
counted sum(const counted_row& x) { return std::accumulate(x.begin() + 1, x.end(), x.front()); }

std::int64_t operations_of(layer_kind kind, std::size_t n) {
    counted_row x;
    for (std::size_t i = 0; i < n; ++i) x.push_back({std::sin(static_cast<double>(i))});
    const counted one{1}, half{0.5}, count{static_cast<double>(n)};
    counted::operations = 0;
    switch (kind) {
    case layer_kind::add:
        for (const auto& v : x) v + one;
        break;
    case layer_kind::multiply:
        for (const auto& v : x) v* half;
        break;
    case layer_kind::relu6:
        for (const auto& v : x) smaller(larger(v, {0}), {6});
        break;
    case layer_kind::silu:
        for (const auto& v : x) v / (one + exp(-v));
        break;
    case layer_kind::rotary_embedding:
        for (std::size_t i = 0; i < n; i += 2) {
            x[i] * half - x[i + 1] * one; // the sine and the cosine of an angle are read
            x[i + 1] * half + x[i] * one;
        }
        break;
    case layer_kind::rms_norm: {
        counted_row squares;
        for (const auto& v : x) squares.push_back(v * v);
        const auto scale = one / sqrt(sum(squares) / count + counted{1e-5});
        for (auto& v : x) v = v * scale * half;
        break;
    }
    case layer_kind::relu:
        for (const auto& v : x) larger(v, {0});
        break;
    case layer_kind::sigmoid:
        for (const auto& v : x) one / (one + exp(-v));
        break;
    case layer_kind::tanh:
        for (const auto& v : x) tanh(v);
        break;
    case layer_kind::gelu:
        for (const auto& v : x) half* v*(one + tanh(counted{0.797885} * (v + counted{0.044715} * (v * v * v))));
        break;
    case layer_kind::batch_norm:
        for (const auto& v : x) half* v + one;
        break;
    case layer_kind::softmax: {
        const auto most = std::accumulate(x.begin() + 1, x.end(), x.front(), larger);
        for (auto& v : x) v = exp(v - most);
        const auto total = sum(x);
        for (auto& v : x) v = v / total;
        break;
    }
    case layer_kind::layer_norm: {
        const auto mean = sum(x) / count;
        counted_row squares;
        for (auto& v : x) {
            v = v - mean;
            squares.push_back(v * v);
        }
        const auto scale = one / sqrt(sum(squares) / count + counted{1e-12});
        for (auto& v : x) v = v * scale * half + one;
        break;
    }
    default:
        break;
    }
    return counted::operations;
}

TEST(operations, are_those_of_the_formula) {
    for (const auto& kind : layer_kinds()) {
        if (kind.shape != layer_shape::rows) continue;
        for (const std::size_t n : {1, 2, 7, 64}) {
            if (kind.kind == layer_kind::rotary_embedding && n % 2 != 0) continue; // pairs
            layer l;
            l.kind = kind.kind;
            l.n = static_cast<std::int64_t>(n);
            const auto v = std::get<vector_work>(lower(l, "test"));
            EXPECT_EQ(v.operations, operations_of(kind.kind, n)) << kind.name << " of " << n;
        }
    }
}

} // namespace
} // namespace cimtlm

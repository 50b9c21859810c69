#include <workloads/model_parts.h>

#include <utility>

namespace cimtlm {

layer product(std::string name, std::int64_t m, std::int64_t n, std::int64_t k) {
    layer l;
    l.name = std::move(name);
    l.kind = layer_kind::linear;
    l.m = m;
    l.n = n;
    l.k = k;
    return l;
}

layer attention(std::string name, std::int64_t heads, std::int64_t m, std::int64_t n, std::int64_t k) {
    layer l = product(std::move(name), m, n, k);
    l.kind = layer_kind::matmul;
    l.batch = heads;
    return l;
}

layer rows(std::string name, layer_kind kind, std::int64_t m, std::int64_t n) {
    layer l;
    l.name = std::move(name);
    l.kind = kind;
    l.m = m;
    l.n = n;
    return l;
}

layer rows_of_heads(std::string name, layer_kind kind, std::int64_t heads, std::int64_t m, std::int64_t n) {
    layer l = rows(std::move(name), kind, m, n);
    l.batch = heads;
    return l;
}

layer lookup(std::string name, std::int64_t m, std::int64_t n) {
    layer l = rows(std::move(name), layer_kind::embedding, m, n);
    l.bits.a = 32;
    return l;
}

layer window(std::string name, layer_kind kind, std::int64_t extent, std::int64_t channels, std::int64_t kernel,
             std::int64_t stride, std::int64_t padding) {
    layer l;
    l.name = std::move(name);
    l.kind = kind;
    l.height = l.width = extent;
    l.c_in = channels;
    l.kernel_height = l.kernel_width = kernel;
    l.stride = stride;
    l.padding = {padding, padding, padding, padding};
    return l;
}

layer convolution(std::string name, std::int64_t extent, std::int64_t c_in, std::int64_t kernel, std::int64_t c_out,
                  std::int64_t stride, std::int64_t padding) {
    layer l = window(std::move(name), layer_kind::convolution, extent, c_in, kernel, stride, padding);
    l.c_out = c_out;
    return l;
}

} // namespace cimtlm

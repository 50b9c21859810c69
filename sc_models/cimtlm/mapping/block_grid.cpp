#include <cimtlm/mapping/block_grid.h>

#include <algorithm>

namespace cimtlm {

block_region block_grid::region(const gemm& g, std::int64_t number) const {
    const auto whole = extents_of(g);
    block_region r;
    for (auto d : {dim::N, dim::K, dim::M}) {
        const auto count = along(d, g);
        r.origin[index(d)] = number % count * block[index(d)];
        r.extent[index(d)] = std::min(block[index(d)], whole[index(d)] - r.origin[index(d)]);
        number /= count;
    }
    return r;
}

std::vector<block_class> block_grid::classes(const gemm& g) const {
    const auto whole = extents_of(g);
    std::vector<block_class> all;
    all.reserve(8);
    const auto add = [&](const extents& clipped) {
        block_class c{block, 1};
        for (auto d : all_dims) {
            const auto x = index(d);
            c.count *= clipped[x] ? whole[x] % block[x] > 0 : whole[x] / block[x];
            if (clipped[x]) c.extent[x] = whole[x] % block[x];
        }
        if (c.count > 0) all.push_back(c);
    };
    for (std::int64_t k : {0, 1})
        for (std::int64_t n : {0, 1})
            for (std::int64_t m : {0, 1}) add({m, n, k});
    return all;
}

gemm block_product(const gemm& whole, const extents& extent, bool splits_k) {
    gemm g = whole;
    g.m = extent[index(dim::M)];
    g.n = extent[index(dim::N)];
    g.k = extent[index(dim::K)];
    g.batch = g.repeat = 1;
    if (splits_k) g.bits.z = g.bits.partial;
    return g;
}

std::string to_text(const block_grid& grid, const gemm& g) {
    const auto whole = extents_of(g);
    std::string text = std::to_string(grid.blocks(g) * g.batch) + " blocks";
    for (auto d : all_dims)
        text += std::string(" ") + to_string(d) + std::to_string(std::min(grid.block[index(d)], whole[index(d)]));
    return text;
}

} // namespace cimtlm

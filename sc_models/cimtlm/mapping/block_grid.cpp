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
    std::vector<block_class> all{{{0, 0, 0}, 1}};
    for (auto d : all_dims) {
        const auto x = index(d);
        const auto full = whole[x] / block[x], rest = whole[x] % block[x];
        std::vector<block_class> next;
        for (const auto& [extent, count] : {std::pair{block[x], full}, std::pair{rest, std::int64_t{rest > 0}}}) {
            if (count == 0) continue;
            for (auto c : all) {
                c.extent[x] = extent;
                c.count *= count;
                next.push_back(c);
            }
        }
        all = std::move(next);
    }
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

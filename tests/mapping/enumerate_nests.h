#pragma once
/// Every nest of a small product, for comparison with what a search finds.
#include <cimtlm/mapping/loop_nest.h>

#include <functional>

namespace cimtlm::test {

/// Calls use(nest) for every nest: all factors that leave nothing empty, all innermost loops of each memory.
inline void enumerate_nests(const gemm& g, const machine& m, const std::vector<nest_slot>& shape,
                            const std::function<void(const loop_nest&)>& use) {
    const auto whole = extents_of(g);
    std::vector<extents> factor(shape.size(), {1, 1, 1});
    std::vector<dim> innermost(shape.size(), dim::M);
    const auto build = [&] {
        loop_nest nest(shape.size());
        for (std::size_t s = 0; s < shape.size(); ++s) {
            for (auto d : all_dims)
                if (d != innermost[s]) nest.add(s, d, factor[s][index(d)]);
            nest.add(s, innermost[s], factor[s][index(innermost[s])]);
        }
        return nest;
    };
    std::function<void(std::size_t)> orders = [&](std::size_t s) {
        if (s == shape.size()) return use(build());
        bool any = false;
        if (shape[s].role == slot_role::memory)
            for (auto d : all_dims)
                if (factor[s][index(d)] > 1) {
                    any = true;
                    innermost[s] = d;
                    orders(s + 1);
                }
        if (!any) orders(s + 1);
    };
    std::function<void(std::size_t, std::size_t, std::int64_t)> factors = [&](std::size_t d, std::size_t s,
                                                                              std::int64_t covered) {
        if (d == 3) {
            if (why_impossible(build(), g, m, shape).empty()) orders(0);
            return;
        }
        const auto rest = (whole[d] + covered - 1) / covered;
        if (s == 0) {
            factor[0][d] = rest;
            factors(d + 1, shape.size() - 1, 1);
            return;
        }
        const auto most = shape[s].limit[d] > 0 ? std::min(rest, shape[s].limit[d]) : rest;
        for (std::int64_t f = 1; f <= most; ++f) {
            if (shape[s].fanout > 0 && f > shape[s].fanout) break;
            factor[s][d] = f;
            factors(d, s - 1, covered * f);
        }
        factor[s][d] = 1;
    };
    factors(0, shape.size() - 1, 1);
}

} // namespace cimtlm::test

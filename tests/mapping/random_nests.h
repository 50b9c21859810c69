#pragma once
/// Random machines, products and nests for the tests of mapping/. A case follows from its seed alone.
#include "study_machines.h"

#include <cimtlm/mapping/loop_nest.h>

#include <random>

namespace cimtlm::test {

class dice {
public:
    explicit dice(std::uint64_t seed)
        : engine_(seed) {}
    /// Uniform in low .. high. Not the library's distribution: that one differs between implementations.
    std::int64_t roll(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(high - low + 1));
    }
    bool chance(int percent) { return roll(1, 100) <= percent; }
    template <class T> const T& one_of(const std::vector<T>& from) {
        return from[static_cast<std::size_t>(roll(0, static_cast<std::int64_t>(from.size()) - 1))];
    }

private:
    std::mt19937_64 engine_;
};

struct random_case {
    machine m;
    gemm g;
    std::vector<nest_slot> shape;
    loop_nest nest;
    std::string text() const {
        std::string keeps;
        for (const auto& level : m.memories) {
            keeps += " " + level.name + "(";
            for (auto t : level.keeps) keeps += to_string(t);
            keeps += ")";
        }
        return std::to_string(g.m) + "," + std::to_string(g.n) + "," + std::to_string(g.k) + keeps + ": " +
               to_text(nest, shape);
    }
};

inline memory_level random_level(dice& d, const std::string& name, memory_kind kind) {
    memory_level l;
    l.name = name;
    l.kind = kind;
    for (auto t : all_tensors)
        if (d.chance(60)) l.keeps.push_back(t);
    if (l.keeps.empty()) l.keeps.push_back(d.one_of<tensor>({tensor::A, tensor::B, tensor::Z}));
    return l;
}

/// A CiM machine with 0 to 2 staging memories of any keeps, at times with blocks side by side.
inline machine random_cim(dice& d) {
    auto m = study::common();
    const auto staging = d.roll(0, 2);
    for (std::int64_t i = 0; i < staging; ++i) {
        m.memories.push_back(random_level(d, "sram" + std::to_string(i), memory_kind::sram));
        if (d.chance(20)) m.memories.back().fanout = fanout_parameters{"block" + std::to_string(i), 4, 0, 0, 0};
    }
    auto macro = study::macro("digital_6t");
    macro.rows_parallel = d.roll(1, 6);
    macro.columns_parallel = d.roll(1, 6);
    macro.rows_held = d.roll(1, 3);
    macro.columns_held = d.roll(1, 3);
    m.cim = cim_parameters{macro, d.roll(1, 8), "rf", energy_basis::operation, 0.05};
    return m;
}

/// A tensor core with sub-partitions, registers of any keeps, with or without shared memory and latch.
inline machine random_tensor_core(dice& d) {
    auto m = study::tensor_core();
    std::vector<memory_level> levels{m.memories[0]};
    if (d.chance(80)) levels.push_back(random_level(d, "smem", memory_kind::sram));
    if (d.chance(80)) {
        levels.push_back(random_level(d, "rf", memory_kind::register_file));
        if (d.chance(80)) levels.back().fanout = fanout_parameters{"sub_partition", 4, 0, 0, 0};
    }
    if (d.chance(70)) {
        levels.push_back(random_level(d, "latch", memory_kind::latch));
        levels.back().fanout = fanout_parameters{"pe", 16, 1, 4, 4};
    }
    m.memories = levels;
    m.tensor_core->rows = m.tensor_core->columns = 4;
    return m;
}

/// A nest of small factors in every slot. With `padded` the factors need not divide the extents.
inline random_case make_case(std::uint64_t seed, bool padded) {
    dice d(seed);
    random_case c;
    c.m = d.chance(60) ? random_cim(d) : random_tensor_core(d);
    c.g.bits.partial = d.one_of<int>({8, 16, 32});
    c.shape = nest_slots(c.m, c.g.bits);
    c.nest = loop_nest(c.shape.size());
    std::int64_t budget = 6000;
    extents covered{1, 1, 1};
    // From the engine outwards, so that the slots with limits get their share.
    for (std::size_t s = c.shape.size(); s-- > 0;) {
        const auto& slot = c.shape[s];
        std::int64_t places = slot.fanout > 0 ? slot.fanout : budget;
        extents used{1, 1, 1};
        for (std::int64_t loops = d.roll(0, 4); loops > 0; --loops) {
            const auto dim_ = d.one_of<dim>({dim::M, dim::N, dim::K});
            auto most = std::min({places, budget, std::int64_t{5}});
            if (slot.limit[index(dim_)] > 0) most = std::min(most, slot.limit[index(dim_)] / used[index(dim_)]);
            if (slot.role == slot_role::hold && dim_ == dim::M) continue;
            if (most < 2) continue;
            const auto factor = d.roll(2, most);
            c.nest.slots[s].insert(c.nest.slots[s].begin(), {dim_, factor});
            used[index(dim_)] *= factor;
            covered[index(dim_)] *= factor;
            places /= factor;
            budget /= factor;
        }
    }
    std::array<std::int64_t*, 3> of{&c.g.m, &c.g.n, &c.g.k};
    for (auto dim_ : all_dims) {
        auto& extent = *of[index(dim_)];
        extent = covered[index(dim_)];
        if (padded && extent > 1) extent = d.roll(std::max<std::int64_t>(1, extent / 2), extent);
    }
    return c;
}

} // namespace cimtlm::test

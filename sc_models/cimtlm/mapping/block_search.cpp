// Mapping of products onto units by search: grids of blocks, and nests for them.
#include <cimtlm/mapping/map_blocks.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/nest_point.h>
#include <cimtlm/mapping/search.h>

#include <algorithm>
#include <limits>

namespace cimtlm {

namespace {

// How much is looked at: enough for 2 % of the best on machines that can be enumerated.
constexpr std::size_t most_ruled = 128;            // grids that get a nest of the rules
constexpr std::size_t most_searched = 4;           // of them, those whose nest is searched
constexpr std::size_t most_climbed = 3;            // of those, from which moves are made
constexpr int most_moves = 10;                     // from the best of those to a neighbour
constexpr std::size_t most_neighbours = 2;         // whose nest is searched
constexpr search_effort rough_effort{4, 1, 60, 0}; // where a nest of the rules does not fit
constexpr search_effort first_effort{16, 2, 150, 150};
constexpr search_effort move_effort{0, 1, 60, 0};
constexpr search_effort last_effort{24, 2, 250, 400};

/// Extents along one dimension, each once and of whole units where that is less than all.
class cuts {
public:
    cuts(std::int64_t whole, std::int64_t unit)
        : whole_(whole)
        , unit_(unit) {}
    void add(std::int64_t extent) {
        extent = std::min(whole_, round_up(std::max<std::int64_t>(extent, 1), unit_));
        if (std::find(all_.begin(), all_.end(), extent) == all_.end()) all_.push_back(extent);
    }
    /// Even parts, up to so many.
    void add_parts(std::int64_t most) {
        for (std::int64_t parts = 1; parts < most; parts = parts < 4 ? parts + 1 : parts + parts / 2)
            add(divide_up(whole_, parts));
        add(divide_up(whole_, most));
    }
    const std::vector<std::int64_t>& all() const { return all_; }

private:
    std::int64_t whole_, unit_;
    std::vector<std::int64_t> all_;
};

struct candidate {
    double score = std::numeric_limits<double>::infinity();
    blocked_mapping mapping;
};

/// Among the best so far, ascending, one a grid.
void keep(const candidate& c, std::vector<candidate>& best, std::size_t most) {
    if (c.score == std::numeric_limits<double>::infinity()) return;
    const auto same =
        std::find_if(best.begin(), best.end(), [&](const candidate& o) { return o.mapping.grid == c.mapping.grid; });
    if (same != best.end()) {
        if (same->score <= c.score) return;
        best.erase(same);
    }
    const auto at =
        std::upper_bound(best.begin(), best.end(), c.score, [](double s, const candidate& o) { return s < o.score; });
    best.insert(at, c);
    if (best.size() > most) best.pop_back();
}

class searcher {
public:
    searcher(const group_cost& cost, mapper_objective objective, const machine& unit, const blocked_work& work);
    blocked_mapping run();

private:
    struct place {
        double least;
        block_grid grid;
    };
    gemm block(const block_grid& grid) const { return block_product(g_, grid.block, grid.splits_k(g_)); }
    double rank(const block_grid& grid, const loop_nest& nest);
    std::vector<place> grids() const;
    std::vector<block_grid> neighbours(const block_grid& grid) const;
    candidate with_nest(const block_grid& grid, const loop_nest& nest, bool stretched = false);
    candidate ruled(const block_grid& grid);
    void refine(candidate& c, const search_effort& effort);
    bool move(candidate& c);

    const group_cost& cost_;
    mapper_objective objective_;
    const machine& unit_;
    blocked_work work_;
    const gemm& g_ = work_.product;
    std::vector<nest_slot> shape_;
    flat_nest flat_;
    extents step_; ///< positions along each dimension that an engine works on at once
};

searcher::searcher(const group_cost& cost, mapper_objective objective, const machine& unit, const blocked_work& work)
    : cost_(cost)
    , objective_(objective)
    , unit_(unit)
    , work_(work)
    , shape_(nest_slots(unit, work.product.bits))
    , flat_(loop_nest(shape_.size()), unit, shape_) {
    work_.product.name.clear();
    const auto geometry = cost.unit().matrix_engine().geometry();
    const auto slices = unit.cim ? cost.unit().matrix_engine().weight_slices(g_.bits.b) : 1;
    step_ = {1, std::max<std::int64_t>(1, geometry.columns_parallel / slices), geometry.rows_parallel};
}

double searcher::rank(const block_grid& grid, const loop_nest& nest) {
    flat_.assign(nest);
    return score_of(cost_.evaluate(grid, flat_, work_), objective_);
}

// Even cuts of N and K and powers of two; of M also what fills the units once or several times.
std::vector<searcher::place> searcher::grids() const {
    const auto units = cost_.group().units;
    cuts n(g_.n, step_[1]), k(g_.k, step_[2]);
    constexpr std::int64_t few = 16;
    n.add_parts(std::max(units, few));
    for (std::int64_t size = std::max<std::int64_t>(16, step_[1]); size <= 512; size *= 2) n.add(size);
    k.add_parts(unit_.cim ? std::max(units, few) : few);
    std::vector<place> all;
    for (auto bn : n.all())
        for (auto bk : k.all()) {
            const auto others = divide_up(g_.n, bn) * divide_up(g_.k, bk) * g_.batch;
            cuts m(g_.m, 1);
            for (std::int64_t parts : {1, 2, 3, 4, 6}) m.add(divide_up(g_.m, parts));
            for (std::int64_t waves = 1; waves <= 64; waves = waves < 4 ? waves + 1 : waves + waves / 2)
                m.add(divide_up(g_.m, std::max<std::int64_t>(1, waves * units / others)));
            for (std::int64_t size = 32; size <= 512; size *= 2) m.add(size);
            for (auto bm : m.all()) {
                const block_grid grid{{bm, bn, bk}};
                all.push_back({score_of(cost_.least(grid, work_), objective_), grid});
            }
        }
    std::stable_sort(all.begin(), all.end(), [](const place& a, const place& b) { return a.least < b.least; });
    return all;
}

// The mapping of a grid with this nest, as far as it fits. Stretched: what a larger block adds goes inside first.
candidate searcher::with_nest(const block_grid& grid, const loop_nest& nest, bool stretched) {
    const auto b = block(grid);
    const point_space space(b, unit_, shape_);
    auto p = space.from_nest(nest);
    space.settle(p);
    if (!space.shrink(p)) return candidate();
    for (auto s = shape_.size(); stretched && s-- > 0;)
        for (auto d : all_dims)
            if (s != space.top() && p.factor[s][index(d)] > 1) space.grow(p, s, d);
    space.settle(p);
    candidate c;
    c.mapping.grid = grid;
    c.mapping.nest.slots.resize(shape_.size());
    space.to_nest(p, c.mapping.nest);
    c.score = rank(grid, c.mapping.nest);
    return c;
}

candidate searcher::ruled(const block_grid& grid) {
    const auto b = block(grid);
    const auto nest = begun_by_rules(unit_, b, shape_);
    const point_space space(b, unit_, shape_);
    if (space.fits(space.from_nest(nest))) return with_nest(grid, nest);
    candidate c{std::numeric_limits<double>::infinity(), {grid, loop_nest(shape_.size())}};
    if (space.fits(space.nothing_inside())) refine(c, rough_effort);
    return c;
}

// The best nest of a grid, begun at the one that it has.
void searcher::refine(candidate& c, const search_effort& effort) {
    const auto b = block(c.mapping.grid);
    const auto figures = [&](const flat_nest& nest) { return cost_.evaluate(c.mapping.grid, nest, work_); };
    std::vector<loop_nest> starts;
    if (c.score < std::numeric_limits<double>::infinity()) starts.push_back(c.mapping.nest);
    c.mapping.nest = map_by_search({b, unit_, shape_, objective_, effort, figures}, starts);
    c.score = rank(c.mapping.grid, c.mapping.nest);
}

std::vector<block_grid> searcher::neighbours(const block_grid& grid) const {
    std::vector<block_grid> all;
    const auto whole = extents_of(g_);
    const auto add = [&](dim d, std::int64_t extent, block_grid from) {
        extent = std::clamp<std::int64_t>(extent, 1, whole[index(d)]);
        from.block[index(d)] = extent;
        if (!(from == grid) && std::find(all.begin(), all.end(), from) == all.end()) all.push_back(from);
    };
    const auto sizes = [&](dim d) {
        const auto parts = grid.along(d, g_), now = grid.block[index(d)], w = whole[index(d)], unit = step_[index(d)];
        std::vector<std::int64_t> s{divide_up(w, parts),
                                    divide_up(w, parts + 1),
                                    2 * now,
                                    divide_up(now, 2),
                                    round_up(now, unit),
                                    now - unit,
                                    now + unit,
                                    w};
        if (parts > 1) s.push_back(divide_up(w, parts - 1));
        return s;
    };
    for (auto d : all_dims)
        for (auto size : sizes(d)) {
            add(d, size, grid);
            // And so many blocks as before, or as fill the units.
            for (auto o : all_dims) {
                if (o == d) continue;
                auto from = grid;
                from.block[index(d)] = std::clamp<std::int64_t>(size, 1, whole[index(d)]);
                const auto others = from.blocks(g_) / from.along(o, g_) * g_.batch;
                const auto units = cost_.group().units;
                const auto parts = std::max<std::int64_t>(1, round_up(grid.blocks(g_) * g_.batch, units) / others);
                add(o, divide_up(whole[index(o)], parts), from);
            }
        }
    return all;
}

// To the best of the most promising neighbours where one is better.
bool searcher::move(candidate& c) {
    std::vector<candidate> next;
    for (const auto& grid : neighbours(c.mapping.grid)) {
        if (score_of(cost_.least(grid, work_), objective_) >= c.score) continue;
        for (const auto& n : {ruled(grid), with_nest(grid, c.mapping.nest), with_nest(grid, c.mapping.nest, true)})
            keep(n, next, most_neighbours);
    }
    bool better = false;
    for (auto& n : next) {
        refine(n, move_effort);
        if (n.score >= c.score * (1 - 1e-9)) continue;
        c = n;
        better = true;
    }
    return better;
}

blocked_mapping searcher::run() {
    std::vector<candidate> best; // ascending
    std::size_t looks = 0;
    candidate start;
    try {
        start.mapping = map_blocks_by_rules(cost_, work_);
        start.score = rank(start.mapping.grid, start.mapping.nest);
        keep(start, best, most_searched);
    } catch (const input_error&) {
    }
    const auto all = grids();
    for (const auto& [least, grid] : all) {
        if (looks >= most_ruled || (!best.empty() && least >= best.front().score)) break;
        if (grid == start.mapping.grid) continue;
        ++looks;
        keep(ruled(grid), best, most_searched);
    }
    if (best.empty())
        best.push_back(
            {std::numeric_limits<double>::infinity(), blocked_mapping{block_grid{step_}, loop_nest()}}); // tells why
    for (auto& c : best) refine(c, first_effort);
    std::stable_sort(best.begin(), best.end(),
                     [](const candidate& a, const candidate& b) { return a.score < b.score; });
    if (best.size() > most_climbed) best.resize(most_climbed);
    for (auto& c : best)
        for (int i = 0; i < most_moves && move(c); ++i) {
        }
    auto found = *std::min_element(best.begin(), best.end(),
                                   [](const candidate& a, const candidate& b) { return a.score < b.score; });
    refine(found, last_effort);
    if (start.score <= found.score) return start.mapping;
    return found.mapping;
}

} // namespace

block_mapper::block_mapper(const group_cost& cost, mapper_objective objective)
    : cost_(cost)
    , objective_(objective)
    , unit_(mapping_machine(cost)) {}

blocked_mapping block_mapper::search(const blocked_work& work) const {
    return searcher(cost_, objective_, unit_, work).run();
}

} // namespace cimtlm

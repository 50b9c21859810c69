#include <cimtlm/mapping/search.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/nest_point.h>
#include <cimtlm/mapping/rules.h>

#include <algorithm>
#include <limits>

namespace cimtlm {
namespace {

struct score {
    double first = std::numeric_limits<double>::infinity();
    double second = std::numeric_limits<double>::infinity();
    /// Lower by more than rounding.
    bool below(const score& o) const {
        if (first < o.first * (1 - 1e-9)) return true;
        return first <= o.first && second < o.second * (1 - 1e-9);
    }
};

struct candidate {
    point where;
    score value;
};

/// Completes the useful spatial choices with tiles and orders, climbs from the best of them and of the rules, then
/// disturbs the best and climbs again.
class searcher {
public:
    explicit searcher(const search_space& space);
    loop_nest run(const std::vector<loop_nest>& starts);

private:
    score rank(const loop_nest& nest);
    void complete(const point& spatial, std::vector<candidate>& into);
    bool try_point(point p, candidate& best);
    bool try_settled(const point& p, candidate& best);
    void climb(candidate& c);
    bool improve_once(candidate& c);
    bool improve_order(candidate& c);
    bool improve_factor(candidate& c, std::size_t slot, dim d);
    std::int64_t random(std::int64_t most);
    void disturb(point& p);

    const search_space& about_;
    const std::vector<nest_slot>& shape_;
    point_space space_;
    loop_nest nest_;
    flat_nest flat_;
    // Figures of points seen last, by the lower bits of a hash: one that was pushed out is looked at again.
    struct seen_point {
        std::uint64_t key = 0;
        score value;
    };
    std::vector<seen_point> seen_;
    int budget_ = 0;
    std::uint64_t random_ = 0x9e3779b97f4a7c15u; ///< the same for every search
};

searcher::searcher(const search_space& about)
    : about_(about)
    , shape_(about.shape)
    , space_(about.g, about.m, shape_)
    , nest_(shape_.size())
    , flat_(nest_, about.m, shape_)
    , seen_(1024) {}

score searcher::rank(const loop_nest& nest) {
    flat_.assign(nest);
    const auto f = about_.figures(flat_);
    return {score_of(f, about_.objective), about_.objective == mapper_objective::delay ? f.energy_pj : f.time_ps};
}

// Fills the memories inside out, once for each dimension that may grow first and stay innermost.
void searcher::complete(const point& spatial, std::vector<candidate>& into) {
    candidate best;
    for (auto first : all_dims) {
        auto p = spatial;
        if (!space_.shrink(p)) continue;
        for (std::size_t s = shape_.size(); s-- > 0;) {
            p.innermost[s] = first;
            if (s == space_.top() || shape_[s].role != slot_role::memory) continue;
            space_.grow(p, s, first);
            for (auto d : {dim::K, dim::M, dim::N})
                if (d != first) space_.grow(p, s, d);
        }
        for (auto d : all_dims) {
            p.innermost[space_.top()] = d;
            try_point(p, best);
        }
    }
    if (!best.where.factor.empty()) into.push_back(best);
}

// Takes the point when it is better than the best: as it is, since a last small tile may skip held positions, and
// without padding.
bool searcher::try_point(point p, candidate& best) {
    space_.settle(p);
    if (!space_.fits(p)) return false;
    const bool better = try_settled(p, best);
    return (space_.trim(p) && try_settled(p, best)) || better;
}

bool searcher::try_settled(const point& p, candidate& best) {
    std::uint64_t key = 1469598103934665603u;
    const auto mix = [&](std::uint64_t v) { key = (key ^ v) * 1099511628211u ^ (key >> 29); };
    for (std::size_t s = 0; s < shape_.size(); ++s) {
        for (auto f : p.factor[s]) mix(static_cast<std::uint64_t>(f));
        mix(index(p.innermost[s]));
    }
    auto& known = seen_[key % seen_.size()];
    --budget_;
    if (known.key != key) {
        space_.to_nest(p, nest_);
        known = {key, rank(nest_)};
    }
    if (!known.value.below(best.value)) return false;
    best = {p, known.value};
    return true;
}

bool searcher::improve_order(candidate& c) {
    bool better = false;
    for (std::size_t s = 0; s < shape_.size(); ++s)
        for (auto d : all_dims) {
            if (shape_[s].role != slot_role::memory || c.where.factor[s][index(d)] == 1) continue;
            auto p = c.where;
            p.innermost[s] = d;
            better = try_point(p, c) || better;
        }
    return better;
}

bool searcher::improve_factor(candidate& c, std::size_t slot, dim d) {
    const auto x = index(d);
    const auto from = c.where; // neighbours are those of one point
    const auto f = from.factor[slot][x];
    const auto whole = space_.needed(from, slot, d);
    const auto pieces = divide_up(whole, f);
    bool better = false;
    std::vector<std::int64_t> sizes{1,     f / 2, f - 1, divide_up(whole, pieces + 1),
                                    f + 1, 2 * f, whole, space_.place_limit(from, slot, d)};
    if (pieces > 1) sizes.push_back(divide_up(whole, pieces - 1));
    for (auto v : sizes) {
        if (v < 1 || v == f || v > whole) continue;
        auto p = from;
        p.factor[slot][x] = v;
        better = try_point(p, c) || better;
        // The same with the freed or missing room given to, or taken from, another dimension of the slot.
        for (auto o : all_dims) {
            if (o == d) continue;
            auto q = p;
            q.factor[slot][index(o)] = 1;
            if (!space_.fits(q)) continue;
            space_.grow(q, slot, o);
            better = try_point(q, c) || better;
        }
        // A memory further out fills anew: this frees room in it, or takes what other dimensions had.
        for (std::size_t s = 0; s < slot; ++s) {
            if (s == space_.top() || shape_[s].role != slot_role::memory) continue;
            auto q = p;
            if (v > f) q.factor[s] = {1, 1, 1};
            space_.settle(q);
            if (!space_.fits(q)) continue;
            for (auto o : all_dims)
                if (o != d) space_.grow(q, s, o);
            better = try_point(q, c) || better;
        }
        // The same with the factor moved to, or taken from, another slot.
        for (std::size_t s = 0; s < shape_.size(); ++s) {
            if (s == space_.top() || s == slot) continue;
            auto q = p;
            const auto moved = divide_up(from.factor[s][x] * f, v);
            q.factor[s][x] = std::min(moved, space_.place_limit(q, s, d));
            if (q.factor[s][x] != p.factor[s][x]) better = try_point(q, c) || better;
            if (moved <= q.factor[s][x] || shape_[s].fanout == 0) continue;
            q.factor[s] = {1, 1, 1}; // where instances are short, the other dimensions make room
            q.factor[s][x] = std::min(moved, space_.place_limit(q, s, d));
            better = try_point(q, c) || better;
        }
    }
    return better;
}

bool searcher::improve_once(candidate& c) {
    bool better = improve_order(c);
    for (std::size_t s = 0; s < shape_.size() && budget_ > 0; ++s)
        for (auto d : all_dims)
            if (s != space_.top()) better = improve_factor(c, s, d) || better;
    return better;
}

void searcher::climb(candidate& c) {
    while (budget_ > 0 && improve_once(c)) {
    }
}

std::int64_t searcher::random(std::int64_t most) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return 1 + static_cast<std::int64_t>(random_ % static_cast<std::uint64_t>(most));
}

// Leaves a place that no single move improves.
void searcher::disturb(point& p) {
    for (int change = 0; change < 3; ++change) {
        const auto s = static_cast<std::size_t>(random(static_cast<std::int64_t>(shape_.size())) - 1);
        const auto d = all_dims[static_cast<std::size_t>(random(3) - 1)];
        p.innermost[s] = d;
        if (s == space_.top()) continue;
        for (auto o : all_dims)
            if (shape_[s].fanout > 0) p.factor[s][index(o)] = 1;
        p.factor[s][index(d)] = random(space_.place_limit(p, s, d));
        space_.settle(p);
    }
    space_.shrink(p);
}

loop_nest searcher::run(const std::vector<loop_nest>& starts) {
    loop_nest least(shape_.size());
    space_.to_nest(space_.nothing_inside(), least);
    const auto reason = why_impossible(least, about_.g, about_.m, shape_);
    if (!reason.empty()) throw input_error("no mapping: " + reason);

    std::vector<candidate> found;
    if (about_.effort.choices > 0)
        for (const auto& p : space_.spatial_choices(about_.effort.choices)) complete(p, found);
    const loop_nest* start = nullptr;
    score of_start;
    for (const auto& nest : starts) {
        const auto value = rank(nest);
        found.push_back({space_.from_nest(nest), value});
        if (!value.below(of_start)) continue;
        start = &nest;
        of_start = value;
    }
    if (found.empty()) found.push_back({space_.nothing_inside(), rank(least)});
    std::stable_sort(found.begin(), found.end(),
                     [](const candidate& a, const candidate& b) { return a.value.first < b.value.first; });
    if (found.size() > about_.effort.climbs) found.resize(about_.effort.climbs);
    candidate best;
    for (auto& c : found) {
        budget_ = about_.effort.looks_a_climb;
        climb(c);
        if (c.value.below(best.value)) best = c;
    }
    budget_ = about_.effort.looks_of_restarts;
    while (budget_-- > 0) {
        auto p = best.where;
        disturb(p);
        candidate c;
        if (!try_point(p, c)) continue;
        climb(c);
        if (c.value.below(best.value)) best = c;
    }
    // As it was written: a point forgets the order of its outer loops.
    if (start && !best.value.below(of_start)) return *start;
    space_.to_nest(best.where, nest_);
    return nest_;
}

} // namespace

double score_of(const cost_model::figures& f, mapper_objective objective) {
    switch (objective) {
    case mapper_objective::energy:
        return f.energy_pj;
    case mapper_objective::delay:
        return f.time_ps;
    case mapper_objective::edp:
        break;
    }
    return f.energy_pj * f.time_ps;
}

loop_nest map_by_search(const search_space& space, const std::vector<loop_nest>& starts) {
    return searcher(space).run(starts);
}

loop_nest map_by_search(const gemm& g, const cost_model& cost, const std::vector<nest_slot>& shape,
                        mapper_objective objective) {
    std::vector<loop_nest> starts;
    try {
        starts.push_back(map_by_rules(g, cost.target(), shape));
    } catch (const input_error&) {
        // The rules do not pad and fill levels in one order only; the search goes on without them.
    }
    return map_by_search(
        {g, cost.target(), shape, objective, {}, [&](const flat_nest& n) { return cost.evaluate(n, g); }}, starts);
}

loop_nest map_product(const gemm& g, const cost_model& cost, const std::vector<nest_slot>& shape) {
    const auto& m = cost.target();
    return m.mapper.kind == mapper_kind::rules ? map_by_rules(g, m, shape)
                                               : map_by_search(g, cost, shape, m.mapper.objective);
}

} // namespace cimtlm

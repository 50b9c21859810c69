#include <cimtlm/mapping/search.h>

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/rules.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>

namespace cimtlm {
namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// The smallest size that needs no more than the pieces of `most`: sizes between waste places.
std::int64_t balanced(std::int64_t whole, std::int64_t most) {
    return divide_up(whole, divide_up(whole, std::max<std::int64_t>(1, most)));
}

/// A nest as factors of each slot. Of the order in a slot only the innermost dimension counts: a tensor stays over
/// loops of the one dimension that does not index it, so a run of such loops ends at the second loop of a slot.
struct point {
    std::vector<extents> factor;
    std::vector<dim> innermost;
};

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

class searcher {
public:
    searcher(const gemm& g, const cost_model& cost, const std::vector<nest_slot>& shape, mapper_objective objective);
    loop_nest run();

private:
    point nothing_inside() const;
    point from_nest(const loop_nest& nest) const;
    void to_nest(const point& p, loop_nest& nest) const;
    score rank(const loop_nest& nest);

    void settle(point& p) const;
    bool trim(point& p) const;
    bool fits(const point& p) const;
    std::int64_t covered_inside(const point& p, std::size_t slot, dim d) const;
    std::int64_t needed(const point& p, std::size_t slot, dim d) const {
        return divide_up(whole_[index(d)], covered_inside(p, slot, d));
    }
    std::int64_t place_limit(const point& p, std::size_t slot, dim d) const;
    void grow(point& p, std::size_t slot, dim d) const;
    bool shrink(point& p) const;

    std::vector<point> spatial_choices() const;
    void split(std::size_t slot, const point& p, std::vector<point>& into) const;
    void keep_useful(std::vector<point>& choices) const;
    void complete(const point& spatial, std::vector<candidate>& into);
    bool try_point(point p, candidate& best);
    bool try_settled(const point& p, candidate& best);
    std::int64_t random(std::int64_t most);
    void disturb(point& p);
    void climb(candidate& c);
    bool improve_once(candidate& c);
    bool improve_order(candidate& c);
    bool improve_factor(candidate& c, std::size_t slot, dim d);

    const gemm& g_;
    const cost_model& cost_;
    const machine& m_;
    const std::vector<nest_slot>& shape_;
    mapper_objective objective_;
    extents whole_;
    std::size_t top_ = 0; ///< slot of the outermost memory: it takes what the others leave
    loop_nest nest_;
    flat_nest flat_;
    std::unordered_map<std::uint64_t, score> seen_;
    int budget_ = 0;
    std::uint64_t random_ = 0x9e3779b97f4a7c15u; ///< the same for every search
};

constexpr std::size_t climbs = 6;
constexpr int looks_a_climb = 700;
constexpr int looks_of_restarts = 8000;
constexpr std::size_t most_choices = 160;

searcher::searcher(const gemm& g, const cost_model& cost, const std::vector<nest_slot>& shape,
                   mapper_objective objective)
    : g_(g)
    , cost_(cost)
    , m_(cost.target())
    , shape_(shape)
    , objective_(objective)
    , whole_(extents_of(g))
    , nest_(shape.size())
    , flat_(nest_, cost.target(), shape) {
    while (shape_[top_].role != slot_role::memory) ++top_;
}

point searcher::nothing_inside() const {
    point p{std::vector<extents>(shape_.size(), extents{1, 1, 1}), std::vector<dim>(shape_.size(), dim::M)};
    settle(p);
    return p;
}

point searcher::from_nest(const loop_nest& nest) const {
    auto p = nothing_inside();
    for (std::size_t s = 0; s < shape_.size(); ++s) {
        for (auto d : all_dims) p.factor[s][index(d)] = nest.factor(s, d);
        if (!nest.slots[s].empty()) p.innermost[s] = nest.slots[s].back().d;
    }
    return p;
}

void searcher::to_nest(const point& p, loop_nest& nest) const {
    for (std::size_t s = 0; s < shape_.size(); ++s) {
        nest.slots[s].clear();
        const auto last = p.innermost[s];
        for (auto d : all_dims)
            if (d != last) nest.add(s, d, p.factor[s][index(d)]);
        nest.add(s, last, p.factor[s][index(last)]);
    }
}

score searcher::rank(const loop_nest& nest) {
    flat_.assign(nest);
    const auto f = cost_.evaluate(flat_, g_);
    switch (objective_) {
    case mapper_objective::energy:
        return {f.energy_pj, f.time_ps};
    case mapper_objective::delay:
        return {f.time_ps, f.energy_pj};
    case mapper_objective::edp:
        break;
    }
    return {f.energy_pj * f.time_ps, f.time_ps};
}

// Gives the rest to the outermost memory.
void searcher::settle(point& p) const {
    for (auto d : all_dims) {
        const auto x = index(d);
        std::int64_t covered = 1;
        for (std::size_t s = shape_.size(); s-- > 0;) {
            if (s == top_ || p.factor[s][x] == 1) continue;
            p.factor[s][x] = std::min(p.factor[s][x], divide_up(whole_[x], covered));
            covered *= p.factor[s][x];
        }
        p.factor[top_][x] = divide_up(whole_[x], covered);
    }
}

// Takes back what pads without use, from the inside out; true when there was any.
bool searcher::trim(point& p) const {
    bool changed = false;
    for (auto d : all_dims) {
        const auto x = index(d);
        std::int64_t covered = 1;
        for (const auto& f : p.factor) covered *= f[x];
        for (std::size_t s = shape_.size(); s-- > 0;) {
            if (p.factor[s][x] == 1) continue;
            const auto others = covered / p.factor[s][x];
            const auto enough = divide_up(whole_[x], others);
            changed = changed || enough != p.factor[s][x];
            p.factor[s][x] = enough;
            covered = others * enough;
        }
    }
    return changed;
}

bool searcher::fits(const point& p) const {
    extents covered{1, 1, 1};
    for (std::size_t s = shape_.size(); s-- > 0;) {
        std::int64_t fanout = 1;
        for (auto d : all_dims) {
            const auto f = p.factor[s][index(d)];
            if (shape_[s].limit[index(d)] > 0 && f > shape_[s].limit[index(d)]) return false;
            covered[index(d)] = std::min(covered[index(d)] * f, whole_[index(d)]);
            fanout *= shape_[s].fanout > 0 ? f : 1;
        }
        if (shape_[s].fanout > 0 && fanout > shape_[s].fanout) return false;
        if (shape_[s].role != slot_role::memory) continue;
        const auto& level = m_.memories[static_cast<std::size_t>(shape_[s].memory)];
        if (level.capacity_bytes > 0 && footprint_bytes(covered, level, g_.bits) > level.capacity_bytes) return false;
    }
    return true;
}

std::int64_t searcher::covered_inside(const point& p, std::size_t slot, dim d) const {
    std::int64_t covered = 1;
    for (std::size_t s = slot + 1; s < shape_.size(); ++s) covered *= p.factor[s][index(d)];
    return covered;
}

/// Places along `d` in a slot, with what its other dimensions take.
std::int64_t searcher::place_limit(const point& p, std::size_t slot, dim d) const {
    auto most = needed(p, slot, d);
    const auto& s = shape_[slot];
    if (s.limit[index(d)] > 0) most = std::min(most, s.limit[index(d)]);
    if (s.fanout > 0) {
        std::int64_t others = 1;
        for (auto o : all_dims)
            if (o != d) others *= p.factor[slot][index(o)];
        most = std::min(most, std::max<std::int64_t>(1, s.fanout / others));
    }
    return most;
}

// The largest factor that fits, without waste.
void searcher::grow(point& p, std::size_t slot, dim d) const {
    auto& f = p.factor[slot][index(d)];
    std::int64_t low = f, high = std::max(f, place_limit(p, slot, d));
    const auto whole = needed(p, slot, d);
    while (low < high) {
        f = low + (high - low + 1) / 2;
        if (fits(p))
            low = f;
        else
            high = f - 1;
    }
    f = balanced(whole, low);
}

// Halves the largest inner factors until the tiles fit; false when nothing is left to halve.
bool searcher::shrink(point& p) const {
    while (!fits(p)) {
        std::int64_t* largest = nullptr;
        for (std::size_t s = 0; s < shape_.size(); ++s)
            if (s != top_)
                for (auto& f : p.factor[s])
                    if (f > 1 && (!largest || f > *largest)) largest = &f;
        if (!largest) return false;
        *largest = divide_up(*largest, 2);
    }
    return true;
}

// All useful splits of one slot of instances or places: sizes without waste over N and K, then M takes the rest or
// nothing.
void searcher::split(std::size_t slot, const point& p, std::vector<point>& into) const {
    const auto sizes = [&](const point& q, dim d) {
        std::vector<std::int64_t> all;
        const auto whole = needed(q, slot, d), most = place_limit(q, slot, d);
        if (most != balanced(whole, most)) all.push_back(most); // its last tile is smaller, not all are
        for (auto v = balanced(whole, most);; v = balanced(whole, v - 1)) {
            all.push_back(v);
            if (v == 1) return all;
        }
    };
    const bool instances = shape_[slot].fanout > 0 && shape_[slot].limit == extents{0, 0, 0};
    for (auto n : instances || shape_[slot].role == slot_role::hold ? sizes(p, dim::N)
                                                                    : std::vector<std::int64_t>{sizes(p, dim::N)[0]}) {
        auto q = p;
        q.factor[slot][index(dim::N)] = n;
        for (auto k : instances || shape_[slot].role == slot_role::hold
                          ? sizes(q, dim::K)
                          : std::vector<std::int64_t>{sizes(q, dim::K)[0]}) {
            q.factor[slot][index(dim::K)] = k;
            q.factor[slot][index(dim::M)] = 1;
            const auto m = shape_[slot].role == slot_role::hold ? 1 : sizes(q, dim::M)[0];
            if (m > 1) {
                into.push_back(q);
                q.factor[slot][index(dim::M)] = m;
            }
            into.push_back(q);
        }
    }
}

// Drops choices that are no better than another in steps, in tiles along any dimension, and in padding.
void searcher::keep_useful(std::vector<point>& choices) const {
    struct merit {
        std::array<double, 6> cost;
        std::size_t at;
    };
    std::vector<merit> all;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        double steps = 1, lanes = 1;
        merit r{{}, i};
        for (auto d : all_dims) {
            const auto x = index(d);
            std::int64_t covered = 1;
            for (std::size_t s = 0; s < shape_.size(); ++s) {
                const auto f = choices[i].factor[s][x];
                if (s != top_) covered *= f;
                (shape_[s].spatial() ? lanes : steps) *= s != top_ ? static_cast<double>(f) : 1;
            }
            const auto tiles = static_cast<double>(divide_up(whole_[x], covered));
            steps *= tiles;
            r.cost[1 + x] = tiles;
        }
        r.cost[0] = steps;
        r.cost[5] = steps * lanes;
        all.push_back(r);
    }
    std::sort(all.begin(), all.end(),
              [](const merit& a, const merit& b) { return a.cost != b.cost ? a.cost < b.cost : a.at < b.at; });
    std::vector<merit> kept;
    for (const auto& r : all) {
        if (kept.size() >= most_choices) break;
        const bool worse = std::any_of(kept.begin(), kept.end(), [&](const merit& k) {
            for (std::size_t i = 0; i < r.cost.size(); ++i)
                if (k.cost[i] > r.cost[i]) return false;
            return true;
        });
        if (!worse) kept.push_back(r);
    }
    std::vector<point> useful;
    for (const auto& r : kept) useful.push_back(choices[r.at]);
    choices = std::move(useful);
}

std::vector<point> searcher::spatial_choices() const {
    auto base = nothing_inside();
    std::vector<point> choices{base};
    for (std::size_t s = shape_.size(); s-- > 0;) {
        if (shape_[s].role == slot_role::memory) continue;
        std::vector<point> next;
        for (const auto& p : choices) split(s, p, next);
        choices = std::move(next);
    }
    keep_useful(choices);
    return choices;
}

// Fills the memories inside out, once for each dimension that may grow first and stay innermost.
void searcher::complete(const point& spatial, std::vector<candidate>& into) {
    candidate best;
    for (auto first : all_dims) {
        auto p = spatial;
        if (!shrink(p)) continue;
        for (std::size_t s = shape_.size(); s-- > 0;) {
            p.innermost[s] = first;
            if (s == top_ || shape_[s].role != slot_role::memory) continue;
            grow(p, s, first);
            for (auto d : {dim::K, dim::M, dim::N})
                if (d != first) grow(p, s, d);
        }
        for (auto d : all_dims) {
            p.innermost[top_] = d;
            try_point(p, best);
        }
    }
    if (!best.where.factor.empty()) into.push_back(best);
}

// Takes the point when it is better than the best: as it is, since a last small tile may skip held positions, and
// without padding.
bool searcher::try_point(point p, candidate& best) {
    settle(p);
    if (!fits(p)) return false;
    const bool better = try_settled(p, best);
    return (trim(p) && try_settled(p, best)) || better;
}

bool searcher::try_settled(const point& p, candidate& best) {
    std::uint64_t key = 1469598103934665603u;
    const auto mix = [&](std::uint64_t v) { key = (key ^ v) * 1099511628211u ^ (key >> 29); };
    for (std::size_t s = 0; s < shape_.size(); ++s) {
        for (auto f : p.factor[s]) mix(static_cast<std::uint64_t>(f));
        mix(index(p.innermost[s]));
    }
    const auto [known, fresh] = seen_.try_emplace(key);
    --budget_;
    if (fresh) {
        to_nest(p, nest_);
        known->second = rank(nest_);
    }
    if (!known->second.below(best.value)) return false;
    best = {p, known->second};
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
    const auto whole = needed(from, slot, d);
    const auto pieces = divide_up(whole, f);
    bool better = false;
    std::vector<std::int64_t> sizes{1,     f / 2, f - 1, divide_up(whole, pieces + 1),
                                    f + 1, 2 * f, whole, place_limit(from, slot, d)};
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
            if (!fits(q)) continue;
            grow(q, slot, o);
            better = try_point(q, c) || better;
        }
        // The same with the factor moved to, or taken from, another slot.
        for (std::size_t s = 0; s < shape_.size(); ++s) {
            if (s == top_ || s == slot) continue;
            auto q = p;
            const auto moved = divide_up(from.factor[s][x] * f, v);
            q.factor[s][x] = std::min(moved, place_limit(q, s, d));
            if (q.factor[s][x] != p.factor[s][x]) better = try_point(q, c) || better;
            if (moved <= q.factor[s][x] || shape_[s].fanout == 0) continue;
            q.factor[s] = {1, 1, 1}; // where instances are short, the other dimensions make room
            q.factor[s][x] = std::min(moved, place_limit(q, s, d));
            better = try_point(q, c) || better;
        }
    }
    return better;
}

bool searcher::improve_once(candidate& c) {
    bool better = improve_order(c);
    for (std::size_t s = 0; s < shape_.size() && budget_ > 0; ++s)
        for (auto d : all_dims)
            if (s != top_) better = improve_factor(c, s, d) || better;
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
        if (s == top_) continue;
        for (auto o : all_dims)
            if (shape_[s].fanout > 0) p.factor[s][index(o)] = 1;
        p.factor[s][index(d)] = random(place_limit(p, s, d));
        settle(p);
    }
    shrink(p);
}

loop_nest searcher::run() {
    loop_nest least(shape_.size());
    to_nest(nothing_inside(), least);
    const auto reason = why_impossible(least, g_, m_, shape_);
    if (!reason.empty()) throw input_error("no mapping: " + reason);

    std::optional<loop_nest> ruled;
    try {
        ruled = map_by_rules(g_, m_, shape_);
    } catch (const input_error&) {
        // The rules do not pad and fill levels in one order only; the search goes on without them.
    }
    std::vector<candidate> found;
    for (const auto& p : spatial_choices()) complete(p, found);
    if (ruled) found.push_back({from_nest(*ruled), rank(*ruled)});
    if (found.empty()) found.push_back({nothing_inside(), rank(least)});
    std::stable_sort(found.begin(), found.end(),
                     [](const candidate& a, const candidate& b) { return a.value.first < b.value.first; });
    if (found.size() > climbs) found.resize(climbs);
    candidate best;
    for (auto& c : found) {
        budget_ = looks_a_climb;
        climb(c);
        if (c.value.below(best.value)) best = c;
    }
    budget_ = looks_of_restarts;
    while (budget_-- > 0) {
        auto p = best.where;
        disturb(p);
        candidate c;
        if (!try_point(p, c)) continue;
        climb(c);
        if (c.value.below(best.value)) best = c;
    }
    if (ruled && !best.value.below(rank(*ruled))) return *ruled;
    to_nest(best.where, nest_);
    return nest_;
}

} // namespace

loop_nest map_by_search(const gemm& g, const cost_model& cost, const std::vector<nest_slot>& shape,
                        mapper_objective objective) {
    return searcher(g, cost, shape, objective).run();
}

} // namespace cimtlm

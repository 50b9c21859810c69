#include <cimtlm/mapping/nest_point.h>

#include <algorithm>

namespace cimtlm {

namespace {
/// The smallest size that needs no more pieces than `most` does: sizes between only pad.
std::int64_t balanced(std::int64_t whole, std::int64_t most) {
    return divide_up(whole, divide_up(whole, std::max<std::int64_t>(1, most)));
}
} // namespace

point_space::point_space(const gemm& g, const machine& m, const std::vector<nest_slot>& shape)
    : g_(g)
    , m_(m)
    , shape_(shape)
    , whole_(extents_of(g)) {
    for (const auto& level : m_.memories) stored_.push_back(stored_bits(g_.bits, level, m_));
    while (shape_[top_].role != slot_role::memory) ++top_;
}

point point_space::nothing_inside() const {
    point p;
    p.factor.assign(shape_.size(), extents{1, 1, 1});
    p.innermost.assign(shape_.size(), dim::M);
    settle(p);
    return p;
}

point point_space::from_nest(const loop_nest& nest) const {
    auto p = nothing_inside();
    for (std::size_t s = 0; s < shape_.size(); ++s) {
        for (auto d : all_dims) p.factor[s][index(d)] = nest.factor(s, d);
        if (!nest.slots[s].empty()) p.innermost[s] = nest.slots[s].back().d;
    }
    return p;
}

void point_space::to_nest(const point& p, loop_nest& nest) const {
    for (std::size_t s = 0; s < shape_.size(); ++s) {
        nest.slots[s].clear();
        const auto last = p.innermost[s];
        for (auto d : all_dims)
            if (d != last) nest.add(s, d, p.factor[s][index(d)]);
        nest.add(s, last, p.factor[s][index(last)]);
    }
}

void point_space::settle(point& p) const {
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

bool point_space::trim(point& p) const {
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

bool point_space::fits(const point& p) const {
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
        if (level.capacity_bytes > 0 &&
            footprint_bytes(covered, level, stored_[static_cast<std::size_t>(shape_[s].memory)]) > level.capacity_bytes)
            return false;
    }
    return true;
}

std::int64_t point_space::needed(const point& p, std::size_t slot, dim d) const {
    std::int64_t covered = 1;
    for (std::size_t s = slot + 1; s < shape_.size(); ++s) covered *= p.factor[s][index(d)];
    return divide_up(whole_[index(d)], covered);
}

std::int64_t point_space::place_limit(const point& p, std::size_t slot, dim d) const {
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

void point_space::grow(point& p, std::size_t slot, dim d) const {
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

bool point_space::shrink(point& p) const {
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
void point_space::split(std::size_t slot, const point& p, std::vector<point>& into) const {
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
void point_space::keep_useful(std::vector<point>& choices, std::size_t most) const {
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
        if (kept.size() >= most) break;
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

std::vector<point> point_space::spatial_choices(std::size_t most) const {
    std::vector<point> choices{nothing_inside()};
    for (std::size_t s = shape_.size(); s-- > 0;) {
        if (shape_[s].role == slot_role::memory) continue;
        std::vector<point> next;
        for (const auto& p : choices) split(s, p, next);
        choices = std::move(next);
    }
    keep_useful(choices, most);
    return choices;
}

} // namespace cimtlm

#include <cimtlm/mapping/rules.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace cimtlm {

std::int64_t largest_factor(std::int64_t value, std::int64_t most) {
    if (most >= value) return value;
    if (most < 1) return 1;
    std::int64_t best = 1;
    for (std::int64_t low = 1; low * low <= value; ++low) {
        if (value % low) continue;
        if (low <= most) best = std::max(best, low);
        if (value / low <= most) best = std::max(best, value / low);
    }
    return best;
}

std::vector<std::int64_t> primes_of(std::int64_t value) {
    std::vector<std::int64_t> primes;
    for (std::int64_t p = 2; p * p <= value; ++p)
        for (; value % p == 0; value /= p) primes.push_back(p);
    if (value > 1) primes.push_back(value);
    return primes;
}

namespace {

/// What is still to be placed, and what the levels inside cover.
struct placement {
    const gemm& g;
    const machine& m;
    const std::vector<nest_slot>& shape;
    loop_nest nest;
    extents rest;
    extents covered{1, 1, 1};

    placement(const gemm& gg, const machine& mm, const std::vector<nest_slot>& s)
        : g(gg)
        , m(mm)
        , shape(s)
        , nest(s.size())
        , rest(extents_of(gg)) {}

    std::int64_t& left(dim d) { return rest[index(d)]; }
    std::int64_t inside(dim d) const { return covered[index(d)]; }

    void place(std::size_t slot, dim d, std::int64_t factor) {
        nest.add(slot, d, factor);
        rest[index(d)] /= factor;
        covered[index(d)] *= factor;
    }
    std::size_t slot_of(slot_role role) const {
        for (std::size_t s = 0; s < shape.size(); ++s)
            if (shape[s].role == role) return s;
        throw std::logic_error("rules: the machine has no such level");
    }
    /// Staging memories (on the interconnect, below the outermost) from the inside out.
    std::vector<std::size_t> staging() const {
        std::vector<std::size_t> slots;
        for (std::size_t s = shape.size(); s-- > 1;)
            if (shape[s].memory > 0 && level(s).kind == memory_kind::sram) slots.push_back(s);
        return slots;
    }
    const memory_level& level(std::size_t slot) const {
        return m.memories[static_cast<std::size_t>(shape[slot].memory)];
    }
    /// Bytes of the kept tensors for a tile of these extents; the width of A may be grown apart.
    double tile_bytes(std::size_t slot, double mm, double nn, double kk) const {
        const auto& l = level(slot);
        double bytes = 0;
        if (l.keeps_tensor(tensor::A)) bytes += mm * kk * g.bits.a / 8;
        if (l.keeps_tensor(tensor::B)) bytes += nn * kk * g.bits.b / 8;
        if (l.keeps_tensor(tensor::Z)) bytes += mm * nn * std::max(g.bits.z, g.bits.partial) / 8;
        return bytes;
    }
    /// The larger factor inside; equal factors N innermost, then K, then M.
    void order_larger_inside(std::size_t slot) {
        auto rank = [](dim d) { return d == dim::M ? 0 : d == dim::K ? 1 : 2; };
        std::stable_sort(nest.slots[slot].begin(), nest.slots[slot].end(), [&](const loop& a, const loop& b) {
            return a.factor != b.factor ? a.factor < b.factor : rank(a.d) < rank(b.d);
        });
    }
};

/// Rule 2: banks spread N or K, not both.
void spread_banks(placement& p, std::size_t slot) {
    const auto geometry = p.m.matrix_engine()->geometry();
    const auto& limit = p.shape[p.slot_of(slot_role::array)].limit;
    const double kd = static_cast<double>(geometry.rows_held * limit[index(dim::K)]);
    const double nd = static_cast<double>(geometry.columns_held * limit[index(dim::N)]);
    const auto primes = primes_of(p.m.cim->count);
    if (primes.empty()) return;
    const double threshold = p.m.mapper.bank_threshold;
    const bool by_ratio = p.m.mapper.bank_order == bank_order::ratio;
    dim spread = dim::K;
    if (by_ratio) {
        const dim larger = nd >= kd ? dim::N : dim::K;
        const dim other = larger == dim::N ? dim::K : dim::N;
        spread = std::max(kd / nd, nd / kd) < threshold ? larger : other;
    }
    if (largest_factor(p.left(spread), primes.front()) == 1) spread = spread == dim::N ? dim::K : dim::N;
    const double own = spread == dim::K ? kd : nd;
    const double others = spread == dim::K ? nd : kd;
    std::int64_t banks = 1;
    for (auto prime : primes) {
        if (by_ratio && own * static_cast<double>(banks) / others >= threshold) break;
        const auto f = largest_factor(p.left(spread), prime);
        if (f == 1) break;
        banks *= f;
        p.left(spread) /= f;
    }
    p.left(spread) *= banks; // placed as one loop
    p.place(slot, spread, banks);
}

/// Rule 5 for one dimension: the grown tensor's size is multiplied by the cumulative factor, so that growth stops
/// earlier than the true footprint would make it.
std::int64_t growth(std::int64_t rest, double grown_bytes, double other_bytes, double capacity) {
    std::int64_t cumulative = 1;
    for (auto prime : primes_of(rest)) {
        grown_bytes *= static_cast<double>(cumulative * prime);
        if (grown_bytes + other_bytes > capacity) break;
        cumulative *= prime;
    }
    return cumulative;
}

/// Rules 4 and 5 for one staging memory.
void fill_staging(placement& p, std::size_t slot) {
    const auto& level = p.level(slot);
    const double capacity =
        level.capacity_bytes > 0 ? static_cast<double>(level.capacity_bytes) : static_cast<double>(INT64_MAX);
    const auto ku = static_cast<double>(p.inside(dim::K)), nu = static_cast<double>(p.inside(dim::N));
    const auto mu = static_cast<double>(p.inside(dim::M));
    const double fixed = p.tile_bytes(slot, 0, nu, ku); // what does not grow with M
    const double row = p.tile_bytes(slot, mu, nu, ku) - fixed;
    const double rows = row > 0 ? std::floor((capacity - fixed) / row) : static_cast<double>(p.left(dim::M));
    if (rows < 1)
        throw input_error("no mapping: level '" + level.name + "' holds " + std::to_string(level.capacity_bytes) +
                          " B, one row of inputs and results needs " +
                          std::to_string(static_cast<std::int64_t>(row + fixed)) +
                          " B: " + std::to_string(static_cast<std::int64_t>(row + fixed - capacity)) + " B missing");
    const auto m1 = largest_factor(p.left(dim::M), static_cast<std::int64_t>(std::min(rows, 9e18)));
    p.place(slot, dim::M, m1);
    const auto mt = static_cast<double>(p.inside(dim::M));
    // K grows A (and B where it is kept), N grows Z (and B).
    const double with_k = p.tile_bytes(slot, mt, nu, ku) - p.tile_bytes(slot, mt, nu, 0);
    p.place(slot, dim::K, growth(p.left(dim::K), with_k, p.tile_bytes(slot, mt, nu, 0), capacity));
    const auto kt = static_cast<double>(p.inside(dim::K));
    const double with_n = p.tile_bytes(slot, mt, nu, kt) - p.tile_bytes(slot, mt, 0, kt);
    p.place(slot, dim::N, growth(p.left(dim::N), with_n, p.tile_bytes(slot, mt, 0, kt), capacity));
    p.order_larger_inside(slot);
}

void place_rest(placement& p) {
    for (auto d : all_dims) p.place(0, d, p.left(d));
}

loop_nest cim_rules(placement p) {
    const auto array = p.slot_of(slot_role::array);
    const auto hold = p.slot_of(slot_role::hold);
    const auto& limit = p.shape[array].limit;
    if (limit[index(dim::N)] < 1)
        throw input_error("no mapping: weights of " + std::to_string(p.g.bits.b) + " bits need " +
                          std::to_string(p.m.matrix_engine()->weight_slices(p.g.bits.b)) +
                          " columns each, level 'array' has " +
                          std::to_string(p.m.matrix_engine()->geometry().columns_parallel));
    p.place(array, dim::K, largest_factor(p.left(dim::K), limit[index(dim::K)]));
    p.place(array, dim::N, largest_factor(p.left(dim::N), limit[index(dim::N)]));
    spread_banks(p, p.slot_of(slot_role::spatial));
    p.place(hold, dim::N, largest_factor(p.left(dim::N), p.shape[hold].limit[index(dim::N)]));
    p.place(hold, dim::K, largest_factor(p.left(dim::K), p.shape[hold].limit[index(dim::K)]));
    for (auto slot : p.staging()) fill_staging(p, slot);
    place_rest(p);
    p.order_larger_inside(0);
    return p.nest;
}

loop_nest tensor_core_rules(placement p) {
    const auto geometry = p.m.matrix_engine()->geometry();
    // The multipliers take K and N; fan-outs above take M; a latch reuses its input over N; the register file
    // accumulates over K.
    for (std::size_t s = p.shape.size(); s-- > 0;) {
        const auto& slot = p.shape[s];
        const bool grid =
            slot.role == slot_role::array || (slot.role == slot_role::spatial && s + 1 < p.shape.size() &&
                                              p.shape[s + 1].memory >= 0 && p.level(s + 1).kind == memory_kind::latch);
        if (grid) {
            p.place(s, dim::N, largest_factor(p.left(dim::N), geometry.columns_parallel));
            p.place(s, dim::K, largest_factor(p.left(dim::K), geometry.rows_parallel));
        } else if (slot.role == slot_role::spatial) {
            p.place(
                s, dim::M,
                largest_factor(p.left(dim::M), slot.limit[0] > 0 ? std::min(slot.limit[0], slot.fanout) : slot.fanout));
        } else if (p.level(s).kind == memory_kind::latch) {
            p.place(s, dim::N, largest_factor(p.left(dim::N), p.m.mapper.latch_reuse));
        } else if (p.level(s).kind == memory_kind::register_file) {
            p.place(s, dim::K, largest_factor(p.left(dim::K), p.m.mapper.rf_depth));
        } else if (s > 0) {
            // Shared memory: K whole where it fits (results stay in the registers), then M.
            const auto& level = p.level(s);
            const double capacity =
                level.capacity_bytes > 0 ? static_cast<double>(level.capacity_bytes) : static_cast<double>(INT64_MAX);
            const auto fitting = [&](double fixed, double unit) {
                const double times = unit > 0 ? (capacity - fixed) / unit : 9e18;
                return static_cast<std::int64_t>(std::min(times, 9e18));
            };
            const auto mu = static_cast<double>(p.inside(dim::M)), nu = static_cast<double>(p.inside(dim::N)),
                       ku = static_cast<double>(p.inside(dim::K));
            const double without_k = p.tile_bytes(s, mu, nu, 0);
            const auto k1 = fitting(without_k, p.tile_bytes(s, mu, nu, ku) - without_k);
            if (k1 < 1)
                throw input_error("no mapping: level '" + level.name + "' holds " +
                                  std::to_string(level.capacity_bytes) + " B, the operands of one step need " +
                                  std::to_string(static_cast<std::int64_t>(p.tile_bytes(s, mu, nu, ku))) + " B");
            const auto k_factor = largest_factor(p.left(dim::K), k1);
            const double kt = ku * static_cast<double>(k_factor);
            const double without_m = p.tile_bytes(s, 0, nu, kt);
            const auto m1 = fitting(without_m, p.tile_bytes(s, mu, nu, kt) - without_m);
            p.place(s, dim::M, largest_factor(p.left(dim::M), std::max<std::int64_t>(m1, 1)));
            p.place(s, dim::K, k_factor);
        } else {
            for (auto d : {dim::N, dim::M, dim::K}) p.place(s, d, p.left(d)); // weights stay while M advances
        }
    }
    return p.nest;
}

} // namespace

loop_nest map_by_rules(const gemm& g, const machine& m, const std::vector<nest_slot>& shape) {
    const auto nest = m.cim ? cim_rules({g, m, shape}) : tensor_core_rules({g, m, shape});
    const auto reason = why_impossible(nest, g, m, shape);
    if (!reason.empty()) throw input_error("no mapping by rules: " + reason);
    return nest;
}

} // namespace cimtlm

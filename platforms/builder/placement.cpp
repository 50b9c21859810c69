#include <platforms/builder/placement.h>

#include <cimtlm/mapping/tile.h>

#include <algorithm>

namespace cimtlm {

namespace {
constexpr std::uint64_t alignment = 4096; // a region of a cache, several rows of DRAM

std::uint64_t aligned(std::uint64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }
std::int64_t b_bytes(const gemm& g) { return bytes_of(g.k * g.n, g.bits.b) * g.batch; }
std::int64_t z_bytes(const gemm& g) { return bytes_of(g.m * g.n, g.bits.z) * g.batch; }
} // namespace

std::int64_t placement::a_row_bytes(const gemm& g) {
    const auto row = bytes_of(g.k, g.bits.a);
    if (g.a_distinct == 0) return row;
    return std::clamp<std::int64_t>((bytes_of(g.a_distinct, g.bits.a) + g.m - 1) / g.m, 1, row);
}

std::int64_t placement::a_bytes(const gemm& g) { return a_row_bytes(g) * g.m * g.batch; }

placement::placement(const work_list& work) {
    std::int64_t largest = 1;
    for (const auto& item : work) {
        if (const auto* g = std::get_if<gemm>(&item)) {
            largest = std::max({largest, a_bytes(*g), z_bytes(*g)});
            if (g->b_is_activation) largest = std::max(largest, b_bytes(*g));
        } else {
            const auto& v = std::get<vector_work>(item);
            largest = std::max({largest, v.read_bytes, v.write_bytes});
        }
    }
    buffer_bytes_ = aligned(static_cast<std::uint64_t>(largest));
    next_fresh_ = 3 * buffer_bytes_;
}

std::uint64_t placement::fresh(std::int64_t bytes) {
    const auto at = next_fresh_;
    next_fresh_ += aligned(static_cast<std::uint64_t>(bytes));
    return at;
}

placement::product_place placement::place(const gemm& g) {
    product_place p;
    const auto i = entry_++;
    p.base_address = {buffer(i - 1), buffer(i - 2), buffer(i)};
    p.older_address = buffer(i - 2);
    const auto b = b_bytes(g);
    if (!g.b_is_activation || b > largest_result_) {
        p.b_is_fresh = true;
        p.repeat_bytes[1] = aligned(static_cast<std::uint64_t>(b));
        p.base_address[1] = fresh(static_cast<std::int64_t>(p.repeat_bytes[1]) * g.repeat);
    }
    largest_result_ = std::max(largest_result_, z_bytes(g));
    return p;
}

spread_job placement::place(const vector_work& v) {
    largest_result_ = std::max(largest_result_, v.write_bytes);
    const auto i = v.in_place ? entry_ - 1 : entry_++;
    return {v, buffer(v.in_place ? i : i - 1), buffer(i - 2), buffer(i)};
}

} // namespace cimtlm

#pragma once
/// A walk over a loop nest with real buffers that carry data: the slow, plain truth that the closed form is held to.
#include <cimtlm/mapping/access_counts.h>

#include <map>
#include <set>
#include <vector>

namespace cimtlm::test {

/// When a buffer fetches again.
enum class refetch {
    when_data_differ, ///< the region that it needs is another than the one that it has
    when_index_moves  ///< a loop that indexes the region, or one outside of that, has advanced
};

/// What one walk saw. `counts` leaves macs and tiles alone.
struct walk_result {
    access_counts counts;
    std::vector<std::int64_t> z; ///< M x N, row major
};

/// Runs Z = A B through every buffer of the machine. A: M x K, B: K x N, row major.
class nest_walk {
public:
    nest_walk(const loop_nest& nest, const gemm& g, const machine& m, const std::vector<nest_slot>& shape, refetch mode,
              const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b);
    walk_result run();

private:
    using pair = std::array<std::int64_t, 2>;
    using key = std::vector<std::int64_t>;
    struct walk_loop {
        dim d;
        std::int64_t factor;
        std::size_t slot;
        bool spatial;
        std::int64_t stride;
        std::int64_t at = 0;
    };
    struct cell {
        std::int64_t value = 0;
        std::int64_t terms = 0; ///< products inside; 0: nothing there yet
    };
    struct buffer {
        key tag;
        pair origin{0, 0}, size{0, 0};
        std::vector<cell> cells;
        cell& at(std::int64_t i, std::int64_t j) {
            return cells.at(static_cast<std::size_t>((i - origin[0]) * size[1] + j - origin[1]));
        }
    };
    struct level {
        int memory;       ///< -1: the engine
        std::size_t slot; ///< first slot inside
        bool stores;
        std::map<key, buffer> instances; ///< by the indices of the spatial loops above
    };
    struct traffic {
        std::int64_t read = 0, fill = 0, results = 0, partials = 0;
    };

    static std::array<dim, 2> axes(tensor t);
    std::int64_t origin(dim d, std::size_t before_slot) const;
    std::int64_t span(dim d, std::size_t from_slot) const;
    key instance(std::size_t before_slot) const;
    key tag(tensor t, std::size_t before_slot) const;
    bool exists(std::size_t before_slot) const;
    bool finished(const cell& sum, const level& parent) const;
    template <class Visit> void for_each_index(bool spatial, std::size_t before_slot, Visit visit);

    void step();
    void evict(std::size_t depth, bool all);
    void load(tensor t, std::size_t depth);
    void compute_bare();
    void compute_arrays();
    buffer& holder(tensor t, std::size_t depth);

    const gemm& g_;
    const machine& m_;
    refetch mode_;
    extents whole_;
    std::vector<walk_loop> loops_;
    std::size_t slots_;
    std::size_t array_slot_;
    std::shared_ptr<const engine> engine_;
    std::array<std::vector<level>, 3> levels_;
    std::array<std::vector<traffic>, 3> traffic_; ///< by depth of the child
    walk_result result_;
};

} // namespace cimtlm::test

#pragma once
/// Cost of a product that is cut into blocks for a group of units: counts, the closed-form bound, energy.
#include <cimtlm/machine/unit_group.h>
#include <cimtlm/mapping/block_grid.h>
#include <cimtlm/mapping/cost.h>

namespace cimtlm {

/// One execution of a product on a machine of many units: all of its batch side by side.
struct blocked_work {
    gemm product;                       ///< partial sums with dispatcher.partial_sum_bits
    double epilogue_operations = 0;     ///< fused vector work on each result
    double epilogue_read_bytes = 0;     ///< of its other operands, for each result
    bool resident = false;              ///< the weights are in the arrays already
    std::int64_t outer_read_bytes = 0;  ///< at least so many come from the memory behind the innermost shared one
    std::int64_t outer_write_bytes = 0; ///< and at least so many go there
};

/// What blocks give beside access_counts (by index in the whole machine's memories, reduction included).
struct blocked_counts {
    access_counts sum; ///< of all blocks of all of the batch
    struct of_class {
        gemm product; ///< the block as a product
        std::int64_t count = 0;
        access_counts each; ///< by index in the unit machine's memories
    };
    boost::container::small_vector<of_class, 4> classes; ///< blocks by shape
    std::int64_t blocks = 0;
    std::int64_t reduction_read_bytes = 0;  ///< partial sums of split K, at the innermost shared memory
    std::int64_t reduction_write_bytes = 0; ///< their results
    std::int64_t reduction_additions = 0;
    double epilogue_operations = 0;
};

/// Evaluates grids and nests of one group. Machine and group outlive it.
class group_cost {
public:
    group_cost(const machine& whole, const unit_group& group);

    const machine& whole() const { return whole_; }
    const unit_group& group() const { return group_; }
    /// Of one unit.
    const cost_model& unit() const { return unit_; }

    blocked_counts count(const block_grid& grid, const flat_nest& nest, const blocked_work& work) const;
    /// No order of blocks is faster: for every resource of a unit what the busiest unit has at least, for every shared
    /// one all that passes, and the way of the first operand and the last result. Of the ways between, of what must be
    /// there before a tile begins, a unit hides what fetching one tile ahead can hide: half of them where operands come
    /// ahead, none where arrays that cannot be written while they compute wait for weights.
    bound_result bound(const block_grid& grid, const flat_nest& nest, const blocked_work& work,
                       const blocked_counts& counts) const;
    /// No nest of these blocks has less of either: operands pass the port once a block, all lanes are busy.
    cost_model::figures least(const block_grid& grid, const blocked_work& work) const;
    void charge(ledger& into, const blocked_work& work, const blocked_counts& counts, std::int64_t commands) const;
    /// Time and energy, for a search: the bound, and what it cannot claim but is to be expected. Operands of the next
    /// tile are asked for when the present one begins, so that a tile takes at least their way and their bytes over the
    /// unit's share of what all ask for; the way is longer as far as they come from the memory behind. Partial sums
    /// beyond the cache go out and come back, and so do weights that the cache cannot keep from one row of blocks to
    /// the next.
    cost_model::figures evaluate(const block_grid& grid, const flat_nest& nest, const blocked_work& work,
                                 const blocked_counts& counts) const;
    cost_model::figures evaluate(const block_grid& grid, const flat_nest& nest, const blocked_work& work) const {
        return evaluate(grid, nest, work, count(grid, nest, work));
    }
    /// Time from a unit's request to the first byte from the innermost shared memory, or to the acknowledgement of a
    /// result, without contention, in ps.
    double path_ps() const;
    /// Vector work that is spread over all units, in ps: lanes, ports and shared memory.
    bound_result bound(const vector_work& work) const;
    bool moves(const vector_work& work) const { return unit_.moves(work); }
    void charge(ledger& into, const vector_work& work) const;

private:
    template <class Each> blocked_counts sum(const block_grid& grid, const blocked_work& work, Each each) const;
    /// How often a block asks the shared memory for what must be there before a tile begins: at least so many tiles
    /// wait for an answer.
    struct fetches {
        std::int64_t ahead = 0;   ///< asked one tile ahead
        std::int64_t awaited = 0; ///< asked when the tile before has been computed
    };
    /// `begin`: first loop inside a tile.
    fetches fetches_before_tiles(const flat_nest& nest, std::size_t begin, const gemm& block, bool resident) const;
    template <class Charge>
    void price(const blocked_work& work, const blocked_counts& counts, std::int64_t commands, Charge charge) const;
    /// Time, and bytes to and from the outermost memory beside those of the counts, to be expected.
    struct expectation {
        double time_ps = 0;
        double outer_bytes = 0;
    };
    expectation expected(const block_grid& grid, const blocked_work& work, const blocked_counts& counts) const;
    /// Calls keep(name, port, ps) for every resource; returns what comes on top of the longest.
    template <class Keep>
    double visit_resources(const block_grid& grid, const flat_nest& nest, const blocked_work& work,
                           const blocked_counts& counts, Keep keep) const;

    const machine& whole_;
    const unit_group& group_;
    cost_model unit_;
    std::int64_t lanes_ = 1; ///< engines of a unit
    flat_nest widest_;       ///< a nest that uses all of them
};

} // namespace cimtlm

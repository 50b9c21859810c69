#pragma once
/// One matrix product as a compute block runs it.
#include <cimtlm/base/stalls.h>
#include <cimtlm/mapping/cost.h>
#include <cimtlm/mapping/flat_nest.h>
#include <cimtlm/mapping/vector_work.h>
#include <cimtlm/tlm/transfer_extension.h>

#include <array>
#include <cstdint>
#include <optional>

namespace cimtlm {

class matrix_data;

/// Where a matrix of 32-bit sums lies in the outermost memory, row by row.
struct sums_place {
    std::uint64_t address = 0;
    std::int64_t row_bytes = 0; ///< from one row to the next; 0: one row stands for all
};

/// The product (or one block of a larger one), its nest and where its operands lie. The nest and the cost model outlive
/// the job.
struct matrix_job {
    gemm product; ///< its extents are those of the block
    const flat_nest* nest = nullptr;
    bool resident = false;                       ///< the weights are in the arrays already
    std::array<std::uint64_t, 3> base_address{}; ///< of A, B, Z, all blocks together, in the outermost memory
    extents whole{0, 0, 0};                      ///< of the product that this is a block of; zeros: the product itself
    extents origin{0, 0, 0};                     ///< of the block in it
    bool packed_results = false;                 ///< Z holds the results of this block alone (partial sums of split K)
    /// Of A, B, Z: from one row to the next, in bytes; 0: the rows of A and Z follow one another, B is packed. Less
    /// than K of A's when im2col repeats them.
    std::array<std::int64_t, 3> row_bytes{};
    std::optional<sums_place> initial_sums = std::nullopt; ///< sums begin with these; absent: with 0
    std::optional<sums_place> partial_sums =
        std::nullopt;                   ///< room for sums that are not finished; absent: they go to Z
    matrix_data* data = nullptr;        ///< what is computed; null: timing only; outlives the job
    double epilogue_operations = 0;     ///< of the vector lanes on each result before it leaves
    double epilogue_read_bytes = 0;     ///< other operands of that (a residual) for each result
    std::uint64_t epilogue_address = 0; ///< where they lie, in the order of the results
    std::int64_t epilogue_first = 0;    ///< results of the batch that stand before those of this product
    std::int64_t not_before_ps = 0;     ///< the first request waits until then
    bool commanded = false;             ///< all tiles may run at once; false: as commands arrive
    std::int64_t number = 0;            ///< for whoever handed it over
};

/// Vector work (or one unit's share of it) and where its operands lie.
struct vector_job {
    vector_work work;
    std::uint64_t read_address = 0;
    std::uint64_t write_address = 0;
    bool commanded = false;                                     ///< runs at once; false: when the command arrives
    std::optional<std::uint64_t> second_address = std::nullopt; ///< of work.second_read_bytes; absent: behind the rest
    int operand = operand_none;                                 ///< under which the memories count all of it
};

/// What a job took. end - begin = computed + the waits, exactly.
struct job_result {
    std::int64_t begin_ps = 0;
    std::int64_t end_ps = 0;
    std::int64_t computed_ps = 0; ///< with writes of weights during which the engine cannot compute
    std::int64_t tiles = 0;
    stall_account waits;
};

} // namespace cimtlm

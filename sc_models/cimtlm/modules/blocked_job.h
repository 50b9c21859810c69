#pragma once
/// Work of a whole machine, as the dispatcher takes it.
#include <cimtlm/mapping/block_grid.h>
#include <cimtlm/modules/matrix_job.h>

namespace cimtlm {

/// One execution of a product with all of its batch, cut into blocks. The nest outlives the job.
struct blocked_job {
    gemm product;
    block_grid grid;
    const flat_nest* nest = nullptr;             ///< of a block in its unit
    std::size_t group = 0;                       ///< whose units work on it
    bool resident = false;                       ///< the weights are in the arrays already:
    std::int64_t first_unit = 0;                 ///< block i in those of unit (first_unit + i) modulo units
    std::array<std::uint64_t, 3> base_address{}; ///< of A, B, Z in the outermost memory; the batch lies side by side
    std::array<std::uint64_t, 3> repeat_bytes{}; ///< from one execution's to the next one's
    std::uint64_t partial_address = 0;           ///< of partial sums of split K: the parts of a block side by side
    std::int64_t a_row_bytes = 0;                ///< as matrix_job::row_bytes
    double epilogue_operations = 0;              ///< likewise
    double epilogue_read_bytes = 0;              ///< likewise
    std::uint64_t epilogue_address = 0;          ///< likewise
};

/// Vector work for all units, each an equal share.
struct spread_job {
    vector_work work;
    std::uint64_t read_address = 0;
    std::uint64_t second_address = 0; ///< of work.second_read_bytes
    std::uint64_t write_address = 0;
};

} // namespace cimtlm

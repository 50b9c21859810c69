#pragma once
/// One matrix product as a compute block runs it.
#include <cimtlm/base/stalls.h>
#include <cimtlm/mapping/cost.h>
#include <cimtlm/mapping/flat_nest.h>

#include <array>
#include <cstdint>

namespace cimtlm {

/// The product, its nest and where its operands lie. The nest and the cost model outlive the job.
struct matrix_job {
    gemm product;
    const flat_nest* nest = nullptr;
    bool resident = false;                       ///< the weights are in the arrays already
    std::array<std::uint64_t, 3> base_address{}; ///< of A, B, Z in the outermost memory
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

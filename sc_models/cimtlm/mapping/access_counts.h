#pragma once
/// Accesses of one GEMM under one loop nest: bytes per memory and tensor, steps, writes of weights, additions.
#include <cimtlm/mapping/flat_nest.h>

#include <boost/container/small_vector.hpp>

#include <array>

namespace cimtlm {

/// Bytes over all instances of a memory. `read`: given to the level below (partial sums included); `update`: results
/// taken from below; `fill`: operands (and partial sums) taken from above.
struct access_bytes {
    std::int64_t read = 0;
    std::int64_t update = 0;
    std::int64_t fill = 0;
    bool operator==(const access_bytes& o) const { return read == o.read && update == o.update && fill == o.fill; }
};

struct access_counts {
    /// By index in machine::memories, then by tensor. A search makes many: no allocation for usual machines.
    boost::container::small_vector<std::array<access_bytes, 3>, 5> memories;
    std::int64_t steps = 0;               ///< of the engine, all instances together
    std::int64_t macs = 0;                ///< of the GEMM
    std::int64_t executed_macs = 0;       ///< with padding
    std::int64_t weight_write_bytes = 0;  ///< written into arrays, every copy counted
    std::int64_t weight_fetch_bytes = 0;  ///< fetched for that (copies share a fetch)
    std::int64_t merged_partial_sums = 0; ///< partial sums read back and added outside the arrays
    std::int64_t bank_additions = 0;      ///< additions between arrays (or blocks) that share K
    std::int64_t tiles = 0;               ///< tiles of tile_sequence
};

/// Counts of one product (batch and repeat are the caller's). With `resident` the weights are already in the arrays.
access_counts count_accesses(const flat_nest& nest, const gemm& g, const machine& m, bool resident);

} // namespace cimtlm

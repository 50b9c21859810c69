#pragma once
/// The numbers of a product, when a run carries data.
#include <cimtlm/macro/engine.h>
#include <cimtlm/mapping/tile.h>
#include <cimtlm/modules/matrix_job.h>
#include <cimtlm/tlm/storage.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace cimtlm {

/// From a 32-bit sum to a result: clamp(((sum x scale + rounding) >> shift) + zero_point), exact in 64 bits. Rounding
/// is half of what is shifted out: ties go up.
struct requantisation {
    std::int32_t scale = 1;
    int shift = 0; ///< 0 .. 62
    std::int32_t zero_point = 0;
    std::int32_t least = INT32_MIN;
    std::int32_t most = INT32_MAX;
    std::int32_t operator()(std::int32_t sum) const;
};

/// What the operands mean. Sums are modulo 2^32.
struct matrix_arithmetic {
    bool a_unsigned = false;
    bool b_unsigned = false;
    std::optional<requantisation> finish = std::nullopt; ///< absent: results are the sums
};

/// Bytes of one job on their way: transfers put what they read into the image, the engine multiplies what is there tile
/// by tile, and results are put back for the transfers that write them. An engine that is not exact gets operands in
/// slices of its own widths, and adds up as many rows in a step as the nest gives an array.
class matrix_data {
public:
    /// A and B of 8 or 16 bits, results of 8, 16 or 32, little endian, row by row. `engine` outlives the data.
    matrix_data(const engine& e, const matrix_arithmetic& arithmetic)
        : engine_(e)
        , arithmetic_(arithmetic) {}

    /// Operands, sums and results by their address in the outermost memory.
    storage& image() { return image_; }
    /// The job whose data this is; its places and its product count. Outlives the data.
    void begin(const matrix_job& job);
    /// Adds up the tile's part of the product in its rows before `end` that it has not had yet; returns the first of
    /// them, counted from the tile's first.
    std::int64_t multiply(const tile& t, std::int64_t end);
    /// Puts results (finished) or sums of a region into the image, each where the job says.
    void put(const extents& origin, const extents& extent, bool finished);

private:
    void take_weights(const tile& t);
    void compute(const std::vector<std::int32_t>& inputs, const std::vector<std::int32_t>& weights,
                 std::vector<std::int64_t>& outputs);
    std::uint64_t sum_at(std::int64_t row, std::int64_t column) const {
        return static_cast<std::uint64_t>(row * job_->product.n + column) * sizeof(std::int32_t);
    }

    const engine& engine_;
    matrix_arithmetic arithmetic_;
    const matrix_job* job_ = nullptr;
    std::int64_t rows_a_step_ = 0, columns_a_step_ = 0;
    storage image_;
    storage sums_; // of all results, in order
    std::uint64_t operations_ = 0;
    // The tile at work:
    std::int64_t tile_ = -1;
    std::int64_t rows_done_ = 0;
    std::vector<std::vector<std::int32_t>> weights_; // by step along K, then along N; sliced
};

} // namespace cimtlm

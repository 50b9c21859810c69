#pragma once
/// Where operands lie in the outermost memory of a machine of many units, so that its cache holds what it would hold.
#include <cimtlm/modules/blocked_job.h>
#include <workloads/work.h>

#include <array>
#include <cstdint>

namespace cimtlm {

/// Results of one entry are the inputs of the next: three buffers take turns. The entry i writes buffer i mod 3, reads
/// A from the one before and, where B is an activation, B from the one before that (keys and values of an attention
/// were written just before). Further operands of vector work (a residual) are such older results, too. Work in place
/// has no buffer of its own. An activation B that is larger than any result so far was written long ago (keys and
/// values of earlier tokens): like weights, every execution has its own, at fresh addresses.
class placement {
public:
    explicit placement(const work_list& work);

    struct product_place {
        std::array<std::uint64_t, 3> base_address{};
        std::array<std::uint64_t, 3> repeat_bytes{};
        std::uint64_t older_address = 0; ///< of an older result
        bool b_is_fresh = false;         ///< nobody has touched B before
    };
    /// The entries' places, asked in the order of the work.
    product_place place(const gemm& g);
    spread_job place(const vector_work& v);
    /// The end of all that has a place: behind it is room for partial sums.
    std::uint64_t end_address() const { return next_fresh_; }
    /// Bytes of a row of A as it is stored: less than K where im2col repeats them.
    static std::int64_t a_row_bytes(const gemm& g);
    /// Bytes of A as it is stored, all of the batch.
    static std::int64_t a_bytes(const gemm& g);

private:
    std::uint64_t buffer(std::int64_t entry) const {
        return static_cast<std::uint64_t>(((entry % 3) + 3) % 3) * buffer_bytes_;
    }
    std::uint64_t fresh(std::int64_t bytes);

    std::uint64_t buffer_bytes_ = 0, next_fresh_ = 0;
    std::int64_t entry_ = 0, largest_result_ = 0;
};

} // namespace cimtlm

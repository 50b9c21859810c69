#pragma once
/// Loop nests given by hand.
#include <cimtlm/mapping/loop_nest.h>

namespace cimtlm {

/// A loop nest by hand for each GEMM that the file names. Lines: `M,N,K: NEST`, or `NEST` for every GEMM; `#` begins
/// a comment. The first fitting line counts.
class mapping_file {
public:
    mapping_file(const std::string& path);
    /// Throws input_error when no line fits the GEMM, or when its nest cannot run.
    loop_nest find(const gemm& g, const machine& m, const std::vector<nest_slot>& shape) const;

private:
    struct line {
        int number;
        std::array<std::int64_t, 3> shape; // 0,0,0: every GEMM
        std::string text;
    };
    std::string path_;
    std::vector<line> lines_;
};

} // namespace cimtlm

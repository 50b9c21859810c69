#pragma once
/// Mappings of a device's commands onto its arrays.
#include <cimtlm/machine/machine.h>
#include <cimtlm/mapping/cost.h>
#include <cimtlm/mapping/flat_nest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>

namespace cimtlm {

/// How one product runs on some of the arrays.
struct mapped_command {
    std::shared_ptr<const flat_nest> nest; ///< null: there is no way
    bool spills = false;                   ///< sums leave for the outermost memory and come back
    bool at_once = false;                  ///< all weights are in the arrays at the same time
};

/// Maps each shape once; what was not asked for lately may be forgotten.
class command_mapper {
public:
    /// `m` outlives the mapper.
    explicit command_mapper(const machine& m)
        : machine_(m) {}
    /// By the machine's mapper: for weights that come with the product.
    mapped_command map(const gemm& g, std::int64_t arrays);
    /// Weights spread over the arrays in one way for all M: K over rows, held rows and arrays, N over columns, the
    /// other arrays and held columns. What is left of N comes in turn; sums never leave. For weights that are held, and
    /// where there is no room for sums.
    mapped_command spread(const gemm& g, std::int64_t arrays);

private:
    /// The machine with so many arrays.
    struct part {
        machine m;
        cost_model cost;
        part(const machine& whole, std::int64_t arrays);
    };
    using key = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, int, int, int, bool>;
    static constexpr std::size_t most_kept = 1024;

    const part& part_of(std::int64_t arrays);
    template <class Make> mapped_command once(const gemm& g, std::int64_t arrays, bool spread, Make make);

    const machine& machine_;
    std::map<std::int64_t, std::unique_ptr<part>> parts_;
    std::map<key, mapped_command> kept_;
};

} // namespace cimtlm

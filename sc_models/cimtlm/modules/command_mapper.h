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

/// Maps by the machine's mapper, each shape once; what was not asked for lately may be forgotten.
class command_mapper {
public:
    /// `m` outlives the mapper.
    explicit command_mapper(const machine& m)
        : machine_(m) {}
    /// A product that brings its weights along.
    mapped_command map(const gemm& g, std::int64_t arrays);
    /// A product whose weights are held: spread over the arrays as hold() spreads them, one row of A after another.
    mapped_command map_held(const gemm& g, std::int64_t arrays);
    /// How K x N weights are spread over the arrays.
    mapped_command hold(std::int64_t n, std::int64_t k, int bits, std::int64_t arrays);

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
    mapped_command& kept(const gemm& g, std::int64_t arrays, bool held, bool& is_new);

    const machine& machine_;
    std::map<std::int64_t, std::unique_ptr<part>> parts_;
    std::map<key, mapped_command> kept_;
};

} // namespace cimtlm

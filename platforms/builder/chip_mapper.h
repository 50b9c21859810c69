#pragma once
/// Mappings of products on the groups of a machine of many units.
#include <cimtlm/mapping/map_blocks.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace cimtlm {

/// The groups of a machine with what their work costs. Stays where it is: costs point into it.
class chip_costs {
public:
    explicit chip_costs(const machine& m);
    chip_costs(const chip_costs&) = delete;
    chip_costs& operator=(const chip_costs&) = delete;
    const std::vector<unit_group>& groups() const { return groups_; }
    const group_cost& cost(std::size_t group) const { return *costs_[group]; }

private:
    std::vector<unit_group> groups_;
    std::vector<std::unique_ptr<group_cost>> costs_;
};

/// How a product runs: the units, its blocks, the nest of a block.
struct chip_mapping {
    std::size_t group = 0;
    block_grid grid;
    std::shared_ptr<const flat_nest> nest;
    std::string text;
};

/// Maps by the machine's mapper. Equal products are mapped once.
class chip_mapper {
public:
    chip_mapper(const machine& m, const chip_costs& costs);

    /// The best of all groups. Throws input_error that names the product when none takes it.
    const chip_mapping& map(const blocked_work& work);
    /// Ways to run it in this group with weights that stay in the arrays: as the mapper finds it; with one copy of the
    /// weights; in blocks of few arrays, which fill what others leave.
    const std::vector<chip_mapping>& map_resident(std::size_t group, const blocked_work& work);
    /// Less is better.
    double score(const chip_mapping& mapping, const blocked_work& work) const;

private:
    using key = std::tuple<std::size_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, int, int, int, bool,
                           std::optional<operand_statistics>>;
    static key key_of(std::size_t group, const gemm& g);
    chip_mapping make(std::size_t group, const blocked_mapping& found, const gemm& g) const;
    chip_mapping map_on(std::size_t group, const blocked_work& work) const;
    void add_by_rules(std::vector<chip_mapping>& to, std::size_t group, const extents& block, const gemm& g) const;

    const machine& machine_;
    const chip_costs& costs_;
    std::vector<std::unique_ptr<block_mapper>> mappers_; // by group
    std::map<key, chip_mapping> known_;
    std::map<key, std::vector<chip_mapping>> known_resident_;
};

} // namespace cimtlm

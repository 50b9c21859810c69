#pragma once
/// Which weights stay in the arrays of a machine of many units.
#include <platforms/builder/chip_mapper.h>

#include <functional>

namespace cimtlm {

struct plan;
struct planned_task;

/// Decides it for the products of one group, in the order of the work: weights stay where a unit's arrays have room
/// for them beside the arrays that the widest of the other products works on. Of the mappings that have room, one that
/// is better than reloading the weights is taken: the best, or, where arrays are short, the one that takes least.
class weight_keeper {
public:
    /// `complete` adds what a task's work moves from outside when its weights stay, or do not.
    weight_keeper(const machine& m, chip_mapper& mapper, plan& p,
                  std::function<blocked_work(const planned_task&, bool resident)> complete)
        : machine_(m)
        , mapper_(mapper)
        , plan_(p)
        , complete_(std::move(complete)) {}

    /// Throws does_not_fit_error, with the missing arrays, when weights that are programmed do not all fit.
    void keep(std::size_t group);

    /// Arrays that hold the weights of a block of these extents, copies included.
    static std::int64_t arrays_of(const flat_nest& nest, const extents& block);

private:
    std::vector<std::int64_t> loads(const chip_mapping& mapping, const gemm& g) const;
    bool place(planned_task& task, std::int64_t room, bool shortage);

    const machine& machine_;
    chip_mapper& mapper_;
    plan& plan_;
    std::function<blocked_work(const planned_task&, bool)> complete_;
    std::vector<std::int64_t> used_; // arrays of each unit
    std::int64_t lacks_ = 0;         // arrays of the fullest unit, least so far
};

} // namespace cimtlm

#pragma once
/// Equal area: as many arrays as fit in the place of the memory that they replace.
#include <cimtlm/machine/machine.h>

namespace cimtlm {

/// What CiM takes of a memory and what it leaves, in one unit.
struct replaced_memory {
    double area_um2 = 0;             ///< of the whole memory
    double share = 0;                ///< taken by arrays
    std::int64_t capacity_bytes = 0; ///< of the whole memory
    std::int64_t left_bytes = 0;     ///< for data
};

/// Units of the dispatcher's groups that hold CiM: slices where a cache is replaced, else dispatcher.units, 1 without a
/// dispatcher.
std::int64_t cim_units(const machine& m);

/// The memory in whose place the arrays of `m` stand. The level called cim.replaces tells its area and capacity before
/// equal_area() (a cache keeps them: its compute ways say what is taken), else cim.place does. Requires m.cim->place.
replaced_memory memory_replaced(const machine& m);

/// Machines are compared at equal area: with cim.place, fills a cim.count of 0 with share x area of the memory / area
/// of a macro, and leaves the level called cim.replaces what is left of its area and capacity. Areas must be at one
/// technology: call it on what scaled() gives. Once only. Throws input_error, with `where` in front, when no area
/// is known or not a single array fits.
machine equal_area(machine m, const std::string& where);

} // namespace cimtlm

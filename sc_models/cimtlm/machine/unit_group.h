#pragma once
/// Units of one kind: what the dispatcher hands blocks to, each as a machine of its own.
#include <cimtlm/machine/machine.h>

#include <string>
#include <vector>

namespace cimtlm {

/// Units side by side below the shared memories. `unit_machine` is one of them as a machine without a dispatcher: its
/// outermost memory stands for the innermost shared one, without rates of its own (all units share those), behind the
/// unit's port of the crossbar as its bus; everything further inside is the unit's.
struct unit_group {
    std::string engine;     ///< "tensor_core" or "cim"
    std::string unit;       ///< "sm", "slice"
    std::int64_t units = 1; ///< side by side
    bool in_cache = false;  ///< CiM in ways of the innermost shared memory
    machine unit_machine;
    /// Index in the whole machine's memories of the unit machine's memory i.
    std::size_t chip_memory(std::size_t i) const { return i + first_shared; }
    std::size_t first_shared = 0; ///< index of the innermost shared memory in the whole machine's
    /// MACs per picosecond of all units.
    double peak_macs_per_ps() const { return unit_machine.peak_macs_per_ps() * static_cast<double>(units); }
};

/// The groups of a machine with a dispatcher: tensor cores first, then CiM. Requires m.dispatcher.
std::vector<unit_group> unit_groups(const machine& m);

/// MACs per picosecond of the whole machine: of its best group, as one product runs in one group.
double whole_peak_macs_per_ps(const machine& m);
/// Engines of all units and groups.
std::int64_t whole_engine_count(const machine& m);
/// um2 of all units, shared memories (DRAM excluded) and vector units.
double whole_area_um2(const machine& m);

} // namespace cimtlm

#pragma once
/// Machines and macros from files, and back to a file: the whole interface of the configuration.
#include <platforms/config/files.h>

#include <cimtlm/machine/energy_range.h>
#include <cimtlm/machine/machine.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

/// A machine with what its file says beside the figures.
struct loaded_machine {
    machine value;                   ///< every figure at the machine's technology, arrays counted (equal area)
    std::optional<machine> as_given; ///< as in the file, if any figure was scaled or counted; to_yaml() writes it
    std::map<std::string, std::string> sources; ///< path ("cim.macro.mac_energy_pj") -> source
    figure_ranges ranges;                       ///< path -> low and high, scaled as the value is
    figure_ranges ranges_as_given;              ///< as in the file
    std::string file;                           ///< read from
};

/// A macro of either kind, likewise; paths are its keys.
struct loaded_macro {
    macro_parameters value;
    std::map<std::string, std::string> sources;
    figure_ranges ranges;
    std::string file;
};

/// Reads a machine by name (list_machines()) or file (a value with '/' or ending in ".yaml"), applies
/// `--set` options "key=value", validates it and scales it to its technology. Throws input_error that names the place.
loaded_machine load_machine(const std::string& name_or_file, const std::vector<std::string>& sets = {});

/// The same from text; `file` names it in messages, and relative names in it are meant from its folder.
loaded_machine parse_machine(const std::string& text, const std::string& file,
                             const std::vector<std::string>& sets = {});

/// Reads a macro by name (list_macros()) or file, with `--set` options of its keys ("adc.bits=6").
loaded_macro load_macro(const std::string& name_or_file, const std::vector<std::string>& sets = {});

/// Reads constants of circuits by name (platforms/parts/circuits) or file.
circuit_constants load_circuits(const std::string& name_or_file);

/// The effective configuration: every key with its value, range and source, no bases and no parts. Figures are the
/// native ones
/// (`as_given`), which is what their sources say; reads back as the same machine with the same sources.
std::string to_yaml(const loaded_machine& machine);

/// A key of the configuration as the reference lists it.
struct config_key {
    std::string path;   ///< "memories.NAME.capacity_bytes"
    std::string unit;   ///< "B", or ""
    std::string wanted; ///< "a number", "one of a, b", ...
};

/// Every key of a machine, in the order of the structs.
std::vector<config_key> list_keys();

} // namespace cimtlm

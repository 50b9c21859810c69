#pragma once
/// A tree as YAML text.
#include <platforms/config/node.h>
#include <platforms/config/schema.h>

#include <cimtlm/machine/energy_range.h>

#include <map>
#include <string>

namespace cimtlm {

/// Writes `tree` (of `schema`), a line a leaf, with `{value, range, source}` where `ranges` or `sources` know the
/// leaf's path.
std::string emit_config(const config_node& tree, const config_schema& schema,
                        const std::map<std::string, std::string>& sources, const figure_ranges& ranges);

} // namespace cimtlm

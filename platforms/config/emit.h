#pragma once
/// A tree as YAML text.
#include <platforms/config/node.h>
#include <platforms/config/schema.h>

#include <map>
#include <string>

namespace cimtlm {

/// Writes `tree` (of `schema`), a line a leaf, with `{value, source}` where `sources` knows the leaf's path.
std::string emit_config(const config_node& tree, const config_schema& schema,
                        const std::map<std::string, std::string>& sources);

} // namespace cimtlm

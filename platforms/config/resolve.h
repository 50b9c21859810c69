#pragma once
/// From files to one checked tree: parts taken in, sources handed down, bases merged, options applied.
#include <platforms/config/node.h>
#include <platforms/config/schema.h>

#include <string>
#include <vector>

namespace cimtlm {

/// Reads a machine from `text` (of `file`) with its bases (`extends`) and parts, applies the `--set` options, and
/// checks every key and value against `schema`. Throws input_error.
config_node resolve_machine(const std::string& text, const std::string& file, const config_schema& schema,
                            const std::vector<std::string>& sets);

/// Reads one part file as a record of `schema` and applies `--set` options to it. `path` names it in messages.
config_node resolve_part(const std::string& file, const config_schema& schema, const std::string& path,
                         const std::vector<std::string>& sets = {});

/// Throws input_error when a leaf is not of its type.
void check_leaf(const config_node& node, const config_schema& schema, const std::string& path);

/// Which of several structs a record is; null for one of which there is one kind.
const config_kind* kind_of(const config_node& record, const config_schema& schema);

/// Throws input_error when a record of several kinds has a key of another kind than its own.
void check_kinds(const config_node& node, const config_schema& schema, const std::string& path);

/// The node at a dotted path, or null.
const config_node* node_at(const config_node& root, const std::string& path);

} // namespace cimtlm

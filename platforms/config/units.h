#pragma once
/// Units of keys, read off the key's name, and numbers written with a unit.
#include <platforms/config/node.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cimtlm {

/// A unit that may be written: value in the key's unit = value x multiplier x 10^exponent.
struct written_unit {
    std::string name;
    std::int64_t multiplier = 1;
    int exponent = 0;
};

/// The unit of a key: `_ps` is picoseconds, `_bytes_per_cycle` bytes a cycle; units of the same dimension convert.
struct key_unit {
    std::string name;                  ///< the key's own unit, "" when it has none
    std::vector<written_unit> allowed; ///< units that convert to it, its own first
};

/// Unit of `key` by its longest known suffix.
const key_unit& unit_of_key(const std::string& key);

/// A finite number in the unit of the last part of `path`. Throws input_error at the node's place.
double read_number(const config_node& node, const std::string& path);
/// The same for a key that counts: a value with a fraction, or outside lowest..highest, is refused.
std::int64_t read_integer(const config_node& node, const std::string& path, std::int64_t lowest, std::int64_t highest);
/// `true` or `false`.
bool read_boolean(const config_node& node, const std::string& path);

} // namespace cimtlm

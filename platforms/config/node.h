#pragma once
/// A configuration file as a tree in which every node knows its place.
#include <memory>
#include <string>
#include <vector>

namespace cimtlm {

/// Where a node stands: a file and a line, or an option of the command line (line 0).
struct config_place {
    std::shared_ptr<const std::string> file;
    int line = 0;
    /// "file:line", or the option itself.
    std::string text() const;
};

struct config_entry;

/// A value of the tree. Maps keep the order of the file.
struct config_node {
    enum class form { null, scalar, sequence, map };

    form kind = form::null;
    config_place place;
    std::string scalar;
    std::string source;                ///< where the value comes from; filled by the resolver
    std::vector<double> range;         ///< of a figure: none, or its low and its high, in the key's unit
    bool replaces = false;             ///< a whole part: takes the place of what a base has, key by key it would mix
    std::vector<config_node> items;    ///< of a sequence
    std::vector<config_entry> entries; ///< of a map

    const config_node* find(const std::string& key) const;
    config_node* find(const std::string& key);
    void erase(const std::string& key);
    /// Throws input_error: "place: text".
    [[noreturn]] void fail(const std::string& text) const;
};

/// One line of a map.
struct config_entry {
    std::string key;
    config_place place; ///< of the key
    config_node value;
};

/// Bounds of what is read: a file of a person stays far below, a hostile one ends here.
constexpr std::size_t config_most_bytes = 1 << 20;
constexpr std::size_t config_most_nodes = 20000;
constexpr int config_most_depth = 32;

/// Reads one YAML document. Duplicate keys, tags, several documents, a root that is no map, and what exceeds the
/// bounds above (aliases count as often as they are used) are refused with input_error "file:line: ...".
config_node parse_config(const std::string& text, const std::string& file);

/// Reads the value of a `--set` option: any YAML value on one line. Messages call the place `option`.
config_node parse_option_value(const std::string& text, const std::string& option);

/// The bytes of a regular file of at most config_most_bytes. Throws input_error with `where` in front.
std::string read_config_text(const std::string& file, const std::string& where);

} // namespace cimtlm

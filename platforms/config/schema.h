#pragma once
/// What a configuration may hold, as data: derived from the described structs by reader.h.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cimtlm {

struct config_schema;
using config_schema_pointer = std::shared_ptr<const config_schema>;

/// A key of a record.
struct config_field {
    std::string key;
    config_schema_pointer type;
    bool optional = false; ///< may be absent from the struct: `key: null` takes it out of a base
};

/// One of several structs that a record may be.
struct config_kind {
    std::string name;
    config_schema_pointer type;
};

/// A type: a leaf, a list of leaves, a record with known keys, or a table (a map from free names to records).
struct config_schema {
    enum class form { number, integer, boolean, text, choice, list, record, table };

    form kind = form::record;
    std::int64_t lowest = 0; ///< of an integer
    std::int64_t highest = 0;
    std::vector<std::string> choices; ///< of a choice
    std::vector<config_field> fields; ///< of a record; of one of several kinds: all their keys, `kind` first
    std::vector<config_kind> kinds;   ///< of a record that is one of several structs, the first without a word
    config_schema_pointer element;    ///< of a list or a table

    const config_field* find(const std::string& key) const {
        for (const auto& field : fields)
            if (field.key == key) return &field;
        return nullptr;
    }
    /// The kind called `name`, or null.
    const config_kind* find_kind(const std::string& name) const {
        for (const auto& k : kinds)
            if (k.name == name) return &k;
        return nullptr;
    }
    bool is_leaf() const { return kind != form::record && kind != form::table; }
    /// "a number", "one of a, b", ...: for messages.
    std::string wanted() const;
};

} // namespace cimtlm

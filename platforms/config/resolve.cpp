#include <platforms/config/resolve.h>

#include <platforms/config/files.h>
#include <platforms/config/units.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <filesystem>

namespace cimtlm {

namespace {

using node_form = config_node::form;
using schema_form = config_schema::form;

std::string join(const std::string& path, const std::string& key) { return path.empty() ? key : path + "." + key; }

std::string quoted(const std::string& path) { return path.empty() ? "the machine" : "'" + path + "'"; }

[[noreturn]] void unknown_key(const config_entry& entry, const std::string& path,
                              const std::vector<std::string>& allowed) {
    auto text = unknown_name("key", entry.key, allowed, 32);
    const auto front = std::string("unknown key '").size() + std::min<std::size_t>(entry.key.size(), 80) + 1;
    text.insert(front, " in " + quoted(path));
    throw input_error(entry.place.text() + ": " + text);
}

void merge(config_node& base, config_node over, const std::string& path);

/// Reads the text of a `source:` line.
std::string source_text(const config_node& node) {
    if (node.kind != node_form::scalar || node.scalar.empty()) node.fail("'source' needs a text");
    return node.scalar;
}

/// Reads the `range:` of a figure, which holds its value.
std::vector<double> range_of(const config_node& node, const config_node& value, const config_schema& schema,
                             const std::string& path) {
    if (schema.kind != schema_form::number && schema.kind != schema_form::integer)
        node.fail("'" + path + "' is no figure: it has no range");
    if (node.kind != node_form::sequence || node.items.size() != 2)
        node.fail("the range of '" + path + "' needs the form [low, high]");
    const std::vector<double> range{read_number(node.items[0], path), read_number(node.items[1], path)};
    const double held = read_number(value, path);
    if (!(range[0] <= held && held <= range[1])) node.fail("the range of '" + path + "' does not hold its value");
    return range;
}

/// Turns one file's tree into values by schema: short forms become maps, sources stand on the leaves.
class resolver {
public:
    /// Files that are being read, outermost first: a file that is met again refers to itself.
    explicit resolver(std::vector<std::string> files)
        : files_(std::move(files)) {}

    config_node record(const config_node& node, const config_schema& schema, const std::string& path,
                       const std::string& inherited, bool is_root = false) const {
        config_node result;
        result.kind = node_form::map;
        result.place = node.place;
        if (node.kind == node_form::scalar) {
            result = part(node, schema, path);
            result.place = node.place;
            result.replaces = true;
            return result;
        }
        if (node.kind != node_form::map) node.fail(quoted(path) + " needs a map or the name of a part");
        const auto* source = node.find("source");
        const auto handed_down = source ? source_text(*source) : inherited;
        for (const auto& entry : node.entries) {
            if (entry.key == "part" || entry.key == "source" || (is_root && entry.key == "extends")) continue;
            const auto* field = schema.find(entry.key);
            if (!field) unknown_key(entry, path, known_keys(node, schema, is_root));
            add(result, entry, *field->type, field->optional, join(path, entry.key), handed_down);
        }
        if (const auto* name = node.find("part")) {
            auto base = part(*name, schema, path);
            merge(base, std::move(result), path);
            base.replaces = true;
            base.place = node.place;
            return base;
        }
        return result;
    }

private:
    static std::vector<std::string> known_keys(const config_node& node, const config_schema& schema, bool is_root) {
        std::vector<std::string> keys;
        const auto* chosen = node.find("kind") ? kind_of(node, schema) : nullptr;
        for (const auto& field : (chosen ? *chosen->type : schema).fields) keys.push_back(field.key);
        keys.insert(keys.end(), {"part", "source"});
        if (is_root) keys.push_back("extends");
        return keys;
    }

    void add(config_node& result, const config_entry& entry, const config_schema& schema, bool optional,
             const std::string& path, const std::string& inherited) const {
        config_entry own{entry.key, entry.place, entry.value};
        if (entry.value.kind != node_form::null || !optional) own.value = value(entry.value, schema, path, inherited);
        result.entries.push_back(std::move(own));
    }

    config_node value(const config_node& node, const config_schema& schema, const std::string& path,
                      const std::string& inherited) const {
        switch (schema.kind) {
        case schema_form::record:
            return record(node, schema, path, inherited);
        case schema_form::table:
            return table(node, schema, path);
        default:
            return leaf(node, schema, path, inherited);
        }
    }

    config_node table(const config_node& node, const config_schema& schema, const std::string& path) const {
        if (node.kind != node_form::map) node.fail("'" + path + "' needs a map of names");
        config_node result;
        result.kind = node_form::map;
        result.place = node.place;
        for (const auto& entry : node.entries) {
            const bool plain = !entry.key.empty() && std::all_of(entry.key.begin(), entry.key.end(), [](char c) {
                return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
            });
            if (!plain || entry.key.size() > 64)
                throw input_error(entry.place.text() + ": '" + entry.key.substr(0, 80) + "' in '" + path +
                                  "' is no name: up to 64 letters, digits and '_'");
            add(result, entry, *schema.element, true, join(path, entry.key), "");
        }
        return result;
    }

    config_node leaf(const config_node& node, const config_schema& schema, const std::string& path,
                     const std::string& inherited) const {
        config_node result = node;
        if (node.kind == node_form::map) {
            for (const auto& entry : node.entries)
                if (entry.key != "value" && entry.key != "range" && entry.key != "source")
                    unknown_key(entry, path, {"value", "range", "source"});
            const auto* inner = node.find("value");
            if (!inner) node.fail("'" + path + "' has no 'value'");
            result = *inner;
            if (const auto* source = node.find("source")) result.source = source_text(*source);
        }
        check_leaf(result, schema, path);
        if (const auto* range = node.kind == node_form::map ? node.find("range") : nullptr)
            result.range = range_of(*range, result, schema, path);
        // Sources belong to figures; names and lists say themselves what they are.
        const bool figure = schema.kind == schema_form::number || schema.kind == schema_form::integer ||
                            schema.kind == schema_form::boolean;
        if (result.source.empty() && figure) result.source = inherited;
        return result;
    }

    config_node part(const config_node& name, const config_schema& schema, const std::string& path) const;

    std::vector<std::string> files_;
};

/// `over` wins, key by key; a whole part replaces what stood there; null takes an entry out.
void merge(config_node& base, config_node over, const std::string& path) {
    for (auto& entry : over.entries) {
        const auto inner = join(path, entry.key);
        auto* old = base.find(entry.key);
        if (entry.value.kind == node_form::null) {
            if (!old) entry.value.fail("'" + inner + "' has no value, and there is none to take away");
            base.erase(entry.key);
        } else if (!old) {
            config_entry fresh{entry.key, entry.place, {}};
            if (entry.value.kind == node_form::map) {
                // Merged into nothing rather than moved, to meet a null inside.
                fresh.value.kind = node_form::map;
                fresh.value.place = entry.value.place;
                merge(fresh.value, std::move(entry.value), inner);
            } else {
                fresh.value = std::move(entry.value);
            }
            base.entries.push_back(std::move(fresh));
        } else if (old->kind == node_form::map && entry.value.kind == node_form::map && !entry.value.replaces) {
            merge(*old, std::move(entry.value), inner);
        } else {
            *old = std::move(entry.value);
        }
    }
}

constexpr std::size_t longest_chain = 16;

/// `files` with `file` behind; refuses circles and long chains.
std::vector<std::string> enter(std::vector<std::string> files, const std::string& file, const config_place& place,
                               const std::string& key) {
    std::error_code error;
    auto canonical = std::filesystem::weakly_canonical(file, error).string();
    if (error) canonical = file;
    const auto found = std::find(files.begin(), files.end(), canonical);
    if (found != files.end()) {
        std::string circle;
        for (auto it = found; it != files.end(); ++it)
            circle += std::filesystem::path(*it).filename().string() + " -> ";
        circle += std::filesystem::path(canonical).filename().string();
        throw input_error(place.text() + ": '" + key + "' goes in a circle: " + circle);
    }
    if (files.size() >= longest_chain)
        throw input_error(place.text() + ": a chain of more than " + std::to_string(longest_chain) + " files");
    files.push_back(canonical);
    return files;
}

/// Folder that relative names in a node are meant from: that of its file, the working directory for options.
std::string folder_of(const config_place& place) {
    return place.line > 0 ? std::filesystem::path(*place.file).parent_path().string() : std::string();
}

config_node read_part(const std::string& file, const config_schema& schema, const std::string& path,
                      std::vector<std::string> files) {
    const auto tree = parse_config(read_config_text(file, ""), file);
    const auto own = resolver(std::move(files)).record(tree, schema, path, "");
    config_node result;
    result.kind = node_form::map;
    result.place = tree.place;
    // Merged into nothing, to refuse a null that has nothing to take away.
    merge(result, own, path);
    // A part is called as its file unless it says otherwise.
    const auto* name = schema.find("name");
    if (name && name->type->kind == schema_form::text && !result.find("name")) {
        config_node stem;
        stem.kind = node_form::scalar;
        stem.place = tree.place;
        stem.scalar = std::filesystem::path(file).stem().string();
        result.entries.insert(result.entries.begin(), {"name", tree.place, stem});
    }
    return result;
}

config_node resolver::part(const config_node& name, const config_schema& schema, const std::string& path) const {
    if (name.kind != node_form::scalar || name.scalar.empty()) name.fail("'part' needs the name of a part");
    const auto file = find_part(name.scalar, folder_of(name.place), name.place.text());
    return read_part(file, schema, path, enter(files_, file, name.place, "part"));
}

config_node machine_tree(const std::string& text, const std::string& file, const config_schema& schema,
                         const std::vector<std::string>& files) {
    const auto tree = parse_config(text, file);
    auto own = resolver(files).record(tree, schema, "", "", true);
    config_node result;
    result.kind = node_form::map;
    result.place = tree.place;
    if (const auto* base = tree.find("extends")) {
        if (base->kind != node_form::scalar || base->scalar.empty())
            base->fail("'extends' needs the name or the file of a machine");
        const auto base_file = find_machine(base->scalar, folder_of(base->place), base->place.text());
        const auto chain = enter(files, base_file, base->place, "extends");
        result = machine_tree(read_config_text(base_file, base->place.text()), base_file, schema, chain);
        result.place = tree.place;
        result.erase("name"); // a machine is called as its own file, not as its base
    }
    merge(result, std::move(own), "");
    return result;
}

/// `a.b.c` as nested maps around a value.
config_node nest(const std::vector<std::string>& keys, config_node value) {
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
        config_node map;
        map.kind = node_form::map;
        map.place = value.place;
        map.entries.push_back({*key, map.place, std::move(value)});
        value = std::move(map);
    }
    return value;
}

std::vector<std::string> split_path(const std::string& path) {
    std::vector<std::string> keys(1);
    for (char c : path)
        if (c == '.')
            keys.emplace_back();
        else
            keys.back() += c;
    return keys;
}

/// Checks the front of an option's path against the tables of the tree: an option changes a level, it adds none.
void check_option_path(const config_node& tree, const config_schema& schema, std::vector<std::string>& keys,
                       const std::string& option) {
    std::vector<std::string> known;
    for (const auto& field : schema.fields)
        if (const auto* table = field.type->kind == schema_form::table ? tree.find(field.key) : nullptr)
            for (const auto& entry : table->entries) {
                if (keys.front() == entry.key && !schema.find(keys.front())) {
                    keys.insert(keys.begin(), field.key);
                    return;
                }
                known.push_back(entry.key);
                if (keys.front() == field.key && keys.size() > 1 && !table->find(keys[1])) {
                    std::vector<std::string> names;
                    for (const auto& level : table->entries) names.push_back(level.key);
                    throw input_error(option + ": " + unknown_name("name in '" + field.key + "'", keys[1], names));
                }
            }
    if (schema.find(keys.front())) return;
    for (const auto& field : schema.fields) known.push_back(field.key);
    throw input_error(option + ": " + unknown_name("key", keys.front(), known, 32));
}

void apply_option(config_node& tree, const config_schema& schema, const std::string& path, const std::string& set) {
    const auto option = "--set " + set.substr(0, 200);
    const auto equals = set.find('=');
    if (equals == std::string::npos || equals == 0) throw input_error(option + ": needs the form key=value");
    auto keys = split_path(set.substr(0, equals));
    if (keys.size() > config_most_depth || std::find(keys.begin(), keys.end(), "") != keys.end())
        throw input_error(option + ": a key is names with '.' between, as in cim.macro.latency_ps");
    check_option_path(tree, schema, keys, option);
    const auto over = nest(keys, parse_option_value(set.substr(equals + 1), option));
    merge(tree, resolver({}).record(over, schema, path, option, false), path);
}

} // namespace

const config_node* node_at(const config_node& root, const std::string& path) {
    const config_node* node = &root;
    for (const auto& key : split_path(path))
        if (node) node = node->find(key);
    return node;
}

config_node resolve_machine(const std::string& text, const std::string& file, const config_schema& schema,
                            const std::vector<std::string>& sets) {
    const auto chain = enter({}, file, {}, "extends");
    auto tree = machine_tree(text, file, schema, chain);
    for (const auto& set : sets) apply_option(tree, schema, "", set);
    check_kinds(tree, schema, "");
    return tree;
}

config_node resolve_part(const std::string& file, const config_schema& schema, const std::string& path,
                         const std::vector<std::string>& sets) {
    auto tree = read_part(file, schema, path, enter({}, file, {}, "part"));
    for (const auto& set : sets) apply_option(tree, schema, path, set);
    check_kinds(tree, schema, path);
    return tree;
}

} // namespace cimtlm

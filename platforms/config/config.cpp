#include <platforms/config/config.h>

#include <platforms/config/emit.h>
#include <platforms/config/reader.h>
#include <platforms/config/resolve.h>

#include <cimtlm/base/error.h>
#include <cimtlm/machine/iso_area.h>
#include <cimtlm/machine/scaling.h>

#include <algorithm>
#include <filesystem>

namespace cimtlm {

namespace {

const config_schema& machine_schema() {
    static const auto schema = schema_of<machine>();
    return *schema;
}

const config_schema& macro_schema() {
    static const auto schema = schema_of<macro_parameters>();
    return *schema;
}

/// What the leaves say of themselves, by path.
void collect(const config_node& node, const std::string& path, std::map<std::string, std::string>& sources,
             figure_ranges& ranges) {
    if (!node.source.empty()) sources[path] = node.source;
    if (!node.range.empty()) ranges[path] = {node.range[0], node.range[1]};
    for (const auto& entry : node.entries)
        collect(entry.value, path.empty() ? entry.key : path + "." + entry.key, sources, ranges);
}

/// Runs a check of the machine, and puts the line of the key that its message begins with in front of it. A message
/// about several keys tells the options too: one of them may be the cause.
template <class Check>
void checked(Check check, const config_node& tree, const std::string& file, const std::vector<std::string>& sets) {
    try {
        check();
    } catch (const input_error& e) {
        const std::string text = std::string(e.what()).substr(file.size() + 2); // without "file: "
        const auto* node = node_at(tree, text.substr(0, text.find_first_of(": ")));
        std::string options;
        if (!node || node->kind != config_node::form::scalar)
            for (const auto& set : sets)
                options += (options.empty() ? "; with --set " : " --set ") + set.substr(0, 200);
        throw input_error((node ? node->place.text() : file) + ": " + text + options);
    }
}

void list_keys(const config_schema& schema, const std::string& path, std::vector<config_key>& keys) {
    const bool counts = schema.kind == config_schema::form::number || schema.kind == config_schema::form::integer;
    if (schema.is_leaf())
        keys.push_back({path, counts ? unit_of_key(path.substr(path.rfind('.') + 1)).name : "", schema.wanted()});
    else if (schema.kind == config_schema::form::table)
        list_keys(*schema.element, path + ".NAME", keys);
    else
        for (const auto& field : schema.fields)
            list_keys(*field.type, path.empty() ? field.key : path + "." + field.key, keys);
}

} // namespace

loaded_machine parse_machine(const std::string& text, const std::string& file, const std::vector<std::string>& sets) {
    const auto tree = resolve_machine(text, file, machine_schema(), sets);
    loaded_machine loaded;
    loaded.file = file;
    loaded.value.name = std::filesystem::path(file).stem().string();
    read_value(tree, loaded.value, "");
    collect(tree, "", loaded.sources, loaded.ranges_as_given);
    const auto validate = [&] { checked([&] { loaded.value.validate(file); }, tree, file, sets); };
    validate();
    const auto figures = scaling_of(loaded.value);
    const auto here = loaded.value.technology.point();
    if (std::any_of(figures.begin(), figures.end(), [&](const auto& f) { return !f.kept && f.native != here; }) ||
        (loaded.value.cim && loaded.value.cim->place))
        loaded.as_given = loaded.value;
    loaded.ranges = scaled(loaded.ranges_as_given, figures);
    checked([&] { loaded.value = equal_area(scaled(loaded.value), file); }, tree, file, sets);
    validate(); // scaling may leave the bounds of a key
    return loaded;
}

loaded_machine load_machine(const std::string& name_or_file, const std::vector<std::string>& sets) {
    const auto file = find_machine(name_or_file);
    return parse_machine(read_config_text(file, ""), file, sets);
}

loaded_macro load_macro(const std::string& name_or_file, const std::vector<std::string>& sets) {
    loaded_macro loaded;
    loaded.file = find_part(name_or_file, "", "", "macros");
    const auto tree = resolve_part(loaded.file, macro_schema(), "macro", sets);
    read_value(tree, loaded.value, "");
    collect(tree, "", loaded.sources, loaded.ranges);
    if (const auto* composed = std::get_if<composed_macro_parameters>(&loaded.value); composed && composed->native)
        checked(
            [&] {
                try {
                    composed_macro macro(*composed);
                } catch (const input_error& e) {
                    throw input_error(loaded.file + ": " + e.what());
                }
            },
            tree, loaded.file, sets);
    return loaded;
}

circuit_constants load_circuits(const std::string& name_or_file) {
    static const auto schema = schema_of<circuit_constants>();
    circuit_constants constants;
    read_value(resolve_part(find_part(name_or_file, "", "", "circuits"), *schema, "circuits"), constants, "");
    return constants;
}

std::string to_yaml(const loaded_machine& loaded) {
    if (loaded.as_given)
        return emit_config(write_value(*loaded.as_given), machine_schema(), loaded.sources, loaded.ranges_as_given);
    return emit_config(write_value(loaded.value), machine_schema(), loaded.sources, loaded.ranges);
}

std::vector<config_key> list_keys() {
    std::vector<config_key> keys;
    list_keys(machine_schema(), "", keys);
    return keys;
}

} // namespace cimtlm

/// What resolved values must be beyond their keys: leaves of their types, records of one kind.
#include <platforms/config/resolve.h>
#include <platforms/config/units.h>

#include <cimtlm/base/error.h>

#include <algorithm>

namespace cimtlm {

using node_form = config_node::form;
using schema_form = config_schema::form;

std::string config_schema::wanted() const {
    switch (kind) {
    case form::number:
        return "a number";
    case form::integer:
        return "a whole number";
    case form::boolean:
        return "true or false";
    case form::text:
        return "a text";
    case form::list:
        return "a list: [a, b]";
    case form::choice:
        break;
    case form::record:
    case form::table:
        return "a map";
    }
    std::string list;
    for (const auto& name : choices) list += (list.empty() ? "" : ", ") + name;
    return "one of " + list;
}

void check_leaf(const config_node& node, const config_schema& schema, const std::string& path) {
    if (node.kind == node_form::null) node.fail("'" + path + "' has no value; it needs " + schema.wanted());
    const bool list = schema.kind == schema_form::list;
    if (node.kind != (list ? node_form::sequence : node_form::scalar))
        node.fail("'" + path + "' needs " + schema.wanted());
    switch (schema.kind) {
    case schema_form::number:
        read_number(node, path);
        break;
    case schema_form::integer:
        read_integer(node, path, schema.lowest, schema.highest);
        break;
    case schema_form::boolean:
        read_boolean(node, path);
        break;
    case schema_form::choice:
        if (std::find(schema.choices.begin(), schema.choices.end(), node.scalar) == schema.choices.end())
            node.fail("'" + path + "': " + unknown_name("value", node.scalar, schema.choices));
        break;
    case schema_form::list:
        for (auto item = node.items.begin(); item != node.items.end(); ++item) {
            check_leaf(*item, *schema.element, path);
            if (std::any_of(node.items.begin(), item, [&](const auto& o) { return o.scalar == item->scalar; }))
                item->fail("'" + path + "' names '" + item->scalar.substr(0, 80) + "' twice");
        }
        break;
    case schema_form::text:
    case schema_form::record:
    case schema_form::table:
        break;
    }
}

const config_kind* kind_of(const config_node& record, const config_schema& schema) {
    if (schema.kinds.empty()) return nullptr;
    const auto* said = record.find("kind");
    return said ? schema.find_kind(said->scalar) : &schema.kinds.front();
}

void check_kinds(const config_node& node, const config_schema& schema, const std::string& path) {
    if (const auto* chosen = kind_of(node, schema))
        for (const auto& entry : node.entries) {
            if (entry.key == "kind" || chosen->type->find(entry.key)) continue;
            const auto other = std::find_if(schema.kinds.begin(), schema.kinds.end(),
                                            [&](const auto& k) { return k.type->find(entry.key); });
            const auto noun = path.substr(path.rfind('.') + 1);
            const auto* said = node.find("kind"); // an option that says it is the cause
            const auto& place = said && said->place.line == 0 ? said->place : entry.place;
            throw input_error(place.text() + ": '" + entry.key + "' is a key of a " + other->name + " " + noun +
                              "; this one is " + chosen->name);
        }
    for (const auto& entry : node.entries) {
        const auto& type = schema.kind == schema_form::table ? *schema.element : *schema.find(entry.key)->type;
        if (!type.is_leaf()) check_kinds(entry.value, type, path.empty() ? entry.key : path + "." + entry.key);
    }
}

} // namespace cimtlm

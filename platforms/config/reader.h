#pragma once
/// Described structs from and to a checked tree: what a struct describes is what its file may hold.
#include <platforms/config/node.h>
#include <platforms/config/resolve.h>
#include <platforms/config/schema.h>
#include <platforms/config/units.h>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace cimtlm {

namespace config_detail {

template <class T> struct is_optional : std::false_type {};
template <class T> struct is_optional<std::optional<T>> : std::true_type {};
template <class T> struct is_vector : std::false_type {};
template <class T> struct is_vector<std::vector<T>> : std::true_type {};

template <class T> struct is_variant : std::false_type {};
template <class... T> struct is_variant<std::variant<T...>> : std::true_type {};

template <class T> using members_of = boost::describe::describe_members<T, boost::describe::mod_public>;

/// Structs with a text `name`: a list of them is written as a map, the keys being the names.
template <class T, class = void> struct is_named : std::false_type {};
template <class T>
struct is_named<T, std::void_t<decltype(std::declval<T&>().name)>>
    : std::is_same<decltype(std::declval<T&>().name), std::string> {};

template <class T> std::vector<std::string> enumerator_names() {
    std::vector<std::string> names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto d) { names.push_back(d.name); });
    return names;
}

/// Key that says which of several structs a record is: `T::kind` of each is its name.
inline const std::string kind_key = "kind";

inline config_node make_scalar(std::string text) {
    config_node node;
    node.kind = config_node::form::scalar;
    node.scalar = std::move(text);
    return node;
}

/// The shortest text that reads back as the same number.
template <class T> std::string number_text(T value) {
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return std::string(buffer, end);
}

} // namespace config_detail

/// The schema of a described struct, or of a member of one.
template <class T> config_schema_pointer schema_of() {
    namespace detail = config_detail;
    if constexpr (detail::is_optional<T>::value) {
        return schema_of<typename T::value_type>();
    } else {
        using form = config_schema::form;
        auto schema = std::make_shared<config_schema>();
        if constexpr (std::is_same_v<T, bool>) {
            schema->kind = form::boolean;
        } else if constexpr (std::is_integral_v<T>) {
            schema->kind = form::integer;
            schema->lowest = std::numeric_limits<T>::min();
            schema->highest = std::numeric_limits<T>::max();
        } else if constexpr (std::is_floating_point_v<T>) {
            schema->kind = form::number;
        } else if constexpr (std::is_same_v<T, std::string>) {
            schema->kind = form::text;
        } else if constexpr (std::is_enum_v<T>) {
            schema->kind = form::choice;
            schema->choices = detail::enumerator_names<T>();
        } else if constexpr (detail::is_vector<T>::value) {
            using element = typename T::value_type;
            if constexpr (detail::is_named<element>::value) {
                auto record = std::make_shared<config_schema>(*schema_of<element>());
                for (auto it = record->fields.begin(); it != record->fields.end(); ++it)
                    if (it->key == "name") {
                        record->fields.erase(it);
                        break;
                    }
                schema->kind = form::table;
                schema->element = record;
            } else {
                schema->kind = form::list;
                schema->element = schema_of<element>();
            }
        } else if constexpr (detail::is_variant<T>::value) {
            schema->kind = form::record;
            auto kind = std::make_shared<config_schema>();
            kind->kind = form::choice;
            schema->fields.push_back({detail::kind_key, kind});
            boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, T>>([&](auto one) {
                using alternative = typename decltype(one)::type;
                const auto type = schema_of<alternative>();
                kind->choices.push_back(alternative::kind);
                schema->kinds.push_back({alternative::kind, type});
                for (const auto& field : type->fields)
                    if (!schema->find(field.key)) schema->fields.push_back(field);
            });
        } else {
            schema->kind = form::record;
            boost::mp11::mp_for_each<detail::members_of<T>>([&](auto member) {
                using value = std::remove_reference_t<decltype(std::declval<T&>().*member.pointer)>;
                schema->fields.push_back({member.name, schema_of<value>(), detail::is_optional<value>::value});
            });
        }
        return schema;
    }
}

/// Fills `value` from a resolved tree. Keys that are absent leave the struct's own defaults.
template <class T> void read_value(const config_node& node, T& value, const std::string& path) {
    namespace detail = config_detail;
    if constexpr (detail::is_optional<T>::value) {
        read_value(node, value.emplace(), path);
    } else if constexpr (std::is_same_v<T, bool>) {
        value = read_boolean(node, path);
    } else if constexpr (std::is_integral_v<T>) {
        value = static_cast<T>(read_integer(node, path, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    } else if constexpr (std::is_floating_point_v<T>) {
        value = static_cast<T>(read_number(node, path));
    } else if constexpr (std::is_same_v<T, std::string>) {
        value = node.scalar;
    } else if constexpr (std::is_enum_v<T>) {
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto d) {
            if (node.scalar == d.name) value = d.value;
        });
    } else if constexpr (detail::is_vector<T>::value) {
        using element = typename T::value_type;
        value.clear();
        if constexpr (detail::is_named<element>::value) {
            for (const auto& entry : node.entries) {
                element next;
                read_value(entry.value, next, path + "." + entry.key);
                next.name = entry.key;
                value.push_back(std::move(next));
            }
        } else {
            for (const auto& item : node.items) read_value(item, value.emplace_back(), path);
        }
    } else if constexpr (detail::is_variant<T>::value) {
        const auto* kind = node.find(detail::kind_key);
        boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, T>>([&](auto one) {
            using alternative = typename decltype(one)::type;
            if (kind && kind->scalar == alternative::kind) value.template emplace<alternative>();
        });
        std::visit([&](auto& chosen) { read_value(node, chosen, path); }, value);
    } else {
        boost::mp11::mp_for_each<detail::members_of<T>>([&](auto member) {
            const std::string key = member.name;
            if (const auto* inner = node.find(key))
                read_value(*inner, value.*member.pointer, path.empty() ? key : path + "." + key);
        });
    }
}

/// The tree of a struct, complete; an absent optional has no line.
template <class T> config_node write_value(const T& value) {
    namespace detail = config_detail;
    if constexpr (std::is_same_v<T, bool>) {
        return detail::make_scalar(value ? "true" : "false");
    } else if constexpr (std::is_arithmetic_v<T>) {
        return detail::make_scalar(detail::number_text(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
        return detail::make_scalar(value);
    } else if constexpr (std::is_enum_v<T>) {
        std::string name;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto d) {
            if (value == d.value) name = d.name;
        });
        return detail::make_scalar(name);
    } else if constexpr (detail::is_vector<T>::value) {
        using element = typename T::value_type;
        config_node node;
        if constexpr (detail::is_named<element>::value) {
            node.kind = config_node::form::map;
            for (const auto& item : value) {
                auto inner = write_value(item);
                inner.erase("name");
                node.entries.push_back({item.name, {}, std::move(inner)});
            }
        } else {
            node.kind = config_node::form::sequence;
            for (const auto& item : value) node.items.push_back(write_value(item));
        }
        return node;
    } else if constexpr (detail::is_variant<T>::value) {
        return std::visit(
            [&](const auto& chosen) {
                auto node = write_value(chosen);
                if (value.index() > 0)
                    node.entries.insert(node.entries.begin(), {detail::kind_key, {}, detail::make_scalar(chosen.kind)});
                return node;
            },
            value);
    } else {
        config_node node;
        node.kind = config_node::form::map;
        boost::mp11::mp_for_each<detail::members_of<T>>([&](auto described) {
            const auto& member = value.*described.pointer;
            if constexpr (detail::is_optional<std::decay_t<decltype(member)>>::value) {
                if (member) node.entries.push_back({described.name, {}, write_value(*member)});
            } else {
                node.entries.push_back({described.name, {}, write_value(member)});
            }
        });
        return node;
    }
}

} // namespace cimtlm

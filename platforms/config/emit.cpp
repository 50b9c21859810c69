#include <platforms/config/emit.h>

#include <platforms/config/reader.h>

namespace cimtlm {

namespace {

/// A text in double quotes: the only YAML style that can hold every text on one line.
std::string in_quotes(const std::string& text) {
    static const char* const digits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\x";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string leaf_text(const config_node& node, const config_schema& schema) {
    if (schema.kind == config_schema::form::text) return in_quotes(node.scalar);
    if (schema.kind != config_schema::form::list) return node.scalar;
    std::string out;
    for (const auto& item : node.items) out += (out.empty() ? "" : ", ") + leaf_text(item, *schema.element);
    return "[" + out + "]";
}

class writer {
public:
    writer(const std::map<std::string, std::string>& sources, const figure_ranges& ranges)
        : sources_(sources)
        , ranges_(ranges) {}

    void map(const config_node& node, const config_schema& schema, const std::string& path, std::size_t indent) {
        for (const auto& entry : node.entries) {
            const auto inner = path.empty() ? entry.key : path + "." + entry.key;
            const auto& type =
                schema.kind == config_schema::form::table ? *schema.element : *schema.find(entry.key)->type;
            out_ += std::string(indent, ' ') + entry.key + ":";
            if (type.is_leaf()) {
                out_ += " " + figure(leaf_text(entry.value, type), inner) + "\n";
            } else if (entry.value.entries.empty()) {
                out_ += " {}\n";
            } else {
                out_ += "\n";
                map(entry.value, type, inner, indent + 2);
            }
        }
    }

    std::string take() { return std::move(out_); }

private:
    /// A value with what is known of it.
    std::string figure(const std::string& value, const std::string& path) const {
        const auto source = sources_.find(path);
        const auto range = ranges_.find(path);
        if (source == sources_.end() && range == ranges_.end()) return value;
        std::string text = "{value: " + value;
        if (range != ranges_.end())
            text += ", range: [" + config_detail::number_text(range->second.low) + ", " +
                    config_detail::number_text(range->second.high) + "]";
        if (source != sources_.end()) text += ", source: " + in_quotes(source->second);
        return text + "}";
    }

    const std::map<std::string, std::string>& sources_;
    const figure_ranges& ranges_;
    std::string out_;
};

} // namespace

std::string emit_config(const config_node& tree, const config_schema& schema,
                        const std::map<std::string, std::string>& sources, const figure_ranges& ranges) {
    writer w(sources, ranges);
    w.map(tree, schema, "", 0);
    return w.take();
}

} // namespace cimtlm

#include <platforms/config/emit.h>

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
    explicit writer(const std::map<std::string, std::string>& sources)
        : sources_(sources) {}

    void map(const config_node& node, const config_schema& schema, const std::string& path, std::size_t indent) {
        for (const auto& entry : node.entries) {
            const auto inner = path.empty() ? entry.key : path + "." + entry.key;
            const auto& type =
                schema.kind == config_schema::form::table ? *schema.element : *schema.find(entry.key)->type;
            out_ += std::string(indent, ' ') + entry.key + ":";
            if (type.is_leaf()) {
                const auto source = sources_.find(inner);
                const auto text = leaf_text(entry.value, type);
                out_ += source == sources_.end() ? " " + text
                                                 : " {value: " + text + ", source: " + in_quotes(source->second) + "}";
                out_ += "\n";
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
    const std::map<std::string, std::string>& sources_;
    std::string out_;
};

} // namespace

std::string emit_config(const config_node& tree, const config_schema& schema,
                        const std::map<std::string, std::string>& sources) {
    writer w(sources);
    w.map(tree, schema, "", 0);
    return w.take();
}

} // namespace cimtlm

#include <platforms/config/node.h>

#include <cimtlm/base/error.h>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace cimtlm {

std::string config_place::text() const {
    const std::string name = file ? *file : std::string();
    return line > 0 ? name + ":" + std::to_string(line) : name;
}

namespace {
template <class Entries> auto entry_of(Entries& entries, const std::string& key) {
    return std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.key == key; });
}
} // namespace

const config_node* config_node::find(const std::string& key) const {
    const auto found = entry_of(entries, key);
    return found == entries.end() ? nullptr : &found->value;
}

config_node* config_node::find(const std::string& key) {
    const auto found = entry_of(entries, key);
    return found == entries.end() ? nullptr : &found->value;
}

void config_node::erase(const std::string& key) {
    const auto found = entry_of(entries, key);
    if (found != entries.end()) entries.erase(found);
}

void config_node::fail(const std::string& text) const { throw input_error(place.text() + ": " + text); }

namespace {

/// Builds the tree from the parser's events: unlike YAML::Node it sees every key, line and alias, and it can stop a
/// parse at a bound before the parser's own recursion or memory grows.
class tree_builder final : public YAML::EventHandler {
public:
    tree_builder(std::shared_ptr<const std::string> file, bool number_lines)
        : file_(std::move(file))
        , number_lines_(number_lines) {}

    config_node take_root() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) fail(mark, "a second document ('---'): one file holds one configuration");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        auto node = make(mark, config_node::form::null);
        // The parser places what is missing at the next thing it finds.
        if (!expects_key() && !open_.empty() && open_.back().node.kind == config_node::form::map)
            node.place = open_.back().node.entries.back().place;
        add(std::move(node), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) fail(mark, "an alias inside the value that it names");
        count(make(mark, config_node::form::null), found->second.nodes);
        if (open_.size() + static_cast<std::size_t>(found->second.depth) > config_most_depth) too_deep(mark);
        if (expects_key()) fail(mark, "an alias as a key");
        place_value(found->second.node, found->second.nodes, found->second.depth);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_tag(mark, tag, "!");
        if (expects_key()) {
            if (anchor != YAML::NullAnchor) fail(mark, "an anchor on a key");
            count(make(mark, config_node::form::null));
            open_key(mark, value);
            return;
        }
        auto node = make(mark, config_node::form::scalar);
        node.scalar = value;
        add(std::move(node), anchor);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        refuse_tag(mark, tag, "?");
        open(mark, config_node::form::sequence, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        refuse_tag(mark, tag, "?");
        open(mark, config_node::form::map, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct level {
        config_node node;
        YAML::anchor_t anchor = YAML::NullAnchor;
        bool has_key = false;
        std::size_t nodes = 1; ///< in this subtree, aliases counted out
        int depth = 1;         ///< of this subtree
    };
    struct anchored {
        config_node node;
        std::size_t nodes;
        int depth;
    };

    [[noreturn]] void fail(const YAML::Mark& mark, const std::string& text) const {
        make(mark, config_node::form::null).fail(text);
    }
    [[noreturn]] void too_deep(const YAML::Mark& mark) const {
        fail(mark, "nested deeper than " + std::to_string(config_most_depth) + " levels");
    }
    config_node make(const YAML::Mark& mark, config_node::form kind) const {
        config_node node;
        node.kind = kind;
        node.place = {file_, number_lines_ ? mark.line + 1 : 0};
        return node;
    }
    void refuse_tag(const YAML::Mark& mark, const std::string& tag, const char* allowed) const {
        if (!tag.empty() && tag != "?" && tag != allowed)
            fail(mark, "a tag ('" + tag.substr(0, 40) + "'): the type of a value follows from its key");
    }
    void count(const config_node& at, std::size_t nodes = 1) {
        nodes_ += nodes;
        if (nodes_ > config_most_nodes)
            at.fail("more than " + std::to_string(config_most_nodes) + " values (aliases counted where they are used)");
    }
    bool expects_key() const {
        return !open_.empty() && open_.back().node.kind == config_node::form::map && !open_.back().has_key;
    }
    void open_key(const YAML::Mark& mark, const std::string& key) {
        auto& map = open_.back();
        if (const auto* first = map.node.find(key))
            fail(mark, "key '" + key.substr(0, 80) + "' stands twice in one map" +
                           (number_lines_ ? " (first in line " + std::to_string(first->place.line) + ")" : ""));
        config_entry entry;
        entry.key = key;
        entry.place = {file_, number_lines_ ? mark.line + 1 : 0};
        entry.value.place = entry.place;
        map.node.entries.push_back(std::move(entry));
        map.has_key = true;
    }
    void open(const YAML::Mark& mark, config_node::form kind, YAML::anchor_t anchor) {
        if (expects_key()) fail(mark, "a map or a list as a key (or a bracket without its end)");
        if (open_.size() >= config_most_depth) too_deep(mark);
        level next;
        next.node = make(mark, kind);
        count(next.node);
        next.anchor = anchor;
        open_.push_back(std::move(next));
    }
    void close() {
        auto done = std::move(open_.back());
        open_.pop_back();
        if (done.anchor != YAML::NullAnchor) anchors_[done.anchor] = {done.node, done.nodes, done.depth};
        place_value(std::move(done.node), done.nodes, done.depth);
    }
    void add(config_node node, YAML::anchor_t anchor) {
        if (expects_key()) node.fail("an empty key");
        count(node);
        if (anchor != YAML::NullAnchor) anchors_[anchor] = {node, 1, 1};
        place_value(std::move(node), 1, 1);
    }
    void place_value(config_node node, std::size_t nodes, int depth) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        auto& parent = open_.back();
        parent.nodes += nodes;
        parent.depth = std::max(parent.depth, depth + 1);
        if (parent.node.kind == config_node::form::sequence) {
            parent.node.items.push_back(std::move(node));
        } else {
            parent.node.entries.back().value = std::move(node);
            parent.has_key = false;
        }
    }

    std::shared_ptr<const std::string> file_;
    bool number_lines_;
    config_node root_;
    std::vector<level> open_;
    std::map<YAML::anchor_t, anchored> anchors_;
    std::size_t nodes_ = 0;
    int documents_ = 0;
};

config_node parse(const std::string& text, const std::string& file, bool number_lines) {
    auto name = std::make_shared<const std::string>(file);
    const auto place = [&](int line) { return config_place{name, number_lines ? line : 0}.text() + ": "; };
    if (text.size() > config_most_bytes)
        throw input_error(place(0) + "larger than " + std::to_string(config_most_bytes) + " bytes");
    const auto odd = std::find_if(text.begin(), text.end(), [](unsigned char c) {
        return (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f;
    });
    if (odd != text.end())
        throw input_error(place(1 + static_cast<int>(std::count(text.begin(), odd, '\n'))) +
                          "a control character: this is not a text file");
    tree_builder builder(name, number_lines);
    try {
        // Without its last line break: a quote that is never closed would else end there unnoticed.
        std::istringstream stream(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
        YAML::Parser parser(stream);
        bool any = false;
        while (parser.HandleNextDocument(builder)) any = true;
        if (!any && number_lines) throw input_error(place(0) + "the file is empty");
    } catch (const YAML::Exception& e) {
        throw input_error(place(e.mark.is_null() ? 0 : e.mark.line + 1) + "not YAML: " + e.msg);
    }
    auto root = builder.take_root();
    if (!root.place.file) root.place = {name, number_lines ? 1 : 0};
    return root;
}

} // namespace

config_node parse_config(const std::string& text, const std::string& file) {
    auto root = parse(text, file, true);
    if (root.kind != config_node::form::map) root.fail("the file must hold a map of 'key: value' lines");
    return root;
}

config_node parse_option_value(const std::string& text, const std::string& option) {
    return parse(text, option, false);
}

std::string read_config_text(const std::string& file, const std::string& where) {
    namespace fs = std::filesystem;
    const std::string front = where.empty() ? "" : where + ": ";
    std::error_code error;
    const auto status = fs::status(file, error);
    if (!fs::exists(status)) throw input_error(front + file + ": no such file");
    if (fs::is_directory(status)) throw input_error(front + file + ": a directory, not a file");
    if (!fs::is_regular_file(status)) throw input_error(front + file + ": not a regular file");
    const auto size = fs::file_size(file, error);
    if (!error && size > config_most_bytes)
        throw input_error(front + file + ": larger than " + std::to_string(config_most_bytes) + " bytes");
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    if (stream.peek() != std::ifstream::traits_type::eof()) text << stream.rdbuf();
    if (stream.bad() || !stream.is_open()) throw input_error(front + file + ": cannot be read");
    return text.str();
}

} // namespace cimtlm

#include <platforms/config/timeloop_problem.h>

#include <platforms/config/node.h>
#include <workloads/csv.h>
#include <workloads/lowering.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>

namespace cimtlm {

namespace {
using form = config_node::form;

/// The shape that Timeloop knows by name.
constexpr const char* cnn_layer = R"(
name: cnn-layer
dimensions: [R, S, P, Q, C, K, N]
coefficients: [{name: Wstride}, {name: Hstride}, {name: Wdilation}, {name: Hdilation}]
data-spaces:
- {name: Weights, projection: [[[C]], [[K]], [[R]], [[S]]]}
- {name: Inputs, projection: [[[N]], [[C]], [[R, Wdilation], [P, Wstride]], [[S, Hdilation], [Q, Hstride]]]}
- {name: Outputs, projection: [[[N]], [[K]], [[Q]], [[P]]], read-write: true}
)";

const std::vector<std::string> keys_of_problem = {"version", "name",     "shape", "instance",
                                                  "notes",   "dnn_name", "layer", "histograms"};

/// Both spellings of Timeloop's versions: data-spaces and data_spaces.
std::string underlined(std::string key) {
    std::replace(key.begin(), key.end(), '-', '_');
    return key;
}

bool is_one_of(const std::string& name, const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

void check_keys(const config_node& map, const std::string& what, const std::vector<std::string>& allowed) {
    if (map.kind != form::map) map.fail(what + " must be a map of 'key: value' lines");
    std::set<std::string> seen;
    for (const auto& entry : map.entries) {
        const auto key = underlined(entry.key);
        if (!is_one_of(key, allowed))
            throw input_error(entry.place.text() + ": " + what + ": " + unknown_name("key", entry.key, allowed));
        if (!seen.insert(key).second)
            throw input_error(entry.place.text() + ": " + what + ": key '" + key + "' in two spellings");
    }
}

const config_node* find_key(const config_node& map, const std::string& key) {
    for (const auto& entry : map.entries)
        if (underlined(entry.key) == key) return &entry.value;
    return nullptr;
}

const config_node& need(const config_node& map, const std::string& what, const std::string& key) {
    const auto* node = find_key(map, key);
    if (node == nullptr) map.fail(what + ": key '" + key + "' is missing");
    return *node;
}

const std::vector<config_node>& list_of(const config_node& node, const std::string& what) {
    if (node.kind != form::sequence || node.items.empty()) node.fail(what + " must be a list that is not empty");
    return node.items;
}

std::string text_of(const config_node& node, const std::string& what) {
    if (node.kind != form::scalar || node.scalar.empty()) node.fail(what + " must be a name");
    check_text(node.scalar, node.place.text(), "names in UTF-8"); // names go into results
    return node.scalar;
}

std::vector<std::string> names_of(const config_node& node, const std::string& what) {
    std::vector<std::string> names;
    for (const auto& item : list_of(node, what)) {
        const auto name = text_of(item, "an entry of " + what);
        if (is_one_of(name, names)) item.fail(what + ": " + cimtlm::quoted(name) + " stands twice");
        names.push_back(name);
    }
    return names;
}

struct data_space {
    std::string name;
    std::set<std::string> dimensions;
    bool is_result = false;
};

struct problem_shape {
    std::string name;
    std::vector<std::string> dimensions;
    std::vector<std::string> coefficients;
    std::vector<data_space> spaces;
};

bool truth(const config_node& node) {
    auto text = node.scalar;
    for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (node.kind != form::scalar || (text != "true" && text != "false"))
        node.fail("read_write: " + cimtlm::quoted(node.scalar) + "; allowed: true, false");
    return text == "true";
}

/// One rank of a data space: terms of a sum, each a dimension or a dimension times a coefficient.
void read_rank(const config_node& rank, const problem_shape& shape, data_space& space) {
    const auto what = "projection of " + cimtlm::quoted(space.name);
    const auto& terms = list_of(rank, "a rank in the " + what);
    if (space.is_result && terms.size() > 1)
        rank.fail(what + ": the result has a sum of dimensions as its index, so this is no matrix product");
    for (const auto& term : terms) {
        const auto& factors = list_of(term, "a term in the " + what);
        if (factors.size() > 2)
            term.fail(what + ": a term of " + std::to_string(factors.size()) +
                      " factors; allowed: [DIMENSION] or [DIMENSION, COEFFICIENT]");
        const auto dimension = text_of(factors.front(), "a dimension in the " + what);
        if (!is_one_of(dimension, shape.dimensions))
            factors.front().fail(what + ": " + unknown_name("dimension", dimension, shape.dimensions));
        if (factors.size() == 2) {
            const auto coefficient = text_of(factors.back(), "a coefficient in the " + what);
            if (!is_one_of(coefficient, shape.coefficients))
                factors.back().fail(what + ": " + unknown_name("coefficient", coefficient, shape.coefficients));
        }
        space.dimensions.insert(dimension);
    }
}

data_space read_space(const config_node& node, const problem_shape& shape) {
    check_keys(node, "data space", {"name", "projection", "read_write"});
    data_space space;
    space.name = text_of(need(node, "data space", "name"), "the name of a data space");
    if (const auto* written = find_key(node, "read_write")) space.is_result = truth(*written);
    for (const auto& rank :
         list_of(need(node, "data space", "projection"), "projection of " + cimtlm::quoted(space.name)))
        read_rank(rank, shape, space);
    return space;
}

problem_shape read_shape(const config_node& node) {
    if (node.kind == form::scalar) {
        if (underlined(node.scalar) != "cnn_layer")
            node.fail(unknown_name("shape", node.scalar, {"cnn-layer"}) + ", or a map with dimensions and data_spaces");
        return read_shape(parse_config(cnn_layer, "cnn-layer"));
    }
    check_keys(node, "shape", {"name", "dimensions", "coefficients", "data_spaces"});
    problem_shape shape;
    if (const auto* name = find_key(node, "name")) shape.name = text_of(*name, "the name of the shape");
    shape.dimensions = names_of(need(node, "shape", "dimensions"), "dimensions");
    if (const auto* coefficients = find_key(node, "coefficients"))
        for (const auto& item : list_of(*coefficients, "coefficients")) {
            check_keys(item, "coefficient", {"name", "default"});
            shape.coefficients.push_back(text_of(need(item, "coefficient", "name"), "the name of a coefficient"));
        }
    const auto& spaces = need(node, "shape", "data_spaces");
    for (const auto& item : list_of(spaces, "data_spaces")) shape.spaces.push_back(read_space(item, shape));
    const auto results =
        std::count_if(shape.spaces.begin(), shape.spaces.end(), [](const data_space& s) { return s.is_result; });
    if (shape.spaces.size() != 3 || results != 1)
        spaces.fail("data_spaces: " + std::to_string(shape.spaces.size()) + ", of which " + std::to_string(results) +
                    " with read_write; allowed: two operands and one result with read_write: true");
    return shape;
}

/// The bounds of all dimensions. `besides` are keys that stand in the same map when the instance has no map of its own.
std::map<std::string, std::int64_t> read_bounds(const config_node& instance, const problem_shape& shape,
                                                const std::vector<std::string>& besides) {
    if (instance.kind != form::map) instance.fail("instance must be a map of 'dimension: bound' lines");
    std::map<std::string, std::int64_t> bounds;
    auto allowed = shape.dimensions;
    allowed.insert(allowed.end(), shape.coefficients.begin(), shape.coefficients.end());
    for (const auto& [key, place, value] : instance.entries) {
        if (is_one_of(key, besides)) continue;
        if (key == "densities")
            throw input_error(place.text() + ": densities: sparse operands are not modelled; take the key out");
        if (!is_one_of(key, allowed))
            throw input_error(place.text() + ": instance: " + unknown_name("dimension", key, allowed));
        bounds[key] = parse_whole_number(value.kind == form::scalar ? value.scalar : "", 1, gemm::largest_extent,
                                         value.place.text() + ": " + key);
    }
    for (const auto& dimension : shape.dimensions)
        if (bounds.count(dimension) == 0) instance.fail("instance: dimension '" + dimension + "' has no bound");
    return bounds;
}

bool holds_weights(const data_space& space) {
    std::string name;
    for (const char c : space.name) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const char* front : {"weight", "filter", "kernel"})
        if (name.rfind(front, 0) == 0) return true;
    return false;
}

/// Dimensions that became one extent of the product.
struct extent {
    const char* name;
    std::int64_t value = 1;
    std::string dimensions;

    void take(const std::string& dimension, std::int64_t bound, const std::string& where) {
        dimensions += (dimensions.empty() ? "" : " x ") + dimension;
        if (bound > gemm::largest_extent / value)
            throw input_error(where + ": " + name + " = " + dimensions + " passes " +
                              std::to_string(gemm::largest_extent));
        value *= bound;
    }
    std::string text() const { return std::string(name) + " = " + (dimensions.empty() ? "1" : dimensions); }
};

layer product_of(const problem_shape& shape, const std::map<std::string, std::int64_t>& bounds,
                 const std::string& where, std::string& comment) {
    std::vector<const data_space*> operands;
    const data_space* result = nullptr;
    for (const auto& space : shape.spaces)
        if (space.is_result)
            result = &space;
        else
            operands.push_back(&space);
    if (holds_weights(*operands.front()) && !holds_weights(*operands.back())) std::swap(operands[0], operands[1]);
    const auto& a = *operands[0];
    const auto& b = *operands[1];

    std::array<extent, 4> extents{{{"M", 1, ""}, {"N", 1, ""}, {"K", 1, ""}, {"side by side", 1, ""}}};
    auto& [m, n, k, groups] = extents;
    for (const auto& dimension : shape.dimensions) {
        const auto bound = bounds.at(dimension);
        const bool in_a = a.dimensions.count(dimension) > 0;
        const bool in_b = b.dimensions.count(dimension) > 0;
        const bool in_z = result->dimensions.count(dimension) > 0;
        if (in_a + in_b + in_z < 2) {
            if (bound == 1) continue;
            throw input_error(where + ": dimension " + cimtlm::quoted(dimension) + " is in fewer than two of " +
                              cimtlm::quoted(a.name) + ", " + cimtlm::quoted(b.name) + ", " +
                              cimtlm::quoted(result->name) + ", so this is no matrix product");
        }
        auto& part = !in_b ? m : !in_a ? n : !in_z ? k : groups;
        part.take(dimension, bound, where);
    }
    comment = m.text() + ", " + n.text() + ", " + k.text() + ", " + groups.text() + "; A is " + cimtlm::quoted(a.name) +
              ", B " + cimtlm::quoted(b.name) + ".";

    layer l;
    if (groups.value == 1 || !holds_weights(b)) {
        l.kind = groups.value == 1 ? layer_kind::linear : layer_kind::matmul;
        l.m = m.value;
        l.n = n.value;
        l.k = k.value;
        l.batch = groups.value;
        return l;
    }
    // Weights of their own side by side: the 1x1 convolution in groups that has the same products.
    l.kind = layer_kind::convolution;
    l.height = m.value;
    extent c_in{"C_in", groups.value, groups.dimensions}, c_out = c_in;
    c_in.take(k.dimensions, k.value, where);
    c_out.name = "C_out";
    c_out.take(n.dimensions, n.value, where);
    l.c_in = c_in.value;
    l.c_out = c_out.value;
    l.groups = groups.value;
    return l;
}
} // namespace

trace parse_timeloop_problem(const std::string& text, const std::string& file) {
    const auto root = parse_config(text, file);
    const auto* problem = root.find("problem");
    if (problem == nullptr) root.fail("key 'problem' is missing; expected a problem of Timeloop");
    check_keys(root, "the file", {"problem"});
    if (problem->kind != form::map) problem->fail("problem must be a map of 'key: value' lines");
    const auto* instance = problem->find("instance");
    if (instance != nullptr) check_keys(*problem, "problem", keys_of_problem);
    const auto* shape_node = problem->find("shape");
    if (shape_node == nullptr) problem->fail("problem: key 'shape' is missing");
    const auto shape = read_shape(*shape_node);
    const auto bounds =
        instance != nullptr ? read_bounds(*instance, shape, {}) : read_bounds(*problem, shape, keys_of_problem);
    trace t;
    t.name = std::filesystem::path(file).stem().string();
    const auto* name = problem->find("name");
    std::string comment;
    const auto where = (instance != nullptr ? instance : problem)->place.text();
    auto l = product_of(shape, bounds, where, comment);
    l.name = name != nullptr ? text_of(*name, "the name of the problem") : !shape.name.empty() ? shape.name : t.name;
    totals({lower(l, where)}, where);
    t.comments = {"Timeloop problem: " + comment};
    t.layers.push_back(std::move(l));
    return t;
}

trace read_timeloop_problem(const std::string& path) {
    return parse_timeloop_problem(read_config_text(path, ""), path);
}

} // namespace cimtlm

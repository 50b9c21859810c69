/// Our own CSV: one table of columns serves the reader and the writer.
#include <workloads/formats.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace cimtlm {

namespace {
/// Text of one cell and its place for messages.
struct cell {
    const std::string& text;
    std::string where;

    std::int64_t number(std::int64_t most = gemm::largest_extent, std::int64_t least = 1) const {
        return parse_whole_number(text, least, most, where);
    }
};

/// The shortest text that reads back to the same number.
std::string shortest(double value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

/// A column after `name` and `kind`.
struct column {
    const char* name;
    bool required; ///< has no default
    bool (*used_by)(const kind_info&);
    void (*read)(const cell&, layer&);
    std::string (*write)(const layer&);
};

template <std::int64_t layer::*Extent>
column extent(const char* name, bool required, bool (*used_by)(const kind_info&)) {
    return {name, required, used_by, [](const cell& c, layer& l) { l.*Extent = c.number(); },
            [](const layer& l) { return std::to_string(l.*Extent); }};
}

template <int operand_bits::*Operand> column bits(const char* name, bool (*used_by)(const kind_info&)) {
    return {name, false, used_by, [](const cell& c, layer& l) { l.bits.*Operand = static_cast<int>(c.number(64)); },
            [](const layer& l) { return std::to_string(l.bits.*Operand); }};
}

template <double operand_statistics::*Share> column share(const char* name, bool (*used_by)(const kind_info&)) {
    return {name, false, used_by,
            [](const cell& c, layer& l) {
                if (!l.statistics) l.statistics.emplace();
                (*l.statistics).*Share = parse_share(c.text, Share != &operand_statistics::column_sparsity, c.where);
            },
            [](const layer& l) { return l.statistics ? shortest((*l.statistics).*Share) : std::string{}; }};
}

/// One number for all four sides, or top:left:bottom:right.
void read_padding(const cell& c, layer& l) {
    auto& p = l.padding;
    const auto sides = {&p.top, &p.left, &p.bottom, &p.right};
    const auto colons = std::count(c.text.begin(), c.text.end(), ':');
    if (colons == 0) {
        for (auto* side : sides) *side = c.number(gemm::largest_extent, 0);
        return;
    }
    if (colons != 3)
        throw input_error(c.where + ": " + quoted(c.text) + "; allowed: one number, or top:left:bottom:right");
    std::size_t begin = 0;
    for (auto* side : sides) {
        const auto end = std::min(c.text.find(':', begin), c.text.size());
        *side = cell{c.text.substr(begin, end - begin), c.where}.number(gemm::largest_extent, 0);
        begin = end + 1;
    }
}

std::string write_padding(const layer& l) {
    const auto& p = l.padding;
    const auto text = [](std::int64_t rows) { return std::to_string(rows); };
    if (p == image_padding{p.top, p.top, p.top, p.top}) return text(p.top);
    return text(p.top) + ":" + text(p.left) + ":" + text(p.bottom) + ":" + text(p.right);
}

const std::vector<column>& columns() {
    constexpr auto windows = [](const kind_info& k) {
        return k.shape == layer_shape::convolution || k.shape == layer_shape::pooling;
    };
    constexpr auto convolutions = [](const kind_info& k) { return k.shape == layer_shape::convolution; };
    constexpr auto products = [](const kind_info& k) { return k.shape == layer_shape::product; };
    constexpr auto matrices = [](const kind_info& k) {
        return k.shape != layer_shape::convolution && k.shape != layer_shape::pooling;
    };
    constexpr auto gemms = [](const kind_info& k) { return k.makes_gemm(); };
    constexpr auto with_b = [](const kind_info& k) { return k.has_b(); };
    constexpr auto all = [](const kind_info&) { return true; };
    static const std::vector<column> list = {
        extent<&layer::height>("H", true, windows),
        extent<&layer::width>("W", true, windows),
        extent<&layer::c_in>("C_in", true, windows),
        extent<&layer::kernel_height>("R", true, windows),
        extent<&layer::kernel_width>("S", true, windows),
        extent<&layer::c_out>("C_out", true, convolutions),
        extent<&layer::stride>("stride", false, windows),
        {"padding", false, windows, read_padding, write_padding},
        extent<&layer::groups>("groups", false, convolutions),
        extent<&layer::m>("M", true, matrices),
        extent<&layer::n>("N", true, matrices),
        extent<&layer::k>("K", true, products),
        extent<&layer::batch>("batch", false, all),
        extent<&layer::repeat>("repeat", false, all),
        bits<&operand_bits::a>("a_bits", all),
        bits<&operand_bits::b>("b_bits", with_b),
        bits<&operand_bits::z>("z_bits", all),
        bits<&operand_bits::partial>("partial_bits", gemms),
        share<&operand_statistics::input_density>("input_density", gemms),
        share<&operand_statistics::weight_density>("weight_density", gemms),
        share<&operand_statistics::column_sparsity>("column_sparsity", gemms),
    };
    return list;
}

constexpr std::size_t name_column = 0;
constexpr std::size_t kind_column = 1;
constexpr std::size_t first_column = 2; ///< of columns()

layer_kind parse_kind(const cell& c) {
    std::vector<std::string> names;
    for (const auto& kind : layer_kinds()) {
        if (kind.name == c.text) return kind.kind;
        names.emplace_back(kind.name);
    }
    throw input_error(c.where + ": " + unknown_name("kind", c.text, names));
}

layer parse_row(const csv_columns& cells, const csv_row& row, const trace_options&) {
    const auto at = [&](std::size_t i) { return cell{cells.cell(row, i), cells.place(row, i)}; };
    layer l;
    l.name = at(name_column).text;
    l.kind = parse_kind(at(kind_column));
    const auto& kind = info_of(l.kind);
    for (std::size_t i = 0; i < columns().size(); ++i) {
        const auto& column = columns()[i];
        const auto c = at(first_column + i);
        if (column.used_by(kind)) {
            if (!c.text.empty() || column.required) column.read(c, l);
        } else if (!c.text.empty()) {
            throw input_error(c.where + ": " + quoted(c.text) + ", but a layer of kind '" + kind.name +
                              "' does not have it; allowed: an empty cell");
        }
    }
    return l;
}
} // namespace

const trace_format& native_format() {
    static const trace_format format = [] {
        trace_format f{"cimtlm", {{"name"}, {"kind"}}, first_column, false, parse_row};
        for (const auto& column : columns()) f.columns.push_back({column.name});
        return f;
    }();
    return format;
}

std::string format_trace(const trace& t) {
    std::string text;
    for (const auto& comment : t.comments) text += comment.empty() ? "#\n" : "# " + comment + "\n";
    std::vector<column> shown; // where some layer has no default or another value
    std::copy_if(columns().begin(), columns().end(), std::back_inserter(shown), [&](const column& c) {
        return std::any_of(t.layers.begin(), t.layers.end(), [&](const layer& l) {
            return c.used_by(info_of(l.kind)) && (c.required || c.write(l) != c.write(layer{}));
        });
    });
    text += "name,kind";
    for (const auto& column : shown) text += std::string(",") + column.name;
    text += "\n";
    for (const auto& l : t.layers) {
        const auto& kind = info_of(l.kind);
        text += csv_cell(l.name) + "," + kind.name;
        for (const auto& column : shown) text += "," + (column.used_by(kind) ? column.write(l) : std::string{});
        text += "\n";
    }
    return text;
}

} // namespace cimtlm

#include <workloads/trace.h>

#include <workloads/formats.h>
#include <workloads/lowering.h>

#include <cimtlm/base/error.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace cimtlm {

namespace {
/// A trace of a network has some thousand lines; this stops a device or a wrong file before memory is full.
constexpr std::size_t largest_file_bytes = std::size_t{64} << 20;

std::string read_text(const std::string& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found)
        throw input_error(path + ": no such file; expected a trace");
    if (std::filesystem::is_directory(status)) throw input_error(path + ": is a directory; expected a trace");
    std::ifstream file(path, std::ios::binary);
    if (!file) throw input_error(path + ": cannot be opened for reading");
    std::string text;
    char piece[65536];
    while (file.read(piece, sizeof piece), file.gcount() > 0) {
        text.append(piece, static_cast<std::size_t>(file.gcount()));
        if (text.size() > largest_file_bytes)
            throw input_error(path + ": larger than " + std::to_string(largest_file_bytes >> 20) +
                              " MiB; expected a trace");
    }
    if (file.bad()) throw input_error(path + ": cannot be read");
    return text;
}

/// The format that knows most of the header's columns.
const trace_format& format_of(const csv_table& table) {
    const trace_format* best = nullptr;
    std::size_t most = 0;
    for (const auto* format : {&native_format(), &scale_sim_convolution_format(), &scale_sim_gemm_format()}) {
        const auto known = count_known(table.header, format->columns);
        if (known > most) {
            most = known;
            best = format;
        }
    }
    if (best == nullptr)
        throw input_error(table.where(table.header) + ": " + quoted(table.header.cells.front()) +
                          " begins no known header; allowed: 'name,kind,...', "
                          "'Layer name, IFMAP Height, ...' or 'Layer, M, N, K'");
    return *best;
}

/// Results are found by the name of a layer, so names are unique.
class unique_names {
public:
    explicit unique_names(const trace_format& format)
        : format_(format) {}

    std::string add(const std::string& name, const std::string& where) {
        if (name.empty()) throw input_error(where + ": the layer has no name");
        auto& copies = copies_[name];
        if (++copies == 1) return name;
        if (!format_.duplicates_named)
            throw input_error(where + ": column 'name': a second layer " + quoted(name) + "; allowed: each name once");
        return add(name + "#" + std::to_string(copies), where);
    }

private:
    const trace_format& format_;
    std::map<std::string, int> copies_;
};
} // namespace

trace parse_trace(const std::string& text, const std::string& source, const trace_options& options) {
    const auto table = parse_csv(text, source);
    const auto& format = format_of(table);
    const csv_columns columns(table, format.columns);
    for (std::size_t i = 0; i < format.required; ++i)
        if (!columns.has(i))
            throw input_error(table.where(table.header) + ": column '" + format.columns[i].front() +
                              "' is missing; a trace in the format '" + format.name + "' needs it");

    trace t;
    t.name = std::filesystem::path(source).stem().string();
    t.comments = table.comments;
    unique_names names(format);
    work_list work;
    for (const auto& row : table.rows) {
        const auto where = table.where(row);
        columns.check(row);
        t.layers.push_back(format.parse_row(columns, row, options));
        auto& l = t.layers.back();
        l.name = names.add(l.name, where);
        work.push_back(lower(l, where)); // a trace that is returned can run
    }
    if (t.layers.empty()) throw input_error(source + ": a header but no layers; a trace needs at least one");
    totals(work, source);
    return t;
}

trace read_trace(const std::string& path, const trace_options& options) {
    return parse_trace(read_text(path), path, options);
}

trace with_batch(const trace& t, std::int64_t inputs, const std::string& where) {
    if (inputs < 1) throw input_error(where + ": " + std::to_string(inputs) + "; allowed: 1 or more");
    const auto front = where + " " + std::to_string(inputs) + ": ";
    trace batched = t;
    work_list work;
    for (auto& l : batched.layers) {
        if (l.batch > gemm::largest_extent / inputs)
            throw input_error(front + l.name + ": the batch passes " + std::to_string(gemm::largest_extent));
        l.batch *= inputs;
        work.push_back(lower(l, front + l.name));
    }
    totals(work, front + t.name);
    return batched;
}

trace with_bits(const trace& t, int bits, const std::string& where) {
    constexpr int unsaid = operand_bits{}.a;
    trace narrowed = t;
    for (auto& l : narrowed.layers) {
        for (auto* element : {&l.bits.a, &l.bits.b, &l.bits.z})
            if (*element == unsaid) *element = bits;
        lower(l, where + " " + std::to_string(bits) + ": " + l.name);
    }
    return narrowed;
}

trace with_column_sparsity(const trace& t, double column_sparsity, const std::string& where) {
    operand_statistics pruned;
    pruned.column_sparsity = column_sparsity;
    if (!pruned.is_possible())
        throw input_error(where + ": " + std::to_string(column_sparsity) + "; allowed: a share from 0 to below 1");
    trace sparse = t;
    for (auto& l : sparse.layers)
        if (info_of(l.kind).makes_gemm() && l.kind != layer_kind::matmul && !l.statistics) l.statistics = pruned;
    return sparse;
}

gemm parse_gemm(const std::string& text, const std::string& where) {
    const auto cells = split_csv_line(text, where);
    if (cells.size() != 3) throw input_error(where + ": " + quoted(text) + "; allowed: M,N,K");
    const auto number = [&](std::size_t i, const char* name) {
        return parse_whole_number(cells[i], 1, gemm::largest_extent, where + ": " + name);
    };
    gemm g;
    g.m = number(0, "M");
    g.n = number(1, "N");
    g.k = number(2, "K");
    g.name = "gemm_" + std::to_string(g.m) + "x" + std::to_string(g.n) + "x" + std::to_string(g.k);
    g.validate(where);
    return g;
}

} // namespace cimtlm

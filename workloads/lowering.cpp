#include <workloads/lowering.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

namespace cimtlm {

namespace {
constexpr std::int64_t largest_count = std::int64_t{1} << 62; // as gemm::validate: sums of two stay in 64 bits

/// The product of positive factors.
std::int64_t times(const std::string& where, std::initializer_list<std::int64_t> factors) {
    std::int64_t result = 1;
    for (const auto factor : factors) {
        if (factor > 0 && result > largest_count / factor)
            throw input_error(where + ": the layer is too large: its counts pass 2^62");
        result *= factor;
    }
    return result;
}

std::int64_t bytes(const std::string& where, std::int64_t elements, int bits) {
    return (times(where, {elements, bits}) + 7) / 8;
}

void check_extents(const layer& l, const std::string& where) {
    const auto check = [&](const char* what, std::int64_t value, std::int64_t least) {
        if (value < least || value > gemm::largest_extent)
            throw input_error(where + ": " + what + " is " + std::to_string(value) + "; allowed " +
                              std::to_string(least) + " to " + std::to_string(gemm::largest_extent));
    };
    for (const auto& [what, value] : {std::pair{"H", l.height},
                                      {"W", l.width},
                                      {"C_in", l.c_in},
                                      {"R", l.kernel_height},
                                      {"S", l.kernel_width},
                                      {"C_out", l.c_out},
                                      {"stride", l.stride},
                                      {"groups", l.groups},
                                      {"M", l.m},
                                      {"N", l.n},
                                      {"K", l.k},
                                      {"batch", l.batch},
                                      {"repeat", l.repeat}})
        check(what, value, 1);
    for (const auto value : {l.padding.top, l.padding.left, l.padding.bottom, l.padding.right})
        check("padding", value, 0);
    for (const int bits : {l.bits.a, l.bits.b, l.bits.z, l.bits.partial})
        if (bits < 1 || bits > 64)
            throw input_error(where + ": bits are " + std::to_string(bits) + "; allowed 1 to 64");
}

void check_window(const layer& l, const std::string& where) {
    const auto check = [&](const char* kernel, std::int64_t size, const char* extent, std::int64_t padded) {
        if (size > padded)
            throw input_error(where + ": column '" + kernel + "': the kernel is " + std::to_string(size) +
                              ", larger than the padded " + extent + " of " + std::to_string(padded));
    };
    check("R", l.kernel_height, "H", l.height + l.padding.top + l.padding.bottom);
    check("S", l.kernel_width, "W", l.width + l.padding.left + l.padding.right);
}

void check_groups(const layer& l, const std::string& where) {
    for (const auto& [column, channels] : {std::pair{"C_in", l.c_in}, {"C_out", l.c_out}})
        if (channels % l.groups != 0)
            throw input_error(where + ": column 'groups': " + std::to_string(l.groups) + " groups do not divide " +
                              column + " = " + std::to_string(channels));
}

gemm lower_product(const layer& l, const std::string& where) {
    gemm g;
    g.name = l.name;
    g.repeat = l.repeat;
    g.bits = l.bits;
    g.statistics = l.statistics;
    switch (l.kind) {
    case layer_kind::convolution:
        check_window(l, where);
        check_groups(l, where);
        g.m = times(where, {l.batch, l.out_height(), l.out_width()});
        g.n = l.c_out / l.groups;
        g.k = times(where, {l.c_in / l.groups, l.kernel_height, l.kernel_width});
        g.batch = l.groups;
        g.a_distinct = std::min(g.m * g.k, times(where, {l.batch, l.height, l.width, l.c_in / l.groups}));
        break;
    case layer_kind::matmul:
        g.m = l.m;
        g.n = l.n;
        g.k = l.k;
        g.batch = l.batch;
        g.b_is_activation = true;
        break;
    default: // linear
        g.m = times(where, {l.batch, l.m});
        g.n = l.n;
        g.k = l.k;
    }
    g.validate(where);
    return g;
}

vector_work lower_vector(const layer& l, const kind_info& kind, const std::string& where) {
    vector_work v;
    v.name = l.name;
    v.repeat = l.repeat;
    std::int64_t a = 0; // elements of the operands
    std::int64_t b = 0;
    std::int64_t per_result = kind.operations_per_result;
    switch (kind.shape) {
    case layer_shape::pooling:
        check_window(l, where);
        v.elements = times(where, {l.batch, l.c_in, l.out_height(), l.out_width()});
        per_result += times(where, {l.kernel_height, l.kernel_width});
        a = times(where, {l.batch, l.c_in, l.height, l.width});
        break;
    case layer_shape::pairs:
        if (l.m < 2) throw input_error(where + ": column 'M': 1 vector makes no pair; allowed: 2 or more");
        v.elements = times(where, {l.batch, l.m, l.m - 1}) / 2;
        per_result += 2 * l.n;
        a = times(where, {l.batch, l.m, l.n});
        break;
    default: // rows
        if (l.kind == layer_kind::rotary_embedding && l.n % 2 != 0)
            throw input_error(where + ": column 'N': " + std::to_string(l.n) +
                              " elements are not pairs; allowed: an even number");
        v.elements = times(where, {l.batch, l.m, l.n});
        a = kind.a_is_index ? times(where, {l.batch, l.m}) : v.elements;
        b = v.elements * kind.b_per_result + l.n * kind.b_per_column + l.m * l.n * kind.b_per_place;
    }
    v.operations = times(where, {v.elements, per_result});
    v.operations += l.batch * l.m * kind.operations_per_row;
    v.second_read_bytes = bytes(where, b, l.bits.b);
    v.read_bytes = bytes(where, a, l.bits.a) + v.second_read_bytes;
    v.whole_rows = kind.operations_per_row != 0;
    v.write_bytes = bytes(where, v.elements, l.bits.z);
    for (const auto count : {v.elements, v.operations, v.read_bytes, v.write_bytes}) times(where, {count, l.repeat});
    return v;
}

void add_to(std::int64_t& total, std::int64_t count, const std::string& where) {
    if (count > largest_count - total)
        throw input_error(where + ": the trace is too large: a total of its layers passes 2^62");
    total += count;
}
} // namespace

work_item lower(const layer& l, const std::string& where) {
    check_extents(l, where);
    const auto& kind = info_of(l.kind);
    if (kind.makes_gemm()) return lower_product(l, where);
    return lower_vector(l, kind, where);
}

work_list lower(const trace& t) {
    work_list work;
    work.reserve(t.layers.size());
    std::optional<gemm> before; // the product whose results, perhaps worked on in place, lie there
    for (const auto& l : t.layers) {
        auto item = lower(l, t.name + ": " + l.name);
        const auto* product = work.empty() ? nullptr : std::get_if<gemm>(&work.back());
        if (product != nullptr && info_of(l.kind).is_element_wise()) {
            auto& v = std::get<vector_work>(item);
            v.fusible = v.elements == product->m * product->n * product->batch && v.repeat == product->repeat;
        }
        if (auto* v = std::get_if<vector_work>(&item); v && before && info_of(l.kind).shape == layer_shape::rows)
            v->in_place = v->elements == before->m * before->n * before->batch && v->repeat == before->repeat;
        if (const auto* g = std::get_if<gemm>(&item))
            before = *g;
        else if (!std::get<vector_work>(item).in_place)
            before.reset();
        work.push_back(std::move(item));
    }
    return work;
}

work_totals totals(const work_list& work, const std::string& where) {
    work_totals sum;
    for (const auto& item : work) {
        if (const auto* g = std::get_if<gemm>(&item)) {
            add_to(sum.gemms, g->count(), where);
            add_to(sum.macs, g->macs(), where);
            if (!g->b_is_activation) add_to(sum.weights, g->n * g->k * g->count(), where);
        } else {
            const auto& v = std::get<vector_work>(item);
            add_to(sum.vector_operations, v.operations * v.repeat, where);
        }
    }
    return sum;
}

} // namespace cimtlm

#include <cimtlm/mapping/loop_nest.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <cctype>
#include <sstream>

namespace cimtlm {

const char* to_string(dim d) { return d == dim::M ? "M" : d == dim::N ? "N" : "K"; }
const char* to_string(tensor t) { return t == tensor::A ? "A" : t == tensor::B ? "B" : "Z"; }

std::vector<nest_slot> nest_slots(const machine& m, const operand_bits& bits) {
    std::vector<nest_slot> slots;
    bool grid = false; // the multipliers' own fan-out stands above a latch level
    for (std::size_t i = 0; i < m.memories.size(); ++i) {
        const auto& level = m.memories[i];
        if (level.fanout) {
            nest_slot s{level.fanout->name, slot_role::spatial, -1, {}, level.fanout->count};
            s.limit = {level.fanout->m, level.fanout->n, level.fanout->k};
            slots.push_back(s);
            grid = grid || level.kind == memory_kind::latch;
        }
        slots.push_back({level.name, slot_role::memory, static_cast<int>(i), {}, 0});
    }
    const auto engine = m.matrix_engine();
    const auto g = engine->geometry();
    if (m.cim) {
        const auto columns = g.columns_parallel / engine->weight_slices(bits.b);
        slots.push_back({"bank", slot_role::spatial, -1, {}, m.cim->count});
        slots.push_back({"array", slot_role::array, -1, {1, columns, g.rows_parallel}, 0});
        slots.push_back({"hold", slot_role::hold, -1, {1, g.columns_held, g.rows_held}, 0});
    } else if (!grid) {
        slots.push_back({"pe", slot_role::array, -1, {1, g.columns_parallel, g.rows_parallel}, 0});
    }
    return slots;
}

std::int64_t loop_nest::factor(std::size_t slot, dim d) const {
    std::int64_t product = 1;
    for (const auto& l : slots[slot])
        if (l.d == d) product *= l.factor;
    return product;
}

std::string to_text(const loop_nest& nest, const std::vector<nest_slot>& shape) {
    std::string text;
    for (std::size_t s = 0; s < shape.size(); ++s) {
        if (nest.slots[s].empty()) continue;
        text += (text.empty() ? "" : " / ") + shape[s].name;
        for (const auto& l : nest.slots[s]) text += std::string(" ") + to_string(l.d) + std::to_string(l.factor);
    }
    return text;
}

namespace {
std::string lower(std::string text) {
    for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

loop parse_loop(const std::string& word, const std::string& where) {
    const auto fail = [&]() {
        throw input_error(where + ": '" + word.substr(0, 40) +
                          "' is not a loop; write M, N or K and a factor of at least 1, e.g. K256");
    };
    if (word.size() < 2 || word.size() > 11) fail();
    const char letter = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
    if (letter != 'M' && letter != 'N' && letter != 'K') fail();
    if (!std::all_of(word.begin() + 1, word.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) fail();
    const std::int64_t factor = std::stoll(word.substr(1));
    if (factor < 1 || factor > gemm::largest_extent) fail();
    return {letter == 'M' ? dim::M : letter == 'N' ? dim::N : dim::K, factor};
}
} // namespace

loop_nest parse_nest(const std::string& text, const std::vector<nest_slot>& shape, const std::string& where) {
    loop_nest nest(shape.size());
    std::vector<std::string> names;
    for (const auto& s : shape) names.push_back(s.name);
    std::size_t next = 0;
    std::stringstream levels(text);
    std::string part;
    while (std::getline(levels, part, '/')) {
        std::stringstream words(part);
        std::string word;
        if (!(words >> word)) throw input_error(where + ": a level without a name; write e.g. 'smem N2 M512'");
        const auto found = std::find_if(names.begin(), names.end(),
                                        [&](const std::string& name) { return lower(name) == lower(word); });
        if (found == names.end()) throw input_error(where + ": " + unknown_name("level", word, names));
        const auto slot = static_cast<std::size_t>(found - names.begin());
        if (slot < next) throw input_error(where + ": level '" + word + "' stands twice or out of order");
        next = slot + 1;
        while (words >> word) {
            const auto l = parse_loop(word, where);
            nest.add(slot, l.d, l.factor);
        }
    }
    if (next == 0) throw input_error(where + ": no loop nest; write e.g. '" + names.front() + " M512 N64'");
    return nest;
}

operand_bits stored_bits(operand_bits bits, const memory_level& level, const machine& m) {
    if (level.kind != memory_kind::latch) return bits;
    const auto geometry = m.matrix_engine()->geometry();
    bits.a = std::min(bits.a, geometry.input_bits);
    bits.b = std::min(bits.b, geometry.weight_bits);
    return bits;
}

std::int64_t footprint_bytes(const extents& tile, const memory_level& level, const operand_bits& bits) {
    const auto bytes = [](std::int64_t a, std::int64_t b, int width) { return (a * b * width + 7) / 8; };
    std::int64_t total = 0;
    if (level.keeps_tensor(tensor::A)) total += bytes(tile[0], tile[2], bits.a);
    if (level.keeps_tensor(tensor::B)) total += bytes(tile[1], tile[2], bits.b);
    if (level.keeps_tensor(tensor::Z)) total += bytes(tile[0], tile[1], std::max(bits.z, bits.partial));
    return total;
}

std::string why_impossible(const loop_nest& nest, const gemm& g, const machine& m,
                           const std::vector<nest_slot>& shape) {
    const auto number = [](std::int64_t value) { return std::to_string(value); };
    const auto whole = extents_of(g);
    constexpr std::int64_t most = std::int64_t{1} << 62;
    std::int64_t product = 1;
    for (const auto& slot : nest.slots)
        for (const auto& l : slot) {
            if (l.factor > most / product) return "the product of all factors passes 2^62";
            product *= l.factor;
        }
    extents covered{1, 1, 1};
    for (std::size_t s = shape.size(); s-- > 0;) {
        if (shape[s].role == slot_role::array && shape[s].limit[index(dim::N)] < 1) {
            const auto engine = m.matrix_engine();
            const auto columns = engine->geometry().columns_parallel, needed = engine->weight_slices(g.bits.b);
            return "level '" + shape[s].name + "' has " + number(columns) + " columns, one weight of " +
                   number(g.bits.b) + " bits takes " + number(needed) + ": " + number(needed - columns) + " missing";
        }
        std::int64_t fanout = 1;
        for (auto d : all_dims) {
            const auto f = nest.factor(s, d);
            if (shape[s].limit[index(d)] > 0 && f > shape[s].limit[index(d)])
                return "level '" + shape[s].name + "' has " + number(shape[s].limit[index(d)]) + " places along " +
                       to_string(d) + ", the nest wants " + number(f) + ": " + number(f - shape[s].limit[index(d)]) +
                       " missing";
            covered[index(d)] *= f;
            fanout *= f;
        }
        if (shape[s].fanout > 0 && fanout > shape[s].fanout)
            return "level '" + shape[s].name + "' has " + number(shape[s].fanout) + " instances, the nest wants " +
                   number(fanout) + ": " + number(fanout - shape[s].fanout) + " missing";
        if (shape[s].role != slot_role::memory) continue;
        const auto& level = m.memories[static_cast<std::size_t>(shape[s].memory)];
        if (level.capacity_bytes == 0) continue;
        // Only what the GEMM has is stored, not the padding.
        extents tile = covered;
        for (auto d : all_dims) tile[index(d)] = std::min(tile[index(d)], whole[index(d)]);
        const auto need = footprint_bytes(tile, level, stored_bits(g.bits, level, m));
        if (need > level.capacity_bytes)
            return "level '" + level.name + "' holds " + number(level.capacity_bytes) +
                   " B, the tile of the nest needs " + number(need) + " B: " + number(need - level.capacity_bytes) +
                   " B missing";
    }
    for (auto d : all_dims)
        if (covered[index(d)] < whole[index(d)])
            return std::string("the loops over ") + to_string(d) + " cover " + number(covered[index(d)]) + " of " +
                   number(whole[index(d)]) + ": " + number(whole[index(d)] - covered[index(d)]) + " missing";
    return "";
}

} // namespace cimtlm

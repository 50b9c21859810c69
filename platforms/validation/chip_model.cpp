#include <platforms/validation/chip_model.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace cimtlm {

namespace {

constexpr double most_input_bits = 16, most_weight_bits = 16, most_adc_bits = 16, most_extent = 1 << 16;

std::string plain(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

bool has(const std::string& text, const std::string& word) { return text.find(word) != std::string::npos; }

std::string upper(std::string text) {
    for (char& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

/// Reads a row's figures, noting what it had to assume.
class reader {
public:
    reader(const chip_row& row, described_chip& into)
        : row_(row)
        , into_(into) {}

    double figure(const std::optional<double>& value, const std::string& name, double otherwise, double least,
                  double most) {
        if (!value) into_.assumed.push_back(name + " " + plain(otherwise));
        const double v = value.value_or(otherwise), inside = std::clamp(v, least, most);
        if (inside != v) into_.marked.push_back(name + " " + plain(v) + " taken as " + plain(inside));
        return inside;
    }
    /// The same as a whole number.
    std::int64_t count(const std::optional<double>& value, const std::string& name, double otherwise, double least,
                       double most) {
        const double v = figure(value, name, otherwise, least, most);
        if (v != std::ceil(v)) into_.marked.push_back(name + " " + plain(v) + " taken as " + plain(std::ceil(v)));
        return static_cast<std::int64_t>(std::ceil(v));
    }
    void assume(const std::string& text) { into_.assumed.push_back(text); }
    void mark(const std::string& text) { into_.marked.push_back(text); }

private:
    const chip_row& row_;
    described_chip& into_;
};

bool is_resistive(const std::string& memory, const std::string& cell) {
    for (const auto* word : {"RERAM", "RRAM", "MRAM", "PCM", "FEFET", "FERAM", "FLASH", "NVM", "CBRAM"})
        if (has(cell, word) || has(memory, word)) return true;
    return false;
}

/// How the columns add, from the words of the row.
summation summation_of(const chip_row& row, bool resistive, reader& r) {
    const auto model = upper(row.compute_model);
    const bool no_converter = !row.adc_bits || *row.adc_bits == 0;
    if (has(model, "DIMC") || has(model, "DIGITAL")) return summation::digital;
    if (has(model, "QS")) return summation::charge; // QS-QR: charge on the bit line, shared afterwards
    if (has(model, "QR")) return summation::capacitor;
    if (has(model, "IS")) return summation::current;
    const auto chosen = resistive                            ? summation::current
                        : has(upper(row.cell), "C") && !no_converter ? summation::capacitor
                        : no_converter                       ? summation::digital
                                                             : summation::charge;
    const char* names[] = {"charge on bit lines", "currents", "shared charge", "digital adders"};
    r.assume("compute_model " + std::string(names[static_cast<int>(chosen)]));
    return chosen;
}

} // namespace

described_chip describe_chip(const chip_row& row, const circuit_constants& constants) {
    described_chip d;
    reader r(row, d);
    auto& m = d.macro;
    m.name = row.chip;
    m.circuits = constants;
    technology_point native;
    native.node_nm = r.figure(row.technology_nm, "technology_nm", 28, 2, 500);
    native.supply_v = r.figure(row.supply_v, "supply_v", native.node_nm >= 55 ? 1.0 : 0.8, 0.2, 5);
    m.native = native;

    const auto cell = upper(row.cell), memory = upper(row.memory);
    const bool resistive = is_resistive(memory, cell);
    if (cell.empty()) r.assume(std::string("cell ") + (resistive ? "resistive" : "6T"));
    auto sum = summation_of(row, resistive, r);
    if (resistive && sum == summation::capacitor) {
        r.mark("shared charge of resistive cells taken as charge on bit lines");
        sum = summation::charge;
    }
    if (resistive && sum == summation::digital) r.mark("digital sum of resistive cells taken as of SRAM");
    m.array.summation = sum;
    m.array.cell = resistive && sum != summation::digital
                       ? (has(cell, "PCM") ? cell_kind::pcm : cell_kind::resistive)
                   : sum == summation::capacitor && has(cell, "1C") ? cell_kind::sram_capacitor
                   : cell.empty() || cell.rfind("6T", 0) == 0       ? cell_kind::sram_6t
                                                                    : cell_kind::sram_8t;
    const bool digital = sum == summation::digital;

    const auto added = r.count(row.dot_product_length, "dot_product_length", row.rows.value_or(64), 1, most_extent);
    auto rows = r.count(row.rows, "rows", static_cast<double>(added), 1, most_extent);
    if (rows < added) {
        r.mark("rows " + std::to_string(rows) + " below dot_product_length, taken as " + std::to_string(added));
        rows = added;
    }
    m.array.rows = rows;
    m.array.rows_active = added;
    m.input_bits = m.input.bits = static_cast<int>(r.count(row.input_bits, "input_bits", 1, 1, most_input_bits));
    m.input.kind = m.input.bits == 1 ? driver_kind::binary : driver_kind::multi_bit;
    if (m.input.bits > 1) r.assume("inputs of several bits as amplitudes");
    m.weight_bits = static_cast<int>(r.count(row.weight_bits, "weight_bits", 1, 1, most_weight_bits));
    const auto outputs = r.count(row.column_outputs_parallel, "column_outputs_parallel",
                                 std::max(1.0, row.cols.value_or(64) / m.weight_bits), 1, most_extent);
    auto columns = r.count(row.cols, "cols", static_cast<double>(outputs * m.weight_bits), 1, most_extent);
    // Resistive cells hold as many bits as the columns leave no room for.
    const auto wanted = outputs * m.weight_bits;
    if (resistive && !digital)
        m.array.cell_bits = static_cast<int>(
            std::clamp<std::int64_t>((wanted + columns - 1) / columns, 1, std::min(8, m.weight_bits)));
    const auto slices = (m.weight_bits + m.array.cell_bits - 1) / m.array.cell_bits;
    if (columns < outputs * slices) {
        if (row.cols) r.mark("cols " + std::to_string(columns) + " hold fewer weights than column_outputs_parallel");
        columns = outputs * slices;
    }
    m.array.columns = columns;
    m.array.columns_active = outputs * slices;
    m.slices_in_analog = !digital; // results are counted behind one conversion a weight

    if (!digital) {
        constexpr double usual_bits = 5;
        const bool stated = row.adc_bits && *row.adc_bits > 0;
        m.adc.bits = r.figure(stated ? row.adc_bits : std::nullopt, "adc_bits", usual_bits, 0.1, most_adc_bits);
        m.adc.kind = m.adc.bits <= 1 ? adc_kind::sense_amplifier : adc_kind::sar;
        r.assume(m.adc.bits <= 1 ? "converter: sense amplifiers, one a result"
                                 : "converter: successive approximation, one a result");
    }
    r.assume("half of the bits of inputs and weights are ones");
    r.assume("25 C");
    if (const auto note = scale_circuits(constants, {native, m.temperature_c}).note; !note.empty()) r.mark(note);
    return d;
}

double one_bit_operations(const chip_row& row) {
    const auto d = describe_chip(row, circuit_constants{});
    const double outputs = static_cast<double>(d.macro.array.columns_active) /
                           ((d.macro.weight_bits + d.macro.array.cell_bits - 1) / d.macro.array.cell_bits);
    return 2 * row.dot_product_length.value_or(static_cast<double>(d.macro.array.rows_active)) *
           row.column_outputs_parallel.value_or(outputs) * row.input_bits.value_or(1) * row.weight_bits.value_or(1);
}

chip_prediction predict_chip(const chip_row& row, const circuit_constants& constants) {
    auto d = describe_chip(row, constants);
    const composed_macro macro(std::move(d.macro));
    const double operations = one_bit_operations(row);
    const double delay = macro.delay_uncertainty(), energy = constants.energy_uncertainty;
    const auto around = [](double value, double factor) { return banded{value, value / factor, value * factor}; };
    chip_prediction p;
    p.cycle_ns = around(macro.step_ps() / 1e3, delay);
    p.tops_1b = around(operations / macro.step_ps(), delay);
    p.tops_per_w_1b = around(operations / macro.step_pj(), energy);
    p.assumed = std::move(d.assumed);
    p.marked = std::move(d.marked);
    return p;
}

} // namespace cimtlm

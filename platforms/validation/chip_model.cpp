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
        if (!value) into_.assumed.push_back(name + " " + plain(std::clamp(otherwise, least, most)));
        const double v = value.value_or(otherwise), inside = std::clamp(v, least, most);
        if (value && inside != v) into_.marked.push_back(name + " " + plain(v) + " taken as " + plain(inside));
        return inside;
    }
    /// What circuits can be built of.
    std::int64_t whole(double v, const std::string& name) {
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
    const auto chosen = resistive                                    ? summation::current
                        : has(upper(row.cell), "C") && !no_converter ? summation::capacitor
                        : no_converter                               ? summation::digital
                                                                     : summation::charge;
    const char* names[] = {"charge on bit lines", "currents", "shared charge", "digital adders"};
    r.assume("compute_model " + std::string(names[static_cast<int>(chosen)]));
    return chosen;
}

} // namespace

described_chip describe_chip(const chip_row& row, const circuit_constants& constants) {
    described_chip d;
    reader r(row, d);
    for (const auto& cell : row.unreadable) r.mark(cell + " cannot be read");
    auto& m = d.macro;
    m.name = row.chip;
    m.circuits = constants;
    technology_point native;
    native.node_nm = r.figure(row.technology_nm, "technology_nm", 28, 2, 500);
    native.supply_v = r.figure(row.supply_v, "supply_v", native.node_nm >= 55 ? 1.0 : 0.8, 0.2, 5);
    m.native = native;

    const auto cell = upper(row.cell), memory = upper(row.memory);
    const bool resistive = is_resistive(memory, cell);
    const bool six = has(cell, "6T") && !has(cell, "16T");
    if (cell.empty())
        r.assume(std::string("cell ") + (resistive ? "resistive" : "6T"));
    else if (!resistive && !six && !has(cell, "8T"))
        r.assume("cell " + row.cell + " as 8T");
    if (memory.empty()) r.assume(std::string("memory ") + (resistive ? "resistive" : "SRAM"));
    auto sum = summation_of(row, resistive, r);
    if (resistive && sum == summation::capacitor) {
        r.mark("shared charge of resistive cells taken as charge on bit lines");
        sum = summation::charge;
    }
    if (resistive && sum == summation::digital) r.mark("digital sum of resistive cells taken as of SRAM");
    m.array.summation = sum;
    m.array.cell = resistive && sum != summation::digital ? (has(cell, "PCM") ? cell_kind::pcm : cell_kind::resistive)
                   : sum == summation::capacitor && has(cell, "1C") ? cell_kind::sram_capacitor
                   : cell.empty() || six                            ? cell_kind::sram_6t
                                                                    : cell_kind::sram_8t;
    const bool digital = sum == summation::digital;

    const double length = r.figure(row.dot_product_length, "dot_product_length", row.rows.value_or(64), 1, most_extent);
    const auto added = r.whole(length, "dot_product_length");
    auto rows = r.whole(r.figure(row.rows, "rows", static_cast<double>(added), 1, most_extent), "rows");
    if (rows < added) {
        r.mark("rows " + std::to_string(rows) + " below dot_product_length, taken as " + std::to_string(added));
        rows = added;
    }
    m.array.rows = rows;
    m.array.rows_active = added;
    const double input_bits = r.figure(row.input_bits, "input_bits", 1, 0.1, most_input_bits),
                 weight_bits = r.figure(row.weight_bits, "weight_bits", 1, 0.1, most_weight_bits);
    m.input_bits = m.input.bits = static_cast<int>(r.whole(input_bits, "input_bits"));
    m.input.kind = m.input.bits == 1 ? driver_kind::binary : driver_kind::multi_bit;
    if (m.input.bits > 1) r.assume("inputs of several bits as amplitudes");
    m.weight_bits = static_cast<int>(r.whole(weight_bits, "weight_bits"));
    const double results = r.figure(row.column_outputs_parallel, "column_outputs_parallel",
                                    std::floor(std::max(1.0, row.cols.value_or(64) / m.weight_bits)), 1, most_extent);
    const auto outputs = r.whole(results, "column_outputs_parallel");
    d.one_bit_operations = 2 * length * results * input_bits * weight_bits;
    auto columns =
        r.whole(r.figure(row.cols, "cols", static_cast<double>(outputs * m.weight_bits), 1, most_extent), "cols");
    // Resistive cells hold as many bits as the columns leave no room for.
    const auto wanted = outputs * m.weight_bits;
    if (resistive && !digital)
        m.array.cell_bits =
            static_cast<int>(std::clamp<std::int64_t>((wanted + columns - 1) / columns, 1, std::min(8, m.weight_bits)));
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

chip_prediction predict_chip(const chip_row& row, const circuit_constants& constants) {
    auto d = describe_chip(row, constants);
    const composed_macro macro(std::move(d.macro));
    const double operations = d.one_bit_operations, delay = macro.delay_uncertainty(),
                 energy = macro.energy_uncertainty(), area = constants.area_uncertainty;
    const auto around = [](double value, double factor) { return banded{value, value / factor, value * factor}; };
    chip_prediction p;
    p.cycle_ns = around(macro.step_ps() / 1e3, delay);
    p.tops_1b = around(operations / macro.step_ps(), delay);
    p.tops_per_w_1b = around(operations / macro.step_pj(), energy);
    p.tops_per_mm2_1b = around(operations / macro.step_ps() / (macro.area_um2() * 1e-6), delay * area);
    p.assumed = std::move(d.assumed);
    p.marked = std::move(d.marked);
    return p;
}

} // namespace cimtlm

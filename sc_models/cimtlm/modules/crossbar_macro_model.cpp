#include <cimtlm/modules/crossbar_macro_model.h>

#include <cimtlm/base/error.h>
#include <cimtlm/macro/operand_slices.h>

#include <cim_registers.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace cimtlm {

namespace {

constexpr std::size_t done_interrupt = 0, error_interrupt = 1; // bits of the status
static_assert(CIM_MACRO_IRQ_DONE == 1u << done_interrupt && CIM_MACRO_IRQ_ERROR == 1u << error_interrupt);

constexpr std::int64_t most_bytes = std::int64_t{1} << 30; // registers tell sizes in 32 bits
constexpr std::int64_t word_bytes = 4;

std::int64_t rounded_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit; }

std::int64_t whole_ps(double ps) { return static_cast<std::int64_t>(std::ceil(ps - 1e-6)); }

} // namespace

crossbar_macro_model::crossbar_macro_model(std::shared_ptr<const engine> e, double cycle_ps, std::string part,
                                           ledger& energy, energy_basis basis)
    : engine_(std::move(e))
    , geometry_(engine_->geometry())
    , cycle_ps_(cycle_ps)
    , precision_(CIM_MACRO_PRECISION_VALUE)
    , ledger_(energy)
    , part_(part)
    , basis_(basis)
    , padding_account_(energy.open(part, "padding", "MAC", engine_->mac_pj(basis)))
    , write_account_(energy.open(part, "write", "byte", engine_->write_pj_per_byte())) {
    if (engine_->overhead_pj() > 0) overhead_account_ = energy.open(part, "overhead", "MAC", engine_->overhead_pj());
    const auto& g = geometry_;
    if (!engine_->holds_weights()) throw input_error(part + ": the engine holds no weights");
    if (!(cycle_ps > 0)) throw input_error(part + ": the cycle must be longer than 0 ps");
    if (!(engine_->step_ps() >= 0)) throw input_error(part + ": the time of a step is negative");
    for (const auto extent : {g.rows_parallel, g.columns_parallel, g.rows_held, g.columns_held})
        if (extent < 1 || extent > most_bytes) throw input_error(part + ": rows and columns must be above 0");
    for (const auto bits : {g.input_bits, g.weight_bits})
        if (bits < 1 || bits > 32) throw input_error(part + ": bits of inputs and weights must be 1 to 32");
    const double row_bytes =
        static_cast<double>(g.columns_parallel) * static_cast<double>(g.columns_held) * g.weight_bits / 8;
    if (static_cast<double>(g.rows_parallel) * static_cast<double>(g.rows_held) * std::max(row_bytes, 8.0) > most_bytes)
        throw input_error(part + ": more than 1 GiB of weights");
    rows_ = g.rows_parallel * g.rows_held;
    // So that a host can write rows by words.
    stride_ = rounded_up(static_cast<std::int64_t>(std::ceil(row_bytes)), word_bytes) * word_bytes;
    if (max_columns() == 0) throw input_error(part + ": a step is too narrow for weights of 8 bits");
    bytes_of(region::weights).resize(static_cast<std::size_t>(rows_ * stride_));
    bytes_of(region::inputs).resize(static_cast<std::size_t>(rounded_up(rows_ * 2, word_bytes) * word_bytes));
    bytes_of(region::outputs).resize(static_cast<std::size_t>(max_columns() * 4));
    rows_used_ = static_cast<std::uint32_t>(rows_);
    columns_used_ = static_cast<std::uint32_t>(max_columns());
}

bool crossbar_macro_model::precision_exists() const {
    constexpr auto known = 0xffffu | CIM_MACRO_PRECISION_INPUT_UNSIGNED | CIM_MACRO_PRECISION_WEIGHT_UNSIGNED;
    const auto exists = [](int bits) { return bits == 8 || bits == 16; };
    return (precision_ & ~known) == 0 && exists(input_bits()) && exists(weight_bits());
}

bool crossbar_macro_model::is_unsigned(region r) const {
    return (precision_ &
            (r == region::weights ? CIM_MACRO_PRECISION_WEIGHT_UNSIGNED : CIM_MACRO_PRECISION_INPUT_UNSIGNED)) != 0;
}

std::int64_t crossbar_macro_model::columns_parallel() const {
    return precision_exists() ? geometry_.columns_parallel / engine_->weight_slices(weight_bits()) : 0;
}

std::int64_t crossbar_macro_model::max_columns() const { return columns_parallel() * geometry_.columns_held; }

void crossbar_macro_model::fail(std::uint32_t code, std::int64_t time_ps) {
    ++errors_;
    if (error_ == CIM_MACRO_ERROR_NONE) error_ = code;
    interrupts_.set(error_interrupt, time_ps);
}

std::uint32_t crossbar_macro_model::status(std::int64_t time_ps) const {
    return (busy(time_ps) ? CIM_MACRO_STATUS_BUSY : 0u) |
           (error_ != CIM_MACRO_ERROR_NONE ? CIM_MACRO_STATUS_ERROR : 0u);
}

std::uint32_t crossbar_macro_model::completed(std::int64_t time_ps) const {
    return completed_ + (product_ && product_->end_ps <= time_ps ? 1 : 0);
}

// What has ended by `time_ps` takes its place.
void crossbar_macro_model::settle(std::int64_t time_ps) {
    if (!product_ || product_->end_ps > time_ps) return;
    auto& outputs = bytes_of(region::outputs);
    std::copy(product_->outputs.begin(), product_->outputs.end(), outputs.begin()); // pointers to it stay valid
    ++completed_;
    product_.reset();
}

void crossbar_macro_model::control(std::uint32_t value, std::int64_t time_ps) {
    if ((value & ~(CIM_MACRO_CONTROL_START | CIM_MACRO_CONTROL_ACCUMULATE)) != 0)
        return fail(CIM_MACRO_ERROR_CONTROL, time_ps);
    if ((value & CIM_MACRO_CONTROL_START) == 0) return;
    if (busy(time_ps)) return fail(CIM_MACRO_ERROR_BUSY, time_ps);
    if (!precision_exists() || max_columns() == 0) return fail(CIM_MACRO_ERROR_PRECISION, time_ps);
    if (rows_used_ == 0 || rows_used_ > rows_) return fail(CIM_MACRO_ERROR_ROWS, time_ps);
    if (columns_used_ == 0 || columns_used_ > max_columns()) return fail(CIM_MACRO_ERROR_COLUMNS, time_ps);
    start((value & CIM_MACRO_CONTROL_ACCUMULATE) != 0, time_ps);
}

void crossbar_macro_model::start(bool accumulate, std::int64_t time_ps) {
    settle(time_ps);
    const auto input_slices = engine_->input_slices(input_bits());
    const auto slices = static_cast<double>(input_slices * engine_->weight_slices(weight_bits()));
    const std::int64_t rows = rows_used_, columns = columns_used_;
    const auto rows_a_step = std::min(rows, geometry_.rows_parallel);
    const auto columns_a_step = std::min(columns, columns_parallel());
    const auto steps = rounded_up(rows, rows_a_step) * rounded_up(columns, columns_a_step);
    const auto macs = rows * columns, executed = steps * rows_a_step * columns_a_step;

    running r;
    const auto sums = multiply(rows, columns);
    r.outputs.resize(sums.size() * 4);
    for (std::size_t c = 0; c < sums.size(); ++c) {
        std::uint32_t sum = 0;
        if (accumulate) std::memcpy(&sum, bytes_of(region::outputs).data() + 4 * c, 4);
        sum += static_cast<std::uint32_t>(static_cast<std::uint64_t>(sums[c]));
        std::memcpy(r.outputs.data() + 4 * c, &sum, 4);
    }
    begin_ps_ = engine_->ping_pong() ? time_ps : std::max(time_ps, written_ps_);
    r.end_ps = end_ps_ = begin_ps_ + whole_ps(static_cast<double>(steps * input_slices) * engine_->step_ps());
    product_ = std::move(r);
    interrupts_.set(done_interrupt, end_ps_);

    ++products_;
    steps_ += steps * input_slices;
    macs_ += macs;
    executed_macs_ += executed;
    busy_ps_ += end_ps_ - begin_ps_;
    ledger_.charge(padding_account_, static_cast<double>(executed - macs) * slices);
    if (overhead_account_) ledger_.charge(*overhead_account_, static_cast<double>(executed) * slices);
}

std::int32_t crossbar_macro_model::element(region r, std::int64_t offset, int bits) const {
    const auto* from = bytes_of(r).data() + offset;
    if (bits == 8) return is_unsigned(r) ? *from : static_cast<std::int8_t>(*from);
    const auto value = static_cast<std::uint16_t>(from[0] | from[1] << 8);
    return is_unsigned(r) ? value : static_cast<std::int16_t>(value);
}

std::vector<std::int64_t> crossbar_macro_model::multiply(std::int64_t rows, std::int64_t columns) {
    std::vector<std::int64_t> sums(static_cast<std::size_t>(columns), 0);
    std::vector<std::int32_t> inputs, weights;
    std::vector<std::int64_t> outputs;
    auto key = static_cast<std::uint64_t>(steps_);
    const auto slices =
        static_cast<double>(engine_->input_slices(input_bits()) * engine_->weight_slices(weight_bits()));
    for (std::int64_t row = 0; row < rows; row += geometry_.rows_parallel) {
        const auto height = std::min(rows - row, geometry_.rows_parallel);
        inputs.clear();
        for (auto r = row; r < row + height; ++r)
            inputs.push_back(element(region::inputs, r * input_bits() / 8, input_bits()));
        for (std::int64_t column = 0; column < columns; column += columns_parallel()) {
            const auto width = std::min(columns - column, columns_parallel());
            weights.clear();
            for (auto r = row; r < row + height; ++r)
                for (auto c = column; c < column + width; ++c)
                    weights.push_back(element(region::weights, r * stride_ + c * weight_bits() / 8, weight_bits()));
            const auto statistics = statistics_of(inputs, input_bits(), weights, weight_bits());
            mac_accounts(ledger_, part_, engine_->mac_charges(basis_, statistics))
                .charge(ledger_, static_cast<double>(height * width) * slices);
            outputs.assign(sums.begin() + column, sums.begin() + column + width);
            compute_sliced(*engine_, inputs, input_bits(), sliced_weights(*engine_, weights, weight_bits()),
                           weight_bits(), outputs, key);
            std::copy(outputs.begin(), outputs.end(), sums.begin() + column);
        }
    }
    return sums;
}

void crossbar_macro_model::read(region r, std::int64_t offset, unsigned char* to, std::int64_t count,
                                std::int64_t time_ps) const {
    std::memcpy(to, bytes_of(r).data() + offset, static_cast<std::size_t>(count));
    if (r != region::outputs || !product_ || product_->end_ps > time_ps) return;
    const auto& fresh = product_->outputs;
    const auto size = static_cast<std::int64_t>(fresh.size());
    if (offset < size) std::memcpy(to, fresh.data() + offset, static_cast<std::size_t>(std::min(count, size - offset)));
}

bool crossbar_macro_model::may_write(region r, std::int64_t time_ps) {
    if (r == region::inputs || !busy(time_ps)) return true;
    if (r == region::weights && engine_->ping_pong()) return true;
    fail(r == region::weights ? CIM_MACRO_ERROR_WEIGHTS : CIM_MACRO_ERROR_OUTPUTS, time_ps);
    return false;
}

void crossbar_macro_model::write(region r, std::int64_t offset, const unsigned char* from, std::int64_t count,
                                 std::int64_t time_ps) {
    if (r == region::outputs) settle(time_ps);
    std::memcpy(bytes_of(r).data() + offset, from, static_cast<std::size_t>(count));
}

std::int64_t crossbar_macro_model::write_ps(std::int64_t count) const {
    return whole_ps(engine_->write_ps(static_cast<double>(count), cycle_ps_));
}

void crossbar_macro_model::account_write(std::int64_t count, std::int64_t end_ps) {
    weight_bytes_ += count;
    written_ps_ = std::max(written_ps_, end_ps);
    ledger_.charge(write_account_, static_cast<double>(count));
}

unsigned char* crossbar_macro_model::place(region r, std::int64_t time_ps) {
    if (r == region::outputs) settle(time_ps);
    return bytes_of(r).data();
}

void crossbar_macro_model::report(statistics& s, const std::string& prefix) const {
    s.add(prefix + "products", static_cast<double>(products_), "count", "products started");
    s.add(prefix + "steps", static_cast<double>(steps_), "count", "steps of the engine");
    s.add(prefix + "macs", static_cast<double>(macs_), "MAC", "multiply-accumulates of the products");
    s.add(prefix + "executed_macs", static_cast<double>(executed_macs_), "MAC", "with padding");
    s.add(prefix + "weight_bytes_written", static_cast<double>(weight_bytes_), "byte", "written into the array");
    s.add(prefix + "busy_ps", static_cast<double>(busy_ps_), "ps", "time computing");
    s.add(prefix + "errors", static_cast<double>(errors_), "count", "requests refused with an error code");
}

} // namespace cimtlm

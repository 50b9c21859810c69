#include <cimtlm/modules/adc_bank_model.h>

#include <cimtlm/base/error.h>

#include <cim_registers.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace cimtlm {

namespace {

constexpr std::size_t done_interrupt = 0, error_interrupt = 1; // bits of the status
static_assert(CIM_ADC_IRQ_DONE == 1u << done_interrupt && CIM_ADC_IRQ_ERROR == 1u << error_interrupt);

constexpr std::int64_t most_columns = std::int64_t{1} << 24, most_converters = std::int64_t{1} << 20;

std::string bits_text(double bits) {
    std::ostringstream text;
    text.precision(15);
    text << bits;
    return text.str();
}

/// p, when it can be built; `where` names the part.
adc_bank_parameters checked(adc_bank_parameters p, const std::string& where) {
    const auto fail = [&](const std::string& text) { throw input_error(where + text); };
    check_circuits(p.circuits);
    if (p.adc.kind == adc_kind::none) fail("adc.kind: a bank needs converters");
    if (p.columns < 1 || p.columns > most_columns) fail("columns: a bank serves 1 to 2^24 columns");
    if (!(p.lsb_units > 0) || !std::isfinite(p.lsb_units)) fail("lsb_units: must be above 0");
    p.adc.count = converters_of(
        p.adc, p.assignment == adc_assignment::any_free ? std::max(p.columns, p.adc.count) : p.columns, where);
    p.adc.columns_per_adc = 1; // said by the count from here on
    if (p.adc.count > most_converters) fail("adc.count: a bank has at most 2^20 converters");
    return p;
}

} // namespace

adc_bank_model::adc_bank_model(adc_bank_parameters p, std::string part, ledger& energy)
    : p_(checked(std::move(p), part + ": "))
    , part_(std::move(part))
    , ledger_(energy)
    , converter_(p_.adc, p_.circuits, scale_circuits(p_.circuits, p_.point), part_ + ": ")
    , calendars_(static_cast<std::size_t>(p_.adc.count))
    , columns_(static_cast<std::size_t>(p_.columns), at_bits(converter_.bits()))
    , requesters_{{"host"}}
    , samples_(columns_.size(), 0)
    , codes_(columns_.size(), 0)
    , count_(static_cast<std::uint32_t>(p_.columns)) {}

adc_bank_model::column adc_bank_model::at_bits(double bits) {
    const double ps = converter_.convert_ps(bits);
    if (!(ps <= 1e15)) throw input_error(part_ + ": a conversion of " + bits_text(bits) + " bits takes too long");
    column c;
    c.bits = bits;
    c.conversion_ps = static_cast<std::int64_t>(std::ceil(ps - 1e-6));
    c.account = ledger_.open(part_, adc::action(bits), "conversion", converter_.convert_pj(bits));
    const auto levels = static_cast<std::int32_t>(std::lround(std::pow(2, bits)));
    c.least = p_.is_signed ? -(levels / 2) : 0;
    c.most = c.least + levels - 1;
    return c;
}

void adc_bank_model::check_column(std::int64_t c) const {
    if (!exist(c, 1)) throw input_error(part_ + ": no column " + std::to_string(c));
}

void adc_bank_model::set_resolution(std::int64_t c, double bits) {
    check_column(c);
    if (!(bits > 0 && bits <= converter_.bits()))
        throw input_error(part_ + ": a resolution of " + bits_text(bits) + " bits, converters have " +
                          bits_text(converter_.bits()));
    columns_[static_cast<std::size_t>(c)] = at_bits(bits);
}

void adc_bank_model::set_column_sparsity(std::int64_t c, double column_sparsity) {
    check_column(c);
    if (!(column_sparsity >= 0 && column_sparsity <= 1))
        throw input_error(part_ + ": a column sparsity lies between 0 and 1");
    const double saved = p_.adc.skips_sparse_bits ? adc::sparse_bits(column_sparsity) : 0;
    set_resolution(c, std::max(std::min(1.0, converter_.bits()), converter_.bits() - saved));
}

std::size_t adc_bank_model::requester(const std::string& name) {
    const auto found = std::find_if(requesters_.begin(), requesters_.end(), [&](auto& r) { return r.name == name; });
    if (found == requesters_.end()) return requesters_.push_back({name}), requesters_.size() - 1;
    return static_cast<std::size_t>(found - requesters_.begin());
}

std::size_t adc_bank_model::converter_of(std::int64_t c, std::int64_t time_ps) const {
    if (p_.assignment == adc_assignment::by_column) return static_cast<std::size_t>(c) % calendars_.size();
    const auto duration_ps = of(c).conversion_ps;
    std::size_t best = 0;
    std::int64_t best_ps = calendars_[0].first_free(time_ps, duration_ps);
    for (std::size_t i = 1; i < calendars_.size() && best_ps > time_ps; ++i) {
        const auto begin_ps = calendars_[i].first_free(time_ps, duration_ps);
        if (begin_ps >= best_ps) continue;
        best = i;
        best_ps = begin_ps;
    }
    return best;
}

// What an idle bank takes for these columns.
std::int64_t adc_bank_model::alone_ps(std::int64_t first, std::int64_t count) const {
    std::vector<std::int64_t> ends(calendars_.size(), 0);
    if (p_.assignment == adc_assignment::by_column) {
        for (auto c = first; c < first + count; ++c)
            ends[static_cast<std::size_t>(c) % ends.size()] += of(c).conversion_ps;
        return *std::max_element(ends.begin(), ends.end());
    }
    std::int64_t last = 0; // a heap: the converter that is free first is in front
    for (auto c = first; c < first + count; ++c) {
        std::pop_heap(ends.begin(), ends.end(), std::greater<>());
        ends.back() += of(c).conversion_ps;
        last = std::max(last, ends.back());
        std::push_heap(ends.begin(), ends.end(), std::greater<>());
    }
    return last;
}

adc_bank_model::timing adc_bank_model::convert(std::int64_t time_ps, std::int64_t first, std::int64_t count,
                                               std::size_t requester, std::int64_t now_ps) {
    if (!exist(first, count)) throw std::logic_error(part_ + ": conversion of columns that do not exist");
    auto& counts = requesters_.at(requester);
    for (auto& c : calendars_) c.forget_before(now_ps);
    timing t;
    t.end_ps = time_ps;
    for (auto c = first; c < first + count; ++c) {
        const auto& column = of(c);
        const auto begin_ps = calendars_[converter_of(c, time_ps)].reserve(time_ps, column.conversion_ps);
        t.begin_ps = c == first ? begin_ps : std::min(t.begin_ps, begin_ps);
        t.end_ps = std::max(t.end_ps, begin_ps + column.conversion_ps);
        ledger_.charge(column.account, 1);
    }
    // Not below 0: conversions of different lengths may find gaps that suit them better than the plain order.
    t.waited_ps = std::max<std::int64_t>(0, t.end_ps - time_ps - alone_ps(first, count));
    ++counts.requests;
    counts.conversions += count;
    counts.waited_ps += t.waited_ps;
    return t;
}

std::int32_t adc_bank_model::code(std::int32_t sample, std::int64_t c) const {
    const auto& column = of(c);
    const double levels = std::round(sample / p_.lsb_units);
    return static_cast<std::int32_t>(std::clamp<double>(levels, column.least, column.most));
}

void adc_bank_model::fail(std::uint32_t code, std::int64_t time_ps) {
    ++errors_;
    if (error_ == CIM_ADC_ERROR_NONE) error_ = code;
    interrupts_.set(error_interrupt, time_ps);
}

bool adc_bank_model::control(std::uint32_t value, std::int64_t time_ps, std::int64_t now_ps) {
    const auto refuse = [&](std::uint32_t code) {
        fail(code, time_ps);
        return false;
    };
    if ((value & ~CIM_ADC_CONTROL_START) != 0) return refuse(CIM_ADC_ERROR_CONTROL);
    if ((value & CIM_ADC_CONTROL_START) == 0) return false;
    if (busy(time_ps)) return refuse(CIM_ADC_ERROR_BUSY);
    if (!exist(first_, count_)) return refuse(CIM_ADC_ERROR_COLUMNS);
    settle(time_ps);
    end_ps_ = convert(time_ps, first_, count_, host, now_ps).end_ps;
    running r{end_ps_, first_, {}};
    for (std::int64_t c = first_; c < std::int64_t{first_} + count_; ++c)
        r.codes.push_back(code(samples_[static_cast<std::size_t>(c)], c));
    running_ = std::move(r);
    completed_.settle(now_ps);
    completed_.add(end_ps_, 1);
    interrupts_.set(done_interrupt, end_ps_);
    return true;
}

std::uint32_t adc_bank_model::status(std::int64_t time_ps) const {
    return (busy(time_ps) ? CIM_ADC_STATUS_BUSY : 0u) | (error_ != CIM_ADC_ERROR_NONE ? CIM_ADC_STATUS_ERROR : 0u);
}

// What has ended by `time_ps` takes its place.
void adc_bank_model::settle(std::int64_t time_ps) {
    if (!running_ || running_->end_ps > time_ps) return;
    std::copy(running_->codes.begin(), running_->codes.end(), codes_.begin() + running_->first); // pointers stay valid
    running_.reset();
}

void adc_bank_model::read(region r, std::int64_t offset, unsigned char* to, std::int64_t count,
                          std::int64_t time_ps) const {
    const auto bytes = [](const std::vector<std::int32_t>& v) {
        return reinterpret_cast<const unsigned char*>(v.data());
    };
    std::memcpy(to, bytes(r == region::samples ? samples_ : codes_) + offset, static_cast<std::size_t>(count));
    if (r == region::samples || !running_ || running_->end_ps > time_ps) return;
    const auto fresh = running_->first * 4, end = fresh + static_cast<std::int64_t>(running_->codes.size()) * 4;
    const auto from = std::max(offset, fresh), to_end = std::min(offset + count, end);
    if (from < to_end)
        std::memcpy(to + (from - offset), bytes(running_->codes) + (from - fresh),
                    static_cast<std::size_t>(to_end - from));
}

bool adc_bank_model::may_write(region r, std::int64_t time_ps) {
    if (r == region::samples || !busy(time_ps)) return true;
    fail(CIM_ADC_ERROR_CODES, time_ps);
    return false;
}

void adc_bank_model::write(region r, std::int64_t offset, const unsigned char* from, std::int64_t count,
                           std::int64_t time_ps) {
    std::memcpy(place(r, time_ps) + offset, from, static_cast<std::size_t>(count));
}

unsigned char* adc_bank_model::place(region r, std::int64_t time_ps) {
    if (r == region::codes) settle(time_ps);
    return reinterpret_cast<unsigned char*>((r == region::samples ? samples_ : codes_).data());
}

std::int64_t adc_bank_model::busy_ps() const {
    std::int64_t sum = 0;
    for (const auto& c : calendars_) sum += c.busy_ps();
    return sum;
}

std::int64_t adc_bank_model::last_end_ps() const {
    std::int64_t last = 0;
    for (const auto& c : calendars_) last = std::max(last, c.last_end_ps());
    return last;
}

double adc_bank_model::utilisation() const {
    const auto last = last_end_ps();
    return last == 0 ? 0 : static_cast<double>(busy_ps()) / static_cast<double>(last * converters());
}

void adc_bank_model::report(statistics& s, const std::string& prefix) const {
    requester_counts all;
    const auto add = [&](const std::string& name, const requester_counts& r, const std::string& whose) {
        s.add(name + "requests", static_cast<double>(r.requests), "count", "requests" + whose);
        s.add(name + "conversions", static_cast<double>(r.conversions), "count", "columns converted" + whose);
        s.add(name + "waited_ps", static_cast<double>(r.waited_ps), "ps",
              "time requests" + whose + " waited for converters beyond their own conversions");
    };
    for (const auto& r : requesters_) {
        all.requests += r.requests;
        all.conversions += r.conversions;
        all.waited_ps += r.waited_ps;
    }
    add(prefix, all, "");
    for (const auto& r : requesters_) add(prefix + r.name + ".", r, " of " + r.name);
    s.add(prefix + "busy_ps", static_cast<double>(busy_ps()), "ps", "time converting, summed over converters");
    s.add(prefix + "utilisation", utilisation(), "ratio", "busy share of the converters up to the last conversion");
    s.add(prefix + "errors", static_cast<double>(errors_), "count", "requests refused with an error code");
}

} // namespace cimtlm

#pragma once
/// A bank of converters as a plain model: who is converted when, what it costs, which codes come out.
#include <cimtlm/base/calendar.h>
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/circuit/adc.h>
#include <cimtlm/circuit/circuit_constants.h>
#include <cimtlm/tlm/timed_bits.h>
#include <cimtlm/tlm/timed_count.h>

#include <boost/describe.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

/// by_column: column c belongs to converter c modulo their number, as columns are wired to the multiplexer before a
/// converter. any_free: a column takes the converter that is free first, of equal ones the one with the lowest number.
enum class adc_assignment { by_column, any_free };
BOOST_DESCRIBE_ENUM(adc_assignment, by_column, any_free)

/// Converters that serve the same columns. How many there are says `adc`: its count, or columns over columns_per_adc.
struct adc_bank_parameters {
    adc_parameters adc;
    std::int64_t columns = 1; ///< sums that the bank converts
    adc_assignment assignment = adc_assignment::by_column;
    double lsb_units = 1;  ///< units of a sample (currents of a cell) that one code stands for
    bool is_signed = true; ///< codes lie on both sides of 0, or begin there
    circuit_constants circuits;
    operating_point point; ///< where the converters work
};
BOOST_DESCRIBE_STRUCT(adc_bank_parameters, (), (adc, columns, assignment, lsb_units, is_signed, circuits, point))

/// Each converter keeps a calendar: requests of several requesters contend, each conversion gets the earliest free slot
/// at or after the time of its request. A conversion takes whole picoseconds, rounded up, and is not interrupted.
/// Energy goes to the part `part`, a row for each resolution ("convert_8b").
///
/// A sample becomes the code round(sample / lsb_units), ties away from 0, clamped to the levels of the column's
/// resolution: 8 bits are -128 to 127, unsigned 0 to 255. Fewer bits are fewer levels of the same size.
///
/// Samples, codes and one request at a time also stand behind registers (cim_registers.h, "ADC bank"), whose host is
/// requester 0. Times may be ahead of any clock; requests of one host come in the order of their times.
class adc_bank_model {
public:
    enum class region { samples, codes };
    static constexpr std::size_t host = 0;

    /// What a request takes.
    struct timing {
        std::int64_t begin_ps = 0;  ///< of its first conversion
        std::int64_t end_ps = 0;    ///< of its last
        std::int64_t waited_ps = 0; ///< more than an idle bank would have taken
    };

    /// Throws input_error for what cannot be built, naming `part` and the key.
    adc_bank_model(adc_bank_parameters p, std::string part, ledger& energy);
    adc_bank_model(const adc_bank_model&) = delete; // the converter refers to p_
    adc_bank_model& operator=(const adc_bank_model&) = delete;

    const adc_bank_parameters& parameters() const { return p_; }
    const adc& converter() const { return converter_; }
    std::int64_t converters() const { return static_cast<std::int64_t>(calendars_.size()); }
    std::int64_t columns() const { return p_.columns; }
    double area_um2() const { return static_cast<double>(converters()) * converter_.area_um2(); }
    double leakage_mw() const { return static_cast<double>(converters()) * converter_.leakage_mw(); }

    /// From the next request on `column` is converted at `bits`. Throws input_error: no such column, no such bits.
    void set_resolution(std::int64_t column, double bits);
    /// The same where `column_sparsity` of the weights of a column are zero: fewer bits where the converters can do
    /// that (adc.skips_sparse_bits), at least one.
    void set_column_sparsity(std::int64_t column, double column_sparsity);
    double resolution(std::int64_t column) const { return of(column).bits; }
    /// Of one conversion, in ps.
    std::int64_t conversion_ps(std::int64_t column) const { return of(column).conversion_ps; }

    /// The number of a requester, for its statistics. The same name gets the same number.
    std::size_t requester(const std::string& name);
    /// Converts `count` columns from `first` on, all sampled at `time_ps`. `now_ps`: nobody will ask for an earlier
    /// time. Throws std::logic_error for columns that do not exist.
    timing convert(std::int64_t time_ps, std::int64_t first, std::int64_t count, std::size_t requester,
                   std::int64_t now_ps);
    std::int32_t code(std::int32_t sample, std::int64_t column) const;

    // The registers.
    std::uint32_t first() const { return first_; }
    void set_first(std::uint32_t value) { first_ = value; }
    std::uint32_t count() const { return count_; }
    void set_count(std::uint32_t value) { count_ = value; }
    /// A write to the control register; true when conversions begin. What is wrong is an error code.
    bool control(std::uint32_t value, std::int64_t time_ps, std::int64_t now_ps);
    bool busy(std::int64_t time_ps) const { return time_ps < end_ps_; }
    std::uint32_t status(std::int64_t time_ps) const;
    std::uint32_t error() const { return error_; }
    void clear_error() { error_ = 0; }
    /// Requests of the host that are finished.
    std::uint32_t completed(std::int64_t time_ps) const { return static_cast<std::uint32_t>(completed_.at(time_ps)); }
    std::uint32_t interrupts(std::int64_t time_ps) const { return interrupts_.at(time_ps); }
    void clear_interrupts(std::uint32_t bits, std::int64_t time_ps) { interrupts_.clear(bits, time_ps); }
    /// Next time after `time_ps` at which an interrupt bit will be set, -1: none is known.
    std::int64_t next_interrupt_ps(std::int64_t time_ps) const { return interrupts_.next_after(time_ps); }
    /// End of the host's last request in ps; 0 before the first.
    std::int64_t end_ps() const { return end_ps_; }

    std::int64_t size_bytes() const { return p_.columns * 4; } // of each region
    /// Bytes as they are at `time_ps`. Requires that the range is inside.
    void read(region r, std::int64_t offset, unsigned char* to, std::int64_t count, std::int64_t time_ps) const;
    /// False, with an error code, when the region cannot be written at `time_ps`.
    bool may_write(region r, std::int64_t time_ps);
    /// Without conditions; codes of a request that has ended at `time_ps` are overwritten.
    void write(region r, std::int64_t offset, const unsigned char* from, std::int64_t count, std::int64_t time_ps);
    /// Where the bytes of a region lie; they stay there.
    unsigned char* place(region r, std::int64_t time_ps);

    /// Time for which converters were taken, summed over them, in ps.
    std::int64_t busy_ps() const;
    /// End of the last conversion of anybody, in ps.
    std::int64_t last_end_ps() const;
    /// Share of the time up to last_end_ps() for which converters were taken; 0 before the first conversion.
    double utilisation() const;
    void report(statistics& s, const std::string& prefix) const;

private:
    struct column {
        double bits = 0;
        std::int64_t conversion_ps = 0;
        ledger::account account = 0;
        std::int32_t least = 0, most = 0; // codes
    };
    struct requester_counts {
        std::string name;
        std::int64_t requests = 0, conversions = 0, waited_ps = 0;
    };
    /// Codes that replace those from column `first` on at the end.
    struct running {
        std::int64_t end_ps, first;
        std::vector<std::int32_t> codes;
    };

    column at_bits(double bits);
    const column& of(std::int64_t c) const { return columns_.at(static_cast<std::size_t>(c)); }
    void check_column(std::int64_t c) const;
    std::size_t converter_of(std::int64_t c, std::int64_t time_ps) const;
    std::int64_t alone_ps(std::int64_t first, std::int64_t count) const;
    bool exist(std::int64_t first, std::int64_t count) const {
        return first >= 0 && count >= 1 && first < p_.columns && count <= p_.columns - first;
    }
    void fail(std::uint32_t code, std::int64_t time_ps);
    void settle(std::int64_t time_ps);

    adc_bank_parameters p_;
    std::string part_;
    ledger& ledger_;
    adc converter_;
    std::vector<calendar> calendars_; // one a converter
    std::vector<column> columns_;
    std::vector<requester_counts> requesters_;

    std::vector<std::int32_t> samples_, codes_;
    std::uint32_t first_ = 0, count_, error_ = 0;
    std::int64_t end_ps_ = 0, errors_ = 0;
    std::optional<running> running_;
    timed_count completed_;
    timed_bits interrupts_;
};

} // namespace cimtlm

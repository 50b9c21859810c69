#pragma once
/// One CiM macro as a plain model: its memories, what a product takes, and what is true at which time.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/macro/engine.h>
#include <cimtlm/modules/mac_accounts.h>
#include <cimtlm/tlm/timed_bits.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

/// Weights, inputs and outputs around an engine; at most one product at a time. Registers and codes are those of
/// cim_registers.h ("Bare macro"). Times are those of the accesses and may be ahead of any clock: a product is busy
/// before its end and visible from then on. Requests of one host come in the order of their times.
///
/// A product of `rows` x `columns` takes ceil(rows / Rp) x ceil(columns / Cp) x input slices steps, as the cost model
/// counts a product with M = 1 whose weights are held; weights wider than the engine's take neighbouring columns of
/// Cp. Energy goes to the part `part`: the rows of the engine's MACs by the bits of its operands, padding (lanes of the
/// last steps that idle) and overhead by MAC and slice, write by byte.
class crossbar_macro_model {
public:
    enum class region { weights, inputs, outputs };

    /// Throws input_error when `e` holds no weights, or the cycle or the sizes make no sense.
    crossbar_macro_model(std::shared_ptr<const engine> e, double cycle_ps, std::string part, ledger& energy,
                         energy_basis basis);
    crossbar_macro_model(const crossbar_macro_model&) = delete;
    crossbar_macro_model& operator=(const crossbar_macro_model&) = delete;

    const engine& matrix_engine() const { return *engine_; }
    std::int64_t max_rows() const { return rows_; }
    /// With the weights of the present precision; 0 where they are too wide for a step.
    std::int64_t max_columns() const;
    std::int64_t columns_parallel() const;
    std::int64_t weight_stride_bytes() const { return stride_; }
    std::int64_t size_bytes(region r) const { return static_cast<std::int64_t>(bytes_of(r).size()); }

    std::uint32_t precision() const { return precision_; }
    void set_precision(std::uint32_t value) { precision_ = value; }
    std::uint32_t rows_used() const { return rows_used_; }
    void set_rows_used(std::uint32_t value) { rows_used_ = value; }
    std::uint32_t columns_used() const { return columns_used_; }
    void set_columns_used(std::uint32_t value) { columns_used_ = value; }

    /// A write to the control register. What is wrong is an error code.
    void control(std::uint32_t value, std::int64_t time_ps);
    bool busy(std::int64_t time_ps) const { return time_ps < end_ps_; }
    std::uint32_t status(std::int64_t time_ps) const;
    std::uint32_t error() const { return error_; }
    void clear_error() { error_ = 0; }
    /// Products finished.
    std::uint32_t completed(std::int64_t time_ps) const;

    /// Bits of the interrupt status.
    std::uint32_t interrupts(std::int64_t time_ps) const { return interrupts_.at(time_ps); }
    void clear_interrupts(std::uint32_t bits, std::int64_t time_ps) { interrupts_.clear(bits, time_ps); }
    /// Next time after `time_ps` at which an interrupt bit will be set, -1: none is known.
    std::int64_t next_interrupt_ps(std::int64_t time_ps) const { return interrupts_.next_after(time_ps); }

    /// The last product's begin and end in ps; zeros before the first.
    std::int64_t begin_ps() const { return begin_ps_; }
    std::int64_t end_ps() const { return end_ps_; }

    /// Bytes as they are at `time_ps`. Requires that the range is inside.
    void read(region r, std::int64_t offset, unsigned char* to, std::int64_t count, std::int64_t time_ps) const;
    /// False, with an error code, when the region cannot be written at `time_ps`.
    bool may_write(region r, std::int64_t time_ps);
    /// Without cost and conditions; outputs of a product that has ended at `time_ps` are overwritten.
    void write(region r, std::int64_t offset, const unsigned char* from, std::int64_t count, std::int64_t time_ps);
    /// How long the array is written for `count` bytes of weights, in ps.
    std::int64_t write_ps(std::int64_t count) const;
    /// Charges that write; no product begins before `end_ps` unless the macro can do both.
    void account_write(std::int64_t count, std::int64_t end_ps);
    /// Where the bytes of a region lie; they stay there. Outputs of a product that has ended by `time_ps` are in place
    /// then.
    unsigned char* place(region r, std::int64_t time_ps);

    void report(statistics& s, const std::string& prefix) const;

private:
    struct running {
        std::int64_t end_ps;
        std::vector<unsigned char> outputs; // replace the first ones at the end
    };

    const std::vector<unsigned char>& bytes_of(region r) const { return bytes_[static_cast<std::size_t>(r)]; }
    std::vector<unsigned char>& bytes_of(region r) { return bytes_[static_cast<std::size_t>(r)]; }
    int input_bits() const { return static_cast<int>(precision_ & 0xff); }
    int weight_bits() const { return static_cast<int>(precision_ >> 8 & 0xff); }
    bool is_unsigned(region r) const;
    bool precision_exists() const;
    void fail(std::uint32_t code, std::int64_t time_ps);
    void settle(std::int64_t time_ps);
    void start(bool accumulate, std::int64_t time_ps);
    std::int32_t element(region r, std::int64_t offset, int bits) const;
    std::vector<std::int64_t> multiply(std::int64_t rows, std::int64_t columns);

    std::shared_ptr<const engine> engine_;
    engine_geometry geometry_;
    double cycle_ps_;
    std::int64_t rows_, stride_;
    std::array<std::vector<unsigned char>, 3> bytes_;
    std::uint32_t precision_, rows_used_, columns_used_;
    std::uint32_t error_ = 0;
    timed_bits interrupts_;
    std::optional<running> product_;
    std::int64_t written_ps_ = 0; // end of the last write of weights
    std::int64_t begin_ps_ = 0, end_ps_ = 0;
    std::uint32_t completed_ = 0;

    ledger& ledger_;
    std::string part_;
    energy_basis basis_;
    ledger::account padding_account_, write_account_;
    std::optional<ledger::account> overhead_account_;
    std::int64_t products_ = 0, steps_ = 0, macs_ = 0, executed_macs_ = 0, weight_bytes_ = 0, busy_ps_ = 0;
    std::int64_t errors_ = 0;
};

} // namespace cimtlm

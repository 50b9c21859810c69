#pragma once
/// The CiM device of driver/cim_registers.h as a plain class: what it does, without its time. Each read of a register
/// is a step: a descriptor is fetched, the first command of the queue comes nearer to its end.
#include <cim_registers.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace mock {

struct config {
    std::uint32_t arrays = 4, rows = 32, columns = 16;
    std::uint32_t activation_bytes = 64 * 1024;
    std::uint32_t max_m = 64, max_n = 48, max_k = 256;
    std::uint32_t max_ring = 64, queue = 3;
    std::uint32_t capabilities = CIM_CAPABILITY_DMA | CIM_CAPABILITY_DATA_WINDOW | CIM_CAPABILITY_EXACT |
                                 CIM_CAPABILITY_VOLATILE | CIM_CAPABILITY_DATA;
    std::uint32_t id = CIM_ID_VALUE, version = CIM_VERSION_VALUE;
    std::uint32_t steps_a_command = 3;
    std::uint32_t steps_a_reset = 2;
    std::uint64_t memory_base = 0x8'0000'0000; ///< of system memory
    std::size_t memory_bytes = 1 << 20;
};

class device {
public:
    explicit device(const config& c);

    std::uint32_t read(std::uint32_t offset);
    void write(std::uint32_t offset, std::uint32_t value);

    /// Indices of ring and commands begin here instead of at 0, to see them wrap.
    void preset(std::uint32_t index) { head_ = tail_ = completed_ = index; }
    /// Level of the interrupt line.
    bool interrupt() const { return irq_status_ & irq_enable_; }
    /// Called when the line goes up.
    std::function<void()> on_interrupt;

    void step();

    const config configuration;
    std::vector<std::uint8_t> memory, activation, weights;
    std::vector<std::vector<std::uint32_t>> executed; ///< descriptors, in their order
    bool stuck = false;                               ///< commands do not end
    bool no_mapping = false;                          ///< every GEMM meets CIM_ERROR_MAPPING
    std::uint64_t refused_begin = 0, refused_end = 0; ///< addresses that the bus refuses
    std::uint32_t looks = 0;                          ///< reads of registers
    std::size_t most_waiting = 0;                     ///< commands in ring and queue at most

private:
    using words = std::vector<std::uint32_t>;
    struct fault {
        std::uint32_t code;
        std::uint64_t address = 0;
    };
    struct place;

    void reset();
    void fetch();
    void finish_command();
    void stop(const fault& f, std::uint32_t command);
    void raise(std::uint32_t cause);
    void check_ring();
    void run(const words& d);
    void run_mode(const words& d);
    void run_load(const words& d);
    void run_gemm(const words& d);
    std::uint8_t* locate(const place& p, bool local, bool writes);
    std::uint8_t* bus(std::uint64_t address, std::uint64_t bytes, std::uint32_t code);
    std::uint32_t check_arrays(const words& d) const;
    std::uint64_t arrays_to_hold(std::uint64_t n, std::uint64_t k, std::uint32_t bits) const;
    std::uint32_t accepted() const { return completed_ + static_cast<std::uint32_t>(queue_.size()); }

    std::deque<words> queue_;
    std::uint32_t remaining_ = 0, resetting_ = 0;
    std::uint32_t control_ = 0, irq_status_ = 0, irq_enable_ = 0, completed_ = 0, scratch_ = 0;
    std::uint32_t ring_lo_ = 0, ring_hi_ = 0, entries_ = 0, tail_ = 0, head_ = 0;
    std::uint32_t error_code_ = 0, error_command_ = 0;
    std::uint64_t error_address_ = 0;
    bool error_ = false, compute_ = false;
    words descriptor_;
    std::uint64_t macs_ = 0, latched_macs_ = 0;
};

} // namespace mock

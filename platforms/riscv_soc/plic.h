#pragma once
/// Platform-level interrupt controller of RISC-V.
#include <platforms/riscv_soc/peripheral.h>

#include <array>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace cimtlm {

/// As the RISC-V platform-level interrupt controller specification 1.0 has it, at the offsets of soc_map.h, with two
/// contexts a hart (2 * hart: machine, 2 * hart + 1: supervisor) and level-triggered gateways. 32-bit accesses only;
/// pending bits are read only.
///
/// A gateway passes one request on while its line is up and then none until completion; a request stays pending though
/// the line goes down. Of the pending and enabled sources of priority above 0 a claim takes that of the highest
/// priority, of equal ones that of the lowest number, whatever the threshold. A completion for a source that is not
/// enabled in the context is ignored, one by another context than the claim's is not. Priorities and thresholds are 0
/// to 7 (the lower three bits of what is written). Registers of sources that do not exist read 0 and ignore what is
/// written.
///
/// Registers change in the order of calls; the interrupt line of a hart rises in the kernel's time, not before the
/// time of the access that made it rise, and falls from within the access that makes it fall.
class plic : public peripheral {
public:
    static constexpr std::uint32_t max_priority = 7;

    /// Sources 1 to `sources` (1 to 1023), 1 to 7936 harts. Throws input_error for others.
    plic(const sc_core::sc_module_name& name, unsigned sources, unsigned harts, std::int64_t access_ps);

    /// The line of a source, in the kernel's time. Throws std::out_of_range for a source that does not exist.
    void set(unsigned source, bool level);
    /// Called whenever a hart's line changes: up while one of its two contexts has a source above its threshold.
    void on_interrupt(std::function<void(unsigned hart, bool level)> callback) { interrupt_ = std::move(callback); }

private:
    static constexpr unsigned words = 32; // of a bit for each of 1024 sources
    using bits = std::array<std::uint32_t, words>;
    struct context {
        bits enabled{};
        std::uint32_t threshold = 0;
    };
    /// What an offset is: a register, and of which source, word or context.
    enum class kind { none, priority, pending, enable, threshold, claim };
    struct place {
        kind what = kind::none;
        unsigned index = 0;   // source or word
        unsigned context = 0; // where it has one
    };

    place find(std::uint64_t offset) const;
    tlm::tlm_response_status check(std::uint64_t offset, unsigned bytes, bool write) const override;
    std::uint64_t peek(std::uint64_t offset, unsigned bytes, std::int64_t time_ps) const override;
    std::uint64_t read(std::uint64_t offset, unsigned bytes, std::int64_t time_ps) override;
    void write(std::uint64_t offset, unsigned bytes, std::uint64_t value, std::int64_t time_ps) override;
    void drive(unsigned line, bool level) override {
        if (interrupt_) interrupt_(line, level);
    }
    unsigned best(const context& c) const;
    bool wants(unsigned hart) const;
    void forward(unsigned source, std::int64_t time_ps);
    void lower_idle();

    unsigned sources_;
    std::vector<std::uint32_t> priority_; // by source
    std::vector<context> contexts_;
    bits exists_{}, level_{}, pending_{};
    bits passed_on_{}; // the gateway waits for completion
    std::function<void(unsigned, bool)> interrupt_;
};

} // namespace cimtlm

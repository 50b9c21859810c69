#pragma once
/// Bits that become set at times of their own: the status of interrupts.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace cimtlm {

/// Registers answer for a moment that may lie ahead of the kernel's time; here for causes that set a bit. Of the causes
/// of one bit that nobody has cleared the first and the last are kept: no more than one of them is still to come.
class timed_bits {
public:
    /// Sets `bit` (0 to 31) from `from_ps` on.
    void set(std::size_t bit, std::int64_t from_ps) {
        auto& c = causes_[bit];
        c = c.first_ps == never ? cause{from_ps, from_ps}
                                : cause{std::min(c.first_ps, from_ps), std::max(c.last_ps, from_ps)};
    }
    /// The bits that are set at `time_ps`.
    std::uint32_t at(std::int64_t time_ps) const {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < causes_.size(); ++i)
            if (causes_[i].first_ps != never && causes_[i].first_ps <= time_ps) bits |= 1u << i;
        return bits;
    }
    /// Clears what is set of `bits` at `time_ps`; what comes later stays.
    void clear(std::uint32_t bits, std::int64_t time_ps) {
        for (std::size_t i = 0; i < causes_.size(); ++i) {
            auto& c = causes_[i];
            if ((bits >> i & 1) == 0 || c.first_ps == never || c.first_ps > time_ps) continue;
            c.first_ps = c.last_ps > time_ps ? c.last_ps : never;
        }
    }
    /// Next time after `time_ps` at which one is set, -1: none is known.
    std::int64_t next_after(std::int64_t time_ps) const {
        std::int64_t next = never;
        for (const auto& c : causes_)
            for (const auto at : {c.first_ps, c.last_ps})
                if (c.first_ps != never && at > time_ps && (next == never || at < next)) next = at;
        return next;
    }

private:
    static constexpr std::int64_t never = -1;
    struct cause {
        std::int64_t first_ps = never, last_ps = never;
    };
    std::array<cause, 32> causes_;
};

} // namespace cimtlm

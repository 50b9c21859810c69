#pragma once
/// A host of random guests: its accesses, and what has to be true when a guest is done.
#include "guest_program.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <tuple>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace guest {

using namespace device_test;

// ---- Where it stands when the process dies -----------------------------------------------------------------------

inline char where[256] = "no program\n";

inline void tell_where() { std::fputs(where, stderr); }

inline void dies(int signal_number) {
    tell_where();
    std::signal(signal_number, SIG_DFL);
    std::raise(signal_number);
}

inline void tell_where_when_it_dies() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_set_death_callback(tell_where);
#else
    for (const int s : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(s, dies);
#endif
    for (const int s : {SIGABRT, SIGALRM, SIGTERM}) std::signal(s, dies);
}

// After an exception on the stack of a SystemC process the address sanitizer still minds the frames that are gone (see
// cmake/sanitizers.cpp).
inline void forget_frames() {
#if defined(__SANITIZE_ADDRESS__)
    constexpr std::size_t reach = 8192;
    volatile char here = 0;
    __asan_unpoison_memory_region(const_cast<char*>(&here) - reach, reach);
#endif
}

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text && *text ? std::strtoull(text, nullptr, 0) : otherwise;
}

struct setting {
    const char* name;
    machine (*make)();
    dma_split split;
    dma_transport transport;
    bool dma, window, data, activations;
};

/// How programs ended.
struct endings {
    std::uint64_t idle = 0, busy = 0, codes[CIM_ERROR_QUEUE_FULL + 1] = {};
    std::uint64_t commands = 0, accesses = 0, refused = 0, resets = 0, states = 0, products = 0, pointers = 0,
                  handled = 0, resets_while_busy = 0;
};

template <unsigned W> class guest_host {
public:
    guest_host(device_bench<W>& b, const setting& s, bool data)
        : b_(b)
        , data_(data)
        , setting_(s)
        , limits_(limits_of(b.device.target(), s.dma, s.window)) {
        b.device.on_interrupt([this](bool level) {
            EXPECT_NE(level, line_) << "the line changes to what it is";
            line_ = level;
            if (level && handles_) handle_interrupt();
        });
        draw d(7);
        for (auto& n : noise_) n = static_cast<unsigned char>(d.next());
    }

    endings ended;

protected:
    // ---- Accesses

    std::int64_t ahead_ps() const { return b_.host.time_ps() - testkit::now_ps(); }

    tlm::tlm_response_status access(tlm::tlm_command command, std::uint64_t address, void* bytes, unsigned length) {
        ++ended.accesses;
        const auto status = b_.host.access(command, address, bytes, length);
        EXPECT_NE(status, tlm::TLM_INCOMPLETE_RESPONSE);
        if (status != tlm::TLM_OK_RESPONSE) ++ended.refused;
        return status;
    }
    std::uint32_t get(std::uint32_t offset) {
        std::uint32_t value = 0xdeadbeef;
        EXPECT_EQ(access(tlm::TLM_READ_COMMAND, control_address + offset, &value, 4), tlm::TLM_OK_RESPONSE)
            << "register " << std::hex << offset;
        return value;
    }
    void set(std::uint32_t offset, std::uint32_t value) {
        EXPECT_EQ(access(tlm::TLM_WRITE_COMMAND, control_address + offset, &value, 4), tlm::TLM_OK_RESPONSE)
            << "register " << std::hex << offset;
        wrote(offset, value);
    }
    void wrote(std::uint32_t offset, std::uint32_t value) {
        if (offset == CIM_CONTROL && value & CIM_CONTROL_RESET) ++ended.resets;
    }
    template <std::size_t words> std::array<std::uint32_t, words> get_several(std::uint32_t offset) {
        std::array<std::uint32_t, words> all;
        all.fill(0xdeadbeef);
        EXPECT_EQ(access(tlm::TLM_READ_COMMAND, control_address + offset, all.data(), 4 * words), tlm::TLM_OK_RESPONSE);
        return all;
    }
    /// As an interrupt handler outside any process, at the kernel's time, behind a host that is ahead of it.
    void handle_interrupt() {
        ++ended.handled;
        const std::tuple<tlm::tlm_command, std::uint32_t, std::uint32_t> accesses[] = {
            {tlm::TLM_READ_COMMAND, CIM_STATUS, 0u}, {tlm::TLM_WRITE_COMMAND, CIM_IRQ_STATUS, CIM_IRQ_ALL}};
        for (const auto& [command, offset, value] : accesses) {
            tlm::tlm_generic_payload p;
            auto word = value;
            testkit::fill(p, command, control_address + offset, reinterpret_cast<unsigned char*>(&word), 4);
            auto delay = sc_core::SC_ZERO_TIME;
            b_.host.out->b_transport(p, delay);
            EXPECT_TRUE(p.is_response_ok());
        }
    }
    /// Anything: another core behind the first one, sizes, byte enables, widths, commands, windows.
    void odd_access() {
        unsigned char bytes[256];
        std::copy_n(noise_.begin(), sizeof bytes, bytes);
        unsigned char enables[8] = {0xff, 0, 0xff, 0xff, 0, 0, 0xff, 0};
        const auto length = draw_.chance(0.5) ? 4u : static_cast<unsigned>(1 + draw_.below(sizeof bytes));
        const std::uint64_t window_end = window_address + limits_.window_bytes;
        const std::uint64_t address =
            draw_.chance(0.5) || !limits_.window
                ? control_address + draw_.below(CIM_WINDOW_BYTES + 8)
                : draw_.one_of({window_address + draw_.below(limits_.activation_bytes + 8),
                                window_address + limits_.weight_offset + draw_.below(limits_.array_bytes),
                                window_address + limits_.weight_offset - draw_.below(8), window_end - draw_.below(260),
                                window_end + draw_.below(8), window_address + device_bench<W>::window_bytes - 4});
        tlm::tlm_generic_payload p;
        testkit::fill(p, draw_.one_of({tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND, tlm::TLM_IGNORE_COMMAND}),
                      address & (draw_.chance(0.8) ? ~std::uint64_t{3} : ~std::uint64_t{0}), bytes, length);
        if (draw_.chance(0.1)) p.set_streaming_width(static_cast<unsigned>(1 + draw_.below(length)));
        if (draw_.chance(0.1)) {
            p.set_byte_enable_ptr(enables);
            p.set_byte_enable_length(static_cast<unsigned>(1 + draw_.below(8)));
        }
        if (draw_.chance(0.1)) {
            b_.host.out->transport_dbg(p);
            return;
        }
        if (draw_.chance(0.1)) {
            tlm::tlm_dmi dmi;
            if (b_.host.out->get_direct_mem_ptr(p, dmi)) {
                ++ended.pointers;
                EXPECT_GE(address, window_address);
                EXPECT_LE(dmi.get_start_address(), p.get_address());
                EXPECT_GE(dmi.get_end_address(), p.get_address());
                auto* byte = dmi.get_dmi_ptr() + (p.get_address() - dmi.get_start_address());
                *byte = static_cast<unsigned char>(*byte + 1);
                dmi.get_dmi_ptr()[dmi.get_end_address() - dmi.get_start_address()] ^= 1;
            }
            return;
        }
        const auto ahead = ahead_ps();
        const auto delay_ps =
            draw_.chance(0.5) ? ahead : static_cast<std::int64_t>(draw_.below(static_cast<std::uint64_t>(ahead) + 1));
        sc_core::sc_time delay(static_cast<double>(delay_ps), sc_core::SC_PS);
        ++ended.accesses;
        b_.host.out->b_transport(p, delay);
        EXPECT_NE(p.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
        if (p.is_response_error()) ++ended.refused;
        b_.host.spend(std::max<std::int64_t>(0, static_cast<std::int64_t>(delay.value()) - ahead));
    }

    /// Accesses on all buses and steps of the kernel: what a program costs, without its wall time.
    std::uint64_t activity() const {
        auto n = sc_core::sc_delta_count();
        for (const auto& p : b_.probes) n += p->transactions();
        return n;
    }

    void fill_memories() {
        // What the last guest left does not decide what this one does.
        const auto some = [this] { return noise_.data() + draw_.below(256); };
        b_.write(arena_address, some(), arena_bytes);
        b_.write(memory_end - tail_bytes, some(), tail_bytes);
        if (setting_.window && limits_.activation_bytes > 0) b_.write(window_address, some(), limits_.activation_bytes);
    }

    places bus_places() const {
        places p;
        p.window = limits_.window ? window_address : control_address;
        p.window_bytes = limits_.window ? limits_.window_bytes : CIM_WINDOW_BYTES;
        return p;
    }

    /// What a host may look at at any time without changing anything.
    void odd_look() {
        for (auto n = draw_.below(4); n > 0; --n) {
            switch (draw_.below(5)) {
            case 0:
                get(static_cast<std::uint32_t>(4 * draw_.below(CIM_WINDOW_BYTES / 4)));
                break;
            case 1: {
                std::uint32_t value = 0;
                b_.host.debug(tlm::TLM_READ_COMMAND, control_address + 4 * draw_.below(CIM_WINDOW_BYTES / 4), &value,
                              4);
                break;
            }
            case 2:
                set(CIM_LATCH, 0);
                break;
            case 3:
                b_.host.spend(draw_.one_of({1'000, 50'000, 1'000'000, 40'000'000}));
                break;
            default:
                set(CIM_SCRATCH, static_cast<std::uint32_t>(draw_.next()));
            }
        }
    }

    /// For a command, as the documentation says; false: stopped.
    bool await_room(bool ring, std::uint32_t entries) {
        std::int64_t step = 200'000;
        for (int polls = 0; polls < 400; ++polls) {
            const auto status = get(CIM_STATUS);
            if (status & CIM_STATUS_ERROR) return false;
            if (ring ? issued_ - get(CIM_RING_HEAD) < entries : !(status & CIM_STATUS_QUEUE_FULL)) return true;
            b_.host.spend(step);
            step = std::min<std::int64_t>(2 * step, 100'000'000);
        }
        EXPECT_TRUE(wild_) << "no room for a command: " << b_.device.waiting_for();
        return false;
    }

    void submit(const cim_descriptor& words, bool ring, std::uint32_t entries) {
        if (ring) {
            b_.write(ring_address + (issued_ % entries) * CIM_DESCRIPTOR_BYTES, words.data(), CIM_DESCRIPTOR_BYTES);
            set(CIM_RING_TAIL, ++issued_);
        } else {
            auto copy = words;
            EXPECT_EQ(
                access(tlm::TLM_WRITE_COMMAND, control_address + CIM_DESCRIPTOR, copy.data(), CIM_DESCRIPTOR_BYTES),
                tlm::TLM_OK_RESPONSE);
            set(CIM_SUBMIT, 1);
            ++issued_;
        }
        ++ended.commands;
    }

    // ---- Endings

    /// Gives the device a bounded time to come to an end, in which not much happens if it does not.
    bool settle(std::uint64_t begun) {
        std::int64_t step = 10'000'000;
        for (int i = 0; i < 200; ++i) {
            if (!(get(CIM_STATUS) & CIM_STATUS_BUSY)) return true;
            const auto before = activity();
            if (before - begun > 50'000 && may_last_) return false;
            b_.host.spend(step);
            b_.host.synchronise();
            if (activity() - before < 1'000) step = std::min<std::int64_t>(2 * step, 1'000'000'000);
        }
        return false;
    }

    void check_status() {
        handles_ = false; // looks at registers without it
        b_.host.synchronise();
        testkit::wait_ps(1); // the interrupt line has had its turn
        const auto r = get_several<(CIM_SCRATCH - CIM_CONTROL) / 4 + 1>(CIM_CONTROL);
        const auto at = [&r](std::uint32_t offset) { return r[(offset - CIM_CONTROL) / 4]; };
        const auto status = at(CIM_STATUS), code = at(CIM_ERROR_CODE), irq = at(CIM_IRQ_STATUS);
        const auto address = at(CIM_ERROR_ADDRESS_LO) | std::uint64_t{at(CIM_ERROR_ADDRESS_HI)} << 32;
        const bool busy = status & CIM_STATUS_BUSY;
        std::ostringstream what;
        what << "status " << status << " code " << code << " command " << at(CIM_ERROR_COMMAND) << " completed "
             << at(CIM_COMPLETED) << " address " << std::hex << address << " interrupts " << irq << '/'
             << at(CIM_IRQ_ENABLE);
        SCOPED_TRACE(what.str());
        EXPECT_EQ(status & ~0xfu, 0u);
        ASSERT_LE(code, CIM_ERROR_QUEUE_FULL);
        EXPECT_EQ((status & CIM_STATUS_ERROR) != 0, code != CIM_ERROR_NONE);
        EXPECT_FALSE(busy && code != CIM_ERROR_NONE);
        EXPECT_EQ(at(CIM_CONTROL) & ~CIM_CONTROL_ENABLE, 0u);
        if (code == CIM_ERROR_NONE) {
            EXPECT_EQ(at(CIM_ERROR_COMMAND), 0u);
            EXPECT_EQ(address, 0u);
        } else {
            EXPECT_LE(at(CIM_COMPLETED), at(CIM_ERROR_COMMAND));
            EXPECT_FALSE(status & CIM_STATUS_QUEUE_FULL) << "nothing waits";
        }
        const auto with_address = 1u << CIM_ERROR_ADDRESS | 1u << CIM_ERROR_FETCH | 1u << CIM_ERROR_READ |
                                  1u << CIM_ERROR_WRITE | 1u << CIM_ERROR_RING;
        if (!(with_address >> code & 1)) {
            EXPECT_EQ(address, 0u);
        }
        EXPECT_EQ(irq & ~CIM_IRQ_ALL, 0u);
        EXPECT_EQ(at(CIM_IRQ_ENABLE) & ~CIM_IRQ_ALL, 0u);
        if (!busy) {
            EXPECT_EQ(line_, (irq & at(CIM_IRQ_ENABLE)) != 0) << "the interrupt line";
            EXPECT_TRUE(b_.device.idle());
            EXPECT_EQ(b_.device.waiting_for(), "");
            const auto ring = get_several<5>(CIM_RING_BASE_LO);
            if (code == CIM_ERROR_NONE && at(CIM_CONTROL)) {
                EXPECT_EQ(ring[3], ring[4]) << "tail and head";
            }
        } else {
            EXPECT_NE(b_.device.waiting_for(), "");
        }
        if (busy)
            ++ended.busy;
        else if (code == CIM_ERROR_NONE)
            ++ended.idle;
        else
            ++ended.codes[code];
    }

    void check_reset() {
        SCOPED_TRACE("after the reset");
        for (const auto v : get_several<(CIM_SCRATCH - CIM_CONTROL) / 4 + 1>(CIM_CONTROL)) EXPECT_EQ(v, 0u);
        for (const auto v : get_several<(CIM_RING_HEAD - CIM_RING_BASE_LO) / 4 + 1>(CIM_RING_BASE_LO)) EXPECT_EQ(v, 0u);
        for (const auto v : get_several<CIM_DESCRIPTOR_WORDS>(CIM_DESCRIPTOR)) EXPECT_EQ(v, 0u);
        EXPECT_TRUE(b_.device.idle());
        b_.host.synchronise();
        testkit::wait_ps(1);
        EXPECT_FALSE(line_) << "the interrupt line";
        if (setting_.window) {
            std::uint32_t weights = 0;
            EXPECT_EQ(access(tlm::TLM_READ_COMMAND, window_address + limits_.weight_offset, &weights, 4),
                      tlm::TLM_OK_RESPONSE);
        }
    }

    device_bench<W>& b_;
    bool data_;
    setting setting_;
    device_limits limits_;
    draw draw_{0};
    bool line_ = false;
    bool wild_ = false;     ///< a host without rules, or a command of it
    bool may_last_ = false; ///< results may become commands: it need not end
    bool handles_ = false;  ///< interrupts
    std::uint32_t issued_ = 0;
    std::array<unsigned char, arena_bytes + 512> noise_{};
};

} // namespace guest

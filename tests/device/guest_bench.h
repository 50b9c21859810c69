#pragma once
/// Random guests: their machines, and the programs they run one after another.
#include "driver/reference_gemm.h"
#include "guest_host.h"

#include <cimtlm/base/error.h>

#include <sstream>

#include <unistd.h>

namespace guest {

// ---- Machines ----------------------------------------------------------------------------------------------------

inline machine random_device(machine m, draw& d) {
    auto& p = *m.device;
    p.max_m = d.from(1, 24);
    p.max_n = d.from(1, 24);
    p.max_k = d.from(4, 160);
    p.queue = d.from(1, 4);
    p.ring_entries = 1 << d.below(5);
    p.command_cycles = static_cast<double>(d.chance(0.5) ? 0 : d.below(50));
    p.mode_switch_cycles = static_cast<double>(d.chance(0.5) ? 0 : d.below(200));
    p.dma.outstanding = d.from(0, 4);
    p.dma.burst_bytes = d.chance(0.2) ? 0 : 4 << d.below(6);
    p.dma.bytes_per_cycle = d.chance(0.5) ? 0 : 4 << d.below(4);
    m.memories.front().latency_cycles = static_cast<double>(d.below(60));
    m.dma.arbitration_bytes = 64 << d.below(8);
    m.dma.double_buffer = d.chance(0.7);
    return m;
}

// ---- One guest after another -------------------------------------------------------------------------------------

template <unsigned W> class guests : public guest_host<W> {
    using host = guest_host<W>;
    using host::access, host::get, host::set, host::odd_access, host::odd_look, host::activity, host::fill_memories;
    using host::bus_places, host::await_room, host::submit, host::settle, host::check_status, host::check_reset;
    using host::may_last_, host::b_, host::data_, host::setting_, host::limits_, host::draw_, host::wild_,
        host::handles_, host::issued_;

public:
    using host::ended, host::guest_host;

    /// In the host's process. Ends at the first failure.
    void run(std::uint64_t seed, std::uint64_t first, std::uint64_t count, const std::string& test) {
        std::ostringstream state;
        b_.device.save(state);
        new_state_ = state.str();
        for (auto i = first; i < first + count && !testing::Test::HasFailure(); ++i) {
            const auto again = "CIMTLM_GUEST_SEED=" + std::to_string(seed) +
                               " CIMTLM_GUEST_FIRST=" + std::to_string(i) +
                               " CIMTLM_GUEST_PROGRAMS=1 --gtest_filter=" + test;
            std::snprintf(where, sizeof where, "guest program: %s\n", again.c_str());
            SCOPED_TRACE(again);
            if (i % 256 == 0) alarm(300); // what never returns cannot be counted
            draw_ = draw(seed * 0x9e3779b97f4a7c15u + i * 0xd1342543de82ef95u);
            one_program(i);
        }
        alarm(0);
    }

private:
    // ---- Programs

    void one_program(std::uint64_t number) {
        b_.host.synchronise();
        b_.host.quantum_ps = draw_.one_of({0, 0, 1'000, 20'000, 1'000'000, 100'000'000});
        fill_memories();
        issued_ = 0;
        computes_ = wild_ = handles_ = may_last_ = false;
        const auto begun = activity();
        switch (draw_.below(10)) {
        case 0:
        case 1:
        case 2:
            commands(false);
            break;
        case 3:
        case 4:
        case 5:
        case 6:
            commands(true);
            break;
        default:
            chaos();
        }
        if (testing::Test::HasFailure()) return;
        const bool still_busy = !settle(begun);
        EXPECT_TRUE(!still_busy || may_last_) << "does not end: " << b_.device.waiting_for();
        check_status();
        set(CIM_CONTROL, CIM_CONTROL_RESET | (draw_.chance(0.5) ? CIM_CONTROL_ENABLE : 0));
        check_reset();
        if (testing::Test::HasFailure()) return;
        if (number % 20 == 0) exact_product();
        EXPECT_LT(activity() - begun, 1'000'000u) << "a program that costs too much";
    }

    /// A host that keeps the rules, and commands that are valid or, some of them, are not.
    void commands(bool wrong_ones) {
        command_maker maker(draw_, limits_, bus_places());
        if (draw_.chance(0.5)) set(CIM_IRQ_ENABLE, static_cast<std::uint32_t>(draw_.below(8)));
        const bool ring = setting_.dma && draw_.chance(0.5);
        std::uint32_t entries = 0;
        if (ring) {
            entries = 1u << draw_.below(5);
            while (entries > limits_.max_ring) entries /= 2;
            set(CIM_RING_BASE_LO, low(ring_address));
            set(CIM_RING_BASE_HI, high(ring_address));
            set(CIM_RING_ENTRIES, entries);
            set(CIM_CONTROL, CIM_CONTROL_ENABLE);
        }
        judgement expected;
        std::uint32_t count = 0, at_fault = 0, asked_interrupts = 0;
        bool may_fail = false;
        const auto most = 1 + draw_.below(8);
        for (; count < most && expected.wrong == 0; ++count) {
            auto words = count == 0 && draw_.chance(0.9) ? mode_command(CIM_MODE_COMPUTE) : maker.valid(computes_);
            if (wrong_ones && count > 0 && draw_.chance(0.1))
                words = maker.attempt(computes_);
            else if (wrong_ones && draw_.chance(count == 0 ? 0.1 : 0.4))
                maker.spoil(words);
            const auto judged = judge(words, limits_, bus_places(), computes_);
            if (!wrong_ones) {
                EXPECT_EQ(judged.wrong, 0u) << "the test's own command is wrong: " << text_of(words);
                EXPECT_FALSE(judged.wild);
            }
            if (!await_room(ring, entries)) break;
            submit(words, ring, entries);
            last_words_ = words;
            if ((words[CIM_WORD_COMMAND] & CIM_COMMAND_MASK) == CIM_COMMAND_MODE && judged.wrong == 0)
                computes_ = words[CIM_WORD_MODE] == CIM_MODE_COMPUTE;
            if (words[CIM_WORD_COMMAND] & CIM_FLAG_INTERRUPT && judged.wrong == 0) ++asked_interrupts;
            may_fail |= judged.wild || judged.perhaps != 0;
            may_last_ |= judged.wild;
            wild_ |= judged.wild;
            expected.perhaps |= judged.perhaps;
            if (judged.wrong != 0) {
                expected.wrong = judged.wrong;
                at_fault = count;
            }
            if (draw_.chance(0.2)) odd_look();
        }
        if (!settle(activity()) || wild_) return;
        const auto code = get(CIM_ERROR_CODE);
        SCOPED_TRACE("last command: " + text_of(last_words_));
        if (expected.wrong == 0) {
            EXPECT_TRUE(code == CIM_ERROR_NONE || (expected.perhaps >> code & 1))
                << "refused with " << code << " (" << cim_error_text(code) << ')';
            if (code != CIM_ERROR_NONE) return;
            EXPECT_EQ(get(CIM_COMPLETED), count);
            const auto irq = get(CIM_IRQ_STATUS);
            EXPECT_EQ((irq & CIM_IRQ_DONE) != 0, asked_interrupts > 0);
            EXPECT_TRUE(irq & CIM_IRQ_IDLE);
            EXPECT_FALSE(irq & CIM_IRQ_ERROR);
            EXPECT_EQ(get(CIM_STATUS), computes_ ? CIM_STATUS_COMPUTE : 0u);
        } else {
            EXPECT_TRUE((expected.wrong | expected.perhaps) >> code & 1 && code != CIM_ERROR_NONE)
                << "code " << code << " (" << cim_error_text(code) << "), expected one of " << std::hex
                << expected.wrong << " or " << expected.perhaps;
            if (!may_fail) {
                EXPECT_EQ(get(CIM_ERROR_COMMAND), at_fault);
                EXPECT_EQ(get(CIM_COMPLETED), at_fault) << "commands before the one at fault are finished";
            }
            EXPECT_TRUE(get(CIM_IRQ_STATUS) & CIM_IRQ_ERROR);
        }
    }

    /// A host without rules.
    void spoil(command_maker& maker, cim_descriptor& words) {
        maker.spoil(words);
        may_last_ |= judge(words, limits_, bus_places(), true).wild;
    }

    void chaos() {
        wild_ = true;
        command_maker maker(draw_, limits_, bus_places());
        if (draw_.chance(0.5)) set(CIM_IRQ_ENABLE, static_cast<std::uint32_t>(draw_.next()));
        handles_ = draw_.chance(0.3);
        if (draw_.chance(0.7)) submit(mode_command(CIM_MODE_COMPUTE), false, 0);
        if (draw_.chance(0.6)) start_ring();
        for (auto n = draw_.below(24); n > 0 && !testing::Test::HasFailure(); --n) {
            switch (draw_.below(16)) {
            case 0:
            case 1:
            case 2:
            case 3: {
                auto words = maker.valid(true);
                if (draw_.chance(0.3)) spoil(maker, words);
                const bool ring = setting_.dma && draw_.chance(0.5);
                if (ring)
                    b_.write(ring_address + draw_.below(ring_entries) * CIM_DESCRIPTOR_BYTES, words.data(),
                             CIM_DESCRIPTOR_BYTES);
                else
                    submit(words, false, 0);
                break;
            }
            case 4:
            case 5:
                set(CIM_RING_TAIL, draw_.one_of({++issued_, issued_ + 1, get(CIM_RING_HEAD), get(CIM_RING_HEAD) - 1,
                                                 get(CIM_RING_HEAD) + limits_.max_ring,
                                                 get(CIM_RING_HEAD) + limits_.max_ring + 1, 0xffffffffu, 0x80000000u}));
                break;
            case 6:
                set(CIM_CONTROL, static_cast<std::uint32_t>(draw_.below(8)) & ~CIM_CONTROL_RESET);
                break;
            case 7:
                if (!b_.device.idle()) ++ended.resets_while_busy;
                if (draw_.chance(0.5)) set(CIM_CONTROL, CIM_CONTROL_RESET | static_cast<std::uint32_t>(draw_.below(2)));
                break;
            case 8:
                set(CIM_IRQ_STATUS, static_cast<std::uint32_t>(draw_.below(9)));
                break;
            case 9:
                set(CIM_IRQ_ENABLE, static_cast<std::uint32_t>(draw_.below(9)));
                break;
            case 10:
                may_last_ = true; // of a descriptor, perhaps
                set(static_cast<std::uint32_t>(4 * draw_.below(draw_.chance(0.7) ? 0x280 / 4 : CIM_WINDOW_BYTES / 4)),
                    draw_.interesting_word());
                break;
            case 11: // as much as it takes, and more
                for (auto i = draw_.below(8); i > 0; --i) submit(maker.valid(true), false, 0);
                break;
            case 12:
                if (setting_.dma && draw_.chance(0.2)) feed_itself();
                b_.host.spend(draw_.one_of({1'000, 20'000, 300'000, 3'000'000, 100'000'000}));
                break;
            case 13:
                if (draw_.chance(0.3)) keep_state();
                break;
            case 14:
                odd_access();
                break;
            default:
                odd_look();
            }
        }
    }

    /// A product whose result is the next submission: it never ends.
    void feed_itself() {
        may_last_ = true;
        cim_descriptor d{};
        d[CIM_WORD_COMMAND] = CIM_COMMAND_GEMM | (draw_.chance(0.5) ? CIM_FLAG_INTERRUPT : 0);
        d[CIM_WORD_PRECISION] = 8 | 8 << 8 | 32 << 16;
        d[CIM_WORD_M] = d[CIM_WORD_N] = d[CIM_WORD_K] = 1;
        d[CIM_WORD_A_STRIDE] = d[CIM_WORD_B_STRIDE] = 1;
        d[CIM_WORD_Z_STRIDE] = 4;
        set_wide(d, CIM_WORD_A_LO, arena_address);
        set_wide(d, CIM_WORD_B_LO, arena_address);
        set_wide(d, CIM_WORD_Z_LO, control_address + (draw_.chance(0.7) ? CIM_SUBMIT : CIM_CONTROL));
        submit(d, false, 0);
    }

    void start_ring() {
        const auto base = draw_.chance(0.7)
                              ? ring_address
                              : draw_.one_of({ring_address + 4, control_address + CIM_DESCRIPTOR, window_address,
                                              memory_end - 128, memory_address - 128, (std::uint64_t{1} << 63) - 128,
                                              std::uint64_t{1} << 63, ~std::uint64_t{127}, std::uint64_t{0}});
        may_last_ |= base != ring_address; // what it fetches is nobody's
        set(CIM_RING_BASE_LO, low(base));
        set(CIM_RING_BASE_HI, high(base));
        set(CIM_RING_ENTRIES, draw_.chance(0.7)
                                  ? 1u << draw_.below(5)
                                  : draw_.one_of({0u, 3u, limits_.max_ring * 2, 0xffffffffu, 0x80000000u, 1u << 25}));
        if (draw_.chance(0.2)) set(CIM_RING_TAIL, draw_.one_of({0xffffffffu, 1u, 2u, 0x80000000u}));
        command_maker maker(draw_, limits_, bus_places());
        for (std::uint64_t i = 0; i < ring_entries; ++i) {
            auto words = i % 4 == 0 ? mode_command(CIM_MODE_COMPUTE) : maker.valid(true);
            if (draw_.chance(0.1)) spoil(maker, words);
            b_.write(ring_address + i * CIM_DESCRIPTOR_BYTES, words.data(), CIM_DESCRIPTOR_BYTES);
        }
        set(CIM_CONTROL, CIM_CONTROL_ENABLE);
        if (draw_.chance(0.7)) set(CIM_RING_TAIL, get(CIM_RING_HEAD) + static_cast<std::uint32_t>(draw_.below(5)));
    }

    void keep_state() {
        if (!b_.device.idle()) {
            std::ostringstream state;
            EXPECT_THROW(b_.device.save(state), std::logic_error);
            forget_frames();
            return;
        }
        ++ended.states;
        std::ostringstream state;
        b_.device.save(state);
        auto text = state.str();
        switch (draw_.below(3)) {
        case 0:
            text = new_state_;
            break;
        case 1: {
            auto wrong = text;
            if (draw_.chance(0.5))
                wrong.resize(draw_.below(wrong.size()));
            else
                wrong[draw_.below(8)] ^= 1;
            std::istringstream from(wrong);
            EXPECT_THROW(b_.device.restore(from), input_error);
            forget_frames();
            break;
        }
        default:
            break;
        }
        std::istringstream from(text);
        b_.device.restore(from);
        std::ostringstream again;
        if (b_.device.idle()) b_.device.save(again);
    }

    void exact_product() {
        SCOPED_TRACE("a product after the guest");
        fill_memories();
        const auto m = static_cast<std::uint32_t>(draw_.from(1, std::min<std::int64_t>(limits_.max_m, 6)));
        const auto n = static_cast<std::uint32_t>(draw_.from(1, std::min<std::int64_t>(limits_.max_n, 6)));
        const auto k = static_cast<std::uint32_t>(draw_.from(1, std::min<std::int64_t>(limits_.max_k, 20)));
        const bool local = !setting_.dma;
        issued_ = 0;
        cim_descriptor d{};
        const std::uint64_t a = local ? 0 : arena_address, b = arena_address + 0x1000,
                            z = local ? 0x400 : arena_address + 0x2000;
        d[CIM_WORD_COMMAND] = CIM_COMMAND_GEMM | (local ? CIM_FLAG_A_LOCAL | CIM_FLAG_Z_LOCAL | CIM_FLAG_HELD : 0u);
        d[CIM_WORD_PRECISION] = 8 | 8 << 8 | 32 << 16;
        d[CIM_WORD_M] = m;
        d[CIM_WORD_N] = n;
        d[CIM_WORD_K] = k;
        set_wide(d, CIM_WORD_A_LO, a);
        if (!local) set_wide(d, CIM_WORD_B_LO, b);
        set_wide(d, CIM_WORD_Z_LO, z);
        d[CIM_WORD_A_STRIDE] = k;
        d[CIM_WORD_B_STRIDE] = local ? 0 : n;
        d[CIM_WORD_Z_STRIDE] = 4 * n;
        if (local && (!setting_.window || limits_.activation_bytes == 0 || std::uint64_t{k} * n > limits_.array_bytes ||
                      k > limits_.array_rows || n > limits_.array_columns))
            return;
        std::vector<std::uint8_t> in_a(m * k), in_b(k * n), found(4 * m * n), expected(4 * m * n);
        b_.read(local ? window_address + a : a, in_a.data(), in_a.size());
        b_.read(local ? window_address + limits_.weight_offset : b, in_b.data(), in_b.size());
        submit(mode_command(CIM_MODE_COMPUTE), false, 0);
        ASSERT_TRUE(await_room(false, 0));
        submit(d, false, 0);
        wild_ = false;
        ASSERT_TRUE(settle(activity()));
        ASSERT_EQ(get(CIM_ERROR_CODE), CIM_ERROR_NONE);
        ASSERT_EQ(get(CIM_COMPLETED), 2u);
        b_.host.synchronise();
        b_.read(local ? window_address + z : z, found.data(), found.size());
        reference::problem p;
        p.m = m;
        p.n = n;
        p.k = k;
        p.a = {in_a.data(), k, 8, false};
        p.b = {in_b.data(), n, 8, false};
        p.z = {expected.data(), 4 * n, 32, false};
        reference::gemm(p);
        if (data_) {
            EXPECT_EQ(found, expected) << "M " << m << " N " << n << " K " << k;
        }
        ++ended.products;
        set(CIM_CONTROL, CIM_CONTROL_RESET);
        b_.host.synchronise();
    }

    cim_descriptor last_words_{};
    std::string new_state_;
    bool computes_ = false;
};

} // namespace guest

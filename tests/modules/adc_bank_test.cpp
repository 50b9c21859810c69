/// A bank of converters behind its registers: results, time, refusals, interrupts, pointers, and macros that share it.
#include <cimtlm/tlm/transfer_extension.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <random>
#include <utility>

#include "adc_bank_bench.h"

namespace {

using namespace adc_bench;
using words = std::vector<std::int32_t>;

constexpr std::int64_t conversion = 800, whole = 3 * conversion; // of 12 columns at 4 converters

struct adc_bank_registers : testing::Test {
    bench<> b;
    void SetUp() override { sc_core::sc_start(sc_core::SC_ZERO_TIME); }
    std::uint32_t error() { return b.get(CIM_ADC_ERROR_CODE); }
};

TEST_F(adc_bank_registers, tell_what_it_is) {
    EXPECT_EQ(b.get(CIM_ADC_ID), CIM_ADC_ID_VALUE);
    EXPECT_EQ(b.get(CIM_ADC_VERSION), CIM_ADC_VERSION_VALUE);
    EXPECT_EQ(b.get(CIM_ADC_CAPABILITIES), CIM_ADC_CAPABILITY_SIGNED);
    EXPECT_EQ(b.get(CIM_ADC_CONVERTERS), 4u);
    EXPECT_EQ(b.get(CIM_ADC_COLUMNS), 12u);
    EXPECT_EQ(b.get(CIM_ADC_BITS), 8u);
    EXPECT_EQ(b.get(CIM_ADC_CONVERSION_PS), 800u);
    EXPECT_EQ(b.get(CIM_ADC_SAMPLE_OFFSET), 0x1000u);
    EXPECT_EQ(b.get(CIM_ADC_SAMPLE_BYTES), 48u);
    EXPECT_EQ(b.get(CIM_ADC_CODE_OFFSET), 0x2000u);
    EXPECT_EQ(b.get(CIM_ADC_CODE_BYTES), 48u);
    EXPECT_EQ(b.get(CIM_ADC_FIRST), 0u);
    EXPECT_EQ(b.get(CIM_ADC_COUNT), 12u);
    EXPECT_EQ(b.bank.size_bytes(), 0x3000u);
}

// The kernel stands still throughout: what counts is the time of the access.
TEST_F(adc_bank_registers, a_start_takes_samples_with_it_and_is_busy_until_its_time) {
    b.write(b.samples(), words{2, -2, 4, -4, 1, -1, 300, -300, 0, 20, 22, 24});
    b.start(0, 12);
    const auto end = b.local_ps + whole;
    EXPECT_EQ(b.bank.model().end_ps(), end);
    b.write(b.samples(), words(12, 0));
    b.set(CIM_ADC_COUNT, 1);
    const words expected{1, -1, 2, -2, 1, -1, 127, -128, 0, 10, 11, 12};
    b.local_ps = end - 1001; // a register is read 1000 ps later
    EXPECT_EQ(b.get(CIM_ADC_STATUS), CIM_ADC_STATUS_BUSY);
    b.local_ps = end - 1001;
    EXPECT_EQ(b.get(CIM_ADC_COMPLETED), 0u);
    b.local_ps = end - 1;
    EXPECT_EQ(b.read<std::int32_t>(b.codes(), 12), words(12, 0));
    b.local_ps = end - 1000;
    EXPECT_EQ(b.get(CIM_ADC_STATUS), 0u);
    EXPECT_EQ(b.get(CIM_ADC_COMPLETED), 1u);
    EXPECT_EQ(b.read<std::int32_t>(b.codes(), 12), expected);
    EXPECT_EQ(b.read<std::int32_t>(b.codes() + 4, 3), (words{-1, 2, -2}));
    b.write(b.samples(), words(12, 50));
    b.start(3, 2);
    b.await();
    auto changed = expected;
    changed[3] = changed[4] = 25;
    EXPECT_EQ(b.read<std::int32_t>(b.codes(), 12), changed) << "those that were asked for";
    EXPECT_EQ(sc_core::sc_time_stamp(), sc_core::SC_ZERO_TIME);
}

TEST_F(adc_bank_registers, refuse_with_codes_and_work_on) {
    const auto energy = b.energy.total_pj();
    const auto refused = [&](std::uint32_t code) {
        EXPECT_EQ(b.get(CIM_ADC_STATUS), CIM_ADC_STATUS_ERROR);
        EXPECT_EQ(error(), code);
        EXPECT_EQ(b.get(CIM_ADC_IRQ_STATUS), CIM_ADC_IRQ_ERROR);
        b.set(CIM_ADC_ERROR_CODE, 0);
        b.set(CIM_ADC_IRQ_STATUS, CIM_ADC_IRQ_ERROR);
        EXPECT_EQ(b.get(CIM_ADC_STATUS), 0u);
    };
    const std::pair<std::uint32_t, std::uint32_t> none[] = {
        {0, 0}, {0, 13}, {12, 1}, {11, 2}, {0xffffffff, 1}, {1, 0xffffffff}, {0xffffffff, 0xffffffff}};
    for (const auto& [first, count] : none) {
        b.start(first, count);
        refused(CIM_ADC_ERROR_COLUMNS);
    }
    b.set(CIM_ADC_CONTROL, CIM_ADC_CONTROL_START | 2);
    refused(CIM_ADC_ERROR_CONTROL);
    EXPECT_EQ(b.energy.total_pj(), energy);
    b.set(CIM_ADC_CONTROL, 0);
    EXPECT_EQ(b.get(CIM_ADC_STATUS), 0u) << "nothing was asked for";

    b.start(0, 12);
    b.set(CIM_ADC_CONTROL, CIM_ADC_CONTROL_START);
    EXPECT_EQ(error(), CIM_ADC_ERROR_BUSY);
    b.set(CIM_ADC_ERROR_CODE, 0);
    b.await();
    b.start(0, 12);
    b.write(b.codes(), words{77});
    EXPECT_EQ(error(), CIM_ADC_ERROR_CODES);
    b.await();
    EXPECT_EQ(b.read<std::int32_t>(b.codes(), 1), words{0});
    b.write(b.codes(), words{77});
    EXPECT_EQ(b.read<std::int32_t>(b.codes(), 1), words{77});
    EXPECT_EQ(b.get(CIM_ADC_COMPLETED), 2u);
}

TEST_F(adc_bank_registers, the_interrupt_is_raised_at_the_end_and_lowered_by_the_host) {
    b.run(1000000);
    b.set(CIM_ADC_IRQ_ENABLE, 0xffffffff);
    EXPECT_EQ(b.get(CIM_ADC_IRQ_ENABLE), CIM_ADC_IRQ_ALL);
    b.start(0, 12);
    const auto end = b.bank.model().end_ps();
    EXPECT_TRUE(b.line.empty());
    EXPECT_NE(b.bank.waiting_for(), "");
    b.run(1000000);
    EXPECT_EQ(b.bank.waiting_for(), "");
    ASSERT_EQ(b.line.size(), 1u);
    EXPECT_EQ(b.line[0], std::make_pair(end, true));
    b.set(CIM_ADC_IRQ_STATUS, CIM_ADC_IRQ_ERROR);
    EXPECT_TRUE(b.bank.interrupt()) << "another bit";
    b.set(CIM_ADC_IRQ_STATUS, CIM_ADC_IRQ_DONE);
    EXPECT_FALSE(b.bank.interrupt()) << "at once";
    b.start(0, 1); // its end is seen by polling, ahead of the kernel
    while (b.busy()) {
    }
    b.set(CIM_ADC_IRQ_STATUS, CIM_ADC_IRQ_DONE);
    b.start(0, 12);
    const auto second = b.bank.model().end_ps();
    b.run(1000000);
    ASSERT_EQ(b.line.size(), 3u) << "one that was cleared ahead of the kernel is never raised";
    EXPECT_EQ(b.line[2], std::make_pair(second, true));
}

// A done bit that nobody has cleared yet, and the end of the next start still to come.
TEST_F(adc_bank_registers, clearing_an_old_end_keeps_the_coming_one) {
    b.start(0, 12);
    b.await();
    b.start(0, 12);
    b.set(CIM_ADC_IRQ_STATUS, CIM_ADC_IRQ_DONE);
    EXPECT_EQ(b.get(CIM_ADC_IRQ_STATUS) & (b.busy() ? CIM_ADC_IRQ_DONE : 0u), 0u);
    b.await();
    EXPECT_EQ(b.get(CIM_ADC_IRQ_STATUS), CIM_ADC_IRQ_DONE);
}

TEST_F(adc_bank_registers, direct_access_to_samples_always_to_codes_while_idle) {
    tlm::tlm_dmi dmi;
    const auto ask = [&](tlm::tlm_command command, std::uint64_t offset) {
        tlm::tlm_generic_payload p;
        unsigned char byte = 0;
        testkit::fill(p, command, offset, &byte, 1);
        return b.host.out->get_direct_mem_ptr(p, dmi);
    };
    EXPECT_FALSE(ask(tlm::TLM_READ_COMMAND, CIM_ADC_ID));
    ASSERT_TRUE(ask(tlm::TLM_WRITE_COMMAND, b.samples()));
    EXPECT_EQ(dmi.get_start_address(), b.samples());
    EXPECT_EQ(dmi.get_end_address(), b.samples() + 47) << "inclusive";
    auto* samples = reinterpret_cast<std::int32_t*>(dmi.get_dmi_ptr());
    ASSERT_TRUE(ask(tlm::TLM_READ_COMMAND, b.codes()));
    const auto* codes = reinterpret_cast<const std::int32_t*>(dmi.get_dmi_ptr());
    std::fill(samples, samples + 12, 42);
    b.set(CIM_ADC_CONTROL, 0x80); // refused
    EXPECT_TRUE(b.host.invalidated.empty());
    b.local_ps = 0;
    b.start(0, 12);
    EXPECT_EQ(b.host.invalidated, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{b.codes(), b.codes() + 47}}));
    EXPECT_FALSE(ask(tlm::TLM_READ_COMMAND, b.codes()));
    EXPECT_TRUE(ask(tlm::TLM_WRITE_COMMAND, b.samples()));
    b.run(1000000);
    ASSERT_TRUE(ask(tlm::TLM_READ_COMMAND, b.codes()));
    EXPECT_EQ(codes[11], 21) << "in its old place";
}

// The host behind the registers and a macro next to the bank want the same converters.
TEST_F(adc_bank_registers, others_contend_with_the_host) {
    const auto macro = b.bank.requester("macro");
    b.set(CIM_ADC_FIRST, 0);
    const auto at = b.local_ps + 1000; // when the next access takes effect
    const auto t = b.bank.convert_at(at - 100, 0, 12, macro);
    EXPECT_EQ(t.end_ps, at - 100 + whole);
    b.set(CIM_ADC_CONTROL, CIM_ADC_CONTROL_START);
    EXPECT_EQ(b.bank.model().end_ps(), at - 100 + 2 * whole);
    statistics s;
    b.bank.report(s);
    const auto value = [&](const std::string& name) {
        for (const auto& e : s.entries())
            if (e.name == "bank." + name) return e.value;
        return -1.0;
    };
    EXPECT_EQ(value("host.waited_ps"), whole - 100);
    EXPECT_EQ(value("macro.waited_ps"), 0);
    EXPECT_EQ(value("conversions"), 24);
    EXPECT_EQ(value("busy_ps"), 24 * conversion);
    EXPECT_EQ(value("refused"), 0);
    EXPECT_NEAR(b.energy.total_pj(), 24 * (8 * 0.003 + 256 * 0.0001), 1e-9);
}

TEST(adc_bank, hundreds_of_random_conversions_on_random_banks_are_exact) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937_64 random(seed);
    const auto upto = [&](std::int64_t n) {
        return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    std::vector<std::unique_ptr<bench<>>> banks;
    for (int i = 0; i < 30; ++i) {
        const auto columns = upto(200);
        auto p = sar_bank(columns, upto(columns));
        p.adc.bits = static_cast<double>(upto(16));
        p.is_signed = random() % 2;
        p.lsb_units = std::ldexp(static_cast<double>(upto(1000)), -static_cast<int>(upto(10)));
        p.assignment = random() % 2 ? adc_assignment::by_column : adc_assignment::any_free;
        banks.push_back(std::make_unique<bench<>>(p, 0, ("alone_" + std::to_string(i)).c_str()));
    }
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (auto& b : banks) {
        const auto& p = b->bank.model().parameters();
        words before(static_cast<std::size_t>(p.columns), 0);
        std::vector<int> bits(before.size(), static_cast<int>(p.adc.bits));
        for (int i = 0; i < 20; ++i) {
            words samples(before.size());
            for (auto& s : samples) s = static_cast<std::int32_t>(random()) >> random() % 32;
            const auto column = static_cast<std::size_t>(upto(p.columns) - 1);
            bits[column] = static_cast<int>(upto(static_cast<std::int64_t>(p.adc.bits)));
            b->bank.set_resolution(static_cast<std::int64_t>(column), bits[column]);
            const auto first = upto(p.columns) - 1, count = upto(p.columns - first);
            b->write(b->samples(), samples);
            b->start(static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count));
            EXPECT_EQ(b->read<std::int32_t>(b->codes(), before.size()).size(), before.size());
            b->await();
            for (auto c = static_cast<std::size_t>(first); c < static_cast<std::size_t>(first + count); ++c) {
                // By counting up from the quotient, not by rounding.
                const long double quotient = static_cast<long double>(samples[c]) / p.lsb_units;
                auto code = static_cast<std::int64_t>(quotient);
                const auto rest = quotient - static_cast<long double>(code);
                if (rest >= 0.5L) ++code;
                if (rest <= -0.5L) --code;
                const std::int64_t least = p.is_signed ? -(std::int64_t{1} << (bits[c] - 1)) : 0;
                const std::int64_t most = least + (std::int64_t{1} << bits[c]) - 1;
                before[c] = static_cast<std::int32_t>(code < least ? least : code > most ? most : code);
            }
            ASSERT_EQ(b->read<std::int32_t>(b->codes(), before.size()), before);
        }
        EXPECT_EQ(b->get(CIM_ADC_COMPLETED), 20u);
        EXPECT_EQ(b->get(CIM_ADC_ERROR_CODE), CIM_ADC_ERROR_NONE);
    }
}

// Whatever comes in at whatever place: an answer, and a bank that works on.
TEST(adc_bank, random_accesses_do_not_harm_it) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937_64 random(seed);
    bench<64> b(sar_bank(37, 5), 0x1000);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    std::vector<unsigned char> data(400), enables(7);
    for (int i = 0; i < 20000; ++i) {
        for (auto& byte : data) byte = random() % 4 ? 0 : static_cast<unsigned char>(random());
        for (auto& e : enables) e = random() % 2 ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
        tlm::tlm_generic_payload p;
        if (random() % 4 == 0) {
            auto* strided = new transfer_extension; // the payload deletes it
            strided->segment_bytes = random() % 20;
            strided->stride_bytes = random() % 40;
            p.set_extension(strided);
        }
        const auto window = random() % 4 == 0 ? 0x10000 : 0x70;
        const auto address = 0x1000 * (1 + random() % 4) + random() % window - (random() % 16 == 0 ? 8 : 0);
        const auto length = random() % 2 ? 4u : static_cast<unsigned>(1 + random() % 300);
        testkit::fill(p, static_cast<tlm::tlm_command>(random() % 3), random() % 2 ? address : address / 4 * 4,
                      data.data(), length);
        if (random() % 4 == 0) {
            p.set_byte_enable_ptr(enables.data());
            p.set_byte_enable_length(static_cast<unsigned>(1 + random() % enables.size()));
        }
        const auto kind = random() % 8;
        tlm::tlm_dmi dmi;
        if (kind == 0) {
            b.host.out->transport_dbg(p);
        } else if (kind == 1) {
            b.host.out->get_direct_mem_ptr(p, dmi);
        } else {
            b.local_ps += b.host.transport(p, b.local_ps);
            ASSERT_NE(p.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
        }
        if (random() % 100 == 0) b.run(static_cast<std::int64_t>(random() % 100000));
        if (random() % 50 == 0)
            b.bank.convert_at(testkit::now_ps() + static_cast<std::int64_t>(random() % 5000), 0, 37, 0);
    }
    b.await();
    b.set(CIM_ADC_ERROR_CODE, 0);
    b.write(b.samples(), words(37, 10));
    b.start(0, 37);
    b.await();
    EXPECT_EQ(b.read<std::int32_t>(b.codes(), 37), words(37, 5));
    EXPECT_EQ(b.get(CIM_ADC_ERROR_CODE), CIM_ADC_ERROR_NONE);
}

/// A host that polls, and runs ahead of the kernel by up to a quantum.
struct polling_host {
    explicit polling_host(std::int64_t quantum_ps, const std::string& name)
        : b(sar_bank(48, 3), 0, name.c_str())
        , cpu((name + "_cpu").c_str(), [this, quantum_ps] { run(quantum_ps); }, true) {}
    void run(std::int64_t quantum_ps) {
        for (std::uint32_t i = 1; i <= 40; ++i) {
            b.start(0, i);
            while (b.busy())
                if (b.local_ps > quantum_ps) testkit::wait_ps(std::exchange(b.local_ps, 0));
            ends.push_back(testkit::now_ps() + b.local_ps);
        }
        testkit::wait_ps(std::exchange(b.local_ps, 0));
    }
    bench<> b;
    std::vector<std::int64_t> ends;
    testkit::process cpu;
};

TEST(adc_bank, a_quantum_changes_nothing) {
    std::vector<std::unique_ptr<polling_host>> hosts;
    for (const std::int64_t quantum_ps : {0, 1000, 50000, 1000000, 1000000000})
        hosts.push_back(std::make_unique<polling_host>(quantum_ps, "q" + std::to_string(quantum_ps)));
    sc_core::sc_start();
    for (const auto& h : hosts) {
        ASSERT_EQ(h->ends.size(), 40u);
        EXPECT_EQ(h->ends, hosts[0]->ends);
        EXPECT_EQ(h->b.energy.total_pj(), hosts[0]->b.energy.total_pj());
        EXPECT_EQ(h->b.bank.model().last_end_ps(), hosts[0]->b.bank.model().last_end_ps());
    }
}

} // namespace

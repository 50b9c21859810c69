#pragma once
/// The contract of every initiator in this library, as a suite of parameterised tests (initiator_cases.h): how it fills
/// its payloads, and what it takes from targets.
///
/// It is applied to an initiator by a harness type:
///
///     struct my_initiator {
///         static constexpr unsigned width = 64;
///         contract::initiator_traits traits() const;     // what the initiator promises
///         tlm::tlm_initiator_socket<width>& socket();    // the socket under test, not yet bound
///         bool finished() const;                         // its work, which begins with the simulation, is done
///         std::string errors() const;                    // what it tells about refused transfers, "" for nothing
///     };
///     CIMTLM_INITIATOR_CONTRACT(my_initiator); // at namespace scope, outside unnamed ones
///
/// The cases do not depend on the harness: one file of each test program includes their header. A harness is made anew
/// for each test, each test runs in a process of its own, and a base protocol probe stands between the initiator and
/// a memory with the manners of foreign ones. A socket whose initiator shares its work among several is tested while
/// the harness binds the others to memories of its own.
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/base_protocol_probe.h>
#include <cimtlm/tlm/storage.h>
#include <cimtlm/tlm/transfer_extension.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <tests/tlm/initiator.h>

namespace contract {

/// What an initiator promises.
struct initiator_traits {
    /// What becomes of a refused transfer: SC_REPORT_FATAL that names the socket, or the harness's errors().
    enum class refusal { fatal, told };
    refusal on_refusal = refusal::fatal;
    bool lets_targets_wait = true; ///< they may call wait() in b_transport
    bool at_kernel_time = true;    ///< b_transport begins with a delay of 0
    /// Meant for foreign memories: lengths are powers of two, addresses multiples of them, and nothing is strided.
    bool aligned_pow2 = false;
    bool incomplete_is_served = false; ///< meant for foreign memories, some of which leave the status as they found it
    std::uint64_t least_transfers = 2;
};

/// What the memory does, beside serving.
struct manners {
    std::function<std::int64_t(std::uint64_t n)> latency_ps = [](std::uint64_t) { return 20000; };
    bool waits = false; ///< the latency is waited for in b_transport instead of added to the delay
    /// Response to the n-th transfer, from 0 on.
    std::function<tlm::tlm_response_status(std::uint64_t n)> answer = [](std::uint64_t) {
        return tlm::TLM_OK_RESPONSE;
    };
    bool copies = false;      ///< serves a deep copy and gives its answer back, as bridges do
    bool holds = false;       ///< keeps payloads that have a memory manager for some time
    bool invalidates = false; ///< takes direct memory access back again and again
};

/// What the memory saw.
struct observations {
    std::uint64_t transfers = 0, blocking = 0, held = 0;
    std::uint64_t bytes[2] = {}; ///< read, written
    std::int64_t last_ps = 0;    ///< end of the last transfer
    std::vector<std::string> complaints;
};

/// A memory with all addresses that knows none of our extensions.
template <unsigned BUSWIDTH> class foreign_memory : public sc_core::sc_module {
public:
    tlm_utils::simple_target_socket<foreign_memory, BUSWIDTH> in;

    foreign_memory(const sc_core::sc_module_name& name, const manners& m, const initiator_traits& t, observations& seen)
        : sc_module(name)
        , in("in")
        , manners_(m)
        , traits_(t)
        , seen_(seen)
        , frontend_(
              "frontend", [this](tlm::tlm_generic_payload& p, sc_core::sc_time& d) { serve(p, d); },
              [this](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
                  return in->nb_transport_bw(p, phase, d);
              },
              1000) {
        in.register_b_transport(this, &foreign_memory::b_transport);
        in.register_nb_transport_fw(this, &foreign_memory::nb_transport_fw);
        in.register_transport_dbg(this, &foreign_memory::transport_dbg);
        SC_METHOD(give_back);
        sensitive << release_event_;
        dont_initialize();
    }
    SC_HAS_PROCESS(foreign_memory);
    ~foreign_memory() override { release_all(); }

private:
    struct held_payload {
        tlm::tlm_generic_payload* payload;
        std::uint64_t address;
        unsigned char* data;
        unsigned length;
        tlm::tlm_command command;
    };

    void complain(const std::string& what) { seen_.complaints.push_back(what); }

    void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
        ++seen_.blocking;
        if (traits_.at_kernel_time && delay != sc_core::SC_ZERO_TIME) complain("a transfer with a delay");
        const auto length = p.get_data_length();
        const auto* data = p.get_data_ptr();
        serve(p, delay);
        if (manners_.waits) {
            const auto due = delay;
            delay = sc_core::SC_ZERO_TIME;
            sc_core::wait(due);
            if (p.get_data_ptr() != data || p.get_data_length() != length) complain("a payload changed in the call");
        }
    }
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
        if (phase == tlm::BEGIN_REQ && !p.has_mm()) complain("a non-blocking payload without memory manager");
        return frontend_.nb_transport_fw(p, phase, delay);
    }

    void check(const tlm::tlm_generic_payload& p) {
        if (!p.is_read() && !p.is_write()) complain("neither a read nor a write");
        if (p.get_data_ptr() == nullptr) complain("no data pointer");
        if (p.get_data_length() == 0) complain("no bytes");
        if (p.get_streaming_width() != p.get_data_length()) complain("the streaming width is not the length");
        if (p.get_byte_enable_ptr() != nullptr) complain("byte enables");
        if (p.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE) complain("the status is not INCOMPLETE");
        if (p.is_dmi_allowed()) complain("the hint for direct memory access is left over");
        if (p.get_gp_option() != tlm::TLM_MIN_PAYLOAD) complain("a payload with options");
        if (!traits_.aligned_pow2) return;
        const auto length = p.get_data_length();
        if ((length & (length - 1)) != 0) complain(std::to_string(length) + " bytes are no power of two");
        if (length > 0 && p.get_address() % length != 0) complain("an address that is not aligned to the length");
        const auto* extension = p.get_extension<cimtlm::transfer_extension>();
        if (extension != nullptr && extension->stride_bytes > extension->segment_bytes) complain("a strided transfer");
    }

    void serve(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
        check(p);
        const auto n = seen_.transfers++;
        if (manners_.copies) {
            std::vector<unsigned char> bytes(p.get_data_length());
            tlm::tlm_generic_payload copy;
            copy.set_data_ptr(bytes.data());
            copy.deep_copy_from(p);
            answer(copy, n, delay);
            p.update_original_from(copy);
            copy.free_all_extensions();
        } else {
            answer(p, n, delay);
        }
        if (manners_.holds && p.has_mm()) hold(p);
        if (manners_.invalidates) in->invalidate_direct_mem_ptr(0, ~std::uint64_t{0});
    }
    void answer(tlm::tlm_generic_payload& p, std::uint64_t n, sc_core::sc_time& delay) {
        delay += sc_core::sc_time(static_cast<double>(manners_.latency_ps(n)), sc_core::SC_PS);
        p.set_dmi_allowed(true);
        p.set_response_status(manners_.answer(n));
        const cimtlm::time_base times;
        seen_.last_ps = std::max(seen_.last_ps, times.now_ps() + times.ps(delay));
        if (p.get_response_status() != tlm::TLM_OK_RESPONSE || p.get_data_ptr() == nullptr) return;
        seen_.bytes[p.is_write()] += p.get_data_length();
        if (p.is_write())
            bytes_.write(p.get_address(), p.get_data_ptr(), p.get_data_length());
        else
            bytes_.read(p.get_address(), p.get_data_ptr(), p.get_data_length());
    }
    unsigned transport_dbg(tlm::tlm_generic_payload& p) {
        if (p.is_read()) bytes_.read(p.get_address(), p.get_data_ptr(), p.get_data_length());
        if (p.is_write()) bytes_.write(p.get_address(), p.get_data_ptr(), p.get_data_length());
        return p.get_data_length();
    }

    void hold(tlm::tlm_generic_payload& p) {
        p.acquire();
        ++seen_.held;
        held_.push_back({&p, p.get_address(), p.get_data_ptr(), p.get_data_length(), p.get_command()});
        if (held_.size() == 1) release_event_.notify(1, sc_core::SC_US);
    }
    void release_all() {
        for (const auto& h : held_) {
            const auto& p = *h.payload;
            if (p.get_address() != h.address || p.get_data_ptr() != h.data || p.get_data_length() != h.length ||
                p.get_command() != h.command)
                complain("a payload was used again while the target held it");
            h.payload->release();
        }
        held_.clear();
    }
    void give_back() { release_all(); }

    const manners& manners_;
    const initiator_traits traits_;
    observations& seen_;
    cimtlm::storage bytes_;
    std::vector<held_payload> held_;
    sc_core::sc_event release_event_;
    cimtlm::at_frontend frontend_;
};

/// A harness with the memory and the probe between both, whatever its width.
struct initiator_bench {
    virtual ~initiator_bench() = default;
    virtual initiator_traits promised() const = 0;
    virtual bool finished() const = 0;
    virtual std::string errors() const = 0;
    virtual std::string socket_name() = 0;
    virtual std::vector<std::string> violations_of(const std::string& side) const = 0;
    manners memory;
    observations seen;
};

template <class Harness> struct initiator_bench_of final : initiator_bench {
    static constexpr unsigned width = Harness::width;
    initiator_bench_of() {
        initiator.socket().bind(probe.in);
        probe.out.bind(target.in);
    }
    initiator_traits promised() const override { return initiator.traits(); }
    bool finished() const override { return initiator.finished(); }
    std::string errors() const override { return initiator.errors(); }
    std::string socket_name() override { return initiator.socket().name(); }
    std::vector<std::string> violations_of(const std::string& side) const override { return probe.violations_of(side); }

    Harness initiator;
    cimtlm::base_protocol_probe<width> probe{"probe"};
    foreign_memory<width> target{"memory", memory, initiator.traits(), seen};
};

/// Makes a harness; named, so that tests are.
struct initiator_factory {
    const char* name;
    std::unique_ptr<initiator_bench> (*make)();
    friend void PrintTo(const initiator_factory& f, std::ostream* to) { *to << f.name; }
};

template <class Harness> initiator_factory initiator_factory_of(const char* name) {
    return {name, []() -> std::unique_ptr<initiator_bench> { return std::make_unique<initiator_bench_of<Harness>>(); }};
}

class initiator_contract : public testing::TestWithParam<initiator_factory> {
public:
    void TearDown() override {
        std::map<std::string, int> all;
        for (const auto& c : bench->seen.complaints) ++all["the memory: " + c];
        for (const auto& v : bench->violations_of("initiator")) ++all[v];
        for (const auto& [text, count] : all) ADD_FAILURE() << text << " (" << count << " times)";
    }

protected:
    /// Runs to the end of all work.
    void run() { sc_core::sc_start(10, sc_core::SC_MS); }
    /// The same with work that must be finished without errors.
    void run_to_the_end() {
        run();
        EXPECT_TRUE(bench->finished());
        EXPECT_EQ(bench->errors(), "");
        EXPECT_GE(seen.transfers, t.least_transfers);
    }
    /// Runs with the refusals of memory.answer; they must be told as the initiator promises.
    void run_refused();

    const std::unique_ptr<initiator_bench> bench = GetParam().make();
    manners& memory = bench->memory;
    observations& seen = bench->seen;
    const initiator_traits t = bench->promised();
};

} // namespace contract

#define CIMTLM_INITIATOR_CONTRACT(harness)                                                                             \
    namespace contract {                                                                                               \
    INSTANTIATE_TEST_SUITE_P(harness, initiator_contract, testing::Values(initiator_factory_of<harness>(#harness)));   \
    }                                                                                                                  \
    static_assert(true)

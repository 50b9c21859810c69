#pragma once
/// What the cases of the contract stand on: a target's promises, the bench, the replay of a non-blocking bridge.
#include <cimtlm/tlm/base_protocol_probe.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <tests/tlm/initiator.h>

namespace contract {

/// What a target promises.
struct traits {
    std::uint64_t base = 0;    ///< first address
    std::uint64_t size = 4096; ///< bytes; 0: to the end of the address space
    std::uint64_t address = 0; ///< where `length` bytes may be read and written without consequences
    unsigned length = 8;
    bool byte_enables = true; ///< false: refused with BYTE_ENABLE
    bool keeps_data = true;   ///< what is written is read back
    bool dmi = true;          ///< direct memory access is granted at `address`
    /// Requests accepted early by an approximately timed front-end: every so many ps.
    std::int64_t request_interval_ps = 1000;
    bool dmi_writes = true; ///< what is granted may be written, too
    /// How long one access of `length` bytes takes the slowest port, where that is longer than the interval.
    std::int64_t service_ps = 0;
    std::int64_t pace_ps() const { return std::max(request_interval_ps, service_ps); }
    /// What the first access alone pays, and a port that is taken without a break never makes up.
    std::int64_t first_extra_ps = 0;
};

/// Attached by hosts, known to no target.
struct unknown_extension : tlm::tlm_extension<unknown_extension> {
    int value = 42;
    tlm::tlm_extension_base* clone() const override { return new unknown_extension(*this); }
    void copy_from(const tlm::tlm_extension_base& o) override { *this = static_cast<const unknown_extension&>(o); }
};

/// A harness with its initiator and the probe between both, whatever its width.
struct target_bench {
    virtual ~target_bench() = default;
    virtual traits promised() const = 0;
    virtual std::string fingerprint() const = 0;
    virtual testkit::initiator_calls& host() = 0;
    virtual const std::vector<std::string>& violations() const = 0;
    virtual std::vector<std::string> violations_of(const std::string& side) const = 0;
};

template <class Harness> struct bench_of final : target_bench {
    static constexpr unsigned width = Harness::width;
    bench_of() {
        initiator.out.bind(probe.in);
        probe.out.bind(target.socket());
    }
    traits promised() const override { return target.traits(); }
    std::string fingerprint() const override { return target.fingerprint(); }
    testkit::initiator_calls& host() override { return initiator; }
    const std::vector<std::string>& violations() const override { return probe.violations(); }
    std::vector<std::string> violations_of(const std::string& side) const override { return probe.violations_of(side); }

    Harness target;
    testkit::initiator<width> initiator{"host"};
    cimtlm::base_protocol_probe<width> probe{"probe"};
};

/// Makes a harness; named, so that tests are.
struct target_factory {
    const char* name;
    std::unique_ptr<target_bench> (*make)();
    friend void PrintTo(const target_factory& f, std::ostream* to) { *to << f.name; }
};

template <class Harness> target_factory factory_of(const char* name) {
    return {name, []() -> std::unique_ptr<target_bench> { return std::make_unique<bench_of<Harness>>(); }};
}

class target_contract : public testing::TestWithParam<target_factory> {
public:
    void TearDown() override {
        for (const auto& v : bench->violations_of("target"))
            if (!rewrites_addresses || v != "target: address changed") ADD_FAILURE() << v;
    }

protected:
    static void elaborate() { sc_core::sc_start(sc_core::SC_ZERO_TIME); }
    std::vector<unsigned char> pattern(unsigned seed, unsigned length) const {
        std::vector<unsigned char> data(length);
        for (unsigned i = 0; i < length; ++i) data[i] = static_cast<unsigned char>(seed * 41 + i * 7 + 1);
        return data;
    }
    std::vector<unsigned char> pattern(unsigned seed) const { return pattern(seed, t.length); }
    tlm::tlm_response_status status_of(tlm::tlm_command command, std::uint64_t address, unsigned length,
                                       unsigned streaming_width) {
        std::vector<unsigned char> data(std::max(length, 1u));
        tlm::tlm_generic_payload p;
        testkit::fill(p, command, address, data.data(), length);
        p.set_streaming_width(streaming_width);
        host.transport(p);
        return p.get_response_status();
    }
    tlm::tlm_response_status status_of(tlm::tlm_command command, std::uint64_t address, unsigned length) {
        return status_of(command, address, length, length);
    }
    /// Last valid address.
    std::uint64_t last() const {
        return t.size == 0 ? std::numeric_limits<std::uint64_t>::max() : t.base + (t.size - 1);
    }

    /// How the initiator ends a response.
    enum class ending { completed, call, call_later, updated };

    /// Sends `n` requests as gem5's bridge does, the next as soon as END_REQ or BEGIN_RESP has come for the one
    /// before, from within the call that brings it. Each begins `delay_ps` after its call; with `writes` every other
    /// one is a write. Returns the time of the last response in ps.
    std::int64_t replay(unsigned n, ending how, bool managed, std::int64_t delay_ps = 0, bool writes = true) {
        struct sent {
            tlm::tlm_generic_payload* payload;
            std::vector<unsigned char> data;
        };
        testkit::counting_manager manager;
        std::deque<sent> all;
        unsigned begun = 0, responses = 0;
        std::int64_t finish_ps = 0;
        const auto send = [&] {
            sent& s = all[begun];
            ++begun;
            tlm::tlm_phase phase = tlm::BEGIN_REQ;
            sc_core::sc_time delay(static_cast<double>(delay_ps), sc_core::SC_PS);
            const auto answer = host.path().nb_transport_fw(*s.payload, phase, delay);
            EXPECT_NE(answer, tlm::TLM_COMPLETED) << "a bridge loses this response";
            EXPECT_NE(answer, tlm::TLM_UPDATED) << "hosts that ignore the returned phase wait for ever";
        };
        for (unsigned i = 0; i < n; ++i) {
            all.push_back(
                {managed ? new tlm::tlm_generic_payload(&manager) : new tlm::tlm_generic_payload, pattern(i)});
            testkit::fill(*all.back().payload, writes && i % 2 == 0 ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND,
                          t.address, all.back().data.data(), t.length);
            if (managed) all.back().payload->acquire();
        }
        std::vector<tlm::tlm_generic_payload*> to_end;
        std::map<const tlm::tlm_generic_payload*, bool> request_ended;
        sc_core::sc_event end_now;
        const auto end_response = [&](tlm::tlm_generic_payload& p) {
            tlm::tlm_phase phase = tlm::END_RESP;
            sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
            host.path().nb_transport_fw(p, phase, delay);
            if (managed) p.release();
        };
        const auto request_end = [&](tlm::tlm_generic_payload& p) {
            if (request_ended[&p]) return;
            request_ended[&p] = true;
            if (begun < n) send();
        };
        host.on_backward = [&](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase,
                               sc_core::sc_time& delay) -> tlm::tlm_sync_enum {
            if (phase == tlm::END_REQ) {
                request_end(p);
                return tlm::TLM_ACCEPTED;
            }
            EXPECT_EQ(phase, tlm::BEGIN_RESP);
            EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
            ++responses;
            finish_ps = testkit::now_ps();
            request_end(p);
            switch (how) {
            case ending::completed:
                if (managed) p.release();
                return tlm::TLM_COMPLETED;
            case ending::call:
                end_response(p);
                return tlm::TLM_ACCEPTED;
            case ending::call_later:
                to_end.push_back(&p);
                end_now.notify(3, sc_core::SC_NS);
                return tlm::TLM_ACCEPTED;
            case ending::updated:
                phase = tlm::END_RESP;
                delay += sc_core::sc_time(2, sc_core::SC_NS);
                if (managed) p.release();
                return tlm::TLM_UPDATED;
            }
            return tlm::TLM_ACCEPTED;
        };
        testkit::process driver(
            "driver",
            [&] {
                send();
                while (how == ending::call_later) {
                    sc_core::wait(end_now);
                    std::vector<tlm::tlm_generic_payload*> now;
                    now.swap(to_end);
                    for (auto* p : now) end_response(*p);
                }
            },
            true);
        sc_core::sc_start();
        EXPECT_EQ(responses, n);
        if (managed) {
            EXPECT_EQ(manager.freed, static_cast<int>(n)) << "references left over";
        } else {
            // Destroyed here; a pointer that the target kept would show in what follows.
            for (auto& s : all) delete s.payload;
        }
        host.on_backward = nullptr;
        sc_core::sc_start(1, sc_core::SC_US);
        return finish_ps;
    }

    const std::unique_ptr<target_bench> bench = GetParam().make();
    testkit::initiator_calls& host = bench->host();
    const traits t = bench->promised();
    bool rewrites_addresses = false; // the probe takes the initiator's doing for the target's
};

/// What the cases about foreign hosts share.
class foreign_host_contract : public target_contract {
protected:
    /// What is done to the address of a request, and when. The target has seen it with BEGIN_REQ.
    enum class rewritten { after_the_call, at_end_req, at_begin_resp };

    /// A payload with a memory manager and one reference.
    struct managed_payload {
        testkit::counting_manager manager;
        tlm::tlm_generic_payload* payload = new tlm::tlm_generic_payload(&manager);
        managed_payload() { payload->acquire(); }
        ~managed_payload() { payload->release(); }
        tlm::tlm_generic_payload* operator->() const { return payload; }
        tlm::tlm_generic_payload& operator*() const { return *payload; }
    };

    void fill(tlm::tlm_generic_payload& p, tlm::tlm_command command, std::vector<unsigned char>& data) const {
        testkit::fill(p, command, t.address, data.data(), static_cast<unsigned>(data.size()));
    }

    /// Sends `payloads` by four phases, each `gap_ps` after the one before, and runs until all have their response;
    /// `watch` sees each payload at BEGIN_REQ (after the call), END_REQ and BEGIN_RESP (within it).
    using watcher = std::function<void(tlm::tlm_generic_payload&, tlm::tlm_phase_enum)>;
    void send(const std::vector<tlm::tlm_generic_payload*>& payloads, std::int64_t gap_ps, const watcher& watch) {
        std::size_t responses = 0;
        host.on_backward = [&](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time&) {
            watch(p, phase == tlm::END_REQ ? tlm::END_REQ : tlm::BEGIN_RESP);
            if (phase == tlm::END_REQ) return tlm::TLM_ACCEPTED;
            ++responses;
            return tlm::TLM_COMPLETED;
        };
        testkit::process driver(
            "driver",
            [&] {
                for (auto* p : payloads) {
                    tlm::tlm_phase phase = tlm::BEGIN_REQ;
                    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
                    EXPECT_EQ(host.path().nb_transport_fw(*p, phase, delay), tlm::TLM_ACCEPTED);
                    watch(*p, tlm::BEGIN_REQ);
                    testkit::wait_ps(gap_ps);
                }
            },
            true);
        sc_core::sc_start();
        EXPECT_EQ(responses, payloads.size());
        host.on_backward = nullptr;
    }

    void check_rewritten(rewritten when) {
        rewrites_addresses = true;
        auto written = pattern(20), read = pattern(21);
        managed_payload w, r;
        fill(*w, tlm::TLM_WRITE_COMMAND, written);
        fill(*r, tlm::TLM_READ_COMMAND, read);
        const auto elsewhere = t.address ^ 0x10;
        send({w.payload, r.payload}, 10000000, [&](tlm::tlm_generic_payload& p, tlm::tlm_phase_enum phase) {
            const bool now = (when == rewritten::after_the_call && phase == tlm::BEGIN_REQ) ||
                             (when == rewritten::at_end_req &&
                              (phase == tlm::END_REQ || phase == tlm::BEGIN_RESP)) || // which ends it, too
                             (when == rewritten::at_begin_resp && phase == tlm::BEGIN_RESP);
            if (now) p.set_address(elsewhere);
        });
        for (auto* p : {w.payload, r.payload}) {
            EXPECT_EQ(p->get_response_status(), tlm::TLM_OK_RESPONSE);
            EXPECT_EQ(p->get_address(), elsewhere) << "not the target's business";
        }
        if (!t.keeps_data) return;
        EXPECT_EQ(read, written);
        host.access(tlm::TLM_READ_COMMAND, t.address, read);
        EXPECT_EQ(read, written) << "and not where the address pointed later";
    }
};

} // namespace contract

#pragma once
/// What the cases of the contract stand on: a target's promises, the bench, the replay of a non-blocking bridge.
#include <cimtlm/tlm/base_protocol_probe.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
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
};

/// Attached by hosts, known to no target.
struct unknown_extension : tlm::tlm_extension<unknown_extension> {
    int value = 42;
    tlm::tlm_extension_base* clone() const override { return new unknown_extension(*this); }
    void copy_from(const tlm::tlm_extension_base& o) override { *this = static_cast<const unknown_extension&>(o); }
};

template <class Harness> class target_contract : public testing::Test {
public:
    static constexpr unsigned width = Harness::width;
    target_contract()
        : target()
        , host("host")
        , probe("probe")
        , t(target.traits()) {
        host.out.bind(probe.in);
        probe.out.bind(target.socket());
    }
    void TearDown() override {
        for (const auto& v : probe.violations_of("target")) ADD_FAILURE() << v;
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
            const auto answer = host.out->nb_transport_fw(*s.payload, phase, delay);
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
            host.out->nb_transport_fw(p, phase, delay);
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

    Harness target;
    testkit::initiator<width> host;
    cimtlm::base_protocol_probe<width> probe;
    const traits t;
};

} // namespace contract

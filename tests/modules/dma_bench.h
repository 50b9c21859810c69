#pragma once
/// A DMA between processes in local time and a memory, of ours or foreign, with probes on both sides of it.
#include <cimtlm/base/ledger.h>
#include <cimtlm/modules/dma.h>
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/base_protocol_probe.h>
#include <cimtlm/tlm/initiator_port.h>
#include <cimtlm/tlm/storage.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "levels.h"
#include <tests/tlm/initiator.h>

namespace dma_bench {

using namespace levels;
using namespace cimtlm;
using testkit::now_ps;
using testkit::wait_ps;

inline sc_core::sc_time ps(std::int64_t t) { return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(t)); }

/// A contiguous payload against a storage; what it knows of extensions is nothing.
inline void serve(storage& s, tlm::tlm_generic_payload& p) {
    if (p.is_read())
        s.read(p.get_address(), p.get_data_ptr(), p.get_data_length());
    else
        s.write(p.get_address(), p.get_data_ptr(), p.get_data_length());
    p.set_response_status(tlm::TLM_OK_RESPONSE);
}

/// Sees payloads pass.
struct tap : sc_core::sc_module {
    tlm_utils::simple_target_socket<tap, 32> in;
    tlm_utils::simple_initiator_socket<tap, 32> out;
    struct seen {
        bool write;
        std::uint64_t address;
        unsigned length;
        transfer_extension extension;
        bool managed;
    };
    std::vector<seen> log;
    std::int64_t under_way = 0, most_under_way = 0;

    explicit tap(const sc_core::sc_module_name& name)
        : sc_core::sc_module(name)
        , in("in")
        , out("out") {
        in.register_b_transport(this, &tap::b_transport);
        in.register_nb_transport_fw(this, &tap::forward);
        in.register_transport_dbg(this, &tap::debug);
        out.register_nb_transport_bw(this, &tap::backward);
    }
    void note(const tlm::tlm_generic_payload& p) {
        transfer_extension* e = nullptr;
        p.get_extension(e);
        log.push_back({p.is_write(), p.get_address(), p.get_data_length(), e ? *e : transfer_extension(), p.has_mm()});
    }
    void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& d) {
        note(p);
        out->b_transport(p, d);
    }
    tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
        if (phase != tlm::BEGIN_REQ) return out->nb_transport_fw(p, phase, d);
        note(p);
        most_under_way = std::max(most_under_way, ++under_way);
        const auto status = out->nb_transport_fw(p, phase, d);
        if (status == tlm::TLM_COMPLETED || (status == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP)) --under_way;
        return status;
    }
    tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
        if (phase == tlm::BEGIN_RESP) --under_way;
        return in->nb_transport_bw(p, phase, d);
    }
    unsigned debug(tlm::tlm_generic_payload& p) { return out->transport_dbg(p); }
};

/// A foreign memory: a latency an access and no more, by annotation or by waiting. Non-blocking by the standard's
/// adapter or by our front-end.
struct foreign_memory : sc_core::sc_module {
    tlm_utils::simple_target_socket<foreign_memory, 32> in;
    storage bytes;
    std::int64_t latency_ps = 50000;
    bool waits = false;
    std::uint64_t bad_from = ~std::uint64_t{0}; ///< accesses from here on are errors
    std::unique_ptr<at_frontend> frontend;

    foreign_memory(const sc_core::sc_module_name& name, bool with_frontend)
        : sc_core::sc_module(name)
        , in("in") {
        in.register_b_transport(this, &foreign_memory::b_transport);
        in.register_transport_dbg(this, &foreign_memory::debug);
        if (!with_frontend) return;
        frontend = std::make_unique<at_frontend>(
            "frontend", [this](tlm::tlm_generic_payload& p, sc_core::sc_time& d) { b_transport(p, d); },
            [this](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
                return in->nb_transport_bw(p, phase, d);
            },
            0);
        in.register_nb_transport_fw(this, &foreign_memory::forward);
    }
    tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
        return frontend->nb_transport_fw(p, phase, d);
    }
    void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& d) {
        d += ps(latency_ps);
        if (waits) {
            sc_core::wait(d);
            d = sc_core::SC_ZERO_TIME;
        }
        if (p.get_address() >= bad_from)
            p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        else
            serve(bytes, p);
    }
    unsigned debug(tlm::tlm_generic_payload& p) {
        serve(bytes, p);
        return p.get_data_length();
    }
};

/// A memory that answers in every way that the protocol knows, in any order, with times in annotations.
struct moody_memory : sc_core::sc_module {
    tlm_utils::simple_target_socket<moody_memory, 32> in;
    storage bytes;
    std::mt19937 random{7};
    bool always_completes = false;
    struct open {
        tlm::tlm_generic_payload* payload;
        bool accepted;
        std::int64_t not_before_ps;
    };
    std::vector<open> opens;
    tlm::tlm_generic_payload* responding = nullptr;
    sc_core::sc_event wake;

    explicit moody_memory(const sc_core::sc_module_name& name)
        : sc_core::sc_module(name)
        , in("in") {
        in.register_nb_transport_fw(this, &moody_memory::forward);
        SC_THREAD(run);
    }
    SC_HAS_PROCESS(moody_memory);
    std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)); }

    tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
        if (phase == tlm::END_RESP) {
            EXPECT_EQ(responding, &p);
            responding = nullptr;
            wake.notify(d + ps(1));
            return tlm::TLM_COMPLETED;
        }
        const auto mood = always_completes ? 0 : below(6);
        if (mood == 0 || (mood == 1 && responding == nullptr)) {
            serve(bytes, p);
            d += ps(below(40000));
            if (mood == 0) return tlm::TLM_COMPLETED;
            responding = &p;
            phase = tlm::BEGIN_RESP;
            return tlm::TLM_UPDATED;
        }
        p.acquire();
        wake.notify(ps(below(20000)));
        if (mood == 2) {
            d += ps(below(5000));
            opens.push_back({&p, true, now_ps() + static_cast<std::int64_t>(d.value())});
            phase = tlm::END_REQ;
            return tlm::TLM_UPDATED;
        }
        opens.push_back({&p, mood == 3, now_ps()});
        if (mood == 3) { // before it returns
            tlm::tlm_phase end = tlm::END_REQ;
            auto delay = sc_core::SC_ZERO_TIME;
            in->nb_transport_bw(p, end, delay);
        }
        return tlm::TLM_ACCEPTED;
    }
    void run() {
        while (true) {
            sc_core::wait(wake);
            while (!opens.empty() && responding == nullptr) {
                wait_ps(1 + below(8000));
                if (responding != nullptr || opens.empty()) break;
                const auto at = static_cast<std::size_t>(below(static_cast<std::int64_t>(opens.size())));
                auto& o = opens[at];
                auto delay = ps(std::max<std::int64_t>(o.not_before_ps - now_ps(), 0) + below(3) * below(9000));
                if (!o.accepted && below(2)) {
                    o.accepted = true;
                    o.not_before_ps = now_ps() + static_cast<std::int64_t>(delay.value());
                    tlm::tlm_phase phase = tlm::END_REQ;
                    in->nb_transport_bw(*o.payload, phase, delay);
                    continue;
                }
                auto& p = *o.payload;
                opens.erase(opens.begin() + static_cast<std::ptrdiff_t>(at));
                serve(bytes, p);
                responding = &p;
                tlm::tlm_phase phase = tlm::BEGIN_RESP;
                const auto status = in->nb_transport_bw(p, phase, delay);
                if (status == tlm::TLM_COMPLETED || (status == tlm::TLM_UPDATED && phase == tlm::END_RESP))
                    responding = nullptr;
                p.release();
            }
        }
    }
};

/// Processes in local time, the DMA, probes on both sides of it and a memory.
struct bench {
    explicit bench(const device_dma_parameters& p)
        : mover("dma", p, cycle_ps, kernel) {
        client.out.bind(probe_in.in);
        probe_in.out.bind(mover.in);
        mover.out.bind(probe_out.in);
        probe_out.out.bind(watch.in);
    }
    ~bench() {
        auto broken = probe_out.violations();
        for (auto& v : probe_in.violations_of("target")) broken.push_back(v);
        for (const auto& v : broken)
            if (v != "target: b_transport waited") ADD_FAILURE() << v; // some of the memories here do
    }
    transfer_result move(tlm::tlm_command command, std::uint64_t address, std::vector<unsigned char>& data,
                         std::uint64_t segment = 0, std::uint64_t stride = 0) {
        transfer_request r;
        r.command = command;
        r.address = address;
        r.bytes = data.size();
        r.segment_bytes = segment;
        r.stride_bytes = stride;
        r.data = data.data();
        r.operand = operand_b;
        r.kind = command == tlm::TLM_WRITE_COMMAND ? transfer_kind::update : transfer_kind::read;
        return port.transfer(r, on_error::return_status);
    }
    transfer_result read(std::uint64_t address, std::size_t bytes) {
        std::vector<unsigned char> data(bytes);
        return move(tlm::TLM_READ_COMMAND, address, data);
    }
    transfer_result write(std::uint64_t address, std::size_t bytes) {
        std::vector<unsigned char> data(bytes, 1);
        return move(tlm::TLM_WRITE_COMMAND, address, data);
    }
    ledger energy;
    local_kernel kernel{"kernel"};
    testkit::initiator<> client{"client"};
    initiator_port<> port{client.out, 5, &kernel};
    base_protocol_probe<64> probe_in{"probe_in"};
    dma<32> mover;
    base_protocol_probe<32> probe_out{"probe_out"};
    tap watch{"watch"};
};

inline std::int64_t latency_in(const transfer_result& r) {
    return r.delay_ps - r.service_ps - r.queue_ps - r.row_ps - r.refresh_ps;
}

enum class memory_kind { ours, ours_behind_a_bus, foreign, foreign_waits, foreign_frontend, moody, completes };

} // namespace dma_bench

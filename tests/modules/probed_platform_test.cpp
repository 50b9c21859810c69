/// A small platform with a base protocol probe between every pair of modules: does anyone break the protocol while a
/// host has a product and vector work done?
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/cache.h>
#include <cimtlm/modules/crossbar_macro.h>
#include <cimtlm/modules/host_cpu.h>
#include <cimtlm/tlm/base_protocol_probe.h>

#include <cim_registers.h>

#include "compute_block_bench.h"
#include "levels.h"
#include "macro_bench.h"

namespace {

using namespace cimtlm;
using probe = base_protocol_probe<64>;

constexpr std::uint64_t block_window = std::uint64_t{1} << 40, vector_window = block_window + 0x1000,
                        macro_window = block_window + 0x100000;

struct platform {
    machine m = [] {
        auto of = block_bench::tensor_machine();
        of.vector_unit.fused = false;
        of.host.issue = host_issue::tile;
        return of;
    }();
    cost_model cost{m, convention::like_for_like};
    ledger energy;
    compute_block block{"block", cost, energy};
    vector_unit vectors{"vector_unit", m, energy};
    host_cpu host{"host", m, energy, block, block_window, vectors, vector_window};
    testkit::initiator<> cpu{"cpu"};
    crossbar_macro<64> macro{"macro", macro_bench::small_macro(), m.cycle_ps(), energy, macro_window};
    bus<> interconnect{"bus", levels::bus_level(64), m.cycle_ps(), energy, 4, 4};
    cache<> l2{"l2", levels::cache_level(64 * 1024, 1024), m.cycle_ps(), energy, false, 0, 1};
    dram<> memory{"dram", m.memories[0], m.cycle_ps(), energy};
    scratchpad<> staging{"smem", m.memories[1], m.cycle_ps(), energy};
    probe host_bus{"host_bus"}, block_bus{"block_bus"}, vectors_bus{"vectors_bus"}, cpu_bus{"cpu_bus"},
        bus_block{"bus_block"}, bus_vectors{"bus_vectors"}, bus_macro{"bus_macro"}, bus_cache{"bus_cache"},
        cache_memory{"cache_memory"}, block_staging{"block_staging"};
    flat_nest nest = [this] {
        const auto shape = nest_slots(m, product().bits);
        return flat_nest(parse_nest(block_bench::tiling{}.nest(product()), shape, "nest"), m, shape);
    }();

    static gemm product() { return block_bench::product(32, 64, 96); }

    platform() {
        const auto pair = [](auto& from, probe& p, auto& to) {
            from.bind(p.in);
            p.out.bind(to);
        };
        pair(host.mem, host_bus, interconnect.in[0]);
        pair(block.mem, block_bus, interconnect.in[1]);
        pair(vectors.mem, vectors_bus, interconnect.in[2]);
        pair(cpu.out, cpu_bus, interconnect.in[3]);
        interconnect.map(block_window, compute_block::window_bytes, 0);
        interconnect.map(vector_window, vector_unit::window_bytes, 1);
        interconnect.map(macro_window, macro.size_bytes(), 2, false);
        interconnect.map(0, block_window, 3);
        pair(interconnect.out[0], bus_block, block.ctrl());
        pair(interconnect.out[1], bus_vectors, vectors.ctrl());
        pair(interconnect.out[2], bus_macro, macro.in);
        pair(interconnect.out[3], bus_cache, l2.in[0]);
        pair(l2.out, cache_memory, memory.in);
        pair(block.near[0], block_staging, staging.in);
        matrix_job j;
        j.product = product();
        j.nest = &nest;
        j.base_address = {0, block_bench::spacing, 2 * block_bench::spacing};
        vector_job v;
        v.work.name = "softmax";
        v.work.elements = 10000;
        v.work.operations = 50000;
        v.work.read_bytes = v.work.write_bytes = 10000;
        v.write_address = block_bench::spacing;
        host.assign({{j, 2}, {v, 2}});
    }
};

TEST(probed_platform, keeps_the_protocol_between_every_pair) {
    platform p;
    testkit::process driver(
        "driver",
        [&] { // the macro's driver, by four phases with one payload
            testkit::counting_manager manager;
            auto* payload = new tlm::tlm_generic_payload(&manager);
            payload->acquire();
            sc_core::sc_event answered;
            p.cpu.on_backward = [&](tlm::tlm_generic_payload&, tlm::tlm_phase& phase, sc_core::sc_time&) {
                if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
                answered.notify(sc_core::SC_ZERO_TIME);
                return tlm::TLM_COMPLETED;
            };
            const auto move = [&](tlm::tlm_command command, std::uint64_t offset, std::uint32_t& value) {
                testkit::fill(*payload, command, macro_window + offset, reinterpret_cast<unsigned char*>(&value), 4);
                tlm::tlm_phase phase = tlm::BEGIN_REQ;
                sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
                p.cpu.out->nb_transport_fw(*payload, phase, delay);
                sc_core::wait(answered);
                EXPECT_EQ(payload->get_response_status(), tlm::TLM_OK_RESPONSE);
            };
            std::uint32_t value = 0x01010101;
            for (std::uint64_t i = 0; i < 120; i += 4) move(tlm::TLM_WRITE_COMMAND, 0x1000 + i, value);
            for (std::uint64_t i = 0; i < 16; i += 4) move(tlm::TLM_WRITE_COMMAND, 0x2000 + i, value);
            value = CIM_MACRO_CONTROL_START;
            move(tlm::TLM_WRITE_COMMAND, CIM_MACRO_CONTROL, value);
            do move(tlm::TLM_READ_COMMAND, CIM_MACRO_STATUS, value);
            while (value != 0);
            move(tlm::TLM_READ_COMMAND, 0x3000, value);
            EXPECT_EQ(value, 15u);
            payload->release();
        },
        true);
    sc_core::sc_start();
    EXPECT_TRUE(p.host.finished());
    for (const auto* each : {&p.host_bus, &p.block_bus, &p.vectors_bus, &p.cpu_bus, &p.bus_block, &p.bus_vectors,
                             &p.bus_macro, &p.bus_cache, &p.cache_memory, &p.block_staging}) {
        EXPECT_GT(each->transactions(), 0u) << each->name();
        for (const auto& v : each->violations()) ADD_FAILURE() << each->name() << ": " << v;
    }
}

} // namespace

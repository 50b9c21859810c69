// Speed of the kernel's part: a wait, and one transaction with its wait through scratchpad, bus and DRAM.
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/scratchpad.h>
#include <cimtlm/tlm/initiator_port.h>

#include <benchmark/benchmark.h>

#include <memory>
#include <systemc>

namespace {

using namespace cimtlm;

constexpr double cycle_ps = 1000;

memory_level sram_level() {
    memory_level l;
    l.name = "smem";
    l.capacity_bytes = 262144;
    l.read_bytes_per_cycle = l.write_bytes_per_cycle = 42;
    l.latency_cycles = 23;
    return l;
}

memory_level dram_level() {
    memory_level l;
    l.name = "dram";
    l.kind = memory_kind::dram;
    l.read_bytes_per_cycle = l.write_bytes_per_cycle = 32;
    l.dram = dram_parameters{};
    return l;
}

/// The measured loops run in a thread of the kernel, as the modules do.
class driver : public sc_core::sc_module {
public:
    tlm::tlm_initiator_socket<64> near{"near"}, far{"far"};

    SC_HAS_PROCESS(driver);
    explicit driver(const sc_core::sc_module_name& name)
        : sc_core::sc_module(name) {
        near.bind(nothing_near_);
        far.bind(nothing_far_);
        SC_THREAD(run);
        set_stack_size(1 << 20);
    }

private:
    struct deaf : tlm::tlm_bw_transport_if<> {
        tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) override {
            return tlm::TLM_ACCEPTED;
        }
        void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
    };

    void run() {
        benchmark::RegisterBenchmark("wait", [this](benchmark::State& state) {
            for (auto _ : state) wait(1, sc_core::SC_NS);
            state.SetItemsProcessed(state.iterations());
        });
        const auto moves = [this](const char* name, tlm::tlm_initiator_socket<64>& socket, bool waits,
                                  std::uint64_t bytes) {
            benchmark::RegisterBenchmark(name, [this, &socket, waits, bytes](benchmark::State& state) {
                initiator_port<64> port(socket);
                transfer_request request;
                request.bytes = bytes;
                std::int64_t due_ps = 0;
                for (auto _ : state) {
                    due_ps += port.transfer(request).delay_ps;
                    request.address = (request.address + bytes) % 131072;
                    if (!waits && due_ps < 10000000) continue;
                    // Without it the calendars would grow: time moves on now and then at least.
                    wait(static_cast<double>(due_ps), sc_core::SC_PS);
                    due_ps = 0;
                }
                state.SetItemsProcessed(state.iterations());
            });
        };
        moves("transport/scratchpad/4KiB", near, false, 4096);
        moves("transport_and_wait/scratchpad/4KiB", near, true, 4096);
        moves("transport/bus_and_dram/4KiB", far, false, 4096);
        moves("transport_and_wait/bus_and_dram/4KiB", far, true, 4096);
        moves("transport_and_wait/bus_and_dram/128KiB", far, true, 131072);
        benchmark::RunSpecifiedBenchmarks();
    }

    deaf nothing_near_, nothing_far_;
};

} // namespace

int sc_main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    ledger energy;
    driver d("driver");
    scratchpad<64> smem("smem", sram_level(), cycle_ps, energy);
    bus<64> interconnect("bus", {64, 10, 0}, cycle_ps, energy, 1, 1);
    dram<64> memory("dram", dram_level(), cycle_ps, energy);
    d.near.bind(smem.in);
    d.far.bind(interconnect.in[0]);
    interconnect.out[0].bind(memory.in);
    interconnect.map(0, std::uint64_t{1} << 40, 0);
    sc_core::sc_start();
    return 0;
}

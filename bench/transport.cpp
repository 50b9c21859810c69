// Speed of the kernel's part: a wait, one transaction with its wait through scratchpad, bus and DRAM, and accesses to
// the CiM device against a plain memory.
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/cim_device.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/scratchpad.h>
#include <cimtlm/tlm/initiator_port.h>

#include <benchmark/benchmark.h>

#include <cstring>
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

machine device_machine() {
    machine m;
    m.name = "device";
    m.technology = {45, 1.0, 1000};
    m.memories = {dram_level()};
    m.memories[0].keeps = {tensor::A, tensor::B, tensor::Z};
    published_macro_parameters macro;
    macro.name = "macro";
    macro.rows_parallel = 256;
    macro.columns_parallel = 16;
    macro.latency_ps = 18000;
    m.cim = cim_parameters{macro, 4, "smem", energy_basis::operation, 0.05};
    m.vector_unit.operations_per_cycle = 64;
    m.dma.arbitration_bytes = 16384;
    device_parameters p;
    device_memory_parameters activations;
    activations.capacity_bytes = 65536;
    activations.read_bytes_per_cycle = activations.write_bytes_per_cycle = 42;
    p.activation_memory = activations;
    m.device = p;
    return m;
}

/// The measured loops run in a thread of the kernel, as the modules do.
class driver : public sc_core::sc_module {
public:
    tlm::tlm_initiator_socket<64> near{"near"}, far{"far"}, control{"control"}, window{"window"}, plain{"plain"};

    SC_HAS_PROCESS(driver);
    explicit driver(const sc_core::sc_module_name& name)
        : sc_core::sc_module(name) {
        near.bind(nothing_near_);
        far.bind(nothing_far_);
        control.bind(nothing_control_);
        window.bind(nothing_window_);
        plain.bind(nothing_plain_);
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
        // As a host calls: one payload of its own again and again, the delay thrown away.
        const auto calls = [](const char* name, tlm::tlm_initiator_socket<64>& socket, std::uint64_t address,
                              unsigned bytes) {
            benchmark::RegisterBenchmark(name, [&socket, address, bytes](benchmark::State& state) {
                std::vector<unsigned char> data(bytes);
                tlm::tlm_generic_payload p;
                p.set_command(tlm::TLM_READ_COMMAND);
                p.set_data_ptr(data.data());
                p.set_data_length(bytes);
                p.set_streaming_width(bytes);
                p.set_address(address);
                std::uint64_t calls = 0;
                for (auto _ : state) {
                    sc_core::sc_time delay;
                    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
                    socket->b_transport(p, delay);
                    if (++calls % 1024 == 0) sc_core::wait(1, sc_core::SC_MS); // calendars forget
                }
                if (!p.is_response_ok()) state.SkipWithError("refused");
                state.SetItemsProcessed(state.iterations());
            });
        };
        const auto pointers = [](const char* name, tlm::tlm_initiator_socket<64>& socket, unsigned bytes) {
            benchmark::RegisterBenchmark(name, [&socket, bytes](benchmark::State& state) {
                std::vector<unsigned char> data(bytes);
                tlm::tlm_generic_payload p;
                p.set_address(0);
                tlm::tlm_dmi dmi;
                if (!socket->get_direct_mem_ptr(p, dmi)) state.SkipWithError("no pointer");
                for (auto _ : state) {
                    std::memcpy(data.data(), dmi.get_dmi_ptr(), bytes);
                    benchmark::DoNotOptimize(data.data());
                    benchmark::ClobberMemory();
                }
                state.SetItemsProcessed(state.iterations());
            });
        };
        calls("host/plain_memory/4B", plain, 0, 4);
        calls("host/device_control/4B", control, CIM_STATUS, 4);
        calls("host/plain_memory/64B", plain, 0, 64);
        calls("host/device_window/64B", window, 0, 64);
        calls("host/plain_memory/4KiB", plain, 0, 4096);
        calls("host/device_window/4KiB", window, 0, 4096);
        pointers("host/plain_memory_dmi/64B", plain, 64);
        pointers("host/device_window_dmi/64B", window, 64);
        benchmark::RunSpecifiedBenchmarks();
    }

    deaf nothing_near_, nothing_far_, nothing_control_, nothing_window_, nothing_plain_;
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
    cim_device<64> device("device", device_machine());
    scratchpad<64> system_memory("system_memory", sram_level(), cycle_ps, energy, data_kept::pages);
    scratchpad<64> plain("plain", sram_level(), cycle_ps, energy, data_kept::pages);
    d.control.bind(device.ctrl());
    d.window.bind(device.window());
    d.plain.bind(plain.in);
    device.dma_out().bind(system_memory.in);
    sc_core::sc_start();
    return 0;
}

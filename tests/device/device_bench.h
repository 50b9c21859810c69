#pragma once
/// A CiM device on a bus with a memory, and a host with a quantum that drives it by the driver.
#include "study_machines.h"
#include "tlm/initiator.h"

#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/cim_device.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/tlm/base_protocol_probe.h>

#include <cim_driver.h>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace device_test {

using namespace cimtlm;

/// The map of the bus.
constexpr std::uint64_t memory_address = 0x8000'0000, control_address = 0x4000'0000, window_address = 0x5000'0000;

/// What the study's machines need to be a device. Small limits, so that the driver cuts products.
inline machine with_device(machine m) {
    device_parameters d;
    device_memory_parameters activations;
    activations.capacity_bytes = 32 * 1024;
    activations.read_bytes_per_cycle = activations.write_bytes_per_cycle = 16;
    activations.latency_cycles = 2;
    activations.read_energy_pj_per_byte = activations.write_energy_pj_per_byte = 1;
    d.activation_memory = activations;
    m.device = d;
    return m;
}

/// A host with local time: runs ahead until its quantum is over.
template <unsigned W> class host_cpu : public sc_core::sc_module {
public:
    tlm_utils::simple_initiator_socket<host_cpu, W> out;
    std::int64_t quantum_ps = 0;
    std::int64_t poll_ps = 100'000; ///< between two looks at the device
    std::function<void()> program;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> invalidated; ///< pointers taken back

    explicit host_cpu(const sc_core::sc_module_name& name)
        : sc_module(name)
        , out("out") {
        out.register_invalidate_direct_mem_ptr(this, &host_cpu::invalidate);
        SC_THREAD(run);
    }
    SC_HAS_PROCESS(host_cpu);

    std::int64_t time_ps() const { return testkit::now_ps() + local_ps_; }
    void spend(std::int64_t ps) {
        local_ps_ += ps;
        if (local_ps_ >= quantum_ps) synchronise();
    }
    void synchronise() {
        const auto ps = std::exchange(local_ps_, 0);
        if (ps > 0) testkit::wait_ps(ps);
    }
    tlm::tlm_response_status access(tlm::tlm_command command, std::uint64_t address, void* data, unsigned length) {
        tlm::tlm_generic_payload p;
        testkit::fill(p, command, address, static_cast<unsigned char*>(data), length);
        sc_core::sc_time delay(static_cast<double>(local_ps_), sc_core::SC_PS);
        out->b_transport(p, delay);
        const auto now = static_cast<std::int64_t>(delay.value());
        EXPECT_GE(now, local_ps_);
        local_ps_ = now;
        spend(1000);
        return p.get_response_status();
    }
    unsigned debug(tlm::tlm_command command, std::uint64_t address, void* data, unsigned length) {
        tlm::tlm_generic_payload p;
        testkit::fill(p, command, address, static_cast<unsigned char*>(data), length);
        return out->transport_dbg(p);
    }

private:
    void run() {
        if (program) program();
        synchronise();
        sc_core::sc_stop();
    }
    void invalidate(sc_dt::uint64 begin, sc_dt::uint64 end) { invalidated.push_back({begin, end}); }
    std::int64_t local_ps_ = 0;
};

template <unsigned W = 64> struct device_bench {
    explicit device_bench(machine m, const cim_device_options& options = {}, bool memory_data = true)
        : device("device", m, options)
        , interconnect("bus", m.bus, m.cycle_ps(), energy, options.dma ? 2 : 1, options.window ? 3 : 2)
        , memory("memory", sized(m.memories.front()), m.cycle_ps(), energy,
                 memory_data ? data_kept::pages : data_kept::none)
        , host("host") {
        connect("from_host", host.out, interconnect.in[0]);
        if (options.dma) connect("from_dma", device.dma_out(), interconnect.in[1]);
        interconnect.out[0].bind(memory.in);
        connect("to_control", interconnect.out[1], device.ctrl());
        if (options.window) connect("to_window", interconnect.out[2], device.window());
        interconnect.map(memory_address, memory_bytes, 0);
        interconnect.map(control_address, CIM_WINDOW_BYTES, 1);
        if (options.window) interconnect.map(window_address, window_bytes, 2);
        io.context = this;
        io.read = [](void* self, std::uint32_t offset) {
            std::uint32_t value = 0;
            static_cast<device_bench*>(self)->host.access(tlm::TLM_READ_COMMAND, control_address + offset, &value, 4);
            return value;
        };
        io.write = [](void* self, std::uint32_t offset, std::uint32_t value) {
            static_cast<device_bench*>(self)->host.access(tlm::TLM_WRITE_COMMAND, control_address + offset, &value, 4);
        };
        io.relax = [](void* self) {
            auto& h = static_cast<device_bench*>(self)->host;
            h.spend(h.poll_ps);
        };
        io.barrier = nullptr;
        device.on_interrupt([this](bool level) { levels.push_back({testkit::now_ps(), level}); });
    }

    /// Runs the program in the host's process to its end.
    void run(std::function<void()> program) {
        host.program = std::move(program);
        sc_core::sc_start();
        for (const auto& p : probes)
            EXPECT_TRUE(p->violations().empty()) << p->name() << ": " << p->violations().front();
    }

    template <class Initiator, class Target> void connect(const char* name, Initiator& from, Target& to) {
        probes.push_back(std::make_unique<base_protocol_probe<W>>(name));
        from.bind(probes.back()->in);
        probes.back()->out.bind(to);
    }
    void write(std::uint64_t address, const void* bytes, std::size_t n) {
        ASSERT_EQ(host.debug(tlm::TLM_WRITE_COMMAND, address, const_cast<void*>(bytes), static_cast<unsigned>(n)), n);
    }
    void read(std::uint64_t address, void* bytes, std::size_t n) {
        ASSERT_EQ(host.debug(tlm::TLM_READ_COMMAND, address, bytes, static_cast<unsigned>(n)), n);
    }

    static constexpr std::uint64_t memory_bytes = 1 << 24, window_bytes = 1 << 24;
    static memory_level sized(memory_level level) {
        level.capacity_bytes = memory_bytes;
        return level;
    }

    ledger energy; // of all but the device
    cim_device<W> device;
    bus<W> interconnect;
    dram<W> memory;
    host_cpu<W> host;
    std::vector<std::unique_ptr<base_protocol_probe<W>>> probes; // between every pair
    struct cim cim = {};
    struct cim_io io = {};
    std::vector<std::pair<std::int64_t, bool>> levels; ///< of the interrupt line, with their times
};

/// A product with operands of 8 bits and results of 32 in the memory, packed.
inline struct cim_gemm plain_product(std::uint32_t m, std::uint32_t n, std::uint32_t k) {
    struct cim_gemm g = {};
    g.m = m;
    g.n = n;
    g.k = k;
    g.a_bits = g.b_bits = 8;
    g.z_bits = 32;
    g.a = memory_address;
    g.b = memory_address + 0x100000;
    g.z = memory_address + 0x200000;
    return g;
}

/// The driver has found the device, and its arrays compute.
template <unsigned W> void start(device_bench<W>& b) {
    ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
    ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
}

} // namespace device_test

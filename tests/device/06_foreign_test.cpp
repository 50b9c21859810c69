/// The device unchanged in hosts that are not ours. Each model here does what one of them was seen to do: rewritten
/// addresses and no streaming width (riscv-vp), memories that wait, pointers that are kept (VCML), a DRAM controller
/// that queues in four phases (DRAMSys).
#include "device_bench.h"
#include "driver/random_product.h"

#include <tlm_utils/tlm_quantumkeeper.h>

#include <algorithm>
#include <deque>
#include <sstream>

namespace {
using namespace device_test;

sc_core::sc_time ps(std::int64_t n) { return {static_cast<double>(n), sc_core::SC_PS}; }
std::int64_t in_ps(const sc_core::sc_time& t) { return static_cast<std::int64_t>(t.value()); }

machine small(dma_split split = dma_split::aligned_pow2, dma_transport transport = dma_transport::blocking) {
    auto m = with_device(study::in_smem("digital_6t", 3));
    m.device->dma.split = split;
    m.device->dma.transport = transport;
    m.device->max_m = m.device->max_n = 48;
    m.device->max_k = 200;
    return m;
}

/// Decodes; sends addresses within the target, or absolute ones, and never puts them back.
template <unsigned W, unsigned Ins, unsigned Outs> class plain_bus : public sc_core::sc_module {
public:
    sc_core::sc_vector<tlm_utils::simple_target_socket_tagged<plain_bus, W>> in;
    sc_core::sc_vector<tlm_utils::simple_initiator_socket_tagged<plain_bus, W>> out;
    bool absolute = false;

    explicit plain_bus(const sc_core::sc_module_name& name)
        : sc_module(name)
        , in("in", Ins)
        , out("out", Outs) {
        for (unsigned i = 0; i < Ins; ++i) {
            in[i].register_b_transport(this, &plain_bus::transport, static_cast<int>(i));
            in[i].register_transport_dbg(this, &plain_bus::debug, static_cast<int>(i));
            in[i].register_get_direct_mem_ptr(this, &plain_bus::pointer, static_cast<int>(i));
        }
        for (unsigned i = 0; i < Outs; ++i)
            out[i].register_invalidate_direct_mem_ptr(this, &plain_bus::invalidate, static_cast<int>(i));
    }
    void map(std::uint64_t begin, std::uint64_t bytes, unsigned port) { ranges_.push_back({begin, bytes, port}); }

private:
    struct range {
        std::uint64_t begin, bytes;
        unsigned port;
    };
    const range* decode(tlm::tlm_generic_payload& p) {
        for (const auto& r : ranges_) {
            if (p.get_address() < r.begin || p.get_address() - r.begin >= r.bytes) continue;
            if (!absolute) p.set_address(p.get_address() - r.begin);
            return &r;
        }
        p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        return nullptr;
    }
    void transport(int, tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
        if (const auto* r = decode(p)) out[r->port]->b_transport(p, delay);
    }
    unsigned debug(int, tlm::tlm_generic_payload& p) {
        const auto* r = decode(p);
        return r ? out[r->port]->transport_dbg(p) : 0;
    }
    bool pointer(int, tlm::tlm_generic_payload& p, tlm::tlm_dmi& dmi) {
        const auto* r = decode(p);
        if (!r || !out[r->port]->get_direct_mem_ptr(p, dmi)) return false;
        const auto shift = absolute ? 0 : r->begin;
        // A grant that reaches out of the window would be cut here, its pointer left as it is (VCML).
        EXPECT_GE(dmi.get_start_address() + shift, r->begin);
        EXPECT_LE(dmi.get_end_address() + shift, r->begin + r->bytes - 1);
        dmi.set_start_address(dmi.get_start_address() + shift);
        dmi.set_end_address(dmi.get_end_address() + shift);
        return true;
    }
    void invalidate(int port, sc_dt::uint64 begin, sc_dt::uint64 end) {
        EXPECT_LE(begin, end);
        for (const auto& r : ranges_) {
            if (r.port != static_cast<unsigned>(port)) continue;
            const auto shift = absolute ? 0 : r.begin;
            for (auto& i : in) i->invalidate_direct_mem_ptr(begin + shift, end + shift);
        }
    }
    std::vector<range> ranges_;
};

/// Bytes, told or waited for. `base`: of absolute addresses.
template <unsigned W> class plain_memory : public sc_core::sc_module {
public:
    tlm_utils::simple_target_socket<plain_memory, W> in;
    std::vector<unsigned char> bytes = std::vector<unsigned char>(1 << 20);
    std::uint64_t base = 0;
    std::int64_t latency_ps = 10'000;
    bool waits = false;  ///< for the initiator's local time and for its own, instead of telling
    bool silent = false; ///< leaves the status as it finds it (riscv-vp, riscv-vp++)
    int calls = 0;

    explicit plain_memory(const sc_core::sc_module_name& name)
        : sc_module(name)
        , in("in") {
        in.register_b_transport(this, &plain_memory::transport);
        in.register_transport_dbg(this, &plain_memory::debug);
    }

private:
    void transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
        EXPECT_EQ(p.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE) << "VCML stops otherwise";
        EXPECT_NE(p.get_data_ptr(), nullptr);
        ++calls;
        if (waits) {
            sc_core::wait(delay + ps(latency_ps));
            delay = sc_core::SC_ZERO_TIME;
        } else {
            delay += ps(latency_ps);
        }
        const bool done = debug(p) > 0;
        if (!silent) p.set_response_status(done ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    unsigned debug(tlm::tlm_generic_payload& p) {
        const auto at = p.get_address() - base;
        const auto n = p.get_data_length();
        if (at >= bytes.size() || n > bytes.size() - at) return 0;
        if (p.is_write())
            std::copy_n(p.get_data_ptr(), n, bytes.data() + at);
        else
            std::copy_n(bytes.data() + at, n, p.get_data_ptr());
        return n;
    }
};

/// A core with a quantum keeper: no streaming width, a status that is already OK, pointers that are kept.
template <unsigned W> class foreign_cpu : public sc_core::sc_module {
public:
    tlm_utils::simple_initiator_socket<foreign_cpu, W> out;
    std::int64_t quantum_ps = 0;
    std::int64_t loop_ps = 100'000; ///< a look at the device and the loop around it
    bool use_pointers = false;
    int by_pointer = 0;
    std::function<void()> program;

    explicit foreign_cpu(const sc_core::sc_module_name& name)
        : sc_module(name)
        , out("out") {
        out.register_invalidate_direct_mem_ptr(this, &foreign_cpu::invalidate);
        SC_THREAD(run);
    }
    SC_HAS_PROCESS(foreign_cpu);

    std::int64_t time_ps() const { return in_ps(keeper_.get_current_time()); }
    void spend(std::int64_t n) {
        keeper_.inc(ps(n));
        if (in_ps(keeper_.get_local_time()) >= quantum_ps) keeper_.sync();
    }
    void synchronise() { keeper_.sync(); }
    tlm::tlm_response_status access(tlm::tlm_command command, std::uint64_t address, void* data, unsigned n) {
        if (use_pointers && through_pointer(command, address, static_cast<unsigned char*>(data), n))
            return tlm::TLM_OK_RESPONSE;
        tlm::tlm_generic_payload p;
        p.set_command(command);
        p.set_address(address);
        p.set_data_ptr(static_cast<unsigned char*>(data));
        p.set_data_length(n);
        p.set_response_status(tlm::TLM_OK_RESPONSE);
        auto delay = keeper_.get_local_time();
        const auto before = sc_core::sc_time_stamp() + delay;
        out->b_transport(p, delay);
        EXPECT_GE(sc_core::sc_time_stamp() + delay, before) << "riscv-vp and VCML stop";
        keeper_.set(delay);
        spend(1000);
        if (use_pointers && p.is_dmi_allowed()) {
            p.set_address(address);
            tlm::tlm_dmi dmi;
            if (out->get_direct_mem_ptr(p, dmi)) pointers_.push_back(dmi);
        }
        return p.get_response_status();
    }
    unsigned debug(bool write, std::uint64_t address, void* data, std::size_t n) {
        tlm::tlm_generic_payload p;
        testkit::fill(p, write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, address,
                      static_cast<unsigned char*>(data), static_cast<unsigned>(n));
        return out->transport_dbg(p);
    }
    cim_io io() {
        cim_io made = {};
        made.context = this;
        made.read = [](void* self, std::uint32_t offset) {
            std::uint32_t value = 0;
            EXPECT_EQ(
                static_cast<foreign_cpu*>(self)->access(tlm::TLM_READ_COMMAND, control_address + offset, &value, 4),
                tlm::TLM_OK_RESPONSE);
            return value;
        };
        made.write = [](void* self, std::uint32_t offset, std::uint32_t value) {
            EXPECT_EQ(
                static_cast<foreign_cpu*>(self)->access(tlm::TLM_WRITE_COMMAND, control_address + offset, &value, 4),
                tlm::TLM_OK_RESPONSE);
        };
        made.relax = [](void* self) {
            auto& cpu = *static_cast<foreign_cpu*>(self);
            cpu.spend(cpu.loop_ps);
        };
        return made;
    }

private:
    bool through_pointer(tlm::tlm_command command, std::uint64_t address, unsigned char* data, unsigned n) {
        for (const auto& d : pointers_) {
            if (address < d.get_start_address() || address + n - 1 > d.get_end_address()) continue;
            auto* at = d.get_dmi_ptr() + (address - d.get_start_address());
            if (command == tlm::TLM_WRITE_COMMAND)
                std::copy_n(data, n, at);
            else
                std::copy_n(at, n, data);
            spend(in_ps(d.get_read_latency()));
            ++by_pointer;
            return true;
        }
        return false;
    }
    void invalidate(sc_dt::uint64 begin, sc_dt::uint64 end) {
        pointers_.erase(
            std::remove_if(pointers_.begin(), pointers_.end(),
                           [&](const auto& d) { return d.get_start_address() <= end && begin <= d.get_end_address(); }),
            pointers_.end());
    }
    void run() {
        program();
        keeper_.sync();
        sc_core::sc_stop();
    }
    tlm_utils::tlm_quantumkeeper keeper_;
    std::vector<tlm::tlm_dmi> pointers_;
};

/// A controller as DRAM simulators have them: naturally aligned powers of two up to a burst, managed payloads, requests
/// queue until `most` are inside, answers in the kernel's time, one at a time; the payload is kept until END_RESP, also
/// when the initiator has ended it before.
class queueing_dram : public sc_core::sc_module {
public:
    tlm_utils::simple_target_socket<queueing_dram, 32> in;
    std::vector<unsigned char> bytes = std::vector<unsigned char>(1 << 20);
    std::uint64_t base = memory_address;
    std::size_t most = 4;
    std::int64_t latency_ps = 30'000, burst_ps = 5'000;
    std::size_t seen = 0; ///< most inside at a time
    std::int64_t served = 0;

    explicit queueing_dram(const sc_core::sc_module_name& name)
        : sc_module(name)
        , in("in") {
        in.register_nb_transport_fw(this, &queueing_dram::forward);
        in.register_transport_dbg(this, &queueing_dram::debug);
        SC_THREAD(answer);
    }
    SC_HAS_PROCESS(queueing_dram);

private:
    struct mark : tlm::tlm_extension<mark> {
        tlm::tlm_extension_base* clone() const override { return new mark; }
        void copy_from(const tlm::tlm_extension_base&) override {}
    };
    struct request {
        tlm::tlm_generic_payload* p;
        std::int64_t due_ps;
    };
    tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
        if (phase == tlm::END_RESP) {
            ADD_FAILURE() << "END_RESP twice: it was given on return";
            return tlm::TLM_COMPLETED;
        }
        EXPECT_EQ(phase, tlm::BEGIN_REQ);
        EXPECT_TRUE(p.has_mm());
        EXPECT_EQ(waiting_, nullptr) << "a request before the last one was accepted";
        const auto n = p.get_data_length();
        EXPECT_EQ(n & (n - 1), 0u) << n;
        EXPECT_EQ(p.get_address() % n, 0u) << std::hex << p.get_address();
        EXPECT_LE(n, 64u);
        p.acquire();
        p.set_auto_extension(new mark);
        p.set_address(p.get_address() - base); // and never put back
        due_ps_ = testkit::now_ps() + in_ps(delay);
        if (inside_.size() < most) {
            take(p);
            phase = tlm::END_REQ;
            delay += ps(1000);
            return tlm::TLM_UPDATED;
        }
        waiting_ = &p;
        return tlm::TLM_ACCEPTED;
    }
    void take(tlm::tlm_generic_payload& p) {
        inside_.push_back({&p, std::max(due_ps_, testkit::now_ps()) + latency_ps});
        seen = std::max(seen, inside_.size());
        arrived_.notify();
    }
    void answer() {
        while (true) {
            while (inside_.empty()) wait(arrived_);
            auto& p = *inside_.front().p;
            const auto due_ps = std::max(inside_.front().due_ps, free_ps_ + burst_ps);
            if (due_ps > testkit::now_ps()) testkit::wait_ps(due_ps - testkit::now_ps());
            free_ps_ = testkit::now_ps();
            p.set_response_status(move(p) ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
            tlm::tlm_phase phase = tlm::BEGIN_RESP;
            auto delay = sc_core::SC_ZERO_TIME;
            const auto status = in->nb_transport_bw(p, phase, delay);
            EXPECT_TRUE(status == tlm::TLM_COMPLETED || (status == tlm::TLM_UPDATED && phase == tlm::END_RESP));
            ++served;
            testkit::wait_ps(500); // the payload is still looked at
            EXPECT_GE(p.get_ref_count(), 1);
            mark* m = nullptr;
            p.get_extension(m);
            EXPECT_NE(m, nullptr);
            p.release();
            inside_.pop_front();
            if (waiting_ == nullptr) continue;
            auto& next = *std::exchange(waiting_, nullptr);
            take(next);
            phase = tlm::END_REQ;
            delay = sc_core::SC_ZERO_TIME;
            in->nb_transport_bw(next, phase, delay);
        }
    }
    bool move(tlm::tlm_generic_payload& p) {
        const auto at = p.get_address();
        const auto n = p.get_data_length();
        if (at >= bytes.size() || n > bytes.size() - at) return false;
        if (p.is_write())
            std::copy_n(p.get_data_ptr(), n, bytes.data() + at);
        else
            std::copy_n(bytes.data() + at, n, p.get_data_ptr());
        return true;
    }
    unsigned debug(tlm::tlm_generic_payload& p) {
        p.set_address(p.get_address() - base);
        return move(p) ? p.get_data_length() : 0;
    }
    std::deque<request> inside_;
    tlm::tlm_generic_payload* waiting_ = nullptr; // accepted when there is room
    std::int64_t due_ps_ = 0, free_ps_ = 0;
    sc_core::sc_event arrived_;
};

/// The device with such a core, bus and memory.
template <unsigned W = 32> struct foreign_bench {
    foreign_bench(const machine& m, bool absolute = false)
        : device("device", m, options(absolute))
        , bus("bus")
        , memory("memory")
        , cpu("cpu")
        , io(cpu.io()) {
        bus.absolute = absolute;
        if (absolute) memory.base = memory_address;
        cpu.out.bind(bus.in[0]);
        device.dma_out().bind(bus.in[1]);
        bus.out[0].bind(memory.in);
        bus.out[1].bind(device.ctrl());
        bus.out[2].bind(device.window());
        bus.map(memory_address, memory.bytes.size(), 0);
        bus.map(control_address, CIM_WINDOW_BYTES, 1);
        bus.map(window_address, 1 << 24, 2);
    }
    static cim_device_options options(bool absolute) {
        cim_device_options o;
        if (absolute) {
            o.control_address = control_address;
            o.window_address = window_address;
        }
        return o;
    }
    void run(std::function<void()> program) {
        cpu.program = std::move(program);
        sc_core::sc_start();
    }
    cim_device<W> device;
    plain_bus<W, 2, 3> bus;
    plain_memory<W> memory;
    foreign_cpu<W> cpu;
    struct cim cim = {};
    cim_io io;
};

/// Random products with their operands in `system` (at memory_address); results are compared byte by byte.
void random_products(struct cim& cim, std::vector<unsigned char>& system, int count, std::uint64_t seed) {
    ASSERT_EQ(cim_mode(&cim, CIM_MODE_COMPUTE), CIM_OK);
    memories expected;
    expected.base = memory_address;
    expected.system.resize(256 * 1024);
    std::mt19937_64 random(seed);
    for (int i = 0; i < count; ++i) {
        product_maker maker(random(), expected);
        maker.fill(expected.system);
        std::copy(expected.system.begin(), expected.system.end(), system.begin());
        auto g = maker.make(maker.extent(40), maker.extent(40), maker.extent(200));
        maker.add_tiles(g);
        if (g.z_bits != 32) maker.add_workspace(g);
        std::ostringstream what;
        what << g;
        SCOPED_TRACE(what.str());
        apply_reference(g, expected);
        ASSERT_EQ(cim_gemm(&cim, &g), CIM_OK) << cim_error_text(cim.error.code);
        memories found = expected;
        std::copy_n(system.begin(), found.system.size(), found.system.begin());
        forget_workspace(g, found);
        forget_workspace(g, expected);
        ASSERT_TRUE(found.system == expected.system);
    }
}

struct cim_gemm simple_product(std::uint32_t m, std::uint32_t n, std::uint32_t k) {
    struct cim_gemm g = {};
    g.m = m;
    g.n = n;
    g.k = k;
    g.a_bits = g.b_bits = 8;
    g.z_bits = 32;
    g.a = memory_address;
    g.b = memory_address + 0x20000;
    g.z = memory_address + 0x40000;
    return g;
}

template <unsigned W> void on_a_plain_bus(bool absolute, dma_split split) {
    foreign_bench<W> b(small(split), absolute);
    b.cpu.quantum_ps = 10'000;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        random_products(b.cim, b.memory.bytes, 20, 1);
    });
    EXPECT_GT(b.memory.calls, 1000);
}

TEST(device_foreign, a_bus_that_rewrites_addresses_and_a_core_without_streaming_width) {
    on_a_plain_bus<32>(false, dma_split::aligned_pow2);
}
TEST(device_foreign, a_bus_with_absolute_addresses) { on_a_plain_bus<32>(true, dma_split::row); }
TEST(device_foreign, a_64_bit_bus_with_absolute_addresses) { on_a_plain_bus<64>(true, dma_split::aligned_pow2); }

TEST(device_foreign, an_operation_takes_the_same_time_at_any_quantum_of_the_core) {
    foreign_bench<> b(small());
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
        auto g = simple_product(40, 40, 150);
        std::vector<std::int64_t> times;
        for (const std::int64_t quantum_ps : {10'000, 1'000'000, 100'000'000}) {
            b.cpu.synchronise();
            b.cpu.quantum_ps = quantum_ps;
            const auto begin = b.cpu.time_ps();
            ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
            times.push_back(b.cpu.time_ps() - begin);
        }
        for (const auto t : times)
            EXPECT_NEAR(static_cast<double>(t), static_cast<double>(times[0]),
                        static_cast<double>(b.cpu.loop_ps) + 8000);
        EXPECT_GT(times[0], 10 * b.cpu.loop_ps);
    });
}

/// A core that reads and writes registers in four phases, as bridges do in timing mode.
class phased_cpu : public sc_core::sc_module {
public:
    tlm_utils::simple_initiator_socket<phased_cpu, 32> out;
    std::function<void()> program;

    explicit phased_cpu(const sc_core::sc_module_name& name)
        : sc_module(name)
        , out("out") {
        out.register_nb_transport_bw(this, &phased_cpu::backward);
        SC_THREAD(run);
    }
    SC_HAS_PROCESS(phased_cpu);
    void access(tlm::tlm_command command, std::uint64_t address, void* data) {
        auto* p = new tlm::tlm_generic_payload(&manager_);
        p->acquire();
        testkit::fill(*p, command, address, static_cast<unsigned char*>(data), 4);
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        auto delay = sc_core::SC_ZERO_TIME;
        EXPECT_EQ(out->nb_transport_fw(*p, phase, delay), tlm::TLM_ACCEPTED);
        wait(answered_);
        EXPECT_EQ(p->get_response_status(), tlm::TLM_OK_RESPONSE);
        p->release();
    }
    cim_io io() {
        cim_io made = {};
        made.context = this;
        made.read = [](void* self, std::uint32_t offset) {
            std::uint32_t value = 0;
            static_cast<phased_cpu*>(self)->access(tlm::TLM_READ_COMMAND, offset, &value);
            return value;
        };
        made.write = [](void* self, std::uint32_t offset, std::uint32_t value) {
            static_cast<phased_cpu*>(self)->access(tlm::TLM_WRITE_COMMAND, offset, &value);
        };
        made.relax = [](void*) { testkit::wait_ps(500); }; // a look falls into every moment
        return made;
    }

private:
    tlm::tlm_sync_enum backward(tlm::tlm_generic_payload&, tlm::tlm_phase& phase, sc_core::sc_time&) {
        if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
        answered_.notify(sc_core::SC_ZERO_TIME);
        return tlm::TLM_COMPLETED;
    }
    void run() {
        program();
        sc_core::sc_stop();
    }
    testkit::counting_manager manager_;
    sc_core::sc_event answered_;
};

void driven_in_four_phases(bool memory_waits) {
    cim_device_options options;
    options.window = false;
    cim_device<32> device("device", small(), options);
    plain_memory<32> memory("memory");
    phased_cpu cpu("cpu");
    memory.waits = memory_waits;
    memory.base = memory_address;
    cpu.out.bind(device.ctrl());
    device.dma_out().bind(memory.in);
    struct cim cim = {};
    auto io = cpu.io();
    cpu.program = [&] {
        ASSERT_EQ(cim_probe(&cim, &io), CIM_OK);
        random_products(cim, memory.bytes, 5, 6);
    };
    sc_core::sc_start();
}

TEST(device_foreign, a_core_in_four_phases) { driven_in_four_phases(false); }
// The front-end is a method: what the DMA calls from there must not wait (E519).
TEST(device_foreign, a_core_in_four_phases_and_a_memory_that_waits) { driven_in_four_phases(true); }

TEST(device_foreign, a_memory_that_waits_is_served) {
    foreign_bench<> b(small());
    b.memory.waits = true;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        random_products(b.cim, b.memory.bytes, 5, 2);
    });
}

TEST(device_foreign, a_memory_that_waits_serves_a_core_with_a_quantum) {
    foreign_bench<> b(small());
    b.memory.waits = true;
    b.cpu.quantum_ps = 100'000'000;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        random_products(b.cim, b.memory.bytes, 5, 3);
    });
}

TEST(device_foreign, a_memory_that_sets_no_status_has_served) {
    foreign_bench<> b(small());
    b.memory.silent = true;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        random_products(b.cim, b.memory.bytes, 5, 5);
    });
}

TEST(device_foreign, a_core_that_keeps_pointers_and_gives_them_back) {
    foreign_bench<> b(small());
    b.cpu.use_pointers = true;
    b.cpu.quantum_ps = 1'000'000;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        constexpr std::uint32_t m = 6, n = 16, k = 40;
        std::int8_t a[m * k], w[k * n];
        std::int32_t z[m * n];
        for (std::uint32_t i = 0; i < m * k; ++i) a[i] = static_cast<std::int8_t>(7 * i);
        for (std::uint32_t i = 0; i < k * n; ++i) w[i] = static_cast<std::int8_t>(5 * i + 3);
        const auto move = [&](tlm::tlm_command c, std::uint64_t to, void* data, unsigned bytes) {
            for (unsigned i = 0; i < bytes; i += 4) {
                const auto status = b.cpu.access(c, to + i, static_cast<char*>(data) + i, 4);
                if (status != tlm::TLM_OK_RESPONSE) return status;
            }
            return tlm::TLM_OK_RESPONSE;
        };
        const auto weights = window_address + cim_array_offset(&b.cim, 0);
        const std::uint64_t results = 0x2000;
        for (int round = 0; round < 3; ++round) {
            ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_MEMORY), CIM_OK);
            w[round] = static_cast<std::int8_t>(w[round] + 11);
            ASSERT_EQ(move(tlm::TLM_WRITE_COMMAND, weights, w, sizeof w), tlm::TLM_OK_RESPONSE);
            ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
            std::uint32_t word = 0;
            EXPECT_EQ(b.cpu.access(tlm::TLM_READ_COMMAND, weights, &word, 4), tlm::TLM_COMMAND_ERROR_RESPONSE)
                << "the pointer was given back";
            a[round] = static_cast<std::int8_t>(a[round] - 9);
            ASSERT_EQ(move(tlm::TLM_WRITE_COMMAND, window_address, a, sizeof a), tlm::TLM_OK_RESPONSE);
            struct cim_gemm g = {};
            g.flags = CIM_FLAG_A_LOCAL | CIM_FLAG_Z_LOCAL | CIM_FLAG_HELD;
            g.m = m;
            g.n = n;
            g.k = k;
            g.a_bits = g.b_bits = 8;
            g.z_bits = 32;
            g.z = results;
            ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK) << cim_error_text(b.cim.error.code);
            ASSERT_EQ(move(tlm::TLM_READ_COMMAND, window_address + results, z, sizeof z), tlm::TLM_OK_RESPONSE);
            for (std::uint32_t r = 0; r < m; ++r)
                for (std::uint32_t c = 0; c < n; ++c) {
                    std::int32_t sum = 0;
                    for (std::uint32_t i = 0; i < k; ++i) sum += a[r * k + i] * w[i * n + c];
                    ASSERT_EQ(z[r * n + c], sum) << r << ' ' << c << " in round " << round;
                }
        }
        EXPECT_GT(b.cpu.by_pointer, 500);
    });
}

/// Core and registers on a plain bus, system memory behind the controller alone.
void behind_a_controller(std::size_t most, std::int64_t outstanding, std::int64_t burst_bytes,
                         std::int64_t quantum_ps) {
    auto m = small(dma_split::aligned_pow2, dma_transport::non_blocking);
    m.device->dma.outstanding = outstanding;
    m.device->dma.burst_bytes = burst_bytes;
    cim_device<32> device("device", m, {});
    plain_bus<32, 1, 2> bus("bus");
    queueing_dram memory("memory");
    foreign_cpu<32> cpu("cpu");
    memory.most = most;
    cpu.quantum_ps = quantum_ps;
    cpu.out.bind(bus.in[0]);
    bus.out[0].bind(device.ctrl());
    bus.out[1].bind(device.window());
    device.dma_out().bind(memory.in);
    bus.map(control_address, CIM_WINDOW_BYTES, 0);
    bus.map(window_address, 1 << 24, 1);
    struct cim cim = {};
    auto io = cpu.io();
    cpu.program = [&] {
        ASSERT_EQ(cim_probe(&cim, &io), CIM_OK);
        random_products(cim, memory.bytes, 10, 4);
        // Not faster than its bus, and requests overlap.
        cpu.synchronise();
        auto g = simple_product(48, 48, 200);
        const auto begin = cpu.time_ps();
        const auto served = memory.served;
        ASSERT_EQ(cim_gemm(&cim, &g), CIM_OK);
        const auto took = cpu.time_ps() - begin, n = memory.served - served;
        EXPECT_GT(took, n * memory.burst_ps);
        if (quantum_ps == 0 && most > 1) { // with a quantum the core looks again only when it is over
            EXPECT_LT(took, n * (memory.latency_ps + 3000) / 2 + 2'000'000) << "requests overlap";
        }
        EXPECT_LE(memory.seen, most);
        if (outstanding > 0) {
            // Both directions, and the one whose response is being given.
            EXPECT_LE(memory.seen, static_cast<std::size_t>(2 * outstanding + 1));
        }
        if (most > 1) {
            EXPECT_GT(memory.seen, 2u);
        }
    };
    sc_core::sc_start();
    EXPECT_GT(memory.served, 1000);
}

TEST(device_foreign, a_controller_in_four_phases) { behind_a_controller(4, 8, 64, 0); }
TEST(device_foreign, a_controller_with_room_for_one) { behind_a_controller(1, 0, 32, 0); }
TEST(device_foreign, a_controller_and_a_core_with_a_quantum) { behind_a_controller(16, 4, 64, 100'000'000); }

/// gem5's bridge: one request until END_REQ or BEGIN_RESP, phases become events of their time, of which the last one
/// comes first. It stops when END_REQ comes for a request that its response has ended.
class last_first_bridge : public sc_core::sc_module {
public:
    tlm_utils::simple_initiator_socket<last_first_bridge, 32> out;
    int responses = 0;

    explicit last_first_bridge(const sc_core::sc_module_name& name)
        : sc_module(name)
        , out("out") {
        out.register_nb_transport_bw(this, &last_first_bridge::backward);
        SC_METHOD(take);
        sensitive << wake_;
        dont_initialize();
    }
    SC_HAS_PROCESS(last_first_bridge);

    void send(std::uint64_t address, unsigned n) {
        auto* p = new tlm::tlm_generic_payload(&manager_);
        p->acquire();
        data_.assign(n, 0);
        testkit::fill(*p, tlm::TLM_READ_COMMAND, address, data_.data(), n);
        blocking_ = p;
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        auto delay = sc_core::SC_ZERO_TIME;
        EXPECT_EQ(out->nb_transport_fw(*p, phase, delay), tlm::TLM_ACCEPTED);
    }

private:
    tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
        EXPECT_EQ(delay, sc_core::SC_ZERO_TIME);
        events_.push_back({&p, phase});
        wake_.notify(sc_core::SC_ZERO_TIME);
        return tlm::TLM_ACCEPTED;
    }
    void take() {
        while (!events_.empty()) {
            const auto [p, phase] = events_.back();
            events_.pop_back();
            if (phase == tlm::END_REQ || p == blocking_) {
                EXPECT_EQ(p, blocking_) << "sc_assert(&trans == blockingRequest)";
                blocking_ = nullptr;
            }
            if (phase != tlm::BEGIN_RESP) continue;
            ++responses;
            EXPECT_EQ(p->get_response_status(), tlm::TLM_OK_RESPONSE);
            tlm::tlm_phase end = tlm::END_RESP;
            auto delay = sc_core::SC_ZERO_TIME;
            out->nb_transport_fw(*p, end, delay);
            p->release();
        }
    }
    testkit::counting_manager manager_;
    std::vector<unsigned char> data_;
    std::vector<std::pair<tlm::tlm_generic_payload*, tlm::tlm_phase>> events_;
    tlm::tlm_generic_payload* blocking_ = nullptr;
    sc_core::sc_event wake_;
};

/// The socket of a device that nobody calls.
class nobody : public sc_core::sc_module {
public:
    tlm_utils::simple_initiator_socket<nobody, 32> out;
    explicit nobody(const sc_core::sc_module_name& name)
        : sc_module(name)
        , out("out") {}
};

void through_a_bridge(bool registers) {
    auto m = small();
    m.device->activation_memory->latency_cycles = 0;
    m.device->activation_memory->read_bytes_per_cycle = 0; // not a limit
    cim_device_options options;
    options.dma = false;
    cim_device<32> device("device", m, options);
    last_first_bridge bridge("bridge");
    nobody other("other");
    if (registers) {
        bridge.out.bind(device.ctrl());
        other.out.bind(device.window());
    } else {
        bridge.out.bind(device.window());
        other.out.bind(device.ctrl());
    }
    testkit::process driver(
        "driver",
        [&] {
            for (int i = 0; i < 8; ++i) {
                bridge.send(registers ? CIM_ID : 64, registers ? 4 : 16);
                testkit::wait_ps(100'000);
            }
            sc_core::sc_stop();
        },
        true);
    sc_core::sc_start();
    EXPECT_EQ(bridge.responses, 8);
}

// The response is due with the end of its request: both are sent in one moment.
TEST(device_foreign, a_bridge_that_takes_the_last_event_of_a_time_first_reads_registers) { through_a_bridge(true); }
TEST(device_foreign, a_bridge_that_takes_the_last_event_of_a_time_first_reads_memory) { through_a_bridge(false); }

} // namespace

#pragma once
/// Hosts and memories that are not ours. Each model here does what one of them was seen to do: rewritten addresses and
/// no streaming width (riscv-vp), memories that wait, pointers that are kept (VCML), a DRAM controller that queues in
/// four phases (DRAMSys), a bridge that takes the last event of a time first (gem5).
#include "device_bench.h"

#include <tlm_utils/tlm_quantumkeeper.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

namespace device_test {

inline sc_core::sc_time ps(std::int64_t n) { return {static_cast<double>(n), sc_core::SC_PS}; }
inline std::int64_t in_ps(const sc_core::sc_time& t) { return static_cast<std::int64_t>(t.value()); }

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
    std::vector<unsigned char> bytes = std::vector<unsigned char>(1 << 22);
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
    std::vector<unsigned char> bytes = std::vector<unsigned char>(1 << 22);
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

} // namespace device_test

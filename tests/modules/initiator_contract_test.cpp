/// The contract of an initiator, applied to every initiator socket: compute block (both), vector unit, host, probe of
/// accesses, DMA of the device, bus and cache.
#include <cimtlm/modules/access_probe.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/cache.h>
#include <cimtlm/modules/dma.h>
#include <cimtlm/modules/host_cpu.h>

#include <algorithm>

#include "compute_block_bench.h"
#include "levels.h"
#include <tests/tlm/initiator_contract.h>

namespace {

using namespace cimtlm;
using contract::initiator_traits;

/// A compute block with one product of several tiles, that runs at once.
struct block_at_work {
    machine m = block_bench::tensor_machine();
    cost_model cost{m, convention::like_for_like};
    ledger energy;
    compute_block block{"block", cost, energy};
    gemm product = block_bench::product(32, 64, 96);
    flat_nest nest = [this] {
        const auto shape = nest_slots(m, product.bits);
        return flat_nest(parse_nest(block_bench::tiling{}.nest(product), shape, "nest"), m, shape);
    }();
    bool loaded = false;
    testkit::initiator<> host{"to_block"};

    matrix_job job() const {
        matrix_job j;
        j.product = product;
        j.nest = &nest;
        j.base_address = {0, block_bench::spacing, 2 * block_bench::spacing};
        j.commanded = true;
        return j;
    }
    block_at_work() { host.out.bind(block.ctrl()); }
    bool finished() const { return loaded && !block.running(); }
    std::string errors() const { return ""; }
};

/// It begins on its own.
struct block_alone : block_at_work {
    testkit::process starter{"starter",
                             [this] {
                                 block.load(job());
                                 loaded = true;
                             },
                             true};
};

struct block_mem : block_alone {
    static constexpr unsigned width = 64;
    block_mem() { block.near[0].bind(staging.in); }
    initiator_traits traits() const { return {}; }
    tlm::tlm_initiator_socket<64>& socket() { return block.mem; }
    scratchpad<64> staging{"smem", m.memories[1], m.cycle_ps(), energy};
};

struct block_near : block_alone {
    static constexpr unsigned width = 64;
    block_near() { block.mem.bind(outer.in); }
    initiator_traits traits() const { return {}; }
    tlm::tlm_initiator_socket<64>& socket() { return block.near[0]; }
    dram<64> outer{"dram", m.memories[0], m.cycle_ps(), energy};
};

struct vector_mem {
    static constexpr unsigned width = 64;
    machine m = [] {
        auto of = block_bench::tensor_machine();
        of.vector_unit.fused = false;
        return of;
    }();
    ledger energy;
    vector_unit unit{"vector_unit", m, energy};
    bool loaded = false;
    testkit::initiator<> host{"to_unit"};
    testkit::process starter{"starter",
                             [this] {
                                 vector_job j;
                                 j.work.name = "softmax";
                                 j.work.elements = 10000;
                                 j.work.operations = 50000;
                                 j.work.read_bytes = j.work.write_bytes = 10000;
                                 j.write_address = block_bench::spacing;
                                 j.commanded = true;
                                 unit.load(j);
                                 loaded = true;
                             },
                             true};

    vector_mem() { host.out.bind(unit.ctrl()); }
    initiator_traits traits() const { return {}; }
    tlm::tlm_initiator_socket<64>& socket() { return unit.mem; }
    bool finished() const { return loaded && !unit.running(); }
    std::string errors() const { return ""; }
};

/// The host's commands go to the memory of the suite; the units run without them.
struct host_mem : block_at_work {
    static constexpr unsigned width = 64;
    scratchpad<64> staging{"smem", m.memories[1], m.cycle_ps(), energy};
    vector_unit unit{"vector_unit", m, energy};
    dram<64> outer{"dram", m.memories[0], m.cycle_ps(), energy}, other{"other", m.memories[0], m.cycle_ps(), energy};
    testkit::initiator<> to_unit{"to_unit"};
    host_cpu cpu{"host_cpu", m, energy, block, 0x1000, unit, 0x2000};

    host_mem() {
        block.near[0].bind(staging.in);
        block.mem.bind(outer.in);
        unit.mem.bind(other.in);
        to_unit.out.bind(unit.ctrl());
        host_task task;
        task.work = job();
        task.count = 3;
        cpu.assign({task});
    }
    initiator_traits traits() const { return {}; }
    tlm::tlm_initiator_socket<64>& socket() { return cpu.mem; }
    bool finished() const { return cpu.finished(); }
};

struct probe_mem {
    static constexpr unsigned width = 64;
    access_probe probe{"access_probe"};
    bool started = false;
    testkit::process starter{"starter",
                             [this] {
                                 stream_share s;
                                 s.working_set_bytes = 10000;
                                 s.block_bytes = 768;
                                 s.count = 40;
                                 s.write = true;
                                 probe.start(s.source(), 0, 4);
                                 started = true;
                             },
                             true};

    initiator_traits traits() const { return {}; }
    tlm::tlm_initiator_socket<64>& socket() { return probe.mem[0]; }
    bool finished() const { return started && !probe.busy(); }
    std::string errors() const { return ""; }
};

/// A DMA with transfers of rows, as a block asks for them.
template <unsigned W, dma_transport Transport, dma_split Split> struct dma_out_of {
    static constexpr unsigned width = W;
    static device_dma_parameters parameters() {
        device_dma_parameters p;
        p.transport = Transport;
        p.split = Split;
        return p;
    }
    local_kernel kernel{"kernel"};
    testkit::initiator<> block{"block"};
    initiator_port<64> port{block.out, 0, &kernel};
    dma<W> under_test{"dma", parameters(), levels::cycle_ps, kernel};
    std::string refused;
    bool done = false;

    dma_out_of() {
        block.out.bind(under_test.in);
        kernel.spawn([this] {
            std::vector<unsigned char> data(500, 1);
            for (unsigned i = 0; i < 20; ++i) {
                transfer_request r;
                r.command = i % 2 ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND;
                r.address = i * 1003;
                r.bytes = data.size();
                r.segment_bytes = i % 3 ? 0 : 50;
                r.stride_bytes = i % 3 ? 0 : 70;
                r.data = data.data();
                const auto result = port.transfer(r, on_error::return_status);
                if (!result.ok()) refused += std::to_string(i) + " ";
                kernel.wait_until(kernel.now_ps() + result.delay_ps);
            }
            done = true;
        });
    }
    initiator_traits traits() const {
        initiator_traits t;
        t.on_refusal = initiator_traits::refusal::told;
        t.at_kernel_time = false; // local time
        t.aligned_pow2 = Split == dma_split::aligned_pow2;
        t.incomplete_is_served = true;
        return t;
    }
    tlm::tlm_initiator_socket<W>& socket() { return under_test.out; }
    bool finished() const { return done; }
    std::string errors() const { return refused; }
};

/// A host whose reads and writes pass through a module; it tells what was refused.
template <unsigned W> struct passing_host {
    testkit::initiator<W> host{"host"};
    std::function<std::string()> more = [] { return std::string(); };
    std::string refused;
    bool done = false;
    testkit::process thread{"thread",
                            [this] {
                                for (unsigned i = 0; i < 60; ++i) {
                                    std::vector<unsigned char> data(96, static_cast<unsigned char>(i));
                                    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
                                    const auto command = i % 3 ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND;
                                    const auto delay = host.access(command, i * 7168 % 131072, data, &status);
                                    if (status != tlm::TLM_OK_RESPONSE) refused += std::to_string(i) + " ";
                                    testkit::wait_ps(delay);
                                }
                                done = true;
                            },
                            true};
};

template <unsigned W> struct bus_out_of {
    static constexpr unsigned width = W;
    passing_host<W> source;
    ledger energy;
    bus<W> interconnect{"bus", levels::bus_level(64), levels::cycle_ps, energy, 1, 1};
    bus_out_of() {
        interconnect.map(0, 1 << 20, 0);
        source.host.out.bind(interconnect.in[0]);
    }
    initiator_traits traits() const {
        initiator_traits t;
        t.on_refusal = initiator_traits::refusal::told;
        t.at_kernel_time = false; // the way there is in the delay
        return t;
    }
    tlm::tlm_initiator_socket<W>& socket() { return interconnect.out[0]; }
    bool finished() const { return source.done; }
    std::string errors() const { return source.refused; }
};

/// Few lines, so that dirty ones leave.
template <unsigned W> struct cache_out_of {
    static constexpr unsigned width = W;
    passing_host<W> source;
    ledger energy;
    cache<W> l2{"l2", levels::cache_level(16 * 1024, 128), levels::cycle_ps, energy, true, 1 << 20, 1};
    cache_out_of() { source.host.out.bind(l2.in[0]); }
    initiator_traits traits() const {
        initiator_traits t;
        t.on_refusal = initiator_traits::refusal::told;
        t.at_kernel_time = false;
        t.lets_targets_wait = false; // cache.h says so
        t.least_transfers = 20;
        return t;
    }
    tlm::tlm_initiator_socket<W>& socket() { return l2.out; }
    bool finished() const { return source.done; }
    std::string errors() const {
        return source.refused + (l2.write_back_errors() > 0 ? std::to_string(l2.write_back_errors()) : "");
    }
};

using dma_32_blocking = dma_out_of<32, dma_transport::blocking, dma_split::aligned_pow2>;
using dma_64_blocking = dma_out_of<64, dma_transport::blocking, dma_split::row>;
using dma_32_non_blocking = dma_out_of<32, dma_transport::non_blocking, dma_split::aligned_pow2>;
using dma_64_non_blocking = dma_out_of<64, dma_transport::non_blocking, dma_split::aligned_pow2>;
using bus_out_32 = bus_out_of<32>;
using bus_out_64 = bus_out_of<64>;
using cache_out_32 = cache_out_of<32>;
using cache_out_64 = cache_out_of<64>;

} // namespace

CIMTLM_INITIATOR_CONTRACT(block_mem);
CIMTLM_INITIATOR_CONTRACT(block_near);
CIMTLM_INITIATOR_CONTRACT(vector_mem);
CIMTLM_INITIATOR_CONTRACT(host_mem);
CIMTLM_INITIATOR_CONTRACT(probe_mem);
CIMTLM_INITIATOR_CONTRACT(dma_32_blocking);
CIMTLM_INITIATOR_CONTRACT(dma_64_blocking);
CIMTLM_INITIATOR_CONTRACT(dma_32_non_blocking);
CIMTLM_INITIATOR_CONTRACT(dma_64_non_blocking);
CIMTLM_INITIATOR_CONTRACT(bus_out_32);
CIMTLM_INITIATOR_CONTRACT(bus_out_64);
CIMTLM_INITIATOR_CONTRACT(cache_out_32);
CIMTLM_INITIATOR_CONTRACT(cache_out_64);

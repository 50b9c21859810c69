/// Does the DMA bring every byte to its place, in payloads that foreign memories take, by the rules of both protocols,
/// at the rate that its parameters promise, and what becomes of errors and aborts?
#include <cimtlm/base/error.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/dma.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/tlm/base_protocol_probe.h>
#include <cimtlm/tlm/initiator_port.h>
#include <cimtlm/tlm/storage.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "levels.h"
#include <tests/tlm/initiator.h>

namespace {

using namespace levels;
using namespace cimtlm;
using testkit::now_ps;
using testkit::wait_ps;

sc_core::sc_time ps(std::int64_t t) { return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(t)); }

/// A contiguous payload against a storage; what it knows of extensions is nothing.
void serve(storage& s, tlm::tlm_generic_payload& p) {
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

std::int64_t latency_in(const transfer_result& r) {
    return r.delay_ps - r.service_ps - r.queue_ps - r.row_ps - r.refresh_ps;
}

// ---- Pieces ----

TEST(dma_pieces, cover_a_transfer_once_in_order) {
    std::mt19937_64 random(1);
    for (int n = 0; n < 20000; ++n) {
        const auto split = static_cast<dma_split>(random() % 3);
        const std::uint64_t most = random() % 3 == 0 ? 0 : 1 + random() % 300;
        const std::uint64_t address = random() % 5000, bytes = 1 + random() % 2000;
        const std::uint64_t segment = random() % 2 ? 0 : 1 + random() % 200, stride = segment + random() % 200;
        dma_pieces pieces(split, most, address, bytes, segment, stride);
        const bool strided = segment > 0 && stride > segment && split != dma_split::operand;
        std::uint64_t offset = 0;
        while (pieces.more()) {
            const auto p = pieces.next();
            ASSERT_EQ(p.offset, offset);
            ASSERT_GT(p.bytes, 0u);
            ASSERT_EQ(p.address, strided ? address + offset / segment * stride + offset % segment : address + offset);
            if (strided) {
                ASSERT_LE(offset % segment + p.bytes, segment);
            }
            if (split == dma_split::operand) {
                ASSERT_EQ(p.bytes, bytes);
            } else if (most > 0) {
                ASSERT_LE(p.bytes, most);
            }
            if (split == dma_split::aligned_pow2) {
                ASSERT_EQ(p.bytes & (p.bytes - 1), 0u);
                ASSERT_EQ(p.address % p.bytes, 0u);
            }
            offset += p.bytes;
        }
        ASSERT_EQ(offset, bytes);
    }
}

TEST(dma_pieces, as_large_as_they_may_be) {
    const auto lengths = [](dma_split split, std::uint64_t most, std::uint64_t address, std::uint64_t bytes) {
        std::vector<std::uint64_t> all;
        for (dma_pieces p(split, most, address, bytes, 0, 0); p.more();) all.push_back(p.next().bytes);
        return all;
    };
    using list = std::vector<std::uint64_t>;
    EXPECT_EQ(lengths(dma_split::aligned_pow2, 64, 0, 200), (list{64, 64, 64, 8}));
    EXPECT_EQ(lengths(dma_split::aligned_pow2, 100, 4, 200), (list{4, 8, 16, 32, 64, 64, 8, 4}));
    EXPECT_EQ(lengths(dma_split::aligned_pow2, 0, 0, 1 << 20), (list{1 << 20}));
    EXPECT_EQ(lengths(dma_split::row, 64, 4, 200), (list{64, 64, 64, 8}));
    EXPECT_EQ(lengths(dma_split::row, 0, 4, 200), (list{200}));
    EXPECT_EQ(lengths(dma_split::operand, 64, 4, 200), (list{200}));
}

// ---- Data ----

enum class memory_kind { ours, ours_behind_a_bus, foreign, foreign_waits, foreign_frontend, moody, completes };

struct data_case {
    dma_split split;
    dma_transport transport;
    memory_kind memory;
    std::int64_t burst_bytes, outstanding;
    double bytes_per_cycle;
};

void PrintTo(const data_case& c, std::ostream* out) {
    *out << "split " << static_cast<int>(c.split) << " transport " << static_cast<int>(c.transport) << " memory "
         << static_cast<int>(c.memory) << " burst " << c.burst_bytes << " outstanding " << c.outstanding << " rate "
         << c.bytes_per_cycle;
}

std::vector<data_case> data_cases() {
    using m = memory_kind;
    std::vector<data_case> all;
    const auto add = [&](dma_split split, dma_transport transport, std::initializer_list<m> memories) {
        for (const auto memory : memories) {
            all.push_back({split, transport, memory, 64, 8, 0});
            all.push_back({split, transport, memory, 0, 0, 3.7});
            all.push_back({split, transport, memory, 24, 1, 16});
        }
    };
    add(dma_split::operand, dma_transport::blocking, {m::ours, m::ours_behind_a_bus});
    add(dma_split::operand, dma_transport::non_blocking, {m::ours, m::ours_behind_a_bus});
    for (const auto split : {dma_split::row, dma_split::aligned_pow2}) {
        add(split, dma_transport::blocking,
            {m::ours, m::ours_behind_a_bus, m::foreign, m::foreign_waits, m::foreign_frontend, m::moody});
        add(split, dma_transport::non_blocking,
            {m::ours, m::ours_behind_a_bus, m::foreign, m::foreign_waits, m::foreign_frontend, m::moody, m::completes});
    }
    return all;
}

class dma_data : public testing::TestWithParam<data_case> {};

TEST_P(dma_data, arrives_exactly) {
    const auto& c = GetParam();
    using m = memory_kind;
    bench b({c.split, c.transport, c.burst_bytes, c.bytes_per_cycle, c.outstanding});
    std::unique_ptr<dram<32>> ours;
    std::unique_ptr<bus<32>> between;
    std::unique_ptr<foreign_memory> foreign;
    std::unique_ptr<moody_memory> moody;
    switch (c.memory) {
    case m::ours:
    case m::ours_behind_a_bus:
        ours = std::make_unique<dram<32>>("dram", dram_level(), cycle_ps, b.energy, true);
        if (c.memory == m::ours_behind_a_bus) {
            between = std::make_unique<bus<32>>("bus", bus_level(32), cycle_ps, b.energy, 1, 1);
            between->map(0, 0, 0);
            b.watch.out.bind(between->in[0]);
            between->out[0].bind(ours->in);
        } else {
            b.watch.out.bind(ours->in);
        }
        break;
    case m::foreign:
    case m::foreign_waits:
    case m::foreign_frontend:
        foreign = std::make_unique<foreign_memory>("memory", c.memory == m::foreign_frontend);
        foreign->waits = c.memory == m::foreign_waits;
        b.watch.out.bind(foreign->in);
        break;
    case m::moody:
    case m::completes:
        moody = std::make_unique<moody_memory>("memory");
        moody->always_completes = c.memory == m::completes;
        b.watch.out.bind(moody->in);
        break;
    }
    constexpr std::uint64_t region = 32 * 1024;
    constexpr int processes = 3, transfers = 25;
    int done = 0;
    std::int64_t bytes[2] = {}, longest = 0;
    std::vector<std::vector<unsigned char>> expected(processes, std::vector<unsigned char>(region));
    for (int id = 0; id < processes; ++id)
        b.kernel.spawn([&, id] {
            std::mt19937_64 random(static_cast<unsigned>(id) + 11);
            auto& own = expected[static_cast<std::size_t>(id)];
            const auto base = 0x10000 + static_cast<std::uint64_t>(id) * region;
            for (int i = 0; i < transfers; ++i) {
                const bool write = i < 5 || random() % 2;
                const bool strided = random() % 3 > 0;
                const auto segment = 1 + random() % 100, stride = segment + random() % 150;
                const auto length = 1 + random() % (strided ? segment * 12 : 2500);
                const auto reach = strided ? footprint_bytes(length, segment, stride) : length;
                const auto at = random() % (region - reach);
                std::vector<unsigned char> data(length);
                if (write)
                    for (auto& x : data) x = static_cast<unsigned char>(random());
                std::vector<unsigned char> wanted(length);
                for (std::uint64_t n = 0; n < length; ++n) {
                    auto& there = own[at + (strided ? n / segment * stride + n % segment : n)];
                    if (write)
                        there = data[n];
                    else
                        wanted[n] = there;
                }
                const auto begin = b.kernel.now_ps();
                const auto r = b.move(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, base + at, data,
                                      strided ? segment : 0, strided ? stride : 0);
                ASSERT_EQ(r.status, tlm::TLM_OK_RESPONSE);
                if (!write) {
                    ASSERT_EQ(data, wanted) << "transfer " << i;
                }
                ASSERT_GE(latency_in(r), 0);
                for (const auto part : {r.service_ps, r.queue_ps, r.row_ps, r.refresh_ps}) ASSERT_GE(part, 0);
                if (c.bytes_per_cycle > 0 && c.split != dma_split::operand) {
                    ASSERT_GE(static_cast<double>(r.service_ps + r.queue_ps + r.row_ps + r.refresh_ps + 1),
                              static_cast<double>(length) * cycle_ps / c.bytes_per_cycle);
                }
                longest = std::max(longest, r.delay_ps);
                bytes[write] += static_cast<std::int64_t>(length);
                b.kernel.wait_until(begin + r.delay_ps + static_cast<std::int64_t>(random() % 50000));
            }
            ++done;
        });
    // A host that asks ahead, as long as there is something to come.
    testkit::process host(
        "host",
        [&] {
            // One that waits within blocking transport cannot be asked: it would be the host that waits.
            for (std::int64_t n = 0; n < 3000 && done < processes; ++n) {
                b.kernel.run_until(now_ps() + 7 * n);
                wait_ps(20000);
            }
        },
        true);
    sc_core::sc_start();
    EXPECT_EQ(done, processes) << b.mover.waiting_for();
    EXPECT_EQ(b.mover.waiting_for(), "");
    EXPECT_EQ(b.mover.bytes_read(), bytes[false]);
    EXPECT_EQ(b.mover.bytes_written(), bytes[true]);
    EXPECT_EQ(b.mover.errors(), 0);
    for (const auto& p : b.watch.log) {
        EXPECT_EQ(p.extension.operand, operand_b);
        EXPECT_EQ(p.extension.initiator, 5);
        EXPECT_TRUE(p.managed);
        EXPECT_EQ(p.extension.kind, p.write ? transfer_kind::update : transfer_kind::read);
        if (c.split == dma_split::operand) continue;
        EXPECT_EQ(p.extension.segment_bytes, 0u);
        if (c.burst_bytes > 0) {
            EXPECT_LE(p.length, c.burst_bytes);
        }
        if (c.split != dma_split::aligned_pow2) continue;
        EXPECT_EQ(p.length & (p.length - 1), 0u);
        EXPECT_EQ(p.address % p.length, 0u);
    }
    if (c.outstanding > 0) {
        EXPECT_LE(b.watch.most_under_way, 2 * c.outstanding) << "each way";
    }
    EXPECT_EQ(b.watch.under_way, 0);
    // What is in memory now, by a debug access through the DMA.
    if (!moody)
        for (int id = 0; id < processes; ++id) {
            std::vector<unsigned char> all(region);
            tlm::tlm_generic_payload p;
            testkit::fill(p, tlm::TLM_READ_COMMAND, 0x10000 + static_cast<std::uint64_t>(id) * region, all.data(),
                          region);
            EXPECT_EQ(b.client.out->transport_dbg(p), region);
            EXPECT_EQ(all, expected[static_cast<std::size_t>(id)]);
        }
}

INSTANTIATE_TEST_SUITE_P(all, dma_data, testing::ValuesIn(data_cases()));

// ---- Time ----

/// Transfers through a DMA and without, side by side.
struct pair_of_platforms {
    explicit pair_of_platforms(const device_dma_parameters& p)
        : mover("dma", p, cycle_ps, kernel) {
        for (auto* one : {&direct, &through}) {
            one->interconnect.map(0, 0, 0);
            one->interconnect.out[0].bind(one->memory.in);
        }
        direct.client.out.bind(direct.interconnect.in[0]);
        through.client.out.bind(mover.in);
        mover.out.bind(through.interconnect.in[0]);
    }
    struct platform {
        explicit platform(const std::string& name, local_kernel& kernel)
            : client((name + "_client").c_str())
            , port(client.out, 1, &kernel)
            , interconnect((name + "_bus").c_str(), bus_level(48), cycle_ps, energy, 1, 1)
            , memory((name + "_dram").c_str(), dram_level(), cycle_ps, energy) {}
        ledger energy;
        testkit::initiator<> client;
        initiator_port<> port;
        bus<> interconnect;
        dram<> memory;
    };
    local_kernel kernel{"kernel"};
    platform direct{"direct", kernel}, through{"through", kernel};
    dma<64> mover;
};

transfer_request random_request(std::mt19937_64& random) {
    transfer_request r;
    r.command = random() % 2 ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND;
    r.address = random() % 1000000;
    r.bytes = 1 + random() % 20000;
    if (random() % 2) {
        r.segment_bytes = 1 + random() % 500;
        r.stride_bytes = r.segment_bytes + random() % 5000;
    }
    return r;
}

TEST(dma_time, an_operand_takes_what_it_takes_without_dma) {
    pair_of_platforms p({dma_split::operand, dma_transport::blocking, 64, 0, 1});
    int transfers = 0;
    p.kernel.spawn([&] {
        std::mt19937_64 random(3);
        for (; transfers < 500; ++transfers) {
            const auto r = random_request(random);
            const auto a = p.direct.port.transfer(r), b = p.through.port.transfer(r);
            ASSERT_EQ(a.delay_ps, b.delay_ps);
            ASSERT_EQ(a.service_ps, b.service_ps);
            ASSERT_EQ(a.queue_ps, b.queue_ps);
            ASSERT_EQ(a.row_ps, b.row_ps);
            ASSERT_EQ(a.refresh_ps, b.refresh_ps);
            p.kernel.wait_until(p.kernel.now_ps() + static_cast<std::int64_t>(random() % 200000));
        }
    });
    sc_core::sc_start();
    EXPECT_EQ(transfers, 500);
}

TEST(dma_time, an_operand_cuts_through_the_port) {
    pair_of_platforms p({dma_split::operand, dma_transport::blocking, 64, 10, 0});
    p.kernel.spawn([&] {
        for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
            transfer_request r;
            r.command = command;
            r.bytes = 4000;
            p.kernel.wait_until(p.kernel.now_ps() + 10000000);
            const auto a = p.direct.port.transfer(r), b = p.through.port.transfer(r);
            EXPECT_EQ(b.service_ps, 400000);
            EXPECT_EQ(latency_in(a), latency_in(b));
            const auto c = p.through.port.transfer(r);
            EXPECT_EQ(c.delay_ps - b.delay_ps, 400000) << "one after another through the port";
            EXPECT_EQ(latency_in(a), latency_in(c));
        }
    });
    sc_core::sc_start();
}

TEST(dma_time, parts_add_up_over_pieces_of_our_memories) {
    pair_of_platforms p({dma_split::aligned_pow2, dma_transport::blocking, 64, 0, 8});
    p.kernel.spawn([&] {
        std::mt19937_64 random(5);
        std::int64_t latency[2] = {};
        for (int n = 0; n < 300; ++n) {
            const auto r = random_request(random);
            const auto t = p.through.port.transfer(r);
            auto& l = latency[r.command == tlm::TLM_WRITE_COMMAND];
            if (l == 0) l = latency_in(t);
            ASSERT_EQ(latency_in(t), l);
            p.kernel.wait_until(p.kernel.now_ps() + static_cast<std::int64_t>(random() % 400000));
        }
    });
    sc_core::sc_start();
}

struct rate_case {
    dma_transport transport;
    std::int64_t burst_bytes, outstanding;
    double bytes_per_cycle;
};

class dma_rate : public testing::TestWithParam<rate_case> {};

// Little's law: so many pieces under way a latency, or the port.
TEST_P(dma_rate, as_predicted) {
    const auto& c = GetParam();
    bench b({dma_split::aligned_pow2, c.transport, c.burst_bytes, c.bytes_per_cycle, c.outstanding});
    foreign_memory memory("memory", true);
    b.watch.out.bind(memory.in);
    const double port = c.bytes_per_cycle / cycle_ps; // bytes a ps
    const double burst = static_cast<double>(c.burst_bytes);
    const double latency = 50000 + (port > 0 ? burst / port : 0); // stored and forwarded
    double rate = c.outstanding > 0 ? static_cast<double>(c.outstanding) * burst / latency : 1e9;
    if (port > 0) rate = std::min(rate, port);
    constexpr std::int64_t bytes = 32768;
    b.kernel.spawn([&] {
        for (const bool write : {false, true}) {
            const auto r = write ? b.write(0, bytes) : b.read(0, bytes);
            const double expected = std::max(latency, static_cast<double>(bytes) / rate);
            EXPECT_NEAR(static_cast<double>(r.delay_ps), expected, 0.02 * expected + latency) << "write " << write;
            // The next transfer may come when the port is free: the rate is what callers see.
            const auto occupied = r.service_ps + r.queue_ps + r.row_ps + r.refresh_ps;
            EXPECT_NEAR(static_cast<double>(occupied), static_cast<double>(bytes) / rate,
                        0.02 * static_cast<double>(bytes) / rate + latency);
            EXPECT_LE(occupied, r.delay_ps);
            b.kernel.wait_until(b.kernel.now_ps() + r.delay_ps);
        }
        if (c.outstanding > 0) {
            EXPECT_LE(b.watch.most_under_way, c.outstanding);
        }
    });
    sc_core::sc_start();
}

std::vector<rate_case> rate_cases() {
    std::vector<rate_case> all;
    for (const auto transport : {dma_transport::blocking, dma_transport::non_blocking})
        for (const std::int64_t burst : {64, 256})
            for (const std::int64_t outstanding : {0, 1, 4, 16})
                for (const double rate : {0., 2., 32.}) all.push_back({transport, burst, outstanding, rate});
    return all;
}
INSTANTIATE_TEST_SUITE_P(all, dma_rate, testing::ValuesIn(rate_cases()));

TEST(dma_time, both_directions_go_side_by_side) {
    bench b({dma_split::aligned_pow2, dma_transport::non_blocking, 64, 8, 8});
    foreign_memory memory("memory", true);
    b.watch.out.bind(memory.in);
    std::int64_t ends[4] = {};
    for (int i = 0; i < 4; ++i)
        b.kernel.spawn([&, i] {
            EXPECT_EQ((i % 2 ? b.write(0, 8192) : b.read(0, 8192)).status, tlm::TLM_OK_RESPONSE);
            ends[i] = b.kernel.now_ps();
        });
    sc_core::sc_start();
    const std::int64_t one = 8192 / 8 * 1000; // through the port
    for (int i = 0; i < 2; ++i) {
        EXPECT_NEAR(static_cast<double>(ends[i]), static_cast<double>(one), 70000);
        EXPECT_NEAR(static_cast<double>(ends[2 + i]), static_cast<double>(2 * one), 70000);
    }
}

TEST(dma_time, both_transports_agree_over_our_memory) {
    std::int64_t total[2] = {};
    bench b({dma_split::aligned_pow2, dma_transport::blocking, 64, 16, 8});
    dram<32> one("one", dram_level(), cycle_ps, b.energy), two("two", dram_level(), cycle_ps, b.energy);
    b.watch.out.bind(one.in);
    testkit::initiator<> client("other_client");
    initiator_port<> port(client.out, 0, &b.kernel);
    dma<32> other("other", {dma_split::aligned_pow2, dma_transport::non_blocking, 64, 16, 8}, cycle_ps, b.kernel);
    client.out.bind(other.in);
    other.out.bind(two.in);
    for (int i = 0; i < 2; ++i)
        b.kernel.spawn([&, i] {
            std::mt19937_64 random(8);
            for (int n = 0; n < 100; ++n) {
                const auto begin = b.kernel.now_ps();
                const auto r = (i ? port : b.port).transfer(random_request(random));
                total[i] += r.delay_ps;
                b.kernel.wait_until(begin + r.delay_ps + 100000);
            }
        });
    sc_core::sc_start();
    EXPECT_NEAR(static_cast<double>(total[0]) / static_cast<double>(total[1]), 1, 0.05);
}

TEST(dma_time, a_memory_that_waits_takes_one_piece_at_a_time) {
    bench b({dma_split::aligned_pow2, dma_transport::blocking, 64, 0, 8});
    foreign_memory memory("memory", false);
    memory.waits = true;
    b.watch.out.bind(memory.in);
    b.kernel.spawn([&] {
        b.kernel.wait_until(1000);
        const auto r = b.read(0, 640);
        EXPECT_EQ(r.delay_ps, 500000);
        EXPECT_EQ(now_ps(), 501000);
        EXPECT_EQ(b.write(64, 64).delay_ps, 50000);
    });
    sc_core::sc_start();
    EXPECT_EQ(now_ps(), 551000);
    // The probe between DMA and memory saw it wait.
    EXPECT_EQ(b.probe_out.violations().size(), 11u);
}

// What a host asks ahead does not change when responses come.
TEST(dma_time, non_blocking_is_in_the_kernels_time) {
    bench b({dma_split::aligned_pow2, dma_transport::non_blocking, 64, 0, 2});
    foreign_memory memory("memory", true);
    b.watch.out.bind(memory.in);
    std::vector<std::int64_t> ends;
    b.kernel.spawn([&] {
        for (int i = 0; i < 5; ++i) {
            const auto r = b.read(0, 256);
            EXPECT_EQ(r.delay_ps, b.kernel.now_ps() - (ends.empty() ? 0 : ends.back() + 1000));
            ends.push_back(b.kernel.now_ps());
            b.kernel.wait_until(b.kernel.now_ps() + 1000);
        }
    });
    testkit::process host(
        "host",
        [&] {
            for (int i = 0; i < 50; ++i) {
                b.kernel.run_until(now_ps() + 30000000);
                wait_ps(7000);
            }
        },
        true);
    sc_core::sc_start();
    EXPECT_EQ(ends, (std::vector<std::int64_t>{100000, 201000, 302000, 403000, 504000}));
}

// ---- Errors ----

class dma_errors : public testing::TestWithParam<dma_transport> {};

TEST_P(dma_errors, the_first_one_ends_a_transfer) {
    bench b({dma_split::aligned_pow2, GetParam(), 64, 0, 4});
    foreign_memory memory("memory", true);
    memory.bad_from = 640;
    b.watch.out.bind(memory.in);
    bool done = false;
    b.kernel.spawn([&] {
        std::vector<unsigned char> data(4096, 9);
        for (const auto command : {tlm::TLM_WRITE_COMMAND, tlm::TLM_READ_COMMAND}) {
            b.watch.log.clear();
            const auto r = b.move(command, 0, data);
            EXPECT_EQ(r.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
            EXPECT_GE(b.watch.log.size(), 11u);
            EXPECT_LE(b.watch.log.size(), GetParam() == dma_transport::blocking ? 11u : 14u);
            b.kernel.wait_until(b.kernel.now_ps() + r.delay_ps);
        }
        EXPECT_EQ(b.mover.bytes_read(), 640);
        EXPECT_EQ(b.mover.bytes_written(), 640);
        EXPECT_GE(b.mover.errors(), 2);
        EXPECT_EQ(b.read(0, 640).status, tlm::TLM_OK_RESPONSE) << "goes on";
        done = true;
    });
    sc_core::sc_start();
    EXPECT_TRUE(done) << b.mover.waiting_for();
}

TEST_P(dma_errors, what_cannot_be_sent_is_refused) {
    bench b({dma_split::row, GetParam(), 64, 0, 4});
    foreign_memory memory("memory", true);
    b.watch.out.bind(memory.in);
    unsigned char data[64] = {}, enable[1] = {TLM_BYTE_ENABLED};
    b.kernel.spawn([&] {
        const auto status = [&](const std::function<void(tlm::tlm_generic_payload&)>& change) {
            tlm::tlm_generic_payload p;
            testkit::fill(p, tlm::TLM_READ_COMMAND, 0, data, 64);
            change(p);
            auto delay = sc_core::SC_ZERO_TIME;
            b.client.out->b_transport(p, delay);
            return p.get_response_status();
        };
        EXPECT_EQ(status([](auto&) {}), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_data_length(0); }), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_streaming_width(8); }), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_streaming_width(0); }), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_data_ptr(nullptr); }), tlm::TLM_GENERIC_ERROR_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_address(~std::uint64_t{0} - 5); }), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(status([](auto& p) { p.set_command(tlm::TLM_IGNORE_COMMAND); }), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(status([&](auto& p) {
                      p.set_byte_enable_ptr(enable);
                      p.set_byte_enable_length(1);
                  }),
                  tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    });
    sc_core::sc_start();
    EXPECT_EQ(b.mover.bytes_read(), 128);
    EXPECT_EQ(b.mover.errors(), 5);
}

INSTANTIATE_TEST_SUITE_P(all, dma_errors, testing::Values(dma_transport::blocking, dma_transport::non_blocking));

TEST(dma, refuses_parameters_that_make_no_sense) {
    local_kernel kernel("kernel");
    EXPECT_THROW(dma<>("a", {dma_split::row, dma_transport::blocking, -1, 0, 0}, cycle_ps, kernel), input_error);
    EXPECT_THROW(dma<>("b", {dma_split::row, dma_transport::blocking, 1, -1, 0}, cycle_ps, kernel), input_error);
    EXPECT_THROW(dma<>("c", {dma_split::row, dma_transport::blocking, 1, 0, -1}, cycle_ps, kernel), input_error);
    EXPECT_THROW(dma<>("d", {}, 0, kernel), input_error);
}

// ---- Abort ----

class dma_abort : public testing::TestWithParam<memory_kind> {};

TEST_P(dma_abort, goes_on_afterwards) {
    bench b({dma_split::aligned_pow2, dma_transport::non_blocking, 64, 0, 4});
    std::unique_ptr<foreign_memory> foreign;
    std::unique_ptr<moody_memory> moody;
    if (GetParam() == memory_kind::moody) {
        moody = std::make_unique<moody_memory>("memory");
        b.watch.out.bind(moody->in);
    } else {
        foreign = std::make_unique<foreign_memory>("memory", GetParam() == memory_kind::foreign_frontend);
        b.watch.out.bind(foreign->in);
    }
    int begun = 0, done = 0;
    for (int id = 0; id < 3; ++id)
        b.kernel.spawn([&, id] {
            const auto value = static_cast<unsigned char>(++begun);
            // The buffers of those that are ended go with their stacks: late responses must not touch them.
            std::vector<unsigned char> out(700, value), in(700);
            const auto at = static_cast<std::uint64_t>(begun) * 4096;
            ASSERT_TRUE(b.move(tlm::TLM_WRITE_COMMAND, at, out).ok());
            ASSERT_TRUE(b.move(tlm::TLM_READ_COMMAND, at, in).ok());
            EXPECT_EQ(in, out);
            done += id >= 0;
        });
    testkit::process host(
        "host",
        [&] {
            for (int i = 1; i <= 30; ++i) {
                wait_ps(i * 3333);
                if (foreign) {
                    EXPECT_NE(b.mover.waiting_for(), "");
                }
                b.kernel.restart([&] { b.mover.abort(); });
            }
        },
        true);
    sc_core::sc_start();
    EXPECT_GE(done, 3) << b.mover.waiting_for();
    EXPECT_EQ(begun, 3 * 31);
    EXPECT_EQ(b.mover.waiting_for(), "");
}

INSTANTIATE_TEST_SUITE_P(all, dma_abort,
                         testing::Values(memory_kind::foreign, memory_kind::foreign_frontend, memory_kind::moody));

TEST(dma, abort_frees_the_port) {
    bench b({dma_split::aligned_pow2, dma_transport::blocking, 64, 1, 1});
    foreign_memory memory("memory", true);
    b.watch.out.bind(memory.in);
    std::vector<std::int64_t> delays;
    b.kernel.spawn([&] {
        if (delays.empty()) {
            delays.push_back(b.read(0, 6400).delay_ps); // books the port for long
            b.kernel.wait_until(delays[0]);
        }
        delays.push_back(b.read(0, 64).delay_ps);
    });
    testkit::process host(
        "host",
        [&] {
            wait_ps(1000);
            b.kernel.restart([&] { b.mover.abort(); });
        },
        true);
    sc_core::sc_start();
    ASSERT_EQ(delays.size(), 2u);
    EXPECT_GT(delays[0], 6400000);
    EXPECT_EQ(delays[1], 50000 + 64000);
}

TEST(dma, goes_with_transfers_under_way) {
    auto b =
        std::make_unique<bench>(device_dma_parameters{dma_split::aligned_pow2, dma_transport::non_blocking, 64, 0, 4});
    foreign_memory memory("memory", true);
    b->watch.out.bind(memory.in);
    for (int i = 0; i < 2; ++i)
        b->kernel.spawn([&] {
            b->read(0, 4096);
            ADD_FAILURE() << "still under way";
        });
    sc_core::sc_start(60000, sc_core::SC_PS);
    EXPECT_EQ(b->mover.waiting_for(), "4 responses of system memory");
    b.reset();
}

TEST(dma, reports) {
    bench b({dma_split::aligned_pow2, dma_transport::blocking, 64, 0, 4});
    foreign_memory memory("memory", true);
    b.watch.out.bind(memory.in);
    b.kernel.spawn([&] {
        b.read(0, 128);
        b.write(32, 96);
    });
    sc_core::sc_start();
    statistics s;
    b.mover.report(s);
    std::vector<std::pair<std::string, double>> values;
    for (const auto& e : s.entries()) values.push_back({e.name, e.value});
    EXPECT_EQ(values, (std::vector<std::pair<std::string, double>>{{"dma.transfers", 2},
                                                                   {"dma.payloads_read", 2},
                                                                   {"dma.payloads_written", 2},
                                                                   {"dma.bytes_read", 128},
                                                                   {"dma.bytes_written", 96},
                                                                   {"dma.errors", 0}}));
}

} // namespace

/// Does the DMA bring every byte to its place, in payloads that foreign memories take, by the rules of both protocols?
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/dram.h>

#include <initializer_list>
#include <ostream>
#include <string>
#include <utility>

#include "dma_bench.h"

namespace {

using namespace dma_bench;
using dma_bench::memory_kind; // not the one of machines

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
        ours = std::make_unique<dram<32>>("dram", dram_level(), cycle_ps, b.energy, data_kept::pages);
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

// ---- Report ----

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

/// The contract of a target, applied to scratchpad, DRAM, cache and bus, each 32 and 64 bits wide: with and without
/// data, at address 0, at absolute addresses and at the end of the address space.
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/cache.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/modules/scratchpad.h>

#include <sstream>

#include "levels.h"
#include <tests/tlm/contract.h>

namespace {

using namespace cimtlm;

template <class Module> std::string report_of(const Module& m, const ledger& energy) {
    statistics s;
    m.report(s);
    std::ostringstream text;
    for (const auto& e : s.entries()) text << e.name << ' ' << e.value << '\n';
    text << energy.total_pj();
    return text.str();
}

memory_level small_dram() {
    auto level = levels::dram_level();
    level.capacity_bytes = 1 << 20;
    level.latency_cycles = 5;
    return level;
}

constexpr std::uint64_t top = ~std::uint64_t{0} - 0xffff; // the last 64 KiB of the address space

template <unsigned W, data_kept Data, std::uint64_t Base> struct scratchpad_at {
    static constexpr unsigned width = W;
    static constexpr bool keeps = Data != data_kept::none;
    contract::traits traits() const { return {Base, 64 * 1024, Base + 0x1004, 24, true, keeps, keeps, 1000}; }
    tlm::tlm_target_socket<W>& socket() { return memory.in; }
    std::string fingerprint() const { return report_of(memory, energy); }
    ledger energy;
    scratchpad<W> memory{"smem", levels::sram_level(), levels::cycle_ps, energy, Data, Base};
};

template <unsigned W, data_kept Data, std::uint64_t Base> struct dram_at {
    static constexpr unsigned width = W;
    static constexpr bool keeps = Data != data_kept::none;
    contract::traits traits() const { return {Base, 1 << 20, Base + 0x1ffc, 16, true, keeps, keeps, 1000}; }
    tlm::tlm_target_socket<W>& socket() { return memory.in; }
    std::string fingerprint() const { return report_of(memory, energy); }
    ledger energy;
    dram<W> memory{"dram", small_dram(), levels::cycle_ps, energy, Data, Base};
};

/// Many channels.
template <unsigned W> struct hbm {
    static constexpr unsigned width = W;
    static memory_level level() {
        auto l = small_dram();
        l.dram->channels = dram_channel_parameters{8, 1024};
        return l;
    }
    contract::traits traits() const {
        contract::traits t{0, 1 << 20, 0x3ff8, 16, true, true, true, 1000};
        t.service_ps = 1000; // 8 bytes at each of two channels of 8 bytes a cycle
        t.first_extra_ps = levels::rcd;
        return t;
    }
    tlm::tlm_target_socket<W>& socket() { return memory.in; }
    std::string fingerprint() const { return report_of(memory, energy); }
    ledger energy;
    dram<W> memory{"dram", level(), levels::cycle_ps, energy, data_kept::pages};
};

/// A cache in front of a DRAM; what passes between them keeps the protocol, too.
template <unsigned W, bool Data, std::int64_t Region> struct cache_at {
    static constexpr unsigned width = W;
    cache_at() {
        l2.out.bind(inner.in);
        inner.out.bind(memory.in);
    }
    ~cache_at() {
        for (const auto& v : inner.violations()) ADD_FAILURE() << "behind the cache: " << v;
    }
    contract::traits traits() const { return {0, 1 << 20, 0x1ffc, 16, true, Data, false, 1000}; }
    tlm::tlm_target_socket<W>& socket() { return l2.in[0]; }
    std::string fingerprint() const { return report_of(l2, energy) + report_of(memory, energy); }
    ledger energy;
    cache<W> l2{"l2", levels::cache_level(64 * 1024, Region), levels::cycle_ps, energy, Data, 1 << 20, 1};
    base_protocol_probe<W> inner{"inner"};
    dram<W> memory{"dram", small_dram(), levels::cycle_ps, energy, Data ? data_kept::pages : data_kept::none};
};

/// A memory without capacity: up to the end of the address space.
template <unsigned W> struct unbounded_dram {
    static constexpr unsigned width = W;
    contract::traits traits() const { return {0, 0, ~std::uint64_t{0} - 15, 16, true, true, true, 1000}; }
    tlm::tlm_target_socket<W>& socket() { return memory.in; }
    std::string fingerprint() const { return report_of(memory, energy); }
    ledger energy;
    dram<W> memory{"dram", levels::dram_level(), levels::cycle_ps, energy, data_kept::pages};
};

/// A scratchpad seen through a bus that rewrites addresses, or passes absolute ones.
template <unsigned W, bool Relative, std::uint64_t Base> struct bus_at {
    static constexpr unsigned width = W;
    bus_at() {
        interconnect.map(Base, 64 * 1024, 0, Relative);
        interconnect.out[0].bind(inner.in);
        inner.out.bind(memory.in);
    }
    contract::traits traits() const { return {Base, 64 * 1024, Base + 0x800, 16, true, true, true, 1000}; }
    tlm::tlm_target_socket<W>& socket() { return interconnect.in[0]; }
    std::string fingerprint() const { return report_of(interconnect, energy) + report_of(memory, energy); }
    ~bus_at() {
        for (const auto& v : inner.violations_of("target")) ADD_FAILURE() << "behind the bus: " << v;
    }
    ledger energy;
    bus<W> interconnect{"bus", levels::bus_level(64), levels::cycle_ps, energy, 1, 1};
    base_protocol_probe<W> inner{"inner"};
    scratchpad<W> memory{"smem", levels::sram_level(), levels::cycle_ps, energy, data_kept::pages, Relative ? 0 : Base};
};

using scratchpad_64 = scratchpad_at<64, data_kept::pages, 0>;
using scratchpad_64_absolute = scratchpad_at<64, data_kept::pages, 0x1234000000>;
using scratchpad_32_absolute = scratchpad_at<32, data_kept::pages, 0x80000000>;
using scratchpad_64_no_data = scratchpad_at<64, data_kept::none, 0>;
using scratchpad_32_top = scratchpad_at<32, data_kept::pages, top>;
using scratchpad_64_contiguous = scratchpad_at<64, data_kept::contiguous, 0x80000000>;
using scratchpad_32_contiguous_top = scratchpad_at<32, data_kept::contiguous, top>;
using dram_64 = dram_at<64, data_kept::pages, 0>;
using dram_64_absolute = dram_at<64, data_kept::pages, 0x1234000000>;
using dram_32_absolute = dram_at<32, data_kept::pages, 0x80000000>;
using dram_64_no_data = dram_at<64, data_kept::none, 0x1000>;
using dram_64_contiguous = dram_at<64, data_kept::contiguous, 0>;
using dram_32_contiguous = dram_at<32, data_kept::contiguous, 0x80000000>;
using dram_32_unbounded = unbounded_dram<32>;
using dram_64_unbounded = unbounded_dram<64>;
using dram_32_channels = hbm<32>;
using dram_64_channels = hbm<64>;
using cache_64_regions = cache_at<64, true, 1024>;
using cache_32_regions = cache_at<32, true, 1024>;
using cache_32_lines = cache_at<32, true, 128>;
using cache_64_no_data = cache_at<64, false, 1024>;
using bus_64_relative = bus_at<64, true, 0x40000000>;
using bus_32_relative = bus_at<32, true, 0x40000000>;
using bus_64_absolute = bus_at<64, false, 0x40000000>;
using bus_32_absolute = bus_at<32, false, 0x40000000>;
using bus_64_top = bus_at<64, true, top>;

} // namespace

CIMTLM_TARGET_CONTRACT(scratchpad_64);
CIMTLM_TARGET_CONTRACT(scratchpad_64_absolute);
CIMTLM_TARGET_CONTRACT(scratchpad_32_absolute);
CIMTLM_TARGET_CONTRACT(scratchpad_64_no_data);
CIMTLM_TARGET_CONTRACT(scratchpad_32_top);
CIMTLM_TARGET_CONTRACT(scratchpad_64_contiguous);
CIMTLM_TARGET_CONTRACT(scratchpad_32_contiguous_top);
CIMTLM_TARGET_CONTRACT(dram_64);
CIMTLM_TARGET_CONTRACT(dram_64_absolute);
CIMTLM_TARGET_CONTRACT(dram_32_absolute);
CIMTLM_TARGET_CONTRACT(dram_64_no_data);
CIMTLM_TARGET_CONTRACT(dram_64_contiguous);
CIMTLM_TARGET_CONTRACT(dram_32_contiguous);
CIMTLM_TARGET_CONTRACT(dram_32_unbounded);
CIMTLM_TARGET_CONTRACT(dram_64_unbounded);
CIMTLM_TARGET_CONTRACT(dram_32_channels);
CIMTLM_TARGET_CONTRACT(dram_64_channels);
CIMTLM_TARGET_CONTRACT(cache_64_regions);
CIMTLM_TARGET_CONTRACT(cache_32_regions);
CIMTLM_TARGET_CONTRACT(cache_32_lines);
CIMTLM_TARGET_CONTRACT(cache_64_no_data);
CIMTLM_TARGET_CONTRACT(bus_64_relative);
CIMTLM_TARGET_CONTRACT(bus_32_relative);
CIMTLM_TARGET_CONTRACT(bus_64_absolute);
CIMTLM_TARGET_CONTRACT(bus_32_absolute);
CIMTLM_TARGET_CONTRACT(bus_64_top);

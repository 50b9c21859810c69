#pragma once
/// The driver on the mock of the device.
#include "mock_device.h"

#include <cim_driver.h>

#include <gtest/gtest.h>

#include <vector>

struct bench {
    explicit bench(const mock::config& c = {})
        : device(c) {
        io.context = this;
        io.read = [](void* self, std::uint32_t offset) { return static_cast<bench*>(self)->device.read(offset); };
        io.write = [](void* self, std::uint32_t offset, std::uint32_t value) {
            static_cast<bench*>(self)->device.write(offset, value);
        };
        io.barrier = [](void* self) { ++static_cast<bench*>(self)->barriers; };
        io.relax = nullptr;
    }

    std::uint64_t address(std::size_t offset) const { return device.configuration.memory_base + offset; }

    /// The ring lies at the end of system memory.
    std::size_t ring_offset(std::uint32_t entries) const {
        return device.memory.size() - entries * CIM_DESCRIPTOR_BYTES;
    }
    int use_ring(std::uint32_t entries) {
        const std::size_t offset = ring_offset(entries);
        return cim_ring_init(&cim, device.memory.data() + offset, address(offset), entries);
    }

    /// Ready to compute, through a ring of `entries` or through registers.
    void start(std::uint32_t entries = 0) {
        ASSERT_EQ(cim_probe(&cim, &io), CIM_OK);
        cim.poll_limit = 100000;
        if (entries) {
            ASSERT_EQ(use_ring(entries), CIM_OK);
        }
        ASSERT_EQ(cim_mode(&cim, CIM_MODE_COMPUTE), CIM_OK);
    }

    mock::device device;
    struct cim cim = {};
    struct cim_io io = {};
    unsigned barriers = 0;
};

/// Descriptor of a command without operands.
inline std::vector<std::uint32_t> command(std::uint32_t first_word) {
    std::vector<std::uint32_t> words(CIM_DESCRIPTOR_WORDS);
    words[CIM_WORD_COMMAND] = first_word;
    return words;
}

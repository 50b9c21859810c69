/// Damaged executables: whatever a change of some bytes does, a file is read or refused with an input_error.
#include <cimtlm/base/error.h>
#include <platforms/riscv_soc/elf_file.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "small_elf.h"

namespace {

using namespace soc_test;

/// One change as transfers, tools and bad luck make them; headers are hit more often than the rest.
void damage(bytes& file, std::mt19937_64& random) {
    static const std::uint64_t values[] = {0,
                                           1,
                                           7,
                                           0x7f,
                                           0xff,
                                           0xffff,
                                           0x7fffffff,
                                           0xffffffff,
                                           small_elf::text,
                                           small_elf::data,
                                           small_elf::end,
                                           ~std::uint64_t{0},
                                           ~std::uint64_t{0} - 31,
                                           std::uint64_t{1} << 63};
    if (file.empty()) return;
    auto at = random() % file.size();
    if (random() % 2) at = random() % 2 ? at % small_elf::code_at : small_elf::shoff + at % 320;
    at = std::min<std::uint64_t>(at, file.size() - 1);
    switch (random() % 6) {
    case 0:
        file[at] = static_cast<unsigned char>(random());
        break;
    case 1:
        file[at] = static_cast<unsigned char>(file[at] ^ 1u << random() % 8);
        break;
    case 2: { // a whole field
        at -= at % 8;
        const auto value = random() % 4 == 0 ? random() : values[random() % std::size(values)];
        for (unsigned i = 0; i < 8 && at + i < file.size(); ++i)
            file[at + i] = static_cast<unsigned char>(value >> 8 * i);
        break;
    }
    case 3:
        file.resize(at);
        break;
    case 4: { // copied over another place
        const auto from = random() % file.size(),
                   n = std::min<std::uint64_t>(random() % 64, file.size() - std::max(at, from));
        std::copy_n(bytes(file).begin() + static_cast<std::ptrdiff_t>(from), n,
                    file.begin() + static_cast<std::ptrdiff_t>(at));
        break;
    }
    default:
        file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), random() % 16,
                    static_cast<unsigned char>(random()));
    }
}

TEST(elf_mutation, only_input_errors_are_thrown) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto whole = small_elf().file();
    int read = 0, refused = 0;
    for (int i = 0; i < 40000; ++i) {
        auto file = whole;
        for (auto changes = 1 + random() % 3; changes > 0; --changes) damage(file, random);
        try {
            const cimtlm::elf_file e(file, "damaged.elf");
            ++read;
            ASSERT_FALSE(e.segments().empty());
            const cimtlm::elf_file::segment* before = nullptr;
            unsigned sum = 0;
            for (const auto& s : e.segments()) {
                ASSERT_GE(s.memory_bytes, std::max<std::uint64_t>(1, s.file_bytes));
                ASSERT_GE(s.last(), s.address);
                if (before != nullptr) {
                    ASSERT_GT(s.address, before->last());
                }
                before = &s;
                ASSERT_LE(s.file_bytes, file.size());
                for (std::uint64_t b = 0; b < s.file_bytes; ++b) sum += s.bytes[b]; // a sanitizer looks
                e.symbol(s.address);
                e.symbol(s.last());
            }
            for (std::uint64_t a = 0; a < 64; ++a) sum += static_cast<unsigned>(e.symbol(small_elf::text + a).size());
            ASSERT_NE(sum, ~0u);
            e.symbol(random());
            try {
                e.require_in(small_elf::text, 0x10000);
                ASSERT_GE(e.segments().front().address, small_elf::text);
                ASSERT_LT(e.segments().back().last(), small_elf::text + 0x10000);
            } catch (const cimtlm::input_error&) {
            }
        } catch (const cimtlm::input_error& error) {
            ASSERT_EQ(std::string(error.what()).rfind("damaged.elf: ", 0), 0u) << error.what();
            ++refused;
        } catch (const std::exception& error) {
            FAIL() << error.what();
        }
    }
    EXPECT_GT(read, 1000);
    EXPECT_GT(refused, 1000);
}

} // namespace

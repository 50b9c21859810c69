/// Damaged files: whatever is read, the outcome is a machine or an input_error.
#include "config_test_tools.h"

#include <platforms/config/node.h>

#include <chrono>
#include <iostream>
#include <random>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

class mutator {
public:
    explicit mutator(std::uint64_t seed)
        : random_(seed) {}

    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

    void mutate(std::string& text) {
        static const std::vector<std::string> words = {"extends: ", "part: ",
                                                       "source: ",  "value: ",
                                                       "range: ",   "[1, 2]",
                                                       "null",      "~",
                                                       "&a ",       "*a",
                                                       "[",         "]",
                                                       "{",         "}",
                                                       ": ",        "- ",
                                                       "? ",        "| ",
                                                       "> ",        "\"",
                                                       "'",         "#",
                                                       "---\n",     "...\n",
                                                       "!!str ",    "%YAML 9\n",
                                                       " ns",       " KiB",
                                                       "1e999",     "-1",
                                                       "nan",       "0x1",
                                                       "\n",        "\t",
                                                       "  ",        "memories",
                                                       "cim",       "\\",
                                                       "\xff",      std::string(1, '\0'),
                                                       "\xc3\xa9",  "99999999999999999999"};
        if (text.empty()) text = " ";
        const auto at = below(text.size());
        switch (below(6)) {
        case 0:
            text[at] = static_cast<char>(below(256));
            break;
        case 1:
            text.erase(at, 1 + below(20));
            break;
        case 2:
            text.insert(at, words[below(words.size())]);
            break;
        case 3:
            text.insert(at, text.substr(below(text.size()), 1 + below(60)));
            break;
        case 4:
            text.resize(at);
            break;
        default:
            std::swap(text[at], text[below(text.size())]);
            break;
        }
    }

private:
    std::mt19937_64 random_;
};

TEST(mutation, only_input_errors) {
    // A new seed each run; CIMTLM_SEED repeats one.
    const char* given = std::getenv("CIMTLM_SEED");
    const std::uint64_t seed =
        given ? std::stoull(given)
              : static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
    std::cout << "seed " << seed << "\n";
    mutator m(seed);
    std::vector<std::string> texts = {small_machine(), to_yaml(load_machine("tensor_core")),
                                      to_yaml(load_machine("rf_digital_6t", {"cim.macro=sram_6t_charge"}))};
    for (const auto* name : {"rf_digital_6t", "smem_analog_8t_iso_area", "a100/tensor_core", "a100/cim_l2"}) {
        const auto file = find_machine(name);
        texts.push_back(read_config_text(file, ""));
        texts.push_back(to_yaml(load_machine(name)));
    }
    int accepted = 0;
    for (int i = 0; i < 3000; ++i) {
        auto text = texts[m.below(texts.size())];
        for (auto times = 1 + m.below(4); times > 0; --times) m.mutate(text);
        try {
            const auto loaded = parse_machine(text, find_machine("tensor_core"));
            const auto yaml = to_yaml(loaded);
            ASSERT_EQ(to_yaml(parse_machine(yaml, "m.yaml")), yaml) << "seed " << seed << ", round " << i << "\n"
                                                                    << text;
            ++accepted;
        } catch (const input_error& e) {
            ASSERT_NE(std::string(e.what()), "");
        } catch (const std::exception& e) {
            FAIL() << "seed " << seed << ", round " << i << ": " << e.what() << "\n" << text;
        }
    }
    EXPECT_GT(accepted, 0) << "mutations inside comments and texts leave a machine valid";
}

TEST(mutation, options) {
    const char* given = std::getenv("CIMTLM_SEED");
    const std::uint64_t seed =
        given ? std::stoull(given)
              : static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
    std::cout << "seed " << seed << "\n";
    mutator m(seed);
    for (int i = 0; i < 1000; ++i) {
        static const std::vector<std::string> sets = {"cim.macro={part: analog_6t, latency_ps: 9 ns}",
                                                      "cim.macro={part: sram_6t_charge, adc: {bits: 3}}",
                                                      "smem.capacity_bytes=128 KiB"};
        std::string set = sets[m.below(sets.size())];
        for (auto times = 1 + m.below(4); times > 0; --times) m.mutate(set);
        try {
            load_machine("rf_digital_6t", {set});
        } catch (const input_error& e) {
            const std::string text = e.what(); // a fault of the whole names its option at the end
            ASSERT_TRUE(text.rfind("--set ", 0) == 0 || text.find("; with --set ") != std::string::npos) << text;
        } catch (const std::exception& e) {
            FAIL() << "seed " << seed << ", round " << i << ": " << e.what() << "\n" << set;
        }
    }
}

} // namespace

/// A key's unit stands in its name; a value may be written in any unit of the same dimension.
#include "config_test_tools.h"

#include <platforms/config/units.h>

#include <limits>

using namespace cimtlm;

namespace {

double number(const std::string& key, const std::string& text) {
    return read_number(parse_option_value(text, "test"), key);
}

std::string refused_number(const std::string& key, const std::string& text) {
    return config_test::refusal([&] { number(key, text); });
}

TEST(units, every_key_of_a_machine_has_the_unit_its_name_says) {
    const std::map<std::string, std::string> ends = {{"_ps", "ps"},
                                                     {"_bytes", "B"},
                                                     {"_pj", "pJ"},
                                                     {"_pj_per_byte", "pJ/B"},
                                                     {"_mhz", "MHz"},
                                                     {"_um2", "um2"},
                                                     {"_mw", "mW"},
                                                     {"_nm", "nm"},
                                                     {"_v", "V"},
                                                     {"_cycles", "cycles"},
                                                     {"_nw", "nW"},
                                                     {"_ohm", "ohm"},
                                                     {"_c", "C"},
                                                     {"_bits", "bits"},
                                                     {".bits", "bits"},
                                                     {"_per_cycle", "/cycle"},
                                                     {"bytes_per_cycle", "B/cycle"},
                                                     {"_um2_per_byte", "um2/B"}};
    for (const auto& key : list_keys()) {
        std::string expected;
        std::size_t longest = 0;
        for (const auto& [end, unit] : ends)
            if (key.path.size() > end.size() && end.size() > longest &&
                key.path.compare(key.path.size() - end.size(), end.size(), end) == 0) {
                expected = unit;
                longest = end.size();
            }
        const bool counts = key.wanted == "a number" || key.wanted == "a whole number";
        EXPECT_EQ(key.unit, counts ? expected : "") << key.path;
    }
}

TEST(units, a_plain_number_is_in_the_unit_of_the_key) {
    EXPECT_EQ(number("latency_ps", "9000"), 9000);
    EXPECT_EQ(number("cim.macro.latency_ps", "9e3"), 9000);
    EXPECT_EQ(number("latency_ps", "+.5"), 0.5);
    EXPECT_EQ(number("latency_ps", "-2.E-1"), -0.2);
}

TEST(units, times) {
    EXPECT_EQ(number("latency_ps", "9 ns"), 9000);
    EXPECT_EQ(number("latency_ps", "9ns"), 9000);
    EXPECT_EQ(number("latency_ps", "16.9 ns"), 16900);
    EXPECT_EQ(number("latency_ps", "3.904 us"), 3904000);
    EXPECT_EQ(number("latency_ps", "5 fs"), 0.005);
    EXPECT_EQ(number("latency_ps", "1 ms"), 1e9);
    EXPECT_EQ(number("latency_ps", "1 s"), 1e12);
    EXPECT_EQ(number("latency_ps", "1e-3 us"), 1000);
}

TEST(units, sizes_are_binary_or_decimal_as_written) {
    EXPECT_EQ(number("capacity_bytes", "256 KiB"), 262144);
    EXPECT_EQ(number("capacity_bytes", "40 MiB"), 41943040);
    EXPECT_EQ(number("capacity_bytes", "2 GiB"), 2147483648.0);
    EXPECT_EQ(number("capacity_bytes", "1 kB"), 1000);
    EXPECT_EQ(number("capacity_bytes", "1 MB"), 1e6);
    EXPECT_EQ(number("capacity_bytes", "1 GB"), 1e9);
    EXPECT_NE(refused_number("capacity_bytes", "1 KB"), "") << "KB is read either way by people: refused";
}

TEST(units, energies_and_powers) {
    EXPECT_EQ(number("mac_energy_pj", "150 fJ"), 0.15);
    EXPECT_EQ(number("mac_energy_pj", "2 nJ"), 2000);
    EXPECT_EQ(number("mac_energy_pj", "2 uJ"), 2e6);
    EXPECT_EQ(number("mac_energy_pj", "2 mJ"), 2e9);
    EXPECT_EQ(number("mac_energy_pj", "2 J"), 2e12);
    EXPECT_EQ(number("write_energy_pj_per_byte", "3.2 pJ/B"), 3.2);
    EXPECT_EQ(number("write_energy_pj_per_byte", "1900 fJ/B"), 1.9);
    EXPECT_EQ(number("write_energy_pj_per_byte", "0.5 nJ/B"), 500);
    EXPECT_EQ(number("write_energy_pj_per_byte", "8 pJ/bit"), 64);
    EXPECT_EQ(number("write_energy_pj_per_byte", "500 fJ/bit"), 4);
    EXPECT_EQ(number("static_power_mw", "66.5 W"), 66500);
    EXPECT_EQ(number("static_power_mw", "5 uW"), 0.005);
    EXPECT_EQ(number("static_power_mw", "5 nW"), 5e-6);
}

TEST(units, the_others) {
    EXPECT_EQ(number("clock_mhz", "1 GHz"), 1000);
    EXPECT_EQ(number("clock_mhz", "32768 Hz"), 0.032768);
    EXPECT_EQ(number("clock_mhz", "100 kHz"), 0.1);
    EXPECT_EQ(number("area_um2", "826 mm2"), 826e6);
    EXPECT_EQ(number("area_um2", "346000 nm2"), 0.346);
    EXPECT_EQ(number("sram_area_um2_per_byte", "0.5 um2/bit"), 4);
    EXPECT_EQ(number("sram_area_um2_per_byte", "1 mm2/B"), 1e6);
    EXPECT_EQ(number("sram_area_um2_per_byte", "1 nm2/B"), 1e-6);
    EXPECT_EQ(number("node_nm", "0.045 um"), 45);
    EXPECT_EQ(number("supply_v", "850 mV"), 0.85);
    EXPECT_EQ(number("latency_cycles", "23 cycles"), 23);
    EXPECT_EQ(number("latency_cycles", "1 cycle"), 1);
    EXPECT_EQ(number("input_bits", "8 bit"), 8);
    EXPECT_EQ(number("read_bytes_per_cycle", "32 B/cycle"), 32);
    EXPECT_EQ(number("read_bytes_per_cycle", "1 KiB/cycle"), 1024);
    EXPECT_EQ(number("operations_per_cycle", "64 /cycle"), 64);
}

TEST(units, a_unit_of_another_dimension_names_key_unit_and_those_allowed) {
    EXPECT_EQ(refused_number("cim.macro.latency_ps", "9 pJ"),
              "test: 'cim.macro.latency_ps' is in ps; 'pJ' is no unit for it; allowed: ps, fs, ns, us, "
              "ms, s");
    EXPECT_EQ(refused_number("cim.count", "9 ns"), "test: 'cim.count' takes a number without a unit, not '9 ns'");
    EXPECT_NE(refused_number("read_energy_pj_per_byte", "9 pJ"), "") << "a joule is not a joule a byte";
    EXPECT_NE(refused_number("read_bytes_per_cycle", "9 B"), "");
    EXPECT_NE(refused_number("latency_cycles", "9 ns"), "");
    EXPECT_EQ(refused_number("latency_ps", "9 NS"),
              "test: 'latency_ps' is in ps; 'NS' is no unit for it; did you mean 'ns'? allowed: ps, fs, ns, us, ms, s")
        << "case counts: mW and MW differ";
}

TEST(units, what_is_no_finite_number_is_refused) {
    for (const auto* text :
         {"nan", "inf", "-inf", ".inf", ".nan",      "1e999", "-1e999", "0x10", "1_000", "1,000", "--1", "e3",
          ".",   "-",   "1e",   "1e+",  "1e9999999", "nine",  "true",   "[1]",  "{}",    "1.2.3", "1 2", "''"})
        EXPECT_NE(refused_number("latency_ps", text), "") << text;
    EXPECT_NE(refused_number("capacity_bytes", "1e308 GiB"), "");
}

TEST(units, whole_numbers_are_whole_after_conversion) {
    const auto integer = [](const std::string& text, std::int64_t lowest, std::int64_t highest) {
        return read_integer(parse_option_value(text, "test"), "capacity_bytes", lowest, highest);
    };
    const auto most = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(integer("0.5 KiB", 0, most), 512);
    EXPECT_EQ(integer("1e3", 0, most), 1000);
    EXPECT_EQ(integer("9007199254740992", 0, most), 9007199254740992);
    for (const auto* text : {"0.0001 KiB", "1.5", "1e300", "9223372036854775808", "-9223372036854775809"})
        EXPECT_NE(config_test::refusal([&] { integer(text, -most, most); }), "") << text;
    EXPECT_EQ(config_test::refusal([&] { integer("3000000000", -2147483648LL, 2147483647); }),
              "test: 'capacity_bytes' is out of range: '3000000000'");
}

} // namespace

// What scaling a machine to its technology changes, and what it leaves alone.
#include "study_machines.h"

#include <cimtlm/base/error.h>
#include <cimtlm/machine/scaling.h>

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

namespace cimtlm {
namespace {

const technology_point at_45{45, 1.0, flavour::lp};
const technology_point at_7{7, 0.8, flavour::hp};

/// The study's machine with every part native at 45 nm, asked for at `target`.
machine native_at_45(machine m, const technology_point& target) {
    for (auto& part : technology_parts(m)) *part.native = at_45;
    if (m.cim) m.cim->published().latency_native = technology_point{22, 0.72, flavour::hp};
    m.technology.node_nm = target.node_nm;
    m.technology.supply_v = target.supply_v;
    m.technology.flavour = target.flavour;
    m.vector_unit.area_um2 = 3;
    m.bus.energy_pj_per_byte = 0.7;
    m.host.command_energy_pj = 11;
    for (auto& level : m.memories) level.area_um2 = 100;
    return m;
}

std::map<std::string, double> figures(machine m) {
    std::map<std::string, double> all;
    for (auto& part : technology_parts(m))
        for (auto& f : part.figures) all[f.path] = *f.value;
    return all;
}

TEST(Scaling, EveryFigureOnTheChipByItsFactor) {
    for (const auto& study : {study::rf("digital_6t"), study::tensor_core()}) {
        const auto before = native_at_45(study, at_7);
        const auto after = scaled(before);
        const auto old = figures(before), now = figures(after);
        EXPECT_GE(old.size(), 11u);
        for (const auto& [path, value] : now) {
            const bool area = path.find("area") != std::string::npos, delay = path.find("latency") != std::string::npos;
            const double factor = delay ? 1 : (area ? scale_area(at_45, at_7).value : scale_energy(at_45, at_7).value);
            EXPECT_DOUBLE_EQ(value, old.at(path) * factor) << path;
        }
        EXPECT_EQ(after.memories[0].read_energy_pj_per_byte, before.memories[0].read_energy_pj_per_byte) << "DRAM";
        EXPECT_EQ(after.memories[0].area_um2, before.memories[0].area_um2);
        EXPECT_EQ(after.peak_macs_per_ps(), before.peak_macs_per_ps());
        EXPECT_NEAR(after.mac_pj() / before.mac_pj(), 0.064, 0.0005);
        EXPECT_NEAR(after.area_um2() / before.area_um2(), 0.059, 1e-9);
    }
}

TEST(Scaling, WhereItIsNativeNoBitChanges) {
    const auto before = native_at_45(study::rf("analog_8t"), at_45);
    const auto old = figures(before), now = figures(scaled(before));
    for (const auto& [path, value] : now) EXPECT_EQ(value, old.at(path)) << path;
}

TEST(Scaling, TwiceIsOnce) {
    for (const bool delay : {false, true}) {
        auto before = native_at_45(study::rf("digital_6t"), at_7);
        before.technology.scale_delay = delay;
        before.cim->published().latency_native.reset();
        const auto once = scaled(before);
        EXPECT_EQ(figures(scaled(once)), figures(once));
        EXPECT_EQ(once.cim->published().native, at_7);
        EXPECT_EQ(once.cim->published().latency_native, delay ? at_7 : at_45)
            << "a latency that was kept stays native there";
    }
}

TEST(Scaling, PartsWithoutAStatementStayAsTheyAre) {
    auto before = native_at_45(study::rf("digital_6t"), at_7);
    before.memories[1].native.reset();
    const auto after = scaled(before);
    EXPECT_EQ(after.memories[1].read_energy_pj_per_byte, before.memories[1].read_energy_pj_per_byte);
    EXPECT_FALSE(after.memories[1].native);
    EXPECT_LT(after.cim->addition_energy_pj, before.cim->addition_energy_pj);
}

TEST(Scaling, DelaysOnRequestFromThePrototype) {
    auto before = native_at_45(study::rf("digital_6t"), at_45);
    before.technology.scale_delay = true;
    const double slower = delay_factor(flavour::lp, 45, 1.0).value / delay_factor(flavour::hp, 22, 0.72).value;
    EXPECT_NEAR(scaled(before).cim->published().latency_ps, 18000 * slower, 1e-6);
    before.cim->published().latency_native.reset();
    EXPECT_EQ(scaled(before).cim->published().latency_ps, 18000) << "native where the energies are";
    auto core = native_at_45(study::tensor_core(), at_7);
    core.technology.scale_delay = true;
    EXPECT_EQ(scaled(core).tensor_core->latency_ps, 1000) << "a period of the clock";
}

TEST(Scaling, ReportTellsBothFiguresAndTheMark) {
    auto m = native_at_45(study::rf("digital_6t"), {7, 0.4, flavour::hp});
    std::set<std::string> paths;
    for (const auto& s : scaling_of(m)) {
        EXPECT_TRUE(paths.insert(s.path).second) << s.path;
        EXPECT_EQ(s.outside, s.kind == figure_kind::energy) << s.path << ": 0.4 V is out of range for energies";
        EXPECT_EQ(s.kept, s.kind == figure_kind::delay) << s.path;
        if (s.path == "cim.macro.mac_energy_pj") {
            EXPECT_EQ(s.native_value, 0.34);
            EXPECT_EQ(s.native, at_45);
            EXPECT_EQ(s.value, scaled(m).cim->published().mac_energy_pj);
        }
    }
    EXPECT_EQ(paths.size(), figures(m).size());
}

TEST(Scaling, RefusesATechnologyThatIsNone) {
    const auto refusal = [](const machine& m) -> std::string {
        try {
            m.validate("m");
        } catch (const input_error& e) {
            return e.what();
        }
        return "";
    };
    auto m = native_at_45(study::rf("digital_6t"), {7, 0.8, flavour::lp});
    EXPECT_EQ(refusal(m),
              "m: technology cannot be scaled: there is no lp near 7 nm in the scaling table; there it has: "
              "hp, lstp");
    m = native_at_45(study::rf("digital_6t"), at_7);
    EXPECT_EQ(refusal(m), "");
    m.cim->published().native = technology_point{28, 0, flavour::lp};
    EXPECT_EQ(refusal(m), "m: cim.macro.native.supply_v must be above 0");
    m = native_at_45(study::rf("digital_6t"), at_7);
    m.memories[0].native = at_45;
    EXPECT_EQ(refusal(m), "m: memories.dram.native: dram is outside the chip and not scaled");
    m = native_at_45(study::rf("digital_6t"), at_7);
    m.cim->published().latency_native = technology_point{45, 3, flavour::lp};
    EXPECT_EQ(refusal(m), "") << "energies are positive there, and the latency is kept";
    m.technology.scale_delay = true;
    EXPECT_EQ(refusal(m),
              "m: cim.macro.latency_native cannot be scaled: the scaling equation gives no positive delay at "
              "45 nm LP 3 V; it holds near 1.1 V");
}

} // namespace
} // namespace cimtlm

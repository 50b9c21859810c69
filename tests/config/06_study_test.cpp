/// The machines of the study load, say where each figure comes from, and have the published sizes and rates.
#include "config_test_tools.h"

#include <platforms/config/reader.h>
#include <platforms/config/units.h>

#include "study_machines.h"

#include <algorithm>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

const std::vector<std::string> macros = {"analog_6t", "analog_8t", "digital_6t", "digital_8t"};

TEST(study, seventeen_machines) {
    std::vector<std::string> expected = {"tensor_core"};
    for (const auto* level : {"rf_", "smem_"})
        for (const auto& macro : macros)
            for (const auto* end : {"", "_iso_area"}) expected.push_back(level + macro + end);
    const auto known = list_machines();
    for (const auto& name : expected) {
        EXPECT_NE(std::find(known.begin(), known.end(), name), known.end()) << name;
        const auto loaded = load_machine(name);
        EXPECT_EQ(loaded.value.name, name);
        EXPECT_EQ(loaded.value.technology.node_nm, 45);
        EXPECT_EQ(loaded.value.technology.supply_v, 1.0);
        EXPECT_EQ(loaded.value.technology.clock_mhz, 1000);
        EXPECT_FALSE(loaded.value.description.empty());
    }
    EXPECT_EQ(expected.size(), 17u);
    const auto all = list_macros();
    for (const auto& macro : macros) EXPECT_NE(std::find(all.begin(), all.end(), macro), all.end()) << macro;
}

TEST(study, peak_rates_at_equal_area_are_the_published_ones) {
    // 2 Rp Cp arrays / latency in GOPS, of which the publication prints these digits.
    const double published[] = {170.67, 7.11, 1365.3, 4.39};
    const std::int64_t arrays[] = {3, 2, 3, 4};
    for (std::size_t i = 0; i < macros.size(); ++i) {
        const auto rf = load_machine("rf_" + macros[i] + "_iso_area").value;
        const auto smem = load_machine("smem_" + macros[i] + "_iso_area").value;
        EXPECT_EQ(rf.engine_count(), arrays[i]);
        EXPECT_EQ(smem.engine_count(), 16 * arrays[i]);
        EXPECT_NEAR(rf.peak_macs_per_ps() * 2000, published[i], published[i] * 1.5e-3) << macros[i];
        EXPECT_DOUBLE_EQ(smem.peak_macs_per_ps(), 16 * rf.peak_macs_per_ps());
        EXPECT_EQ(load_machine("rf_" + macros[i]).value.engine_count(), 4);
        EXPECT_EQ(load_machine("smem_" + macros[i]).value.engine_count(), 4);
    }
    EXPECT_DOUBLE_EQ(load_machine("tensor_core").value.peak_macs_per_ps(), 1.024);
}

TEST(study, equal_area_is_equal_within_the_rounding_to_whole_arrays) {
    // Arrays are rounded to the nearest: half an array of the count is the most that may differ.
    const auto area = [](const machine& m) {
        return m.matrix_engine()->area_um2() * static_cast<double>(m.engine_count());
    };
    const auto core = load_machine("tensor_core").value;
    const auto registers = core.memories[static_cast<std::size_t>(core.memory_index("rf"))].area_um2 * 4;
    const auto shared = core.memories[static_cast<std::size_t>(core.memory_index("smem"))].area_um2;
    for (const auto& macro : macros) {
        const auto rf = load_machine("rf_" + macro + "_iso_area").value;
        const auto smem = load_machine("smem_" + macro + "_iso_area").value;
        EXPECT_NEAR(area(rf) / registers, 1, 0.5 / static_cast<double>(rf.engine_count())) << macro;
        EXPECT_NEAR(area(smem) / shared, 1, 0.5 * 16 / static_cast<double>(smem.engine_count())) << macro;
    }
}

/// The figures of the study, without the ones that its publication does not give.
void expect_same_study(const machine& file, const machine& plain) {
    ASSERT_EQ(file.memories.size(), plain.memories.size());
    for (std::size_t i = 0; i < file.memories.size(); ++i) {
        const auto &f = file.memories[i], &p = plain.memories[i];
        EXPECT_EQ(f.name, p.name);
        EXPECT_EQ(f.kind, p.kind);
        EXPECT_EQ(f.keeps, p.keeps);
        EXPECT_EQ(f.capacity_bytes, p.capacity_bytes);
        EXPECT_EQ(f.instances_below(), p.instances_below());
        EXPECT_EQ(f.read_bytes_per_cycle, p.read_bytes_per_cycle);
        EXPECT_EQ(f.write_bytes_per_cycle, p.write_bytes_per_cycle);
        EXPECT_EQ(f.read_energy_pj_per_byte, p.read_energy_pj_per_byte);
        EXPECT_EQ(f.update_energy_pj_per_byte, p.update_energy_pj_per_byte);
        if (f.kind != memory_kind::register_file) {
            EXPECT_EQ(f.fill_energy_pj_per_byte, p.fill_energy_pj_per_byte);
        }
    }
    EXPECT_EQ(file.engine_count(), plain.engine_count());
    EXPECT_EQ(file.mac_pj(), plain.mac_pj());
    EXPECT_EQ(file.peak_macs_per_ps(), plain.peak_macs_per_ps());
    EXPECT_EQ(file.matrix_engine()->write_pj_per_byte(), plain.matrix_engine()->write_pj_per_byte());
    EXPECT_EQ(file.matrix_engine()->published_write_bytes(), plain.matrix_engine()->published_write_bytes());
    EXPECT_EQ(file.matrix_engine()->capacity_bytes(), plain.matrix_engine()->capacity_bytes());
    EXPECT_EQ(file.mapper.bank_order, plain.mapper.bank_order);
    EXPECT_EQ(file.mapper.bank_threshold, plain.mapper.bank_threshold);
}

TEST(study, files_agree_with_the_machines_of_the_mapping_tests) {
    for (const auto& macro : macros) {
        SCOPED_TRACE(macro);
        expect_same_study(load_machine("rf_" + macro).value, study::rf(macro));
        expect_same_study(load_machine("smem_" + macro).value, study::in_smem(macro));
    }
    expect_same_study(load_machine("tensor_core").value, study::tensor_core());
}

/// Paths of the figures of a tree.
void figures(const config_node& node, const config_schema& schema, const std::string& path,
             std::vector<std::string>& found) {
    using form = config_schema::form;
    if (schema.kind == form::number || schema.kind == form::integer || schema.kind == form::boolean)
        found.push_back(path);
    for (const auto& entry : node.entries)
        figures(entry.value, schema.kind == form::table ? *schema.element : *schema.find(entry.key)->type,
                path.empty() ? entry.key : path + "." + entry.key, found);
}

TEST(study, every_figure_of_every_machine_has_a_source) {
    const auto schema = schema_of<machine>();
    for (const auto& name : list_machines()) {
        const auto loaded = load_machine(name);
        std::vector<std::string> paths;
        figures(write_value(loaded.value), *schema, "", paths);
        EXPECT_GT(paths.size(), 40u);
        const bool is_composed = loaded.value.cim && loaded.value.cim->is_composed();
        for (const auto& path : paths) {
            if (is_composed && path.rfind("cim.macro.", 0) == 0) continue; // switches off; lines of parts: below
            EXPECT_EQ(loaded.sources.count(path), 1u) << name << ": " << path;
        }
    }
}

TEST(study, every_line_of_every_part_has_a_source) {
    for (const auto& name : list_parts()) {
        const auto file = find_part(name);
        const auto tree = parse_config(read_config_text(file, ""), file);
        const auto has_own = tree.find("source") != nullptr;
        const std::function<void(const config_node&)> check = [&](const config_node& map) {
            for (const auto& entry : map.entries) {
                const auto& value = entry.value;
                const bool figure = value.kind == config_node::form::scalar &&
                                    (std::isdigit(static_cast<unsigned char>(value.scalar[0])) ||
                                     value.scalar == "true" || value.scalar == "false");
                if (figure) {
                    EXPECT_TRUE(has_own) << entry.place.text() << ": " << entry.key << " has no source";
                }
                if (value.kind == config_node::form::map && value.find("value")) {
                    EXPECT_TRUE(value.find("source")) << entry.place.text();
                } else {
                    check(value);
                }
            }
        };
        check(tree);
    }
}

TEST(study, macros_alone) {
    const auto loaded = load_macro("digital_8t");
    const auto& p = std::get<published_macro_parameters>(loaded.value);
    EXPECT_EQ(p.name, "digital_8t");
    EXPECT_EQ(p.rows_held, 10);
    EXPECT_EQ(p.array_bytes, 4096) << "the array is larger than what it holds at once";
    EXPECT_EQ(published_macro(p).capacity_bytes(), 1280);
    EXPECT_NEAR(published_macro(p).area_um2(), 4096 * 1.1 * 4.6133, 1e-6);
    EXPECT_EQ(loaded.sources.at("latency_ps"), "arXiv 2312.15896 and its public data: table of the primitives");
}

} // namespace

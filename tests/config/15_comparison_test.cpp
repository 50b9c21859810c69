/// Machines that are compared with each other stand on the same circuits: their figures, recomputed.
#include "config_test_tools.h"

#include <cimtlm/circuit/accumulator.h>
#include <cimtlm/circuit/adc.h>
#include <cimtlm/circuit/adder_tree.h>
#include <cimtlm/circuit/buffer.h>
#include <cimtlm/circuit/cell_array.h>
#include <cimtlm/circuit/input_driver.h>
#include <cimtlm/circuit/write_driver.h>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

constexpr double digits = 2e-5; ///< to which the files write their figures
void expect_near(double value, double expected, const char* what) {
    EXPECT_NEAR(value, expected, digits * expected) << what;
}

/// The parts of the macro sram_6t_dot_product, used one row at a time.
class comparison : public ::testing::Test {
protected:
    const machine in_memory = load_machine("comparison/sram_6t_dot_product").value,
                  plain = load_machine("comparison/von_neumann").value;
    const composed_macro_parameters& macro = in_memory.cim->composed();
    const circuit_constants& k = macro.circuits;
    const circuit_scale scale = scale_circuits(k, {*macro.native, macro.temperature_c});
    static constexpr double columns = 256, arrays = 16, port_bits = 64, bits_per_byte = 8;

    const memory_level& level(const machine& m, const std::string& name) const {
        return m.memories.at(static_cast<std::size_t>(m.memory_index(name)));
    }
};

TEST_F(comparison, memories_are_the_arrays_of_the_macro_one_row_at_a_time) {
    cell_array_parameters one_row = macro.array;
    one_row.rows_active = 1;
    const cell_array cells(one_row, k, scale, "");
    const input_driver driver({}, k, scale, "");
    adc_parameters decision;
    decision.kind = adc_kind::sense_amplifier;
    decision.bits = 1;
    const adc amplifier(decision, k, scale, "");
    const write_driver write(macro.write, k, scale, "");
    // Each column of the row discharges one of its two bit lines, whatever the cell holds.
    const double column_pj = cells.cell_read_pj(0) * cells.reads(1, 1);
    const double word_line_pj = driver.drive_pj(columns) / 0.5; // the constant is of lines of which half fire
    const double read_pj = columns * column_pj + word_line_pj + port_bits * amplifier.convert_pj(1);
    const double write_pj = port_bits * write.cell_pj() + (columns - port_bits) * column_pj;
    const double read_ps = cells.evaluate_ps(1, false) + k.comparator_ps * scale.delay;
    const double port_bytes = port_bits / bits_per_byte;
    for (const auto* l : {&level(plain, "sram"), &level(plain, "weights"), &level(in_memory, "sram")}) {
        expect_near(l->read_energy_pj_per_byte, read_pj / port_bytes, "read");
        expect_near(l->fill_energy_pj_per_byte, write_pj / port_bytes, "fill");
        expect_near(l->update_energy_pj_per_byte, write_pj / port_bytes, "update");
        expect_near(l->read_bytes_per_cycle, arrays * port_bytes / read_ps * plain.cycle_ps(), "read rate");
        expect_near(l->write_bytes_per_cycle, arrays * port_bytes / write.row_ps() * plain.cycle_ps(), "write rate");
        expect_near(l->area_um2, arrays * cells.area_um2(1), "area");
        EXPECT_EQ(l->capacity_bytes, 16 * 128 * 256 / 8);
    }
}

TEST_F(comparison, multipliers_are_gates_a_tree_an_accumulator_and_registers) {
    const adder_tree partial_products(4, 4, k, scale);
    const accumulator sum(16, k, scale);
    const buffer operands(8, k, scale);
    const auto& grid = *plain.tensor_core;
    expect_near(grid.mac_energy_pj,
                16 * k.gate_energy_pj * scale.energy + partial_products.add_pj(0.5) + sum.add_pj(4, 4) +
                    8 * operands.access_pj(),
                "MAC");
    EXPECT_NEAR(grid.mac_area_um2, partial_products.area_um2() + sum.area_um2() + operands.area_um2(), 0.1);
    EXPECT_LT(k.adder_level_ps * scale.delay, grid.latency_ps) << "a level of the pipeline fits into its cycle";
    EXPECT_EQ(grid.columns * grid.weight_bits, port_bits);
    const auto registers = load_machine("comparison/von_neumann_registers").value;
    expect_near(level(registers, "latch").read_energy_pj_per_byte, bits_per_byte * operands.access_pj(), "latch");
    expect_near(level(registers, "latch").fill_energy_pj_per_byte, bits_per_byte * operands.access_pj(), "latch");
    EXPECT_NEAR(in_memory.cim->addition_energy_pj, 16 * k.full_adder_energy_pj * scale.energy, 5e-5);
}

TEST_F(comparison, all_but_the_engine_is_the_same) {
    EXPECT_EQ(in_memory.cim->count, arrays);
    EXPECT_EQ(composed_macro(macro).capacity_bytes() * in_memory.cim->count, level(plain, "weights").capacity_bytes);
    for (const auto* name : {"dram", "sram"}) {
        EXPECT_EQ(level(in_memory, name).read_energy_pj_per_byte, level(plain, name).read_energy_pj_per_byte);
        EXPECT_EQ(level(in_memory, name).read_bytes_per_cycle, level(plain, name).read_bytes_per_cycle);
        EXPECT_EQ(level(in_memory, name).keeps, level(plain, name).keeps);
    }
    EXPECT_EQ(in_memory.bus.bytes_per_cycle, plain.bus.bytes_per_cycle);
    EXPECT_EQ(in_memory.vector_unit.operation_energy_pj, plain.vector_unit.operation_energy_pj);
    EXPECT_EQ(in_memory.technology.node_nm, plain.technology.node_nm);
}

} // namespace

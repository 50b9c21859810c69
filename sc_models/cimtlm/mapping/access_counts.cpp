#include <cimtlm/mapping/access_counts.h>

#include <cimtlm/mapping/tile.h>

namespace cimtlm {

access_counts count_accesses(const flat_nest& nest, const gemm& g, const machine& m, bool resident) {
    access_counts c;
    c.memories.resize(m.memories.size());
    const auto whole = extents_of(g);
    std::int64_t above_given = 0, above_taken = 0, above_first = 0; // of the Z boundary above, outer ones first
    bool outermost = true;
    for (const auto& b : nest.boundaries) {
        auto& parent = c.memories[static_cast<std::size_t>(b.parent_memory)][index(b.t)];
        auto* child = b.child_memory >= 0 ? &c.memories[static_cast<std::size_t>(b.child_memory)][index(b.t)] : nullptr;
        const auto given = nest.transfers(b, side::parent, 0, whole);
        if (b.t == tensor::Z) {
            // What the parents hold begins empty wherever it was not filled with a partial sum.
            const auto first = outermost ? g.m * g.n : above_taken - (above_given - above_first);
            const auto taken = nest.transfers(b, side::child, 0, whole);
            outermost = false;
            above_given = given;
            above_taken = taken;
            above_first = first;
            const auto finished = nest.parents_share_k(b, g) ? 0 : g.m * g.n;
            parent.update += update_bytes(given, given - finished, g.bits);
            parent.read += bytes_of(given - first, g.bits.partial);
            if (child) child->fill += bytes_of(given - first, g.bits.partial);
            if (!m.cim) continue;
            c.merged_partial_sums += given - first;
            // Arrays (or blocks) that share K each give a partial sum; one of each group needs no addition.
            c.bank_additions += taken - given;
            continue;
        }
        if (resident && m.cim && b.t == tensor::B) continue; // neither moved nor written, on no level
        const bool weights = b.t == tensor::B && !child && m.cim;
        const int bits = b.t == tensor::A ? g.bits.a : g.bits.b;
        const auto taken = nest.transfers(b, side::child, 0, whole);
        parent.read += bytes_of(given, bits);
        if (child) child->fill += bytes_of(taken, bits);
        if (weights) {
            c.weight_fetch_bytes = bytes_of(given, bits);
            c.weight_write_bytes = bytes_of(taken, bits);
        }
    }
    c.steps = nest.steps(0, whole);
    c.macs = g.macs_each();
    c.executed_macs = c.steps * nest.lanes();
    c.tiles = tile_sequence::count(nest, g, m);
    return c;
}

} // namespace cimtlm

#include <cimtlm/mapping/access_counts.h>

#include <cimtlm/mapping/tile.h>

namespace cimtlm {

std::int64_t access_counts::read_bytes(int memory) const {
    std::int64_t total = 0;
    for (const auto& a : memories[static_cast<std::size_t>(memory)]) total += a.read;
    return total;
}

std::int64_t access_counts::write_bytes(int memory) const {
    std::int64_t total = 0;
    for (const auto& a : memories[static_cast<std::size_t>(memory)]) total += a.update + a.fill;
    return total;
}

access_counts& access_counts::operator+=(const access_counts& o) {
    memories.resize(std::max(memories.size(), o.memories.size()));
    for (std::size_t i = 0; i < o.memories.size(); ++i)
        for (std::size_t t = 0; t < 3; ++t) {
            memories[i][t].read += o.memories[i][t].read;
            memories[i][t].update += o.memories[i][t].update;
            memories[i][t].fill += o.memories[i][t].fill;
        }
    steps += o.steps;
    macs += o.macs;
    executed_macs += o.executed_macs;
    weight_write_bytes += o.weight_write_bytes;
    weight_fetch_bytes += o.weight_fetch_bytes;
    merged_partial_sums += o.merged_partial_sums;
    bank_additions += o.bank_additions;
    tiles += o.tiles;
    return *this;
}

access_counts count_accesses(const flat_nest& nest, const gemm& g, const machine& m, bool resident) {
    access_counts c;
    c.memories.resize(m.memories.size());
    const auto whole = extents_of(g);
    for (const auto& b : nest.boundaries) {
        auto& parent = c.memories[static_cast<std::size_t>(b.parent_memory)][index(b.t)];
        auto* child = b.child_memory >= 0 ? &c.memories[static_cast<std::size_t>(b.child_memory)][index(b.t)] : nullptr;
        const auto given = nest.transfers(b, side::parent, 0, whole);
        if (b.t == tensor::Z) {
            const auto first = nest.first_updates(b, 0, whole);
            const auto finished = nest.parents_share_k(b, g) ? 0 : g.m * g.n;
            parent.update += update_bytes(given, given - finished, g.bits);
            parent.read += bytes_of(given - first, g.bits.partial);
            if (child) child->fill += bytes_of(given - first, g.bits.partial);
            if (!m.cim) continue;
            c.merged_partial_sums += given - first;
            // Arrays (or blocks) that share K each give a partial sum; one of each group needs no addition.
            c.bank_additions += nest.transfers(b, side::child, 0, whole) - given;
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

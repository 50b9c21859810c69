// Where the operands of a job lie, and which way they take.
#include <cimtlm/modules/compute_block.h>
#include <cimtlm/modules/matrix_data.h>

#include <algorithm>

namespace cimtlm {

compute_block::flow compute_block::flow_of(const active_job& job, const boundary& b) {
    const auto& g = job.given.product;
    flow f;
    f.t = b.t;
    f.load = tile_sequence::is_load(*job.given.nest, machine_, b);
    f.parent = static_cast<std::size_t>(b.parent_memory);
    f.child = b.child_memory;
    f.from_module = machine_.memories[f.parent].on_interconnect();
    f.to_module = b.child_memory >= 0 && machine_.memories[static_cast<std::size_t>(b.child_memory)].on_interconnect();
    f.packed = b.t == tensor::B && !g.b_is_activation && job.given.row_bytes[1] == 0;
    f.rows = b.t == tensor::B ? dim::K : dim::M;
    f.columns = b.t == tensor::A ? dim::K : dim::N;
    f.bits = b.t == tensor::A ? g.bits.a : b.t == tensor::B ? g.bits.b : g.bits.z;
    f.held_bits = b.t == tensor::Z ? std::max(g.bits.z, g.bits.partial) : f.bits;
    if (f.from_module) {
        f.stream.port = &port_of(b.parent_memory);
        f.stream.operand = static_cast<int>(index(b.t));
        f.stream.cause = b.t == tensor::Z                                         ? stall::output_wait
                         : b.t == tensor::B && b.child_memory < 0 && machine_.cim ? stall::weight_load
                                                                                  : stall::input_wait;
        f.stream.window_bytes = machine_.memories[f.parent].capacity_bytes;
        if (job.given.data && f.parent == 0) f.stream.image = &job.given.data->image();
    }
    if (f.to_module) {
        f.fill.port = &port_of(b.child_memory);
        f.fill.write = true;
        f.fill.operand = static_cast<int>(index(b.t));
        f.fill.kind = transfer_kind::fill;
        f.fill.window_bytes = machine_.memories[static_cast<std::size_t>(b.child_memory)].capacity_bytes;
    }
    return f;
}

// Activations are stored row by row, or packed in the order of the regions that move; weights are packed in the order
// of the tiles when the program is built: panels as wide as a tile, over all K. A staging memory holds its regions
// packed, from its first address.
operand_stream compute_block::stream_of(const active_job& job, std::size_t boundary, const tile_transfer& t,
                                        bool down) const {
    const auto& f = job.flows[boundary];
    auto s = f.stream;
    s.write = !down;
    s.kind = down ? transfer_kind::read : transfer_kind::update;
    s.bytes = down ? t.read : t.update;
    if (f.parent > 0) return s;
    const auto& place = job.given.row_bytes;
    // Sums that are not finished have a place of their own, where they have one.
    const bool sums = f.t == tensor::Z && job.given.partial_sums && (down || !finished(job, t));
    const auto base = sums ? job.given.partial_sums->address : job.given.base_address[index(f.t)];
    const auto bits = sums ? job.given.product.bits.partial : f.bits;
    const auto bytes = [&](std::int64_t elements) { return bytes_of(elements, bits); };
    const auto r = index(f.rows), c = index(f.columns);
    const auto rows = t.extent[r], columns = t.extent[c];
    const bool alone = f.t == tensor::Z && job.given.packed_results;
    const auto row = t.origin[r] + (alone ? 0 : job.given.origin[r]);
    const auto column = t.origin[c] + (alone ? 0 : job.given.origin[c]);
    const auto width = alone ? extents_of(job.given.product)[c] : job.whole[c];
    std::int64_t offset = 0;
    s.window_bytes = bytes(rows * columns); // a region may be moved several times
    if (!down && s.bytes == s.window_bytes) s.rows = rows;
    const bool folded = f.t == tensor::A && place[0] > 0;
    if (machine_.dma.packed_activations && !f.packed && !alone) {
        // Regions of one height follow one another within their rows; rows may be shorter than K (im2col).
        const auto row_bytes = folded ? place[0] : bytes(width);
        const auto taken = std::min(bytes(columns), row_bytes);
        const auto begin = std::min(bytes(column) % row_bytes, row_bytes - taken);
        s.window_bytes = rows * taken;
        s.address = job.given.base_address[index(f.t)] + static_cast<std::uint64_t>(row * row_bytes + begin * rows);
        return s;
    }
    if (f.packed) {
        offset = bytes(column * job.whole[r] + row * columns);
    } else if (folded) {
        // Columns beyond the end of a row stand for its bytes once more.
        const auto row_bytes = place[0];
        offset = row * row_bytes;
        if (bytes(columns) >= row_bytes) {
            s.window_bytes = rows * row_bytes;
        } else {
            s.segment_bytes = bytes(columns);
            s.stride_bytes = row_bytes;
            offset += std::min(bytes(column) % row_bytes, row_bytes - s.segment_bytes);
        }
    } else if (const auto row_bytes = sums ? job.given.partial_sums->row_bytes : place[index(f.t)]; row_bytes > 0) {
        offset = row * row_bytes + bytes(column);
        if (bytes(columns) < row_bytes && rows > 1) {
            s.segment_bytes = bytes(columns);
            s.stride_bytes = row_bytes;
        }
    } else {
        offset = bytes(row * width + column);
        if (columns < width) {
            s.segment_bytes = bytes(columns);
            s.stride_bytes = bytes(width);
        }
    }
    if (s.segment_bytes > 0) s.window_bytes = rows * s.segment_bytes;
    s.address = base + static_cast<std::uint64_t>(offset);
    return s;
}

// All of K has been added up in the results of this region.
bool compute_block::finished(const active_job& job, const tile_transfer& t) {
    const auto k = index(dim::K);
    return t.origin[k] + t.extent[k] >= job.given.product.k;
}

// The sums with which the results of a tile begin: they are added to what comes out of the arrays.
std::optional<operand_stream> compute_block::initial_stream(const active_job& job, const tile& t) {
    const auto k = index(dim::K), m = index(dim::M), n = index(dim::N);
    if (!job.given.initial_sums || t.origin[k] > 0) return {};
    const auto& place = *job.given.initial_sums;
    constexpr std::int64_t sum_bytes = 4;
    operand_stream s;
    s.port = &mem_port_;
    s.operand = static_cast<int>(index(tensor::Z));
    s.kind = transfer_kind::read;
    s.address = place.address + static_cast<std::uint64_t>(t.origin[m] * place.row_bytes + t.origin[n] * sum_bytes);
    const auto row = t.extent[n] * sum_bytes;
    s.at_once = place.row_bytes == 0; // before the first result
    s.bytes = s.at_once ? row : t.extent[m] * row;
    s.rows = s.at_once ? 0 : t.extent[m];
    if (!s.at_once && row < place.row_bytes && t.extent[m] > 1) {
        s.segment_bytes = row;
        s.stride_bytes = place.row_bytes;
    }
    if (job.given.data) s.image = &job.given.data->image();
    return s;
}

std::int64_t compute_block::held_bytes_of(const flow& f, const tile_transfer& t) {
    std::int64_t elements = 1;
    for (auto d : all_dims)
        if (indexes(d, f.t)) elements *= t.extent[index(d)];
    return bytes_of(elements, f.held_bits);
}

} // namespace cimtlm

#include <cimtlm/modules/matrix_data.h>

#include <cimtlm/macro/operand_slices.h>

#include <algorithm>

namespace cimtlm {

std::int32_t requantisation::operator()(std::int32_t sum) const {
    const auto half = shift > 0 ? std::int64_t{1} << (shift - 1) : 0;
    const auto scaled = ((std::int64_t{sum} * scale + half) >> shift) + zero_point;
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(scaled, least, most));
}

namespace {

// `count` elements of 8 or 16 bits from `address` on.
void take(const storage& from, std::uint64_t address, std::int64_t count, int bits, bool without_sign,
          std::int32_t* to) {
    thread_local std::vector<unsigned char> bytes;
    bytes.resize(static_cast<std::size_t>(count * bits / 8));
    from.read(address, bytes.data(), bytes.size());
    for (std::int64_t i = 0; i < count; ++i) {
        const auto* b = bytes.data() + i * bits / 8;
        const int value = bits == 8 ? b[0] : b[0] | b[1] << 8;
        to[i] = without_sign ? value : bits == 8 ? static_cast<std::int8_t>(value) : static_cast<std::int16_t>(value);
    }
}

std::int64_t row_bytes_of(const matrix_job& job, tensor t, std::int64_t columns, int bits) {
    const auto stated = job.row_bytes[index(t)];
    return stated > 0 ? stated : bytes_of(columns, bits);
}

} // namespace

void matrix_data::begin(const matrix_job& job) {
    job_ = &job;
    const auto geometry = engine_.geometry();
    rows_a_step_ = geometry.rows_parallel;
    columns_a_step_ = geometry.columns_parallel;
    if (engine_.exact()) return; // takes any operands, in steps of any size
    columns_a_step_ = std::max<std::int64_t>(1, columns_a_step_ / engine_.weight_slices(job.product.bits.b));
    rows_a_step_ = 1;
    for (const auto& l : job.nest->loops)
        if (job.nest->shape[l.slot].role == slot_role::array && l.d == dim::K) rows_a_step_ *= l.factor;
}

void matrix_data::compute(const std::vector<std::int32_t>& inputs, const std::vector<std::int32_t>& weights,
                          std::vector<std::int64_t>& outputs) {
    const auto& bits = job_->product.bits;
    if (engine_.exact())
        engine_.compute(inputs, weights, outputs, operations_++);
    else
        compute_sliced(engine_, inputs, bits.a, weights, bits.b, outputs, operations_);
}

void matrix_data::take_weights(const tile& t) {
    const auto& g = job_->product;
    const auto row_bytes = row_bytes_of(*job_, tensor::B, g.n, g.bits.b);
    weights_.clear();
    for (std::int64_t k = 0; k < t.extent[2]; k += rows_a_step_) {
        const auto rows = std::min(rows_a_step_, t.extent[2] - k);
        for (std::int64_t n = 0; n < t.extent[1]; n += columns_a_step_) {
            const auto columns = std::min(columns_a_step_, t.extent[1] - n);
            auto& w = weights_.emplace_back(static_cast<std::size_t>(rows * columns));
            for (std::int64_t r = 0; r < rows; ++r)
                take(image_,
                     job_->base_address[1] + static_cast<std::uint64_t>((t.origin[2] + k + r) * row_bytes +
                                                                        (t.origin[1] + n) * g.bits.b / 8),
                     columns, g.bits.b, arithmetic_.b_unsigned, w.data() + r * columns);
            if (!engine_.exact()) w = sliced_weights(engine_, w, g.bits.b);
        }
    }
}

std::int64_t matrix_data::multiply(const tile& t, std::int64_t end) {
    if (t.number != tile_) {
        tile_ = t.number;
        rows_done_ = 0;
        take_weights(t);
    }
    const auto& g = job_->product;
    const auto begin = rows_done_;
    const auto row_bytes = row_bytes_of(*job_, tensor::A, g.k, g.bits.a);
    const auto columns = static_cast<std::size_t>(t.extent[1]);
    std::vector<std::int32_t> sums(columns), all(static_cast<std::size_t>(t.extent[2])), inputs;
    std::vector<std::int64_t> outputs;
    for (; rows_done_ < end; ++rows_done_) {
        const auto row = t.origin[0] + rows_done_;
        auto* const raw = reinterpret_cast<unsigned char*>(sums.data());
        const auto raw_bytes = columns * sizeof(std::int32_t);
        std::fill(sums.begin(), sums.end(), 0);
        if (t.origin[2] > 0) {
            sums_.read(sum_at(row, t.origin[1]), raw, raw_bytes);
        } else if (job_->initial_sums) {
            const auto& place = *job_->initial_sums;
            image_.read(place.address + static_cast<std::uint64_t>(row * place.row_bytes) +
                            static_cast<std::uint64_t>(t.origin[1]) * sizeof(std::int32_t),
                        raw, raw_bytes);
        }
        take(image_, job_->base_address[0] + static_cast<std::uint64_t>(row * row_bytes + t.origin[2] * g.bits.a / 8),
             t.extent[2], g.bits.a, arithmetic_.a_unsigned, all.data());
        auto step = weights_.begin();
        for (std::int64_t k = 0; k < t.extent[2]; k += rows_a_step_) {
            const auto rows = std::min(rows_a_step_, t.extent[2] - k);
            inputs.assign(all.begin() + k, all.begin() + k + rows);
            for (std::int64_t n = 0; n < t.extent[1]; n += columns_a_step_, ++step) {
                outputs.assign(static_cast<std::size_t>(std::min(columns_a_step_, t.extent[1] - n)), 0);
                compute(inputs, *step, outputs);
                for (std::size_t c = 0; c < outputs.size(); ++c) {
                    auto& sum = sums[static_cast<std::size_t>(n) + c];
                    sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                                    static_cast<std::uint32_t>(outputs[c]));
                }
            }
        }
        sums_.write(sum_at(row, t.origin[1]), raw, raw_bytes);
    }
    return begin;
}

void matrix_data::put(const extents& origin, const extents& extent, bool finished) {
    const auto& g = job_->product;
    const bool apart = !finished && job_->partial_sums;
    const int bits = finished ? g.bits.z : g.bits.partial;
    const auto row_bytes = apart ? job_->partial_sums->row_bytes : row_bytes_of(*job_, tensor::Z, g.n, bits);
    const auto base = apart ? job_->partial_sums->address : job_->base_address[2];
    const auto columns = static_cast<std::size_t>(extent[1]);
    std::vector<std::int32_t> sums(columns);
    const auto width = static_cast<std::size_t>(bits / 8);
    std::vector<unsigned char> bytes(columns * width);
    for (std::int64_t row = origin[0]; row < origin[0] + extent[0]; ++row) {
        sums_.read(sum_at(row, origin[1]), reinterpret_cast<unsigned char*>(sums.data()),
                   columns * sizeof(std::int32_t));
        for (std::size_t c = 0; c < columns; ++c) {
            const auto value =
                static_cast<std::uint32_t>(finished && arithmetic_.finish ? (*arithmetic_.finish)(sums[c]) : sums[c]);
            for (std::size_t b = 0; b < width; ++b) bytes[c * width + b] = static_cast<unsigned char>(value >> (8 * b));
        }
        image_.write(base + static_cast<std::uint64_t>(row * row_bytes + origin[1] * static_cast<std::int64_t>(width)),
                     bytes.data(), bytes.size());
    }
}

} // namespace cimtlm

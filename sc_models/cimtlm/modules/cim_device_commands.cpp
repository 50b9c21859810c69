// How the CiM device fetches commands, and what becomes of them.
#include <cimtlm/base/error.h>
#include <cimtlm/modules/cim_device.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

namespace {
constexpr double requantise_operations = 4; // multiply, shift with rounding, add, clamp
} // namespace

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::fetch_commands() {
    const auto may_fetch = [this] {
        return enabled_ && accepts() && ring_head_ != ring_tail_ &&
               waiting() < static_cast<std::size_t>(parameters_.queue);
    };
    while (true) {
        while (!may_fetch()) kernel_.wait(ring_event_);
        fetching_ = true;
        std::array<unsigned char, CIM_DESCRIPTOR_BYTES> bytes{};
        transfer_request r;
        r.address = ring_base_ + std::uint64_t{ring_head_ & (ring_entries_ - 1)} * CIM_DESCRIPTOR_BYTES;
        r.bytes = bytes.size();
        r.data = bytes.data();
        const auto got = port_.transfer(r, on_error::return_status);
        if (!got.ok()) fail_here(CIM_ERROR_FETCH, accepted_, r.address);
        kernel_.wait_until(now_ps() + got.delay_ps);
        while (pending_) kernel_.wait(never_); // this one comes behind it
        waiting_command next{{}, accepted_++};
        for (std::size_t i = 0; i < bytes.size(); ++i) next.words[i / 4] |= std::uint32_t{bytes[i]} << (8 * (i % 4));
        ++ring_head_;
        queue_.push_back(next);
        fetching_ = false;
        queue_event_.notify();
        ring_changed(); // the tail may have gone back meanwhile
    }
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::execute_commands() {
    while (true) {
        while (queue_.empty()) kernel_.wait(queue_event_);
        const auto next = queue_.front();
        queue_.pop_front();
        executing_ = true;
        ring_event_.notify(); // there is room
        kernel_.wait_until(now_ps() + std::llround(parameters_.command_cycles * machine_.cycle_ps()));
        while (never_begins(next.number)) kernel_.wait(never_);
        execute(next);
        executing_ = false;
        update_busy();
    }
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::execute(const waiting_command& next) {
    cim_command c;
    std::uint64_t address = 0;
    if (const auto error = c.read(next.words, limits_, address); error != CIM_ERROR_NONE)
        fail_here(error, next.number, address);
    if (c.kind == CIM_COMMAND_GEMM) {
        multiply(next, c);
        return;
    }
    while (!products_.empty()) kernel_.wait(product_event_);
    if (c.kind == CIM_COMMAND_MODE) switch_mode(c.mode);
    if (c.kind == CIM_COMMAND_LOAD_WEIGHTS) load_weights(next, c);
    executing_ = false;
    complete(c.interrupt);
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::switch_mode(std::uint32_t mode) {
    if (computes_ == (mode == CIM_MODE_COMPUTE)) return;
    kernel_.wait_until(now_ps() + std::llround(parameters_.mode_switch_cycles * machine_.cycle_ps()));
    computes_ = mode == CIM_MODE_COMPUTE;
    if (window_) window_->shut(weight_offset_, computes_);
}

template <unsigned BUSWIDTH>
void cim_device<BUSWIDTH>::load_weights(const waiting_command& next, const cim_command& c) {
    gemm one_row;
    one_row.n = c.n;
    one_row.k = c.k;
    one_row.bits = {c.b_bits, c.b_bits, 32, 32};
    const auto spread = mapper_.spread(one_row, c.arrays);
    if (!spread.nest || !spread.at_once) fail_here(CIM_ERROR_WEIGHTS_TOO_LARGE, next.number, 0);
    const auto banks = banks_used(*spread.nest);
    storage image;
    operand_stream s;
    s.port = &port_;
    s.operand = operand_b;
    s.kind = transfer_kind::read;
    s.image = &image;
    s.address = c.b.place();
    const auto row = c.n * c.b_bits / 8;
    s.bytes = c.k * row;
    if (c.b.row_bytes > static_cast<std::uint64_t>(row) && c.k > 1) {
        s.segment_bytes = row;
        s.stride_bytes = c.b.row_bytes;
    }
    // The write port follows the data at its own pace, two pieces behind at most.
    const auto most = most_at_once(s, machine_.dma.arbitration_bytes);
    auto written = now_ps(), free_before = written, ready = written;
    for (std::int64_t at = 0; at < s.bytes;) {
        const auto end = piece_end(s, at, s.bytes, most);
        const auto now = now_ps();
        const auto r = slice_of(s, at, end);
        const auto got = port_.transfer(r, on_error::return_status);
        if (!got.ok()) fail_here(CIM_ERROR_READ, next.number, r.address);
        const auto write_ps =
            static_cast<std::int64_t>(std::ceil(cost_.weight_write_ps(static_cast<double>(end - at), banks) - 1e-6));
        compute_ps_ += write_ps;
        written = std::max(written, now) + write_ps;
        ready = std::max({ready, now + got.delay_ps, written});
        const auto free =
            std::max(now + got.service_ps + got.queue_ps + got.row_ps + got.refresh_ps, written - write_ps);
        at = end;
        if (at < s.bytes) kernel_.wait_until(free_before);
        free_before = free;
    }
    kernel_.wait_until(ready);
    ledger_.charge(write_account_, static_cast<double>(s.bytes));
    loaded_bytes_ += s.bytes;
    if (!options_.data) return;
    std::vector<unsigned char> bytes(static_cast<std::size_t>(row));
    for (std::int64_t k = 0; k < c.k; ++k) {
        image.read(s.address + static_cast<std::uint64_t>(k) * c.b.row_bytes, bytes.data(), bytes.size());
        debug(true, array_address(c.first_array) + static_cast<std::uint64_t>(k * row), bytes.data(), bytes.size());
    }
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::multiply(const waiting_command& next, const cim_command& c) {
    const auto refuse = [&](std::uint32_t error) { fail_here(error, next.number, 0); };
    if (!computes_) refuse(CIM_ERROR_MODE);
    gemm g;
    g.m = c.m;
    g.n = c.n;
    g.k = c.k;
    g.bits = {c.a_bits, c.b_bits, c.z_bits, 32};
    try {
        g.validate("");
    } catch (const input_error&) {
        refuse(CIM_ERROR_EXTENT); // more work than can be counted
    }
    auto mapped = c.held ? mapper_.spread(g, c.arrays) : mapper_.map(g, c.arrays);
    if (c.held && !(mapped.nest && mapped.at_once)) refuse(CIM_ERROR_WEIGHTS_TOO_LARGE);
    if (!mapped.nest) refuse(CIM_ERROR_MAPPING);
    if (mapped.spills && c.arithmetic.finish && !c.workspace) {
        mapped = mapper_.spread(g, c.arrays);
        if (!mapped.nest) refuse(CIM_ERROR_WORKSPACE);
    }

    while (!block_.can_load() || waits_for_others(c)) kernel_.wait(product_event_);
    while (never_begins(next.number)) kernel_.wait(never_);
    auto& p = products_.emplace_back();
    p.number = next.number;
    p.command = c;
    p.nest = mapped.nest;
    auto& job = p.job;
    job.product = g;
    job.nest = p.nest.get();
    job.resident = c.held;
    const auto held_row = static_cast<std::uint32_t>(c.n * c.b_bits / 8);
    job.base_address = {c.a.place(), c.held ? array_address(c.first_array) : c.b.place(), c.z.place()};
    job.row_bytes = {c.a.row_bytes, c.held ? held_row : c.b.row_bytes, c.z.row_bytes};
    if (c.accumulate) job.initial_sums = sums_place{c.c.place(), c.c.row_bytes};
    if (c.workspace) job.partial_sums = sums_place{c.c.place(), c.c.row_bytes};
    if (c.arithmetic.finish) job.epilogue_operations = requantise_operations;
    job.commanded = true;
    job.number = next.number;
    if (options_.data) {
        p.data = std::make_unique<matrix_data>(cost_.matrix_engine(), c.arithmetic);
        p.data->begin(job);
        job.data = p.data.get();
        std::vector<unsigned char> bytes(static_cast<std::size_t>(c.held ? c.k * held_row : c.arrays * array_bytes_));
        if (c.held) {
            debug(false, job.base_address[1], bytes.data(), bytes.size());
            p.data->image().write(job.base_address[1], bytes.data(), bytes.size());
        } else {
            // What the arrays held is gone; what the last tile leaves there is nobody's to rely on.
            debug(true, array_address(c.first_array), bytes.data(), bytes.size());
        }
    }
    block_.load(job);
}

namespace {
// Whether two matrices share a byte. Matrices with rows of one length side by side do not.
bool meet(const cim_region& x, const cim_region& y) {
    if (x.rows == 0 || y.rows == 0) return false;
    const auto last = [](const cim_region& r) { return r.address + (r.rows - 1) * r.row_bytes + r.width - 1; };
    if (x.address > last(y) || y.address > last(x)) return false;
    if (x.row_bytes != y.row_bytes || x.row_bytes == 0) return true;
    const auto apart = x.address > y.address ? (x.address - y.address) % x.row_bytes
                                             : (x.row_bytes - (y.address - x.address) % x.row_bytes) % x.row_bytes;
    return !(apart >= y.width && apart + x.width <= x.row_bytes);
}
} // namespace

// A product begins only when what it reads is written and what it writes is no longer read: the results are those of
// one command after another.
template <unsigned BUSWIDTH> bool cim_device<BUSWIDTH>::waits_for_others(const cim_command& c) const {
    for (const auto& p : products_) {
        for (const auto& written : p.command.writes()) {
            for (const auto& read : c.reads())
                if (meet(written, read)) return true;
            for (const auto& other : c.writes())
                if (meet(written, other)) return true;
        }
        for (const auto& read : p.command.reads())
            for (const auto& written : c.writes())
                if (meet(read, written)) return true;
    }
    return false;
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::finished(std::uint32_t number) {
    if (never_begins(number)) return; // and never ends
    if (products_.empty() || products_.front().number != number)
        SC_REPORT_FATAL("/cimtlm/cim_device", "a product is finished out of turn");
    const bool interrupt = products_.front().command.interrupt;
    products_.pop_front();
    if (!block_.running()) {
        compute_ps_ += block_.result().computed_ps;
        stall_ps_ += block_.result().waits.total_ps();
    }
    product_event_.notify();
    complete(interrupt);
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::complete(bool interrupt) {
    ++completed_;
    if (interrupt) raise(CIM_IRQ_DONE);
    if (pending_) {
        stop_when_due();
        return;
    }
    if (!busy()) raise(CIM_IRQ_IDLE);
    update_busy();
}

// The transfer of a product was refused: whose operand lies there? Tells whether products before it are to be finished.
template <unsigned BUSWIDTH> bool cim_device<BUSWIDTH>::blame(const transfer_request& failed) {
    auto number = products_.front().number;
    const bool writes = failed.command == tlm::TLM_WRITE_COMMAND;
    for (const auto& p : products_) {
        auto regions = p.command.writes();
        if (!writes) { // sums that are not finished are read, too
            const auto reads = p.command.reads();
            regions.insert(regions.begin(), reads.begin(), reads.end());
        }
        const cim_region byte{failed.address, 1, 0, 1};
        if (std::any_of(regions.begin(), regions.end(), [&](const auto& r) { return meet(r, byte); })) {
            number = p.number;
            break;
        }
    }
    fail(writes ? CIM_ERROR_WRITE : CIM_ERROR_READ, number, failed.address);
    return error_code_ == CIM_ERROR_NONE;
}

template class cim_device<32>;
template class cim_device<64>;

} // namespace cimtlm

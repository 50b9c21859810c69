// Registers, counters and the saved state of the CiM device.
#include <cimtlm/base/error.h>
#include <cimtlm/modules/cim_device.h>

#include <algorithm>
#include <cmath>
#include <istream>
#include <iterator>
#include <ostream>
#include <stdexcept>
#include <utility>

namespace cimtlm {

namespace {
std::uint32_t low(std::uint64_t v) { return static_cast<std::uint32_t>(v); }
std::uint32_t high(std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); }
void set_low(std::uint64_t& v, std::uint32_t to) { v = (v & ~std::uint64_t{UINT32_MAX}) | to; }
void set_high(std::uint64_t& v, std::uint32_t to) { v = (v & UINT32_MAX) | std::uint64_t{to} << 32; }

constexpr char state_magic[] = "cimtlm device state 1\n";
} // namespace

// What cannot be read is 0, what cannot be written ignores it: a guest's mistake is no error of the bus.
template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::add_register(std::uint32_t offset, register_file::word w) {
    if (!w.read) w.read = [](std::int64_t) { return 0u; };
    if (!w.write) w.write = [](std::uint32_t, std::int64_t) {};
    registers_.add(offset, std::move(w));
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::add_identification() {
    const auto engine = machine_.matrix_engine();
    const auto g = engine->geometry();
    std::uint32_t can = 0;
    if (engine->exact()) can |= CIM_CAPABILITY_EXACT;
    if (options_.dma) can |= CIM_CAPABILITY_DMA;
    if (options_.window) can |= CIM_CAPABILITY_DATA_WINDOW;
    if (engine->volatile_weights()) can |= CIM_CAPABILITY_VOLATILE;
    if (options_.data) can |= CIM_CAPABILITY_DATA;
    const std::pair<std::uint32_t, std::int64_t> constants[] = {
        {CIM_ID, CIM_ID_VALUE},
        {CIM_VERSION, CIM_VERSION_VALUE},
        {CIM_CAPABILITIES, can},
        {CIM_ARRAYS, limits_.arrays},
        {CIM_ARRAY_ROWS, g.rows_parallel * g.rows_held},
        {CIM_ARRAY_COLUMNS, g.columns_parallel * g.columns_held},
        {CIM_ARRAY_BYTES, array_bytes_},
        {CIM_ARRAY_BITS, g.input_bits | g.weight_bits << 8},
        {CIM_ACTIVATION_BYTES, limits_.activation_bytes},
        {CIM_WEIGHT_OFFSET, weight_offset_},
        {CIM_MAX_M, limits_.max_m},
        {CIM_MAX_N, limits_.max_n},
        {CIM_MAX_K, limits_.max_k},
        {CIM_MAX_RING, options_.dma ? parameters_.ring_entries : 0},
        {CIM_QUEUE, parameters_.queue},
        {CIM_CLOCK_KHZ, std::llround(machine_.technology.clock_mhz * 1000)}};
    for (const auto& [offset, value] : constants) {
        const auto v = static_cast<std::uint32_t>(value);
        add_register(offset, {[v](std::int64_t) { return v; }, {}});
        if (offset != CIM_CAPABILITIES && offset != CIM_MAX_RING) identity_.push_back(v);
    }
    identity_.push_back(options_.data);
}

template <unsigned BUSWIDTH> std::uint32_t cim_device<BUSWIDTH>::status() const {
    std::uint32_t s = 0;
    if (busy()) s |= CIM_STATUS_BUSY;
    if (error_code_ != CIM_ERROR_NONE) s |= CIM_STATUS_ERROR;
    if (computes_) s |= CIM_STATUS_COMPUTE;
    if (waiting() >= static_cast<std::size_t>(parameters_.queue)) s |= CIM_STATUS_QUEUE_FULL;
    return s;
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::add_control() {
    const auto reads = [this](std::uint32_t offset, auto get) {
        add_register(offset, {[get](std::int64_t) { return get(); }, {}});
    };
    add_register(CIM_CONTROL, {[this](std::int64_t) {
                                   return (enabled_ ? CIM_CONTROL_ENABLE : 0u) | (resetting_ ? CIM_CONTROL_RESET : 0u);
                               },
                               [this](std::uint32_t value, std::int64_t) { control(value); }});
    reads(CIM_STATUS, [this] { return status(); });
    reads(CIM_ERROR_CODE, [this] { return error_code_; });
    reads(CIM_ERROR_COMMAND, [this] { return error_command_; });
    reads(CIM_ERROR_ADDRESS_LO, [this] { return low(error_address_); });
    reads(CIM_ERROR_ADDRESS_HI, [this] { return high(error_address_); });
    reads(CIM_COMPLETED, [this] { return completed_; });
    add_register(CIM_IRQ_STATUS, {[this](std::int64_t) { return irq_status_; },
                                  [this](std::uint32_t value, std::int64_t) {
                                      irq_status_ &= ~value;
                                      update_interrupt();
                                  }});
    add_register(CIM_IRQ_ENABLE, {[this](std::int64_t) { return irq_enable_; },
                                  [this](std::uint32_t value, std::int64_t) {
                                      irq_enable_ = value & CIM_IRQ_ALL;
                                      update_interrupt();
                                  }});
    registers_.add_scratch(CIM_SCRATCH, scratch_);
    for (std::uint32_t i = 0; i < descriptor_.size(); ++i)
        registers_.add_scratch(CIM_DESCRIPTOR + 4 * i, descriptor_[i]);
    add_register(CIM_SUBMIT, {{}, [this](std::uint32_t, std::int64_t) { submit(); }});
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::add_ring() {
    // While the ring is served only the tail moves.
    const auto add = [this](std::uint32_t offset, auto get, auto set) {
        add_register(offset, {[get](std::int64_t) { return get(); },
                              [this, set](std::uint32_t value, std::int64_t) {
                                  if (!enabled_) set(value);
                              }});
    };
    add(
        CIM_RING_BASE_LO, [this] { return low(ring_base_); }, [this](std::uint32_t v) { set_low(ring_base_, v); });
    add(
        CIM_RING_BASE_HI, [this] { return high(ring_base_); }, [this](std::uint32_t v) { set_high(ring_base_, v); });
    add(
        CIM_RING_ENTRIES, [this] { return ring_entries_; }, [this](std::uint32_t v) { ring_entries_ = v; });
    add_register(CIM_RING_TAIL, {[this](std::int64_t) { return ring_tail_; },
                                 [this](std::uint32_t value, std::int64_t) {
                                     ring_tail_ = value;
                                     ring_changed();
                                 }});
    add_register(CIM_RING_HEAD, {[this](std::int64_t) { return ring_head_; }, {}});
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::control(std::uint32_t value) {
    if (value & CIM_CONTROL_RESET) {
        reset();
        return;
    }
    const bool before = enabled_;
    enabled_ = value & CIM_CONTROL_ENABLE;
    if (enabled_ && !before) {
        const std::uint64_t bytes = std::uint64_t{ring_entries_} * CIM_DESCRIPTOR_BYTES;
        if (!options_.dma) {
            fail(CIM_ERROR_NO_DMA, accepted_, 0);
        } else if (ring_entries_ == 0 || (ring_entries_ & (ring_entries_ - 1)) != 0 ||
                   ring_entries_ > parameters_.ring_entries || ring_base_ % CIM_DESCRIPTOR_BYTES != 0 ||
                   !in_range(ring_base_, bytes, 0, cim_limits::system_bytes)) {
            fail(CIM_ERROR_RING, accepted_, ring_base_);
        }
    }
    ring_changed();
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::ring_changed() {
    if (!enabled_ || !accepts()) {
        update_busy();
        return;
    }
    if (ring_tail_ - ring_head_ > ring_entries_) {
        fail(CIM_ERROR_RING_OVERRUN, accepted_, 0);
        return;
    }
    update_busy();
    ring_event_.notify();
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::submit() {
    if (!accepts()) return;
    if (waiting() >= static_cast<std::size_t>(parameters_.queue)) {
        fail(CIM_ERROR_QUEUE_FULL, accepted_, 0);
        return;
    }
    queue_.push_back({descriptor_, accepted_++});
    update_busy();
    queue_event_.notify();
}

// ---- Counters ----------------------------------------------------------------------------------------------------

template <unsigned BUSWIDTH> std::array<std::uint64_t, 9> cim_device<BUSWIDTH>::counts() const {
    const auto now = now_ps();
    const auto cycles = [this](std::int64_t ps) {
        return static_cast<std::uint64_t>(static_cast<double>(ps) / machine_.cycle_ps() + 0.5);
    };
    const auto count = [](std::int64_t n) { return static_cast<std::uint64_t>(n); };
    std::array<std::uint64_t, 9> c = {cycles(now),
                                      cycles(busy_ps_ + (busy_since_ps_ >= 0 ? now - busy_since_ps_ : 0)),
                                      cycles(compute_ps_),
                                      cycles(stall_ps_),
                                      static_cast<std::uint64_t>(energy().total_pj()),
                                      dma_ ? count(dma_->bytes_read()) : 0,
                                      dma_ ? count(dma_->bytes_written()) : 0,
                                      count(block_.weight_bytes() + loaded_bytes_),
                                      count(block_.macs())};
    for (std::size_t i = 0; i < c.size(); ++i) c[i] += earlier_[i];
    return c;
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::add_counters() {
    add_register(CIM_LATCH, {{}, [this](std::uint32_t, std::int64_t) { latched_ = counts(); }});
    for (std::uint32_t i = 0; i < latched_.size(); ++i) {
        add_register(CIM_COUNT_CYCLES + 8 * i, {[this, i](std::int64_t) { return low(latched_[i]); }, {}});
        add_register(CIM_COUNT_CYCLES + 8 * i + 4, {[this, i](std::int64_t) { return high(latched_[i]); }, {}});
    }
}

// ---- State -------------------------------------------------------------------------------------------------------

// All that a register shows and that work depends on, each as a number.
template <unsigned BUSWIDTH> template <class Visit> void cim_device<BUSWIDTH>::visit_state(Visit visit) {
    for (auto& w : descriptor_) visit(w);
    for (auto* r : {&irq_status_, &irq_enable_, &scratch_, &error_code_, &error_command_, &completed_, &accepted_,
                    &ring_entries_, &ring_tail_, &ring_head_})
        visit(*r);
    visit(error_address_);
    visit(ring_base_);
    visit(enabled_);
    visit(computes_);
    for (auto& c : latched_) visit(c);
}

// The bytes of the memories that hosts reach, in pieces: (address inside, count).
template <unsigned BUSWIDTH> template <class Visit> void cim_device<BUSWIDTH>::visit_memory(Visit visit) const {
    if (!options_.data) return;
    const std::pair<std::uint64_t, std::int64_t> memories[] = {
        {inner_address, limits_.activation_bytes}, {inner_address + weight_offset_, array_bytes_ * limits_.arrays}};
    for (const auto& [begin, bytes] : memories)
        for (std::uint64_t at = 0; at < static_cast<std::uint64_t>(bytes); at += storage::page_bytes)
            visit(begin + at, std::min(storage::page_bytes, static_cast<std::uint64_t>(bytes) - at));
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::save(std::ostream& to) {
    if (!idle()) throw std::logic_error(std::string(this->name()) + ": a device that is busy cannot be saved");
    const auto put = [&to](std::uint64_t v) {
        for (int i = 0; i < 8; ++i) to.put(static_cast<char>(v >> (8 * i)));
    };
    to << state_magic;
    for (const auto v : identity_) put(v);
    visit_state([&](auto v) { put(v); });
    for (const auto c : counts()) put(c);
    visit_memory([&](std::uint64_t address, std::uint64_t count) {
        std::vector<unsigned char> bytes(count);
        debug(false, address, bytes.data(), count);
        to.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(count));
    });
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::restore(std::istream& from) {
    if (!idle()) throw std::logic_error(std::string(this->name()) + ": a device that is busy cannot be restored");
    std::string text{std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
    const std::string magic = state_magic;
    auto whole = magic.size() + 8 * (identity_.size() + earlier_.size());
    visit_state([&](auto&) { whole += 8; });
    visit_memory([&](std::uint64_t, std::uint64_t count) { whole += count; });
    auto at = magic.size();
    const auto take = [&] {
        std::uint64_t v = 0;
        for (unsigned i = 0; i < 8; ++i) v |= std::uint64_t{static_cast<unsigned char>(text[at++])} << (8 * i);
        return v;
    };
    const auto is_ours = [&] {
        if (text.size() != whole || text.compare(0, magic.size(), magic) != 0) return false;
        return std::all_of(identity_.begin(), identity_.end(), [&](std::uint32_t v) { return take() == v; });
    };
    if (!is_ours()) throw input_error(std::string(this->name()) + ": not the state of a device of this machine");
    visit_state([&](auto& v) { v = static_cast<std::decay_t<decltype(v)>>(take()); });
    const auto now = counts();
    for (std::size_t i = 0; i < earlier_.size(); ++i) earlier_[i] += take() - now[i];
    visit_memory([&](std::uint64_t address, std::uint64_t count) {
        debug(true, address, reinterpret_cast<unsigned char*>(text.data() + at), count);
        at += count;
    });
    if (window_) window_->shut(weight_offset_, computes_);
    update_interrupt();
    ring_changed();
}

template class cim_device<32>;
template class cim_device<64>;

} // namespace cimtlm

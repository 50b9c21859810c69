#include "mock_device.h"
#include "reference_gemm.h"

#include <algorithm>

namespace mock {

namespace {

std::uint64_t wide(const std::vector<std::uint32_t>& d, std::uint32_t word) {
    return d[word] | std::uint64_t{d[word + 1]} << 32;
}

bool is_operand(std::uint32_t bits) { return bits == 8 || bits == 16; }

} // namespace

/// An operand of a command.
struct device::place {
    std::uint64_t address = 0;
    std::uint64_t rows = 0, columns = 0;
    std::uint32_t stride = 0, element = 1;

    std::uint64_t row_bytes() const { return columns * element; }
    std::uint64_t bytes() const { return (rows - 1) * stride + row_bytes(); }
    void check(bool one_row = false) const {
        if (one_row && stride == 0) {
        } else if (stride < row_bytes() || stride % element) {
            throw fault{CIM_ERROR_STRIDE, address};
        }
        if (address % element) throw fault{CIM_ERROR_ADDRESS, address};
    }
};

device::device(const config& c)
    : configuration(c)
    , memory(c.memory_bytes)
    , activation(c.activation_bytes)
    , weights(std::size_t{c.arrays} * c.rows * c.columns)
    , descriptor_(CIM_DESCRIPTOR_WORDS) {}

void device::reset() {
    queue_.clear();
    remaining_ = control_ = irq_status_ = irq_enable_ = completed_ = scratch_ = 0;
    ring_lo_ = ring_hi_ = entries_ = tail_ = head_ = 0;
    error_code_ = error_command_ = 0;
    error_address_ = 0;
    error_ = compute_ = false;
    descriptor_.assign(CIM_DESCRIPTOR_WORDS, 0);
    resetting_ = configuration.steps_a_reset;
}

void device::raise(std::uint32_t cause) {
    const bool before = interrupt();
    irq_status_ |= cause;
    if (!before && interrupt() && on_interrupt) on_interrupt();
}

void device::stop(const fault& f, std::uint32_t command) {
    if (error_) return;
    error_ = true;
    error_code_ = f.code;
    error_command_ = command;
    error_address_ = f.address;
    raise(CIM_IRQ_ERROR);
}

void device::step() {
    if (resetting_) {
        --resetting_;
        return;
    }
    most_waiting = std::max<std::size_t>(most_waiting, tail_ - head_ + queue_.size());
    if (error_) return;
    fetch();
    if (queue_.empty() || stuck || error_) return;
    if (remaining_) {
        --remaining_;
        return;
    }
    finish_command();
}

void device::fetch() {
    if (!(control_ & CIM_CONTROL_ENABLE) || head_ == tail_ || queue_.size() >= configuration.queue) return;
    const std::uint64_t address =
        (ring_lo_ | std::uint64_t{ring_hi_} << 32) + std::uint64_t{head_ % entries_} * CIM_DESCRIPTOR_BYTES;
    words d(CIM_DESCRIPTOR_WORDS);
    try {
        std::memcpy(d.data(), bus(address, CIM_DESCRIPTOR_BYTES, CIM_ERROR_FETCH), CIM_DESCRIPTOR_BYTES);
    } catch (const fault& f) {
        stop(f, accepted());
        return;
    }
    ++head_;
    if (queue_.empty()) remaining_ = configuration.steps_a_command;
    queue_.push_back(d);
}

void device::finish_command() {
    const words d = queue_.front();
    try {
        run(d);
    } catch (const fault& f) {
        stop(f, completed_);
        return;
    }
    executed.push_back(d);
    queue_.pop_front();
    ++completed_;
    remaining_ = configuration.steps_a_command;
    if (d[CIM_WORD_COMMAND] & CIM_FLAG_INTERRUPT) raise(CIM_IRQ_DONE);
    if (queue_.empty() && head_ == tail_) raise(CIM_IRQ_IDLE);
}

std::uint8_t* device::bus(std::uint64_t address, std::uint64_t bytes, std::uint32_t code) {
    if (address < refused_end && address + bytes > refused_begin) throw fault{code, std::max(address, refused_begin)};
    const std::uint64_t offset = address - configuration.memory_base;
    if (address < configuration.memory_base || offset >= memory.size()) throw fault{code, address};
    if (bytes > memory.size() - offset) throw fault{code, configuration.memory_base + memory.size()};
    return memory.data() + offset;
}

std::uint8_t* device::locate(const place& p, bool local, bool writes) {
    if (!local) {
        if (!(configuration.capabilities & CIM_CAPABILITY_DMA)) throw fault{CIM_ERROR_NO_DMA, p.address};
        return bus(p.address, p.bytes(), writes ? CIM_ERROR_WRITE : CIM_ERROR_READ);
    }
    if (p.address >= activation.size() || p.bytes() > activation.size() - p.address)
        throw fault{CIM_ERROR_ADDRESS, p.address};
    return activation.data() + p.address;
}

std::uint32_t device::check_arrays(const words& d) const {
    const std::uint32_t first = d[CIM_WORD_FIRST_ARRAY], count = d[CIM_WORD_ARRAYS];
    if (first >= configuration.arrays || count > configuration.arrays - first) throw fault{CIM_ERROR_ARRAYS};
    return count ? count : configuration.arrays - first;
}

/// K along rows, N along columns; a weight of 16 bits takes two columns.
std::uint64_t device::arrays_to_hold(std::uint64_t n, std::uint64_t k, std::uint32_t bits) const {
    const auto up = [](std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; };
    return up(k, configuration.rows) * up(n, configuration.columns / (bits / 8));
}

void device::run(const words& d) {
    const std::uint32_t flags = d[CIM_WORD_COMMAND] & ~CIM_COMMAND_MASK;
    std::uint32_t allowed = CIM_FLAG_INTERRUPT;
    std::vector<std::uint32_t> used = {CIM_WORD_COMMAND};
    const auto use = [&](std::initializer_list<std::uint32_t> more) { used.insert(used.end(), more); };
    switch (d[CIM_WORD_COMMAND] & CIM_COMMAND_MASK) {
    case CIM_COMMAND_FENCE:
        break;
    case CIM_COMMAND_MODE:
        use({CIM_WORD_MODE});
        break;
    case CIM_COMMAND_LOAD_WEIGHTS:
        allowed |= CIM_FLAG_B_UNSIGNED;
        use({CIM_WORD_PRECISION, CIM_WORD_N, CIM_WORD_K, CIM_WORD_B_LO, CIM_WORD_B_HI, CIM_WORD_B_STRIDE,
             CIM_WORD_FIRST_ARRAY, CIM_WORD_ARRAYS});
        break;
    case CIM_COMMAND_GEMM:
        allowed |= CIM_FLAG_ACCUMULATE | CIM_FLAG_REQUANTISE | CIM_FLAG_HELD | CIM_FLAG_A_LOCAL | CIM_FLAG_Z_LOCAL |
                   CIM_FLAG_A_UNSIGNED | CIM_FLAG_B_UNSIGNED | CIM_FLAG_WORKSPACE;
        use({CIM_WORD_PRECISION, CIM_WORD_M, CIM_WORD_N, CIM_WORD_K, CIM_WORD_A_LO, CIM_WORD_A_HI, CIM_WORD_A_STRIDE,
             CIM_WORD_Z_LO, CIM_WORD_Z_HI, CIM_WORD_Z_STRIDE, CIM_WORD_FIRST_ARRAY, CIM_WORD_ARRAYS});
        if (!(flags & CIM_FLAG_HELD)) use({CIM_WORD_B_LO, CIM_WORD_B_HI, CIM_WORD_B_STRIDE});
        if (flags & (CIM_FLAG_ACCUMULATE | CIM_FLAG_WORKSPACE)) {
            allowed |= CIM_FLAG_C_LOCAL;
            use({CIM_WORD_C_LO, CIM_WORD_C_HI, CIM_WORD_C_STRIDE});
        }
        if (flags & CIM_FLAG_REQUANTISE)
            use({CIM_WORD_SCALE, CIM_WORD_SHIFT, CIM_WORD_ZERO_POINT, CIM_WORD_CLAMP_MIN, CIM_WORD_CLAMP_MAX});
        break;
    default:
        throw fault{CIM_ERROR_COMMAND_UNKNOWN};
    }
    if (flags & ~allowed) throw fault{CIM_ERROR_DESCRIPTOR};
    for (std::uint32_t i = 0; i < CIM_DESCRIPTOR_WORDS; ++i)
        if (d[i] && std::find(used.begin(), used.end(), i) == used.end()) throw fault{CIM_ERROR_DESCRIPTOR};
    switch (d[CIM_WORD_COMMAND] & CIM_COMMAND_MASK) {
    case CIM_COMMAND_MODE:
        run_mode(d);
        break;
    case CIM_COMMAND_LOAD_WEIGHTS:
        run_load(d);
        break;
    case CIM_COMMAND_GEMM:
        run_gemm(d);
        break;
    default:
        break;
    }
}

void device::run_mode(const words& d) {
    if (d[CIM_WORD_MODE] > CIM_MODE_COMPUTE) throw fault{CIM_ERROR_MODE};
    compute_ = d[CIM_WORD_MODE] == CIM_MODE_COMPUTE;
}

void device::run_load(const words& d) {
    const std::uint32_t bits = d[CIM_WORD_PRECISION] >> 8 & 0xff;
    if (d[CIM_WORD_PRECISION] != bits << 8 || !is_operand(bits)) throw fault{CIM_ERROR_PRECISION};
    const std::uint64_t n = d[CIM_WORD_N], k = d[CIM_WORD_K];
    if (!n || !k || n > configuration.max_n || k > configuration.max_k) throw fault{CIM_ERROR_EXTENT};
    const place b{wide(d, CIM_WORD_B_LO), k, n, d[CIM_WORD_B_STRIDE], bits / 8};
    b.check();
    const std::uint64_t array_bytes = std::uint64_t{configuration.rows} * configuration.columns;
    if (arrays_to_hold(n, k, bits) > check_arrays(d)) throw fault{CIM_ERROR_WEIGHTS_TOO_LARGE};
    const std::uint8_t* from = locate(b, false, false);
    std::uint8_t* to = weights.data() + d[CIM_WORD_FIRST_ARRAY] * array_bytes;
    for (std::uint64_t row = 0; row < k; ++row)
        std::memcpy(to + row * b.row_bytes(), from + row * b.stride, b.row_bytes());
}

void device::run_gemm(const words& d) {
    const std::uint32_t flags = d[CIM_WORD_COMMAND], precision = d[CIM_WORD_PRECISION];
    const std::uint32_t a_bits = precision & 0xff, b_bits = precision >> 8 & 0xff, z_bits = precision >> 16;
    const bool requantise = flags & CIM_FLAG_REQUANTISE, held = flags & CIM_FLAG_HELD;
    const bool accumulate = flags & CIM_FLAG_ACCUMULATE, workspace = flags & CIM_FLAG_WORKSPACE;
    if (!is_operand(a_bits) || !is_operand(b_bits) || !(z_bits == 32 || (requantise && is_operand(z_bits))))
        throw fault{CIM_ERROR_PRECISION};
    const std::uint64_t m = d[CIM_WORD_M], n = d[CIM_WORD_N], k = d[CIM_WORD_K];
    if (!m || !n || !k || m > configuration.max_m || n > configuration.max_n || k > configuration.max_k)
        throw fault{CIM_ERROR_EXTENT};
    const place a{wide(d, CIM_WORD_A_LO), m, k, d[CIM_WORD_A_STRIDE], a_bits / 8};
    const place b{wide(d, CIM_WORD_B_LO), k, n, d[CIM_WORD_B_STRIDE], b_bits / 8};
    const place z{wide(d, CIM_WORD_Z_LO), m, n, d[CIM_WORD_Z_STRIDE], z_bits / 8};
    const place c{wide(d, CIM_WORD_C_LO), m, n, d[CIM_WORD_C_STRIDE], 4};
    a.check();
    if (!held) b.check();
    z.check();
    if (accumulate || workspace) c.check(!workspace);
    const std::uint32_t arrays = check_arrays(d);
    const std::uint64_t array_bytes = std::uint64_t{configuration.rows} * configuration.columns;
    if (held && arrays_to_hold(n, k, b_bits) > arrays) throw fault{CIM_ERROR_WEIGHTS_TOO_LARGE};
    if (!compute_) throw fault{CIM_ERROR_MODE};
    if (requantise && !held && !workspace && k > std::uint64_t{arrays} * configuration.rows)
        throw fault{CIM_ERROR_WORKSPACE};
    reference::problem p;
    if (requantise) {
        p.q = reference::requantisation{static_cast<std::int32_t>(d[CIM_WORD_SCALE]), d[CIM_WORD_SHIFT],
                                        static_cast<std::int32_t>(d[CIM_WORD_ZERO_POINT]),
                                        static_cast<std::int32_t>(d[CIM_WORD_CLAMP_MIN]),
                                        static_cast<std::int32_t>(d[CIM_WORD_CLAMP_MAX])};
        const std::int64_t low = -(std::int64_t{1} << (z_bits - 1));
        const std::int64_t high = z_bits == 32 ? INT32_MAX : (std::int64_t{1} << z_bits) - 1;
        if (p.q->shift > CIM_MAX_SHIFT || p.q->min > p.q->max || p.q->min < low || p.q->max > high)
            throw fault{CIM_ERROR_REQUANTISATION};
    }
    if (no_mapping) throw fault{CIM_ERROR_MAPPING};

    p.m = m;
    p.n = n;
    p.k = k;
    p.a = {locate(a, flags & CIM_FLAG_A_LOCAL, false), a.stride, a_bits, (flags & CIM_FLAG_A_UNSIGNED) != 0};
    std::uint8_t* arrays_begin = weights.data() + d[CIM_WORD_FIRST_ARRAY] * array_bytes;
    p.b = {held ? arrays_begin : locate(b, false, false), held ? b.row_bytes() : b.stride, b_bits,
           (flags & CIM_FLAG_B_UNSIGNED) != 0};
    if (accumulate || workspace) {
        std::uint8_t* at = locate(c, flags & CIM_FLAG_C_LOCAL, workspace);
        if (!accumulate) // room only: what it holds is nobody's
            for (std::uint64_t i = 0; i < m; ++i) std::memset(at + i * c.stride, 0x5a, n * 4);
        else
            p.c = reference::operand{at, c.stride, 32, false};
    }
    std::uint8_t* z_begin = locate(z, flags & CIM_FLAG_Z_LOCAL, true);
    p.z = {z_begin, z.stride, z_bits, false};
    reference::gemm(p);
    if (workspace && locate(c, flags & CIM_FLAG_C_LOCAL, true) != z_begin) // its bytes are lost
        for (std::uint64_t i = 0; i < m; ++i)
            std::memset(locate(c, flags & CIM_FLAG_C_LOCAL, true) + i * c.stride, 0xa5, n * 4);
    if (!held) std::memset(arrays_begin, 0x3c, arrays * array_bytes);
    macs_ += m * n * k;
}

void device::check_ring() {
    if (!(control_ & CIM_CONTROL_ENABLE)) return;
    if (!(configuration.capabilities & CIM_CAPABILITY_DMA)) {
        stop({CIM_ERROR_NO_DMA}, accepted());
    } else if (ring_lo_ % CIM_DESCRIPTOR_BYTES || !entries_ || entries_ & (entries_ - 1) ||
               entries_ > configuration.max_ring) {
        stop({CIM_ERROR_RING, ring_lo_ | std::uint64_t{ring_hi_} << 32}, accepted());
    } else if (tail_ - head_ > entries_) {
        stop({CIM_ERROR_RING_OVERRUN}, accepted());
    }
}

std::uint32_t device::read(std::uint32_t offset) {
    ++looks;
    step();
    const config& c = configuration;
    if (offset >= CIM_DESCRIPTOR && offset < CIM_DESCRIPTOR + CIM_DESCRIPTOR_BYTES)
        return descriptor_[(offset - CIM_DESCRIPTOR) / 4];
    switch (offset) {
    case CIM_ID:
        return c.id;
    case CIM_VERSION:
        return c.version;
    case CIM_CAPABILITIES:
        return c.capabilities;
    case CIM_ARRAYS:
        return c.arrays;
    case CIM_ARRAY_ROWS:
        return c.rows;
    case CIM_ARRAY_COLUMNS:
        return c.columns;
    case CIM_ARRAY_BYTES:
        return c.rows * c.columns;
    case CIM_ARRAY_BITS:
        return 8 | 8 << 8;
    case CIM_ACTIVATION_BYTES:
        return c.activation_bytes;
    case CIM_WEIGHT_OFFSET:
        return c.activation_bytes;
    case CIM_MAX_M:
        return c.max_m;
    case CIM_MAX_N:
        return c.max_n;
    case CIM_MAX_K:
        return c.max_k;
    case CIM_MAX_RING:
        return c.max_ring;
    case CIM_QUEUE:
        return c.queue;
    case CIM_CLOCK_KHZ:
        return 1000000;
    case CIM_CONTROL:
        return control_ | (resetting_ ? CIM_CONTROL_RESET : 0);
    case CIM_STATUS:
        return (queue_.empty() && head_ == tail_ ? 0 : CIM_STATUS_BUSY) | (error_ ? CIM_STATUS_ERROR : 0) |
               (compute_ ? CIM_STATUS_COMPUTE : 0) | (queue_.size() >= c.queue ? CIM_STATUS_QUEUE_FULL : 0);
    case CIM_ERROR_CODE:
        return error_code_;
    case CIM_ERROR_COMMAND:
        return error_command_;
    case CIM_ERROR_ADDRESS_LO:
        return static_cast<std::uint32_t>(error_address_);
    case CIM_ERROR_ADDRESS_HI:
        return static_cast<std::uint32_t>(error_address_ >> 32);
    case CIM_IRQ_STATUS:
        return irq_status_;
    case CIM_IRQ_ENABLE:
        return irq_enable_;
    case CIM_COMPLETED:
        return completed_;
    case CIM_SCRATCH:
        return scratch_;
    case CIM_RING_BASE_LO:
        return ring_lo_;
    case CIM_RING_BASE_HI:
        return ring_hi_;
    case CIM_RING_ENTRIES:
        return entries_;
    case CIM_RING_TAIL:
        return tail_;
    case CIM_RING_HEAD:
        return head_;
    case CIM_COUNT_MACS:
        return static_cast<std::uint32_t>(latched_macs_);
    case CIM_COUNT_MACS + 4:
        return static_cast<std::uint32_t>(latched_macs_ >> 32);
    default:
        return 0;
    }
}

void device::write(std::uint32_t offset, std::uint32_t value) {
    const bool ring_is_idle = !(control_ & CIM_CONTROL_ENABLE);
    if (offset >= CIM_DESCRIPTOR && offset < CIM_DESCRIPTOR + CIM_DESCRIPTOR_BYTES) {
        descriptor_[(offset - CIM_DESCRIPTOR) / 4] = value;
        return;
    }
    switch (offset) {
    case CIM_CONTROL:
        if (value & CIM_CONTROL_RESET) {
            reset();
        } else {
            control_ = value & CIM_CONTROL_ENABLE;
            if (ring_is_idle) check_ring();
            if (!error_ && !resetting_) fetch();
        }
        break;
    case CIM_IRQ_STATUS:
        irq_status_ &= ~value;
        break;
    case CIM_IRQ_ENABLE: {
        const bool before = interrupt();
        irq_enable_ = value & CIM_IRQ_ALL;
        if (!before && interrupt() && on_interrupt) on_interrupt();
        break;
    }
    case CIM_SCRATCH:
        scratch_ = value;
        break;
    case CIM_RING_BASE_LO:
        if (ring_is_idle) ring_lo_ = value;
        break;
    case CIM_RING_BASE_HI:
        if (ring_is_idle) ring_hi_ = value;
        break;
    case CIM_RING_ENTRIES:
        if (ring_is_idle) entries_ = value;
        break;
    case CIM_RING_TAIL:
        tail_ = value;
        check_ring();
        if (!error_ && !resetting_) fetch(); // at once: the descriptor has to be there
        break;
    case CIM_SUBMIT:
        if (error_) break;
        if (queue_.size() >= configuration.queue) {
            stop({CIM_ERROR_QUEUE_FULL}, accepted());
            break;
        }
        if (queue_.empty()) remaining_ = configuration.steps_a_command;
        queue_.push_back(descriptor_);
        break;
    case CIM_LATCH:
        latched_macs_ = macs_;
        break;
    default:
        break;
    }
}

} // namespace mock

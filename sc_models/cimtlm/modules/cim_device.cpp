#include <cimtlm/modules/cim_device.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace cimtlm {

namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr double requantise_operations = 4; // multiply, shift with rounding, add, clamp

machine checked(machine m) {
    m.validate(m.name);
    m.dma.packed_activations = false; // operands lie where the guest says
    for (const auto& level : m.memories)
        for (const auto* name : {"cim", "dma", "router", "window", "ctrl", "weights", "activations"})
            if (level.name == name)
                throw input_error(m.name + ": a level cannot be called '" + name + "': a part of the device is");
    if (m.dispatcher)
        throw input_error(m.name + " is a chip of several units: a device is one unit, without dispatcher");
    if (!m.cim || m.cim->count == 0) throw input_error(m.name + ": a device computes in CiM arrays, 'cim' is missing");
    for (const auto& level : m.memories)
        if (level.kind == memory_kind::cache) throw input_error(m.name + ": a device has no cache");
    if (!(m.vector_unit.operations_per_cycle > 0))
        throw input_error(m.name + ": vector_unit.operations_per_cycle is 0: results are requantised there");
    return m;
}

memory_level level_of(const device_memory_parameters& p) {
    memory_level level;
    level.kind = memory_kind::sram;
    level.capacity_bytes = p.capacity_bytes;
    level.read_bytes_per_cycle = p.read_bytes_per_cycle;
    level.write_bytes_per_cycle = p.write_bytes_per_cycle;
    level.latency_cycles = p.latency_cycles;
    level.read_energy_pj_per_byte = p.read_energy_pj_per_byte;
    level.update_energy_pj_per_byte = p.write_energy_pj_per_byte;
    return level;
}

// The arrays as memory.
memory_level weight_level(const machine& m, const device_parameters& p) {
    const auto engine = m.matrix_engine();
    device_memory_parameters as_macro;
    as_macro.write_energy_pj_per_byte = engine->write_pj_per_byte();
    auto level = level_of(p.weight_memory.value_or(as_macro));
    level.capacity_bytes = engine->capacity_bytes() * m.cim->count;
    return level;
}

std::uint32_t rounded_to_pages(std::int64_t bytes) {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(bytes) + page_bytes - 1) / page_bytes * page_bytes);
}

} // namespace

template <unsigned BUSWIDTH>
cim_device<BUSWIDTH>::cim_device(const sc_core::sc_module_name& name, const machine& m,
                                 const cim_device_options& options)
    : sc_module(name)
    , machine_(checked(m))
    , parameters_(m.device.value_or(device_parameters{}))
    , options_(options)
    , cost_(machine_, convention::like_for_like)
    , mapper_(machine_)
    , block_("cim", cost_, ledger_)
    , kernel_(block_.kernel())
    , router_("router", {}, machine_.cycle_ps(), ledger_, options.window ? 3 : 2,
              1 + (parameters_.activation_memory ? 1 : 0) + (options.dma ? 1 : 0))
    , weights_("weights", weight_level(machine_, parameters_), machine_.cycle_ps(), ledger_, options.data)
    , to_block_("to_block")
    , port_socket_("port")
    , port_(port_socket_, 1, &kernel_)
    , registers_("ctrl", CIM_WINDOW_BYTES, std::llround(machine_.cycle_ps()), options.control_address)
    , array_bytes_(machine_.matrix_engine()->capacity_bytes())
    , weight_offset_(parameters_.activation_memory ? rounded_to_pages(parameters_.activation_memory->capacity_bytes)
                                                   : 0)
    , write_account_(ledger_.open("weight_write", "write", "byte", machine_.matrix_engine()->write_pj_per_byte()))
    , ring_event_(kernel_)
    , queue_event_(kernel_)
    , product_event_(kernel_)
    , never_(kernel_) {
    const auto cycle_ps = machine_.cycle_ps();
    limits_.max_m = parameters_.max_m;
    limits_.max_n = parameters_.max_n;
    limits_.max_k = parameters_.max_k;
    limits_.arrays = machine_.cim->count;
    limits_.activation_bytes = parameters_.activation_memory ? parameters_.activation_memory->capacity_bytes : 0;
    limits_.dma = options.dma;

    block_.mem.bind(router_.in[0]);
    port_socket_.bind(router_.in[1]);
    to_block_.bind(block_.ctrl());
    const auto weight_bytes = static_cast<std::uint64_t>(array_bytes_ * limits_.arrays);
    if (weight_offset_ + weight_bytes > UINT32_MAX)
        throw input_error(m.name + ": the memories of a device end below 4 GiB");
    router_.map(inner_address + weight_offset_, weight_bytes, 0);
    router_.out[0].bind(weights_.in);
    if (parameters_.activation_memory) {
        activations_ = std::make_unique<scratchpad<64>>("activations", level_of(*parameters_.activation_memory),
                                                        cycle_ps, ledger_, options.data);
        router_.map(inner_address, static_cast<std::uint64_t>(limits_.activation_bytes), 1);
        router_.out[1].bind(activations_->in);
    }
    if (options.dma) {
        dma_ = std::make_unique<dma<BUSWIDTH>>("dma", parameters_.dma, cycle_ps, kernel_);
        const auto last = static_cast<unsigned>(router_.out.size()) - 1;
        router_.map(0, cim_limits::system_bytes, last, false);
        router_.out[last].bind(dma_->in);
    }
    if (options.window) {
        window_ = std::make_unique<data_window<BUSWIDTH>>(
            "window", options.window_address, weight_offset_ + weight_bytes, inner_address, std::llround(cycle_ps));
        window_->out.bind(router_.in[2]);
        window_->on_access_ahead([this](std::int64_t time_ps) { kernel_.run_until(time_ps); });
    }
    for (std::size_t i = 1; i < machine_.memories.size() && machine_.memories[i].kind == memory_kind::sram; ++i) {
        const auto& level = machine_.memories[i];
        staging_.push_back(std::make_unique<scratchpad<64>>(level.name.c_str(), level, cycle_ps, ledger_));
        block_.near[i - 1].bind(staging_.back()->in);
    }

    block_.on_loadable([this] { product_event_.notify(); });
    block_.on_finished([this](std::int64_t number) { finished(static_cast<std::uint32_t>(number)); });
    block_.on_failure([this](const transfer_request& failed) { return blame(failed); });
    kernel_.spawn([this] { fetch_commands(); });
    kernel_.spawn([this] { execute_commands(); });
    SC_METHOD(drive_interrupt);
    sensitive << interrupt_event_;
    dont_initialize();

    registers_.on_access_ahead([this](std::int64_t time_ps) { kernel_.run_until(time_ps); });
    for (std::uint32_t offset = 0; offset < CIM_WINDOW_BYTES; offset += 4) add_register(offset, {});
    add_identification();
    add_control();
    add_ring();
    add_counters();
}

template <unsigned BUSWIDTH> cim_device<BUSWIDTH>::~cim_device() {
    kernel_.end(); // its processes' stacks refer to what goes before it
}

// ---- Work --------------------------------------------------------------------------------------------------------

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

// ---- Errors and reset --------------------------------------------------------------------------------------------

// What counts is the first command at fault, not the first that is found.
template <unsigned BUSWIDTH>
void cim_device<BUSWIDTH>::fail(std::uint32_t code, std::uint32_t number, std::uint64_t address) {
    if (error_code_ != CIM_ERROR_NONE || resetting_) return;
    if (never_begins(number)) return;
    pending_ = pending_error{code, number, address};
    stop_when_due();
}

// It is the one at fault, or comes behind it.
template <unsigned BUSWIDTH> bool cim_device<BUSWIDTH>::never_begins(std::uint32_t number) const {
    return pending_ && pending_->number - completed_ <= number - completed_;
}

template <unsigned BUSWIDTH>
void cim_device<BUSWIDTH>::fail_here(std::uint32_t code, std::uint32_t number, std::uint64_t address) {
    fail(code, number, address);
    while (true) kernel_.wait(never_);
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::stop_when_due() {
    if (pending_->number != completed_) return;
    error_code_ = pending_->code;
    error_command_ = pending_->number;
    error_address_ = pending_->address;
    kernel_.restart([this] {
        forget_work();
        raise(CIM_IRQ_ERROR);
    });
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::forget_work() {
    block_.abort();
    if (dma_) dma_->abort();
    queue_.clear();
    products_.clear();
    pending_.reset();
    fetching_ = executing_ = false;
    update_busy();
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::reset() {
    resetting_ = true; // at once, or when the process that came back here over the bus waits
    kernel_.restart([this] {
        resetting_ = false;
        enabled_ = false;
        error_code_ = CIM_ERROR_NONE;
        error_command_ = completed_ = accepted_ = 0;
        error_address_ = ring_base_ = 0;
        ring_entries_ = ring_tail_ = ring_head_ = 0;
        irq_status_ = irq_enable_ = scratch_ = 0;
        descriptor_ = {};
        computes_ = false;
        if (window_) window_->shut(weight_offset_, false);
        forget_work();
        update_interrupt();
    });
}

template <unsigned BUSWIDTH> bool cim_device<BUSWIDTH>::busy() const {
    return !queue_.empty() || fetching_ || executing_ || !products_.empty() ||
           (enabled_ && error_code_ == CIM_ERROR_NONE && ring_head_ != ring_tail_);
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::update_busy() {
    const bool is = busy();
    if (is && busy_since_ps_ < 0) busy_since_ps_ = now_ps();
    if (!is && busy_since_ps_ >= 0) {
        busy_ps_ += now_ps() - busy_since_ps_;
        busy_since_ps_ = -1;
        if (idle_) idle_();
    }
}

// ---- Interrupt ---------------------------------------------------------------------------------------------------

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::raise(std::uint32_t cause) {
    irq_status_ |= cause;
    update_interrupt();
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::update_interrupt() {
    const bool level = (irq_status_ & irq_enable_) != 0;
    if (level == interrupt_wanted_) return;
    interrupt_wanted_ = level;
    if (level) {
        interrupt_event_.notify(times_.time(now_ps() - times_.now_ps()));
        return;
    }
    // Lowered late, it would interrupt a host again that has just cleared it.
    interrupt_event_.cancel();
    if (std::exchange(interrupt_line_, false) && interrupt_) interrupt_(false);
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::drive_interrupt() {
    interrupt_line_ = true;
    if (interrupt_) interrupt_(true);
}

// ---- The rest ----------------------------------------------------------------------------------------------------

template <unsigned BUSWIDTH> std::uint64_t cim_device<BUSWIDTH>::array_address(std::int64_t array) const {
    return inner_address + weight_offset_ + static_cast<std::uint64_t>(array * array_bytes_);
}

template <unsigned BUSWIDTH>
unsigned cim_device<BUSWIDTH>::debug(bool write, std::uint64_t address, unsigned char* bytes, std::uint64_t length) {
    tlm::tlm_generic_payload p;
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(address);
    p.set_data_ptr(bytes);
    p.set_data_length(static_cast<unsigned>(length));
    p.set_streaming_width(static_cast<unsigned>(length));
    return port_socket_->transport_dbg(p);
}

template <unsigned BUSWIDTH> ledger cim_device<BUSWIDTH>::energy() const {
    auto all = ledger_;
    const auto seconds_ps = static_cast<double>(now_ps());
    // mW x ps = 1e-3 pJ
    all.charge(all.open("static", "power", "ps", machine_.static_power_mw * 1e-3), seconds_ps);
    return all;
}

template <unsigned BUSWIDTH> void cim_device<BUSWIDTH>::report(statistics& s) const {
    const std::string prefix = std::string(this->basename()) + ".";
    s.add(prefix + "commands", completed_, "count", "commands finished since reset");
    s.add(prefix + "busy_ps", static_cast<double>(busy_ps_), "ps", "time with an unfinished command");
    s.add(prefix + "error", error_code_, "code", "CIM_ERROR_* that stopped the device");
    block_.report(s);
    router_.report(s);
    if (dma_) dma_->report(s);
    if (activations_) activations_->report(s);
    weights_.report(s);
    for (const auto& m : staging_) m->report(s);
}

template <unsigned BUSWIDTH> std::string cim_device<BUSWIDTH>::waiting_for() const {
    if (!busy()) return "";
    std::string text = std::to_string(queue_.size()) + " commands wait, " + std::to_string(products_.size()) +
                       " products are under way";
    for (const auto& [name, part] : {std::pair<const char*, const activity*>{"cim", &block_}, {"dma", dma_.get()}}) {
        const auto reason = part ? part->waiting_for() : "";
        if (!reason.empty()) text += std::string("; ") + name + ": " + reason;
    }
    return text;
}

template class cim_device<32>;
template class cim_device<64>;

} // namespace cimtlm

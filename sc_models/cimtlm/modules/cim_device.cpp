#include <cimtlm/modules/cim_device.h>

#include <cimtlm/base/error.h>

#include <cmath>
#include <utility>

namespace cimtlm {

namespace {

constexpr std::uint64_t page_bytes = 4096;

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

data_kept kept(const cim_device_options& options) { return options.data ? data_kept::pages : data_kept::none; }

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
    , weights_("weights", weight_level(machine_, parameters_), machine_.cycle_ps(), ledger_, kept(options))
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
                                                        cycle_ps, ledger_, kept(options));
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

    // Every row is there from the beginning: hosts list statistics before anything runs.
    ledger_.open("vector_unit", "operation", "operation", machine_.vector_unit.operation_energy_pj);

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
    s.add(prefix + "compute_ps", static_cast<double>(compute_ps_), "ps", "time in which arrays compute or are written");
    s.add(prefix + "stall_ps", static_cast<double>(stall_ps_), "ps", "time in which arrays wait while busy");
    s.add(prefix + "weight_bytes_loaded", static_cast<double>(loaded_bytes_), "byte", "into arrays, by commands");
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

#include <platforms/riscv_soc/riscv_core.h>

#include <platforms/riscv_soc/elf_file.h>
#include <platforms/riscv_soc/riscv_instruction.h>

#include <unicorn/unicorn.h>

#include <cimtlm/tlm/access_check.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace cimtlm {

namespace {

constexpr std::size_t thread_stack_bytes = 512 * 1024; // the library compiles on it
constexpr std::uint64_t line_bits[] = {1u << 1, 1u << 5, 1u << 9};
constexpr std::uint64_t cause_illegal = 2, cause_breakpoint = 3, cause_load_misaligned = 4, cause_user_call = 8,
                        cause_call = 11; // from machine mode
constexpr std::uint64_t no_address = ~std::uint64_t{0};
constexpr std::uint64_t status_mie = 1u << 3, status_mpie = 1u << 7, status_mpp = 3u << 11;

const char* cause_text(std::uint64_t cause) {
    constexpr const char* texts[] = {"misaligned jump",     "jump to where nothing can be executed",
                                     "illegal instruction", "breakpoint",
                                     "misaligned load",     "load without a target",
                                     "misaligned store",    "store without a target"};
    if (cause < std::size(texts)) return texts[cause];
    return cause <= cause_call ? "environment call" : "exception";
}

} // namespace

/// What the library calls.
struct riscv_core::calls {
    static void block(uc_engine* engine, std::uint64_t begin, std::uint32_t bytes, void* user) {
        auto& core = *static_cast<riscv_core*>(user);
        core.finish_block();
        if (core.executed_ >= core.limit_ || core.code_changed_) { // the block does not begin
            core.stopped_ = true;
            uc_emu_stop(engine);
            return;
        }
        const auto* code = core.ram_at(begin);
        const auto& block = core.known_code_.at(begin, bytes, code);
        core.position_.enter(block, code, core.ram_address_ + core.ram_bytes_ - begin);
        core.before_block_ = core.executed_;
        core.executed_ += block.count;
    }
    static void new_block(uc_engine*, uc_tb* block, uc_tb*, void* user) { // where there may have been other code before
        auto& core = *static_cast<riscv_core*>(user);
        core.known_code_.forget(block->pc);
    }
    static std::uint64_t read(uc_engine*, std::uint64_t address, unsigned bytes, void* user) {
        return static_cast<riscv_core*>(user)->access(false, address, bytes, 0);
    }
    static void write(uc_engine*, std::uint64_t address, unsigned bytes, std::uint64_t value, void* user) {
        static_cast<riscv_core*>(user)->access(true, address, bytes, value);
    }
    static void exception(uc_engine* engine, std::uint32_t number, void* user) {
        auto& core = *static_cast<riscv_core*>(user);
        core.exception_ = static_cast<int>(number);
        core.status_ = core.get(UC_RISCV_REG_MSTATUS); // lest an interrupt is taken before the library ends
        core.set(UC_RISCV_REG_MSTATUS, core.status_ & ~status_mie);
        uc_emu_stop(engine);
    }
    static bool invalid_instruction(uc_engine*, void* user) {
        static_cast<riscv_core*>(user)->invalid_ = true;
        return true;
    }
    static bool no_memory(uc_engine*, uc_mem_type type, std::uint64_t address, int bytes, std::int64_t, void* user) {
        auto& core = *static_cast<riscv_core*>(user);
        const bool fetch = type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT;
        const bool write = type == UC_MEM_WRITE_UNMAPPED || type == UC_MEM_WRITE_PROT;
        if (fetch) {
            core.end("jumped to where nothing can be executed, from the code at " +
                         address_text(core.position_.block().begin),
                     address);
        } else {
            core.position_.locate(write, address);
            core.end_access(write, address, static_cast<unsigned>(bytes), "nothing is there");
        }
        return false;
    }
};

riscv_core::riscv_core(const sc_core::sc_module_name& name, const soc_core_parameters& parameters, unsigned hart,
                       std::uint64_t entry, std::uint64_t ram_address, std::uint64_t ram_bytes, semihosting& host,
                       ledger& energy)
    : sc_core::sc_module(name)
    , mem("mem")
    , parameters_(parameters)
    , hart_(hart)
    , entry_(entry)
    , ram_address_(ram_address)
    , ram_bytes_(ram_bytes)
    , host_(host)
    , ledger_(energy)
    , account_(energy.open(this->basename(), "execute", "instruction", parameters.instruction_energy_pj))
    , instruction_ps_(parameters.cycles_per_instruction * 1e6 / parameters.clock_mhz)
    , position_([this](unsigned r) { return get(UC_RISCV_REG_X0 + static_cast<int>(r)); }) {
    if (uc_open(UC_ARCH_RISCV, UC_MODE_RISCV64, &engine_) != UC_ERR_OK)
        SC_REPORT_FATAL("/cimtlm/riscv_core", "the Unicorn library has no RV64 core");
    SC_THREAD(run);
    set_stack_size(thread_stack_bytes);
}

riscv_core::~riscv_core() {
    if (!inside_) uc_close(engine_); // a core that was stopped within an access is still on its stack
}

std::uint64_t riscv_core::get(int reg) const {
    std::uint64_t value = 0;
    uc_reg_read(engine_, reg, &value);
    return value;
}
void riscv_core::set(int reg, std::uint64_t value) { uc_reg_write(engine_, reg, &value); }

std::uint64_t riscv_core::pc() const { return ended_ ? end_pc_ : inside_ ? position_.pc() : get(UC_RISCV_REG_PC); }

bool riscv_core::in_ram(std::uint64_t address, std::uint64_t bytes) const {
    return in_range(address, bytes, ram_address_, ram_bytes_);
}

void riscv_core::map_ram() {
    payload_.set_command(tlm::TLM_READ_COMMAND);
    payload_.set_address(ram_address_);
    tlm::tlm_dmi dmi;
    if (!mem->get_direct_mem_ptr(payload_, dmi) || dmi.get_start_address() > ram_address_ ||
        dmi.get_end_address() < ram_address_ + (ram_bytes_ - 1) || !dmi.is_read_write_allowed())
        SC_REPORT_FATAL("/cimtlm/riscv_core", "RAM does not grant direct memory access as a whole");
    ram_ = dmi.get_dmi_ptr() + (ram_address_ - dmi.get_start_address());
    if (uc_mem_map_ptr(engine_, ram_address_, ram_bytes_, UC_PROT_ALL, ram_) != UC_ERR_OK ||
        uc_mmio_map(engine_, 0, ram_address_, calls::read, this, calls::write, this) != UC_ERR_OK)
        SC_REPORT_FATAL("/cimtlm/riscv_core", "the Unicorn library does not take the address map");
    const auto add = [&](int type, auto* function) {
        uc_hook hook = 0; // lives as long as the engine
        uc_hook_add(engine_, &hook, type, reinterpret_cast<void*>(function), this, 1, 0);
    };
    add(UC_HOOK_BLOCK, calls::block);
    add(UC_HOOK_EDGE_GENERATED, calls::new_block);
    add(UC_HOOK_INTR, calls::exception);
    add(UC_HOOK_INSN_INVALID, calls::invalid_instruction);
    add(UC_HOOK_MEM_INVALID, calls::no_memory);
}

void riscv_core::run() {
    map_ram();
    set(UC_RISCV_REG_PC, entry_);
    set(UC_RISCV_REG_A0, hart_);
    while (!ended_) {
        settle();
        limit_ = furthest();
        if (limit_ <= executed_ && local_ps(executed_) > times_.now_ps()) {
            synchronise(executed_); // exceptions alone have brought it here: no block has begun that would have stopped
            continue;
        }
        limit_ = std::max(limit_, executed_ + 1);
        if (code_changed_) forget_code();
        stopped_ = invalid_ = code_changed_ = false;
        exception_ = -1;
        inside_ = true;
        uc_emu_start(engine_, get(UC_RISCV_REG_PC), no_address, 0, 0); // an odd end address is never reached
        inside_ = false;
        if (ended_) return;
        if (exception_ >= 0 || invalid_)
            serve_exception();
        else if (stopped_)
            synchronise(executed_); // the quantum is over, or a line has changed
        else
            sleep(); // WFI is what else ends it
    }
}

void riscv_core::forget_code() {
    uc_ctl_remove_cache(engine_, known_code_.begin(), known_code_.end());
    known_code_.forget();
}

std::int64_t riscv_core::local_ps(std::uint64_t executed) const {
    return std::llround(static_cast<double>(executed) * instruction_ps_) + other_ps_;
}

std::uint64_t riscv_core::furthest() const {
    std::int64_t until_ps = times_.now_ps() + std::llround(parameters_.quantum_ps);
    if (const auto due_ps = horizon_ ? horizon_() : -1; due_ps >= 0) until_ps = std::min(until_ps, due_ps);
    // The same for a time, wherever the core stands: the first that local_ps() rounds to that time or more.
    const auto room = std::ceil((static_cast<double>(until_ps - other_ps_) - 0.5) / instruction_ps_);
    const auto executed = static_cast<std::uint64_t>(std::max(room, 0.0));
    if (executed > 0 && local_ps(executed - 1) >= until_ps) return executed - 1;
    return local_ps(executed) < until_ps ? executed + 1 : executed;
}

void riscv_core::settle() {
    if (!horizon_) return;
    for (auto due_ps = horizon_(); due_ps >= 0 && due_ps <= times_.now_ps(); due_ps = horizon_())
        wait(sc_core::SC_ZERO_TIME);
}

void riscv_core::synchronise(std::uint64_t executed) {
    const auto ahead_ps = local_ps(executed) - times_.now_ps();
    if (ahead_ps > 0) wait(times_.time(ahead_ps));
}

void riscv_core::set_interrupt(line which, bool level) {
    const auto bit = line_bits[static_cast<int>(which)], pending = get(UC_RISCV_REG_MIP);
    set(UC_RISCV_REG_MIP, level ? pending | bit : pending & ~bit);
    limit_ = 0; // within an access: no further block is begun, so that none is counted that an interrupt takes away
    if (level) interrupt_event_.notify(sc_core::SC_ZERO_TIME);
}

void riscv_core::sleep() {
    leave_block(get(UC_RISCV_REG_PC));
    synchronise(executed_);
    while ((get(UC_RISCV_REG_MIP) & get(UC_RISCV_REG_MIE)) == 0) {
        const auto begin_ps = times_.now_ps();
        sleeping_ = true;
        wait(interrupt_event_);
        sleeping_ = false;
        sleep_ps_ += times_.now_ps() - begin_ps;
    }
    other_ps_ += times_.now_ps() - local_ps(executed_);
}

bool riscv_core::is_in_machine_mode() {
    const auto kept = get(UC_RISCV_REG_MSCRATCH);
    set(UC_RISCV_REG_MSCRATCH, ~kept);
    const bool is = get(UC_RISCV_REG_MSCRATCH) == ~kept;
    set(UC_RISCV_REG_MSCRATCH, kept);
    return is;
}

void riscv_core::serve_exception() {
    if (!is_in_machine_mode()) { // to the library, too, who asks for the registers of machine mode is in another one
        const auto pc = get(UC_RISCV_REG_PC) - (invalid_ ? 0 : 4);
        leave_block(pc);
        end("trap outside machine mode, which alone is served", pc);
        return;
    }
    if (!invalid_) set(UC_RISCV_REG_MSTATUS, status_);
    // The library has counted the PC of exceptions on by four, whatever the instruction's length.
    const auto pc = get(UC_RISCV_REG_PC) - (invalid_ ? 0 : 4);
    set(UC_RISCV_REG_PC, pc);
    leave_block(pc);
    const auto bits = instruction_at(pc);
    if (invalid_ && is_host_call(pc)) {
        call_host(pc);
        return;
    }
    const auto cause = !invalid_             ? static_cast<std::uint64_t>(exception_)
                       : is_breakpoint(bits) ? cause_breakpoint
                                             : cause_illegal;
    const auto operand = decode_memory_operand(bits);
    if (cause == cause_user_call) // the library's name for all calls
        trap(cause_call, 0);
    else if (cause < cause_load_misaligned || !operand)
        trap(cause, cause == cause_illegal ? bits : cause == cause_breakpoint ? pc : 0);
    else // an atomic operation counts as a store; to the library it is a load first
        trap(operand->writes ? cause | 2 : cause, position_.address_of(*operand));
}

std::uint32_t riscv_core::instruction_at(std::uint64_t pc) const {
    std::uint16_t halves[2] = {};
    if (in_ram(pc, 2)) std::memcpy(&halves[0], ram_at(pc), 2);
    if (instruction_bytes(halves[0]) == 4 && in_ram(pc + 2, 2)) std::memcpy(&halves[1], ram_at(pc + 2), 2);
    return halves[0] | static_cast<std::uint32_t>(halves[1]) << 16;
}

bool riscv_core::is_host_call(std::uint64_t pc) const {
    std::array<std::uint32_t, 3> words{};
    if (!in_ram(pc - 4, sizeof words)) return false;
    std::memcpy(words.data(), ram_at(pc - 4), sizeof words);
    return words[0] == semihosting::prefix && words[1] == breakpoint && words[2] == semihosting::suffix;
}

void riscv_core::call_host(std::uint64_t pc) {
    const semihosting::memory memory{[this](std::uint64_t address, void* to, std::uint64_t bytes) {
                                         if (!in_ram(address, bytes)) return false;
                                         std::memcpy(to, ram_at(address), bytes);
                                         return true;
                                     },
                                     [this](std::uint64_t address, const void* from, std::uint64_t bytes) {
                                         if (!in_ram(address, bytes)) return false;
                                         std::memcpy(ram_ + (address - ram_address_), from, bytes);
                                         return true;
                                     }};
    ++executed_;
    synchronise(executed_);
    set(UC_RISCV_REG_A0, host_.call(get(UC_RISCV_REG_A0), get(UC_RISCV_REG_A1), memory));
    set(UC_RISCV_REG_PC, pc + 4);
    if (host_.exit_code()) end("", pc);
}

void riscv_core::trap(std::uint64_t cause, std::uint64_t value) {
    const auto pc = get(UC_RISCV_REG_PC), handler = get(UC_RISCV_REG_MTVEC) & ~std::uint64_t{3};
    if (handler == 0) {
        end(std::string(cause_text(cause)) + " without a trap handler (mtvec is 0)", pc);
        return;
    }
    ++executed_; // so that time passes where a handler traps itself
    const auto status = get(UC_RISCV_REG_MSTATUS);
    set(UC_RISCV_REG_MSTATUS,
        (status & ~(status_mie | status_mpie)) | (status & status_mie) << 4 | status_mpp); // MPIE = MIE
    set(UC_RISCV_REG_MEPC, pc);
    set(UC_RISCV_REG_MCAUSE, cause);
    set(UC_RISCV_REG_MTVAL, value);
    set(UC_RISCV_REG_PC, handler);
}

void riscv_core::end_access(bool write, std::uint64_t address, unsigned bytes, const std::string& why) {
    const auto pc = position_.pc();
    leave_block(pc);
    end(std::string(write ? "store" : "load") + " of " + std::to_string(bytes) + " B at " + address_text(address) +
            ": " + why,
        pc);
}

std::uint64_t riscv_core::access(bool write, std::uint64_t address, unsigned bytes, std::uint64_t value) {
    if (ended_) return 0;
    if (const auto operand = position_.locate(write, address)) { // a bus would refuse it
        end_access(write, position_.address_of(*operand), operand->bytes, "not aligned");
        uc_emu_stop(engine_);
        return 0;
    }
    synchronise(before_block_ + position_.index()); // so that what others have booked on the way is all there
    payload_.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload_.set_address(address);
    payload_.set_data_ptr(reinterpret_cast<unsigned char*>(&value)); // little endian, as the host
    payload_.set_data_length(bytes);
    payload_.set_streaming_width(bytes);
    payload_.set_byte_enable_ptr(nullptr);
    payload_.set_dmi_allowed(false);
    payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    if (!write) value = 0;
    auto delay = sc_core::SC_ZERO_TIME;
    const auto begin_ps = times_.now_ps();
    mem->b_transport(payload_, delay);
    const auto took_ps = times_.now_ps() + times_.ps(delay) - begin_ps;
    other_ps_ += took_ps;
    access_ps_ += took_ps;
    ++accesses_;
    if (payload_.is_response_error()) {
        end_access(write, address, bytes, payload_.get_response_string());
        uc_emu_stop(engine_);
        return 0;
    }
    limit_ = std::min(limit_, furthest()); // it took time, and may have set the timer
    return value;
}

void riscv_core::finish_block() {
    const auto last = position_.block().last;
    if (last == 0) return;
    position_.enter({}, nullptr, 0);
    if (is_code_fence(last)) {
        code_changed_ = true;
        return;
    }
    const auto executed = executed_ - 1; // before the read
    const auto value =
        counts_cycles(last)
            ? static_cast<std::uint64_t>(static_cast<double>(local_ps(executed)) * parameters_.clock_mhz * 1e-6)
            : executed;
    if (const auto to = last >> 7 & 31; to != 0) set(UC_RISCV_REG_X0 + static_cast<int>(to), value);
}

void riscv_core::leave_block(std::uint64_t pc) {
    if (position_.block().begin != 0) executed_ = before_block_ + position_.leave(pc);
}

void riscv_core::end(const std::string& mistake, std::uint64_t pc) {
    if (ended_) return;
    ended_ = true;
    end_pc_ = pc;
    synchronise(executed_);
    if (end_) end_(*this, mistake);
}

void riscv_core::report(statistics& s) const {
    const std::string prefix = std::string(basename()) + ".";
    s.add(prefix + "instructions", static_cast<double>(executed_), "count", "instructions executed");
    s.add(prefix + "accesses", static_cast<double>(accesses_), "count", "loads and stores on the bus");
    s.add(prefix + "access_ps", static_cast<double>(access_ps_), "ps", "time they took");
    s.add(prefix + "sleep_ps", static_cast<double>(sleep_ps_), "ps", "time waiting for interrupts");
}

void riscv_core::charge() {
    ledger_.charge(account_, static_cast<double>(executed_ - charged_));
    charged_ = executed_;
}

std::string riscv_core::waiting_for() const { return sleeping_ ? "an interrupt, at pc " + address_text(pc()) : ""; }

} // namespace cimtlm

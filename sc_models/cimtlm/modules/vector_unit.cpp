#include <cimtlm/modules/vector_unit.h>

#include <cmath>

namespace cimtlm {

vector_unit::vector_unit(const sc_core::sc_module_name& name, const machine& m, ledger& energy)
    : sc_module(name)
    , mem("mem")
    , machine_(m)
    , registers_("ctrl", window_bytes, std::llround(m.cycle_ps()))
    , kernel_("processes")
    , mem_port_(mem, 1, &kernel_)
    , pipeline_(kernel_, m.dma.arbitration_bytes)
    , ledger_(energy)
    , account_(energy.open("vector_unit", "operation", "operation", m.vector_unit.operation_energy_pj)) {
    registers_.add(command_offset, {{}, [this](std::uint32_t, std::int64_t time_ps) {
                                        commands_.add(time_ps, 1);
                                        command_event_.notify();
                                    }});
    registers_.add_scratch(scratch_offset);
    registers_.add(status_offset, {[this](std::int64_t) { return running_ ? 1u : 0u; }, {}});
    kernel_.spawn([this] { run(); });
}

void vector_unit::load(const vector_job& job) {
    if (running_) SC_REPORT_FATAL("/cimtlm/vector_unit", "work is loaded while other work runs");
    job_ = job;
    running_ = true;
    commands_.reset();
    if (job.commanded) {
        commands_.add(kernel_.now_ps(), 1);
        command_event_.notify_at(kernel_.now_ps());
    }
    result_ = {};
    result_.begin_ps = kernel_.now_ps();
}

void vector_unit::run() {
    while (true) {
        while (!running_ || commands_.at(kernel_.now_ps()) == 0) {
            const auto due = running_ ? commands_.next_after(kernel_.now_ps()) : -1;
            if (due < 0)
                kernel_.wait(command_event_);
            else
                kernel_.wait_until(due, command_event_);
        }
        pipeline_.start();
        const auto started = kernel_.now_ps();
        pipeline_.stalls().add(stall::host_issue, started - result_.begin_ps);
        std::vector<operand_stream> streams;
        const auto& work = job_.work;
        if (!(machine_.vector_unit.fused && work.fusible)) {
            operand_stream in;
            in.port = &mem_port_;
            in.operand = job_.operand;
            in.address = job_.read_address;
            const auto second_bytes = job_.second_address ? work.second_read_bytes : 0;
            in.bytes = work.read_bytes - second_bytes;
            streams.push_back(in);
            if (second_bytes > 0) {
                operand_stream second = in;
                second.address = *job_.second_address;
                second.bytes = second_bytes;
                streams.push_back(second);
            }
            operand_stream out = in;
            out.write = true;
            out.address = job_.write_address;
            out.bytes = work.write_bytes;
            out.cause = stall::output_wait;
            streams.push_back(out);
        }
        const auto cycles = static_cast<double>(work.operations) / machine_.vector_unit.operations_per_cycle;
        pipeline_.run(streams, static_cast<std::int64_t>(std::ceil(cycles * machine_.cycle_ps() - 1e-6)),
                      static_cast<std::int64_t>(std::ceil(cycles)));
        pipeline_.flush();
        ledger_.charge(account_, static_cast<double>(work.operations));
        operations_ += work.operations;
        elements_ += work.elements;
        result_.end_ps = kernel_.now_ps();
        result_.computed_ps = pipeline_.computed_ps();
        result_.waits = pipeline_.stalls();
        result_.waits.add(stall::drain, result_.end_ps - pipeline_.end_ps());
        busy_ps_ += result_.computed_ps;
        running_ = false;
        if (progress_) progress_();
    }
}

std::string vector_unit::waiting_for() const {
    if (!running_) return "";
    return commands_.at(kernel_.now_ps()) > 0 ? "operands of '" + job_.work.name + "'"
                                              : "a command from the host for '" + job_.work.name + "'";
}

void vector_unit::report(statistics& s) const {
    const std::string prefix = std::string(basename()) + ".";
    s.add(prefix + "elements", static_cast<double>(elements_), "count", "results");
    s.add(prefix + "operations", static_cast<double>(operations_), "count", "arithmetic operations");
    s.add(prefix + "busy_ps", static_cast<double>(busy_ps_), "ps", "time computing");
}

} // namespace cimtlm

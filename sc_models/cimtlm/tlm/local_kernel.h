#pragma once
/// Processes in local time: a module that hosts may ask about the future.
#include <cimtlm/tlm/time_base.h>

#include <systemc>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

namespace cimtlm {

/// Runs the processes of a module in simulated time, with events and waits as SystemC has them. As a rule that is the
/// kernel's time: processes run when it has come to what they wait for. When a host with a quantum asks how things
/// stand at a time ahead of the kernel's (a register read with a delay), run_until() brings them there first: what the
/// host sees is what happens then, whatever its quantum. Processes that run ahead annotate their transactions with how
/// far (see initiator_port).
class local_kernel : public sc_core::sc_module {
    struct process;

public:
    /// What processes wait for. Notifying wakes those that wait now, at the present local time. Outlives notifications
    /// to come and those that wait.
    class event {
    public:
        explicit event(local_kernel& kernel)
            : kernel_(kernel) {}
        void notify();
        /// The same after all that is to happen at `time_ps`, which may be the present; the earliest of several counts.
        void notify_at(std::int64_t time_ps);

    private:
        friend class local_kernel;
        local_kernel& kernel_;
        std::vector<std::pair<process*, std::uint64_t>> waiting_; // with the turn in which they wait
        std::uint64_t turn_ = 0;                                  // of a notification to come, 0: none
        std::int64_t due_ps_ = 0;                                 // and its time
    };

    /// While one is, local time does not run ahead of the kernel's: its process waits for what happens there. To be
    /// made after synchronise().
    class held {
    public:
        explicit held(local_kernel& kernel)
            : kernel_(kernel) {
            ++kernel_.held_;
        }
        ~held() { --kernel_.held_; }
        held(const held&) = delete;
        held& operator=(const held&) = delete;

    private:
        local_kernel& kernel_;
    };

    explicit local_kernel(const sc_core::sc_module_name& name);
    SC_HAS_PROCESS(local_kernel);
    ~local_kernel() override;

    /// A process: begins with the simulation and, when it returns, is over.
    void spawn(std::function<void()> body);

    /// Local time, never behind the kernel's.
    std::int64_t now_ps() const { return std::max(now_ps_, times_.now_ps()); }

    // From within a process:
    void wait(event& e);
    /// No effect for times that have passed.
    void wait_until(std::int64_t time_ps);
    /// Until the time or the event, whichever comes first.
    void wait_until(std::int64_t time_ps, event& e);
    /// Until the kernel's time has come to the local time: before what cannot be asked ahead of it.
    void synchronise();

    // From anywhere:
    /// Lets everything happen that is to happen until `time_ps`. Without effect from within (a process that comes back
    /// to its own module over a bus): what is known then is what there is.
    void run_until(std::int64_t time_ps);
    /// Ends all processes, calls `between`, and begins them anew, at the present local time; called from within, as
    /// soon as the running process waits.
    void restart(std::function<void()> between);
    /// Ends all processes for good. For destructors of what their stacks refer to and that goes before this kernel. A
    /// process that is waiting in SystemC meanwhile cannot be ended and never goes on.
    void end();
    /// A process is running.
    bool running() const { return running_; }

private:
    struct entry {
        std::int64_t time_ps;
        std::uint64_t order;
        process* who; // or, when null,
        event* what;
        std::uint64_t turn; // of either
        bool synchronised;
        bool operator<(const entry& o) const { // the first one on top
            return time_ps != o.time_ps ? time_ps > o.time_ps : order > o.order;
        }
    };

    void serve();
    void begin(process& p);
    void resume(process& p);
    void yield();
    void enlist(event& e);
    void wake(process& p);
    void push(std::int64_t time_ps, process* who, event* what, std::uint64_t turn, bool synchronised = false);
    void run_ready();
    bool step(std::int64_t limit_ps);
    void do_restart();
    void call_again();
    std::int64_t reachable(std::int64_t time_ps) const;

    time_base times_;
    sc_core::sc_event wake_;
    std::vector<std::unique_ptr<process>> processes_;
    std::vector<process*> ready_;
    std::size_t next_ready_ = 0;
    std::priority_queue<entry> agenda_;
    process* current_ = nullptr;
    std::int64_t now_ps_ = 0;
    std::uint64_t order_ = 0;
    int held_ = 0;
    bool running_ = false;
    bool ending_ = false;
    bool restart_wanted_ = false;
    std::function<void()> between_;
};

} // namespace cimtlm

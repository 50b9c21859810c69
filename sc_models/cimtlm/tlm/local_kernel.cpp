#include <cimtlm/tlm/local_kernel.h>

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>

#include <algorithm>
#include <exception>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <dlfcn.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace cimtlm {

namespace {
constexpr std::size_t stack_bytes = 256 * 1024; // touched page by page; foreign buses are called from here

struct ended {}; // thrown through a process that is ended

#if defined(__SANITIZE_ADDRESS__)
// The address sanitizer must know whose stack it looks at. Programs of this project keep SystemC's announcements from
// it (cmake/sanitizers.cpp), which are incomplete; these are not, and go past that.
template <class Function> Function* real(const char* name, Function* fallback) {
    auto* const found = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
    return found ? found : fallback;
}
void start_switch(void** kept, const void* bottom, std::size_t size) {
    static auto* const announce = real("__sanitizer_start_switch_fiber", &__sanitizer_start_switch_fiber);
    announce(kept, bottom, size);
}
void finish_switch(void* kept, const void** bottom, std::size_t* size) {
    static auto* const announce = real("__sanitizer_finish_switch_fiber", &__sanitizer_finish_switch_fiber);
    announce(kept, bottom, size);
}
#endif
} // namespace

struct local_kernel::process {
    std::function<void()> body;
    boost::context::fiber own;       // where it goes on
    boost::context::fiber scheduler; // while it runs
    std::uint64_t turn = 0;          // counts its waits
    bool ready = false;
    bool over = true;
    std::exception_ptr failure;
#if defined(__SANITIZE_ADDRESS__)
    const void* stack_bottom = nullptr;
    std::size_t stack_size = 0;
    const void* scheduler_bottom = nullptr;
    std::size_t scheduler_size = 0;
    void* kept = nullptr;
    void arrive() { finish_switch(kept, &scheduler_bottom, &scheduler_size); }
    void leave(bool for_good) { start_switch(for_good ? nullptr : &kept, scheduler_bottom, scheduler_size); }
    // Before an exception: where stacks are not announced (cmake/sanitizers.cpp) nobody cleans up after its frames.
    void forget_frames() { __asan_unpoison_memory_region(stack_bottom, stack_size); }
#else
    void arrive() {}
    void leave(bool) {}
    void forget_frames() {}
#endif
};

namespace {
// A stack that tells where it is.
struct telling_stack {
    boost::context::protected_fixedsize_stack plain{stack_bytes};
    const void** bottom;
    std::size_t* size;
    boost::context::stack_context allocate() {
        auto context = plain.allocate();
        if (bottom) {
            *bottom = static_cast<char*>(context.sp) - context.size;
            *size = context.size;
        }
        return context;
    }
    void deallocate(boost::context::stack_context& context) { plain.deallocate(context); }
};
} // namespace

void local_kernel::event::notify() {
    turn_ = 0; // what was to come has come
    if (waiting_.empty()) return;
    if (!kernel_.running_) kernel_.now_ps_ = kernel_.now_ps();
    for (const auto& [who, turn] : waiting_)
        if (who->turn == turn) kernel_.wake(*who);
    waiting_.clear();
    if (!kernel_.running_) kernel_.wake_.notify(sc_core::SC_ZERO_TIME);
}

void local_kernel::event::notify_at(std::int64_t time_ps) {
    time_ps = std::max(time_ps, kernel_.now_ps());
    if (turn_ != 0 && due_ps_ <= time_ps) return;
    turn_ = ++kernel_.order_;
    due_ps_ = time_ps;
    kernel_.push(time_ps, nullptr, this, turn_);
    if (!kernel_.running_) kernel_.call_again();
}

local_kernel::local_kernel(const sc_core::sc_module_name& name)
    : sc_module(name) {
    SC_THREAD(serve);
    sensitive << wake_;
}

local_kernel::~local_kernel() { end(); }

void local_kernel::spawn(std::function<void()> body) {
    processes_.push_back(std::make_unique<process>());
    processes_.back()->body = std::move(body);
    begin(*processes_.back());
}

void local_kernel::begin(process& p) {
    p.over = false;
    ++p.turn;
    telling_stack stack;
    stack.bottom = nullptr;
    stack.size = nullptr;
#if defined(__SANITIZE_ADDRESS__)
    stack.bottom = &p.stack_bottom;
    stack.size = &p.stack_size;
    p.kept = nullptr;
#endif
    p.own = boost::context::fiber(std::allocator_arg, stack, [this, &p](boost::context::fiber&& scheduler) {
        p.scheduler = std::move(scheduler);
        p.arrive();
        if (!ending_) {
            try {
                p.body();
            } catch (const ended&) {
            } catch (...) {
                if (!ending_) p.failure = std::current_exception();
            }
        }
        p.over = true;
        p.leave(true);
        return std::move(p.scheduler);
    });
    wake(p);
}

void local_kernel::resume(process& p) {
    auto* const before = current_;
    current_ = &p;
#if defined(__SANITIZE_ADDRESS__)
    void* kept = nullptr;
    start_switch(&kept, p.stack_bottom, p.stack_size);
#endif
    auto back = std::move(p.own).resume();
    if (!p.over) p.own = std::move(back);
#if defined(__SANITIZE_ADDRESS__)
    finish_switch(kept, nullptr, nullptr);
#endif
    current_ = before;
    if (p.failure) std::rethrow_exception(std::exchange(p.failure, nullptr));
}

void local_kernel::yield() {
    auto& p = *current_;
    p.leave(false);
    p.scheduler = std::move(p.scheduler).resume();
    p.arrive();
    if (!ending_) return;
    p.forget_frames();
    throw ended();
}

void local_kernel::wake(process& p) {
    ++p.turn; // whatever else it waited for
    if (std::exchange(p.ready, true)) return;
    ready_.push_back(&p);
}

void local_kernel::push(std::int64_t time_ps, process* who, event* what, std::uint64_t turn, bool synchronised) {
    agenda_.push({time_ps, ++order_, who, what, turn, synchronised});
}

void local_kernel::enlist(event& e) {
    // Those that time woke are still on the list.
    if (e.waiting_.size() >= 2 * processes_.size())
        e.waiting_.erase(std::remove_if(e.waiting_.begin(), e.waiting_.end(),
                                        [](const auto& w) { return w.first->turn != w.second; }),
                         e.waiting_.end());
    e.waiting_.push_back({current_, current_->turn});
}

void local_kernel::wait(event& e) {
    enlist(e);
    yield();
}

void local_kernel::wait_until(std::int64_t time_ps) {
    if (time_ps <= now_ps()) return;
    push(time_ps, current_, nullptr, current_->turn);
    yield();
}

void local_kernel::wait_until(std::int64_t time_ps, event& e) {
    enlist(e);
    push(std::max(time_ps, now_ps()), current_, nullptr, current_->turn);
    yield();
}

void local_kernel::synchronise() {
    now_ps_ = now_ps();
    if (now_ps_ == times_.now_ps()) return;
    push(now_ps_, current_, nullptr, current_->turn, true);
    yield();
}

void local_kernel::run_ready() {
    while (next_ready_ < ready_.size()) {
        auto& p = *ready_[next_ready_++];
        p.ready = false;
        resume(p);
        if (restart_wanted_) do_restart();
    }
    ready_.clear();
    next_ready_ = 0;
}

std::int64_t local_kernel::reachable(std::int64_t time_ps) const {
    return held_ > 0 ? std::min(time_ps, times_.now_ps()) : time_ps;
}

// The next thing to happen, if it is not after the limit.
bool local_kernel::step(std::int64_t limit_ps) {
    if (agenda_.empty() || agenda_.top().time_ps > limit_ps) return false;
    const auto e = agenda_.top();
    const bool stale = e.who ? e.who->turn != e.turn : e.what->turn_ != e.turn;
    if (!stale && e.synchronised && e.time_ps > times_.now_ps()) return false;
    agenda_.pop();
    if (stale) return true;
    now_ps_ = std::max(now_ps_, e.time_ps);
    if (e.who)
        wake(*e.who);
    else
        e.what->notify();
    return true;
}

void local_kernel::run_until(std::int64_t time_ps) {
    if (running_) return;
    const struct turn {
        local_kernel& kernel;
        explicit turn(local_kernel& k)
            : kernel(k) {
            kernel.running_ = true;
        }
        ~turn() { // also when a process has failed: the others go on
            kernel.running_ = false;
            kernel.call_again();
        }
    } turn(*this);
    run_ready();
    while (step(reachable(time_ps))) run_ready();
    time_ps = reachable(time_ps);
    const bool blocked = !agenda_.empty() && agenda_.top().time_ps <= time_ps; // until the kernel has caught up
    if (!blocked) now_ps_ = std::max(now_ps_, time_ps);
}

// The SystemC process comes back when there is something to do.
void local_kernel::call_again() {
    if (!ready_.empty()) {
        wake_.notify(sc_core::SC_ZERO_TIME);
    } else if (!agenda_.empty()) {
        const auto now = times_.now_ps(), next = agenda_.top().time_ps;
        if (next <= now)
            wake_.notify(sc_core::SC_ZERO_TIME);
        else
            wake_.notify(times_.time(next - now));
    }
}

void local_kernel::serve() {
    while (true) {
        run_until(times_.now_ps());
        sc_core::wait();
    }
}

void local_kernel::end() {
    ending_ = true;
    for (auto& p : processes_) {
        if (p.get() == current_)
            ::new (&p->scheduler) boost::context::fiber(); // not to be unwound from here either
        else if (!p->over)
            resume(*p);
        ++p->turn; // it is still on the lists of what it waited for
        p->ready = false;
    }
    ending_ = false;
    ready_.clear();
    next_ready_ = 0;
}

void local_kernel::do_restart() {
    restart_wanted_ = false;
    end();
    for (; !agenda_.empty(); agenda_.pop()) { // events may be notified anew
        const auto& e = agenda_.top();
        if (e.what && e.what->turn_ == e.turn) e.what->turn_ = 0;
    }
    const auto between = std::exchange(between_, nullptr);
    if (between) between();
    for (auto& p : processes_) begin(*p);
}

void local_kernel::restart(std::function<void()> between) {
    between_ = std::move(between);
    if (running_) {
        restart_wanted_ = true;
        return;
    }
    now_ps_ = now_ps();
    do_restart();
    wake_.notify(sc_core::SC_ZERO_TIME);
}

} // namespace cimtlm

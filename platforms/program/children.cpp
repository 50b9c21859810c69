#include "children.h"
#include "outcome.h"
#include "progress.h"

#include <boost/process.hpp>
#include <boost/process/extend.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <mutex>
#include <set>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>

namespace cimtlm {

namespace bp = boost::process;

namespace {

// The runs that are under way. An interrupt of this process alone (a terminal reaches them all) ends them, too.
class running_children {
public:
    void add(pid_t id) {
        const std::lock_guard lock(mutex_);
        ids_.insert(id);
        if (stopped_) ::kill(id, SIGTERM);
    }
    /// Before the child is waited for: afterwards its id may be another process's.
    void remove(pid_t id) {
        const std::lock_guard lock(mutex_);
        ids_.erase(id);
    }
    void stop() {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        for (auto id : ids_) ::kill(id, SIGTERM);
    }

private:
    std::mutex mutex_;
    std::set<pid_t> ids_;
    bool stopped_ = false;
};

child_outcome run_child(const std::vector<std::string>& arguments, running_children& running) {
    // One simulation a process: the kernel elaborates once.
    child_outcome o;
    bp::ipstream out_stream, err_stream;
    bp::child child(
        boost::filesystem::read_symlink("/proc/self/exe"), bp::args(arguments),
        bp::std_in<bp::null, bp::std_out> out_stream, bp::std_err > err_stream,
        bp::extend::on_exec_setup = [](auto&) { ::prctl(PR_SET_PDEATHSIG, SIGTERM); }); // no orphans
    running.add(child.id());
    std::thread reader([&] { o.err.assign(std::istreambuf_iterator<char>(err_stream), {}); });
    o.out.assign(std::istreambuf_iterator<char>(out_stream), {});
    reader.join();
    running.remove(child.id()); // its output has ended, and so will it
    child.wait();
    const int status = child.native_exit_code();
    o.status = child.exit_code();
    if (WIFSIGNALED(status)) { // the system's doing, out of memory for example
        o.status = exit_environment;
        o.err = std::string("ended by signal ") + std::to_string(WTERMSIG(status)) + " (" +
                ::strsignal(WTERMSIG(status)) + ")";
    }
    return o;
}

} // namespace

std::string child_outcome::message() const {
    auto text = err;
    for (const std::string name : {"cimtlm: ", "cimtlm-soc: "})
        if (text.rfind(name, 0) == 0) text.erase(0, name.size());
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.empty() ? "ended without a word" : text;
}

std::vector<child_outcome> run_children(const std::vector<std::vector<std::string>>& arguments, std::size_t jobs,
                                        const std::string& label) {
    std::vector<child_outcome> outcomes(arguments.size());
    std::vector<std::thread> workers;
    std::atomic<std::size_t> next{0}, done{0};
    running_children running;
    for (std::size_t j = 0; j < std::min(jobs, arguments.size()); ++j)
        workers.emplace_back([&] {
            for (std::size_t i; !was_interrupted() && (i = next++) < arguments.size();) {
                try {
                    outcomes[i] = run_child(arguments[i], running);
                } catch (const std::exception& e) { // no process, no pipe
                    outcomes[i] = {exit_environment, "", e.what()};
                }
                ++done;
            }
        });
    {
        progress_bar bar(label);
        while (done < arguments.size() && !was_interrupted()) {
            bar.show(static_cast<double>(done) / static_cast<double>(arguments.size()));
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    if (was_interrupted()) running.stop();
    for (auto& worker : workers) worker.join();
    if (was_interrupted()) throw interrupted{};
    return outcomes;
}

} // namespace cimtlm

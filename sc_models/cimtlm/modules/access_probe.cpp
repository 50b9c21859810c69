#include <cimtlm/modules/access_probe.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>
#include <utility>

namespace cimtlm {

pointer_chase::pointer_chase(std::uint64_t working_set_bytes, std::uint64_t line_bytes, std::uint64_t seed)
    : line_bytes_(line_bytes)
    , next_line_(working_set_bytes / line_bytes) {
    // Sattolo: a permutation that is one cycle.
    std::iota(next_line_.begin(), next_line_.end(), 0u);
    std::mt19937_64 random(seed);
    for (std::size_t i = next_line_.size(); i > 1; --i) std::swap(next_line_[i - 1], next_line_[random() % (i - 1)]);
}

request_source pointer_chase::next(std::uint64_t count) {
    return [this, count](transfer_request& r) mutable {
        if (count == 0) return false;
        --count;
        r = {};
        r.address = at_ * line_bytes_;
        r.bytes = std::min<std::uint64_t>(8, line_bytes_);
        at_ = next_line_[at_];
        return true;
    };
}

request_source stream_share::source() const {
    const std::uint64_t blocks = (working_set_bytes + block_bytes - 1) / block_bytes;
    return [s = *this, blocks, done = std::uint64_t{0}](transfer_request& r) mutable {
        if (done == s.count) return false;
        const std::uint64_t offset = (s.sharer + done * s.sharers) % blocks * s.block_bytes;
        ++done;
        r = {};
        r.command = s.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND;
        r.address = s.address + offset;
        r.bytes = std::min(s.block_bytes, s.working_set_bytes - offset);
        return true;
    };
}

access_probe::access_probe(const sc_core::sc_module_name& name, unsigned paths, int initiator)
    : sc_core::sc_module(name)
    , mem("mem", paths) {
    for (auto& socket : mem) ports_.emplace_back(socket, initiator);
    SC_THREAD(run);
}

void access_probe::start(request_source next, unsigned path, std::size_t in_flight) {
    if (busy_) throw std::logic_error("access_probe: still busy");
    if (path >= ports_.size() || in_flight == 0)
        throw std::logic_error("access_probe: no such path, or none in flight");
    next_ = std::move(next);
    path_ = path;
    in_flight_ = in_flight;
    busy_ = true;
    figures_ = {};
    started_.notify(sc_core::SC_ZERO_TIME);
}

void access_probe::run() {
    for (;; wait(started_)) {
        if (!busy_) continue;
        figures& f = figures_;
        f.begin_ps = times_.now_ps();
        for (transfer_request r; next_(r);) {
            if (answers_ps_.size() == in_flight_) wait_for_answer();
            const std::int64_t delay_ps = ports_[path_].transfer(r).delay_ps;
            answers_ps_.push_back(times_.now_ps() + delay_ps);
            f.shortest_ps = f.requests == 0 ? delay_ps : std::min(f.shortest_ps, delay_ps);
            f.longest_ps = std::max(f.longest_ps, delay_ps);
            f.delay_ps += delay_ps;
            f.bytes += r.bytes;
            ++f.requests;
        }
        while (!answers_ps_.empty()) wait_for_answer();
        f.end_ps = times_.now_ps();
        next_ = {};
        busy_ = false;
    }
}

void access_probe::wait_for_answer() {
    const std::int64_t now_ps = times_.now_ps();
    const std::int64_t next_ps = *std::min_element(answers_ps_.begin(), answers_ps_.end());
    if (next_ps > now_ps) wait(times_.time(next_ps - now_ps));
    answers_ps_.erase(std::remove_if(answers_ps_.begin(), answers_ps_.end(), [&](auto t) { return t <= next_ps; }),
                      answers_ps_.end());
}

std::string access_probe::waiting_for() const {
    if (!busy_) return "";
    return answers_ps_.empty() ? "its begin" : std::to_string(answers_ps_.size()) + " answers";
}

} // namespace cimtlm

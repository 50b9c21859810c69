/// Do processes in local time do what SystemC's do, also when a host has asked about the future?
#include "local_kernel_bench.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace cimtlm;
using local_kernel_test::bench;
using testkit::now_ps;
using testkit::wait_ps;
using moment = std::tuple<std::int64_t, int, int>; // time, process, step
using trace = std::vector<moment>;

// ---- Random programs ----

enum class act { wait_time, notify, notify_at, wait, wait_or, synchronise };
struct step {
    act what;
    int event;
    std::int64_t rounds;
};
/// Processes act at times of their own, timed notifications come at times of theirs: of what happens at one time the
/// order is never asked for.
struct program {
    std::int64_t n_events;
    std::vector<std::vector<step>> processes;
    std::int64_t slots() const { return static_cast<std::int64_t>(processes.size()) + n_events; }
    /// The slot's turn after `rounds` more.
    std::int64_t next(std::int64_t now, std::int64_t rounds, std::int64_t slot) const {
        return (now / slots() + 1 + rounds) * slots() + slot;
    }
};

program random_program(unsigned seed) {
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    program p;
    p.n_events = 1 + below(3);
    p.processes.resize(static_cast<std::size_t>(1 + below(4)));
    for (auto& body : p.processes)
        for (int i = 0, n = 5 + below(30); i < n; ++i)
            body.push_back({static_cast<act>(below(6)), below(static_cast<int>(p.n_events)), below(12)});
    return p;
}

/// Runs process `id` of a program on processes and events of a kind.
template <class World> void run(const program& p, int id, World& world, trace& log) {
    const auto& body = p.processes[static_cast<std::size_t>(id)];
    const auto turn = [&](std::int64_t rounds) { return p.next(world.now(), rounds, id); };
    for (int i = 0; i < static_cast<int>(body.size()); ++i) {
        const auto& s = body[static_cast<std::size_t>(i)];
        const auto n_processes = static_cast<std::int64_t>(p.processes.size());
        switch (s.what) {
        case act::wait_time:
            break;
        case act::notify:
            world.notify(s.event);
            break;
        case act::notify_at:
            world.notify_at(s.event, p.next(world.now(), s.rounds, n_processes + s.event));
            break;
        case act::wait:
            world.wait(s.event);
            break;
        case act::wait_or:
            world.wait_until(turn(s.rounds), s.event);
            break;
        case act::synchronise:
            world.synchronise();
            break;
        }
        log.push_back({world.now(), id, i});
        world.wait_until(turn(s.what == act::wait_time ? s.rounds : 0));
        log.push_back({world.now(), id, i});
    }
}

/// On a local kernel.
struct local_world {
    local_kernel kernel;
    std::deque<local_kernel::event> events;
    trace log;
    local_world(const std::string& name, const program& p)
        : kernel(name.c_str()) {
        for (std::int64_t i = 0; i < p.n_events; ++i) events.emplace_back(kernel);
        for (int id = 0; id < static_cast<int>(p.processes.size()); ++id)
            kernel.spawn([this, &p, id] { run(p, id, *this, log); });
    }
    local_kernel::event& at(int e) { return events[static_cast<std::size_t>(e)]; }
    std::int64_t now() const { return kernel.now_ps(); }
    void notify(int e) { at(e).notify(); }
    void notify_at(int e, std::int64_t t) { at(e).notify_at(t); }
    void wait(int e) { kernel.wait(at(e)); }
    void wait_until(std::int64_t t) { kernel.wait_until(t); }
    void wait_until(std::int64_t t, int e) { kernel.wait_until(t, at(e)); }
    void synchronise() {
        kernel.synchronise();
        EXPECT_EQ(kernel.now_ps(), now_ps());
    }
};

/// On SystemC's.
struct systemc_world {
    std::deque<sc_core::sc_event> events;
    std::deque<testkit::process> processes;
    trace log;
    systemc_world(const std::string& name, const program& p) {
        for (std::int64_t i = 0; i < p.n_events; ++i) events.emplace_back();
        for (int id = 0; id < static_cast<int>(p.processes.size()); ++id)
            processes.emplace_back((name + "_" + std::to_string(id)).c_str(),
                                   [this, &p, id] { run(p, id, *this, log); }, true);
    }
    static sc_core::sc_time in(std::int64_t t) {
        return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(t - now_ps()));
    }
    sc_core::sc_event& at(int e) { return events[static_cast<std::size_t>(e)]; }
    std::int64_t now() const { return now_ps(); }
    void notify(int e) { at(e).notify(); }
    void notify_at(int e, std::int64_t t) { at(e).notify(in(t)); }
    void wait(int e) { sc_core::wait(at(e)); }
    void wait_until(std::int64_t t) { sc_core::wait(in(t)); }
    void wait_until(std::int64_t t, int e) { sc_core::wait(in(t), at(e)); }
    void synchronise() {}
};

TEST(local_kernel, does_what_systemc_does) {
    constexpr unsigned programs = 300;
    std::deque<program> all;
    std::deque<local_world> plain, asked;
    std::deque<systemc_world> reference;
    std::deque<testkit::process> hosts;
    for (unsigned seed = 0; seed < programs; ++seed) {
        all.push_back(random_program(seed));
        const auto text = std::to_string(seed);
        plain.emplace_back("plain_" + text, all.back());
        asked.emplace_back("asked_" + text, all.back());
        reference.emplace_back("reference_" + text, all.back());
        auto& kernel = asked.back().kernel;
        // A host with a quantum, sometimes a long one.
        hosts.emplace_back(("host_" + text).c_str(),
                           [&kernel, seed] {
                               std::mt19937 random(seed);
                               for (int i = 0; i < 60; ++i) {
                                   kernel.run_until(now_ps() +
                                                    static_cast<std::int64_t>(random() % (random() % 5 ? 20 : 300)));
                                   wait_ps(1 + static_cast<std::int64_t>(random() % 30));
                               }
                           },
                           true);
    }
    sc_core::sc_start();
    std::size_t lines = 0;
    for (unsigned seed = 0; seed < programs; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        auto& expected = reference[seed].log;
        lines += expected.size();
        for (auto* log : {&plain[seed].log, &asked[seed].log}) {
            EXPECT_TRUE(std::is_sorted(log->begin(), log->end(), [](const moment& a, const moment& b) {
                return std::get<0>(a) < std::get<0>(b);
            })) << "time goes back";
            std::sort(log->begin(), log->end());
        }
        std::sort(expected.begin(), expected.end());
        EXPECT_EQ(plain[seed].log, expected);
        EXPECT_EQ(asked[seed].log, expected);
    }
    EXPECT_GT(lines, 10 * programs);
}

// ---- Ahead of the kernel ----

TEST(local_kernel, runs_ahead_once_and_the_kernel_catches_up) {
    bench b;
    b.kernel.spawn([&] {
        for (int i = 1; i <= 6; ++i) {
            b.kernel.wait_until(i * 100);
            b.note(std::to_string(i) + (b.kernel.now_ps() > now_ps() ? " ahead" : ""));
        }
    });
    b.host([&] {
        wait_ps(150);
        b.kernel.run_until(350);
        EXPECT_EQ(b.kernel.now_ps(), 350);
        b.kernel.run_until(200); // has been
        EXPECT_EQ(b.kernel.now_ps(), 350);
        wait_ps(60);
        EXPECT_EQ(b.kernel.now_ps(), 350) << "never goes back";
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log,
              (bench::lines{{100, "1"}, {200, "2 ahead"}, {300, "3 ahead"}, {400, "4"}, {500, "5"}, {600, "6"}}));
    EXPECT_EQ(now_ps(), 600);
}

TEST(local_kernel, an_event_from_outside_wakes_at_the_local_time) {
    bench b;
    local_kernel::event e(b.kernel);
    b.kernel.spawn([&] {
        b.kernel.wait(e);
        b.note("first");
        b.kernel.wait(e);
        b.note("second");
    });
    b.host([&] {
        wait_ps(10);
        e.notify();
        wait_ps(10);
        b.kernel.run_until(100);
        e.notify();
        EXPECT_EQ(b.log.size(), 1u) << "not within the call";
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{10, "first"}, {100, "second"}}));
}

TEST(local_kernel, waits_for_a_time_or_an_event) {
    bench b;
    local_kernel::event e(b.kernel);
    b.kernel.spawn([&] {
        b.kernel.wait_until(100, e);
        b.note("time");
        b.kernel.wait_until(300, e); // is still listed for the first wait
        b.note("event");
        b.kernel.wait_until(500); // neither the old time, 300, nor the event ends this
        b.note("later");
        b.kernel.wait_until(400, e);
        b.note("has passed");
    });
    b.kernel.spawn([&] {
        b.kernel.wait_until(200);
        e.notify();
        b.kernel.wait_until(350);
        e.notify();
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{100, "time"}, {200, "event"}, {500, "later"}, {500, "has passed"}}));
}

TEST(local_kernel, the_earliest_of_several_notifications_counts) {
    bench b;
    local_kernel::event e(b.kernel);
    b.kernel.spawn([&] {
        while (true) {
            b.kernel.wait(e);
            b.note("event");
        }
    });
    b.host([&] {
        e.notify_at(300);
        e.notify_at(200);
        e.notify_at(400); // later than what is to come: without effect
        wait_ps(250);
        e.notify_at(500);
        wait_ps(10);
        e.notify(); // in the place of the one to come
        wait_ps(340);
        e.notify_at(1); // passed: now
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{200, "event"}, {260, "event"}, {600, "event"}}));
}

TEST(local_kernel, a_timed_notification_comes_after_what_happens_at_its_time) {
    bench b;
    local_kernel::event e(b.kernel);
    b.kernel.spawn([&] {
        b.kernel.wait_until(100);
        e.notify_at(100);
        b.note("notifies");
    });
    b.kernel.spawn([&] {
        b.kernel.wait_until(100);
        b.note("waits");
        b.kernel.wait(e);
        b.note("woken");
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{100, "notifies"}, {100, "waits"}, {100, "woken"}}));
}

TEST(local_kernel, synchronise_keeps_the_future_back) {
    bench b;
    b.kernel.spawn([&] {
        b.kernel.wait_until(100);
        b.kernel.synchronise();
        EXPECT_EQ(now_ps(), 100);
        b.note("synchronised");
        b.kernel.synchronise(); // without effect
        b.note("still");
    });
    b.kernel.spawn([&] {
        b.kernel.wait_until(90);
        b.note("before");
        b.kernel.wait_until(110);
        EXPECT_EQ(now_ps(), 110);
        b.note("after");
    });
    b.host([&] {
        wait_ps(10);
        b.kernel.run_until(1000);
        EXPECT_EQ(b.kernel.now_ps(), 100) << "as far as can be known";
        EXPECT_EQ(b.log.size(), 1u);
        b.kernel.run_until(1000);
        EXPECT_EQ(b.log.size(), 1u);
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{90, "before"}, {100, "synchronised"}, {100, "still"}, {110, "after"}}));
}

TEST(local_kernel, held_to_the_kernels_time) {
    bench b;
    local_kernel::event e(b.kernel);
    b.kernel.spawn([&] {
        b.kernel.wait_until(100);
        b.kernel.synchronise();
        {
            const local_kernel::held held(b.kernel);
            b.kernel.wait(e);
            b.note("response");
        }
        b.kernel.wait_until(500);
        b.note("ahead");
    });
    b.kernel.spawn([&] {
        b.kernel.wait_until(300);
        b.note("other");
    });
    b.host([&] {
        for (int i = 0; i < 20; ++i) {
            wait_ps(20);
            b.kernel.run_until(now_ps() + 10000);
            if (now_ps() == 340) {
                EXPECT_EQ(b.kernel.now_ps(), 340);
                e.notify();
            }
        }
        EXPECT_EQ(b.kernel.now_ps(), 10400);
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{300, "other"}, {340, "response"}, {500, "ahead"}}));
}

TEST(local_kernel, run_until_from_within_has_no_effect) {
    bench b;
    b.kernel.spawn([&] {
        b.kernel.wait_until(100);
        EXPECT_TRUE(b.kernel.running());
        b.kernel.run_until(1000);
        b.note("first");
    });
    b.kernel.spawn([&] {
        b.kernel.wait_until(200);
        b.note("second");
    });
    sc_core::sc_start();
    EXPECT_FALSE(b.kernel.running());
    EXPECT_EQ(b.log, (bench::lines{{100, "first"}, {200, "second"}}));
}

TEST(local_kernel, waiting_in_systemc_lets_time_pass) {
    bench b;
    local_kernel::event e(b.kernel);
    b.kernel.spawn([&] {
        b.kernel.wait_until(10);
        wait_ps(50); // a target that waits in b_transport
        b.note("returned");
        b.kernel.wait_until(100);
        b.note("goes on");
    });
    b.kernel.spawn([&] {
        b.kernel.wait_until(30);
        b.note("stood still meanwhile");
        b.kernel.wait(e);
        b.note("notified later");
    });
    b.kernel.spawn([&] {
        b.kernel.wait(e);
        b.note("notified meanwhile");
    });
    b.host([&] {
        wait_ps(40);
        b.kernel.run_until(1000); // must not enter a second time
        EXPECT_TRUE(b.log.empty());
        EXPECT_EQ(b.kernel.now_ps(), 40);
        e.notify();
        wait_ps(100);
        e.notify();
    });
    sc_core::sc_start();
    std::stable_sort(b.log.begin(), b.log.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
    EXPECT_EQ(b.log, (bench::lines{{60, "returned"},
                                   {60, "notified meanwhile"},
                                   {60, "stood still meanwhile"},
                                   {100, "goes on"},
                                   {140, "notified later"}}));
}

TEST(local_kernel, waits_in_the_hosts_call) {
    bench b;
    b.kernel.spawn([&] {
        b.kernel.wait_until(100);
        wait_ps(30);
        b.note("returned");
        b.kernel.wait_until(200);
        b.note("goes on");
    });
    b.host([&] {
        wait_ps(90);
        b.kernel.run_until(150);
        EXPECT_EQ(now_ps(), 120) << "the host waited";
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{120, "returned"}, {200, "goes on"}}));
}

} // namespace

/// Are processes in local time ended and begun anew without traces of their past?
#include "local_kernel_bench.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace {

using namespace cimtlm;
using local_kernel_test::bench;
using testkit::wait_ps;

/// Counts those in being.
struct counted {
    explicit counted(int& n)
        : n_(n) {
        ++n_;
    }
    ~counted() { --n_; }
    int& n_;
};

TEST(local_kernel, restart_leaves_nothing_of_the_past) {
    bench b;
    local_kernel::event e(b.kernel), timed(b.kernel);
    int alive = 0, begun = 0, between = 0;
    b.kernel.spawn([&] {
        const counted here(alive);
        ++begun;
        b.note("begins");
        if (begun == 1) {
            b.kernel.wait_until(500, e);
            b.note("never");
        }
        b.kernel.wait_until(1000);
        b.note("ends");
    });
    b.kernel.spawn([&] {
        const counted here(alive);
        b.kernel.wait(timed);
        b.note("timed");
    });
    b.host([&] {
        timed.notify_at(300);
        wait_ps(200);
        EXPECT_EQ(alive, 2);
        b.kernel.restart([&] {
            ++between;
            EXPECT_EQ(alive, 0) << "stacks are unwound";
            e.notify(); // nobody waits any more
        });
        EXPECT_EQ(between, 1);
        wait_ps(10);
        EXPECT_EQ(alive, 2);
        wait_ps(390);
        e.notify(); // at 600: neither that nor the time, 500, of the wait before
        wait_ps(100);
        timed.notify_at(800); // what was to come at 300 is forgotten and does not stand in the way
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{0, "begins"}, {200, "begins"}, {800, "timed"}, {1000, "ends"}}));
    EXPECT_EQ(alive, 0);
}

TEST(local_kernel, a_notification_between_does_not_resume_twice) {
    bench b;
    local_kernel::event e(b.kernel), other(b.kernel);
    b.kernel.spawn([&] {
        b.note("begins");
        b.kernel.wait(b.log.size() == 1 ? e : other);
        b.note("resumed");
    });
    b.host([&] {
        wait_ps(100);
        b.kernel.restart([&] { e.notify(); });
        wait_ps(100);
        e.notify();
        wait_ps(100);
        other.notify();
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{0, "begins"}, {100, "begins"}, {300, "resumed"}}));
}

TEST(local_kernel, restart_from_within_waits_for_the_process) {
    bench b;
    int begun = 0, alive = 0;
    b.kernel.spawn([&] {
        const counted here(alive);
        b.note("begins");
        b.kernel.wait_until(100);
        if (++begun == 1) {
            b.kernel.restart([&] {
                EXPECT_EQ(alive, 0);
                b.note("between");
            });
            b.note("goes on until it waits");
            b.kernel.wait_until(150);
            b.note("never");
        }
    });
    b.kernel.spawn([&] {
        const counted here(alive);
        b.note("begins too");
        b.kernel.wait_until(120);
        b.note("120");
    });
    b.host([&] {
        wait_ps(10);
        b.kernel.run_until(110); // ahead of the kernel
        wait_ps(200);
        EXPECT_EQ(begun, 2);
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{0, "begins"},
                                   {0, "begins too"},
                                   {100, "goes on until it waits"},
                                   {100, "between"},
                                   {100, "begins"},
                                   {100, "begins too"},
                                   {120, "120"}}));
}

TEST(local_kernel, restart_of_processes_that_are_over) {
    bench b;
    b.kernel.spawn([&] { b.note("begins"); });
    b.host([&] {
        wait_ps(50);
        b.kernel.restart({});
        wait_ps(50);
        b.kernel.restart({});
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{0, "begins"}, {50, "begins"}, {100, "begins"}}));
}

TEST(local_kernel, restart_while_a_target_waits) {
    bench b;
    int begun = 0;
    b.kernel.spawn([&] {
        if (++begun == 2) return;
        wait_ps(100);
        b.note("returned");
        b.kernel.wait_until(500);
        b.note("never");
    });
    b.host([&] {
        wait_ps(50);
        b.kernel.restart([&] { b.note("between"); });
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{100, "returned"}, {100, "between"}}));
    EXPECT_EQ(begun, 2);
}

TEST(local_kernel, exceptions_leave_through_run_until) {
    bench b;
    int alive = 0;
    b.kernel.spawn([&] {
        const counted here(alive);
        b.kernel.wait_until(100);
        throw std::runtime_error("process");
    });
    b.kernel.spawn([&] {
        b.kernel.wait_until(100);
        b.note("with it");
        b.kernel.wait_until(200);
        b.note("after it");
    });
    b.host([&] {
        wait_ps(10);
        try {
            b.kernel.run_until(150);
            ADD_FAILURE() << "nothing thrown";
        } catch (const std::runtime_error& e) {
            EXPECT_EQ(e.what(), std::string("process"));
        }
        EXPECT_EQ(alive, 0);
        EXPECT_FALSE(b.kernel.running());
    });
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{100, "with it"}, {200, "after it"}}));
}

TEST(local_kernel, the_others_go_on_after_an_exception) {
    bench b;
    b.kernel.spawn([&] { throw std::runtime_error("process"); });
    b.kernel.spawn([&] {
        b.kernel.wait_until(200);
        b.note("goes on");
    });
    b.kernel.restart({}); // before the simulation: both begin once
    EXPECT_THROW(b.kernel.run_until(0), std::runtime_error);
    sc_core::sc_start();
    EXPECT_EQ(b.log, (bench::lines{{200, "goes on"}}));
}

TEST(local_kernel, many_waits_with_time_leave_no_list) {
    bench b;
    local_kernel::event e(b.kernel);
    int wakes = 0;
    b.kernel.spawn([&] {
        for (int i = 1; i <= 100000; ++i) b.kernel.wait_until(i, e);
        ++wakes;
        b.kernel.wait(e);
        ++wakes;
    });
    b.host([&] {
        b.kernel.run_until(200000);
        EXPECT_EQ(wakes, 1);
        e.notify();
        b.kernel.run_until(200000);
        EXPECT_EQ(wakes, 2);
    });
    sc_core::sc_start();
}

TEST(local_kernel, processes_end_with_their_kernel) {
    int alive = 0;
    auto kernel = std::make_unique<local_kernel>("kernel");
    local_kernel::event e(*kernel);
    kernel->spawn([&] {
        const counted here(alive);
        kernel->wait(e);
    });
    kernel->spawn([&] {
        const counted here(alive);
        const auto later = std::make_unique<counted>(alive);
        kernel->wait_until(1000000);
    });
    kernel->spawn([&] { const counted here(alive); });
    sc_core::sc_start(100, sc_core::SC_PS);
    EXPECT_EQ(alive, 3);
    kernel.reset();
    EXPECT_EQ(alive, 0);
}

TEST(local_kernel, processes_end_early) {
    bench b;
    int alive = 0;
    b.kernel.spawn([&] {
        const counted here(alive);
        b.kernel.wait_until(100);
        b.note("never");
    });
    b.host([&] {
        wait_ps(50);
        b.kernel.end();
        EXPECT_EQ(alive, 0);
    });
    sc_core::sc_start();
    EXPECT_TRUE(b.log.empty());
}

TEST(local_kernel, ends_while_a_target_waits) {
    int alive = 0;
    auto kernel = std::make_unique<local_kernel>("kernel");
    kernel->spawn([] { wait_ps(1000); });
    kernel->spawn([&] {
        const counted here(alive);
        kernel->wait_until(500);
    });
    kernel->spawn([&] {
        const counted here(alive);
        kernel->wait_until(600);
    });
    sc_core::sc_start(100, sc_core::SC_PS);
    EXPECT_EQ(alive, 0) << "the others have not begun";
    kernel.reset(); // the first one stays where it is
}

} // namespace

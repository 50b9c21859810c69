/// Does the calendar give the earliest free slot, and does a resource on it behave as a first-come queue although
/// calls come out of the order of their arrivals?
#include <cimtlm/base/calendar.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace {

using cimtlm::calendar;

TEST(calendar, an_idle_resource_serves_at_once) {
    calendar c;
    EXPECT_EQ(c.reserve(100, 50), 100);
    EXPECT_EQ(c.busy_ps(), 50);
    EXPECT_EQ(c.last_end_ps(), 150);
}

TEST(calendar, a_taken_resource_serves_afterwards) {
    calendar c;
    c.reserve(100, 50);
    EXPECT_EQ(c.reserve(100, 10), 150);
    EXPECT_EQ(c.reserve(149, 10), 160);
    EXPECT_EQ(c.reserve(170, 10), 170);
    EXPECT_EQ(c.size(), 1u) << "adjacent intervals are one";
}

TEST(calendar, a_later_call_that_arrives_earlier_gets_the_gap_before) {
    calendar c;
    c.reserve(100, 50);
    EXPECT_EQ(c.reserve(0, 100), 0) << "fits exactly";
    EXPECT_EQ(c.reserve(0, 1), 150) << "and nothing more does";
}

TEST(calendar, a_gap_that_is_too_short_stays_free) {
    calendar c;
    c.reserve(0, 10);
    c.reserve(20, 10);
    EXPECT_EQ(c.reserve(0, 11), 30);
    EXPECT_EQ(c.reserve(0, 10), 10);
}

TEST(calendar, a_duration_of_zero_takes_nothing) {
    calendar c;
    c.reserve(0, 100);
    EXPECT_EQ(c.reserve(40, 0), 40);
    EXPECT_EQ(c.busy_ps(), 100);
}

TEST(calendar, tells_where_it_would_begin_and_takes_nothing) {
    std::mt19937_64 random(7);
    calendar c;
    for (int i = 0; i < 2000; ++i) {
        const auto arrival = static_cast<std::int64_t>(random() % 20000);
        const auto duration = static_cast<std::int64_t>(random() % 30);
        const auto busy = c.busy_ps();
        const auto begin = c.first_free(arrival, duration);
        EXPECT_EQ(c.busy_ps(), busy);
        EXPECT_EQ(c.reserve(arrival, duration), begin);
    }
    EXPECT_THROW(c.first_free(-1, 1), std::logic_error);
}

TEST(calendar, negative_times_are_bugs) {
    calendar c;
    EXPECT_THROW(c.reserve(-1, 1), std::logic_error);
    EXPECT_THROW(c.reserve(1, -1), std::logic_error);
}

TEST(calendar, forgetting_the_past_keeps_what_is_still_taken) {
    calendar c;
    c.reserve(0, 10);
    c.reserve(20, 10);
    c.reserve(40, 10);
    c.forget_before(25);
    EXPECT_EQ(c.size(), 2u);
    EXPECT_EQ(c.reserve(25, 5), 30);
    EXPECT_EQ(c.busy_ps(), 35) << "the sum is over all time";
}

/// One cell a picosecond.
std::int64_t reserve_by_cells(std::vector<bool>& taken, std::int64_t arrival, std::int64_t duration) {
    if (duration == 0) return arrival;
    for (std::int64_t begin = arrival;; ++begin) {
        std::int64_t n = 0;
        while (n < duration && !taken[static_cast<std::size_t>(begin + n)]) ++n;
        if (n < duration) continue;
        std::fill_n(taken.begin() + begin, duration, true);
        return begin;
    }
}

TEST(calendar, agrees_with_a_brute_force_search) {
    for (unsigned seed = 0; seed < 50; ++seed) {
        std::mt19937 random(seed);
        calendar c;
        std::vector<bool> taken(40000, false);
        std::int64_t busy = 0;
        std::int64_t now = 0;
        for (int i = 0; i < 400; ++i) {
            const std::int64_t arrival = now + static_cast<std::int64_t>(random() % 300);
            const std::int64_t duration = static_cast<std::int64_t>(random() % 60);
            ASSERT_EQ(c.reserve(arrival, duration), reserve_by_cells(taken, arrival, duration)) << seed << ' ' << i;
            busy += duration;
            if (random() % 4 == 0) {
                now += static_cast<std::int64_t>(random() % 100);
                c.forget_before(now);
            }
        }
        const auto last = std::find(taken.rbegin(), taken.rend(), true);
        EXPECT_EQ(c.last_end_ps(), taken.rend() - last);
        EXPECT_EQ(c.busy_ps(), busy);
        EXPECT_EQ(busy, std::count(taken.begin(), taken.end(), true));
    }
}

/// 108 initiators, each with one burst of 4 to 16 KiB after another at 1 byte/ps and a pause between. A burst is called
/// when it leaves its initiator and reaches the resource after `path_ps`, or `path_ps + jitter_ps` for every other
/// one (an open DRAM row, or one to be activated): calls come out of the order of arrivals.
struct traffic {
    double mean_pause_ps;
    std::int64_t path_ps;
    std::int64_t jitter_ps;
    bool any_jitter = false; // uniform between 0 and jitter_ps instead
};
constexpr int initiators = 108;
constexpr int bursts = 300;

struct outcome {
    double finish_ps = 0;
    double mean_latency_ps = 0; // from call to last byte
};

struct initiator {
    std::mt19937_64 random;
    int served = 0;

    double pause_ps(const traffic& t) { return std::exponential_distribution<double>(1 / t.mean_pause_ps)(random); }
    std::int64_t lookahead_ps(const traffic& t) {
        if (t.any_jitter) return t.path_ps + std::uniform_int_distribution<std::int64_t>(0, t.jitter_ps)(random);
        return t.path_ps + (random() % 2 ? t.jitter_ps : 0);
    }
    std::int64_t duration_ps() { return std::uniform_int_distribution<std::int64_t>(4096, 16384)(random); }
};

std::vector<initiator> make_initiators(unsigned seed) {
    std::vector<initiator> all;
    for (unsigned i = 0; i < initiators; ++i) all.push_back({std::mt19937_64(seed * 1000 + i)});
    return all;
}

struct event {
    std::int64_t time_ps;
    std::uint64_t tie; // random: calls of one time come in any order
    std::size_t who;
    std::int64_t called_ps;
    bool operator>(const event& o) const { return std::tie(time_ps, tie) > std::tie(o.time_ps, o.tie); }
};
using agenda = std::priority_queue<event, std::vector<event>, std::greater<event>>;

/// Runs the traffic. With `by_arrival` requests are served in the order of arrival, each with its own event at the
/// resource: the reference. Otherwise `serve` is called when the burst leaves, as b_transport is.
template <class Serve> outcome run(const traffic& t, unsigned seed, bool by_arrival, Serve serve) {
    std::vector<initiator> all = make_initiators(seed);
    std::mt19937_64 ties(seed);
    agenda events;
    const auto leave = [&](std::size_t i, std::int64_t at_ps) {
        const std::int64_t event_ps = by_arrival ? at_ps + all[i].lookahead_ps(t) : at_ps;
        events.push({event_ps, ties(), i, at_ps});
    };
    for (std::size_t i = 0; i < all.size(); ++i) leave(i, static_cast<std::int64_t>(all[i].pause_ps(t)));
    outcome o;
    while (!events.empty()) {
        const event e = events.top();
        events.pop();
        initiator& source = all[e.who];
        const std::int64_t arrival_ps = by_arrival ? e.time_ps : e.called_ps + source.lookahead_ps(t);
        const std::int64_t end_ps = serve(e.called_ps, arrival_ps, source.duration_ps());
        o.finish_ps = std::max(o.finish_ps, static_cast<double>(end_ps));
        o.mean_latency_ps += static_cast<double>(end_ps - e.called_ps) / (initiators * bursts);
        if (++source.served < bursts) leave(e.who, end_ps + static_cast<std::int64_t>(source.pause_ps(t)));
    }
    return o;
}

outcome first_come(const traffic& t, unsigned seed) {
    std::int64_t free_ps = 0;
    return run(t, seed, true, [&](std::int64_t, std::int64_t arrival_ps, std::int64_t duration_ps) {
        return free_ps = std::max(free_ps, arrival_ps) + duration_ps;
    });
}

outcome by_calendar(const traffic& t, unsigned seed) {
    calendar c;
    return run(t, seed, false, [&](std::int64_t called_ps, std::int64_t arrival_ps, std::int64_t duration_ps) {
        c.forget_before(called_ps);
        return c.reserve(arrival_ps, duration_ps) + duration_ps;
    });
}

outcome by_taken_until(const traffic& t, unsigned seed) {
    std::int64_t taken_until_ps = 0;
    return run(t, seed, false, [&](std::int64_t, std::int64_t arrival_ps, std::int64_t duration_ps) {
        return taken_until_ps = std::max(taken_until_ps, arrival_ps) + duration_ps;
    });
}

/// Relative error of a way to serve against first-come, over several seeds.
template <class Model> outcome error_of(Model model, const traffic& t) {
    outcome sum;
    constexpr unsigned seeds = 8;
    for (unsigned seed = 1; seed <= seeds; ++seed) {
        const outcome reference = first_come(t, seed);
        const outcome o = model(t, seed);
        sum.finish_ps += (o.finish_ps / reference.finish_ps - 1) / seeds;
        sum.mean_latency_ps += (o.mean_latency_ps / reference.mean_latency_ps - 1) / seeds;
    }
    return sum;
}

/// Mean pauses from saturation over the knee to a light load.
class shuffled_calls : public testing::TestWithParam<double> {};

/// What our platforms have: one path for all, whose length differs by a cycle or two of the bus.
TEST_P(shuffled_calls, finish_and_latency_are_within_a_percent_of_first_come) {
    const outcome error = error_of(by_calendar, {GetParam(), 40000, 2000});
    EXPECT_NEAR(error.finish_ps, 0, 0.01);
    EXPECT_NEAR(error.mean_latency_ps, 0, 0.01);
}

/// Behind a memory whose latency differs by a row activate. Free time is cut into gaps too short for a burst: near the
/// knee latency suffers, throughput does not.
TEST_P(shuffled_calls, a_row_activate_of_difference_costs_three_percent_of_latency) {
    const outcome error = error_of(by_calendar, {GetParam(), 40000, 14000});
    EXPECT_NEAR(error.finish_ps, 0, 0.01);
    EXPECT_NEAR(error.mean_latency_ps, 0, 0.03);
}

/// The limit of the method: arrivals that vary at random by several bursts.
TEST_P(shuffled_calls, a_wildly_varying_lookahead_costs_latency_and_no_throughput) {
    const outcome error = error_of(by_calendar, {GetParam(), 20000, 60000, true});
    EXPECT_NEAR(error.finish_ps, 0, 0.01);
    EXPECT_NEAR(error.mean_latency_ps, 0, 0.10);
}

INSTANTIATE_TEST_SUITE_P(pauses_ps, shuffled_calls,
                         testing::Values(500e3, 900e3, 1000e3, 1100e3, 1200e3, 2000e3, 5000e3));

/// What the calendar is there to avoid.
TEST(calendar, a_single_taken_until_is_further_off) {
    const traffic t{1100e3, 20000, 60000, true};
    EXPECT_GT(error_of(by_taken_until, t).mean_latency_ps, 2 * error_of(by_calendar, t).mean_latency_ps);
}

} // namespace

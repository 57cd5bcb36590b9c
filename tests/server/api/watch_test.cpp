// Those who wait for jobs hear of every change, and of nothing when they have left.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include <pysandbox/job_store.hpp>

#include "api/job_watch.hpp"

namespace pysandbox::api {
namespace {

TEST(JobWatching, WakesThoseWhoWaitForThisJob) {
  const auto store = make_memory_job_store();
  JobWatch watch(*store);
  const JobId one = store->add({.code = "pass"});
  const JobId other = store->add({.code = "pass"});
  int of_one = 0, of_other = 0;
  const auto first = watch.subscription(one)([&] { ++of_one; });
  const auto second = watch.subscription(other)([&] { ++of_other; });
  store->cancel(one);
  EXPECT_GT(of_one, 0);
  EXPECT_EQ(of_other, 0);
}

TEST(JobWatching, EndsWithTheSubscription) {
  const auto store = make_memory_job_store();
  JobWatch watch(*store);
  const JobId id = store->add({.code = "pass"});
  int wakes = 0;
  auto first = watch.subscription(id)([&] { ++wakes; });
  const auto second = watch.subscription(id)([] {});
  first.reset();
  store->cancel(id);
  EXPECT_EQ(wakes, 0);
}

TEST(JobWatching, MayEndBeforeItsSubscriptions) {
  const auto store = make_memory_job_store();
  auto watch = std::make_unique<JobWatch>(*store);
  const JobId id = store->add({.code = "pass"});
  const http::Subscribe subscribe = watch->subscription(id);
  const auto subscription = subscribe([] {});
  watch.reset();
  store->cancel(id);
  const auto late = subscribe([] {});
}

TEST(JobWatching, LetsAWakeLeaveAndSubscribe) {
  const auto store = make_memory_job_store();
  JobWatch watch(*store);
  const JobId id = store->add({.code = "pass"});
  std::shared_ptr<void> own;
  int wakes = 0;
  own = watch.subscription(id)([&] {
    ++wakes;
    own = watch.subscription(id)([] {});
  });
  store->cancel(id);
  EXPECT_EQ(wakes, 1);
}

TEST(JobWatching, LosesNoWakeAmongManyThreads) {
  const auto store = make_memory_job_store();
  JobWatch watch(*store);
  constexpr int threads = 4, rounds = 200;
  std::atomic<int> seen = 0;
  std::vector<std::jthread> waiting;
  for (int thread = 0; thread < threads; ++thread) {
    waiting.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        const JobId id = store->add({.code = "pass"});
        std::atomic<bool> is_awake = false;
        const auto subscription = watch.subscription(id)([&] {
          is_awake = true;
          is_awake.notify_all();
        });
        std::jthread([&] { store->cancel(id); }).join();
        is_awake.wait(false);
        ++seen;
      }
    });
  }
  waiting.clear();
  EXPECT_EQ(seen, threads * rounds);
}

}  // namespace
}  // namespace pysandbox::api

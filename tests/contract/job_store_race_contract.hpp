// The contract of JobStore: whatever happens to a job at the same time, it ends once. See job_store_contract.hpp.
#pragma once

#include <map>
#include <mutex>
#include <random>

#include "../support/bytes.hpp"
#include "job_store_fixture.hpp"

namespace pysandbox::testing {

// Workers that finish, print, give back and forget jobs, people who cancel them, and time, all at once, over one store
// or two on one database. It writes down what was promised, and checks it in the end.
class JobRace {
 public:
  explicit JobRace(std::vector<JobStore*> stores) : stores_(std::move(stores)) {}

  void run() {
    {
      std::vector<std::jthread> threads;
      for (unsigned number = 0; number < 4; ++number) threads.emplace_back([this, number] { work(number); });
      for (unsigned number = 0; number < 2; ++number) threads.emplace_back([this, number] { cancel(number + 10); });
      threads.emplace_back([this] { watch(); });
      for (int wave = 0; wave < 15; ++wave) {  // a ttl of one second lapses on the way
        for (int number = 0; number < newest; ++number) add(number);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
      is_over_ = true;
    }
    end_the_rest();
  }

  void check() {
    std::map<Outcome, int> outcomes;
    for (const JobId& id : ids_) {
      const Job job = stores_.front()->find(id).value();
      ASSERT_TRUE(job.state == JobState::completed || job.state == JobState::failed) << to_string(job.state);
      ASSERT_TRUE(job.result.has_value() && job.completed_at.has_value());
      ++outcomes[job.result->outcome];
      check_log(job);
      const auto promised = finished_.find(id);
      if (promised != finished_.end()) {
        EXPECT_EQ(job.result->stdout, promised->second);
      } else {
        EXPECT_NE(job.result->outcome, Outcome::ok) << "nobody finished it";
      }
      EXPECT_TRUE(job.result->outcome != Outcome::cancelled || job.cancel_requested);
    }
    for (const Outcome outcome : {Outcome::ok, Outcome::cancelled})
      EXPECT_GT(outcomes[outcome], 0) << to_string(outcome);
    EXPECT_EQ(stores_.front()->counts().queued + stores_.front()->counts().running, 0U);
  }

 private:
  static constexpr int newest = 20;

  void add(int number) {
    const Submission submission{.priority = number % 3, .ttl = std::chrono::seconds(number % 2)};
    JobStore& store = *stores_[static_cast<std::size_t>(number) % stores_.size()];
    const JobId id = store.add(JobRequest{.code = "pass"}, submission).id;
    const std::lock_guard lock(mutex_);
    ids_.push_back(id);
  }

  // One of those that were added last; empty in the very beginning.
  JobId any_of_the_newest(std::minstd_rand& random) {
    const std::lock_guard lock(mutex_);
    if (ids_.size() < newest) return {};
    return ids_[ids_.size() - 1 - random() % newest];
  }

  void work(unsigned number) {
    std::minstd_rand random(number + 1);
    JobStore& store = *stores_[number % stores_.size()];
    std::vector<Claim> forgotten;
    while (!is_over_) {
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 1000));
      const auto claim = store.claim("worker", std::chrono::milliseconds(random() % 3));
      if (!claim) continue;
      if (random() % 3 == 0) store.append_output(*claim, Stream::stdout_stream, text_of(*claim).substr(0, 5));
      if (random() % 3 == 0) store.heartbeat(*claim, std::chrono::milliseconds(random() % 3));
      switch (random() % 4) {
        case 0:
          finish(store, *claim);
          break;
        case 1:
          store.release(*claim);
          break;
        default:
          forgotten.push_back(*claim);
      }
      if (forgotten.size() < 5) continue;
      finish(store, forgotten.front());
      forgotten.erase(forgotten.begin());
    }
  }

  static std::string text_of(const Claim& claim) { return claim.job.id + " " + std::to_string(claim.token); }

  void finish(JobStore& store, const Claim& claim) {
    if (!store.finish(claim, result_with(Outcome::ok, text_of(claim)))) return;
    const std::lock_guard lock(mutex_);
    EXPECT_TRUE(finished_.emplace(claim.job.id, text_of(claim)).second) << "a job was finished twice";
  }

  void cancel(unsigned number) {
    std::minstd_rand random(number);
    JobStore& store = *stores_[number % stores_.size()];
    while (!is_over_) {
      store.cancel(any_of_the_newest(random));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  // Reads logs while they grow, to compare later.
  void watch() {
    std::minstd_rand random(99);
    while (!is_over_) {
      const JobId id = any_of_the_newest(random);
      auto seen = stores_.back()->events(id, 0, 1 + random() % 20);
      if (seen.size() >= seen_[id].size()) seen_[id] = std::move(seen);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  void end_the_rest() {
    JobStore& store = *stores_.front();
    while (store.counts().queued + store.counts().running > 0) {
      if (const auto claim = store.claim("last", std::chrono::hours(1))) finish(store, *claim);
    }
  }

  void check_log(const Job& job) {
    const auto log = stores_.back()->events(job.id, 0, 100'000);
    ASSERT_FALSE(log.empty());
    std::string printed;
    for (std::size_t index = 0; index < log.size(); ++index) {
      EXPECT_EQ(log[index].number, index + 1);
      EXPECT_EQ(log[index].kind == JobEvent::Kind::end, index + 1 == log.size()) << "one end, and it is the last";
      if (log[index].kind == JobEvent::Kind::status) printed.clear();
      if (log[index].kind == JobEvent::Kind::output) printed += log[index].text;
    }
    EXPECT_EQ(log.back().outcome, job.result->outcome);
    if (job.result->outcome == Outcome::ok) {
      EXPECT_EQ(printed, job.result->stdout);
    }
    const auto& seen = seen_[job.id];
    ASSERT_LE(seen.size(), log.size());
    for (std::size_t index = 0; index < seen.size(); ++index) {
      EXPECT_EQ(seen[index].kind, log[index].kind);
      EXPECT_EQ(seen[index].at, log[index].at);
      EXPECT_EQ(seen[index].text, log[index].text);
      EXPECT_EQ(seen[index].attempt, log[index].attempt);
    }
  }

  const std::vector<JobStore*> stores_;
  std::vector<JobId> ids_;
  std::atomic<bool> is_over_ = false;
  std::map<JobId, std::vector<JobEvent>> seen_;
  std::mutex mutex_;                       // guards the next one
  std::map<JobId, std::string> finished_;  // who was told that his result is the result
};

TEST_P(JobStoreContract, EndsEveryJobOnceWhateverHappensAtTheSameTime) {
  JobRace race({store.get()});
  race.run();
  race.check();
}

TEST_P(JobStoreContract, EndsEveryJobOnceWithTwoStoresOnOneDatabase) {
  if (GetParam().reach == JobStoreReach::one_object) return;  // two stores would have nothing to share
  const auto other = open_again();
  JobRace race({store.get(), other.get()});
  race.run();
  race.check();
}

TEST_P(JobStoreContract, KeepsTheBoundOfEachOwnerWithTwoStoresOnOneDatabase) {
  if (GetParam().reach == JobStoreReach::one_object) return;
  const auto other = open_again();
  const std::vector<std::string> owners{"a", "b", "c", "d"};
  {
    std::vector<std::jthread> threads;
    for (unsigned number = 0; number < 16; ++number) {
      threads.emplace_back([&, number] {
        std::minstd_rand random(number + 1);
        JobStore& mine = number % 2 == 0 ? *store : *other;
        for (int count = 0; count < 20; ++count) {
          const Submission bounded{.owner = owners[random() % owners.size()], .max_active = 7};
          const auto error = error_of([&] { mine.add(JobRequest{.code = "pass"}, bounded); });
          EXPECT_EQ(error.value_or(ErrorCode::overloaded), ErrorCode::overloaded);
        }
      });
    }
  }
  for (const std::string& owner : owners) EXPECT_EQ(listed({.owner = owner}).size(), 7U);
}

}  // namespace pysandbox::testing

// What every JobStore must do. To try your own, compile one file that includes this header and says
//
//   INSTANTIATE_TEST_SUITE_P(Mine, JobStoreContract, testing::Values(JobStoreKind{"mine", open_my_store}));
//
// and link it with gtest_main. `open` gets the path of a directory; in a new empty one it gives a new empty store.
#pragma once

#include "job_store_fixture.hpp"
#include "job_store_log_contract.hpp"
#include "job_store_queue_contract.hpp"
#include "job_store_race_contract.hpp"

namespace pysandbox::testing {

TEST_P(JobStoreContract, KeepsEveryFieldOfARequest) {
  const JobId id = store->add(full_request());
  EXPECT_EQ(job(id).request, full_request());
  EXPECT_EQ(claim().job.request, full_request());
}

TEST_P(JobStoreContract, KeepsEveryByteOfAResult) {
  const JobId id = add_ended(full_result());
  ASSERT_TRUE(job(id).result.has_value());
  EXPECT_EQ(*job(id).result, full_result());
}

TEST_P(JobStoreContract, ListsJobsWithoutWhatMayBeLarge) {
  store->add(full_request(), full_submission());
  ASSERT_TRUE(store->finish(claim(), full_result()));
  JobRequest request = full_request();
  request.code = request.stdin = "";
  request.args = {};
  request.env = {};
  for (InputFile& input : request.inputs) input.content = "";
  RunResult result = full_result();
  result.stdout = result.stderr = "";
  const Job listed = store->list({}).at(0);
  EXPECT_EQ(listed.request, request);
  EXPECT_EQ(listed.result, result);
}

TEST_P(JobStoreContract, BeginsWithAQueuedJob) {
  const auto before = std::chrono::system_clock::now() - std::chrono::milliseconds(1);
  const Job fresh = job(add());
  EXPECT_EQ(fresh.state, JobState::queued);
  EXPECT_EQ(fresh.attempt, 0U);
  EXPECT_EQ(fresh.worker, "");
  EXPECT_FALSE(fresh.started_at || fresh.completed_at || fresh.result || fresh.cancel_requested);
  EXPECT_GE(fresh.created_at, before);
  EXPECT_LE(fresh.created_at, std::chrono::system_clock::now());
}

TEST_P(JobStoreContract, GivesEveryJobAnIdOfItsOwnThatNobodyCanGuess) {
  std::set<JobId> ids;
  for (int count = 0; count < 100; ++count) ids.insert(add());
  EXPECT_EQ(ids.size(), 100U);
  for (const JobId& id : ids) {
    EXPECT_EQ(id.size(), 32U);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  }
}

TEST_P(JobStoreContract, RefusesABadRequestAndKeepsNothingOfIt) {
  EXPECT_THROW(add(std::string("\0", 1)), Error);
  EXPECT_THROW(store->add(JobRequest{.code = "", .entry_point = "../x"}), Error);
  EXPECT_TRUE(store->list({}).empty());
  EXPECT_FALSE(store->claim("worker", long_lease).has_value());
}

TEST_P(JobStoreContract, GivesTheOldestJobFirst) {
  const JobId first = add(), second = add(), third = add();
  EXPECT_EQ(claim().job.id, first);
  EXPECT_EQ(claim().job.id, second);
  EXPECT_EQ(claim().job.id, third);
  EXPECT_FALSE(store->claim("worker", long_lease).has_value());
}

TEST_P(JobStoreContract, TellsWhoRunsAJobAndSinceWhen) {
  const JobId id = add();
  const Claim claimed = store->claim("host 'a'; --", long_lease).value();
  for (const Job& running : {claimed.job, job(id)}) {
    EXPECT_EQ(running.state, JobState::running);
    EXPECT_EQ(running.worker, "host 'a'; --");
    EXPECT_EQ(running.attempt, 1U);
    ASSERT_TRUE(running.started_at.has_value());
    EXPECT_GE(*running.started_at, running.created_at);
    EXPECT_FALSE(running.completed_at.has_value());
  }
}

TEST_P(JobStoreContract, GivesAJobToOneWorkerOnly) {
  constexpr int jobs = 200;
  for (int count = 0; count < jobs; ++count) add();
  std::vector<std::vector<JobId>> taken(4);
  {
    std::vector<std::jthread> workers;
    for (auto& mine : taken) {
      workers.emplace_back([&] {
        while (const auto claimed = store->claim("worker", long_lease)) {
          mine.push_back(claimed->job.id);
          EXPECT_TRUE(store->finish(*claimed, RunResult{}));
        }
      });
    }
  }
  std::multiset<JobId> all;
  for (const auto& mine : taken) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), static_cast<std::size_t>(jobs));
  EXPECT_EQ(std::set<JobId>(all.begin(), all.end()).size(), all.size());
}

TEST_P(JobStoreContract, LosesNothingWhileManyThreadsAddAndWork) {
  constexpr int adders = 3, each = 50;
  std::atomic<int> finished = 0;
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < adders; ++number) {
      threads.emplace_back([&] {
        for (int count = 0; count < each; ++count) add();
      });
      threads.emplace_back([&] {
        while (finished < adders * each) {
          const auto claimed = store->claim("worker", long_lease);
          if (claimed && store->finish(*claimed, RunResult{})) ++finished;
          if (!claimed) std::this_thread::yield();
        }
      });
    }
  }
  EXPECT_EQ(finished, adders * each);
  EXPECT_EQ(store->list({.state = JobState::failed, .limit = 1000}).size(), static_cast<std::size_t>(adders * each));
}

TEST_P(JobStoreContract, CompletesAJobWhoseOutcomeIsOkAndFailsEveryOther) {
  for (int number = 0; number <= static_cast<int>(Outcome::internal_error); ++number) {
    const RunResult result = result_with(static_cast<Outcome>(number));
    const Job ended = job(add_ended(result));
    EXPECT_EQ(ended.state, result.outcome == Outcome::ok ? JobState::completed : JobState::failed);
    EXPECT_EQ(ended.result, result);
    ASSERT_TRUE(ended.completed_at.has_value());
    EXPECT_GE(*ended.completed_at, ended.started_at);
  }
}

TEST_P(JobStoreContract, EndsAJobOnce) {
  const JobId id = add();
  const Claim claimed = claim();
  EXPECT_TRUE(store->finish(claimed, result_with(Outcome::ok)));
  EXPECT_FALSE(store->finish(claimed, result_with(Outcome::exception)));
  EXPECT_EQ(store->heartbeat(claimed, long_lease), JobStore::Heartbeat::lost);
  EXPECT_EQ(job(id).result->outcome, Outcome::ok);
  EXPECT_FALSE(store->claim("worker", long_lease).has_value());
}

TEST_P(JobStoreContract, QueuesAJobAgainWhenItsLeaseHasLapsed) {
  const JobId id = add();
  add();
  claim_and_let_lapse();
  const Claim again = store->claim("second", long_lease).value();
  EXPECT_EQ(again.job.id, id) << "it is still the oldest";
  EXPECT_EQ(again.job.attempt, 2U);
  EXPECT_EQ(again.job.worker, "second");
}

TEST_P(JobStoreContract, KeepsALeaseThatIsRenewed) {
  const JobId id = add();
  const Claim held = claim(std::chrono::seconds(20));
  EXPECT_EQ(store->heartbeat(held, long_lease), JobStore::Heartbeat::held);
  EXPECT_FALSE(store->claim("other", long_lease).has_value());
  EXPECT_EQ(store->heartbeat(held, std::chrono::milliseconds(1)), JobStore::Heartbeat::held);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(claim().job.id, id) << "a heartbeat sets the lease anew, be it shorter";
}

TEST_P(JobStoreContract, DiscardsWhatALateWorkerBrings) {
  const JobId id = add();
  const Claim late = claim_and_let_lapse();
  const Claim current = claim();
  EXPECT_EQ(store->heartbeat(late, long_lease), JobStore::Heartbeat::lost);
  EXPECT_FALSE(store->finish(late, result_with(Outcome::exception)));
  EXPECT_EQ(job(id).state, JobState::running);
  EXPECT_FALSE(job(id).result.has_value());
  EXPECT_EQ(store->heartbeat(current, long_lease), JobStore::Heartbeat::held);
  EXPECT_TRUE(store->finish(current, result_with(Outcome::ok)));
  EXPECT_FALSE(store->finish(late, result_with(Outcome::exception)));
  EXPECT_EQ(job(id).result->outcome, Outcome::ok);
}

TEST_P(JobStoreContract, GivesAJobUpAfterTooManyLapses) {
  const JobId id = add();
  Claim last;
  for (std::uint32_t attempt = 1; attempt <= max_attempts; ++attempt) {
    last = claim_and_let_lapse();
    EXPECT_EQ(last.job.attempt, attempt);
  }
  EXPECT_FALSE(store->claim("worker", long_lease).has_value());
  const Job ended = job(id);
  EXPECT_EQ(ended.state, JobState::failed);
  EXPECT_EQ(ended.attempt, max_attempts);
  EXPECT_TRUE(ended.completed_at.has_value());
  ASSERT_TRUE(ended.result.has_value());
  EXPECT_EQ(ended.result->outcome, Outcome::internal_error);
  ASSERT_EQ(ended.result->warnings.size(), 1U);
  EXPECT_NE(ended.result->warnings[0].find("lost 3 times"), std::string::npos) << ended.result->warnings[0];
  EXPECT_FALSE(store->finish(last, result_with(Outcome::ok)));
  EXPECT_EQ(job(id).result, ended.result);
}

TEST_P(JobStoreContract, CancelsAQueuedJobAtOnce) {
  const JobId id = add();
  EXPECT_TRUE(store->cancel(id));
  const Job ended = job(id);
  EXPECT_EQ(ended.state, JobState::failed);
  EXPECT_TRUE(ended.cancel_requested);
  EXPECT_TRUE(ended.completed_at.has_value());
  ASSERT_TRUE(ended.result.has_value());
  EXPECT_EQ(ended.result->outcome, Outcome::cancelled);
  EXPECT_FALSE(store->claim("worker", long_lease).has_value());
}

TEST_P(JobStoreContract, TellsTheWorkerOfARunningJobThatItIsCancelled) {
  const JobId id = add();
  const Claim running = claim();
  EXPECT_TRUE(store->cancel(id));
  EXPECT_TRUE(store->cancel(id)) << "asking twice is harmless";
  EXPECT_EQ(job(id).state, JobState::running);
  EXPECT_TRUE(job(id).cancel_requested);
  EXPECT_EQ(store->heartbeat(running, long_lease), JobStore::Heartbeat::cancelled);
  EXPECT_TRUE(store->finish(running, result_with(Outcome::cancelled)));
  EXPECT_EQ(job(id).result->outcome, Outcome::cancelled);
}

TEST_P(JobStoreContract, KeepsTheResultOfAJobThatEndedBeforeItLearnedOfItsCancelling) {
  const JobId id = add();
  const Claim running = claim();
  EXPECT_TRUE(store->cancel(id));
  EXPECT_TRUE(store->finish(running, result_with(Outcome::ok)));
  EXPECT_EQ(job(id).state, JobState::completed);
}

TEST_P(JobStoreContract, RunsNoCancelledJobAgainWhenItsWorkerIsLost) {
  const JobId id = add();
  const Claim lost = claim_and_let_lapse();
  EXPECT_TRUE(store->cancel(id));
  EXPECT_FALSE(store->claim("worker", long_lease).has_value());
  EXPECT_EQ(job(id).state, JobState::failed);
  EXPECT_EQ(job(id).result->outcome, Outcome::cancelled);
  EXPECT_FALSE(store->finish(lost, result_with(Outcome::ok)));
}

TEST_P(JobStoreContract, CancelsNothingThatHasEnded) {
  const JobId id = add_ended(full_result());
  EXPECT_FALSE(store->cancel(id));
  EXPECT_FALSE(job(id).cancel_requested);
  EXPECT_EQ(job(id).result, full_result());
}

TEST_P(JobStoreContract, ListsTheNewestFirst) {
  const JobId first = add(), second = add(), third = add();
  EXPECT_EQ(listed({}), (std::vector{third, second, first}));
  EXPECT_EQ(listed({.limit = 2}), (std::vector{third, second}));
  EXPECT_EQ(listed({.limit = std::numeric_limits<std::size_t>::max()}).size(), 3U);
  EXPECT_TRUE(listed({.limit = 0}).empty());
}

TEST_P(JobStoreContract, PagesStayWhereTheyAreWhileJobsAreAdded) {
  const JobId first = add(), second = add(), third = add(), fourth = add();
  const auto page = listed({.limit = 2});
  EXPECT_EQ(page, (std::vector{fourth, third}));
  add();
  add();
  EXPECT_EQ(listed({.limit = 2, .after = page.back()}), (std::vector{second, first}));
  EXPECT_TRUE(listed({.limit = 2, .after = first}).empty());
}

TEST_P(JobStoreContract, ListsJobsOfOneState) {
  const JobId completed = add_ended(result_with(Outcome::ok));
  const JobId failed = add_ended(result_with(Outcome::exception));
  const JobId running = add();
  claim();
  const JobId queued = add(), newest = add();
  EXPECT_EQ(listed({.state = JobState::completed}), std::vector{completed});
  EXPECT_EQ(listed({.state = JobState::failed}), std::vector{failed});
  EXPECT_EQ(listed({.state = JobState::running}), std::vector{running});
  EXPECT_EQ(listed({.state = JobState::queued}), (std::vector{newest, queued}));
  EXPECT_EQ(listed({.state = JobState::queued, .limit = 1}), std::vector{newest});
  EXPECT_EQ(listed({.state = JobState::failed, .after = newest}), std::vector{failed});
}

TEST_P(JobStoreContract, RemovesOnlyWhatHasEnded) {
  const JobId ended = add_ended(full_result());
  const JobId running = add();
  claim();
  const JobId queued = add();
  EXPECT_FALSE(store->remove(running));
  EXPECT_FALSE(store->remove(queued));
  EXPECT_TRUE(store->remove(ended));
  EXPECT_FALSE(store->remove(ended));
  EXPECT_FALSE(store->find(ended).has_value());
  EXPECT_EQ(listed({}), (std::vector{queued, running}));
}

TEST_P(JobStoreContract, KeepsTheOrderWhenTheNewestIsRemoved) {
  const JobId first = add_ended(RunResult{});
  const JobId second = add_ended(RunResult{});
  EXPECT_TRUE(store->remove(second));
  const JobId third = add();
  EXPECT_EQ(listed({}), (std::vector{third, first}));
  EXPECT_FALSE(job(third).result.has_value());
}

TEST_P(JobStoreContract, KnowsNoIdThatItDidNotGiveOut) {
  const JobId known = add();
  const Claim held = claim();
  for (const std::string& id : foreign_ids(known)) {
    EXPECT_FALSE(store->find(id).has_value()) << id;
    EXPECT_FALSE(store->cancel(id)) << id;
    EXPECT_FALSE(store->remove(id)) << id;
    Claim forged = held;
    forged.job.id = id;
    EXPECT_EQ(store->heartbeat(forged, long_lease), JobStore::Heartbeat::lost) << id;
    EXPECT_FALSE(store->finish(forged, RunResult{})) << id;
    // An empty id means the newest.
    EXPECT_EQ(listed({.after = id}).empty(), !id.empty()) << id;
  }
  EXPECT_EQ(job(known).state, JobState::running);
}

TEST_P(JobStoreContract, TakesNoTokenThatItDidNotGiveOut) {
  const JobId id = add();
  Claim forged = claim();
  const std::uint64_t token = forged.token;
  for (const std::uint64_t wrong : {token - 1, token + 1, ~token, std::numeric_limits<std::uint64_t>::max()}) {
    forged.token = wrong;
    EXPECT_FALSE(store->finish(forged, RunResult{}));
    EXPECT_EQ(store->heartbeat(forged, long_lease), JobStore::Heartbeat::lost);
  }
  EXPECT_EQ(job(id).state, JobState::running);
}

TEST_P(JobStoreContract, RefusesALeaseOrOptionsThatMakeNoSense) {
  add();
  EXPECT_THROW(store->claim("worker", std::chrono::milliseconds(-1)), Error);
  EXPECT_THROW(store->claim("worker", std::chrono::milliseconds::max()), Error);
  const Claim held = claim();
  EXPECT_THROW(store->heartbeat(held, std::chrono::milliseconds(-1)), Error);
  EXPECT_EQ(store->heartbeat(held, long_lease), JobStore::Heartbeat::held);
  const TemporaryDirectory other;
  EXPECT_THROW(GetParam().open(other.path(), {.max_attempts = 0}), Error);
}

}  // namespace pysandbox::testing

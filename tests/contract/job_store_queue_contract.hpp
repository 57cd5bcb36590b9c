// The contract of JobStore: who may add what, who goes first, and how a job gets out of the queue. See
// job_store_contract.hpp.
#pragma once

#include <gmock/gmock.h>

#include "../support/bytes.hpp"
#include "job_store_fixture.hpp"

namespace pysandbox::testing {

TEST_P(JobStoreContract, KeepsEveryFieldOfASubmission) {
  const Submission submission = full_submission();
  const JobId id = store->add(full_request(), submission).id;
  EXPECT_EQ(job(id).submission, submission);
  EXPECT_EQ(job(id).callback, CallbackState::pending);
  EXPECT_EQ(claim().job.submission, submission);
  EXPECT_EQ(store->list({}).at(0).submission, submission);
  EXPECT_EQ(job(add()).submission, Submission{});
  EXPECT_EQ(job(add()).callback, CallbackState::none);
}

TEST_P(JobStoreContract, RefusesABadSubmissionAndKeepsNothingOfIt) {
  EXPECT_EQ(error_of([&] { add(Submission{.priority = maximum_priority + 1}); }), ErrorCode::invalid_request);
  EXPECT_EQ(error_of([&] { add(Submission{.owner = "\xFF"}); }), ErrorCode::invalid_request);
  EXPECT_EQ(error_of([&] { add(Submission{.ttl = std::chrono::seconds(-1)}); }), ErrorCode::invalid_request);
  EXPECT_EQ(error_of([&] { add(Submission{.metadata = std::string(maximum_metadata_bytes + 1, ' ')}); }),
            ErrorCode::too_large);
  EXPECT_TRUE(store->list({}).empty());
}

TEST_P(JobStoreContract, GivesTheFirstJobAgainForTheSameKey) {
  const Submission keyed{.owner = "a", .idempotency_key = "k"};
  const Added first = store->add(full_request(), keyed);
  EXPECT_TRUE(first.is_new);
  const Added again = store->add(full_request(), keyed);
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.id, first.id);
  EXPECT_TRUE(store->finish(claim(), full_result()));
  EXPECT_EQ(store->add(full_request(), keyed).id, first.id) << "ended, too";
  EXPECT_EQ(store->list({}).size(), 1U);
}

TEST_P(JobStoreContract, KeepsKeysOfOwnersApart) {
  const JobId first = add(Submission{.owner = "a", .idempotency_key = "k"});
  EXPECT_NE(add(Submission{.owner = "b", .idempotency_key = "k"}), first);
  EXPECT_NE(add(Submission{.owner = "a", .idempotency_key = "K"}), first);
  EXPECT_NE(add(Submission{.owner = "a"}), add(Submission{.owner = "a"})) << "no key, no twin";
  EXPECT_EQ(store->list({}).size(), 5U);
}

TEST_P(JobStoreContract, RefusesAKeyThatStandsForSomethingElse) {
  const Submission keyed{.owner = "a", .idempotency_key = "k"};
  const JobId id = store->add(JobRequest{.code = "1"}, keyed).id;
  EXPECT_EQ(error_of([&] { store->add(JobRequest{.code = "2"}, keyed); }), ErrorCode::conflict);
  Submission other = keyed;
  other.priority = 1;
  EXPECT_EQ(error_of([&] { store->add(JobRequest{.code = "1"}, other); }), ErrorCode::conflict);
  EXPECT_EQ(listed({}), std::vector{id});
}

TEST_P(JobStoreContract, FreesTheKeyOfAJobThatIsRemoved) {
  const Submission keyed{.owner = "a", .idempotency_key = "k"};
  const JobId id = store->add(JobRequest{.code = "1"}, keyed).id;
  EXPECT_TRUE(store->cancel(id));
  EXPECT_TRUE(store->remove(id));
  const Added added = store->add(JobRequest{.code = "2"}, keyed);
  EXPECT_TRUE(added.is_new);
  EXPECT_NE(added.id, id);
}

TEST_P(JobStoreContract, AddsOneJobForAKeyHoweverManyAskAtOnce) {
  std::vector<Added> added(16);
  {
    std::vector<std::jthread> threads;
    for (Added& mine : added) {
      threads.emplace_back(
          [&] { mine = store->add(JobRequest{.code = "1"}, Submission{.owner = "a", .idempotency_key = "k"}); });
    }
  }
  int fresh = 0;
  for (const Added& each : added) {
    EXPECT_EQ(each.id, added.front().id);
    fresh += each.is_new ? 1 : 0;
  }
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(store->list({}).size(), 1U);
}

TEST_P(JobStoreContract, TakesNoMoreOfAnOwnersJobsThanMayBeActive) {
  const Submission bounded{.owner = "a", .max_active = 2};
  const JobId first = add(bounded);
  add(bounded);
  EXPECT_EQ(error_of([&] { add(bounded); }), ErrorCode::overloaded);
  EXPECT_THAT(message_of([&] { add(bounded); }), ::testing::HasSubstr("try again"));
  claim();
  EXPECT_EQ(error_of([&] { add(bounded); }), ErrorCode::overloaded) << "running counts, too";
  add(Submission{.owner = "b", .max_active = 2});
  add(Submission{.owner = "a"});
  EXPECT_TRUE(store->cancel(store->list({.state = JobState::queued, .owner = "a"}).back().id));
  EXPECT_EQ(error_of([&] { add(bounded); }), ErrorCode::overloaded) << "two are left";
  EXPECT_TRUE(store->cancel(listed({.state = JobState::queued, .owner = "a"}).front()));
  EXPECT_EQ(job(add(bounded)).state, JobState::queued);
  EXPECT_EQ(job(first).submission.max_active, 0U) << "it is not kept";
}

TEST_P(JobStoreContract, TakesNoMoreOfAnOwnersJobsHoweverManyAskAtOnce) {
  std::atomic<int> taken = 0, refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 16; ++number) {
      threads.emplace_back([&] {
        const auto error = error_of([&] { add(Submission{.owner = "a", .max_active = 5}); });
        ++(error ? refused : taken);
        EXPECT_EQ(error.value_or(ErrorCode::overloaded), ErrorCode::overloaded);
      });
    }
  }
  EXPECT_EQ(taken, 5);
  EXPECT_EQ(refused, 11);
}

// A submission that is repeated because its answer was lost must not fail because of itself.
TEST_P(JobStoreContract, CountsARepeatedSubmissionOnce) {
  const Submission bounded{.owner = "a", .idempotency_key = "k", .max_active = 1};
  const JobId id = add(bounded);
  EXPECT_EQ(add(bounded), id);
}

TEST_P(JobStoreContract, GivesHigherPrioritiesFirst) {
  const JobId normal = add();
  const JobId low = add(Submission{.priority = -5});
  const JobId high = add(Submission{.priority = 5});
  const JobId high_too = add(Submission{.priority = 5});
  for (const JobId& next : {high, high_too, normal, low}) EXPECT_EQ(claim().job.id, next);
}

TEST_P(JobStoreContract, TellsHowManyGoBefore) {
  const JobId normal = add();
  const JobId low = add(Submission{.priority = -5});
  const JobId high = add(Submission{.priority = 5});
  EXPECT_EQ(store->position(high), 0U);
  EXPECT_EQ(store->position(normal), 1U);
  EXPECT_EQ(store->position(low), 2U);
  const Claim running = claim();
  EXPECT_EQ(running.job.id, high);
  EXPECT_FALSE(store->position(high).has_value());
  EXPECT_EQ(store->position(low), 1U);
  EXPECT_TRUE(store->release(running));
  EXPECT_EQ(store->position(low), 2U);
  EXPECT_TRUE(store->cancel(normal));
  EXPECT_FALSE(store->position(normal).has_value());
}

TEST_P(JobStoreContract, EndsAJobThatHasWaitedTooLong) {
  const JobId id = add(Submission{.ttl = std::chrono::seconds(1)});
  const JobId patient = add(Submission{.priority = -1, .ttl = std::chrono::seconds(3600)});
  std::this_thread::sleep_for(std::chrono::milliseconds(1050));
  EXPECT_EQ(claim().job.id, patient);
  const Job ended = job(id);
  EXPECT_EQ(ended.state, JobState::failed);
  EXPECT_EQ(ended.attempt, 0U);
  ASSERT_TRUE(ended.result.has_value());
  EXPECT_EQ(ended.result->outcome, Outcome::expired);
  EXPECT_THAT(ended.result->warnings, ::testing::ElementsAre(::testing::HasSubstr("ttl of 1 s")));
  EXPECT_FALSE(store->claim("worker", long_lease).has_value());
}

TEST_P(JobStoreContract, ExpiresNoJobThatHasBeenStarted) {
  const JobId id = add(Submission{.ttl = std::chrono::seconds(1)});
  const Claim lapsed = claim(std::chrono::milliseconds(1100));
  EXPECT_EQ(lapsed.job.id, id);
  std::this_thread::sleep_for(std::chrono::milliseconds(1150));
  EXPECT_EQ(claim().job.attempt, 2U) << "it is run again";
}

TEST_P(JobStoreContract, ExpiresAJobThatWasGivenBackAsIfItHadOnlyWaited) {
  const JobId id = add(Submission{.ttl = std::chrono::seconds(1)});
  EXPECT_TRUE(store->release(claim()));
  std::this_thread::sleep_for(std::chrono::milliseconds(1050));
  EXPECT_FALSE(store->claim("worker", long_lease).has_value());
  EXPECT_EQ(job(id).result->outcome, Outcome::expired);
}

TEST_P(JobStoreContract, GivesBackAJobAsIfItHadNotBeenClaimed) {
  const JobId first = add();
  add();
  const Claim given_back = claim();
  EXPECT_TRUE(store->release(given_back));
  const Job queued = job(first);
  EXPECT_EQ(queued.state, JobState::queued);
  EXPECT_EQ(queued.attempt, 0U);
  EXPECT_EQ(queued.worker, "");
  EXPECT_FALSE(queued.started_at.has_value());
  EXPECT_FALSE(store->release(given_back)) << "once";
  EXPECT_FALSE(store->finish(given_back, RunResult{}));
  EXPECT_EQ(store->heartbeat(given_back, long_lease), JobStore::Heartbeat::lost);
  const Claim again = claim();
  EXPECT_EQ(again.job.id, first) << "it has kept its place";
  EXPECT_EQ(again.job.attempt, 1U);
  EXPECT_FALSE(store->finish(given_back, RunResult{})) << "the new claim fences the old one off";
  EXPECT_FALSE(store->release(given_back));
  EXPECT_TRUE(store->finish(again, RunResult{}));
}

TEST_P(JobStoreContract, MayGiveAJobBackForEver) {
  const JobId id = add();
  for (std::uint32_t count = 0; count < 2 * max_attempts; ++count) EXPECT_TRUE(store->release(claim()));
  EXPECT_EQ(job(id).state, JobState::queued);
}

TEST_P(JobStoreContract, EndsACancelledJobThatIsGivenBack) {
  const JobId id = add();
  const Claim running = claim();
  EXPECT_TRUE(store->cancel(id));
  EXPECT_TRUE(store->release(running));
  EXPECT_EQ(job(id).state, JobState::failed);
  EXPECT_EQ(job(id).result->outcome, Outcome::cancelled);
  EXPECT_FALSE(store->claim("worker", long_lease).has_value());
}

TEST_P(JobStoreContract, CountsWhatWaitsAndRuns) {
  EXPECT_EQ(store->counts().queued, 0U);
  EXPECT_FALSE(store->counts().oldest_queued_at.has_value());
  add();
  const JobId second = add();
  add(Submission{.priority = 9});
  claim();
  ASSERT_TRUE(store->finish(claim(), RunResult{}));
  const Claim third = claim(std::chrono::seconds(60));
  EXPECT_EQ(third.job.id, second);
  add();
  const JobCounts counts = store->counts();
  EXPECT_EQ(counts.queued, 1U);
  EXPECT_EQ(counts.running, 2U);
  EXPECT_EQ(counts.oldest_queued_at, store->list({.state = JobState::queued}).at(0).created_at);
}

TEST_P(JobStoreContract, ListsJobsOfOneOwnerAndOutcome) {
  const JobId mine = add(Submission{.owner = "me"});
  ASSERT_TRUE(store->finish(claim(), result_with(Outcome::ok)));
  const JobId failed = add(Submission{.owner = "me"});
  ASSERT_TRUE(store->finish(claim(), result_with(Outcome::time_limit)));
  const JobId theirs = add(Submission{.owner = "you"});
  ASSERT_TRUE(store->finish(claim(), result_with(Outcome::time_limit)));
  const JobId nobodys = add();
  EXPECT_EQ(listed({.owner = "me"}), (std::vector{failed, mine}));
  EXPECT_EQ(listed({.owner = ""}), std::vector{nobodys});
  EXPECT_EQ(listed({.outcome = Outcome::time_limit}), (std::vector{theirs, failed}));
  EXPECT_EQ(listed({.state = JobState::failed, .owner = "me", .outcome = Outcome::time_limit}), std::vector{failed});
  EXPECT_EQ(listed({.after = failed, .owner = "me"}), std::vector{mine});
  EXPECT_EQ(listed({.limit = 1, .owner = "me"}), std::vector{failed});
  for (const char* owner : {"Me", "me ", "' OR '1'='1", "\xFF"}) EXPECT_TRUE(listed({.owner = owner}).empty());
  EXPECT_TRUE(listed({.owner = std::string("me\0", 3)}).empty());
}

TEST_P(JobStoreContract, TellsWhichJobsEndedLongAgo) {
  const JobId first = add_ended(RunResult{});
  const JobId second = add();
  ASSERT_TRUE(store->cancel(second));
  add();
  EXPECT_EQ(store->ended_before(std::chrono::seconds(0), 10), (std::vector{first, second}));
  EXPECT_EQ(store->ended_before(std::chrono::seconds(0), 1), std::vector{first});
  EXPECT_TRUE(store->ended_before(std::chrono::seconds(60), 10).empty());
  EXPECT_TRUE(store->ended_before(std::chrono::seconds::max(), 10).empty());
  ASSERT_TRUE(store->remove(first));
  EXPECT_EQ(store->ended_before(std::chrono::seconds(0), 10), std::vector{second});
}

TEST_P(JobStoreContract, GivesTheCallbackOfAnEndedJobOnce) {
  const JobId quiet = add();
  const JobId id = add(Submission{.callback_url = "http://127.0.0.1/", .callback_secret = "s"});
  EXPECT_FALSE(store->claim_callback(long_lease).has_value()) << "it has not ended";
  ASSERT_TRUE(store->cancel(id));
  ASSERT_TRUE(store->cancel(quiet));
  const auto due = store->claim_callback(long_lease);
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->id, id);
  EXPECT_EQ(due->callback, CallbackState::pending);
  EXPECT_EQ(due->callback_attempt, 1U);
  EXPECT_EQ(due->result->outcome, Outcome::cancelled);
  EXPECT_EQ(due->submission.callback_secret, "s");
  EXPECT_FALSE(store->claim_callback(long_lease).has_value()) << "somebody is at it";
  store->finish_callback(id, CallbackState::delivered, std::chrono::milliseconds(0));
  EXPECT_EQ(job(id).callback, CallbackState::delivered);
  EXPECT_EQ(job(id).callback_attempt, 1U);
  store->finish_callback(id, CallbackState::pending, std::chrono::milliseconds(0));
  EXPECT_EQ(job(id).callback, CallbackState::delivered) << "that stays";
  EXPECT_FALSE(store->claim_callback(long_lease).has_value());
}

TEST_P(JobStoreContract, GivesACallbackAgainThatFailedOrWasForgotten) {
  const JobId id = add(Submission{.callback_url = "http://127.0.0.1/"});
  ASSERT_TRUE(store->finish(claim(), RunResult{}));
  ASSERT_TRUE(store->claim_callback(long_lease).has_value());
  store->finish_callback(id, CallbackState::pending, long_lease);
  EXPECT_FALSE(store->claim_callback(long_lease).has_value()) << "not yet";
  store->finish_callback(id, CallbackState::pending, std::chrono::milliseconds(0));
  EXPECT_EQ(store->claim_callback(std::chrono::milliseconds(1)).value().callback_attempt, 2U);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(store->claim_callback(long_lease).value().callback_attempt, 3U) << "who had it is gone";
  store->finish_callback(id, CallbackState::failed, std::chrono::milliseconds(0));
  EXPECT_EQ(job(id).callback, CallbackState::failed);
  EXPECT_FALSE(store->claim_callback(long_lease).has_value());
}

TEST_P(JobStoreContract, GivesTheCallbackThatIsLongestDue) {
  std::vector<JobId> ids;
  for (int count = 0; count < 3; ++count) {
    ids.push_back(add(Submission{.callback_url = "http://127.0.0.1/"}));
    ASSERT_TRUE(store->finish(claim(), RunResult{}));
  }
  for (const JobId& id : ids) EXPECT_EQ(store->claim_callback(long_lease).value().id, id);
  ASSERT_TRUE(store->remove(ids.front()));
  store->finish_callback(ids.front(), CallbackState::pending, std::chrono::milliseconds(0));
  EXPECT_FALSE(store->claim_callback(long_lease).has_value());
}

TEST_P(JobStoreContract, RefusesACallbacksEndThatMakesNoSense) {
  const JobId id = add(Submission{.callback_url = "http://127.0.0.1/"});
  ASSERT_TRUE(store->cancel(id));
  using std::chrono::milliseconds;
  EXPECT_THROW(store->finish_callback(id, CallbackState::none, milliseconds(0)), Error);
  EXPECT_THROW(store->finish_callback(id, CallbackState::pending, milliseconds(-1)), Error);
  EXPECT_THROW(store->claim_callback(milliseconds(-1)), Error);
  EXPECT_EQ(store->claim_callback(long_lease).value().callback_attempt, 1U);
}

TEST_P(JobStoreContract, TakesNoWorkersNameThatIsNoText) {
  const JobId id = add();
  EXPECT_THROW(store->claim("\xFF", long_lease), Error);
  EXPECT_THROW(store->claim(std::string_view("a\0b", 3), long_lease), Error);
  EXPECT_THROW(store->claim(std::string(256, 'a'), long_lease), Error);
  EXPECT_EQ(job(id).state, JobState::queued);
}

}  // namespace pysandbox::testing

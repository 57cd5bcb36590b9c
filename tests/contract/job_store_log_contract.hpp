// The contract of JobStore: a job's log, and who hears of it. See job_store_contract.hpp.
#pragma once

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>

#include "job_store_fixture.hpp"

namespace pysandbox::testing {

// An event in a few words: "2 running 1", "3 stdout 1 text".
inline std::string words_of(const JobEvent& event) {
  const std::string number = std::to_string(event.number) + " ", attempt = " " + std::to_string(event.attempt);
  switch (event.kind) {
    case JobEvent::Kind::status:
      return number + std::string(to_string(event.state)) + attempt;
    case JobEvent::Kind::progress:
      return number + "progress" + attempt + " " + event.text;
    case JobEvent::Kind::output:
      return number + (event.stream == Stream::stdout_stream ? "stdout" : "stderr") + attempt + " " + event.text;
    case JobEvent::Kind::file:
      return number + "file" + attempt + " " + event.artifact.value().path;
    case JobEvent::Kind::end:
      return number + "end" + attempt + " " + std::string(to_string(event.state)) + " " +
             std::string(to_string(event.outcome.value()));
  }
  return "?";
}

inline std::vector<std::string> words_of(const std::vector<JobEvent>& events) {
  std::vector<std::string> words;
  for (const JobEvent& event : events) words.push_back(words_of(event));
  return words;
}

using ::testing::ElementsAre;

TEST_P(JobStoreContract, BeginsTheLogOfAJobWhenItIsAdded) {
  const JobId id = add();
  EXPECT_THAT(words_of(log(id)), ElementsAre("1 queued 0"));
  EXPECT_EQ(log(id).at(0).at, job(id).created_at);
  const Claim running = claim();
  EXPECT_THAT(words_of(log(id)), ElementsAre("1 queued 0", "2 running 1"));
}

TEST_P(JobStoreContract, LogsWhatAProgramPrintsWhileItRuns) {
  const JobId id = add();
  const Claim running = claim();
  EXPECT_TRUE(store->append_output(running, Stream::stdout_stream, "a\n"));
  EXPECT_TRUE(store->append_output(running, Stream::stderr_stream, "e"));
  EXPECT_TRUE(store->append_output(running, Stream::stdout_stream, "b"));
  EXPECT_TRUE(store->append_output(running, Stream::stdout_stream, ""));
  EXPECT_THAT(words_of(log(id)),
              ElementsAre("1 queued 0", "2 running 1", "3 stdout 1 a\n", "4 stderr 1 e", "5 stdout 1 b"));
}

TEST_P(JobStoreContract, EndsTheLogWithTheRestTheFilesAndTheEnd) {
  const JobId id = add();
  const Claim running = claim();
  ASSERT_TRUE(store->append_output(running, Stream::stdout_stream, "ab"));
  RunResult result = result_with(Outcome::exception, "abcd");
  result.stderr = "err";
  result.artifacts = {{"x.png", 3, "image/png", std::string(64, 'a'), std::string(32, '1')}, {"y", 0, "", "", ""}};
  ASSERT_TRUE(store->finish(running, result));
  EXPECT_THAT(words_of(log(id)),
              ElementsAre("1 queued 0", "2 running 1", "3 stdout 1 ab", "4 stdout 1 cd", "5 stderr 1 err",
                          "6 file 1 x.png", "7 file 1 y", "8 end 1 failed exception"));
  EXPECT_EQ(log(id).at(5).artifact, result.artifacts.at(0));
  EXPECT_EQ(log(id).back().at, job(id).completed_at);
}

TEST_P(JobStoreContract, LogsNoOutputTwice) {
  const JobId whole = add();
  ASSERT_TRUE(store->finish(claim(), result_with(Outcome::ok, "all at the end")));
  EXPECT_THAT(words_of(log(whole)),
              ElementsAre("1 queued 0", "2 running 1", "3 stdout 1 all at the end", "4 end 1 completed ok"));
  const JobId live = add();
  const Claim running = claim();
  ASSERT_TRUE(store->append_output(running, Stream::stdout_stream, "all before"));
  ASSERT_TRUE(store->finish(running, result_with(Outcome::ok, "all before")));
  EXPECT_THAT(words_of(log(live)),
              ElementsAre("1 queued 0", "2 running 1", "3 stdout 1 all before", "4 end 1 completed ok"));
}

TEST_P(JobStoreContract, KeepsEveryByteOfALog) {
  const JobId id = add();
  const Claim running = claim();
  ASSERT_TRUE(store->append_output(running, Stream::stderr_stream, all_bytes()));
  ASSERT_TRUE(store->finish(running, full_result()));
  std::string out, err;
  std::vector<Artifact> files;
  for (const JobEvent& event : log(id)) {
    (event.stream == Stream::stdout_stream ? out : err) += event.text;
    if (event.artifact) files.push_back(*event.artifact);
  }
  EXPECT_EQ(log(id).at(2).text, all_bytes());
  EXPECT_EQ(out, full_result().stdout);
  EXPECT_EQ(err.size(), full_result().stderr.size());
  EXPECT_EQ(files, full_result().artifacts);
}

TEST_P(JobStoreContract, KeepsTheOutputsOfAnAttemptThatWasLost) {
  const JobId id = add();
  const Claim lost = claim();
  ASSERT_TRUE(store->append_output(lost, Stream::stdout_stream, "first"));
  ASSERT_EQ(store->heartbeat(lost, std::chrono::milliseconds(1)), JobStore::Heartbeat::held);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const Claim again = claim();
  EXPECT_FALSE(store->append_output(lost, Stream::stdout_stream, "late"));
  ASSERT_TRUE(store->append_output(again, Stream::stdout_stream, "se"));
  ASSERT_TRUE(store->finish(again, result_with(Outcome::ok, "second")));
  EXPECT_FALSE(store->append_output(again, Stream::stdout_stream, "later"));
  EXPECT_THAT(words_of(log(id)),
              ElementsAre("1 queued 0", "2 running 1", "3 stdout 1 first", "4 queued 1", "5 running 2", "6 stdout 2 se",
                          "7 stdout 2 cond", "8 end 2 completed ok"));
}

// The attempt after one that was given back has the same number, but prints anew.
TEST_P(JobStoreContract, LogsAJobThatWasGivenBack) {
  const JobId id = add();
  const Claim given_back = claim();
  ASSERT_TRUE(store->append_output(given_back, Stream::stdout_stream, "some"));
  ASSERT_TRUE(store->release(given_back));
  EXPECT_FALSE(store->append_output(given_back, Stream::stdout_stream, "late"));
  ASSERT_TRUE(store->finish(claim(), result_with(Outcome::ok, "something")));
  EXPECT_THAT(words_of(log(id)), ElementsAre("1 queued 0", "2 running 1", "3 stdout 1 some", "4 queued 0",
                                             "5 running 1", "6 stdout 1 something", "7 end 1 completed ok"));
}

TEST_P(JobStoreContract, LogsEndsWithoutARun) {
  const JobId cancelled = add();
  ASSERT_TRUE(store->cancel(cancelled));
  EXPECT_THAT(words_of(log(cancelled)), ElementsAre("1 queued 0", "2 end 0 failed cancelled"));

  const JobId expired = add(Submission{.ttl = std::chrono::seconds(1)});
  std::this_thread::sleep_for(std::chrono::milliseconds(1050));
  EXPECT_FALSE(store->claim("worker", long_lease).has_value());
  EXPECT_THAT(words_of(log(expired)), ElementsAre("1 queued 0", "2 end 0 failed expired"));

  const JobId lost = add();
  for (std::uint32_t attempt = 1; attempt <= max_attempts; ++attempt) claim_and_let_lapse();
  EXPECT_FALSE(store->claim("worker", long_lease).has_value());
  EXPECT_THAT(words_of(log(lost)), ElementsAre("1 queued 0", "2 running 1", "3 queued 1", "4 running 2", "5 queued 2",
                                               "6 running 3", "7 end 3 failed internal_error"));
}

TEST_P(JobStoreContract, ReadsALogInPiecesOfAnySize) {
  const JobId id = add();
  const Claim running = claim();
  ASSERT_TRUE(store->append_output(running, Stream::stdout_stream, "a"));
  RunResult result = result_with(Outcome::ok, "abc");
  result.stderr = "d";
  result.artifacts = {{"x", 1, "", "", ""}, {"y", 1, "", "", ""}};
  ASSERT_TRUE(store->finish(running, result));
  const auto whole = words_of(log(id));
  ASSERT_EQ(whole.size(), 8U);
  for (std::size_t limit = 1; limit <= whole.size() + 1; ++limit) {
    std::vector<std::string> pieces;
    std::uint64_t after = 0;
    for (auto page = store->events(id, after, limit); !page.empty(); page = store->events(id, after, limit)) {
      EXPECT_LE(page.size(), limit);
      for (const JobEvent& event : page) pieces.push_back(words_of(event));
      after = page.back().number;
    }
    EXPECT_EQ(pieces, whole) << limit;
  }
  EXPECT_TRUE(store->events(id, 0, 0).empty());
  EXPECT_TRUE(store->events(id, 8, 10).empty());
  EXPECT_TRUE(store->events(id, std::numeric_limits<std::uint64_t>::max(), 10).empty());
  EXPECT_EQ(store->events(id, 7, std::numeric_limits<std::size_t>::max()).size(), 1U);
}

TEST_P(JobStoreContract, HasNoLogOfAJobItDoesNotHave) {
  const JobId id = add_ended(full_result());
  EXPECT_FALSE(log(id).empty());
  EXPECT_TRUE(store->remove(id));
  EXPECT_TRUE(log(id).empty());
  for (const std::string& foreign : foreign_ids(id)) EXPECT_TRUE(store->events(foreign, 0, 10).empty());
}

// What a listener has heard.
class Heard {
 public:
  JobListener listener() {
    return [this](const JobId& id) {
      const std::lock_guard lock(mutex_);
      ids_.insert(id);
      changed_.notify_all();
    };
  }

  // Waits until it has heard of `id`, or of "anything", and forgets that.
  bool has_heard_of(const JobId& id) {
    std::unique_lock lock(mutex_);
    const bool is_there = changed_.wait_for(lock, std::chrono::seconds(20), [&] { return ids_.contains(id); });
    ids_.erase(id);
    return is_there;
  }

  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return ids_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<JobId> ids_;
};

TEST_P(JobStoreContract, TellsListenersOfEveryChange) {
  Heard heard;
  const auto subscription = store->subscribe(heard.listener());
  const JobId id = add();
  EXPECT_TRUE(heard.has_heard_of(id)) << "added";
  Claim running = claim();
  EXPECT_TRUE(heard.has_heard_of(id)) << "claimed";
  ASSERT_TRUE(store->append_output(running, Stream::stdout_stream, "a"));
  EXPECT_TRUE(heard.has_heard_of(id)) << "printed";
  ASSERT_TRUE(store->release(running));
  EXPECT_TRUE(heard.has_heard_of(id)) << "given back";
  running = claim_and_let_lapse();
  EXPECT_TRUE(heard.has_heard_of(id)) << "claimed again";
  running = claim();
  EXPECT_TRUE(heard.has_heard_of(id)) << "lapsed and claimed again";
  ASSERT_TRUE(store->cancel(id));
  EXPECT_TRUE(heard.has_heard_of(id)) << "to be cancelled";
  ASSERT_TRUE(store->finish(running, result_with(Outcome::cancelled)));
  EXPECT_TRUE(heard.has_heard_of(id)) << "ended";
}

TEST_P(JobStoreContract, TellsOfAChangeWhenItCanBeSeen) {
  std::atomic<bool> is_added = false;
  std::mutex mutex;
  std::vector<JobId> told;
  const auto subscription = store->subscribe([&](const JobId& id) {
    const std::lock_guard lock(mutex);
    told.push_back(id);
  });
  std::jthread watcher([&] {
    while (!is_added) {
      std::vector<JobId> ids;
      {
        const std::lock_guard lock(mutex);
        ids.swap(told);
      }
      for (const JobId& id : ids) {
        if (!id.empty()) {
          EXPECT_TRUE(store->find(id).has_value());
        }
      }
    }
  });
  for (int count = 0; count < 50; ++count) add();
  is_added = true;
}

TEST_P(JobStoreContract, TellsNobodyWhoHasGone) {
  Heard gone, stays;
  auto subscription = store->subscribe(gone.listener());
  const auto other = store->subscribe(stays.listener());
  subscription.reset();
  const std::size_t before = gone.size();
  EXPECT_TRUE(stays.has_heard_of(add()));
  EXPECT_EQ(gone.size(), before);
}

TEST_P(JobStoreContract, TellsListenersWhatOthersHaveChanged) {
  if (GetParam().reach == JobStoreReach::one_object) return;  // there are no others
  Heard heard;
  const auto subscription = store->subscribe(heard.listener());
  const auto other = open_again();
  // Of the other store's change it hears the id or "anything", whichever that kind of database can tell.
  const JobId id = other->add(JobRequest{.code = "pass"});
  std::atomic<bool> has_heard = false;
  const auto second = store->subscribe([&](const JobId& told) { has_heard = has_heard || told.empty() || told == id; });
  for (int count = 0; count < 20'000 && !has_heard; ++count) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (count % 100 == 0) other->cancel(other->add(JobRequest{.code = "pass"}));
  }
  EXPECT_TRUE(has_heard);
}

TEST_P(JobStoreContract, TellsWhatIsBeingMadeReadyInOrderWithTheRest) {
  const JobId id = add();
  const Claim claimed = claim();
  EXPECT_TRUE(store->append_progress(claimed, "resolving pandas"));
  EXPECT_TRUE(store->append_progress(claimed, ""));
  EXPECT_TRUE(store->append_progress(claimed, "fetching \xC3\xBC'; DROP TABLE events"));
  EXPECT_TRUE(store->append_output(claimed, Stream::stderr_stream, "e"));
  EXPECT_TRUE(store->finish(claimed, result_with(Outcome::ok, "all of it")));
  const auto log = store->events(id, 2, 100);  // behind "queued" and "running"
  ASSERT_EQ(log.size(), 5u);
  EXPECT_EQ(log[0].kind, JobEvent::Kind::progress);
  EXPECT_EQ(log[0].state, JobState::running);
  EXPECT_EQ(log[0].attempt, 1u);
  EXPECT_EQ(log[0].text, "resolving pandas");
  EXPECT_EQ(log[1].kind, JobEvent::Kind::progress);
  EXPECT_EQ(log[1].text, "fetching \xC3\xBC'; DROP TABLE events");
  EXPECT_EQ(log[2].kind, JobEvent::Kind::output);
  EXPECT_EQ(log[2].stream, Stream::stderr_stream);
  EXPECT_EQ(log[3].text, "all of it") << "progress is no output";
  EXPECT_EQ(log[4].kind, JobEvent::Kind::end);
}

TEST_P(JobStoreContract, TakesNoProgressFromALateWorker) {
  const JobId id = add();
  const Claim late = claim_and_let_lapse();
  const Claim current = claim();
  EXPECT_FALSE(store->append_progress(late, "too late"));
  EXPECT_TRUE(store->append_progress(current, "in time"));
  EXPECT_EQ(store->events(id, 0, 100).back().text, "in time");
  EXPECT_TRUE(store->finish(current, result_with(Outcome::ok)));
  EXPECT_FALSE(store->append_progress(current, "after the end"));
}

}  // namespace pysandbox::testing

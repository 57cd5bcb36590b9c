// The durable way through a Sandbox, with a runner that does what the test says.
#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <thread>

#include <pysandbox/json.hpp>
#include <pysandbox/sandbox.hpp>

#include "../support/fake_parts.hpp"
#include "../support/temporary_directory.hpp"
#include "queue/callback_sender.hpp"
#include "value/text.hpp"

namespace pysandbox::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Until it is true; a test that waits in vain is ended by its own timeout.
void wait_until(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::sleep_for(1ms);
}

class Queue : public ::testing::Test {
 protected:
  Sandbox& start(FakeRun run, QueueOptions options = {}) {
    auto store = std::make_unique<FailingJobStore>(make_memory_job_store({.max_attempts = 3}));
    store_ = store.get();
    auto web = std::make_unique<FakeWebClient>(statuses);
    web_ = web.get();
    options.workers = options.workers == 0 ? 2 : options.workers;
    sandbox = std::make_unique<Sandbox>(SandboxParts{.runner = std::make_unique<FakeRunner>(std::move(run)),
                                                     .files = open_local_file_store(directory.path()),
                                                     .jobs = std::move(store),
                                                     .web = std::move(web),
                                                     .queue = options});
    return *sandbox;
  }

  JobId submit(const Submission& submission = {}) { return sandbox->submit({.code = "pass"}, submission).id; }

  Job job(const JobId& id) { return store_->find(id).value(); }

  Job ended(const JobId& id) {
    wait_until([&] { return job(id).result.has_value(); });
    return job(id);
  }

  void wait_for(JobState state, const JobId& id) {
    wait_until([&] { return job(id).state == state; });
  }

  std::string log_of(const JobId& id) {
    std::string text;
    for (const JobEvent& event : store_->events(id, 0, 100)) {
      if (event.kind == JobEvent::Kind::output) text += event.text;
    }
    return text;
  }

  TemporaryDirectory directory;
  std::vector<int> statuses{200};
  std::unique_ptr<Sandbox> sandbox;
  FailingJobStore* store_ = nullptr;
  FakeWebClient* web_ = nullptr;
};

TEST_F(Queue, RunsWhatIsSubmitted) {
  start([](const Program& program, const OutputSink&, std::stop_token) {
    RunResult result = ok_result();
    result.stdout = program.code;
    return result;
  });
  const JobId id = sandbox->submit({.code = "print(1)"}).id;
  EXPECT_EQ(ended(id).state, JobState::completed);
  EXPECT_EQ(job(id).result->stdout, "print(1)");
}

TEST_F(Queue, RunsAsManyJobsAtOnceAsItHasWorkers) {
  std::latch together(3);
  start(
      [&](const Program&, const OutputSink&, std::stop_token) {
        together.arrive_and_wait();
        return ok_result();
      },
      {.workers = 3});
  const JobId first = submit(), second = submit(), third = submit();
  for (const JobId& id : {first, second, third}) EXPECT_EQ(ended(id).state, JobState::completed);
}

TEST_F(Queue, KeepsTheArtifactsUnderTheirOwner) {
  start([](const Program&, const OutputSink&, std::stop_token) {
    RunResult result = ok_result();
    result.artifacts = {Artifact{.path = "a.txt"}, Artifact{.path = "sub/b.txt"}};
    return result;
  });
  const Job done = ended(submit({.owner = "ann"}));
  ASSERT_EQ(done.result->artifacts.size(), 2U);
  for (const Artifact& artifact : done.result->artifacts) {
    EXPECT_EQ(sandbox->files()->find(artifact.file_id)->owner, "ann");
    EXPECT_EQ(sandbox->files()->find(artifact.file_id)->name, artifact.path);
  }
  EXPECT_TRUE(sandbox->remove(done.id));
  EXPECT_FALSE(store_->find(done.id));
  for (const Artifact& artifact : done.result->artifacts) EXPECT_FALSE(sandbox->files()->find(artifact.file_id));
}

TEST_F(Queue, ShowsOutputInTheLogWhileTheProgramRuns) {
  std::latch seen(1);
  start([&](const Program&, const OutputSink& sink, std::stop_token) {
    sink(Stream::stdout_stream, "half ");
    seen.wait();
    sink(Stream::stdout_stream, "done");
    RunResult result = ok_result();
    result.stdout = "half done";
    return result;
  });
  const JobId id = submit();
  wait_until([&] { return log_of(id) == "half "; });
  EXPECT_EQ(job(id).state, JobState::running);
  seen.count_down();
  ended(id);
  EXPECT_EQ(log_of(id), "half done");
}

TEST_F(Queue, BringsOutputThatTheStoreCouldNotTakeAtFirst) {
  std::latch seen(1);
  start([&](const Program&, const OutputSink& sink, std::stop_token) {
    sink(Stream::stdout_stream, "a");
    sink(Stream::stderr_stream, "b");
    seen.wait();
    RunResult result = ok_result();
    result.stdout = "a";
    result.stderr = "b";
    return result;
  });
  store_->fail_append = 2;
  store_->break_append = 2;
  const JobId id = submit();
  wait_until([&] { return log_of(id) == "ab"; });
  seen.count_down();
  ended(id);
  EXPECT_EQ(log_of(id), "ab");
}

TEST_F(Queue, CutsNoCharacterOfTheOutputInTwo) {
  std::latch seen(1);
  start([&](const Program&, const OutputSink& sink, std::stop_token) {
    sink(Stream::stdout_stream, "gr\xC3");
    sink(Stream::stderr_stream, "\xF0\x9F");
    seen.wait();
    sink(Stream::stdout_stream, "\xBC\xC3\x9F");
    RunResult result = ok_result();
    result.stdout = "gr\xC3\xBC\xC3\x9F";
    result.stderr = "\xF0\x9F";
    return result;
  });
  store_->fail_append = 1;  // what is tried again keeps its order
  const JobId id = submit();
  wait_until([&] { return log_of(id) == "gr"; });
  seen.count_down();
  ended(id);
  EXPECT_EQ(log_of(id), "gr\xC3\xBC\xC3\x9F\xF0\x9F") << "what never became a character comes with the end";
}

TEST_F(Queue, BringsNoLargeOutputInOneEvent) {
  std::string text = "a";
  for (int count = 0; count < 200'000; ++count) text += "\xE2\x82\xAC";
  std::latch seen(1);
  start([&](const Program&, const OutputSink& sink, std::stop_token) {
    sink(Stream::stdout_stream, text);
    seen.wait();
    RunResult result = ok_result();
    result.stdout = result.stderr = text;
    return result;
  });
  const JobId id = submit();
  wait_until([&] { return log_of(id).size() == text.size(); });
  seen.count_down();
  ended(id);
  EXPECT_EQ(log_of(id), text + text) << "one from its log, one from its end";
  for (const JobEvent& event : store_->events(id, 0, 100)) {
    EXPECT_LE(event.text.size(), 256U << 10);
    EXPECT_EQ(repair_utf8(event.text), event.text) << "no character is cut in two";
  }
}

TEST_F(Queue, HearsACancellationThatComesWhileItClaims) {
  start([](const Program&, const OutputSink&, std::stop_token stop) { return run_until_stopped(stop); });
  for (int count = 0; count < 200; ++count) {
    const JobId id = submit();
    while (job(id).state == JobState::queued) std::this_thread::yield();
    EXPECT_TRUE(sandbox->cancel(id)) << "it is claimed, and its worker may not know of it yet";
    EXPECT_EQ(ended(id).result->outcome, Outcome::cancelled);
  }
}

TEST_F(Queue, StopsARunningJobThatIsCancelled) {
  start([](const Program&, const OutputSink&, std::stop_token stop) { return run_until_stopped(stop); });
  const JobId id = submit();
  wait_for(JobState::running, id);
  EXPECT_TRUE(sandbox->cancel(id));
  EXPECT_EQ(ended(id).result->outcome, Outcome::cancelled);
  EXPECT_EQ(job(id).attempt, 1U);
}

TEST_F(Queue, KeepsTheLeaseOfAJobThatRunsLongerThanIt) {
  std::latch go(1);
  start(
      [&](const Program&, const OutputSink&, std::stop_token) {
        go.wait();
        return ok_result();
      },
      {.workers = 2, .lease = 200ms});
  const JobId id = submit();
  wait_for(JobState::running, id);
  std::this_thread::sleep_for(700ms);
  go.count_down();
  EXPECT_EQ(ended(id).attempt, 1U) << "the second worker would have taken it";
}

TEST_F(Queue, ThrowsAwayWhatALostJobDid) {
  std::atomic<bool> is_late_over = false;
  const auto note = [&](const SandboxEvent& event) {
    if (event.kind == SandboxEvent::Kind::lost) is_late_over = true;
  };
  start(
      [&](const Program&, const OutputSink&, std::stop_token stop) {
        run_until_stopped(stop);
        RunResult late = ok_result();
        late.stdout = "late";
        late.artifacts = {Artifact{.path = "late.txt"}};
        return late;
      },
      {.workers = 1, .lease = 100ms, .on_event = note});
  const JobId id = submit();
  wait_for(JobState::running, id);
  store_->down = true;  // for this process only, so that its lease lapses and somebody else gets the job
  std::optional<Claim> other;
  wait_until([&] { return (other = store_->inner().claim("other", 1h)).has_value(); });
  EXPECT_TRUE(store_->inner().finish(*other, ok_result()));
  store_->down = false;
  wait_until([&] { return is_late_over.load(); });
  EXPECT_EQ(job(id).result->stdout, "");
  EXPECT_EQ(sandbox->files()->remove_older_than(0s), 0U) << "the late artifact is gone";
}

TEST_F(Queue, BringsAResultWhenTheStoreIsBack) {
  start([&](const Program&, const OutputSink&, std::stop_token) { return ok_result(); });
  store_->fail_finish = 3;
  EXPECT_EQ(ended(submit()).state, JobState::completed);
  EXPECT_EQ(store_->fail_finish, 0);
}

TEST_F(Queue, KeepsTheArtifactsOfAJobWhoseEndWasInDoubt) {
  std::atomic<int> ends = 0, losses = 0;
  const auto note = [&](const SandboxEvent& event) {
    if (event.kind == SandboxEvent::Kind::ended) ++ends;
    if (event.kind == SandboxEvent::Kind::lost) ++losses;
  };
  start(
      [&](const Program&, const OutputSink&, std::stop_token) {
        RunResult result = ok_result();
        result.artifacts = {Artifact{.path = "kept.txt"}};
        return result;
      },
      {.workers = 1, .on_event = note});
  store_->doubt_finish = 1;
  const JobId id = submit();
  wait_until([&] { return ends + losses > 0; });
  EXPECT_EQ(ends, 1);
  EXPECT_TRUE(sandbox->files()->find(job(id).result->artifacts.at(0).file_id).has_value());
}

TEST_F(Queue, GoesOnWhenTheStoreWasAwayWhileNothingRan) {
  start([&](const Program&, const OutputSink&, std::stop_token) { return ok_result(); });
  store_->down = true;
  std::this_thread::sleep_for(50ms);
  store_->down = false;
  EXPECT_EQ(ended(submit()).state, JobState::completed);
}

TEST_F(Queue, TriesAgainWhatFailedForSomethingUnavailableAndTellsWhyToTheOperatorAlone) {
  std::atomic<int> runs = 0, told = 0;
  const auto note = [&](const SandboxEvent& event) {
    if (event.sentence.find("/srv/files is full") != std::string::npos) ++told;
  };
  start(
      [&](const Program&, const OutputSink&, std::stop_token) -> RunResult {
        ++runs;
        throw Error(ErrorCode::unavailable, "/srv/files is full; make room");
      },
      {.on_event = note});
  const Job given_up = ended(submit());
  EXPECT_EQ(given_up.result->outcome, Outcome::internal_error);
  EXPECT_THAT(given_up.result->warnings, ElementsAre(HasSubstr("its operator")));
  EXPECT_EQ(told, 3);
  EXPECT_EQ(given_up.attempt, 3U);
  EXPECT_EQ(runs, 3);
}

TEST_F(Queue, EndsAtOnceWhatNoOtherAttemptCanMend) {
  start([&](const Program&, const OutputSink&, std::stop_token) -> RunResult {
    throw Error(ErrorCode::invalid_request, "the input has no name; give it one");
  });
  const Job failed = ended(submit());
  EXPECT_EQ(failed.result->outcome, Outcome::internal_error);
  EXPECT_THAT(failed.result->warnings, ElementsAre(HasSubstr("has no name")));
  EXPECT_EQ(failed.attempt, 1U);
}

TEST_F(Queue, WaitsForRunningJobsWhileItDrains) {
  std::latch running(1);
  start(
      [&](const Program&, const OutputSink&, std::stop_token) {
        running.count_down();
        std::this_thread::sleep_for(100ms);
        return ok_result();
      },
      {.workers = 1});
  const JobId id = submit(), waiting = submit();
  running.wait();
  sandbox->drain(1h);
  EXPECT_EQ(job(id).state, JobState::completed);
  EXPECT_EQ(job(waiting).state, JobState::queued);
  EXPECT_EQ(job(waiting).attempt, 0U);
}

TEST_F(Queue, GivesBackWhatStillRunsWhenPatienceIsOver) {
  start([](const Program&, const OutputSink&, std::stop_token stop) { return run_until_stopped(stop); });
  const JobId id = submit();
  wait_for(JobState::running, id);
  sandbox->drain(0ms);
  EXPECT_EQ(job(id).state, JobState::queued);
  EXPECT_EQ(job(id).attempt, 0U) << "it counts as if it had not been";
}

TEST_F(Queue, GivesBackAJobThatStillFetchesItsInputs) {
  start([](const Program&, const OutputSink&, std::stop_token) { return ok_result(); });
  const JobId id = sandbox->submit({.code = "pass", .inputs = {{.path = "a", .url = "http://slow.example/a"}}}).id;
  wait_for(JobState::running, id);
  sandbox->drain(0ms);
  EXPECT_EQ(job(id).state, JobState::queued);
  EXPECT_EQ(job(id).attempt, 0U);
}

TEST_F(Queue, EndsAsCancelledWhatIsCancelledWhileItFetchesItsInputs) {
  start([](const Program&, const OutputSink&, std::stop_token) { return ok_result(); });
  const JobId id = sandbox->submit({.code = "pass", .inputs = {{.path = "a", .url = "http://slow.example/a"}}}).id;
  wait_for(JobState::running, id);
  EXPECT_TRUE(sandbox->cancel(id));
  EXPECT_EQ(ended(id).result->outcome, Outcome::cancelled);
}

TEST_F(Queue, TellsWhatItDoes) {
  std::mutex mutex;
  std::vector<std::string> told;
  const auto note = [&](const SandboxEvent& event) {
    const std::lock_guard lock(mutex);
    if (event.kind == SandboxEvent::Kind::started) told.push_back("started");
    if (event.kind == SandboxEvent::Kind::ended) told.push_back("ended " + std::string(to_string(event.job->state)));
  };
  start([](const Program&, const OutputSink&, std::stop_token) { return ok_result(); }, {.on_event = note});
  ended(submit());
  sandbox->drain(1h);
  EXPECT_THAT(told, ElementsAre("started", "ended completed"));
}

TEST_F(Queue, RefusesAFileThatIsNotThere) {
  start([](const Program&, const OutputSink&, std::stop_token) { return ok_result(); });
  JobRequest request{.code = "pass"};
  request.inputs.push_back({.path = "a.txt", .file_id = "0123456789abcdef0123456789abcdef"});
  EXPECT_THROW(sandbox->submit(request), Error);
  EXPECT_TRUE(store_->list({}).empty());
}

TEST_F(Queue, RefusesSubmissionsWithoutAStore) {
  Sandbox storeless({.runner = std::make_unique<FakeRunner>([](auto&&...) { return ok_result(); })});
  EXPECT_THROW(storeless.submit({.code = "pass"}), Error);
}

TEST_F(Queue, CallsBackOnceWithASignature) {
  start([](const Program&, const OutputSink&, std::stop_token) { return ok_result(); });
  const JobId id = submit({.callback_url = "https://example.org/done", .callback_secret = "key"});
  wait_until([&] { return job(id).callback == CallbackState::delivered; });
  ASSERT_EQ(web_->posts().size(), 1U);
  const auto post = web_->posts()[0];
  EXPECT_EQ(post.url, "https://example.org/done");
  EXPECT_THAT(post.body, HasSubstr("\"job_id\":\"" + id + "\""));
  EXPECT_THAT(post.body, HasSubstr("\"outcome\":\"ok\""));
  EXPECT_EQ(post.headers.at("webhook-id"), id);
  EXPECT_TRUE(post.headers.at("webhook-signature").starts_with("v1,"));
}

TEST_F(Queue, CallsBackAgainAfterAFailureAndGivesUpInTheEnd) {
  statuses = {500};
  start([](const Program&, const OutputSink&, std::stop_token) { return ok_result(); }, {.callback_attempts = 2});
  const JobId id = submit({.callback_url = "https://example.org/done"});
  wait_until([&] { return job(id).callback == CallbackState::failed; });
  EXPECT_EQ(web_->posts().size(), 2U);
  EXPECT_EQ(web_->posts()[0].headers.count("webhook-signature"), 0U);
}

TEST_F(Queue, GivesUpACallbackThatCannotBeMade) {
  QueueOptions options{.callback_attempts = 1};
  options.callback_body = [](const Job&) -> std::string { throw std::runtime_error("no body"); };
  start([](const Program&, const OutputSink&, std::stop_token) { return ok_result(); }, options);
  const JobId id = submit({.callback_url = "http://example.org/done"});
  wait_until([&] { return job(id).callback == CallbackState::failed; });
  EXPECT_TRUE(web_->posts().empty());
}

TEST_F(Queue, RefusesACallbackThatCannotBe) {
  start([](const Program&, const OutputSink&, std::stop_token) { return ok_result(); });
  EXPECT_THROW(submit({.callback_url = "ftp://example.org"}), Error);
  EXPECT_THROW(submit({.callback_secret = "key without a place"}), Error);
}

// The example of the Standard Webhooks specification, "Verifying signatures".
TEST(CallbackHeaders, SignAsStandardWebhooksSays) {
  const auto headers =
      callback_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", std::chrono::system_clock::from_time_t(1614265330),
                       R"({"test": 2432232314})", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  EXPECT_EQ(headers.at("webhook-signature"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  EXPECT_EQ(headers.at("webhook-timestamp"), "1614265330");
}

TEST_F(Queue, ForgetsOldJobsAndFilesButNoneInUse) {
  std::latch go(1);
  start(
      [&](const Program&, const OutputSink&, std::stop_token) {
        go.wait();
        return ok_result();
      },
      {.workers = 1, .file_retention = 2s, .job_retention = 2s});
  bool is_read = false;
  const ByteSource once = [&](std::span<std::byte> buffer) -> std::size_t {
    if (std::exchange(is_read, true)) return 0;
    buffer[0] = std::byte{'x'};
    return 1;
  };
  const StoredFile used = sandbox->files()->add("used.txt", once);
  is_read = false;
  const StoredFile unused = sandbox->files()->add("unused.txt", once);
  JobRequest request{.code = "pass"};
  request.inputs.push_back({.path = "used.txt", .file_id = used.id});
  const JobId running = sandbox->submit(request).id, waiting = sandbox->submit(request).id;
  wait_until([&] { return !sandbox->files()->find(unused.id).has_value(); });
  std::this_thread::sleep_for(1s);
  EXPECT_TRUE(sandbox->files()->find(used.id).has_value());
  go.count_down();
  wait_until([&] { return !store_->find(running) && !store_->find(waiting); });
  wait_until([&] { return !sandbox->files()->find(used.id).has_value(); });
}

}  // namespace
}  // namespace pysandbox::testing

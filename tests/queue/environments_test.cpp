// Jobs with packages, with a store and a runner that do what the test says.
#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/sandbox.hpp>

#include "../support/fake_parts.hpp"

namespace pysandbox::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Environment pandas() {
  return {.info = {std::string(64, 'e'), "3.11.2", {{"pandas", "2.2.0"}}}, .directory = "/somewhere/pandas"};
}

void wait_until(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::sleep_for(1ms);
}

class Environments : public ::testing::Test {
 protected:
  // With two workers, and a queue that gives a job up after `max_attempts`.
  void start(FakePreparation prepare, FakeRun run = run_quietly, std::uint32_t max_attempts = 3) {
    auto runner = std::make_unique<FakeRunner>(std::move(run));
    auto environments = std::make_unique<FakeEnvironmentStore>(std::move(prepare));
    auto jobs = std::make_unique<FailingJobStore>(make_memory_job_store({.max_attempts = max_attempts}));
    runner_ = runner.get();
    environments_ = environments.get();
    jobs_ = jobs.get();
    sandbox = std::make_unique<Sandbox>(SandboxParts{.runner = std::move(runner),
                                                     .jobs = std::move(jobs),
                                                     .environments = std::move(environments),
                                                     .queue = {.workers = 2, .max_attempts = max_attempts}});
  }

  static RunResult run_quietly(const Program&, const OutputSink&, std::stop_token) { return ok_result(); }

  Job ended(const JobId& id) {
    wait_until([&] { return jobs_->inner().find(id)->result.has_value(); });
    return *jobs_->inner().find(id);
  }

  std::vector<std::string> progress_of(const JobId& id) {
    std::vector<std::string> sentences;
    for (const JobEvent& event : jobs_->inner().events(id, 0, 100)) {
      if (event.kind == JobEvent::Kind::progress) sentences.push_back(event.text);
    }
    return sentences;
  }

  std::unique_ptr<Sandbox> sandbox;
  FakeRunner* runner_ = nullptr;
  FakeEnvironmentStore* environments_ = nullptr;
  FailingJobStore* jobs_ = nullptr;
};

const JobRequest with_pandas{.code = "", .packages = {"pandas"}};

TEST_F(Environments, AreMountedHeldWhileTheProgramRunsAndTold) {
  EnvironmentRequest asked;
  bool held = false;
  start(
      [&](const EnvironmentRequest& request, const EnvironmentProgress&, const std::stop_token&) {
        asked = request;
        return pandas();
      },
      [&](const Program&, const OutputSink&, std::stop_token) {
        held = environments_->in_use();
        return ok_result();
      });
  const RunResult result = sandbox->run({.code = "", .packages = {"pandas", "six"}, .environment = "mine"});
  EXPECT_EQ(result.outcome, Outcome::ok);
  EXPECT_EQ(result.environment, pandas().info);
  EXPECT_EQ(asked, (EnvironmentRequest{{"pandas", "six"}, "mine"}));
  EXPECT_THAT(runner_->environments(), ElementsAre("/somewhere/pandas"));
  EXPECT_TRUE(held);
  EXPECT_FALSE(environments_->in_use()) << "nobody needs it any more";
  EXPECT_EQ(sandbox->environments(), environments_);
}

TEST_F(Environments, AreNotAskedForByAJobWithoutPackages) {
  int calls = 0;
  start([&](const EnvironmentRequest&, const EnvironmentProgress&, const std::stop_token&) {
    ++calls;
    return pandas();
  });
  const RunResult result = sandbox->run({.code = ""});
  EXPECT_FALSE(result.environment.has_value());
  EXPECT_THAT(runner_->environments(), ElementsAre(""));
  EXPECT_EQ(calls, 0);
}

TEST_F(Environments, ThatCannotBeHadEndTheJobBeforeItRuns) {
  for (const ErrorCode code : {ErrorCode::environment_failed, ErrorCode::invalid_request}) {
    start([&](const EnvironmentRequest&, const EnvironmentProgress&, const std::stop_token&) -> Environment {
      throw Error(code, "pandsa: not found; did you mean pandas?");
    });
    const RunResult result = sandbox->run(with_pandas);
    EXPECT_EQ(result.outcome, Outcome::package_error);
    ASSERT_TRUE(result.failure.has_value());
    EXPECT_EQ(result.failure->limit, "packages");
    EXPECT_THAT(result.failure->observed, HasSubstr("did you mean pandas?"));
    EXPECT_FALSE(result.failure->hint.empty());
    EXPECT_TRUE(runner_->environments().empty());
  }
}

TEST_F(Environments, AreRefusedByASandboxThatMakesNone) {
  const auto runs = std::make_unique<Sandbox>(SandboxParts{.runner = std::make_unique<FakeRunner>(run_quietly)});
  for (const JobRequest& request : {with_pandas, JobRequest{.code = "", .environment = "data-science"}}) {
    const RunResult result = runs->run(request);
    EXPECT_EQ(result.outcome, Outcome::package_error);
    EXPECT_THAT(result.failure.value_or(Failure{}).hint, HasSubstr("EnvironmentStore"));
  }
  EXPECT_EQ(runs->environments(), nullptr);
}

TEST_F(Environments, ThatAreUnavailableAreNobodysFault) {
  start([](const EnvironmentRequest&, const EnvironmentProgress&, const std::stop_token&) -> Environment {
    throw Error(ErrorCode::unavailable, "the index does not answer; try again");
  });
  EXPECT_THROW(sandbox->run(with_pandas), Error);
}

TEST_F(Environments, TellTheirProgress) {
  start([](const EnvironmentRequest&, const EnvironmentProgress& progress, const std::stop_token&) {
    progress("resolving pandas");
    return pandas();
  });
  std::vector<std::string> heard;
  sandbox->run(with_pandas, {.on_progress = [&](std::string_view sentence) { heard.emplace_back(sentence); }});
  EXPECT_THAT(heard, ElementsAre("resolving pandas"));
  EXPECT_EQ(sandbox->run(with_pandas).outcome, Outcome::ok) << "though nobody listens";
}

TEST_F(Environments, StopTheirMakingWhenTheJobIsCancelled) {
  start([](const EnvironmentRequest&, const EnvironmentProgress&, const std::stop_token& stop) -> Environment {
    run_until_stopped(stop);
    throw Error(ErrorCode::unavailable, "stopped; try again");
  });
  const JobId id = sandbox->submit(with_pandas).id;
  wait_until([&] { return jobs_->find(id)->state == JobState::running; });
  EXPECT_TRUE(sandbox->cancel(id));
  EXPECT_EQ(ended(id).result->outcome, Outcome::cancelled);
  EXPECT_TRUE(runner_->environments().empty());
}

TEST_F(Environments, OfAQueuedJobTellTheirProgressInItsLog) {
  start([](const EnvironmentRequest&, const EnvironmentProgress& progress, const std::stop_token&) {
    progress("resolving pandas");
    progress("fetching pandas 2.2.0");
    return pandas();
  });
  const JobId id = sandbox->submit(with_pandas).id;
  EXPECT_EQ(ended(id).result->environment, pandas().info);
  EXPECT_THAT(progress_of(id), ElementsAre("resolving pandas", "fetching pandas 2.2.0"));
}

TEST_F(Environments, AreMadeThoughTheLogCannotBeWrittenNow) {
  start([&](const EnvironmentRequest&, const EnvironmentProgress& progress, const std::stop_token&) {
    jobs_->fail_progress = 1;
    progress("resolving pandas");
    progress("fetching pandas 2.2.0");
    return pandas();
  });
  const JobId id = sandbox->submit(with_pandas).id;
  EXPECT_EQ(ended(id).result->outcome, Outcome::ok);
  EXPECT_THAT(progress_of(id), ElementsAre("fetching pandas 2.2.0"));
}

TEST_F(Environments, ThatAreUnavailableAreTriedAgain) {
  int calls = 0;
  start([&](const EnvironmentRequest&, const EnvironmentProgress&, const std::stop_token&) {
    if (++calls == 1) throw Error(ErrorCode::unavailable, "the index does not answer; try again");
    return pandas();
  });
  const JobId id = sandbox->submit(with_pandas).id;
  EXPECT_EQ(ended(id).result->outcome, Outcome::ok);
  EXPECT_EQ(ended(id).attempt, 2U);
}

}  // namespace
}  // namespace pysandbox::testing

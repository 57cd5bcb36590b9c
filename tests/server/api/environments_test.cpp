// Packages in submissions, and the routes of environments.
#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <string>

#include "api_fixture.hpp"

namespace pysandbox::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Environment pandas() {
  return {.info = {std::string(64, 'e'), "3.11.2", {{"numpy", "2.1.0"}, {"pandas", "2.2.0"}}},
          .directory = "/secret/place",
          .size_bytes = 17};
}

class ApiEnvironments : public ApiTest {
 protected:
  void start_with(FakePreparation prepare) {
    environments = std::make_unique<FakeEnvironmentStore>(std::move(prepare));
    start([](const Program&, const OutputSink&, std::stop_token) { return ok_result(); });
  }

  void start_with_pandas() {
    start_with([](const EnvironmentRequest&, const EnvironmentProgress& progress, const std::stop_token&) {
      progress("resolving pandas");
      return pandas();
    });
  }

  Answer build(const std::string& body) {
    return ask({.method = "POST",
                .target = "/api/environments",
                .body = body,
                .headers = {{"content-type", "application/json"}}});
  }
};

TEST_F(ApiEnvironments, AreWhatAJobWithPackagesGets) {
  start_with_pandas();
  const Answer answer = post_job(R"({"code": "pass", "packages": ["pandas"], "wait": 60})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.text("/environment/digest"), std::string(64, 'e'));
  EXPECT_EQ(answer.text("/environment/packages/1/name"), "pandas");
  EXPECT_EQ(answer.text("/environment/packages/1/version"), "2.2.0");
  EXPECT_EQ(answer.body.find("/secret/place"), std::string::npos);
}

TEST_F(ApiEnvironments, TellTheirProgressInTheEventsOfTheJob) {
  start_with_pandas();
  const Answer done = post_job(R"({"code": "pass", "environment": "data-science", "wait": 60})");
  const auto log = jobs->inner().events(inside(done.text("/job_id")), 0, 100);
  EXPECT_EQ(log[2].text, "resolving pandas");
  auto events = respond({.target = "/api/jobs/" + done.text("/job_id") + "/events"});
  const std::string bytes = std::get<http::EventBody>(events.body).next().bytes;
  EXPECT_THAT(bytes, HasSubstr("event: progress\ndata: {\"text\":\"resolving pandas\",\"attempt\":1,"));
}

TEST_F(ApiEnvironments, AreRefusedByAServerThatMakesNone) {
  start_idle();
  for (const char* body : {R"({"code": "pass", "packages": ["pandas"]})", R"({"code": "pass", "environment": "a"})"}) {
    const Answer answer = post_job(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.code(), "packages_unsupported");
  }
  EXPECT_EQ(build(R"({"packages": ["pandas"]})").code(), "packages_unsupported");
  EXPECT_EQ(get("/api/environments").body, R"({"environments":[]})");
}

TEST_F(ApiEnvironments, TakeRequirementsOnly) {
  start_with_pandas();
  for (const char* package : {"--index-url=http://example.org", "./here", "pandas @ file:///etc/passwd"}) {
    const Answer job = post_job(std::string(R"({"code": "pass", "packages": ["numpy", ")") + package + "\"]}");
    EXPECT_EQ(job.status, 400) << job.body;
    EXPECT_EQ(job.code(), "package_error");
    EXPECT_EQ(job.text("/details/0/field"), "packages");
    EXPECT_EQ(build(std::string(R"({"packages": [")") + package + "\"]}").code(), "package_error");
  }
}

TEST_F(ApiEnvironments, CanBeMadeBeforeAnyJob) {
  start_with_pandas();
  const Answer answer = build(R"({"packages": ["pandas"]})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.text("/digest"), std::string(64, 'e'));
  EXPECT_EQ(answer.text("/python"), "3.11.2");
  EXPECT_EQ(answer.at("/size"), 17);
  EXPECT_TRUE(answer.at("/name").is_null());
  EXPECT_EQ(answer.body.find("/secret/place"), std::string::npos);
}

TEST_F(ApiEnvironments, ThatCannotBeHadSayWhy) {
  start_with([](const EnvironmentRequest&, const EnvironmentProgress&, const std::stop_token&) -> Environment {
    throw Error(ErrorCode::environment_failed, "pandsa: not found; did you mean pandas?");
  });
  const Answer answer = build(R"({"packages": ["pandsa"]})");
  EXPECT_EQ(answer.status, 422) << answer.body;
  EXPECT_EQ(answer.code(), "package_error");
  EXPECT_THAT(answer.text("/error"), HasSubstr("did you mean pandas?"));
}

TEST_F(ApiEnvironments, ThatTakeLongerThanOneWaitsAreMadeAllTheSame) {
  std::latch may_end(1);
  std::atomic<int> calls = 0;
  start_with([&](const EnvironmentRequest&, const EnvironmentProgress& progress, const std::stop_token&) {
    ++calls;
    progress("fetching pandas");
    may_end.wait();
    return pandas();
  });
  const Answer early = build(R"({"packages": ["pandas"], "wait": 0})");
  EXPECT_EQ(early.status, 202) << early.body;
  EXPECT_EQ(early.text("/status"), "building");
  auto waiting = respond({.method = "POST",
                          .target = "/api/environments",
                          .body = R"({"packages": ["pandas"]})",
                          .headers = {{"content-type", "application/json"}}});
  may_end.count_down();
  EXPECT_EQ(settle(std::move(waiting)).status, 200);
  EXPECT_EQ(calls, 1) << "both are one";
}

TEST_F(ApiEnvironments, NeedSomethingToBeMadeOf) {
  start_with_pandas();
  for (const char* body : {"{}", R"({"packages": []})", R"({"packages": "a"})", R"({"name": 1})",
                           R"({"packages": ["a"], "code": "x"})", R"({"packages": ["a"], "wait": -1})", "[]"}) {
    const Answer answer = build(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.code(), "invalid_request") << body;
  }
  EXPECT_EQ(build("{").code(), "invalid_json");
}

TEST_F(ApiEnvironments, AreListed) {
  class Listed final : public EnvironmentStore {
   public:
    std::shared_ptr<const Environment> prepare(const EnvironmentRequest&, const EnvironmentProgress&,
                                               std::stop_token) override {
      return nullptr;
    }
    std::vector<Environment> list() override { return {pandas()}; }
    std::optional<Environment> find(const std::string&) override { return std::nullopt; }
    std::uint64_t prune(std::uint64_t) override { return 0; }
  };
  environments = std::make_unique<Listed>();
  start_idle();
  const Answer answer = get("/api/environments");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text("/environments/0/packages/0/name"), "numpy");
  EXPECT_EQ(get("/api/environments", "nobody").status, 401);
}

}  // namespace
}  // namespace pysandbox::testing

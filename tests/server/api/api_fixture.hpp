// The API without sockets: requests go through plan() and the handler, as the listener would take them.
#pragma once

#include <boost/json/value.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/sandbox.hpp>

#include "api/application.hpp"
#include "support/fake_parts.hpp"
#include "support/temporary_directory.hpp"

namespace pysandbox::testing {

// Callers by the header x-caller; "nobody" is turned away.
class FakeAccess final : public api::Access {
 public:
  std::variant<api::Caller, http::Response> admit(const http::Request& head, const api::Route& route) override;

  std::uint64_t max_active = 0;
};

class FakeOperations final : public api::Operations {
 public:
  http::Response health() override { return page("health"); }
  http::Response ready() override { return page("ready"); }
  http::Response capabilities(const api::Caller& caller) override { return page("capabilities of " + caller.owner); }
  http::Response metrics() override { return page("metrics"); }
  http::Response openapi() override { return page("openapi"); }
  void failed(const http::Request&, const std::exception& error) override { failures.push_back(error.what()); }
  void answered(const http::Request&, int status, std::chrono::microseconds) override { statuses.push_back(status); }

  std::vector<std::string> failures;
  std::vector<int> statuses;

 private:
  static http::Response page(std::string text) { return {.status = 200, .headers = {}, .body = std::move(text)}; }
};

// What a client sees.
struct Answer {
  int status = 0;
  http::Headers headers{};
  std::string body{};

  std::string header(std::string_view name) const;   // empty if there is none; fails the test if there are two
  boost::json::value json() const;                   // fails the test if the body is none
  std::string text(std::string_view pointer) const;  // of the string at a JSON pointer
  boost::json::value at(std::string_view pointer) const;
  std::string code() const { return text("/code"); }
};

struct Ask {
  std::string method = "GET";
  std::string target{};
  std::string body{};
  http::Headers headers{};  // names in lower case
  std::string caller = "alice";
};

class ApiTest : public ::testing::Test {
 protected:
  // Nothing runs: tests move the jobs themselves, through `jobs`.
  void start_idle(const api::ApiLimits& limits = {});

  // With one worker that does what `run` says.
  void start(FakeRun run, const api::ApiLimits& limits = {});

  // The answer as it is, which may have to be waited for; or a client's look at it in the end.
  http::Response respond(const Ask& ask);
  Answer ask(const Ask& ask);
  Answer get(const std::string& target, const std::string& caller = "alice") {
    return ask({.target = target, .caller = caller});
  }
  Answer post_job(const std::string& body, http::Headers headers = {}, const std::string& caller = "alice");

  // What a waiting client gets.
  static Answer settle(http::Response response);

  // Ids as clients have them, and their insides.
  std::string submit(const std::string& body = R"({"code": "pass"})", const std::string& caller = "alice");
  static JobId inside(const std::string& wire_id);

  // Moves the job that was submitted to its end; `artifacts` are paths with contents.
  void finish(const std::string& wire_id, RunResult result,
              const std::vector<std::pair<std::string, std::string>>& artifacts = {});
  Claim claim(const std::string& wire_id);
  std::string upload(const std::string& name, const std::string& bytes, const std::string& caller = "alice");

  TemporaryDirectory directory;
  FakeAccess access;
  FakeOperations operations;
  std::unique_ptr<Sandbox> sandbox;
  FailingJobStore* jobs = nullptr;
  FileStore* files = nullptr;
  FakeWebClient* web = nullptr;
  std::unique_ptr<EnvironmentStore> environments{};  // what the next start() gives the Sandbox
  std::unique_ptr<http::Application> application;
};

}  // namespace pysandbox::testing

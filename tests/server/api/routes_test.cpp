// Which requests mean which route, and what the others are told.
#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "api/routes.hpp"
#include "api_fixture.hpp"
#include "http/target.hpp"

namespace pysandbox::testing {
namespace {

using ::testing::HasSubstr;

constexpr auto some_id = "084eaaed-951a-42b1-a68d-785613793f21";

std::string target_of(const api::Route& route) {
  std::string target(route.pattern);
  for (const std::string name : {"{job_id}", "{file_id}"}) {
    if (const auto at = target.find(name); at != std::string::npos) target.replace(at, name.size(), some_id);
  }
  return target;
}

class Routes : public ApiTest {
 protected:
  Routes() { start_idle(); }
};

TEST_F(Routes, AreEachThereOnce) {
  std::set<std::string> seen;
  for (const api::Route& route : api::routes()) {
    EXPECT_TRUE(seen.insert(std::string(route.method) + ' ' + std::string(route.pattern)).second) << route.pattern;
    EXPECT_NE(route.handle, nullptr);
  }
}

TEST_F(Routes, AreFoundByTheirOwnPathWithAndWithoutASlashAtTheEnd) {
  for (const api::Route& route : api::routes()) {
    for (const std::string end : {"", "/"}) {
      const auto target = http::parse_target(target_of(route) + end);
      const api::RouteMatch match = api::find_route(route.method, target.value().segments);
      EXPECT_EQ(match.route, &route) << route.method << ' ' << route.pattern;
    }
  }
}

TEST_F(Routes, AnswerOtherMethodsWith405AndAllow) {
  for (const api::Route& route : api::routes()) {
    for (const std::string method : {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get", "TRACE", "X"}) {
      const auto target = http::parse_target(target_of(route));
      if (api::find_route(method, target.value().segments).route != nullptr) continue;
      const Answer answer = ask({.method = method, .target = target_of(route)});
      EXPECT_EQ(answer.status, 405) << method << ' ' << route.pattern;
      EXPECT_EQ(answer.code(), "method_not_allowed");
      EXPECT_THAT(answer.header("Allow"), HasSubstr(std::string(route.method)));
    }
  }
}

TEST_F(Routes, AnswerOtherPathsWith404) {
  for (const auto* target : {"/", "/api", "/api/", "/api/job", "/api/jobs/x/y", "/api/jobs/x/files/y/z", "/API/jobs",
                             "/health/x", "/api/files.zip", "/index.html", "/api/jobs/x/files.zip/y",
                             "/api/jobs/x/Results", "/api/jobs;x=1", "/metricss", "/api/files/a/b", "/{job_id}"}) {
    for (const auto* method : {"GET", "POST", "DELETE", "PATCH"}) {
      const Answer answer = ask({.method = method, .target = target});
      EXPECT_EQ(answer.status, 404) << target;
      EXPECT_EQ(answer.code(), "not_found");
      EXPECT_EQ(answer.header("Allow"), "");
    }
  }
}

TEST_F(Routes, AskTheAccessBeforeAnythingElse) {
  for (const api::Route& route : api::routes()) {
    const Answer answer = ask({.method = std::string(route.method), .target = target_of(route), .caller = "nobody"});
    EXPECT_EQ(answer.status, 401) << route.pattern;
    EXPECT_EQ(answer.code(), "unauthorized");
  }
}

TEST_F(Routes, AnswerIdsOfNothingWith404) {
  for (const api::Route& route : api::routes()) {
    if (route.pattern.find('{') == std::string_view::npos) continue;
    for (const std::string id :
         {some_id, "084eaaed951a42b1a68d785613793f21", "1", "null", "..%5c..%5cetc", "%00", "%2e%2e%2f", "a%20b",
          "'%20OR%201=1--", "%ff%fe", "%0d%0aX:%20y", "<script>", "%F0%9F%98%80"}) {
      std::string target = target_of(route);
      for (auto at = target.find(some_id); at != std::string::npos; at = target.find(some_id, at + id.size()))
        target.replace(at, std::string(some_id).size(), id);
      const Answer answer = ask({.method = std::string(route.method), .target = target});
      const bool is_bad_target = answer.status == 400 && answer.code() == "bad_target";
      EXPECT_TRUE(answer.status == 404 || is_bad_target) << target << ' ' << answer.status;
    }
  }
  EXPECT_TRUE(operations.failures.empty());
}

TEST_F(Routes, WantTheRightKindOfBody) {
  const std::string job = R"({"code": "pass"})";
  const auto post = [&](const std::string& target, const std::string& type) {
    http::Headers headers;
    if (!type.empty()) headers.emplace_back("content-type", type);
    return ask({.method = "POST", .target = target, .body = job, .headers = headers});
  };
  EXPECT_EQ(post("/api/jobs", "application/json").status, 200);
  EXPECT_EQ(post("/api/jobs", "Application/JSON ; charset=utf-8").status, 200);
  for (const auto* type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                           "application/jsonp", "application", "json"}) {
    const Answer answer = post("/api/jobs", type);
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_EQ(answer.code(), "unsupported_media_type");
  }
  for (const auto* type : {"", "application/json", "multipart/mixed; boundary=x"})
    EXPECT_EQ(post("/api/files", type).status, 415) << type;
}

TEST_F(Routes, TakeNoPackedBody) {
  const auto post = [&](const std::string& encoding) {
    const http::Headers headers{{"content-type", "application/json"}, {"content-encoding", encoding}};
    return ask({.method = "POST", .target = "/api/jobs", .body = R"({"code": "pass"})", .headers = headers}).status;
  };
  EXPECT_EQ(post("gzip"), 415);
  EXPECT_EQ(post("br, identity"), 415);
  EXPECT_EQ(post("identity"), 200);
}

TEST_F(Routes, BoundTheirBodies) {
  http::Request head;
  head.method = "POST";
  head.segments = {"api", "jobs"};
  head.headers = {{"content-type", "application/json"}};
  auto plan = std::get<http::Plan>(application->plan(head));
  EXPECT_EQ(plan.body, http::Plan::Body::whole);
  EXPECT_EQ(plan.max_bytes, 64U << 20);
  head.method = "PUT";
  head.segments = {"api", "files"};
  plan = std::get<http::Plan>(application->plan(head));
  EXPECT_EQ(plan.body, http::Plan::Body::stream);
  EXPECT_EQ(plan.max_bytes, 4ULL << 30);
  head.method = "GET";
  head.segments = {"health"};
  plan = std::get<http::Plan>(application->plan(head));
  EXPECT_EQ(plan.body, http::Plan::Body::none);
}

TEST_F(Routes, LeadToTheServicesOwnPages) {
  EXPECT_EQ(get("/health").body, "health");
  EXPECT_EQ(get("/ready").body, "ready");
  EXPECT_EQ(get("/capabilities").body, "capabilities of alice");
  EXPECT_EQ(get("/metrics").body, "metrics");
  EXPECT_EQ(get("/openapi.json").body, "openapi");
}

TEST_F(Routes, GiveTheSessionsRefusalsTheSameLooks) {
  const Answer answer = settle(application->refusal(431, "header_too_large", "The head is too large", "r-9"));
  EXPECT_EQ(answer.status, 431);
  EXPECT_EQ(answer.body,
            R"({"error":"The head is too large","code":"header_too_large","details":[],"request_id":"r-9"})");
}

TEST_F(Routes, TellTheLogWhatTheClientDoesNotSee) {
  jobs->down = true;
  const Answer answer = get(std::string("/api/jobs/") + some_id);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "unavailable");
  EXPECT_NE(answer.header("Retry-After"), "");
  EXPECT_THAT(operations.failures, ::testing::ElementsAre(HasSubstr("took the store away")));
  http::Request request;
  application->answered(request, 418, std::chrono::microseconds(5));
  EXPECT_THAT(operations.statuses, ::testing::ElementsAre(418));
  jobs->down = false;
}

}  // namespace
}  // namespace pysandbox::testing

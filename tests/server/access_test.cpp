// Who is let in: hosts, origins, keys, rates.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include <pysandbox/error.hpp>

#include "access/gate.hpp"
#include "access/key_access.hpp"
#include "access/rate_limiter.hpp"
#include "api/routes.hpp"
#include "support/temporary_directory.hpp"

namespace pysandbox::server {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

http::Request request(const std::string& method, const std::string& host, http::Headers headers = {}) {
  http::Request head;
  head.method = method;
  head.target = "/api/jobs";
  head.segments = {"api", "jobs"};
  head.host = host;
  head.headers = std::move(headers);
  head.client_address = "127.0.0.1";
  head.id = "r1";
  return head;
}

std::string field(const http::Response& response, std::string_view name) {
  for (const auto& [known, value] : response.headers) {
    if (known == name) return value;
  }
  return "";
}

// Answers everything with 200, and counts.
class Inner final : public http::Application {
 public:
  std::variant<http::Plan, http::Response> plan(const http::Request&) override {
    ++planned;
    return http::Plan{.handler = [this](http::Request&) { return answer; }};
  }
  http::Response refusal(int status, std::string_view code, std::string_view, const std::string&) override {
    return {.status = status, .headers = {}, .body = std::string(code)};
  }
  http::Response failure(const std::exception&, const http::Request&) override { return {.status = 500}; }
  void answered(const http::Request&, int, std::chrono::microseconds) override {}

  int planned = 0;
  http::Response answer{};
};

class GateTest : public ::testing::Test {
 protected:
  http::Response ask(const GateOptions& options, http::Request head) {
    Gate gate(options, inner_);
    gate.listening_on(3004);
    auto planned = gate.plan(head);
    if (auto* response = std::get_if<http::Response>(&planned)) return *response;
    return std::get<http::Plan>(planned).handler(head);
  }

  int host(const GateOptions& options, const std::string& name) { return ask(options, request("GET", name)).status; }

  Inner inner_;
};

TEST_F(GateTest, TakesTheNamesOfLoopbackWithTheRightPortOrNone) {
  for (const char* name :
       {"localhost", "localhost:3004", "127.0.0.1", "127.0.0.1:3004", "[::1]", "[::1]:3004", "LocalHost"}) {
    EXPECT_EQ(host({}, name), 200) << name;
  }
}

TEST_F(GateTest, RefusesNamesThatAPageCouldMakePointHere) {
  for (const char* name :
       {"evil.example", "evil.example:3004", "localhost.evil.example", "localhost:3005", "127.0.0.1:80", "",
        "127.0.0.1.evil.example", "0.0.0.0", "[::1]:1", "localhost.", "127.1", "::1", "evil.example:localhost"}) {
    const auto response = ask({}, request("GET", name));
    EXPECT_EQ(response.status, 403) << name;
    EXPECT_EQ(std::get<std::string>(response.body), "forbidden_host");
  }
  EXPECT_EQ(inner_.planned, 0);
}

TEST_F(GateTest, TakesTheHostsThatTheOperatorNames) {
  const GateOptions options{.hosts = {"Run.example.org", "other.example.org:8443"}};
  EXPECT_EQ(host(options, "run.example.org"), 200);
  EXPECT_EQ(host(options, "run.example.org:443"), 200);
  EXPECT_EQ(host(options, "other.example.org:8443"), 200);
  EXPECT_EQ(host(options, "other.example.org"), 403);
  EXPECT_EQ(host(options, "localhost:3004"), 200);
}

TEST_F(GateTest, TakesEveryHostBeyondLoopbackUnlessSomeAreNamed) {
  EXPECT_EQ(host({.loopback_names = false}, "192.168.1.2:3004"), 200);
  EXPECT_EQ(host({.loopback_names = false, .hosts = {"a"}}, "192.168.1.2:3004"), 403);
  EXPECT_EQ(host({.loopback_names = false, .hosts = {"a"}}, "a"), 200);
}

TEST_F(GateTest, KeepsPagesOfOtherOriginsOut) {
  for (const char* origin : {"https://evil.example", "http://localhost:8080", "null", "http://127.0.0.1:3004", "",
                             "localhost:3004", "http://localhost:3004.evil.example"}) {
    const auto response = ask({}, request("POST", "localhost:3004", {{"origin", origin}}));
    EXPECT_EQ(response.status, 403) << origin;
    EXPECT_EQ(std::get<std::string>(response.body), "forbidden_origin");
    EXPECT_EQ(field(response, "Access-Control-Allow-Origin"), "");
  }
  EXPECT_EQ(inner_.planned, 0);
}

TEST_F(GateTest, TakesPagesOfItsOwnOrigin) {
  EXPECT_EQ(ask({}, request("POST", "localhost:3004", {{"origin", "http://localhost:3004"}})).status, 200);
  EXPECT_EQ(
      ask({.hosts = {"run.example.org"}}, request("POST", "run.example.org", {{"origin", "https://run.example.org"}}))
          .status,
      200);
}

TEST_F(GateTest, LetsPagesReadThatTheOperatorNames) {
  const GateOptions options{.origins = {"https://app.example.org"}};
  const auto response = ask(options, request("POST", "localhost:3004", {{"origin", "https://app.example.org"}}));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(field(response, "Access-Control-Allow-Origin"), "https://app.example.org");
  EXPECT_EQ(field(response, "Vary"), "Origin");
  EXPECT_EQ(ask(options, request("POST", "localhost:3004", {{"origin", "http://app.example.org"}})).status, 403);
}

TEST_F(GateTest, LetsThemReadAnAnswerThatComesLater) {
  auto waiting = std::make_shared<http::Waiting>();
  waiting->look = [](http::Waiting::Turn) { return std::optional(http::Response{.status = 202}); };
  inner_.answer.body = waiting;
  const GateOptions options{.origins = {"https://app.example.org"}};
  const auto response = ask(options, request("POST", "localhost", {{"origin", "https://app.example.org"}}));
  const auto later = std::get<std::shared_ptr<http::Waiting>>(response.body)->look(http::Waiting::Turn::last);
  EXPECT_EQ(later->status, 202);
  EXPECT_EQ(field(*later, "Access-Control-Allow-Origin"), "https://app.example.org");
}

TEST_F(GateTest, AnswersPreflightsOfThemAlone) {
  const GateOptions options{.origins = {"https://app.example.org"}};
  const auto preflight = [&](const char* origin) {
    return ask(options,
               request("OPTIONS", "localhost", {{"origin", origin}, {"access-control-request-method", "DELETE"}}));
  };
  const auto response = preflight("https://app.example.org");
  EXPECT_EQ(response.status, 204);
  EXPECT_THAT(field(response, "Access-Control-Allow-Methods"), HasSubstr("DELETE"));
  EXPECT_THAT(field(response, "Access-Control-Allow-Headers"), HasSubstr("X-API-Key"));
  EXPECT_EQ(preflight("https://evil.example").status, 403);
  EXPECT_EQ(inner_.planned, 0);
}

class KeyAccessTest : public ::testing::Test {
 protected:
  const api::Route& route(std::string_view method, std::vector<std::string> segments) {
    return *api::find_route(method, segments).route;
  }

  std::variant<api::Caller, http::Response> ask(http::Headers headers = {}, const std::string& address = "127.0.0.1") {
    http::Request head = request("GET", "localhost", std::move(headers));
    head.client_address = address;
    return access_.admit(head, route("GET", {"api", "jobs"}));
  }

  static int status(const std::variant<api::Caller, http::Response>& answer) {
    const auto* response = std::get_if<http::Response>(&answer);
    return response != nullptr ? response->status : 200;
  }

  testing::TemporaryDirectory directory_;
  KeyStore keys_{directory_.path() + "/keys"};
  std::chrono::steady_clock::time_point now_{};
  KeyAccess access_{keys_, {3, 44}, [this] { return now_; }};
};

TEST_F(KeyAccessTest, AsksForNoKeyWhileThereIsNone) {
  const auto caller = std::get<api::Caller>(ask());
  EXPECT_EQ(caller.owner, "");
  EXPECT_EQ(caller.max_active, 44U);
  EXPECT_EQ(std::get<api::Caller>(ask({{"x-api-key", "anything"}})).owner, "");
}

TEST_F(KeyAccessTest, KnowsCallersByTheirKeyInEitherField) {
  const std::string key = keys_.create("ci", {100, 5});
  const std::string id = keys_.find(key)->id;
  for (const http::Headers& headers :
       {http::Headers{{"authorization", "Bearer " + key}}, http::Headers{{"authorization", "bearer  " + key}},
        http::Headers{{"x-api-key", key}}, http::Headers{{"authorization", "Basic eDp5"}, {"x-api-key", key}}}) {
    const auto caller = std::get<api::Caller>(ask(headers));
    EXPECT_EQ(caller.owner, id);
    EXPECT_EQ(caller.max_active, 5U);
  }
}

TEST_F(KeyAccessTest, RefusesWhoHasNone) {
  const std::string key = keys_.create("ci", {});
  for (const http::Headers& headers :
       {http::Headers{}, http::Headers{{"x-api-key", ""}}, http::Headers{{"x-api-key", key + "x"}},
        http::Headers{{"authorization", key}}, http::Headers{{"authorization", "Bearer "}},
        http::Headers{{"authorization", "Basic " + key}},
        http::Headers{{"authorization", "Bearer wrong"}, {"x-api-key", key}},
        http::Headers{{"cookie", "key=" + key}}}) {
    const auto answer = ask(headers);
    ASSERT_EQ(status(answer), 401);
    const auto& response = std::get<http::Response>(answer);
    EXPECT_THAT(field(response, "WWW-Authenticate"), HasSubstr("Bearer realm=\"pysandbox\""));
    EXPECT_THAT(std::get<std::string>(response.body), HasSubstr("unauthorized"));
    EXPECT_THAT(std::get<std::string>(response.body), ::testing::Not(HasSubstr(key)));
  }
}

TEST_F(KeyAccessTest, NeedsNoneForWhatTellsOfHealth) {
  keys_.create("ci", {});
  for (const char* page : {"health", "ready", "openapi.json"}) {
    EXPECT_EQ(status(access_.admit(request("GET", "localhost"), route("GET", {page}))), 200) << page;
  }
  for (const char* page : {"metrics", "capabilities"}) {
    EXPECT_EQ(status(access_.admit(request("GET", "localhost"), route("GET", {page}))), 401) << page;
  }
}

TEST_F(KeyAccessTest, BoundsEachKeysRate) {
  const std::string a = keys_.create("a", {2, 1});
  const std::string b = keys_.create("b", {2, 1});
  EXPECT_EQ(status(ask({{"x-api-key", a}})), 200);
  EXPECT_EQ(status(ask({{"x-api-key", a}})), 200);
  const auto refused = ask({{"x-api-key", a}});
  ASSERT_EQ(status(refused), 429);
  EXPECT_EQ(field(std::get<http::Response>(refused), "Retry-After"), "30");
  EXPECT_EQ(field(std::get<http::Response>(refused), "RateLimit-Limit"), "2");
  EXPECT_THAT(std::get<std::string>(std::get<http::Response>(refused).body), HasSubstr("rate_limited"));
  EXPECT_EQ(status(ask({{"x-api-key", b}})), 200);
  now_ += seconds(30);
  EXPECT_EQ(status(ask({{"x-api-key", a}})), 200);
  EXPECT_EQ(status(ask({{"x-api-key", a}})), 429);
}

TEST_F(KeyAccessTest, BoundsEachAddressWhereThereAreNoKeys) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status(ask()), 200);
  EXPECT_EQ(status(ask()), 429);
  EXPECT_EQ(status(ask({}, "127.0.0.2")), 200);
}

TEST_F(KeyAccessTest, BoundsTheTriesOfWhoHasNoKey) {
  keys_.create("a", {});
  int refused = 0;
  for (int i = 0; i < 700; ++i) refused += status(ask({{"x-api-key", "guess"}})) == 429 ? 1 : 0;
  EXPECT_EQ(refused, 100);
}

TEST_F(KeyAccessTest, LetsNobodyInWhenTheKeysCannotBeRead) {
  const std::string key = keys_.create("a", {});
  std::ofstream(directory_.path() + "/keys", std::ios::app) << "garbage\n";
  EXPECT_THROW(ask({{"x-api-key", key}}), Error);
}

TEST(RateGroup, IsOneForAllOfAnIpv6Customer) {
  EXPECT_EQ(rate_group("2001:db8:1:2:3:4:5:6"), rate_group("2001:db8:1:2:ffff::1"));
  EXPECT_NE(rate_group("2001:db8:1:2::1"), rate_group("2001:db8:1:3::1"));
  EXPECT_EQ(rate_group("192.0.2.1"), "192.0.2.1");
}

TEST(RateLimiter, LetsAMinutesWorthThroughAndThenTheEvenRate) {
  std::chrono::steady_clock::time_point now{};
  RateLimiter limiter([&] { return now; });
  int allowed = 0;
  for (int i = 0; i < 100; ++i) allowed += limiter.take("a", 60).allowed ? 1 : 0;
  EXPECT_EQ(allowed, 60);
  EXPECT_EQ(limiter.take("a", 60).retry_after, seconds(1));
  now += seconds(10);
  allowed = 0;
  for (int i = 0; i < 100; ++i) allowed += limiter.take("a", 60).allowed ? 1 : 0;
  EXPECT_EQ(allowed, 10);
  now += std::chrono::hours(1);
  EXPECT_EQ(limiter.take("a", 60).remaining, 59U);
}

TEST(RateLimiter, HoldsWhateverTheWaitToIt) {
  std::chrono::steady_clock::time_point now{};
  RateLimiter limiter([&] { return now; });
  EXPECT_TRUE(limiter.take("a", 1).allowed);
  const auto refused = limiter.take("a", 1);
  EXPECT_EQ(refused.retry_after, seconds(60));
  now += seconds(59);
  EXPECT_FALSE(limiter.take("a", 1).allowed);
  now += seconds(1);
  EXPECT_TRUE(limiter.take("a", 1).allowed);
}

TEST(RateLimiter, FollowsARateThatChanges) {
  std::chrono::steady_clock::time_point now{};
  RateLimiter limiter([&] { return now; });
  EXPECT_EQ(limiter.take("a", 100).remaining, 99U);
  EXPECT_EQ(limiter.take("a", 10).remaining, 9U);
}

TEST(RateLimiter, ForgetsThoseWhoMissNothingFirst) {
  std::chrono::steady_clock::time_point now{};
  RateLimiter limiter([&] { return now; });
  for (int i = 0; i < 10; ++i) limiter.take("busy", 10);
  for (int i = 0; i < 99'999; ++i) limiter.take(std::to_string(i), 6'000'000);
  now += seconds(1);
  limiter.take("one more", 10);
  EXPECT_FALSE(limiter.take("busy", 10).allowed);
}

}  // namespace
}  // namespace pysandbox::server

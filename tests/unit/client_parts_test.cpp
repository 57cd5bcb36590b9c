#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include <pysandbox/error.hpp>

#include "../../cli/backoff.hpp"
#include "../../cli/curl_library.hpp"
#include "../../cli/refusal.hpp"
#include "../../cli/report.hpp"
#include "../../cli/server_address.hpp"

namespace pysandbox::cli {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(CurlLibrary, IsThere) { EXPECT_NE(CurlLibrary().easy_init, nullptr); }

TEST(CurlLibrary, IsMissedInASentence) {
  EXPECT_THAT(message_of([] { CurlLibrary("libcurl-of-nobody.so.4"); }),
              AllOf(HasSubstr("libcurl-of-nobody.so.4"), HasSubstr("install libcurl4")));
}

TEST(CurlLibrary, IsRefusedIfItIsAnotherLibrary) {
  EXPECT_THAT(message_of([] { CurlLibrary("libc.so.6"); }), HasSubstr("libc.so.6 has no curl_easy_init"));
}

TEST(ServerAddress, TakesHttpAndHttps) {
  EXPECT_EQ(parse_server_address("http://127.0.0.1:3004").url, "http://127.0.0.1:3004");
  EXPECT_EQ(parse_server_address("https://example.org/jobs//").url, "https://example.org/jobs");
  EXPECT_TRUE(parse_server_address("https://example.org").encrypted);
  EXPECT_FALSE(parse_server_address("http://example.org").encrypted);
}

TEST(ServerAddress, KnowsThisMachine) {
  for (const char* url : {"http://localhost", "http://localhost:1/x", "http://127.0.0.1:3004", "http://[::1]:3004"}) {
    EXPECT_TRUE(parse_server_address(url).loopback) << url;
  }
  for (const char* url :
       {"http://127.example.org", "http://localhost.example.org", "http://10.0.0.1", "http://[::2]"}) {
    EXPECT_FALSE(parse_server_address(url).loopback) << url;
  }
}

TEST(ServerAddress, RefusesWhatIsNone) {
  for (const char* text : {"", "127.0.0.1:3004", "ftp://example.org", "http://", "http:///x", "http://a b",
                           "http://a\n", "http://a?x", "http://a#x", "http://a\\b", "file:///etc/passwd", "HTTP://a"}) {
    EXPECT_THROW(parse_server_address(text), Error) << text;
  }
}

TEST(ServerAddress, DoesNotRepeatAPassword) {
  EXPECT_THAT(message_of([] { parse_server_address("http://me:secret@example.org"); }),
              AllOf(HasSubstr("PYSANDBOX_API_KEY"), Not(HasSubstr("secret"))));
}

TEST(ServerAddress, RefusesAKeyThatWouldBeTwoHeaders) {
  EXPECT_NO_THROW(check_key("psk_0-9._~+/="));
  EXPECT_THAT(message_of([] { check_key("secret\r\nHost: x"); }), Not(HasSubstr("secret")));
}

TEST(Backoff, WaitsTwiceAsLongEachTimeAndThenNoMore) {
  Backoff backoff;
  EXPECT_EQ(backoff.next(), 250ms);
  EXPECT_EQ(backoff.next(), 500ms);
  auto all = 750ms;
  auto last = 0ms;
  while (const auto wait = backoff.next()) all += last = *wait;
  EXPECT_EQ(last, Backoff::longest);
  EXPECT_GE(all, Backoff::patience);
  backoff.reset();
  EXPECT_EQ(backoff.next(), 250ms);
}

TEST(Refusal, SaysWhatTheServerSaidAndWhereItIsWrong) {
  const Error error = refusal(
      400, R"({"error":"Bad","code":"invalid","details":[{"field":"timeout","problem":"must be at most 300"}]})",
      "http://a");
  EXPECT_STREQ(error.what(), "the server refuses: Bad; timeout: must be at most 300");
  EXPECT_EQ(error.code(), ErrorCode::invalid_request);
}

TEST(Refusal, ShowsNoControlCharacters) {
  EXPECT_THAT(refusal(404, "{\"error\":\"a\\u001b[31m\\nb\"}", "http://a").what(), HasSubstr("a?[31m?b"));
}

TEST(Refusal, KnowsAStranger) {
  EXPECT_THAT(refusal(502, "<html>", "http://a").what(),
              AllOf(HasSubstr("http://a"), HasSubstr("502"), HasSubstr("--server")));
  EXPECT_THAT(refusal(400, R"({"error":7})", "http://a").what(), HasSubstr("is --server right?"));
}

TEST(Refusal, SaysWhatMayWorkLater) {
  EXPECT_TRUE(refusal(429, R"({"error":"x"})", "http://a").retryable());
  EXPECT_TRUE(refusal(503, R"({"error":"x"})", "http://a").retryable());
  EXPECT_FALSE(refusal(401, R"({"error":"x"})", "http://a").retryable());
}

TEST(Printable, KeepsLettersOfEveryLanguageAndNothingThatMovesTheCursor) {
  EXPECT_EQ(printable("grün 漢"), "grün 漢");
  EXPECT_EQ(printable("a\x1b[2J\r\n\x7f\xC2\x9B"
                      "b"),
            "a?[2J????b");
}

}  // namespace
}  // namespace pysandbox::cli

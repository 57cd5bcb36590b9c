// The small things: ids, times, refusals, waits, names in archives.
#include <boost/json/object.hpp>

#include <gmock/gmock.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <pysandbox/error.hpp>

#include "api/refusal.hpp"
#include "api/time_text.hpp"
#include "api/wait_time.hpp"
#include "api/wire_id.hpp"
#include "api/zip_stream.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::api {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(WireIds, HaveDashesOutsideAndNoneInside) {
  EXPECT_EQ(to_wire_id("084eaaed951a42b1a68d785613793f21"), "084eaaed-951a-42b1-a68d-785613793f21");
  EXPECT_EQ(parse_wire_id("084eaaed-951a-42b1-a68d-785613793f21"), "084eaaed951a42b1a68d785613793f21");
  EXPECT_EQ(parse_wire_id("084eaaed951a42b1a68d785613793f21"), "084eaaed951a42b1a68d785613793f21");
  EXPECT_EQ(parse_wire_id("084EAAED-951A-42B1-A68D-785613793F21"), "084eaaed951a42b1a68d785613793f21");
}

TEST(WireIds, AreNothingElse) {
  for (const std::string& text :
       {""s, "1"s, "../../etc/passwd"s, "084eaaed951a42b1a68d785613793f2"s, "084eaaed951a42b1a68d785613793f211"s,
        "084eaaed951a42b1a68d785613793f2g"s, "084eaaed951a-42b1-a68d-785613793f21"s,
        "084eaaed-951a-42b1-a68d785613793f21-"s, "-84eaaed-951a-42b1-a68d-785613793f21"s,
        "084eaaed-951a-42b1-a68d-785613793f2\0"s, "084eaaed/951a/42b1/a68d/785613793f21"s,
        "{084eaaed-951a-42b1-a68d-785613793f21}"s, "084eaaed-951a-42b1-a68d-785613793f21 "s,
        "' OR 1=1 -- aaaaaaaaaaaaaaaaaaaaa"s, "--------------------------------"s,
        "\xef\xbc\x90"
        "84eaaed951a42b1a68d785613793f2"s}) {
    EXPECT_FALSE(parse_wire_id(text)) << text;
  }
}

TEST(Times, HaveMillisecondsAndAreInUtc) {
  using Time = std::chrono::system_clock::time_point;
  EXPECT_EQ(time_text(Time(1746359544877ms)), "2025-05-04T11:52:24.877Z");
  EXPECT_EQ(time_text(Time(0ms)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(time_text(Time(951782399999ms) + 999us), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(time_text(Time(951782400000ms)), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(time_text(Time(-1ms)), "1969-12-31T23:59:59.999Z");
}

std::string header(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

struct StatusOf {
  ErrorCode code;
  int status;
  std::string_view word;
};

TEST(Refusals, GiveEveryErrorItsStatusAndWord) {
  const std::vector<StatusOf> cases{
      {ErrorCode::invalid_request, 400, "invalid_request"},
      {ErrorCode::not_found, 404, "not_found"},
      {ErrorCode::conflict, 409, "conflict"},
      {ErrorCode::too_large, 413, "too_large"},
      {ErrorCode::overloaded, 429, "overloaded"},
      {ErrorCode::unavailable, 503, "unavailable"},
      {ErrorCode::environment_failed, 500, "internal"},
      {ErrorCode::sandbox_unavailable, 503, "sandbox_unavailable"},
      {ErrorCode::internal, 500, "internal"},
  };
  for (const StatusOf& expected : cases) {
    const Error error(expected.code, "a sentence");
    const http::Response response = error_response(error, "r-7");
    const auto body = parse_json(std::get<std::string>(response.body));
    EXPECT_EQ(response.status, expected.status);
    EXPECT_EQ(body.at("code"), boost::json::string_view(expected.word.data(), expected.word.size()));
    EXPECT_EQ(body.at("request_id"), "r-7");
    EXPECT_TRUE(body.at("details").is_array());
    EXPECT_EQ(header(response, "Content-Type"), "application/json; charset=utf-8");
    EXPECT_EQ(header(response, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header(response, "Cache-Control"), "no-store");
    EXPECT_EQ(!header(response, "Retry-After").empty(), response.status == 429 || response.status == 503);
    EXPECT_EQ(is_own_failure(error), expected.status >= 500);
    EXPECT_EQ(body.at("error") == "a sentence", expected.status < 500);
  }
}

TEST(Refusals, TellNothingOfTheInside) {
  for (const auto& response : {error_response(std::runtime_error("/secret/path"), "r"),
                               error_response(Error(ErrorCode::internal, "/secret/path"), "r"),
                               error_response(Error(ErrorCode::unavailable, "/secret/path"), "r")}) {
    EXPECT_THAT(std::get<std::string>(response.body), Not(HasSubstr("secret")));
  }
  EXPECT_TRUE(is_own_failure(std::runtime_error("")));
}

TEST(Refusals, StayJsonWhateverTheyQuote) {
  const auto response = error_response(wrong_field("a\"\r\n<b>\xff", "is \"\x80\\"), "r\xff");
  const auto body = parse_json(std::get<std::string>(response.body));
  EXPECT_TRUE(body.at("details").at(0).at("field").is_string());
}

std::optional<std::chrono::milliseconds> wait_with(const std::string& query, const std::string& prefer) {
  http::Request request;
  if (!query.empty()) request.query = {{"wait", query}};
  if (!prefer.empty()) request.headers = {{"prefer", prefer}};
  return wait_of(request, {});
}

TEST(Waits, AreInTheQueryOrInPrefer) {
  EXPECT_EQ(wait_with("30", ""), 30s);
  EXPECT_EQ(wait_with("0.5", ""), 500ms);
  EXPECT_EQ(wait_with("true", ""), 60s);
  EXPECT_EQ(wait_with("false", ""), 0s);
  EXPECT_EQ(wait_with("", "wait=30"), 30s);
  EXPECT_EQ(wait_with("", "respond-async, Wait = 7;x=y"), 7s);
  EXPECT_EQ(wait_with("", "wait=1, wait=2"), 1s);
  EXPECT_EQ(wait_with("", "wait=100000"), 300s);
  EXPECT_EQ(wait_with("5", "wait=30"), 5s);
  EXPECT_EQ(wait_with("", "return=minimal"), std::nullopt);
  EXPECT_EQ(wait_with("", "wait=soon"), std::nullopt);
  EXPECT_EQ(wait_with("", "wait=-1"), std::nullopt);
  EXPECT_EQ(wait_with("", "wait=99999999999999999999"), std::nullopt);
  EXPECT_EQ(wait_with("", ""), std::nullopt);
  for (const auto* wrong : {"soon", "-1", "301", "1e9", "nan", "inf", "1s", "0x10"})
    EXPECT_THROW(wait_with(wrong, ""), Refusal) << wrong;
}

TEST(ZipNames, StayAsTheyAreIfTheyAreHarmless) {
  EXPECT_THAT(zip_names({"a.txt", "d/e/b.png", "\xc3\xa9 \xe2\x82\xac.csv", ".x", "a b"}),
              ElementsAre("a.txt", "d/e/b.png", "\xc3\xa9 \xe2\x82\xac.csv", ".x", "a b"));
}

TEST(ZipNames, LeadNowhereElse) {
  EXPECT_THAT(
      zip_names(
          {"../a", "/etc/b", "x/../../c", "d//e", "./f", "..\\g", "C:\\h", "i\r\nj", "..", "", "k\0l"s, "<m>|?*\""}),
      ElementsAre("a", "etc/b", "x/c", "d/e", "f", ".._g", "C__h", "i__j", "file", "file (2)", "k_l", "_m_____"));
}

TEST(ZipNames, AreNeverAlike) {
  EXPECT_THAT(zip_names({"a.txt", "A.TXT", "\xff", "\xfe", "x/n", "x//n", "a (2).txt"}),
              ElementsAre("a.txt", "A (2).TXT", "\xef\xbf\xbd", "\xef\xbf\xbd (2)", "x/n", "x/n (2)", "a (2) (2).txt"));
  const std::vector<std::string> many = zip_names(std::vector<std::string>(10'000, "a:b"));
  EXPECT_EQ(many.back(), "a_b (10000)");
}

}  // namespace
}  // namespace pysandbox::api

// JSON texts that a strict reader takes or refuses, after the kinds of JSONTestSuite.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "api/job_body.hpp"
#include "api/refusal.hpp"

namespace pysandbox::api {
namespace {

using namespace std::string_literals;

std::string with_metadata(const std::string& value) { return R"({"code": "pass", "metadata": )" + value + "}"; }

std::string refusal_word(const std::string& text) {
  try {
    parse_job_body(text, {});
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.status(), 400);
    return refusal.word();
  }
  return "";
}

std::string nested(std::size_t levels, const std::string& open, const std::string& close) {
  std::string text;
  for (std::size_t level = 0; level < levels; ++level) text += open;
  text += "1";
  for (std::size_t level = 0; level < levels; ++level) text += close;
  return text;
}

TEST(JsonTexts, TakesEveryKindOfValue) {
  const std::vector<std::string> values{
      "0",
      "-0",
      "1",
      "-1",
      "123456789",
      "0.5",
      "-0.5",
      "1e2",
      "1E2",
      "1e+2",
      "1e-2",
      "0e0",
      "0.0e1",
      "1.5e300",
      "1e-400",
      "9223372036854775807",
      "-9223372036854775808",
      "18446744073709551615",
      "18446744073709551616",
      "100000000000000000000000000000000000000",
      "true",
      "false",
      R"("text")",
      R"("\u0000")",
      R"("\u0061")",
      R"("\ud83d\ude00")",
      R"("\"\\\/\b\f\n\r\t")",
      "\"\xc3\xa9\"",
      "\"\xe2\x82\xac\"",
      "\"\xf0\x9f\x98\x80\"",
      "\"\xef\xbf\xbf\"",
      "\"\x7f\"",
      R"("\u2028")",
      "[]",
      "[1]",
      "[1,2]",
      "[ ]",
      "[null]",
      "[[]]",
      "{}",
      "{ }",
      R"({"a":1})",
      R"({"a":{"a":1}})",
      R"({"":1})",
      R"({"a":1,"b":1})",
      R"([{"a":1},{"a":1}])",
      R"({"\u0061b":1})",
      "\t\r\n 1 \t\r\n",
      R"({"a" : [ 1 , 2 ] })",
      nested(31, "[", "]"),
      nested(31, R"({"a":)", "}"),
  };
  for (const std::string& value : values) EXPECT_EQ(refusal_word(with_metadata(value)), "") << value;
  EXPECT_EQ(refusal_word(" \t\r\n" + with_metadata("1") + " \t\r\n"), "");
}

TEST(JsonTexts, RefusesWhatIsNoJson) {
  const std::vector<std::string> values{
      "",
      "01",
      "-01",
      "+1",
      ".5",
      "5.",
      "1.e1",
      "1e",
      "1e+",
      "0x1",
      "1_000",
      "--1",
      "-",
      "NaN",
      "Infinity",
      "-Infinity",
      "1 2",
      "1a",
      "True",
      "TRUE",
      "nul",
      "undefined",
      "'a'",
      "\"a",
      "a",
      R"("\x41")",
      R"("\u12")",
      R"("\u12g4")",
      R"("\U0041")",
      "\"\\\"",
      R"("\a")",
      "\"\n\"",
      "\"\t\"",
      "\"\r\"",
      "\"\0\""s,
      "\"\x1f\"",
      "[1",
      "[1,",
      "[1,]",
      "[,1]",
      "[,]",
      "[1 2]",
      "[1;2]",
      "1]",
      "{",
      "{,}",
      R"({"a")",
      R"({"a":)",
      R"({"a":1,})",
      R"({"a" 1})",
      R"({"a"=1})",
      "{a:1}",
      "{1:1}",
      "{'a':1}",
      R"({"a":1 "b":2})",
      R"({"a":1,,"b":2})",
      R"({null:1})",
      "[}",
      "{]",
      "// note\n1",
      "/* note */ 1",
      "# note\n1",
      "1 // note",
      "\xef\xbb\xbf"
      "1",
      "\0"s,
      "1\0"s,
      "\xc2\xa0"
      "1",
      "\x0c"
      "1",
  };
  for (const std::string& value : values) EXPECT_EQ(refusal_word(with_metadata(value)), "invalid_json") << value;
}

TEST(JsonTexts, RefusesBytesThatAreNoUtf8) {
  const std::vector<std::string> bytes{
      "\x80",
      "\xbf",
      "\xc3",
      "\xc3(",
      "\xc0\x80",
      "\xc1\xbf",
      "\xe2\x82",
      "\xe0\x80\x80",
      "\xed\xa0\x80",
      "\xed\xbf\xbf",
      "\xf0\x9f\x98",
      "\xf0\x80\x80\x80",
      "\xf4\x90\x80\x80",
      "\xf5\x80\x80\x80",
      "\xfe",
      "\xff",
      "\xf8\x88\x80\x80\x80",
  };
  for (const std::string& wrong : bytes) {
    EXPECT_EQ(refusal_word(with_metadata('"' + wrong + '"')), "invalid_json");
    EXPECT_EQ(refusal_word(with_metadata("{\"" + wrong + "\": 1}")), "invalid_json");
    EXPECT_EQ(refusal_word(with_metadata(wrong)), "invalid_json");
  }
}

TEST(JsonTexts, RefusesHalvesOfSurrogatePairs) {
  for (const auto* half :
       {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("\ude00\ud83d")", R"("\ud83d\ud83d")"}) {
    EXPECT_EQ(refusal_word(with_metadata(half)), "invalid_json") << half;
  }
}

TEST(JsonTexts, RefusesKeysThatAreGivenTwiceAtAnyDepth) {
  EXPECT_EQ(refusal_word(R"({"code": "a", "code": "b"})"), "invalid_json");
  EXPECT_EQ(refusal_word("{\"code\": \"a\", \"c\\u006fde\": \"b\"}"), "invalid_json");
  EXPECT_EQ(refusal_word(with_metadata(R"({"a": [{"b": 1, "c": 2, "b": 3}]})")), "invalid_json");
}

TEST(JsonTexts, RefusesWhatIsTooDeepWithoutFallingOver) {
  EXPECT_EQ(refusal_word(with_metadata(nested(32, "[", "]"))), "invalid_json");
  EXPECT_EQ(refusal_word(with_metadata(nested(32, R"({"a":)", "}"))), "invalid_json");
  EXPECT_EQ(refusal_word(nested(1'000'000, "[", "]")), "invalid_json");
  EXPECT_EQ(refusal_word(std::string(1'000'000, '[')), "invalid_json");
  EXPECT_EQ(refusal_word(nested(1'000'000, R"({"a":)", "}")), "invalid_json");
}

TEST(JsonTexts, RefusesDocumentsThatAreNoObject) {
  for (const auto* text : {"1", "null", "true", R"("{\"code\": \"pass\"}")", R"([{"code": "pass"}])", "[]"}) {
    EXPECT_EQ(refusal_word(text), "invalid_request") << text;
  }
  EXPECT_EQ(refusal_word(""), "invalid_json");
  EXPECT_EQ(refusal_word("code=pass"), "invalid_json");
}

}  // namespace
}  // namespace pysandbox::api

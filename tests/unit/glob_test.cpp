#include "value/glob.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include <pysandbox/error.hpp>

#include "value/text.hpp"

namespace pysandbox {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

bool matches(std::string_view pattern, std::string_view path) { return Glob(pattern).matches(characters(path)); }

std::string refusal_of(std::string_view pattern) {
  try {
    const Glob glob(pattern);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_request);
    EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused in " << pattern;
  return "";
}

// Tries everything, as the definition says it; for short patterns without classes.
bool matches_by_definition(std::string_view pattern, std::string_view path) {
  if (pattern == "**" || pattern.starts_with("**/")) {
    const std::string_view rest = pattern.substr(std::min<std::size_t>(pattern.size(), 3));
    if (rest.empty() ? path.empty() : matches_by_definition(rest, path)) return true;
    const std::size_t slash = path.find('/');
    if (path.empty()) return false;
    return matches_by_definition(pattern, slash == std::string_view::npos ? "" : path.substr(slash + 1));
  }
  const auto part_matches = [](const auto& again, std::string_view wanted, std::string_view part) -> bool {
    if (wanted.empty()) return part.empty();
    if (wanted.front() == '*') {
      return again(again, wanted.substr(1), part) || (!part.empty() && again(again, wanted, part.substr(1)));
    }
    return !part.empty() && (wanted.front() == '?' || wanted.front() == part.front()) &&
           again(again, wanted.substr(1), part.substr(1));
  };
  if (path.empty()) return false;
  const std::size_t pattern_slash = pattern.find('/');
  const std::size_t path_slash = path.find('/');
  if (!part_matches(part_matches, pattern.substr(0, pattern_slash), path.substr(0, path_slash))) return false;
  const std::string_view pattern_rest = pattern_slash == pattern.npos ? "" : pattern.substr(pattern_slash + 1);
  const std::string_view path_rest = path_slash == path.npos ? "" : path.substr(path_slash + 1);
  return pattern_rest.empty() ? path_rest.empty() : matches_by_definition(pattern_rest, path_rest);
}

TEST(Glob, MatchesANameAsItIsWritten) {
  EXPECT_TRUE(matches("a.txt", "a.txt"));
  EXPECT_TRUE(matches("sub/a.txt", "sub/a.txt"));
  EXPECT_FALSE(matches("a.txt", "a.txt2"));
  EXPECT_FALSE(matches("a.txt", "a.tx"));
  EXPECT_FALSE(matches("a.txt", "aXtxt"));
  EXPECT_FALSE(matches("a.txt", "A.TXT"));
  EXPECT_FALSE(matches("a.txt", "sub/a.txt"));
  EXPECT_FALSE(matches("sub", "sub/a.txt"));
  EXPECT_FALSE(matches("sub/a.txt", "sub"));
}

TEST(Glob, StopsAStarAtASlash) {
  EXPECT_TRUE(matches("*", "a.txt"));
  EXPECT_FALSE(matches("*", "sub/a.txt"));
  EXPECT_TRUE(matches("*.csv", "a.csv"));
  EXPECT_TRUE(matches("*.csv", ".csv"));
  EXPECT_FALSE(matches("*.csv", "a.csv.gz"));
  EXPECT_FALSE(matches("*.csv", "sub/a.csv"));
  EXPECT_TRUE(matches("sub/*", "sub/a"));
  EXPECT_FALSE(matches("sub/*", "sub/b/a"));
  EXPECT_TRUE(matches("*/*", "sub/a"));
  EXPECT_TRUE(matches("a*b*c", "aXbYbZc"));
  EXPECT_TRUE(matches("a*b*c", "abc"));
  EXPECT_FALSE(matches("a*b*c", "acb"));
  EXPECT_TRUE(matches("a***b", "ab"));
  EXPECT_TRUE(matches("a**b", "aXb"));
  EXPECT_FALSE(matches("a**b", "aX/Yb"));
}

TEST(Glob, TakesOneLetterForAQuestionMark) {
  EXPECT_TRUE(matches("?.txt", "a.txt"));
  EXPECT_FALSE(matches("?.txt", ".txt"));
  EXPECT_FALSE(matches("?.txt", "ab.txt"));
  EXPECT_FALSE(matches("a?b", "a/b"));
  EXPECT_TRUE(matches("?.txt", "\xc3\xbc.txt"));
  EXPECT_TRUE(matches("?", "\xf0\x9f\x90\x8d"));
  EXPECT_TRUE(matches("?", "\xff"));
  EXPECT_FALSE(matches("?", "\xff\xff"));
}

TEST(Glob, TakesOneLetterOfAClass) {
  EXPECT_TRUE(matches("[a-c]1", "b1"));
  EXPECT_FALSE(matches("[a-c]1", "d1"));
  EXPECT_TRUE(matches("[a-cx]", "x"));
  EXPECT_TRUE(matches("[abc]", "c"));
  EXPECT_FALSE(matches("[!a-c]", "b"));
  EXPECT_TRUE(matches("[!a-c]", "d"));
  EXPECT_FALSE(matches("x[!a]y", "x/y"));
  EXPECT_FALSE(matches("x[ -~]y", "x/y")) << "a '/' is between parts, whatever the class says";
  EXPECT_TRUE(matches("[]]", "]"));
  EXPECT_TRUE(matches("[]a]", "a"));
  EXPECT_FALSE(matches("[!]]", "]"));
  EXPECT_TRUE(matches("[a-]", "-"));
  EXPECT_TRUE(matches("[-a]", "-"));
  EXPECT_FALSE(matches("[a-]", "b"));
  EXPECT_TRUE(matches("[a!]", "!"));
  EXPECT_TRUE(matches("[*][?][[]", "*?["));
  EXPECT_FALSE(matches("[*]", "a"));
  EXPECT_TRUE(matches("[\xc3\xa0-\xc3\xbf]", "\xc3\xbc"));
  EXPECT_FALSE(matches("[\xc3\xa0-\xc3\xbf]", "\xc3"));
  EXPECT_TRUE(matches("a]", "a]"));
}

TEST(Glob, TakesAnyNumberOfPartsForTwoStars) {
  for (const char* path : {"a", "sub/a", "sub/deep/a"}) {
    EXPECT_TRUE(matches("**", path)) << path;
    EXPECT_TRUE(matches("**/a", path)) << path;
    EXPECT_TRUE(matches("**/**/a", path)) << path;
    EXPECT_TRUE(matches("**/*", path)) << path;
    EXPECT_FALSE(matches("**/b", path)) << path;
  }
  EXPECT_FALSE(matches("**/a", "ba"));
  EXPECT_FALSE(matches("**/a", "sub/ba"));
  EXPECT_TRUE(matches("sub/**", "sub/a"));
  EXPECT_TRUE(matches("sub/**", "sub/deep/a"));
  EXPECT_TRUE(matches("sub/**", "sub"));
  EXPECT_FALSE(matches("sub/**", "subway/a"));
  EXPECT_TRUE(matches("a/**/b", "a/b"));
  EXPECT_TRUE(matches("a/**/b", "a/x/y/b"));
  EXPECT_FALSE(matches("a/**/b", "a/x/y/c"));
  EXPECT_FALSE(matches("a/**/b", "ab"));
  EXPECT_TRUE(matches("**/x/**/y", "a/x/b/x/c/y"));
  EXPECT_FALSE(matches("**/x/**/y", "a/y/x"));
  EXPECT_FALSE(matches("***", "sub/a")) << "that is one part";
}

TEST(Glob, AgreesWithItsDefinition) {
  std::mt19937 random(1);
  const auto word = [&](std::string_view letters, std::size_t longest) {
    std::string text;
    for (std::size_t count = 1 + random() % longest; count > 0; --count) text += letters[random() % letters.size()];
    return text;
  };
  const auto joined = [&](const auto& part) {
    std::string text = part();
    for (std::size_t count = random() % 4; count > 0; --count) text += "/" + part();
    return text;
  };
  int matched = 0;
  for (int trial = 0; trial < 200'000; ++trial) {
    const std::string pattern = joined([&] { return random() % 4 == 0 ? "**"s : word("ab*?", 4); });
    const std::string path = joined([&] { return word("ab", 4); });
    const bool expected = matches_by_definition(pattern, path);
    ASSERT_EQ(matches(pattern, path), expected) << pattern << " and " << path;
    matched += expected ? 1 : 0;
  }
  EXPECT_GT(matched, 10'000);
}

TEST(Glob, KnowsEveryPlaceOfALongPattern) {
  for (const std::size_t length : {62U, 63U, 64U, 65U, 127U, 128U, 255U}) {
    const std::string name(length, 'n');
    EXPECT_TRUE(matches(name, name));
    EXPECT_FALSE(matches(name, name + "n"));
    EXPECT_FALSE(matches(name, name.substr(1)));
    EXPECT_TRUE(matches(name + "*", name + "more"));
    EXPECT_TRUE(matches("**/" + name + "/*/**/b*", "a/" + name + "/c/d/e/b"));
    EXPECT_FALSE(matches("**/" + name + "/*/**/b*", "a/" + name + "/b"));
  }
}

// Whoever tries one way after the other has not ended before the test is stopped.
TEST(Glob, TakesItsTimeByTheLengthAndNotByTheWaysThereAre) {
  const std::string part(255, 'a');
  std::string deep = part;
  while (deep.size() + 256 <= 4'096) deep += "/" + part;
  std::string stars;
  while (stars.size() + 2 < Glob::maximum_bytes) stars += "a*";
  std::string parts;
  while (parts.size() + 7 < Glob::maximum_bytes) parts += "**/a*/";
  for (const std::string& pattern : {"*a*a*a*a*b"s, stars + "b", parts + "b", "**/" + stars.substr(0, 500) + "b"}) {
    EXPECT_FALSE(matches(pattern, part)) << pattern;
    EXPECT_FALSE(matches(pattern, deep)) << pattern;
  }
  EXPECT_TRUE(matches("*a*a*a*a*b", part.substr(1) + "b"));

  const Globs hundred(std::vector<std::string>(100, stars + "b"));
  for (int file = 0; file < 100; ++file) EXPECT_FALSE(hundred.match(part + std::to_string(file)));
}

TEST(Glob, RefusesWhatNoPathCanMatchAndSaysWhatToDo) {
  EXPECT_THAT(refusal_of(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal_of("/workspace/a"), HasSubstr("'/workspace/a' is absolute; write it relative to the workspace"));
  for (const char* pattern : {"./a", "../a", "a/../b", "a//b", "a/", ".", "..", "*/./*"}) {
    EXPECT_THAT(refusal_of(pattern), HasSubstr("empty, '.' or '..' part")) << pattern;
  }
  for (const char* pattern : {"[", "[a", "[]", "[!]", "a[b/c]", "[!", "[a-"}) {
    EXPECT_THAT(refusal_of(pattern), HasSubstr("'[' without its ']'")) << pattern;
  }
  EXPECT_THAT(refusal_of("[z-a]"), HasSubstr("backwards"));
  EXPECT_THAT(refusal_of("a\0b"s), HasSubstr("NUL"));
  EXPECT_THAT(refusal_of("two\n//"), HasSubstr("'two\\x0a//'"));
  EXPECT_THAT(refusal_of(std::string(513, 'a')), HasSubstr("513 bytes where at most 512"));
  EXPECT_NO_THROW(Glob(std::string(512, 'a')));
}

TEST(Globs, MatchWhatOneOfThemMatches) {
  const Globs globs({"*.csv", "plots/**"});
  EXPECT_TRUE(globs.match("a.csv"));
  EXPECT_TRUE(globs.match("plots/deep/a.png"));
  EXPECT_FALSE(globs.match("a.png"));
}

TEST(Globs, MatchEverythingWhenThereAreNone) {
  EXPECT_TRUE(Globs().match("sub/a.txt"));
  EXPECT_TRUE(Globs(std::vector<std::string>{}).match("a"));
}

}  // namespace
}  // namespace pysandbox

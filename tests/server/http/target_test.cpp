#include "http/target.hpp"

#include <gtest/gtest.h>

namespace pysandbox::http {
namespace {

using Segments = std::vector<std::string>;
using Query = std::vector<std::pair<std::string, std::string>>;

TEST(ParseTarget, TakesPathsApart) {
  EXPECT_EQ(parse_target("/")->segments, Segments());
  EXPECT_EQ(parse_target("/api/jobs")->segments, (Segments{"api", "jobs"}));
  EXPECT_EQ(parse_target("/api/jobs/")->segments, (Segments{"api", "jobs", ""}));
  EXPECT_EQ(parse_target("/a%20b/%C3%A9/%41")->segments, (Segments{"a b", "\u00e9", "A"}));
  EXPECT_EQ(parse_target("/a;x=1/b+c")->segments, (Segments{"a;x=1", "b+c"}));
  EXPECT_EQ(parse_target("/.../.a/a./..b")->segments, (Segments{"...", ".a", "a.", "..b"}));
  EXPECT_EQ(parse_target("/%252e")->segments, (Segments{"%2e"}));
}

TEST(ParseTarget, TakesQueriesApart) {
  EXPECT_EQ(parse_target("/?a=1&b=2")->query, (Query{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(parse_target("/?a=1&a=2")->query, (Query{{"a", "1"}, {"a", "2"}}));
  EXPECT_EQ(parse_target("/?a&b=&=c&&")->query, (Query{{"a", ""}, {"b", ""}, {"", "c"}}));
  EXPECT_EQ(parse_target("/?a=b=c&d=x+y%2Bz%26")->query, (Query{{"a", "b=c"}, {"d", "x y+z&"}}));
  EXPECT_EQ(parse_target("/?a=/../?b")->query, (Query{{"a", "/../?b"}}));
  EXPECT_EQ(parse_target("/a?")->query, Query());
  EXPECT_EQ(parse_target("/?files[]=x")->query, (Query{{"files[]", "x"}}));
}

TEST(ParseTarget, RefusesWhatCouldBeReadInTwoWays) {
  for (const char* bad : {"",        "a",       "*",       "http://a/", "//",    "//a",       "/a//b",   "/a//",
                          "/.",      "/..",     "/a/../b", "/a/./b",    "/a/..", "/%2e",      "/%2E%2e", "/a/.%2e/b",
                          "/a%2fb",  "/a%2Fb",  "/%",      "/%4",       "/%zz",  "/a%00b",    "/%0",     "/?a=%",
                          "/?a=%zz", "/?a=%00", "/?%00=a", "/a#b",      "/a b",  "/\xc3\xa9", "/a\\b"})
    EXPECT_FALSE(parse_target(bad)) << bad;
}

}  // namespace
}  // namespace pysandbox::http

#include "http/range.hpp"

#include <gtest/gtest.h>

#include "http/entity_tag.hpp"

namespace pysandbox::http {
namespace {

// "whole", "none", or Content-Range.
std::string choose(std::string_view field, std::uint64_t size) {
  const RangeChoice choice = choose_range(field, size);
  if (std::holds_alternative<WholeFile>(choice)) return "whole";
  if (const auto* range = std::get_if<ByteRange>(&choice)) return content_range(*range, size);
  return "none";
}

TEST(ChooseRange, FindsThePart) {
  EXPECT_EQ(choose("bytes=0-9", 100), "bytes 0-9/100");
  EXPECT_EQ(choose("bytes=0-0", 100), "bytes 0-0/100");
  EXPECT_EQ(choose("bytes=90-", 100), "bytes 90-99/100");
  EXPECT_EQ(choose("bytes=90-200", 100), "bytes 90-99/100");
  EXPECT_EQ(choose("bytes=-10", 100), "bytes 90-99/100");
  EXPECT_EQ(choose("bytes=-200", 100), "bytes 0-99/100");
  EXPECT_EQ(choose("Bytes= 5-6 ", 100), "bytes 5-6/100");
  EXPECT_EQ(choose("bytes=0-99999999999999999999999", 100), "bytes 0-99/100");
  EXPECT_EQ(choose("bytes=18446744073709551614-", 18446744073709551615U),
            "bytes 18446744073709551614-18446744073709551614/18446744073709551615");
}

TEST(ChooseRange, TellsThatThereIsNoSuchPart) {
  for (const char* field : {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"})
    EXPECT_EQ(choose(field, 100), "none") << field;
  EXPECT_EQ(choose("bytes=0-", 0), "none");
  EXPECT_EQ(choose("bytes=-5", 0), "none");
  EXPECT_EQ(content_range(Unsatisfiable{}, 100), "bytes */100");
}

TEST(ChooseRange, TakesWhatItDoesNotKnowForNothing) {
  for (const char* field :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=5-4", "bytes=0-1,3-4", "bytes=0-1,",
        "items=0-1", "bytes=1-2-3", "bytes=0x1-2", "bytes=+1-2", "bytes=- 5", "bytes 0-1", "bytes=1 -2"})
    EXPECT_EQ(choose(field, 100), "whole") << field;
}

TEST(EntityTag, IsFoundInAList) {
  EXPECT_TRUE(matches_any("\"a\"", "\"a\""));
  EXPECT_TRUE(matches_any("W/\"a\"", "\"a\""));
  EXPECT_TRUE(matches_any("\"x\", \"a\"", "\"a\""));
  EXPECT_TRUE(matches_any(" \"x,y\" ,W/\"a\"", "\"a\""));
  EXPECT_TRUE(matches_any(" * ", "\"a\""));
  for (const char* field : {"", "a", "\"b\"", "\"a", "a\"", "\"A\"", "\"x\" \"a\"", "x, \"a\"", ","})
    EXPECT_FALSE(matches_any(field, "\"a\"")) << field;
}

TEST(EntityTag, OfARangeMustBeTheSame) {
  EXPECT_TRUE(matches_strongly("\"a\"", "\"a\""));
  for (const char* field : {"W/\"a\"", "\"b\"", "a", "*", "", "Tue, 15 Nov 1994 12:45:26 GMT"})
    EXPECT_FALSE(matches_strongly(field, "\"a\"")) << field;
  EXPECT_FALSE(matches_strongly("W/\"a\"", "W/\"a\""));
}

}  // namespace
}  // namespace pysandbox::http

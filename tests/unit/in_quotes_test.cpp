#include "support/in_quotes.hpp"

#include <gtest/gtest.h>

namespace pysandbox {
namespace {

TEST(InQuotes, LeavesVisibleCharactersAlone) {
  EXPECT_EQ(in_quotes("a b.txt"), "'a b.txt'");
  EXPECT_EQ(in_quotes("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8d"), "'gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8d'");
  EXPECT_EQ(in_quotes(""), "''");
}

TEST(InQuotes, WritesWhatCannotBeSeenAsHexadecimalDigits) {
  EXPECT_EQ(in_quotes("a\nb"), "'a\\x0ab'");
  EXPECT_EQ(in_quotes("\x1b[31m"), "'\\x1b[31m'");
  EXPECT_EQ(in_quotes(std::string_view("\0", 1)), "'\\x00'");
  EXPECT_EQ(in_quotes("\xc2\x9b"), "'\\xc2\\x9b'");           // a terminal's control character
  EXPECT_EQ(in_quotes("\xe2\x80\xae"), "'\\xe2\\x80\\xae'");  // turns the writing direction
  EXPECT_EQ(in_quotes("\xe2\x80\xa8"), "'\\xe2\\x80\\xa8'");  // a line separator
}

TEST(InQuotes, WritesWrongBytesAsHexadecimalDigits) {
  EXPECT_EQ(in_quotes("\xff"), "'\\xff'");
  EXPECT_EQ(in_quotes("a\xc3"), "'a\\xc3'");  // cut short
  EXPECT_EQ(in_quotes("\xc3("), "'\\xc3('");
  EXPECT_EQ(in_quotes("\xc0\xaf"), "'\\xc0\\xaf'");  // longer than needed
  EXPECT_EQ(in_quotes("\xe0\x80\xaf"), "'\\xe0\\x80\\xaf'");
  EXPECT_EQ(in_quotes("\xed\xa0\x80"), "'\\xed\\xa0\\x80'");           // half of a pair
  EXPECT_EQ(in_quotes("\xf4\x90\x80\x80"), "'\\xf4\\x90\\x80\\x80'");  // beyond Unicode
}

TEST(InQuotes, CannotBeTakenForSomethingElse) {
  EXPECT_EQ(in_quotes("it's"), "'it\\x27s'");
  EXPECT_EQ(in_quotes("\\x0a"), "'\\x5cx0a'");
}

}  // namespace
}  // namespace pysandbox

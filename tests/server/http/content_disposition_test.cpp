#include "http/content_disposition.hpp"

#include <gtest/gtest.h>

#include "http/field_parameters.hpp"

namespace pysandbox::http {
namespace {

using namespace std::string_literals;

TEST(Attachment, KeepsASimpleName) { EXPECT_EQ(attachment("out.csv"), "attachment; filename=\"out.csv\""); }

TEST(Attachment, SpellsOtherNamesTwice) {
  EXPECT_EQ(attachment("na\u00efve \u2603.txt"),
            "attachment; filename=\"na_ve _.txt\"; filename*=UTF-8''na%C3%AFve%20%E2%98%83.txt");
  EXPECT_EQ(attachment("100%.txt"), "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt");
}

TEST(Attachment, TellsNoFolder) {
  EXPECT_EQ(attachment("a/b/c.txt"), "attachment; filename=\"c.txt\"");
  EXPECT_EQ(attachment("a/"), "attachment; filename=\"file\"");
}

TEST(Attachment, LetsNoNameBreakOut) {
  for (const std::string& name :
       {"a\"; filename=\"b.exe"s, "a\r\nSet-Cookie: x"s, "a\\\"b"s, "a\0b"s, "\x7f\x1b[2J"s, "\xff\xfe"s, "';--"s}) {
    const std::string value = attachment(name);
    for (const char byte : value) EXPECT_TRUE(byte >= ' ' && byte < 0x7f) << testing::PrintToString(value);
    const auto parsed = parse_field_parameters(value);
    ASSERT_TRUE(parsed) << value;
    EXPECT_EQ(parsed->value, "attachment");
    EXPECT_LE(parsed->parameters.size(), 2u);
    EXPECT_EQ(parsed->parameters.front().first, "filename");
    for (const char* control : {"%0D", "%0A", "%00", "%1B"}) EXPECT_EQ(value.find(control), std::string::npos) << value;
  }
}

TEST(FieldParameters, TakesAFieldApart) {
  const auto parsed =
      parse_field_parameters("Form-Data; name=\"a;b\" ; FileName=\"C:\\dir\\x \\\"y\\\".txt\"; plain=token ;");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->value, "form-data");
  EXPECT_EQ(*parsed->find("name"), "a;b");
  EXPECT_EQ(*parsed->find("filename"), "C:\\dir\\x \"y\".txt");
  EXPECT_EQ(*parsed->find("plain"), "token");
  EXPECT_EQ(parsed->find("other"), nullptr);
}

TEST(FieldParameters, RefusesWhatIsNotWellFormed) {
  for (const char* bad : {"", ";", "; name=x", "a; name", "a; name=", "a; =x", "a; name=\"x", "a; name=\"x\"y",
                          "a; n=1; N=2", "a; b c=1", "a; name=x\"y"})
    EXPECT_FALSE(parse_field_parameters(bad)) << bad;
}

TEST(FieldParameters, DecodesExtendedValues) {
  EXPECT_EQ(decode_extended("UTF-8''na%C3%AFve%20x"), "na\u00efve x");
  EXPECT_EQ(decode_extended("utf-8'en'a'b"), "a'b");
  EXPECT_EQ(decode_extended("iso-8859-1''%A3"), "\u00a3");
  for (const char* bad : {"", "x", "UTF-8'x", "UTF-8''%", "UTF-8''%4", "UTF-8''%zz", "koi8-r''x"})
    EXPECT_EQ(decode_extended(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace pysandbox::http

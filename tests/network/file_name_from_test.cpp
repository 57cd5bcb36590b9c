#include "network/file_name_from.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pysandbox::network {
namespace {

using namespace std::string_literals;

TEST(FileName, ComesFromContentDisposition) {
  const auto name = [](std::string_view header) { return file_name_from(header, "/path/of-url.csv"); };
  EXPECT_EQ(name("attachment; filename=a.csv"), "a.csv");
  EXPECT_EQ(name("attachment; filename=\"a b.csv\""), "a b.csv");
  EXPECT_EQ(name("inline; FileName = \"a.csv\" ; size=3"), "a.csv");
  EXPECT_EQ(name("attachment;filename=\"a\\\"b;c.csv\""), "a\"b;c.csv");
  EXPECT_EQ(name("attachment; filename=a b.csv"), "a b.csv");
  EXPECT_EQ(name("attachment; x=\"; filename=wrong\"; filename=right"), "right");
  EXPECT_EQ(name("attachment; filename=first; filename=second"), "first");
  EXPECT_EQ(name("filename=no-type.csv"), "of-url.csv");
}

TEST(FileName, PrefersTheExtendedForm) {
  const auto name = [](std::string_view header) { return file_name_from(header, "/u"); };
  EXPECT_EQ(name("attachment; filename=\"plain.csv\"; filename*=UTF-8''%e2%82%ac%20rates.csv"),
            "\xE2\x82\xAC rates.csv");
  EXPECT_EQ(name("attachment; filename*=utf-8'en'a.csv; filename=plain.csv"), "a.csv");
  EXPECT_EQ(name("attachment; filename*=iso-8859-1''Gr%FC%DFe"),
            "Gr\xC3\xBC\xC3\x9F"
            "e");
  EXPECT_EQ(name("attachment; filename*=koi8-r''%c1; filename=plain.csv"), "plain.csv");
  EXPECT_EQ(name("attachment; filename*=broken; filename=plain.csv"), "plain.csv");
  EXPECT_EQ(name("attachment; filename*=''"), "u");
}

TEST(FileName, ElseComesFromThePath) {
  EXPECT_EQ(file_name_from("", "/a/b.csv"), "b.csv");
  EXPECT_EQ(file_name_from("attachment", "/a/b%20c.csv"), "b c.csv");
  EXPECT_EQ(file_name_from("attachment; filename=\"\"", "/b"), "b");
  EXPECT_EQ(file_name_from("", "/a/%2e%2e%2fpasswd"), "../passwd") << "made safe by others";
  EXPECT_EQ(file_name_from("", "/a/"), "");
  EXPECT_EQ(file_name_from("", "/"), "");
  EXPECT_EQ(file_name_from("", ""), "");
}

TEST(FileName, SurvivesHeadersThatEndTooEarly) {
  for (const char* header :
       {";", ";;", "a;", "a; =", "a; filename", "a; filename=", "a; filename=\"", "a; filename=\"x", "a; filename=\"\\",
        "a; filename*", "a; filename*='", "a; filename*=UTF-8'", "=", "\"", "a;=;=;"}) {
    const std::string name = file_name_from(header, "/u");
    EXPECT_TRUE(name == "u" || name == "x" || name == "\\") << header << " gives " << name;
  }
}

TEST(FileName, DecodesWholeCodesOnly) {
  EXPECT_EQ(percent_decoded("%41%62%7e"), "Ab~");
  EXPECT_EQ(percent_decoded("100%"), "100%");
  EXPECT_EQ(percent_decoded("%4"), "%4");
  EXPECT_EQ(percent_decoded("%zz%4g%25"), "%zz%4g%");
  EXPECT_EQ(percent_decoded("%00"), "\0"s);
  EXPECT_EQ(percent_decoded("%2541"), "%41") << "once";
}

}  // namespace
}  // namespace pysandbox::network

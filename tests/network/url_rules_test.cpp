#include "network/url_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pysandbox::network {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

std::string objection_to(const std::string& text) {
  const ParsedUrl parsed = WebUrl::parse(text);
  EXPECT_NE(parsed.url.has_value(), !parsed.objection.empty());
  if (!parsed.objection.empty()) {
    EXPECT_THAT(parsed.objection, HasSubstr("; ")) << "says nothing about what to do";
  }
  return parsed.objection;
}

TEST(UrlRules, TakeUrlsApart) {
  const auto parsed = WebUrl::parse("HTTPS://Files.Example.COM./a/b%20c.csv?x=1#there");
  ASSERT_TRUE(parsed.url) << parsed.objection;
  EXPECT_EQ(parsed.url->host(), "files.example.com");
  EXPECT_EQ(parsed.url->port(), 443);
  EXPECT_EQ(parsed.url->path(), "/a/b%20c.csv");
  EXPECT_FALSE(parsed.url->address());
}

TEST(UrlRules, TakeTheUsualUrls) {
  for (const char* text :
       {"http://example.com", "http://example.com:8080/", "http://example.com:/x", "https://a_b.example.com/",
        "http://xn--mller-kva.example/", "http://1.example.com/", "http://8.8.8.8/", "http://[2606:4700::1]:80/a",
        "https://example.com/a?b=c&d=http://x@y/", "http://example.com/~a/(b)/c;d=e,f", "http://example.com/a@b:c",
        "http://example.com/Gr\xC3\xBC\xC3\x9F"
        "e.csv",
        "http://example.com/?q=\xC3\xBC"}) {
    EXPECT_EQ(objection_to(text), "") << text;
  }
}

TEST(UrlRules, SendLettersBeyondAsciiAsPercentCodes) {
  const auto parsed = WebUrl::parse("http://example.com/\xC3\xBC.csv");
  ASSERT_TRUE(parsed.url) << parsed.objection;
  EXPECT_EQ(parsed.url->path(), "/%c3%bc.csv");
}

TEST(UrlRules, KnowAnAddressInWhateverForm) {
  for (const char* host : {"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001",
                           "0177.0.0.1", "0x7F.0.0.0x1", "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]",
                           "[0:0:0:0:0:ffff:7f00:0001]", "%31%32%37.0.0.1", "127.0.0.%31"}) {
    const auto parsed = WebUrl::parse("http://"s + host + "/");
    ASSERT_TRUE(parsed.url) << host << ": " << parsed.objection;
    EXPECT_EQ(parsed.url->address(), IpAddress::parse("127.0.0.1")) << host;
  }
}

TEST(UrlRules, RefuseOtherSchemes) {
  for (const char* text : {"",
                           "example.com",
                           "//example.com/",
                           "/etc/passwd",
                           "file:///etc/passwd",
                           "FILE:///etc/passwd",
                           "ftp://example.com/",
                           "gopher://example.com/",
                           "dict://example.com/",
                           "ldap://example.com/",
                           "data:text/plain,x",
                           "javascript:1",
                           "http:example.com",
                           "http:/example.com",
                           "http:///example.com",
                           "http:////example.com",
                           "https:///127.0.0.1",
                           "http://",
                           "https://",
                           "httpss://example.com/",
                           "ws://example.com/",
                           "scp://example.com/",
                           "jar:http://example.com!/"}) {
    EXPECT_THAT(objection_to(text), HasSubstr("http://")) << text;
  }
}

TEST(UrlRules, RefuseUserInfo) {
  for (const char* text :
       {"http://a@example.com/", "http://a:b@example.com/", "http://@example.com/", "http://:@example.com/",
        "http://example.com:80@10.0.0.1/", "http://example.com@127.0.0.1/", "http://a@b@example.com/"}) {
    EXPECT_THAT(objection_to(text), HasSubstr("user name")) << text;
  }
}

TEST(UrlRules, RefuseLettersThatParsersDisagreeOn) {
  for (const std::string& text :
       {"http://example.com\\@127.0.0.1/"s, "http:\\\\example.com/"s, "http://example.com/a b"s,
        " http://example.com/"s, "http://example.com/ "s, "http://exam\tple.com/"s, "http://example.com/\r\nHost: x"s,
        "http://example.com\n"s, "http://example.com/\0"s, "http://example.com\0.evil.example/"s,
        "http://example.com/\x7f"s, "http://example.com/\x1b[0m"s}) {
    EXPECT_THAT(objection_to(text), HasSubstr("byte")) << text;
  }
}

TEST(UrlRules, RefuseHostsThatAreNone) {
  for (const char* text : {"http://:80/",
                           "http://?/",
                           "http://#/",
                           "http://./",
                           "http://../",
                           "http://.example.com/",
                           "http://example..com/",
                           "http://example.com../",
                           "http://exam!ple.com/",
                           "http://[::1/",
                           "http://::1/",
                           "http://[::1]x/",
                           "http://[example.com]/",
                           "http://[127.0.0.1]/",
                           "http://[fe80::1%25lo]/",
                           "http://[fe80::1%lo]/",
                           "http://[fe80::1%251]/",
                           "http://[::1%00]/",
                           "http://1.2.3.4./",
                           "http://127.1./",
                           "http://256.1.1.1/",
                           "http://1.2.3.4.5/",
                           "http://0x7f.0.0.0.1/",
                           "http://99999999999/",
                           "http://example.0x7f/",
                           "http://example.1/",
                           "http://\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.\xE2\x93\xAA.\xE2\x93\xAA.\xE2\x91\xA0/",
                           "http://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1/",
                           "http://127\xE3\x80\x82"
                           "0.0.1/",
                           "http://m\xC3\xBCller.example/",
                           "http://example.com%2f@x/",
                           "http://%65xample.com%00/",
                           "http://ex%20ample.com/",
                           "http://a%0d%0ab/",
                           "http://%/",
                           "http://%zz/",
                           "http://,/",
                           "http://example.com;80/",
                           "http://*/",
                           "http://$(x)/"}) {
    EXPECT_NE(objection_to(text), "") << text;
  }
  EXPECT_NE(objection_to("http://" + std::string(254, 'a') + "/"), "");
}

TEST(UrlRules, RefusePortsThatAreNone) {
  for (const char* port : {"0", "00", "65536", "99999", "-1", "+80", "8o", "80x", " 80", "18446744073709551696"}) {
    EXPECT_NE(objection_to("http://example.com:"s + port + "/"), "") << port;
  }
  EXPECT_EQ(objection_to("http://example.com:65535/"), "");
}

TEST(UrlRules, RefuseUrlsThatAreTooLong) {
  const std::string start = "http://example.com/";
  EXPECT_EQ(objection_to(start + std::string(8192 - start.size(), 'a')), "");
  EXPECT_THAT(objection_to(start + std::string(8193 - start.size(), 'a')), HasSubstr("8192"));
}

TEST(UrlRules, FollowALocation) {
  const auto base = WebUrl::parse("http://example.com:8080/a/b?c");
  ASSERT_TRUE(base.url);
  const auto place = [&](const std::string& location) {
    const auto next = base.url->follow(location);
    return next.url ? next.url->host() + ":" + std::to_string(next.url->port()) + next.url->path() : "refused";
  };
  EXPECT_EQ(place("/x"), "example.com:8080/x");
  EXPECT_EQ(place("x"), "example.com:8080/a/x");
  EXPECT_EQ(place("../x"), "example.com:8080/x");
  EXPECT_EQ(place("?x"), "example.com:8080/a/b");
  EXPECT_EQ(place("//other.example/x"), "other.example:80/x");
  EXPECT_EQ(place("//10.0.0.1/"), "10.0.0.1:80/");
  EXPECT_EQ(place("HTTPS://other.example"), "other.example:443/");
  for (const std::string& location :
       {"file:///etc/passwd"s, "ftp://example.com/"s, "gopher://127.0.0.1:6379/_x"s, "http://a:b@example.com/"s,
        "//a@example.com/"s, "/a b"s, "/a\\b"s, "\\\\10.0.0.1\\"s, "http://example.com:0/"s, "http://[fe80::1%25lo]/"s,
        "data:,x"s}) {
    EXPECT_EQ(place(location), "refused") << location;
  }
}

}  // namespace
}  // namespace pysandbox::network

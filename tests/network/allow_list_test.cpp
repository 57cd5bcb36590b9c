#include "network/allow_list.hpp"

#include <gtest/gtest.h>

#include <string>

#include <pysandbox/error.hpp>

#include "../support/bytes.hpp"

namespace pysandbox::network {
namespace {

IpAddress ip(const std::string& text) { return IpAddress::parse(text).value(); }

TEST(AllowList, HoldsRanges) {
  const AllowList list({"10.1.2.0/24", "fd00:1::/64"});
  EXPECT_TRUE(list.allows("any.name", ip("10.1.2.3"), 9));
  EXPECT_TRUE(list.allows("any.name", ip("::ffff:10.1.2.3"), 9));
  EXPECT_TRUE(list.allows("any.name", ip("fd00:1::5"), 80));
  EXPECT_FALSE(list.allows("any.name", ip("10.1.3.3"), 80));
  EXPECT_FALSE(list.allows("any.name", ip("fd00:2::5"), 80));
}

TEST(AllowList, HoldsHostsWithAndWithoutAPort) {
  const AllowList list(
      {"Files.Internal.", "api.internal:8080", "10.9.9.9:81", "[fd00::1]:82", "[fd00::2]", "fd00::3", "10.8.8.8"});
  EXPECT_TRUE(list.allows("files.internal", ip("10.0.0.1"), 80));
  EXPECT_TRUE(list.allows("files.internal", ip("127.0.0.1"), 1234));
  EXPECT_FALSE(list.allows("evil.files.internal", ip("10.0.0.1"), 80));
  EXPECT_FALSE(list.allows("files.internal.evil", ip("10.0.0.1"), 80));
  EXPECT_TRUE(list.allows("api.internal", ip("10.0.0.1"), 8080));
  EXPECT_FALSE(list.allows("api.internal", ip("10.0.0.1"), 80));
  EXPECT_TRUE(list.allows("10.9.9.9", ip("10.9.9.9"), 81));
  EXPECT_FALSE(list.allows("10.9.9.9", ip("10.9.9.9"), 80));
  EXPECT_TRUE(list.allows("fd00::1", ip("fd00::1"), 82));
  EXPECT_FALSE(list.allows("fd00::1", ip("fd00::1"), 80));
  EXPECT_TRUE(list.allows("fd00::2", ip("fd00::2"), 80));
  EXPECT_TRUE(list.allows("fd00::3", ip("fd00::3"), 80));
  EXPECT_TRUE(list.allows("10.8.8.8", ip("10.8.8.8"), 1));
}

TEST(AllowList, KnowsBeforehandWhatItCannotAllow) {
  const AllowList list({"10.1.2.0/24", "files.internal:81"});
  EXPECT_TRUE(list.may_allow("some.name", {}, 99)) << "it may have an address in the range";
  EXPECT_FALSE(list.may_allow("10.3.3.3", ip("10.3.3.3"), 99));
  EXPECT_TRUE(list.may_allow("10.1.2.3", ip("10.1.2.3"), 99));
  EXPECT_FALSE(AllowList({"files.internal:81"}).may_allow("files.internal", {}, 82));
  EXPECT_FALSE(AllowList({}).may_allow("files.internal", {}, 82));
}

TEST(AllowList, RefusesEntriesThatAreNone) {
  for (const char* entry :
       {"",           " ",         "*",           "10.0.0.1/24", "10.0.0.0/33", "host:",    "host:0",
        "host:65536", "host:http", "http://host", "host/path",   "user@host",   "[fd00::1", "[fd00::1]x",
        "[fd00::1]:", "[host]x",   "127.1",       "0x7f000001",  "1.2.3.4.",    "a..b"}) {
    EXPECT_EQ(testing::error_of([&] { AllowList({entry}); }), ErrorCode::invalid_request) << entry;
  }
}

}  // namespace
}  // namespace pysandbox::network

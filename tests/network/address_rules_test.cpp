#include "network/address_rules.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string>

namespace pysandbox::network {
namespace {

IpAddress ip(const std::string& text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address.value();
}

TEST(AddressRules, KnowPublicAddresses) {
  for (const char* text :
       {"1.1.1.1",        "8.8.8.8",         "9.255.255.255",    "11.0.0.0",         "100.63.255.255",
        "100.128.0.0",    "126.255.255.255", "128.0.0.0",        "169.253.255.255",  "169.255.0.0",
        "172.15.255.255", "172.32.0.0",      "192.0.1.0",        "192.0.3.0",        "192.88.98.255",
        "192.88.100.0",   "192.167.255.255", "192.169.0.0",      "198.17.255.255",   "198.20.0.0",
        "198.51.99.255",  "198.51.101.0",    "203.0.112.255",    "203.0.114.0",      "223.255.255.255",
        "2000::",         "2001:200::1",     "2001:db7:ffff::1", "2001:db9::",       "2606:4700:4700::1111",
        "2620:fe::fe",    "3ffe::1",         "::ffff:8.8.8.8",   "64:ff9b::8.8.8.8", "2002:808:808::1"}) {
    EXPECT_TRUE(is_public(ip(text))) << text;
  }
}

TEST(AddressRules, KnowWhatIsNotPublic) {
  for (const char* text : {"0.0.0.0",
                           "0.0.0.1",
                           "0.255.255.255",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.100.100.200",
                           "100.127.255.255",
                           "127.0.0.0",
                           "127.0.0.1",
                           "127.0.0.53",
                           "127.255.255.255",
                           "169.254.0.0",
                           "169.254.169.254",
                           "169.254.170.2",
                           "169.254.255.255",
                           "172.16.0.0",
                           "172.17.0.1",
                           "172.31.255.255",
                           "192.0.0.0",
                           "192.0.0.192",
                           "192.0.0.255",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.0.0",
                           "192.168.255.255",
                           "198.18.0.0",
                           "198.19.255.255",
                           "198.51.100.7",
                           "203.0.113.7",
                           "224.0.0.0",
                           "224.0.0.251",
                           "239.255.255.255",
                           "240.0.0.0",
                           "254.255.255.255",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::2",
                           "::127.0.0.1",
                           "::8.8.8.8",
                           "::ffff:127.0.0.1",
                           "::ffff:7f00:1",
                           "::ffff:10.0.0.1",
                           "::ffff:169.254.169.254",
                           "::ffff:0:127.0.0.1",
                           "64:ff9b::7f00:1",
                           "64:ff9b::a9fe:a9fe",
                           "64:ff9b:1::7f00:1",
                           "64:ff9b:1::808:808",
                           "64:ff9b:2::1",
                           "100::1",
                           "1fff:ffff::",
                           "2001::1",
                           "2001:0:7f00:1::",
                           "2001:10::1",
                           "2001:20::1",
                           "2001:1ff:ffff::",
                           "2001:db8::1",
                           "2001:db8:ffff::1",
                           "2002:7f00:1::",
                           "2002:a00:1::1",
                           "2002:a9fe:a9fe::",
                           "2002:c0a8:101::",
                           "3fff::1",
                           "3fff:fff::1",
                           "4000::",
                           "5f00::1",
                           "fc00::",
                           "fd00::1",
                           "fd00:ec2::254",
                           "fdff:ffff::",
                           "fe80::1",
                           "fe80::a9fe:a9fe",
                           "febf::1",
                           "fec0::1",
                           "feff::1",
                           "ff00::",
                           "ff02::1",
                           "ff0e::1",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    EXPECT_FALSE(is_public(ip(text))) << text;
  }
}

TEST(AddressRules, TakeAMappedAddressForTheOneInIt) {
  EXPECT_EQ(ip("::ffff:1.2.3.4"), ip("1.2.3.4"));
  EXPECT_NE(ip("::1.2.3.4"), ip("1.2.3.4"));
}

TEST(AddressRules, ReadAddressesInOneFormOnly) {
  for (const char* text : {"", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.", "1.2.3.256", " 1.2.3.4",
                           "[::1]", "fe80::1%lo", "fe80::1%25lo", ":", ":::", "12345::", "1.2.3.4/32"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string("1.2.3.4\0", 8)));
}

TEST(AddressRules, ReadTheAddressesThatTheKernelGives) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(0x7f000001);
  EXPECT_EQ(IpAddress::of(reinterpret_cast<const sockaddr&>(v4), sizeof v4), ip("127.0.0.1"));
  EXPECT_FALSE(IpAddress::of(reinterpret_cast<const sockaddr&>(v4), sizeof v4 - 1));

  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr.s6_addr[15] = 1;
  EXPECT_EQ(IpAddress::of(reinterpret_cast<const sockaddr&>(v6), sizeof v6), ip("::1"));
  EXPECT_FALSE(IpAddress::of(reinterpret_cast<const sockaddr&>(v6), sizeof v4));

  v6.sin6_family = AF_UNIX;
  EXPECT_FALSE(IpAddress::of(reinterpret_cast<const sockaddr&>(v6), sizeof v6));
}

TEST(AddressRules, KnowTheAddressesOfThisHost) {
  EXPECT_TRUE(is_of_this_host(ip("127.0.0.1")));
  EXPECT_TRUE(is_of_this_host(ip("::ffff:127.0.0.1")));
  EXPECT_FALSE(is_of_this_host(ip("8.8.8.8")));
  EXPECT_FALSE(is_of_this_host(ip("2606:4700:4700::1111")));
}

TEST(AddressRules, CompareRangesBitByBit) {
  const AddressRange range = AddressRange::parse("10.1.2.128/25").value();
  EXPECT_TRUE(range.contains(ip("10.1.2.128")));
  EXPECT_TRUE(range.contains(ip("10.1.2.255")));
  EXPECT_TRUE(range.contains(ip("::ffff:10.1.2.200")));
  EXPECT_FALSE(range.contains(ip("10.1.2.127")));
  EXPECT_FALSE(range.contains(ip("10.1.3.128")));
  EXPECT_FALSE(range.contains(ip("a01:280::")));
  EXPECT_TRUE(AddressRange::parse("0.0.0.0/0").value().contains(ip("255.255.255.255")));
  EXPECT_FALSE(AddressRange::parse("0.0.0.0/0").value().contains(ip("::1")));
  EXPECT_TRUE(AddressRange::only(ip("fd00::1")).contains(ip("fd00::1")));
  EXPECT_FALSE(AddressRange::only(ip("fd00::1")).contains(ip("fd00::2")));
}

TEST(AddressRules, RefuseRangesThatAreNone) {
  for (const char* text : {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/24", "10.0.0.0/-1", "10.0.0.0/ 8",
                           "10.0.0.0/8x", "fd00::/129", "fd00::1/64", "host/8", "::ffff:10.0.0.0/104"}) {
    EXPECT_FALSE(AddressRange::parse(text)) << text;
  }
}

}  // namespace
}  // namespace pysandbox::network

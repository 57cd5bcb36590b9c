#include "network/address_rules.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace pysandbox::network {
namespace {

// IANA IPv4 Special-Purpose Address Registry (RFC 6890), and what is not unicast. Beyond it: the few anycast addresses
// in 192.0.0.0/24 that are globally reachable serve no files.
constexpr const char* not_public_v4[] = {
    "0.0.0.0/8",        // "this network", RFC 791; Linux takes 0.0.0.0 for itself
    "10.0.0.0/8",       // private, RFC 1918
    "100.64.0.0/10",    // shared by carriers, RFC 6598; metadata of some clouds
    "127.0.0.0/8",      // loopback, RFC 1122
    "169.254.0.0/16",   // link-local, RFC 3927; metadata of most clouds
    "172.16.0.0/12",    // private, RFC 1918
    "192.0.0.0/24",     // protocol assignments, RFC 6890; metadata of some clouds
    "192.0.2.0/24",     // documentation, RFC 5737
    "192.88.99.0/24",   // 6to4 relays, RFC 7526
    "192.168.0.0/16",   // private, RFC 1918
    "198.18.0.0/15",    // benchmarks, RFC 2544
    "198.51.100.0/24",  // documentation, RFC 5737
    "203.0.113.0/24",   // documentation, RFC 5737
    "224.0.0.0/4",      // multicast, RFC 5771
    "240.0.0.0/4",      // reserved, RFC 1112; with the broadcast 255.255.255.255, RFC 919
};

// RFC 4291, 2.4. What lies outside is not public: ::, ::1, ::/96 (IPv4-compatible, RFC 4291), 64:ff9b:1::/48 (local
// NAT64, RFC 8215), 100::/64 (discard, RFC 6666), 5f00::/16 (segment routing, RFC 9602), fc00::/7 (unique local, RFC
// 4193; metadata of some clouds), fe80::/10 (link-local), fec0::/10 (site-local, RFC 3879), ff00::/8 (multicast).
constexpr const char* unicast_v6 = "2000::/3";

constexpr const char* not_public_v6[] = {
    "2001::/23",      // protocol assignments, RFC 2928; with Teredo, RFC 4380, and ORCHID, RFC 7343
    "2001:db8::/32",  // documentation, RFC 3849
    "3fff::/20",      // documentation, RFC 9637
};

struct Wrapping {
  const char* range;
  std::size_t inner_at;
};

constexpr Wrapping wrappings[] = {
    {"64:ff9b::/96", 12},  // NAT64, RFC 6052
    {"2002::/16", 2},      // 6to4, RFC 3056
};

AddressRange range(const char* text) { return AddressRange::parse(text).value(); }

template <std::size_t size>
std::vector<AddressRange> ranges(const char* const (&texts)[size]) {
  std::vector<AddressRange> result;
  std::transform(texts, texts + size, std::back_inserter(result), range);
  return result;
}

bool in_any(const std::vector<AddressRange>& ranges, const IpAddress& address) {
  return std::ranges::any_of(ranges, [&](const AddressRange& one) { return one.contains(address); });
}

bool is_public_v6(const IpAddress& address) {
  static const std::vector<AddressRange> forbidden = ranges(not_public_v6);
  static const AddressRange unicast = range(unicast_v6);
  for (const Wrapping& wrapping : wrappings) {
    if (range(wrapping.range).contains(address)) return is_public(address.inner_v4(wrapping.inner_at));
  }
  return unicast.contains(address) && !in_any(forbidden, address);
}

socklen_t length_of(const sockaddr& address) {
  return address.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

}  // namespace

bool is_public(const IpAddress& address) {
  static const std::vector<AddressRange> forbidden = ranges(not_public_v4);
  return address.is_v4() ? !in_any(forbidden, address) : is_public_v6(address);
}

bool is_of_this_host(const IpAddress& address) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return true;  // cannot tell: then it is not reached
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(first, &::freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr != nullptr && IpAddress::of(*one->ifa_addr, length_of(*one->ifa_addr)) == address) return true;
  }
  return false;
}

}  // namespace pysandbox::network

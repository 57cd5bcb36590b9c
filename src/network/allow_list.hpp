// What an operator wants reached although it is not public.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/ip_address.hpp"

namespace pysandbox::network {

class AllowList {
 public:
  // Throws Error{invalid_request} for an entry that is neither "10.1.2.0/24" nor a host with or without a port.
  explicit AllowList(const std::vector<std::string>& entries);

  // Whether `host` (a name in lower case, or an address) may be reached at `address`.
  bool allows(std::string_view host, const IpAddress& address, std::uint16_t port) const;

  // Whether allows() may be true once it is known what addresses a name has.
  bool may_allow(std::string_view host, const std::optional<IpAddress>& address, std::uint16_t port) const;

 private:
  // One of `range` and `name`.
  struct Entry {
    std::optional<AddressRange> range;
    std::string name;
    std::optional<std::uint16_t> port;
  };

  static Entry parse(const std::string& text);

  std::vector<Entry> entries_;
};

}  // namespace pysandbox::network

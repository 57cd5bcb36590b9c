// Which places may be reached: the public ones on the usual ports, and what the operator allows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <pysandbox/web_client.hpp>

#include "network/allow_list.hpp"
#include "network/ip_address.hpp"
#include "network/url_rules.hpp"

namespace pysandbox::network {

class Reach {
 public:
  // Throws Error{invalid_request} for entries that are none.
  explicit Reach(const WebClientOptions& options) : allow_(options.allow), ports_(options.ports) {}

  // THE RULE: whether a connection may be made for `url` to this address, which its host has.
  bool permits(const WebUrl& url, const IpAddress& address) const;

  // A sentence if no address could make the port of `url` right; else empty.
  std::string objection_to_port(const WebUrl& url) const;

  // A sentence if the host of `url` is a forbidden address, or a name that always means this host; else empty.
  std::string objection_to_host(const WebUrl& url) const;

 private:
  AllowList allow_;
  std::vector<std::uint16_t> ports_;
};

}  // namespace pysandbox::network

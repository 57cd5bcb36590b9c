#include "network/reach.hpp"

#include <algorithm>

#include "network/address_rules.hpp"

namespace pysandbox::network {
namespace {

// RFC 6761, 6.3.
bool is_localhost(std::string_view host) { return host == "localhost" || host.ends_with(".localhost"); }

}  // namespace

bool Reach::permits(const WebUrl& url, const IpAddress& address) const {
  if (allow_.allows(url.host(), address, url.port())) return true;
  return std::ranges::find(ports_, url.port()) != ports_.end() && is_public(address) && !is_of_this_host(address);
}

std::string Reach::objection_to_port(const WebUrl& url) const {
  if (std::ranges::find(ports_, url.port()) != ports_.end()) return {};
  if (allow_.may_allow(url.host(), url.address(), url.port())) return {};
  std::string allowed;
  for (const std::uint16_t port : ports_) allowed += (allowed.empty() ? "" : ", ") + std::to_string(port);
  return "the URL's port " + std::to_string(url.port()) +
         " is not one that may be used; use one of these: " + (allowed.empty() ? "none" : allowed);
}

std::string Reach::objection_to_host(const WebUrl& url) const {
  const bool forbidden = url.address() ? !permits(url, *url.address())
                                       : is_localhost(url.host()) && !allow_.may_allow(url.host(), {}, url.port());
  return forbidden ? "the URL's host is not on the public Internet; name one that is, or have the operator allow it"
                   : "";
}

}  // namespace pysandbox::network

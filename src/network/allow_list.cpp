#include "network/allow_list.hpp"

#include <algorithm>
#include <charconv>

#include <pysandbox/error.hpp>

#include "network/url_rules.hpp"
#include "support/in_quotes.hpp"

namespace pysandbox::network {
namespace {

[[noreturn]] void refuse(std::string_view entry) {
  throw Error(
      ErrorCode::invalid_request,
      "The entry " + in_quotes(entry) +
          " of the list of allowed places is none; write a range (10.1.2.0/24, without bits behind its prefix), "
          "a host (files.internal, 10.1.2.3, [fd00::1]) or a host with a port (127.0.0.1:8080)");
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return port;
}

struct HostAndPort {
  std::string_view host;
  std::optional<std::string_view> port;
};

// "[fd00::1]:80", "fd00::1", "host:80", "host".
HostAndPort divide(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return {text, {}};
    const std::string_view behind = text.substr(end + 1);
    if (behind.empty()) return {text.substr(1, end - 1), {}};
    return {text.substr(1, end - 1), behind.starts_with(':') ? behind.substr(1) : "?"};
  }
  const auto colon = text.find(':');
  if (colon == text.npos || text.find(':', colon + 1) != text.npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

AllowList::AllowList(const std::vector<std::string>& entries) {
  std::ranges::transform(entries, std::back_inserter(entries_), parse);
}

AllowList::Entry AllowList::parse(const std::string& text) {
  if (const auto range = AddressRange::parse(text)) return {range, {}, {}};
  const auto [host, port_text] = divide(text);
  const auto port = port_text ? parse_port(*port_text) : std::nullopt;
  if (port_text && !port) refuse(text);
  if (const auto address = IpAddress::parse(host)) return {AddressRange::only(*address), {}, port};
  auto name = host_name(host);
  if (!name) refuse(text);
  return {{}, *std::move(name), port};
}

bool AllowList::allows(std::string_view host, const IpAddress& address, std::uint16_t port) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    if (entry.port && *entry.port != port) return false;
    return entry.range ? entry.range->contains(address) : entry.name == host;
  });
}

bool AllowList::may_allow(std::string_view host, const std::optional<IpAddress>& address, std::uint16_t port) const {
  if (address) return allows(host, *address, port);
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    return (!entry.port || *entry.port == port) && (entry.range || entry.name == host);
  });
}

}  // namespace pysandbox::network

#include "http/framing.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "http/text.hpp"

namespace pysandbox::http {
namespace {

// CONNECT and TRACE are for proxies, and have bodies of their own rules.
constexpr std::array methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

std::vector<std::string_view> values_of(const Head& head, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& [field, value] : head.headers)
    if (field == name) values.push_back(value);
  return values;
}

// RFC 9110, 7.2. Of the characters that RFC 3986 allows in names, those that names of hosts have.
bool is_host(std::string_view host) {
  const auto is_name_byte = [](char byte) {
    return is_alphanumeric(byte) || byte == '-' || byte == '.' || byte == '_';
  };
  const auto is_address_byte = [](char byte) { return is_hex_digit(byte) || byte == ':' || byte == '.'; };
  std::string_view port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    if (!std::all_of(host.begin() + 1, host.begin() + static_cast<std::ptrdiff_t>(end), is_address_byte)) return false;
    port = host.substr(end + 1);
  } else {
    const auto colon = std::min(host.find(':'), host.size());
    if (colon == 0 || !std::all_of(host.begin(), host.begin() + static_cast<std::ptrdiff_t>(colon), is_name_byte))
      return false;
    port = host.substr(colon);
  }
  if (port.empty()) return true;
  return port.front() == ':' && port.size() >= 2 && port.size() <= 6 &&
         std::all_of(port.begin() + 1, port.end(), is_digit);
}

std::optional<Refusal> check_host(const Head& head, Framing& framing) {
  const auto hosts = values_of(head, "host");
  if (hosts.size() != 1) return Refusal{400, "bad_host", "A request needs exactly one Host field."};
  if (!is_host(hosts.front()))
    return Refusal{400, "bad_host", "The Host field is no name or address with an optional port."};
  framing.host = hosts.front();
  return std::nullopt;
}

std::optional<Refusal> check_body(const Head& head, Framing& framing) {
  const auto lengths = values_of(head, "content-length");
  const auto encodings = values_of(head, "transfer-encoding");
  if (lengths.size() + encodings.size() > 1)
    return Refusal{400, "bad_framing", "Content-Length and Transfer-Encoding: send one of them, once."};
  if (!encodings.empty()) {
    if (head.version != 11 || !equal_ignoring_case(encodings.front(), "chunked"))
      return Refusal{400, "bad_framing", "Transfer-Encoding can only be 'chunked', and only in HTTP/1.1."};
    framing.body = Framing::Body::chunked;
  }
  if (!lengths.empty()) {
    const std::string_view text = lengths.front();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), framing.size);
    if (text.empty() || !is_digit(text.front()) || error != std::errc{} || end != text.data() + text.size())
      return Refusal{400, "bad_framing", "Content-Length must be one decimal number."};
    framing.body = Framing::Body::sized;
  }
  return std::nullopt;
}

// RFC 9110, 10.1.1; unknown in HTTP/1.0.
std::optional<Refusal> check_expectation(const Head& head, Framing& framing) {
  const auto expectations = values_of(head, "expect");
  if (expectations.empty() || head.version == 10) return std::nullopt;
  if (expectations.size() > 1 || !equal_ignoring_case(expectations.front(), "100-continue"))
    return Refusal{417, "bad_expectation", "Expect can only be '100-continue'."};
  framing.expects_continue = framing.has_body();
  return std::nullopt;
}

// RFC 9112, 9.3.
bool keeps_alive(const Head& head) {
  bool alive = head.version == 11;
  bool close = false;
  for (const std::string_view value : values_of(head, "connection"))
    for_each_in_list(value, [&](std::string_view option) {
      if (equal_ignoring_case(option, "close")) close = true;
      if (equal_ignoring_case(option, "keep-alive")) alive = true;
    });
  return alive && !close;
}

}  // namespace

std::variant<Framing, Refusal> check_head(const Head& head) {
  Framing framing;
  if (std::find(methods.begin(), methods.end(), head.method) == methods.end())
    return Refusal{501, "unknown_method", "This server knows GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS."};
  if (!head.target.starts_with('/'))
    return Refusal{400, "bad_target", "The target must be a path that begins with '/'."};
  if (auto refusal = check_host(head, framing)) return *std::move(refusal);
  if (auto refusal = check_body(head, framing)) return *std::move(refusal);
  if (auto refusal = check_expectation(head, framing)) return *std::move(refusal);
  framing.keep_alive = keeps_alive(head);
  return framing;
}

}  // namespace pysandbox::http

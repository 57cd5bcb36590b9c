#include "access/key_access.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

#include "api/refusal.hpp"
#include "api/routes.hpp"

namespace pysandbox::server {
namespace {

constexpr std::string_view bearer = "bearer ";  // a scheme's name is compared without case (RFC 9110, 11.1)

std::optional<std::string_view> key_in(const http::Request& head) {
  if (const auto field = head.header("authorization")) {
    const bool is_bearer = field->size() > bearer.size() &&
                           std::equal(bearer.begin(), bearer.end(), field->begin(),
                                      [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
    if (is_bearer) {
      const auto first = field->find_first_not_of(' ', bearer.size());
      return field->substr(std::min(first, field->size()));
    }
  }
  return head.header("x-api-key");
}

http::Response unauthorized(const http::Request& head, bool key_given) {
  http::Response response =
      api::error_response(api::Refusal(401, "unauthorized",
                                       key_given ? "This key is not known here, or was revoked"
                                                 : "This needs a key, as Authorization: Bearer KEY or X-API-Key: KEY"),
                          head.id);
  response.headers.emplace_back("WWW-Authenticate", key_given ? R"(Bearer realm="pysandbox", error="invalid_token")"
                                                              : R"(Bearer realm="pysandbox")");
  return response;
}

http::Response too_fast(const http::Request& head, std::uint32_t per_minute, const RateLimiter::Verdict& verdict) {
  http::Response response = api::error_response(
      api::Refusal(
          429, "rate_limited",
          fmt::format("More than {} requests a minute; go on in {} s", per_minute, verdict.retry_after.count()))
          .retry_after(verdict.retry_after),
      head.id);
  // The fields that many clients look for (draft-ietf-httpapi-ratelimit-headers).
  response.headers.emplace_back("RateLimit-Limit", std::to_string(per_minute));
  response.headers.emplace_back("RateLimit-Remaining", std::to_string(verdict.remaining));
  response.headers.emplace_back("RateLimit-Reset", std::to_string(verdict.retry_after.count()));
  return response;
}

}  // namespace

std::string rate_group(const std::string& address) {
  in6_addr bytes{};
  if (::inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return address;
  std::fill(std::begin(bytes.s6_addr) + 8, std::end(bytes.s6_addr), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(AF_INET6, &bytes, text.data(), text.size()) != nullptr ? text.data() : address;
}

KeyAccess::KeyAccess(KeyStore& keys, const KeyLimits& without_key, RateLimiter::Clock clock)
    : keys_(keys), without_key_(without_key), limiter_(std::move(clock)) {}

std::variant<api::Caller, http::Response> KeyAccess::admit(const http::Request& head, const api::Route& route) {
  if (route.key == api::RouteKey::not_needed) return api::Caller{};
  const bool in_use = keys_.in_use();
  const auto text = in_use ? key_in(head) : std::nullopt;
  const auto key = text ? keys_.find(*text) : std::nullopt;
  const KeyLimits& limits = key ? key->limits : in_use ? stranger_ : without_key_;
  if (limits.requests_per_minute > 0) {
    const auto who = key ? "key " + key->id : rate_group(head.client_address);
    const auto verdict = limiter_.take(who, limits.requests_per_minute);
    if (!verdict.allowed) return too_fast(head, limits.requests_per_minute, verdict);
  }
  if (in_use && !key) return unauthorized(head, text.has_value());
  return api::Caller{key ? key->id : std::string(), limits.max_active_jobs};
}

}  // namespace pysandbox::server

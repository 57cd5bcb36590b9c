// Lets callers in by their keys, each at its rate.
#pragma once

#include <string>
#include <variant>

#include "access/rate_limiter.hpp"
#include "api/access.hpp"
#include "keys/key_store.hpp"

namespace pysandbox::server {

class KeyAccess final : public api::Access {
 public:
  // `without_key`: of callers while no keys are in use; the rate is each address's, the number of jobs is that of all
  // together. What is referred to must outlive it.
  KeyAccess(KeyStore& keys, const KeyLimits& without_key, RateLimiter::Clock clock = std::chrono::steady_clock::now);

  // Throws as KeyStore does: who cannot be known is not let in.
  std::variant<api::Caller, http::Response> admit(const http::Request& head, const api::Route& route) override;

 private:
  KeyStore& keys_;
  KeyLimits without_key_;
  KeyLimits stranger_{};  // who has no right key where one is needed: so many tries
  RateLimiter limiter_;
};

// Whom requests from `address` count for: itself, of IPv6 its /64, which is what one customer has at least (RFC 6177).
std::string rate_group(const std::string& address);

}  // namespace pysandbox::server

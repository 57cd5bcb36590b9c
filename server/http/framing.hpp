// The strict check of a head after it was parsed: where does its body end, and is there only one way to see it?
// Boost.Beast 1.81 lets pass Transfer-Encodings that it does not decode, lists of lengths, two Hosts and none.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "http/application.hpp"
#include "http/refusal.hpp"

namespace pysandbox::http {

struct Head {
  std::string method;
  std::string target;
  int version = 11;  // 10 or 11
  Headers headers{};
};

struct Framing {
  enum class Body { none, sized, chunked };
  Body body = Body::none;
  std::uint64_t size = 0;  // of a sized one
  bool keep_alive = true;
  bool expects_continue = false;
  std::string host{};

  bool has_body() const noexcept { return body == Body::chunked || size > 0; }
};

std::variant<Framing, Refusal> check_head(const Head& head);

}  // namespace pysandbox::http

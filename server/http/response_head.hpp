// The head of an answer as bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/application.hpp"

namespace pysandbox::http {

struct ResponseFraming {
  enum class Body { none, sized, chunked, until_close };
  Body body = Body::none;
  std::uint64_t size = 0;                                  // of a sized one
  enum class Then { close, keep_alive, keep_alive_said };  // said: HTTP/1.0 must be told
  Then then = Then::close;
};

// Throws Error{internal} if a field of the handler's could break out of its line.
std::string response_head(const Response& response, const ResponseFraming& framing, std::string_view request_id);

// 1xx, 204 and 304 have none (RFC 9110, 6.4.1).
bool may_have_body(int status) noexcept;

}  // namespace pysandbox::http

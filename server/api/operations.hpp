// What the service tells about itself, and what it is told of its requests.
#pragma once

#include <chrono>
#include <exception>

#include "api/access.hpp"
#include "http/application.hpp"

namespace pysandbox::api {

// Threads: every method may be called from any thread at any time.
class Operations {
 public:
  virtual ~Operations() = default;

  virtual http::Response health() = 0;
  virtual http::Response ready() = 0;
  virtual http::Response capabilities(const Caller& caller) = 0;
  virtual http::Response metrics() = 0;
  virtual http::Response openapi() = 0;

  // A handler threw `error`, which is no refusal of what was asked: for the log. The client does not get to see it.
  virtual void failed(const http::Request& request, const std::exception& error) = 0;

  // See http::Application::answered().
  virtual void answered(const http::Request& request, int status, std::chrono::microseconds took) = 0;
};

}  // namespace pysandbox::api

// Who may ask: the keys, the allowed hosts and origins, the rates. The handlers only see the Caller that comes out.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "http/application.hpp"

namespace pysandbox::api {

struct Route;

struct Caller {
  std::string owner{};           // of the jobs and files that are there for this one; empty when no keys are in use
  std::uint64_t max_active = 0;  // jobs queued or running at one time; zero: no bound
};

class Access {
 public:
  virtual ~Access() = default;

  // By the head of a request, on an I/O thread: quick, without waiting for anything. A Response is a refusal (401, 403,
  // 429), made with error_response() of refusal.hpp.
  virtual std::variant<Caller, http::Response> admit(const http::Request& head, const Route& route) = 0;
};

}  // namespace pysandbox::api

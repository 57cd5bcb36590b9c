// The table of routes, and which of them a request means.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "api/context.hpp"
#include "http/application.hpp"

namespace pysandbox::api {

enum class RouteBody {
  none,
  json,       // application/json, at most ApiLimits::body_bytes
  multipart,  // multipart/form-data, at most ApiLimits::upload_bytes, as a stream
  bytes,      // of any kind, at most ApiLimits::upload_bytes, as a stream
};

// Whether a key must be shown, if keys are in use at all.
enum class RouteKey { needed, not_needed };

struct Route {
  std::string_view method;
  std::string_view pattern;  // "/api/jobs/{job_id}/files/{file_id}"
  RouteBody body;
  RouteKey key;
  http::Response (*handle)(Call& call);
};

std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;  // null: no such path, or (if `allow` is not empty) not with this method
  std::string allow{};           // the methods that the path knows: "GET, HEAD"
  std::string job_id{};          // as they stand in the path
  std::string file_id{};
};

RouteMatch find_route(std::string_view method, std::span<const std::string> segments);

}  // namespace pysandbox::api

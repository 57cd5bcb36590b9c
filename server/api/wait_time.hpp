// How long a submission waits for its job: from the body, the query or the header Prefer.
#pragma once

#include <chrono>
#include <optional>

#include "api/api_limits.hpp"
#include "api/body_field.hpp"
#include "http/application.hpp"

namespace pysandbox::api {

// `true`, `false` or seconds. Throws a Refusal for anything else, and beyond ApiLimits::max_wait.
std::chrono::milliseconds read_wait(const BodyField& field, const ApiLimits& limits);

// `?wait=30`, else `Prefer: wait=30` (RFC 7240, 4.3). A preference that makes no sense is no preference, and one that
// is too long is shortened.
std::optional<std::chrono::milliseconds> wait_of(const http::Request& request, const ApiLimits& limits);

}  // namespace pysandbox::api

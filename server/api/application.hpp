// The whole API as the Application that http::Listener serves.
#pragma once

#include <memory>

#include <pysandbox/sandbox.hpp>

#include "api/access.hpp"
#include "api/api_limits.hpp"
#include "api/operations.hpp"
#include "http/application.hpp"

namespace pysandbox::api {

struct ApplicationParts {
  Sandbox& sandbox;  // with a JobStore and a FileStore
  Access& access;
  Operations& operations;
  ApiLimits limits{};
};

// The parts must outlive it. Throws Error{invalid_request} for a Sandbox without JobStore or FileStore.
std::unique_ptr<http::Application> make_application(const ApplicationParts& parts);

}  // namespace pysandbox::api

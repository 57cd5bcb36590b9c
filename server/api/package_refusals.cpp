#include "api/package_refusals.hpp"

#include <string>

#include "api/refusal.hpp"

namespace pysandbox::api {

void check_packages(Sandbox& sandbox, const EnvironmentRequest& request, std::string_view name_field) {
  if (request.packages.empty() && request.name.empty()) return;
  const std::string_view field = request.packages.empty() ? name_field : "packages";
  if (sandbox.environments() == nullptr) {
    constexpr auto problem = "must be empty: this server runs the standard library alone";
    throw Refusal(400, "packages_unsupported", std::string(field) + " " + problem, {field_problem(field, problem)});
  }
  try {
    check_environment_request(request);
  } catch (const Error& error) {
    throw Refusal(400, "package_error", error.what(), {field_problem(field, error.what())});
  }
}

http::Response build_failure(const Error& error, std::string_view request_id) {
  switch (error.code()) {
    case ErrorCode::environment_failed:
    case ErrorCode::invalid_request:
    case ErrorCode::not_found:
    case ErrorCode::too_large:
      return error_response(Refusal(422, "package_error", error.what()), request_id);
    default:
      return error_response(error, request_id);
  }
}

}  // namespace pysandbox::api

// When packages cannot be had, and how the API says so.
#pragma once

#include <string_view>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>
#include <pysandbox/sandbox.hpp>

#include "http/application.hpp"

namespace pysandbox::api {

// Throws Refusal packages_unsupported if this server makes none ready, and package_error for what is no requirement.
// `name_field` is how the request calls EnvironmentRequest::name.
void check_packages(Sandbox& sandbox, const EnvironmentRequest& request, std::string_view name_field);

// The answer for an environment that could not be made: 422 package_error if that is for what was asked.
http::Response build_failure(const Error& error, std::string_view request_id);

}  // namespace pysandbox::api

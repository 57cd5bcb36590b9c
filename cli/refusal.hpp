// What a server refused, as an Error that says it to a person.
#pragma once

#include <string>
#include <string_view>

#include <pysandbox/error.hpp>

namespace pysandbox::cli {

// `body` is what came with the status: {"error", "code", "details", "request_id"}, or what a stranger sends.
Error refusal(int status, std::string_view body, const std::string& server);

}  // namespace pysandbox::cli

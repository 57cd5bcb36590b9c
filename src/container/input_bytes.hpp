// The bytes of an input, wherever they come from.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <pysandbox/container_runner.hpp>

#include "support/unique_fd.hpp"

namespace pysandbox::container {

// Throws Error{not_found} or Error{invalid_request} for what is no regular file that can be read.
UniqueFd open_source(const std::string& path);

// Hands over exactly `input.size` bytes of `input.bytes`: the room for them was measured by that. Throws
// Error{unavailable} if they are fewer or more, and what the source throws.
void read_bytes(const ProgramInput& input, const std::function<void(std::string_view)>& take);

}  // namespace pysandbox::container

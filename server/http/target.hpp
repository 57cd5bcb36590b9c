// The target of a request, in origin form (RFC 9112, 3.2.1), taken apart. What two programs could read in two ways is
// refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pysandbox::http {

struct Target {
  std::vector<std::string> segments;                       // decoded; "/a/" is {"a", ""}
  std::vector<std::pair<std::string, std::string>> query;  // decoded, '+' is a space
};

// Nothing if a percent encoding is broken or hides '/' or a NUL, or if a segment is empty (but for the last), "." or
// "..", however it is written.
std::optional<Target> parse_target(std::string_view target);

}  // namespace pysandbox::http

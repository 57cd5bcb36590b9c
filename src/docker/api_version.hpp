// Versions of the Engine API: which one both sides speak.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace pysandbox::docker {

struct ApiVersion {
  unsigned major = 0;
  unsigned minor = 0;

  auto operator<=>(const ApiVersion&) const = default;
};

// The oldest that has all we use (a cgroup namespace of the container's own), and the newest that we looked at.
inline constexpr ApiVersion oldest_api{1, 41};
inline constexpr ApiVersion newest_api{1, 52};

std::optional<ApiVersion> parse_api_version(std::string_view text);
std::string to_string(ApiVersion version);

// The newest that both speak. Throws Error{sandbox_unavailable} if there is none.
ApiVersion choose_api_version(ApiVersion engine_oldest, ApiVersion engine_newest);

}  // namespace pysandbox::docker

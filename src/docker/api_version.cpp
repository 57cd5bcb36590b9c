#include "docker/api_version.hpp"

#include <algorithm>
#include <charconv>

#include <pysandbox/error.hpp>

namespace pysandbox::docker {

std::optional<ApiVersion> parse_api_version(std::string_view text) {
  ApiVersion version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc() || minor.ptr != end) return std::nullopt;
  return version;
}

std::string to_string(ApiVersion version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

ApiVersion choose_api_version(ApiVersion engine_oldest, ApiVersion engine_newest) {
  if (engine_newest < oldest_api) {
    throw Error(ErrorCode::sandbox_unavailable, "this Docker engine speaks API " + to_string(engine_newest) +
                                                    " at most, and " + to_string(oldest_api) +
                                                    " is needed; install Docker 20.10 or newer");
  }
  if (engine_oldest > newest_api) {
    throw Error(ErrorCode::sandbox_unavailable, "this Docker engine speaks API " + to_string(engine_oldest) +
                                                    " at least, and this pysandbox " + to_string(newest_api) +
                                                    " at most; install a newer pysandbox");
  }
  return std::min(engine_newest, newest_api);
}

}  // namespace pysandbox::docker

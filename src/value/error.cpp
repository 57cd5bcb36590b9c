#include <pysandbox/error.hpp>

#include <algorithm>

namespace pysandbox {
namespace {

// Sentences quote names and messages of others, and those may hold line breaks.
std::string one_line(std::string sentence) {
  std::replace_if(
      sentence.begin(), sentence.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
  return sentence;
}

}  // namespace

Error::Error(ErrorCode code, const std::string& sentence) : std::runtime_error(one_line(sentence)), code_(code) {}

Error::~Error() = default;

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_request:
      return "invalid_request";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::overloaded:
      return "overloaded";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::environment_failed:
      return "environment_failed";
    case ErrorCode::sandbox_unavailable:
      return "sandbox_unavailable";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

const char* version() noexcept { return PYSANDBOX_VERSION; }

}  // namespace pysandbox

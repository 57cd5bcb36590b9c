#include "settings/settings.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <pysandbox/error.hpp>

#include "private_file.hpp"

namespace pysandbox::server {
namespace {

void apply(Limits& limits, const std::vector<std::string>& given) {
  for (const std::string& text : given) {
    const auto equals = text.find('=');
    set_limit(limits, text.substr(0, equals), std::string_view(text).substr(equals + 1));
  }
}

bool names(const std::vector<std::string>& given, std::string_view limit) {
  for (const std::string& text : given) {
    if (text.substr(0, text.find('=')) == limit) return true;
  }
  return false;
}

}  // namespace

JobLimits limits_of(const Settings& settings) {
  JobLimits limits;
  for (const LimitField& field : limit_fields()) set_limit(limits.maxima, field.name, field.maximum);
  apply(limits.maxima, settings.max_limits);
  apply(limits.defaults, settings.default_limits);
  for (const LimitField& field : limit_fields()) {
    const double most = get_limit(limits.maxima, field.name);
    const double usual = get_limit(limits.defaults, field.name);
    if (usual <= most) continue;
    if (names(settings.default_limits, field.name)) {
      throw Error(ErrorCode::invalid_request,
                  fmt::format("--default-limit {0}={1} is more than --max-limit {0}={2} allows; "
                              "raise the one or lower the other",
                              field.name, usual, most));
    }
    set_limit(limits.defaults, field.name, most);
  }
  return limits;
}

KeyLimits key_limits_of(const Settings& settings) {
  KeyLimits limits;
  if (settings.rate > 0) limits.requests_per_minute = settings.rate;
  if (settings.max_active > 0) limits.max_active_jobs = settings.max_active;
  return limits;
}

KeyLimits limits_without_key_of(const Settings& settings) { return {settings.rate, settings.max_active}; }

std::string callback_secret_of(const Settings& settings) {
  if (settings.callback_secret_file.empty()) return settings.callback_secret;
  if (!settings.callback_secret.empty()) {
    throw Error(ErrorCode::invalid_request, "give --callback-secret or --callback-secret-file, not both");
  }
  constexpr std::size_t maximum_bytes = 4096;
  std::optional<std::string> text;
  try {
    text = read_file(settings.callback_secret_file, maximum_bytes);
  } catch (const Error& error) {
    throw Error(ErrorCode::invalid_request, fmt::format("--callback-secret-file: {}", error.what()));
  }
  if (text) text->erase(text->find_last_not_of(" \t\r\n") + 1);
  if (!text || text->empty()) {
    throw Error(ErrorCode::invalid_request,
                fmt::format("--callback-secret-file: {} does not exist or is empty", settings.callback_secret_file));
  }
  return *text;
}

bool is_loopback(const ListenAddress& listen) {
  return listen.address.rfind("127.", 0) == 0 || listen.address == "::1";
}

std::string to_string(const ListenAddress& listen) {
  return listen.address.find(':') == std::string::npos ? fmt::format("{}:{}", listen.address, listen.port)
                                                       : fmt::format("[{}]:{}", listen.address, listen.port);
}

std::string default_data_dir() {
  const char* data_home = std::getenv("XDG_DATA_HOME");
  // "All paths set in these environment variables must be absolute" (XDG Base Directory Specification).
  if (data_home != nullptr && *data_home == '/') return std::string(data_home) + "/pysandbox";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.local/share/pysandbox";
  throw Error(ErrorCode::invalid_request, "there is no HOME to keep data below; say where with --data-dir");
}

}  // namespace pysandbox::server

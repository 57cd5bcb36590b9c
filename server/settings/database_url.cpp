#include "settings/database_url.hpp"

#include <fmt/format.h>

#include <pysandbox/error.hpp>

namespace pysandbox::server {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";

bool begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

}  // namespace

DatabaseKind database_kind(const std::string& url) {
  return url.empty() || begins(url, sqlite_scheme) ? DatabaseKind::sqlite : DatabaseKind::postgres;
}

std::string sqlite_path(const std::string& url, const std::string& otherwise) {
  return url.empty() ? otherwise : url.substr(sqlite_scheme.size());
}

std::string checked_database_url(const std::string& url) {
  const bool known = url.empty() || (begins(url, sqlite_scheme) && url.size() > sqlite_scheme.size()) ||
                     begins(url, "postgres://") || begins(url, "postgresql://");
  // The text itself stays out of the message: it may hold a password.
  if (!known) throw Error(ErrorCode::invalid_request, "takes sqlite:PATH, postgres://... or postgresql://...");
  if (url.find(fmt::format(":{}@", mask)) != url.npos || url.find(fmt::format("password={}", mask)) != url.npos) {
    throw Error(ErrorCode::invalid_request, "has its password masked; put the real one in its place");
  }
  return url;
}

std::string masked_database_url(const std::string& url) {
  if (database_kind(url) != DatabaseKind::postgres) return url;
  std::string shown = url;
  const auto authority = shown.find("://") + 3;
  // The last '@' before the path: a password that should have been percent-encoded is masked as a whole too.
  const auto at = shown.substr(0, shown.find_first_of("/?", authority)).rfind('@');
  const auto last_at = at == shown.npos ? shown.rfind('@') : at;
  if (last_at != shown.npos && last_at > authority) {
    const auto colon = shown.find(':', authority);
    if (colon < last_at) shown.replace(colon + 1, last_at - colon - 1, mask);
  }
  constexpr std::string_view parameter = "password=";  // also sslpassword
  for (auto found = shown.find(parameter); found != shown.npos; found = shown.find(parameter, found + 1)) {
    const auto value = found + parameter.size();
    const auto end = shown.find('&', value);
    shown.replace(value, (end == shown.npos ? shown.size() : end) - value, mask);
  }
  return shown;
}

}  // namespace pysandbox::server

// Which database a text means.
#pragma once

#include <string>
#include <string_view>

namespace pysandbox::server {

inline constexpr std::string_view mask = "***";

enum class DatabaseKind { sqlite, postgres };

DatabaseKind database_kind(const std::string& url);

// The path behind "sqlite:"; `otherwise` for an empty text.
std::string sqlite_path(const std::string& url, const std::string& otherwise);

// `url` as it is. Throws Error{invalid_request} for another scheme, and for a password that is masked.
std::string checked_database_url(const std::string& url);

// With the mask in the place of every password.
std::string masked_database_url(const std::string& url);

}  // namespace pysandbox::server

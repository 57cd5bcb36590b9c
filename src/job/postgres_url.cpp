#include "job/postgres_url.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>

#include <pysandbox/error.hpp>

namespace pysandbox {
namespace {

// connect_timeout is in seconds, tcp_user_timeout in milliseconds. The second one ends calls to a server that has
// gone without a word.
constexpr std::pair<std::string_view, std::string_view> defaults[] = {
    {"connect_timeout", "5"}, {"tcp_user_timeout", "10000"}, {"application_name", "pysandbox"}};

constexpr std::string_view mask = "***";

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(ErrorCode::invalid_request, "the database URL " + sentence);
}

bool is_secret(std::string_view key) { return key == "password" || key == "sslpassword"; }

std::string decode(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    const std::string digits(text.substr(at + 1, 2));
    const bool is_hex = digits.size() == 2 && std::isxdigit(static_cast<unsigned char>(digits[0])) != 0 &&
                        std::isxdigit(static_cast<unsigned char>(digits[1])) != 0;
    if (!is_hex) refuse("has a '%' that is not followed by two hexadecimal digits; write %25 for it");
    decoded += static_cast<char>(std::stoi(digits, nullptr, 16));
    at += 2;
  }
  return decoded;
}

// Several hosts are separated by commas; an IPv6 address is in brackets.
void check_ports(std::string_view hosts) {
  while (!hosts.empty()) {
    const auto comma = std::min(hosts.find(','), hosts.size());
    std::string_view host = hosts.substr(0, comma);
    hosts.remove_prefix(std::min(comma + 1, hosts.size()));
    if (const auto bracket = host.rfind(']'); bracket != std::string_view::npos) host.remove_prefix(bracket + 1);
    const auto colon = host.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view port = host.substr(colon + 1);
    if (!std::all_of(port.begin(), port.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) {
      refuse("has a port that is no number; write '/' as %2F and '@' as %40 in a password");
    }
  }
}

// One key and value of libpq's keywords; takes it from the front of `text`. Nothing at its end.
std::optional<std::pair<std::string, std::string>> take_keyword(std::string_view& text) {
  const auto skip_blanks = [&] { text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size())); };
  skip_blanks();
  if (text.empty()) return std::nullopt;
  const auto equals = text.find('=');
  const std::string key(text.substr(0, text.find_first_of("= \t\r\n")));
  const bool is_key = !key.empty() && std::all_of(key.begin(), key.end(),
                                                  [](unsigned char c) { return std::islower(c) != 0 || c == '_'; });
  if (equals == std::string_view::npos || !is_key ||
      text.substr(key.size(), equals - key.size()).find_first_not_of(" \t\r\n") != std::string_view::npos) {
    refuse("is neither postgres://... nor a list of keyword=value; put values with blanks between single quotes");
  }
  text.remove_prefix(equals + 1);
  skip_blanks();
  const bool is_quoted = text.starts_with('\'');
  if (is_quoted) text.remove_prefix(1);
  std::string value;
  while (!text.empty()) {
    const char c = text.front();
    if (is_quoted ? c == '\'' : std::isspace(static_cast<unsigned char>(c)) != 0) break;
    if (c == '\\' && text.size() > 1) text.remove_prefix(1);
    value += text.front();
    text.remove_prefix(1);
  }
  if (is_quoted) {
    if (text.empty()) refuse("has a quoted value without an end; close it with a single quote");
    text.remove_prefix(1);
  }
  return std::pair(key, value);
}

}  // namespace

PostgresUrl::PostgresUrl(const std::string& url) {
  if (url.empty() || url.find('\0') != std::string::npos) refuse("is empty or holds a NUL; give one");
  const bool is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
  if (!is_url && url.find("://") != std::string::npos && url.find('=') == std::string::npos) {
    refuse("has an unknown scheme; begin it with postgres://");
  }
  is_url ? read_url(url) : read_keywords(url);
}

void PostgresUrl::read_url(const std::string& url) {
  const auto start = url.find("://") + 3;
  const auto end = std::min(url.find_first_of("/?", start), url.size());
  const auto query = std::min(url.find('?', end), url.size());
  const std::string_view authority = std::string_view(url).substr(start, end - start);
  const auto at = authority.find('@');
  const bool is_at_elsewhere = authority.find('@', at + 1) != std::string_view::npos && at != std::string_view::npos;
  if (is_at_elsewhere || std::string_view(url).substr(end, query - end).find('@') != std::string_view::npos) {
    refuse("has an '@' in its user, password or path; write it as %40, and a '/' as %2F");
  }
  decode(url);
  check_ports(authority.substr(at == std::string_view::npos ? 0 : at + 1));

  shown_ = url.substr(0, query);
  if (at != std::string_view::npos) {
    const auto colon = authority.find(':');
    if (colon < at) {
      const std::string password(authority.substr(colon + 1, at - colon - 1));
      secrets_.push_back(password);
      secrets_.push_back(decode(password));
      shown_.replace(start + colon + 1, password.size(), mask);
    }
  }
  connection_string_ = url;
  std::vector<std::string> keys;
  for (auto from = query; from < url.size();) {
    const auto next = std::min(url.find('&', from + 1), url.size());
    const std::string part = url.substr(from + 1, next - from - 1);
    const auto equals = std::min(part.find('='), part.size());
    keys.push_back(decode(part.substr(0, equals)));
    if (is_secret(keys.back())) {
      secrets_.push_back(part.substr(std::min(equals + 1, part.size())));
      secrets_.push_back(decode(secrets_.back()));
    } else {
      shown_ += url[from] + part;
    }
    from = next;
  }
  for (const auto& [key, value] : defaults) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    connection_string_ += connection_string_.find('?') == std::string::npos ? '?' : '&';
    connection_string_.append(key).append("=").append(value);
  }
}

void PostgresUrl::read_keywords(const std::string& text) {
  std::vector<std::string> keys;
  std::string_view rest = text;
  while (const auto keyword = take_keyword(rest)) {
    const auto& [key, value] = *keyword;
    keys.push_back(key);
    if (is_secret(key)) secrets_.push_back(value);
    shown_.append(shown_.empty() ? "" : " ").append(key).append("=").append(is_secret(key) ? mask : value);
  }
  connection_string_ = text;
  for (const auto& [key, value] : defaults) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    connection_string_.append(" ").append(key).append("=").append(value);
  }
}

std::string PostgresUrl::without_secrets(std::string text) const {
  for (const std::string& secret : secrets_) {
    if (secret.empty()) continue;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + mask.size())) {
      text.replace(at, secret.size(), mask);
    }
  }
  return text;
}

}  // namespace pysandbox

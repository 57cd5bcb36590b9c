#include "server_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include <pysandbox/error.hpp>

#include "report.hpp"

namespace pysandbox::cli {
namespace {

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char letter) { return letter > ' ' && letter < '\x7f'; });
}

// "[::1]:3004" is "[::1]", "localhost:3004" is "localhost".
std::string_view host_of(std::string_view authority) {
  const auto end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
  if (authority.starts_with('[') && end != std::string_view::npos) return authority.substr(0, end + 1);
  return authority.substr(0, end);
}

// Four numbers and no name: 127.example.org is anybody's.
bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

ServerAddress parse_server_address(const std::string& text) {
  std::string url = text;
  while (url.ends_with('/')) url.pop_back();
  const bool encrypted = url.starts_with("https://");
  const std::string_view rest = encrypted                    ? std::string_view(url).substr(8)
                                : url.starts_with("http://") ? std::string_view(url).substr(7)
                                                             : "";
  const auto host = host_of(rest.substr(0, rest.find('/')));
  if (url.find('@') != std::string::npos) {
    throw Error(ErrorCode::invalid_request,
                "--server takes no user name or password; give a key with PYSANDBOX_API_KEY");
  }
  if (host.empty() || !is_visible_ascii(url) || url.find_first_of("?#\\") != std::string::npos) {
    throw Error(ErrorCode::invalid_request,
                fmt::format("--server takes http://HOST:PORT or https://HOST, not \"{}\"", printable(text)));
  }
  return {url, encrypted, is_loopback(host)};
}

void check_key(const std::string& key) {
  if (is_visible_ascii(key)) return;
  throw Error(ErrorCode::invalid_request,
              "the API key has a blank or a letter that no key has; give it as the server's operator wrote it");
}

}  // namespace pysandbox::cli

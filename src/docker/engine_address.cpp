#include "docker/engine_address.hpp"

#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include <pysandbox/error.hpp>

#include "support/in_quotes.hpp"

namespace pysandbox::docker {
namespace {

constexpr std::string_view unix_prefix = "unix://";
constexpr std::string_view tcp_prefix = "tcp://";

[[noreturn]] void refuse(const std::string& text) {
  throw Error(ErrorCode::invalid_request,
              in_quotes(text) + " is no address of a Docker engine; write unix:///run/docker.sock or tcp://HOST:PORT");
}

bool is_host_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == ':' || c == '[' || c == ']';
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && port >= 1 && port <= 65535;
}

}  // namespace

EngineAddress parse_engine_address(const std::string& text) {
  if (text.starts_with(unix_prefix)) {
    std::string path = text.substr(unix_prefix.size());
    if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos ||
        path.size() >= sizeof(sockaddr_un::sun_path)) {
      refuse(text);
    }
    return {std::move(path), "http://docker", text};
  }
  if (!text.starts_with(tcp_prefix)) refuse(text);
  const std::string authority = text.substr(tcp_prefix.size());
  const auto colon = authority.rfind(':');
  if (colon == std::string::npos || colon == 0 || !std::all_of(authority.begin(), authority.end(), is_host_letter) ||
      !is_port(std::string_view(authority).substr(colon + 1))) {
    refuse(text);
  }
  return {"", "http://" + authority, text};
}

}  // namespace pysandbox::docker

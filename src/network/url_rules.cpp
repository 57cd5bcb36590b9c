#include "network/url_rules.hpp"

#include <algorithm>
#include <charconv>
#include <new>

namespace pysandbox::network {
namespace {

constexpr std::size_t longest_url = 8192;
constexpr std::size_t longest_name = 253;  // RFC 1035, 2.3.4, as text

constexpr const char* not_http = "the URL begins with neither http:// nor https://; write it out whole";
constexpr const char* bad_host =
    "the URL's host is neither a name of ASCII letters, digits, '-' and '.', nor an address in its usual form; write "
    "it that way (a name in other letters begins with xn--)";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), lower);
  return result;
}

bool ends_in_number(std::string_view name) {
  const std::string_view label = name.substr(name.rfind('.') + 1);
  if (label.starts_with("0x")) return label.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
  return std::ranges::all_of(label, is_digit);
}

// What is wrong with the text before anybody takes it apart.
std::string objection_to_text(std::string_view text) {
  if (text.size() > longest_url) {
    return "the URL has " + std::to_string(text.size()) + " bytes where at most " + std::to_string(longest_url) +
           " are allowed; shorten it";
  }
  const auto wrong = std::ranges::find_if(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f || byte == '\\';
  });
  if (wrong == text.end()) return {};
  return "the URL has a space, a control character or a backslash at byte " + std::to_string(wrong - text.begin()) +
         "; remove it, or write it as %20, %5C and so on";
}

// libcurl takes one slash or three for two.
bool has_http_start(std::string_view text) {
  const std::string start = lower_case(text.substr(0, 8));
  const std::size_t length = start.starts_with("http://") ? 7 : start.starts_with("https://") ? 8 : 0;
  return length > 0 && text.size() > length && text[length] != '/';
}

std::string objection_of(CURLUcode code) {
  switch (code) {
    case CURLUE_OUT_OF_MEMORY:
      throw std::bad_alloc();
    case CURLUE_USER_NOT_ALLOWED:
      return "the URL has a user name or a password; remove them, none is ever sent";
    case CURLUE_UNSUPPORTED_SCHEME:
    case CURLUE_BAD_SCHEME:
    case CURLUE_BAD_SLASHES:
      return not_http;
    case CURLUE_BAD_PORT_NUMBER:
      return "the URL's port is not a number from 1 to 65535; correct it";
    case CURLUE_BAD_HOSTNAME:
    case CURLUE_BAD_IPV6:
    case CURLUE_NO_HOST:
      return bad_host;
    default:
      return std::string("the URL cannot be understood (") + ::curl_url_strerror(code) + "); correct it";
  }
}

}  // namespace

std::optional<std::string> host_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string name = lower_case(text);
  const bool plain =
      std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; });
  const bool empty_label = name.empty() || name.front() == '.' || name.back() == '.' || name.find("..") != name.npos;
  if (!plain || empty_label || name.size() > longest_name || ends_in_number(name)) return std::nullopt;
  return name;
}

ParsedUrl WebUrl::parse(const std::string& text) {
  if (std::string objection = objection_to_text(text); !objection.empty()) return {{}, std::move(objection)};
  if (!has_http_start(text)) return {{}, not_http};
  Handle handle(::curl_url());
  if (!handle) throw std::bad_alloc();
  return set(std::move(handle), text);
}

ParsedUrl WebUrl::follow(const std::string& text) const {
  if (std::string objection = objection_to_text(text); !objection.empty()) return {{}, std::move(objection)};
  Handle handle(::curl_url_dup(handle_.get()));
  if (!handle) throw std::bad_alloc();
  return set(std::move(handle), text);
}

ParsedUrl WebUrl::set(Handle handle, const std::string& text) {
  // CURLU_URLENCODE is for letters beyond ASCII in the path.
  const CURLUcode code =
      ::curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER | CURLU_URLENCODE);
  if (code != CURLUE_OK) return {{}, objection_of(code)};
  WebUrl url(std::move(handle));
  std::string objection = url.read_parts();
  if (!objection.empty()) return {{}, std::move(objection)};
  return {std::move(url), {}};
}

// Empty if there is no such part.
std::string WebUrl::part(CURLUPart which, unsigned flags) const {
  char* text = nullptr;
  const CURLUcode code = ::curl_url_get(handle_.get(), which, &text, flags);
  const std::unique_ptr<char, decltype(&::curl_free)> owner(text, &::curl_free);
  if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
  return code == CURLUE_OK ? std::string(text) : std::string();
}

std::string WebUrl::read_parts() {
  const std::string scheme = part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return not_http;
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty() || !part(CURLUPART_OPTIONS).empty()) {
    return objection_of(CURLUE_USER_NOT_ALLOWED);
  }

  std::string host = part(CURLUPART_HOST);  // libcurl has made 127.1 and 0x7f000001 into 127.0.0.1
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  address_ = IpAddress::parse(host);
  if (bracketed != (address_ && host.find(':') != host.npos) || !part(CURLUPART_ZONEID).empty()) return bad_host;
  if (!address_) {
    auto name = host_name(host);
    if (!name) return bad_host;
    host = *std::move(name);
  }
  host_ = lower_case(host);

  const std::string port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), port_);
  if (error != std::errc() || end != port.data() + port.size() || port_ == 0) {
    return objection_of(CURLUE_BAD_PORT_NUMBER);
  }
  path_ = part(CURLUPART_PATH);
  return {};
}

}  // namespace pysandbox::network

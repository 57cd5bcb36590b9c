// What a URL may look like. It is taken apart once, by libcurl, and what was checked is what libcurl then fetches: two
// parsers that disagree on where the host ends are how such checks are passed.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "network/ip_address.hpp"

namespace pysandbox::network {

struct ParsedUrl;

// An http or https URL without user info, whose host is a name of letters that DNS knows or an address.
class WebUrl {
 public:
  // `text` may be absolute only.
  static ParsedUrl parse(const std::string& text);

  // What a server means by "Location: <text>" if it was asked for this URL.
  ParsedUrl follow(const std::string& text) const;

  const std::string& host() const noexcept { return host_; }  // lower case; no brackets, no dot at the end
  const std::optional<IpAddress>& address() const noexcept { return address_; }  // if the host is one
  std::uint16_t port() const noexcept { return port_; }
  const std::string& path() const noexcept { return path_; }  // as it is sent, percent-encoded

  // Borrowed, for CURLOPT_CURLU.
  CURLU* handle() const noexcept { return handle_.get(); }

 private:
  struct Free {
    void operator()(CURLU* handle) const noexcept { ::curl_url_cleanup(handle); }
  };
  using Handle = std::unique_ptr<CURLU, Free>;

  explicit WebUrl(Handle handle) noexcept : handle_(std::move(handle)) {}
  static ParsedUrl set(Handle handle, const std::string& text);
  std::string part(CURLUPart which, unsigned flags = 0) const;
  std::string read_parts();

  Handle handle_;
  std::string host_;
  std::optional<IpAddress> address_;
  std::uint16_t port_ = 0;
  std::string path_;
};

struct ParsedUrl {
  std::optional<WebUrl> url;
  std::string objection{};  // a sentence if there is none
};

// A host name that DNS could know, in lower case without the dot at its end; nothing if it is none. "127.1" and
// "0x7f.1" are none: what ends in a number is an address or a mistake (WHATWG URL Standard, "ends in a number
// checker").
std::optional<std::string> host_name(std::string_view text);

}  // namespace pysandbox::network

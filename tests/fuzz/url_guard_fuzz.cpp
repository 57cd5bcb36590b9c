// URLs, redirects and file names that strangers choose.
//
// The input is two lines: a URL, and what the server answers: as a Location, as a Content-Disposition, as a name.

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "environment/safe_name.hpp"
#include "network/address_rules.hpp"
#include "network/file_name_from.hpp"
#include "network/reach.hpp"
#include "network/url_rules.hpp"
#include "value/text.hpp"

namespace pysandbox::network {
namespace {

void must(bool holds, std::string_view what, std::string_view on) {
  if (holds) return;
  std::cerr << what << ": " << quoted(on) << '\n';
  std::abort();
}

std::string part(CURLU* handle, CURLUPart which) {
  char* text = nullptr;
  const bool there = ::curl_url_get(handle, which, &text, 0) == CURLUE_OK;
  const std::unique_ptr<char, decltype(&::curl_free)> owner(text, &::curl_free);
  return there ? text : "";
}

// The address that the system's own resolver, which knows more notations than ours, sees in `host` without asking
// anybody.
std::optional<IpAddress> as_the_system_reads_it(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &first) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(first, &::freeaddrinfo);
  return IpAddress::of(*first->ai_addr, first->ai_addrlen);
}

void check_passed(const WebUrl& url, const Reach& reach) {
  const std::string& host = url.host();
  must(!host.empty() && url.port() != 0, "a URL without a host or port passed", host);
  for (const char c : host) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':';
    must(plain, "a host with a strange letter passed", host);
  }
  must(as_the_system_reads_it(host) == url.address(), "a host is an address for one and none for the other", host);

  CURLU* handle = url.handle();
  must(part(handle, CURLUPART_USER).empty() && part(handle, CURLUPART_PASSWORD).empty(), "user info passed", host);
  must(part(handle, CURLUPART_ZONEID).empty(), "a zone passed", host);
  const std::string scheme = part(handle, CURLUPART_SCHEME);
  must(scheme == "http" || scheme == "https", "another scheme passed", scheme);

  // Read again, what libcurl fetches is the same place.
  const std::string text = part(handle, CURLUPART_URL);
  const ParsedUrl again = WebUrl::parse(text);
  if (again.url) {
    must(again.url->host() == host && again.url->port() == url.port(), "a URL changes when it is read again", text);
  } else {
    must(text.size() > 8192, "a URL that passed is refused when it is read again",
         text);  // percent codes made it longer
  }

  if (!reach.objection_to_port(url).empty() || !reach.objection_to_host(url).empty()) return;
  must(url.port() == 80 || url.port() == 443, "another port passed", text);
  must(!url.address() || is_public(*url.address()), "an address that is not public passed", host);
  must(host != "localhost" && !host.ends_with(".localhost"), "this host passed", host);
}

void check(const ParsedUrl& parsed, const Reach& reach, const std::string& text) {
  must(parsed.url.has_value() == parsed.objection.empty(), "neither a URL nor an objection, or both", text);
  if (parsed.url) check_passed(*parsed.url, reach);
}

void check_name(const std::string& text) {
  TakenNames names;
  const std::string first = names.take(text);
  const std::string second = names.take(text);
  must(first == safe_name(text) && first != second, "one name is given twice", text);
  must(safe_name(first) == first, "a safe name is made another", first);
  for (const std::string& name : {first, second}) {
    must(!name.empty() && name.size() <= 255, "a name is empty or too long", name);
    must(name.find_first_of(std::string_view("/\\\0", 3)) == name.npos, "a name leads elsewhere", name);
    must(name.front() != '.', "a name is hidden", name);
    must(!find_invalid_utf8(name), "a name is not UTF-8", name);
    for (const char c : name) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a name has a control", name);
  }
}

void check_all(std::string_view input) {
  static const Reach reach{WebClientOptions{}};
  const auto newline = input.find('\n');
  const std::string url(input.substr(0, newline));
  const std::string answer(newline == input.npos ? "" : input.substr(newline + 1));

  const ParsedUrl parsed = WebUrl::parse(url);
  check(parsed, reach, url);
  if (parsed.url) check(parsed.url->follow(answer), reach, answer);
  check_name(answer);
  check_name(file_name_from(answer, parsed.url ? parsed.url->path() : url));
}

}  // namespace
}  // namespace pysandbox::network

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pysandbox::network::check_all({reinterpret_cast<const char*>(data), size});
  return 0;
}

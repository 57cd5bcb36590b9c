// WebClient: the only way out to the network. It fetches what URLs name and tells callbacks of ends.
//
// The URLs come from strangers, so it reaches public addresses only: http and https, every address checked after its
// name was resolved, and again after every redirect. What an operator wants reached inside is named in
// WebClientOptions::allow.
//
// It is a part of its own (the CMake component pysandbox::network, libcurl): who fetches nothing links nothing of it.
//
// Threads: every method may be called from any thread at any time. No connection, cookie or credential lives on from
// one call to the next. Errors: what the other side does is a value; Error{invalid_request} is for options that make no
// sense.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/export.hpp>

namespace pysandbox {

// What became of one request.
struct WebResult {
  bool ok = false;         // answered with 2xx, and all of it arrived
  int status = 0;          // of the last answer; zero if none came
  std::string problem{};   // a sentence if not ok. It does not tell a closed port from a forbidden one
  bool retryable = false;  // the same request may succeed later
  std::string name{};      // of the file: from Content-Disposition, else the path of the last URL; as it came, not safe
  std::uint64_t size = 0;  // of the body
};

using BodySink = std::function<void(std::span<const std::byte>)>;

class PYSANDBOX_EXPORT WebClient {
 public:
  virtual ~WebClient() = default;

  // Gets `url` and hands the body over piece by piece, `max_bytes` at most. What `take` throws, it throws.
  virtual WebResult fetch(const std::string& url, std::uint64_t max_bytes, const BodySink& take,
                          std::stop_token stop) = 0;

  // Sends `body` by POST. Redirects are not followed; the answer's body is not read beyond a few bytes.
  virtual WebResult post(const std::string& url, const std::map<std::string, std::string>& headers,
                         std::string_view body, std::stop_token stop) = 0;

  // Why `url` would be refused without asking anybody (scheme, user info, a forbidden address written out); empty if it
  // would not.
  virtual std::string objection_to(const std::string& url) const = 0;
};

struct WebClientOptions {
  // What may be reached although it is not public: "10.1.2.0/24", "fd00:1::/64", or "files.internal" and
  // "127.0.0.1:8080" (a host and, if given, its port only). Ports other than 80 and 443 need such an entry or `ports`.
  std::vector<std::string> allow{};
  std::vector<std::uint16_t> ports{80, 443};

  int max_redirects = 5;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds total_timeout{60'000};

  // A transfer that is slower for `slow_for` is given up.
  std::uint64_t slow_bytes_per_second = 1024;
  std::chrono::seconds slow_for{10};
};

PYSANDBOX_EXPORT std::unique_ptr<WebClient> make_web_client(const WebClientOptions& options = {});

}  // namespace pysandbox

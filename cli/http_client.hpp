// HTTP to one server. What comes back is pulled, piece by piece, so that nothing large is ever held.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <pysandbox/byte_source.hpp>

#include "curl_library.hpp"
#include "server_address.hpp"

namespace pysandbox::cli {

// A request body of a known size, opened anew for each try.
struct HttpUpload {
  std::function<ByteSource()> open;
  std::uint64_t size = 0;
};

struct HttpRequest {
  std::string method = "GET";
  std::string path;                    // behind the server's URL, with what needs it percent-encoded
  std::vector<std::string> headers{};  // "Name: value"
  std::string body{};
  std::optional<HttpUpload> upload{};  // in place of `body`

  // Given up when no byte has come or gone for so long.
  std::chrono::milliseconds silence{60'000};
};

class HttpClient;

// One request and its answer. Every function that waits throws Error{unavailable} when the connection cannot be made,
// when it breaks, and when the client's stop token says so.
class HttpExchange {
 public:
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  int status();                        // waits for it
  std::chrono::seconds retry_after();  // zero if the server did not say

  // The server's clock when it began to answer, to the second; nothing if it did not say.
  std::optional<std::chrono::sys_seconds> date();

  // True once read() will not wait, false if that takes longer.
  bool wait(std::chrono::milliseconds patience);

  // The next bytes of the answer's body; zero at its end.
  std::size_t read(std::span<std::byte> buffer);

  // All that is left of it. Throws Error{too_large} for more than `limit`.
  std::string read_all(std::size_t limit);

 private:
  friend class HttpClient;
  struct Callbacks;
  using Clock = std::chrono::steady_clock;

  HttpExchange(HttpClient& client, HttpRequest request);
  template <class Value>
  void set(CURLoption option, Value value);
  void describe_request();
  template <class Ready>
  bool wait_until(Clock::time_point deadline, Ready ready);
  void throw_if_broken();

  HttpClient& client_;
  const HttpRequest request_;
  std::string url_;
  ByteSource source_;
  std::unique_ptr<CURL, decltype(&::curl_easy_cleanup)> easy_;
  std::unique_ptr<curl_slist, decltype(&::curl_slist_free_all)> headers_;
  char problem_[CURL_ERROR_SIZE] = {};

  std::string received_;  // and not yet read, from `consumed_` on
  std::size_t consumed_ = 0;
  bool paused_ = false;
  std::string date_;
  bool header_complete_ = false;
  std::optional<CURLcode> finished_;
  std::exception_ptr source_failure_;
  Clock::time_point last_heard_ = Clock::now();
};

class HttpClient {
 public:
  // Without a key nothing is sent about who asks.
  HttpClient(ServerAddress server, std::string key);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  const ServerAddress& server() const noexcept { return server_; }

  // The exchange must not outlive the client. Several may be under way.
  std::unique_ptr<HttpExchange> start(HttpRequest request);

  // What waits from now on gives up when `stop` is requested.
  void heed(std::stop_token stop) { stop_ = std::move(stop); }
  bool interrupted() const noexcept { return stop_.stop_requested(); }

  // Sleeps. Throws Error{unavailable} when interrupted.
  void pause(std::chrono::milliseconds time);

 private:
  friend class HttpExchange;

  void perform();
  void poll(std::chrono::milliseconds patience);

  const ServerAddress server_;
  const std::string key_;
  const CurlLibrary curl_;
  std::unique_ptr<CURLM, decltype(&::curl_multi_cleanup)> multi_;
  std::stop_token stop_;
};

}  // namespace pysandbox::cli

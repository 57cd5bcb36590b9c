// Calls of the Docker Engine API: one request, one answer, within a time.
//
// Threads: every method may be called from any thread at any time.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "docker/engine_address.hpp"
#include "network/curl_handle.hpp"

namespace pysandbox::docker {

struct Answer {
  long status = 0;
  std::string body{};

  bool ok() const noexcept { return status >= 200 && status < 300; }

  // What the engine says about it, as one line.
  std::string message() const;
};

class EngineClient {
 public:
  EngineClient(EngineAddress address, std::chrono::milliseconds call_timeout);

  const EngineAddress& address() const noexcept { return address_; }
  std::chrono::milliseconds call_timeout() const noexcept { return call_timeout_; }

  // `path` is what follows the version: "/containers/json". Throws Error{unavailable} for an engine that does not
  // answer in time or at all, and Error{sandbox_unavailable} for one that may not be asked or speaks no common version.
  Answer get(const std::string& path);
  Answer get(const std::string& path, std::chrono::milliseconds timeout);
  Answer post(const std::string& path, const std::string& json = {});
  Answer remove(const std::string& path);

  // POST that waits for something: `timeout` in place of the usual one.
  Answer post_and_wait(const std::string& path, std::chrono::milliseconds timeout);

  // Sets up `handle` for this engine and nothing else.
  void prepare(network::CurlHandle& handle) const;

  // "/v1.41": the newest that both know, asked for once until the engine goes away.
  std::string version_path();

  // Throws what fits to a transfer that failed.
  [[noreturn]] void throw_failed(CURL* handle, CURLcode code, const std::string& what);

 private:
  Answer call(const char* method, const std::string& path, const std::string* json, std::chrono::milliseconds timeout);
  std::string negotiate();

  EngineAddress address_;
  std::chrono::milliseconds call_timeout_;
  std::mutex mutex_;  // guards version_
  std::string version_;
};

}  // namespace pysandbox::docker

// The routes of docs/http-api.md that the client's commands use. What the server refuses is thrown as Error, in its
// words.
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <pysandbox/byte_source.hpp>

#include "command_line.hpp"
#include "http_client.hpp"

namespace pysandbox::cli {

class ServerApi {
 public:
  // Warns if a key would go over the net in the clear. Throws Error for a bad URL or key, and if there is no libcurl.
  explicit ServerApi(const ServerWords& words);

  boost::json::value submit(const std::string& body, const std::string& idempotency_key);
  boost::json::value status(const std::string& job);
  boost::json::value results(const std::string& job);
  boost::json::value cancel(const std::string& job);
  boost::json::value files(const std::string& job);
  boost::json::value list(const std::string& query);

  // `progress` is told how many bytes were taken from the file.
  boost::json::value upload(const std::string& path, const std::function<void(std::uint64_t, std::uint64_t)>& progress);

  // Answers that come piece by piece; their status is 2xx.
  std::unique_ptr<HttpExchange> events(const std::string& job, const std::string& last_event_id);
  std::unique_ptr<HttpExchange> download(const std::string& job, const std::string& file);

  // As HttpClient's.
  void heed(std::stop_token stop) { http_.heed(std::move(stop)); }
  bool interrupted() const noexcept { return http_.interrupted(); }
  void pause(std::chrono::milliseconds time) { http_.pause(time); }

 private:
  std::unique_ptr<HttpExchange> ask(const HttpRequest& request);
  boost::json::value ask_for_json(const HttpRequest& request);

  HttpClient http_;
};

// As a part of a path or a query: all but letters, digits and -._~ percent-encoded (RFC 3986, section 2.3).
std::string escaped(std::string_view text);

}  // namespace pysandbox::cli

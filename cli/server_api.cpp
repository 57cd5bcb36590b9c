#include "server_api.hpp"

#include <fmt/format.h>

#include <pysandbox/error.hpp>

#include "local_file.hpp"
#include "refusal.hpp"
#include "report.hpp"
#include "request_input.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t maximum_answer_bytes = 512ULL << 20;  // both outputs of a job at their largest, as JSON
constexpr std::size_t maximum_refusal_bytes = 1ULL << 20;
constexpr std::chrono::seconds longest_retry_after{60};

// The server sends a comment every 15 s.
constexpr std::chrono::milliseconds events_silence{45'000};

ServerAddress checked_address(const ServerWords& words) {
  ServerAddress address = parse_server_address(words.url);
  check_key(words.key);
  if (!words.key.empty() && !address.encrypted && !address.loopback) {
    complain(fmt::format("warning: your API key goes to {} in the clear, for anybody on the way to read; use https",
                         address.url));
  }
  return address;
}

std::string job_path(const std::string& job, const char* what) { return "/api/jobs/" + escaped(job) + what; }

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    const bool plain = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                       (letter >= 'a' && letter <= 'z') ||
                       std::string_view("-._~").find(letter) != std::string_view::npos;
    result += plain ? std::string(1, letter) : fmt::format("%{:02X}", static_cast<unsigned char>(letter));
  }
  return result;
}

ServerApi::ServerApi(const ServerWords& words) : http_(checked_address(words), words.key) {}

// A server that is busy says when to come back: that is done once, then it is the caller's to know.
std::unique_ptr<HttpExchange> ServerApi::ask(const HttpRequest& request) {
  for (bool may_wait = true;; may_wait = false) {
    auto exchange = http_.start(request);
    const int status = exchange->status();
    if (status >= 200 && status < 300) return exchange;
    const auto retry_after = exchange->retry_after();
    if (may_wait && (status == 429 || status == 503) && retry_after > 0s && retry_after <= longest_retry_after) {
      exchange.reset();
      http_.pause(retry_after);
      continue;
    }
    throw refusal(status, exchange->read_all(maximum_refusal_bytes), http_.server().url);
  }
}

boost::json::value ServerApi::ask_for_json(const HttpRequest& request) {
  const std::string text = ask(request)->read_all(maximum_answer_bytes);
  try {
    return parse_json(text);
  } catch (const Error&) {
    throw Error(ErrorCode::unavailable,
                fmt::format("{} does not answer as a pysandbox server does; is --server right?", http_.server().url));
  }
}

boost::json::value ServerApi::submit(const std::string& body, const std::string& idempotency_key) {
  const HttpRequest request{
      .method = "POST", .path = "/api/jobs", .headers = {"Idempotency-Key: " + idempotency_key}, .body = body};
  try {
    return ask_for_json(request);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unavailable || interrupted()) throw;
    return ask_for_json(request);  // whether or not the first one arrived: it is one job, for it has a key
  }
}

boost::json::value ServerApi::status(const std::string& job) {
  return ask_for_json({.path = job_path(job, "/status")});
}

boost::json::value ServerApi::results(const std::string& job) {
  return ask_for_json({.path = job_path(job, "/results")});
}

boost::json::value ServerApi::cancel(const std::string& job) {
  return ask_for_json({.method = "POST", .path = job_path(job, "/cancel")});
}

boost::json::value ServerApi::files(const std::string& job) { return ask_for_json({.path = job_path(job, "/files")}); }

boost::json::value ServerApi::list(const std::string& query) { return ask_for_json({.path = "/api/jobs?" + query}); }

boost::json::value ServerApi::upload(const std::string& path,
                                     const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const LocalFile file(path);
  const auto open = [&]() -> ByteSource {
    return [source = file.open(), &file, &progress, taken = std::uint64_t{0}](std::span<std::byte> buffer) mutable {
      const std::size_t count = source(buffer);
      taken += count;
      if (progress) progress(taken, file.size());
      return count;
    };
  };
  return ask_for_json({.method = "PUT",
                       .path = "/api/files?filename=" + escaped(input_name(path)),
                       .headers = {"Content-Type: application/octet-stream"},
                       .upload = HttpUpload{open, file.size()}});
}

std::unique_ptr<HttpExchange> ServerApi::events(const std::string& job, const std::string& last_event_id) {
  HttpRequest request{.path = job_path(job, "/events"), .headers = {"Accept: text/event-stream"}};
  if (!last_event_id.empty()) request.headers.push_back("Last-Event-ID: " + last_event_id);
  request.silence = events_silence;
  return ask(request);
}

std::unique_ptr<HttpExchange> ServerApi::download(const std::string& job, const std::string& file) {
  return ask({.path = job_path(job, "/files/") + escaped(file)});
}

}  // namespace pysandbox::cli

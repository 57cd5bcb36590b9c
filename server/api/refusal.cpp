#include "api/refusal.hpp"

#include <boost/json/object.hpp>

#include <utility>

#include "api/json_response.hpp"
#include "value/text.hpp"

namespace pysandbox::api {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds soon{2};
constexpr std::chrono::seconds later{5};

// What an Error that a part of the library threw means to a client.
Refusal refusal_of(const Error& error) {
  const std::string_view word = to_string(error.code());
  switch (error.code()) {
    case ErrorCode::invalid_request:
      return {400, word, error.what()};
    case ErrorCode::not_found:
      return {404, word, error.what()};
    case ErrorCode::conflict:
      return {409, word, error.what()};
    case ErrorCode::too_large:
      return {413, word, error.what()};
    case ErrorCode::overloaded:
      return Refusal(429, word, error.what()).retry_after(soon);
    case ErrorCode::unavailable:
      return Refusal(503, word, "The server cannot do this now; try again in a few seconds").retry_after(later);
    case ErrorCode::sandbox_unavailable:
      return Refusal(503, word, "The server cannot isolate jobs now; tell its operator").retry_after(later);
    case ErrorCode::environment_failed:
    case ErrorCode::internal:
      break;
  }
  return {500, "internal", "The server failed; tell its operator the request_id, which is in its log"};
}

}  // namespace

Refusal::Refusal(int status, std::string_view code, const std::string& sentence, json::array details)
    : Error(ErrorCode::invalid_request, sentence), status_(status), word_(code), details_(std::move(details)) {}

Refusal::~Refusal() = default;

json::value field_problem(std::string_view field, std::string_view problem) {
  return json::object{{"field", repair_utf8(field)}, {"problem", repair_utf8(problem)}};
}

Refusal wrong_field(std::string_view field, std::string_view problem) {
  return {400, "invalid_request", std::string(field) + " " + std::string(problem), {field_problem(field, problem)}};
}

Refusal job_not_found() { return {404, "not_found", "Job not found"}; }

Refusal file_not_found() { return {404, "not_found", "File not found"}; }

http::Response error_response(const Refusal& refusal, std::string_view request_id) {
  http::Response response = json_response(refusal.status(), json::object{{"error", repair_utf8(refusal.what())},
                                                                         {"code", refusal.word()},
                                                                         {"details", refusal.details()},
                                                                         {"request_id", repair_utf8(request_id)}});
  if (const auto time = refusal.retry_after()) {
    response.headers.emplace_back("Retry-After", std::to_string(time->count()));
  }
  return response;
}

http::Response error_response(const std::exception& error, std::string_view request_id) {
  if (const auto* refusal = dynamic_cast<const Refusal*>(&error)) return error_response(*refusal, request_id);
  if (const auto* known = dynamic_cast<const Error*>(&error)) return error_response(refusal_of(*known), request_id);
  return error_response(refusal_of(Error(ErrorCode::internal, "")), request_id);
}

bool is_own_failure(const std::exception& error) noexcept {
  if (const auto* refusal = dynamic_cast<const Refusal*>(&error)) return refusal->status() >= 500;
  const auto* known = dynamic_cast<const Error*>(&error);
  if (known == nullptr) return true;
  switch (known->code()) {
    case ErrorCode::invalid_request:
    case ErrorCode::not_found:
    case ErrorCode::conflict:
    case ErrorCode::too_large:
    case ErrorCode::overloaded:
      return false;
    case ErrorCode::unavailable:
    case ErrorCode::environment_failed:
    case ErrorCode::sandbox_unavailable:
    case ErrorCode::internal:
      return true;
  }
  return true;
}

}  // namespace pysandbox::api

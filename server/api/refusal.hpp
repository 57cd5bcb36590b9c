// How the API says no: {"error", "code", "details", "request_id"}.
#pragma once

#include <boost/json/array.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <pysandbox/error.hpp>

#include "http/application.hpp"

namespace pysandbox::api {

// What a handler throws when the answer is no.
class Refusal : public Error {
 public:
  // `code` is the machine's word ("already_ended"); a field's problem is {"field", "problem"}, see field_problem().
  Refusal(int status, std::string_view code, const std::string& sentence, boost::json::array details = {});
  ~Refusal() override;

  int status() const noexcept { return status_; }
  const std::string& word() const noexcept { return word_; }
  const boost::json::array& details() const noexcept { return details_; }

  // When it makes sense to ask again.
  Refusal& retry_after(std::chrono::seconds time) {
    retry_after_ = time;
    return *this;
  }
  std::optional<std::chrono::seconds> retry_after() const noexcept { return retry_after_; }

 private:
  int status_;
  std::string word_;
  boost::json::array details_;
  std::optional<std::chrono::seconds> retry_after_;
};

// One entry of `details`. `problem` goes on behind the field's name: "must be a number".
boost::json::value field_problem(std::string_view field, std::string_view problem);

// 400 invalid_request, for one field.
Refusal wrong_field(std::string_view field, std::string_view problem);

Refusal job_not_found();
Refusal file_not_found();

http::Response error_response(const Refusal& refusal, std::string_view request_id);

// For anything that was thrown. What went wrong inside of the server is not told to clients.
http::Response error_response(const std::exception& error, std::string_view request_id);

// True if `error` says that the server failed, not that the request was wrong.
bool is_own_failure(const std::exception& error) noexcept;

}  // namespace pysandbox::api

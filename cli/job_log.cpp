#include "job_log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include <pysandbox/error.hpp>

#include "wire/json_document.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::cli {
namespace {

Error incomplete_error() { return {ErrorCode::unavailable, "the server ended the job's log before the job had ended"}; }

}  // namespace

std::optional<LogEvent> JobLog::next(std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (waiting_.empty()) {
    if (ended_ || !receive(deadline)) return std::nullopt;
  }
  LogEvent event = std::move(waiting_.front());
  waiting_.pop_front();
  if (event.name == "end") ended_ = true;
  return event;
}

bool JobLog::is_live(const LogEvent& event) const {
  const auto at = JsonField(event.data, "").find_set("at");
  return at && !begun_.empty() && at->text() > begun_;  // both are times in ISO 8601, in UTC
}

// One step towards the next event. False if the time is over.
bool JobLog::receive(Clock::time_point deadline) {
  try {
    if (!exchange_) {
      const auto until = std::min(connect_at_, deadline);
      if (until > Clock::now()) api_.pause(std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()));
      if (Clock::now() < connect_at_) return false;
      connect();
      if (ended_) return true;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (!exchange_->wait(std::max(left, std::chrono::milliseconds(0)))) return false;
    std::byte buffer[65536];
    const std::size_t count = exchange_->read(buffer);
    if (count == 0) throw incomplete_error();
    parser_.feed({reinterpret_cast<const char*>(buffer), count}, [this](const ServerEvent& event) { take(event); });
  } catch (const Error& error) {
    if (!error.retryable() || api_.interrupted()) throw;
    reconnect_later(error);
  }
  return true;
}

void JobLog::connect() {
  parser_ = SseParser();
  exchange_ = api_.events(job_, last_number_ == 0 ? "" : fmt::format("{}", last_number_));
  const auto date = exchange_->date();
  if (begun_.empty() && date) {
    const auto next_second = (*date + std::chrono::seconds(1)).time_since_epoch().count();
    begun_ = fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(next_second)));
  }
  ended_ = exchange_->status() == 204;  // nothing follows what we have
}

void JobLog::reconnect_later(const std::exception& reason) {
  exchange_.reset();
  const auto wait = backoff_.next();
  if (!wait) {
    throw Error(ErrorCode::unavailable,
                fmt::format("the job's log cannot be had any more: {}; the job itself goes on, see pysandbox status {}",
                            reason.what(), job_));
  }
  connect_at_ = Clock::now() + *wait;
}

void JobLog::take(const ServerEvent& event) {
  std::uint64_t number = 0;
  std::from_chars(event.id.data(), event.id.data() + event.id.size(), number);
  if (number != 0 && number <= last_number_) return;  // was there before the connection broke
  LogEvent taken{event.name, nullptr};
  try {
    taken.data = parse_json(event.data);
  } catch (const Error& error) {
    throw Error(ErrorCode::invalid_request,
                fmt::format("the server sent an event that cannot be read: {}", error.what()));
  }
  waiting_.push_back(std::move(taken));
  if (number != 0) last_number_ = number;
  backoff_.reset();
}

}  // namespace pysandbox::cli

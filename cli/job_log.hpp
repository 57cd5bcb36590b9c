// JobLog reads a job's log from its server, event by event, through broken connections and restarts.
#pragma once

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "backoff.hpp"
#include "server_api.hpp"
#include "sse_parser.hpp"

namespace pysandbox::cli {

struct LogEvent {
  std::string name;  // "status", "stdout", "stderr", "file", "end"
  boost::json::value data;
};

class JobLog {
 public:
  // `api` must outlive it.
  JobLog(ServerApi& api, std::string job) : api_(api), job_(std::move(job)) {}

  // The next event, or nothing if none came within `patience`, or ever will because ended(). Throws Error when the
  // server refuses, when it cannot be reached for minutes, and when interrupted; it can be called again then.
  std::optional<LogEvent> next(std::chrono::milliseconds patience);

  // Whether an event is younger than the first connection, by the server's clock: then all that was there is through.
  bool is_live(const LogEvent& event) const;

  // The last event was given out.
  bool ended() const noexcept { return ended_; }

 private:
  using Clock = std::chrono::steady_clock;

  bool receive(Clock::time_point deadline);
  void connect();
  void reconnect_later(const std::exception& reason);
  void take(const ServerEvent& event);

  ServerApi& api_;
  const std::string job_;
  std::unique_ptr<HttpExchange> exchange_;
  SseParser parser_;
  std::deque<LogEvent> waiting_;
  std::uint64_t last_number_ = 0;
  std::string begun_;  // as "at" of events, rounded up to a second; empty before the first connection
  Backoff backoff_;
  Clock::time_point connect_at_ = Clock::now();
  bool ended_ = false;
};

}  // namespace pysandbox::cli

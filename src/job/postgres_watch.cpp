#include "job/postgres_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include <pysandbox/error.hpp>

#include "support/syscall.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char* channel_name = "pysandbox_jobs";
constexpr std::size_t most_ids = 200;  // in one note; a payload has less than 8000 bytes
constexpr milliseconds poll_interval{1000};

// "tag:id,id": who has changed which jobs; without ids, too many to name them.
class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection& connection, const Listeners& listeners, const std::string& tag)
      : pqxx::notification_receiver(connection, channel_name), listeners_(listeners), tag_(tag) {}

  void operator()(const std::string& payload, int) override {
    const auto colon = payload.find(':');
    if (payload.compare(0, colon, tag_) == 0) return;
    std::size_t from = colon == std::string::npos ? payload.size() : colon + 1;
    do {
      const auto comma = std::min(payload.find(',', from), payload.size());
      listeners_.call(payload.substr(from, comma - from));
      from = comma + 1;
    } while (from < payload.size());
  }

 private:
  const Listeners& listeners_;
  const std::string& tag_;
};

// Becomes readable when a stop is asked for.
class StopEvent {
 public:
  explicit StopEvent(const std::stop_token& stop)
      : event_(static_cast<int>(check(::eventfd(0, EFD_CLOEXEC), "making an eventfd"))),
        ring_(stop, Ring{event_.get()}) {}

  // Until `socket` is readable (none if it is negative), a stop is asked for, or the time is over.
  void wait(int socket, milliseconds time) const {
    pollfd watched[] = {{event_.get(), POLLIN, 0}, {socket, POLLIN, 0}};
    ::poll(watched, std::size(watched), static_cast<int>(time.count()));
  }

 private:
  struct Ring {
    int event;
    void operator()() const noexcept { ::eventfd_write(event, 1); }
  };

  UniqueFd event_;
  std::stop_callback<Ring> ring_;
};

// Changes with every transaction that changes anything, in any table.
std::string last_change(PostgresConnection& connection) {
  pqxx::nontransaction query(connection.raw());
  return query.exec1("SELECT CAST(txid_current_snapshot() AS TEXT)")[0].as<std::string>();
}

}  // namespace

void send_notes(PostgresSession& session, const std::string& tag) {
  const std::set<JobId> ids(session.noted().begin(), session.noted().end());
  if (ids.empty()) return;
  std::string payload = tag + ":";
  if (ids.size() <= most_ids) {
    for (const JobId& id : ids) payload.append(payload.back() == ':' ? "" : ",").append(id);
  }
  session.run("SELECT pg_notify($1, $2)", std::string_view(channel_name), payload);
}

PostgresWatch::PostgresWatch(const PostgresUrl& url, const Listeners& listeners, std::string tag)
    : url_(url),
      listeners_(listeners),
      tag_(std::move(tag)),
      thread_([this](const std::stop_token& stop) { watch(stop); }) {}

void PostgresWatch::watch(const std::stop_token& stop) {
  const StopEvent stopped(stop);
  while (!stop.stop_requested()) {
    try {
      listen(stop);
    } catch (const std::exception&) {
      stopped.wait(-1, poll_interval / 2);  // the server is gone; those who ask it something learn of it
    }
  }
}

void PostgresWatch::listen(const std::stop_token& stop) {
  const StopEvent stopped(stop);
  PostgresConnection connection(url_);
  const Receiver receiver(connection.raw(), listeners_, tag_);
  std::string seen = last_change(connection);
  listeners_.call(JobId());  // what has happened before, nobody has heard
  auto next_poll = Clock::now() + poll_interval;
  while (!stop.stop_requested()) {
    const auto left = std::chrono::ceil<milliseconds>(next_poll - Clock::now());
    if (left > milliseconds::zero()) stopped.wait(connection.raw().sock(), left);
    connection.raw().get_notifs();
    if (Clock::now() < next_poll) continue;
    next_poll = Clock::now() + poll_interval;
    std::string now = last_change(connection);
    if (now != seen) listeners_.call(JobId());
    seen = std::move(now);
  }
}

}  // namespace pysandbox

// PostgresWatch hears from PostgreSQL what other processes have changed.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "job/listeners.hpp"
#include "job/postgres_connection.hpp"

namespace pysandbox {

// Says within the transaction of `session` what it has noted. The watch of the same `tag` does not hear it.
void send_notes(PostgresSession& session, const std::string& tag);

// A thread with a connection of its own. It listens, and asks once a second whether anything at all has been changed,
// for what a proxy may not have let through. As long as the server is gone it tries to come back.
class PostgresWatch {
 public:
  // `url` and `listeners` must outlive the watch. `tag` is the name of this process's part.
  PostgresWatch(const PostgresUrl& url, const Listeners& listeners, std::string tag);

 private:
  void watch(const std::stop_token& stop);
  void listen(const std::stop_token& stop);

  const PostgresUrl& url_;
  const Listeners& listeners_;
  const std::string tag_;
  std::jthread thread_;  // uses all above
};

}  // namespace pysandbox

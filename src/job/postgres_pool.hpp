// Connections that are open and wait for their next user.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "job/postgres_connection.hpp"

namespace pysandbox {

class PostgresPool {
 public:
  // A connection that is taken. It is closed in the end unless keep() has been called: after an error nobody
  // knows in which state it is.
  class Lease {
   public:
    Lease(PostgresPool& pool, std::unique_ptr<PostgresConnection> connection, bool is_fresh)
        : pool_(pool), connection_(std::move(connection)), is_fresh_(is_fresh) {}
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    PostgresConnection& connection() noexcept { return *connection_; }
    bool is_fresh() const noexcept { return is_fresh_; }  // made for this lease
    void keep() noexcept { is_kept_ = true; }

   private:
    PostgresPool& pool_;
    std::unique_ptr<PostgresConnection> connection_;
    bool is_fresh_;
    bool is_kept_ = false;
  };

  // `url` must outlive the pool.
  PostgresPool(const PostgresUrl& url, std::size_t connections) : url_(url), free_(connections) {}

  // Throws Error{unavailable} if the server cannot be reached, or if others keep all connections for long.
  Lease take();

  // Closes those that nobody uses: the server has gone.
  void clear();

 private:
  const PostgresUrl& url_;
  std::mutex mutex_;  // guards all below
  std::condition_variable given_back_;
  std::size_t free_;  // how many may be taken
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
};

}  // namespace pysandbox

// Removes containers, off the way of those who wait for results.
//
// Threads: safe anywhere.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "docker/engine_client.hpp"

namespace pysandbox::docker {

class Graveyard {
 public:
  explicit Graveyard(EngineClient& client);
  ~Graveyard();

  Graveyard(const Graveyard&) = delete;
  Graveyard& operator=(const Graveyard&) = delete;

  // Whatever the container does, it is killed and removed. If many wait already, the caller's thread does it.
  void bury(const std::string& container) noexcept;

  // Waits until all are removed, but not for an engine that is gone; nothing is buried afterwards. True if none is
  // left.
  bool close();

 private:
  // False if the engine could not do it now.
  bool remove(const std::string& container) noexcept;
  void work(const std::stop_token& stop);

  EngineClient& client_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable_any changed_;
  std::deque<std::string> waiting_;
  std::jthread thread_;  // the last: it ends first
};

}  // namespace pysandbox::docker

// Containers that wait for a program, for the shapes that were asked for last.
//
// Threads: safe anywhere.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "docker/engine_container.hpp"

namespace pysandbox::docker {

class ContainerPool {
 public:
  using Make = std::function<std::unique_ptr<EngineContainer>(const ContainerShape&)>;

  ContainerPool(const DockerPoolOptions& options, Make make);
  ~ContainerPool();

  ContainerPool(const ContainerPool&) = delete;
  ContainerPool& operator=(const ContainerPool&) = delete;

  // One of that shape that waits; null if there is none. More of that shape are made from now on.
  std::unique_ptr<EngineContainer> take(const ContainerShape& shape);

  std::size_t parked() const;

  // Why the last one could not be made; empty if it could.
  std::string obstacle() const;

 private:
  using Clock = std::chrono::steady_clock;

  struct Line {  // of one shape
    ContainerShape shape;
    std::deque<std::unique_ptr<EngineContainer>> waiting{};
    std::size_t in_making = 0;
    Clock::time_point last_asked;
  };

  void work(const std::stop_token& stop);
  Line* find(const ContainerShape& shape);
  Line& used_now(const ContainerShape& shape);
  std::optional<ContainerShape> next_to_make() const;
  std::size_t count() const;
  void drop_idle(std::vector<std::unique_ptr<EngineContainer>>& out);
  void make_room_for(const ContainerShape& shape, std::vector<std::unique_ptr<EngineContainer>>& out);

  DockerPoolOptions options_;
  Make make_;
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable_any changed_;
  std::deque<Line> lines_;  // what was asked for last comes first
  std::string obstacle_;
  Clock::time_point pause_until_{};
  std::vector<std::jthread> makers_;  // the last: they end first
};

}  // namespace pysandbox::docker

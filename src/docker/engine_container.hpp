// One container of an engine, from its making to its removal.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "docker/attached_stream.hpp"
#include "docker/container_shape.hpp"
#include "docker/engine_client.hpp"
#include "docker/frame_reader.hpp"
#include "docker/graveyard.hpp"

namespace pysandbox::docker {

// How the engine says that a container ended.
struct ContainerEnd {
  bool running = false;
  bool out_of_memory = false;
};

// Started: its keeper waits for a program.
class EngineContainer {
 public:
  // `name` must be free: Error{conflict} if it is not. Whatever fails, nothing stays.
  EngineContainer(EngineClient& client, Graveyard& graveyard, const std::string& name, const ContainerShape& shape,
                  const std::string& creation);
  ~EngineContainer();

  EngineContainer(const EngineContainer&) = delete;
  EngineContainer& operator=(const EngineContainer&) = delete;

  const ContainerShape& shape() const noexcept { return shape_; }
  AttachedStream& stream() noexcept { return *stream_; }

  // False if it ended while it waited.
  bool is_waiting() const noexcept { return stream_->is_quiet(); }

  void kill() noexcept;

  // CPU time of all its processes since it waits for a program; nothing if the engine does not tell in time.
  std::optional<std::chrono::microseconds> cpu_time() noexcept;

  // Waits for its end, which must be near.
  ContainerEnd wait_for_end();

 private:
  void create(const std::string& name, const std::string& creation);
  void start();
  void hear_greeting();

  EngineClient& client_;
  Graveyard& graveyard_;
  ContainerShape shape_;
  std::string id_{};
  std::chrono::microseconds start_time_{0};  // CPU time that its start took
  std::optional<AttachedStream> stream_{};
};

}  // namespace pysandbox::docker

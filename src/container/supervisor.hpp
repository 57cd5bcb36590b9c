// Watches one running program, in a container of whatever runner: moves its streams, keeps its deadlines, and ends it
// when it must.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include <pysandbox/container_runner.hpp>

#include "container/launch_plan.hpp"
#include "container/meter.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::container {

// Why we ended it; none if it ended by itself.
enum class StopReason { none, time, cpu, memory, cancelled };

// Our ends of the program's streams.
struct Streams {
  UniqueFd stdout_end;
  UniqueFd stderr_end;
};

// pid 1 of a container, as it is seen from here.
class Init {
 public:
  // How its reports come.
  enum class Way {
    channel,  // by one of its own. The program runs when it is watched, and all are dead when it is said to be
    streams,  // among what it prints, through another program: the program begins when it is ready and told to
              // proceed, and all that it printed is here when that other program is dead
  };

  virtual ~Init() = default;

  virtual Way way() const noexcept = 0;
  virtual int channel() const noexcept = 0;  // readable: hear() returns; -1 for Way::streams
  virtual int death() const noexcept = 0;    // readable when it is dead

  // Waits for its next report; false: it is gone. Not for Way::streams.
  virtual bool hear(Report& report) = 0;
  // A report that has come already; false: there is none.
  virtual bool hear_rest(Report& report) = 0;

  virtual bool order(Order order) noexcept = 0;
  virtual void kill() noexcept = 0;
  virtual void reap() noexcept = 0;  // waits until it is dead, and everything in its container

  // Throws the Error for a step that failed inside.
  [[noreturn]] virtual void refuse(const Report& report) const = 0;
};

using Receive = std::function<void(std::string_view)>;

// What was seen from outside.
struct Observation {
  StopReason stop = StopReason::none;
  std::optional<Report> report;  // empty: the init was killed before it could tell
  bool started = false;          // never said by an init that has its program from the beginning
  std::chrono::microseconds wall_time{0};
  std::uint64_t processes_peak = 0;
  std::uint64_t memory_peak = 0;              // the meter's; zero if the kernel keeps it
  std::chrono::microseconds cpu_observed{0};  // when the cpu limit was seen to be passed
};

struct Supervision {
  Init& init;
  Meter& meter;
  const Limits& limits;
  Streams streams;
  Receive output;
  Receive errors;
  int stop_event;  // readable: cancelled
};

// Returns when everything in the container is dead, but for an init with a channel, which may be about to end.
Observation supervise(Supervision supervision);

}  // namespace pysandbox::container

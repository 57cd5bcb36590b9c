// Runs a program of the host's, such as an installer, to its end.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "process/host_process.hpp"

namespace pysandbox {

struct HostProgramEnd {
  enum class Kind { exited, signaled, timed_out, stopped, too_much_output };

  Kind kind = Kind::exited;
  int status = 0;        // of exit, or the signal
  std::string output{};  // standard output and standard error, as they came
};

// Hears each whole line of output as it comes.
using OnLine = std::function<void(std::string_view line)>;

class ProcessLauncher {
 public:
  virtual ~ProcessLauncher() = default;

  // It dies with the calling thread, and with everything it started in its session. Throws Error{unavailable} if it
  // cannot be started.
  virtual HostProgramEnd run(const HostProgram& program, const OnLine& on_line, std::stop_token stop) = 0;
};

// The real one.
class HostLauncher final : public ProcessLauncher {
 public:
  HostProgramEnd run(const HostProgram& program, const OnLine& on_line, std::stop_token stop) override;
};

}  // namespace pysandbox

// Starts a program of the host's, such as an installer, and waits for its end.
//
// It gets nothing of this process but what is named here: descriptors 0 to 2 alone, a session of its own, an
// environment of its own. It dies with the thread that waits for it, and with everything it started in its session.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace pysandbox::packages {

struct HostProgram {
  std::string path;  // absolute
  std::vector<std::string> arguments{};
  std::map<std::string, std::string> environment{};
  std::string directory{};  // where it starts
  std::chrono::seconds timeout{60};
  std::size_t most_output = 4U << 20;  // bytes that are kept; at more it is ended
};

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

  // Throws Error{unavailable} if it cannot be started.
  virtual HostProgramEnd run(const HostProgram& program, const OnLine& on_line, std::stop_token stop) = 0;
};

// The real one.
class HostLauncher final : public ProcessLauncher {
 public:
  HostProgramEnd run(const HostProgram& program, const OnLine& on_line, std::stop_token stop) override;
};

}  // namespace pysandbox::packages

// A program of the host's, running.
//
// It gets nothing of this process but what is named here: three descriptors, a session of its own, an environment of
// its own, and the namespaces of the thread that starts it. It dies with that thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pysandbox {

struct HostProgram {
  std::string path;  // absolute
  std::vector<std::string> arguments{};
  std::map<std::string, std::string> environment{};
  std::string directory{};  // where it starts; empty: "/"

  // For whoever runs it to its end:
  std::chrono::seconds timeout{60};
  std::size_t most_output = 4U << 20;  // bytes that are kept; at more it is ended
};

// Descriptors of this process.
struct HostStreams {
  int input;  // -1: /dev/null
  int output;
  int errors;
};

class HostProcess {
 public:
  // Throws Error{unavailable} if it cannot be started.
  HostProcess(const HostProgram& program, const HostStreams& streams);
  ~HostProcess();  // ends and reaps it

  HostProcess(const HostProcess&) = delete;
  HostProcess& operator=(const HostProcess&) = delete;

  int pidfd() const noexcept;  // readable when it is dead

  void kill() noexcept;  // with everything in its session's first group
  int wait();            // the status, as waitpid(2) gives it

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace pysandbox

// An OCI runtime of the host's: which it is, and what is known of it.
#pragma once

#include <string>
#include <vector>

#include "process/launcher.hpp"

namespace pysandbox::oci {

enum class RuntimeKind { runc, crun, runsc };

struct Runtime {
  RuntimeKind kind;
  std::string path;     // absolute
  std::string version;  // as it says: "1.1.5+ds1"
  std::string build;    // what else it says of its origin, which is where Debian's revision is: "1.1.5+ds1-1+deb12u1"

  std::string text() const;                                                // "runc 1.1.5+ds1"
  bool is_vm_like() const noexcept { return kind == RuntimeKind::runsc; }  // a kernel of its own serves the program
};

// `name` is a name, looked for in PATH and the folders of administrators, or an absolute path. Throws
// Error{sandbox_unavailable} if there is none, or it is none that is known here.
Runtime find_runtime(const std::string& name, ProcessLauncher& launcher);

// From the output of "RUNTIME --version". Throws Error{sandbox_unavailable}.
Runtime parse_runtime(const std::string& path, const std::string& output);

}  // namespace pysandbox::oci

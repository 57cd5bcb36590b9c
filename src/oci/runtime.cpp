#include "oci/runtime.hpp"

#include <cctype>
#include <sstream>

#include <pysandbox/error.hpp>

#include "process/find_program.hpp"
#include "support/in_quotes.hpp"

namespace pysandbox::oci {
namespace {

struct Known {
  const char* name;
  RuntimeKind kind;
};

constexpr Known all_known[] = {{"runc", RuntimeKind::runc}, {"crun", RuntimeKind::crun}, {"runsc", RuntimeKind::runsc}};

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorCode::sandbox_unavailable, sentence); }

// PATH of a service or of a user often lacks the folders where Debian puts runc.
std::string path_of(const std::string& name) {
  if (!name.empty() && name.front() == '/') return is_program(name) ? name : "";
  if (const std::string found = find_program(name); !found.empty()) return found;
  for (const char* folder : {"/usr/local/sbin/", "/usr/sbin/", "/sbin/", "/usr/local/bin/", "/usr/bin/"}) {
    if (is_program(folder + name)) return folder + name;
  }
  return {};
}

std::string line_after(const std::string& output, const std::string& key) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return {};
}

}  // namespace

std::string Runtime::text() const {
  for (const Known& known : all_known) {
    if (known.kind == kind) return std::string(known.name) + " " + version;
  }
  return version;
}

Runtime parse_runtime(const std::string& path, const std::string& output) {
  for (const Known& known : all_known) {
    std::string version = line_after(output, std::string(known.name) + " version ");
    if (version.empty()) continue;
    if (version.starts_with("release-")) version.erase(0, 8);
    return {known.kind, path, version, line_after(output, "commit: ")};
  }
  refuse("the program " + in_quotes(path) + " does not say that it is runc, crun or runsc; name one of these");
}

Runtime find_runtime(const std::string& name, ProcessLauncher& launcher) {
  const std::string path = path_of(name);
  if (path.empty()) {
    refuse("there is no OCI runtime " + in_quotes(name) +
           " here; install it (Debian: apt install runc, crun or runsc) " + "or name another one");
  }
  const HostProgramEnd end =
      launcher.run({.path = path, .arguments = {"--version"}, .timeout = std::chrono::seconds(20)}, {}, {});
  if (end.kind != HostProgramEnd::Kind::exited || end.status != 0) {
    refuse("the OCI runtime " + in_quotes(path) + " does not tell its version; see what " + path + " --version says");
  }
  return parse_runtime(path, end.output);
}

}  // namespace pysandbox::oci

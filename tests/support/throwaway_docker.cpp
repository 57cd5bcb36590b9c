#include "throwaway_docker.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "support/unique_fd.hpp"

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* engine_program = "/usr/sbin/dockerd";

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

pid_t start_program(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid > 0) return pid;
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::signal(SIGPIPE, SIG_DFL);
  ::execv(words[0], words.data());
  ::_exit(127);
}

int wait_for(pid_t pid) {
  int status = -1;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// Neither gone nor waiting to be reaped: "42 (containerd) Z".
bool is_running(const std::string& pid) {
  const std::string status = text_of("/proc/" + pid + "/stat");
  const auto name_end = status.rfind(") ");
  return name_end != std::string::npos && status.substr(name_end + 2, 1) != "Z";
}

// A container that was being started when its engine was killed may have a shim that no engine knows of: it names our
// directory in its words.
void kill_strays(const std::string& directory) {
  std::error_code none;
  for (fs::directory_iterator entry("/proc", none), end; !none && entry != end; entry.increment(none)) {
    const std::string number = entry->path().filename();
    if (number.find_first_not_of("0123456789") != std::string::npos || number == std::to_string(::getpid())) continue;
    const std::string words = text_of(entry->path() / "cmdline");
    if (words.find("containerd-shim") == std::string::npos || words.find(directory) == std::string::npos) continue;
    const std::string child = text_of("/proc/" + number + "/task/" + number + "/children");
    if (!child.empty()) ::kill(static_cast<pid_t>(std::stol(child)), SIGKILL);
    ::kill(static_cast<pid_t>(std::stol(number)), SIGKILL);
  }
}

// Innermost first.
std::vector<fs::path> outside_directories() {
  std::vector<fs::path> found{"/run/docker/plugins", "/run/docker", "/run/containerd/s", "/run/containerd"};
  std::error_code none;
  for (fs::directory_iterator entry("/sys/fs/cgroup", none), end; !none && entry != end; entry.increment(none)) {
    found.push_back(entry->path().filename() == "docker" ? entry->path() : entry->path() / "docker");
  }
  std::erase_if(found, [](const fs::path& path) { return !fs::is_directory(path); });
  return found;
}

}  // namespace

std::string ThrowawayDocker::missing() {
  if (::geteuid() != 0) return "an engine of our own needs root";
  for (const char* program : {engine_program, "/usr/bin/curl"}) {
    if (::access(program, X_OK) != 0) return std::string(program) + " is not installed";
  }
  return {};
}

ThrowawayDocker::ThrowawayDocker() : there_before_(outside_directories()) {
  start();
  const std::string log = directory_ / "image.log";
  if (wait_for(start_program({PYSANDBOX_MAKE_IMAGE, "--import", image, address()}, log)) != 0) {
    stop();
    throw std::runtime_error("scripts/make_image.sh: " + text_of(log));
  }
}

ThrowawayDocker::~ThrowawayDocker() {
  start();  // only a living one can unmount what the containers of a killed one left
  stop();
  kill_strays(directory_.path());
  // One that was killed leaves its data mounted on itself, and the next one takes that for somebody else's.
  while (::umount2((directory_ / "data").c_str(), MNT_DETACH) == 0) {
  }
  for (const auto& path : outside_directories()) {
    if (std::find(there_before_.begin(), there_before_.end(), path) == there_before_.end()) ::rmdir(path.c_str());
  }
}

bool ThrowawayDocker::answers() const {
  const UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
  if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
  const char request[] = "GET /_ping HTTP/1.0\r\n\r\n";
  if (::write(client.get(), request, sizeof request - 1) < 0) return false;
  char answer[64] = {};
  return ::read(client.get(), answer, sizeof answer - 1) > 0 && std::strstr(answer, " 200 ") != nullptr;
}

void ThrowawayDocker::start() {
  if (engine_ >= 0) return;
  engine_ = start_program({engine_program, "--data-root", directory_ / "data", "--exec-root", directory_ / "exec",
                           "--pidfile", directory_ / "pid", "-H", address(), "--iptables=false", "--ip6tables=false",
                           "--ip-forward=false", "--ip-masq=false", "--bridge=none"},
                          directory_ / "log");
  while (!answers()) {
    if (::waitpid(engine_, nullptr, WNOHANG) == engine_) {
      engine_ = -1;
      throw std::runtime_error("dockerd has not started: " + text_of(directory_ / "log"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void ThrowawayDocker::stop() {
  if (engine_ < 0) return;
  ::kill(engine_, SIGTERM);
  wait_for(engine_);
  engine_ = -1;
}

void ThrowawayDocker::kill() {
  if (engine_ < 0) return;
  ::kill(engine_, SIGKILL);
  wait_for(engine_);
  engine_ = -1;
  // Its containerd dies with it (a death signal), a moment later. The next engine must not take the number of the dead
  // for one that runs.
  const std::string containerd = directory_ / "exec/containerd/containerd.pid";
  const std::string number = text_of(containerd);
  while (!number.empty() && is_running(number)) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::error_code none;
  fs::remove(containerd, none);
  fs::remove(directory_ / "pid", none);
}

}  // namespace pysandbox::testing

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "driver/client.hpp"

namespace pysandbox::bench {
namespace {

[[noreturn]] void fail(const char* what, int error) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const noexcept { return fd_; }
  void close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

std::string next_serial() {
  static std::atomic<std::uint64_t> count = 0;
  return fmt::format("bench-{}-{}", ::getpid(), ++count);
}

std::vector<std::string> with_serial(std::vector<std::string> words, const std::string& serial) {
  constexpr std::string_view mark = "{serial}";
  for (auto& word : words) {
    for (std::size_t at; (at = word.find(mark)) != word.npos;) word.replace(at, mark.size(), serial);
  }
  return words;
}

// In a process group of its own; -1 becomes /dev/null.
pid_t spawn(std::vector<std::string> words, const std::string& directory, int output, int errors) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  for (const auto& [fd, target] : {std::pair(output, 1), std::pair(errors, 2)}) {
    if (fd >= 0) {
      ::posix_spawn_file_actions_adddup2(&actions, fd, target);
    } else {
      ::posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_WRONLY, 0);
    }
  }
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, pointers[0], &actions, &attributes, pointers.data(), ::environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail(words[0].c_str(), error);
  return pid;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) fail("waiting for a program", errno);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string content_of(int file) {
  std::string content;
  std::array<char, 4096> buffer;
  for (ssize_t count; (count = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(content.size()))) > 0;) {
    content.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return content;
}

class ExecClient final : public Client {
 public:
  explicit ExecClient(const Block& block) : block_(block) {}

  // It has ended when nobody holds its standard output any more and its process is reaped.
  Sample run() override {
    const std::string serial = next_serial();
    const auto words = with_serial(block_.words, serial);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail("making a pipe", errno);
    Descriptor read_end(ends[0]), write_end(ends[1]);
    const Descriptor errors(::memfd_create("errors", MFD_CLOEXEC));
    if (errors.get() < 0) fail("making a file in memory", errno);
    Sample sample;
    sample.start = now_ns();
    const pid_t pid = spawn(words, block_.directory, write_end.get(), errors.get());
    write_end.close();
    read_all(read_end.get(), pid, serial, sample);
    sample.status = wait_for(pid);
    sample.end = now_ns();
    sample.errors = content_of(errors.get());
    return sample;
  }

 private:
  void read_all(int from, pid_t pid, const std::string& serial, Sample& sample) const {
    std::array<char, 65536> buffer;
    for (;;) {
      pollfd entry{from, POLLIN, 0};
      const int ready = ::poll(&entry, 1, milliseconds_left(sample));
      if (ready == 0) {
        end_it(pid, serial, sample);
        continue;
      }
      const ssize_t count = ready < 0 ? -1 : ::read(from, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return;
      if (sample.output == 0) sample.output = now_ns();
      sample.text.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

  int milliseconds_left(const Sample& sample) const {
    if (block_.deadline.count() == 0 || sample.killed != 0) return -1;
    const std::int64_t left = sample.start / 1'000'000 + block_.deadline.count() - now_ns() / 1'000'000;
    return static_cast<int>(std::max<std::int64_t>(left, 0));
  }

  void end_it(pid_t pid, const std::string& serial, Sample& sample) const {
    sample.killed = now_ns();
    if (block_.kill_words.empty()) {
      ::kill(-pid, SIGKILL);
    } else {
      wait_for(spawn(with_serial(block_.kill_words, serial), ".", -1, -1));
    }
  }

  const Block& block_;
};

}  // namespace

std::unique_ptr<Client> make_exec_client(const Block& block) { return std::make_unique<ExecClient>(block); }

}  // namespace pysandbox::bench

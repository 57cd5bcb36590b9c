#include "request_input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <pysandbox/error.hpp>

namespace pysandbox::cli {
namespace {

constexpr std::uint64_t maximum_stdin_bytes = 256ULL << 20;

std::string reason() { return std::generic_category().message(errno); }

// All of a file, or Error. `what` names it for the message.
std::string read_all(int fd, const std::string& what, std::uint64_t limit) {
  std::string text;
  char buffer[65536];
  for (;;) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(ErrorCode::invalid_request, fmt::format("cannot read {}: {}", what, reason()));
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > limit) {
      throw Error(ErrorCode::too_large,
                  fmt::format("{} has more than {} bytes; hand large data in with --data", what, limit));
    }
  }
}

std::string read_file(const std::string& path, const std::string& what, std::uint64_t limit) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    throw Error(errno == ENOENT ? ErrorCode::not_found : ErrorCode::invalid_request,
                fmt::format("cannot read {} {}: {}", what, path, reason()));
  }
  struct stat status {};
  ::fstat(fd, &status);
  std::string text;
  try {
    if (S_ISDIR(status.st_mode)) {
      throw Error(ErrorCode::invalid_request, fmt::format("{} {} is a directory; name a file", what, path));
    }
    text = read_all(fd, fmt::format("{} {}", what, path), limit);
  } catch (...) {
    ::close(fd);
    throw;
  }
  ::close(fd);
  return text;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

JobRequest complete_request(const RequestWords& words) {
  JobRequest request = words.request;
  if (words.script == "-" && words.stdin_from == "-") {
    throw Error(ErrorCode::invalid_request, "standard input cannot be both the program and its input");
  }
  if (words.code_given) {
    request.code = words.code;
  } else if (words.script == "-") {
    request.code = read_all(STDIN_FILENO, "the program on standard input", maximum_code_bytes);
  } else {
    request.code = read_file(words.script, "the script", maximum_code_bytes);
    request.entry_point = base_name(words.script);
  }
  if (words.stdin_from == "-") {
    request.stdin = read_all(STDIN_FILENO, "standard input", maximum_stdin_bytes);
  } else if (!words.stdin_from.empty()) {
    request.stdin = read_file(words.stdin_from, "the input", maximum_stdin_bytes);
  }
  return request;
}

std::string input_name(const std::string& path) {
  std::string name = base_name(path);
  if (!name.empty()) return name;
  throw Error(ErrorCode::invalid_request, fmt::format("the input {} is a directory; name its files", path));
}

}  // namespace pysandbox::cli

#include "run_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <pysandbox/error.hpp>
#include <pysandbox/json.hpp>
#include <pysandbox/sandbox.hpp>

#include "exit_code.hpp"
#include "progress_line.hpp"
#include "stop_signals.hpp"

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

JobRequest complete_request(const RunCommand& command) {
  JobRequest request = command.request;
  if (command.script == "-" && command.stdin_from == "-") {
    throw Error(ErrorCode::invalid_request, "standard input cannot be both the program and its input");
  }
  if (command.code_given) {
    request.code = command.code;
  } else if (command.script == "-") {
    request.code = read_all(STDIN_FILENO, "the program on standard input", maximum_code_bytes);
  } else {
    request.code = read_file(command.script, "the script", maximum_code_bytes);
    request.entry_point = base_name(command.script);
  }
  if (command.stdin_from == "-") {
    request.stdin = read_all(STDIN_FILENO, "standard input", maximum_stdin_bytes);
  } else if (!command.stdin_from.empty()) {
    request.stdin = read_file(command.stdin_from, "the input", maximum_stdin_bytes);
  }
  for (const auto& path : command.data) {
    if (base_name(path).empty()) {
      throw Error(ErrorCode::invalid_request, fmt::format("the input {} is a directory; name its files", path));
    }
    request.inputs.push_back({base_name(path), "", path});
  }
  return request;
}

// Passes the program's output on as it comes. When nobody reads it any more the program is stopped.
OutputSink forward_output(ProgressLine& progress, StopSignals& signals) {
  return [&](Stream stream, std::string_view text) {
    progress.clear();
    const int fd = stream == Stream::stdout_stream ? STDOUT_FILENO : STDERR_FILENO;
    while (!text.empty()) {
      const ssize_t count = ::write(fd, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return signals.stop();
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  };
}

void complain(const std::string& sentence) {
  const bool colours = colours_wanted(STDERR_FILENO);
  fmt::print(stderr, "{}pysandbox:{} {}\n", colours ? "\033[1;31m" : "", colours ? "\033[0m" : "", sentence);
}

void explain(const RunResult& result) {
  const bool own_words =
      result.outcome == Outcome::exception || result.outcome == Outcome::nonzero_exit || result.outcome == Outcome::ok;
  if (result.failure && result.outcome != Outcome::ok) {
    complain(fmt::format("{}: {}: {}; {}", to_string(result.outcome), result.failure->limit, result.failure->observed,
                         result.failure->hint));
  } else if (!own_words) {
    complain(fmt::format("{}{}{}", to_string(result.outcome), result.signal.empty() ? "" : ": ", result.signal));
  }
  const bool stopped_at_limit = result.outcome == Outcome::time_limit || result.outcome == Outcome::cpu_limit;
  if (stopped_at_limit && result.error) fmt::print(stderr, "{}", result.error->traceback);
  for (const auto& warning : result.warnings) complain("warning: " + warning);
}

void list_files(const RunCommand& command, const RunResult& result) {
  if (command.quiet || command.out.empty() || ::isatty(STDERR_FILENO) != 1) return;
  for (const auto& artifact : result.artifacts) {
    fmt::print(stderr, "pysandbox: wrote {}/{} ({} bytes)\n", command.out, artifact.path, artifact.size);
  }
}

void print_json(const RunResult& result) {
  fmt::print("{}\n", to_json(result, JsonStyle::indented));
  if (std::fflush(stdout) != 0) {
    throw Error(ErrorCode::unavailable, fmt::format("cannot write the result to standard output: {}", reason()));
  }
}

}  // namespace

int run(const RunCommand& command) {
  const JobRequest request = complete_request(command);
  StopSignals signals;
  ProgressLine progress(command.quiet || command.json ? Show::never : Show::on_terminal);
  Sandbox sandbox(
      {make_native_runner(command.runner), command.out.empty() ? nullptr : open_export_directory(command.out)});
  const OutputSink sink = command.json ? OutputSink() : forward_output(progress, signals);
  const RunResult result = sandbox.run(request, {sink, signals.token()});
  progress.clear();
  if (command.json) {
    print_json(result);
  } else {
    explain(result);
    list_files(command, result);
  }
  return exit_code_of(result);
}

}  // namespace pysandbox::cli

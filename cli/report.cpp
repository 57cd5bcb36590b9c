#include "report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <pysandbox/error.hpp>

#include "progress_line.hpp"

namespace pysandbox::cli {

void complain(const std::string& sentence) {
  const bool colours = colours_wanted(STDERR_FILENO);
  fmt::print(stderr, "{}pysandbox:{} {}\n", colours ? "\033[1;31m" : "", colours ? "\033[0m" : "", sentence);
}

void explain(const RunResult& result) {
  const bool own_words =
      result.outcome == Outcome::exception || result.outcome == Outcome::nonzero_exit || result.outcome == Outcome::ok;
  if (result.failure && result.outcome != Outcome::ok) {
    complain(fmt::format("{}: {}: {}; {}", to_string(result.outcome), result.failure->limit,
                         printable(result.failure->observed), result.failure->hint));
  } else if (!own_words) {
    complain(fmt::format("{}{}{}", to_string(result.outcome), result.signal.empty() ? "" : ": ", result.signal));
  }
  const bool stopped_at_limit = result.outcome == Outcome::time_limit || result.outcome == Outcome::cpu_limit;
  if (stopped_at_limit && result.error) fmt::print(stderr, "{}", result.error->traceback);
  for (const auto& warning : result.warnings) complain("warning: " + printable(warning));
}

void tell_written(const std::string& directory, const std::string& path, std::uint64_t size) {
  if (::isatty(STDERR_FILENO) != 1) return;
  fmt::print(stderr, "pysandbox: wrote {}/{} ({} bytes)\n", directory, printable(path), size);
}

std::string printable(std::string_view text) {
  std::string shown;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0;
    const bool is_c1 = byte == 0xC2 && next >= 0x80 && next <= 0x9F;  // U+0080 to U+009F, as UTF-8
    if (is_c1) ++at;
    shown += is_c1 || byte < 0x20 || byte == 0x7F ? '?' : text[at];
  }
  return shown;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void print_out(std::string_view text) {
  if (write_all(STDOUT_FILENO, text)) return;
  throw Error(ErrorCode::unavailable,
              fmt::format("cannot write to standard output: {}", std::generic_category().message(errno)));
}

}  // namespace pysandbox::cli

#include "progress_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace pysandbox::cli {
namespace {

bool can_redraw() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

}  // namespace

bool colours_wanted(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  return ::isatty(fd) == 1 && (no_color == nullptr || *no_color == '\0');
}

ProgressLine::ProgressLine(Show show) {
  if (show == Show::on_terminal && can_redraw()) drawer_ = std::thread([this] { draw(); });
}

ProgressLine::~ProgressLine() {
  clear();
  if (drawer_.joinable()) drawer_.join();
}

void ProgressLine::clear() {
  const std::lock_guard lock(mutex_);
  if (over_) return;
  over_ = true;
  if (drawn_) fmt::print(stderr, "\r{:40}\r", "");
  changed_.notify_all();
}

void ProgressLine::draw() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, std::chrono::milliseconds(500), [this] { return over_; })) {
    const auto passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_);
    fmt::print(stderr, "\rpysandbox: running, {:.1f} s", passed.count());
    std::fflush(stderr);
    drawn_ = true;
  }
}

}  // namespace pysandbox::cli

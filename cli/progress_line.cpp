#include "progress_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

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

ProgressLine::ProgressLine(Show show, std::string activity) : activity_(std::move(activity)) {
  if (show == Show::on_terminal && can_redraw()) drawer_ = std::thread([this] { draw(); });
}

ProgressLine::~ProgressLine() {
  clear();
  if (drawer_.joinable()) drawer_.join();
}

void ProgressLine::say(const std::string& activity, const std::string& detail) {
  const std::lock_guard lock(mutex_);
  if (activity != activity_) start_ = Clock::now();
  activity_ = activity;
  detail_ = detail;
}

void ProgressLine::clear() {
  const std::lock_guard lock(mutex_);
  if (over_) return;
  over_ = true;
  if (drawn_ > 0) fmt::print(stderr, "\r{:{}}\r", "", drawn_);
  changed_.notify_all();
}

void ProgressLine::draw() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, std::chrono::milliseconds(500), [this] { return over_; })) {
    const auto passed = std::chrono::duration<double>(Clock::now() - start_);
    const std::string line =
        fmt::format("pysandbox: {}{}{}, {:.1f} s", activity_, detail_.empty() ? "" : " ", detail_, passed.count());
    fmt::print(stderr, "\r{:{}}", line, drawn_);  // padded: nothing of a longer line stays
    std::fflush(stderr);
    drawn_ = std::max(drawn_, line.size());
  }
}

}  // namespace pysandbox::cli

// A line on the terminal that says that something is going on, for as long as the program itself says nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace pysandbox::cli {

enum class Show { on_terminal, never };

class ProgressLine {
 public:
  // Shows nothing if standard error is not a terminal that can redraw a line.
  explicit ProgressLine(Show show, std::string activity = "running");
  ~ProgressLine();

  // What is going on now. The time that is shown counts from the first moment of it; `detail` may change meanwhile.
  void say(const std::string& activity, const std::string& detail = {});

  // Call before anything else is written: the line goes away and does not come back.
  void clear();

  bool visible() const noexcept { return drawer_.joinable(); }

 private:
  using Clock = std::chrono::steady_clock;

  void draw();

  std::mutex mutex_;  // guards all but the thread
  std::string activity_;
  std::string detail_;
  Clock::time_point start_ = Clock::now();
  bool over_ = false;
  std::size_t drawn_ = 0;  // letters on the line
  std::condition_variable changed_;
  std::thread drawer_;
};

bool colours_wanted(int fd);  // a terminal, and NO_COLOR is not set (no-color.org)

}  // namespace pysandbox::cli

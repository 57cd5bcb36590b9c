// A line on the terminal that says that something is going on, for as long as the program itself says nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace pysandbox::cli {

enum class Show { on_terminal, never };

class ProgressLine {
 public:
  // Shows nothing if standard error is not a terminal that can redraw a line.
  explicit ProgressLine(Show show);
  ~ProgressLine();

  // Call before anything else is written: the line goes away and does not come back.
  void clear();

 private:
  void draw();

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::mutex mutex_;  // guards the two below
  bool over_ = false;
  bool drawn_ = false;
  std::condition_variable changed_;
  std::thread drawer_;
};

bool colours_wanted(int fd);  // a terminal, and NO_COLOR is not set (no-color.org)

}  // namespace pysandbox::cli

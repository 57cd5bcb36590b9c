// Ctrl-C and its like as a stop_token: the first asks the program to end, the second ends us.
#pragma once

#include <stop_token>
#include <thread>

namespace pysandbox::cli {

// Make it before any other thread: it blocks the signals for all that follow.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();

  std::stop_token token() const noexcept { return source_.get_token(); }
  void stop() noexcept { source_.request_stop(); }

 private:
  void listen();

  int signals_;  // a signalfd
  int done_;     // an eventfd
  std::stop_source source_;
  std::thread listener_;
};

}  // namespace pysandbox::cli

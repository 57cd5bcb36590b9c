// SIGTERM, SIGINT and SIGHUP, taken in order.
#pragma once

#include <signal.h>

namespace pysandbox::server {

// Make it before any other thread: it blocks the signals for all that follow.
class StopSignals {
 public:
  StopSignals();

  // Returns at the first one. From then on they do what they do to any process: a second one ends it at once.
  void wait();

 private:
  sigset_t set_;
};

}  // namespace pysandbox::server

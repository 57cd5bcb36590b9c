#include "stop_signals.hpp"

#include <initializer_list>

namespace pysandbox::server {

StopSignals::StopSignals() {
  ::sigemptyset(&set_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set_, signal);
  ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

void StopSignals::wait() {
  int signal = 0;
  while (::sigwait(&set_, &signal) != 0) {
  }
  ::pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
}

}  // namespace pysandbox::server

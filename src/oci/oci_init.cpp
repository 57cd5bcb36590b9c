#include "oci/oci_init.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "container/init_process.hpp"

namespace pysandbox::oci {

using container::Order;
using container::Report;

OciInit::OciInit(std::unique_ptr<HostProcess> process, UniqueFd orders, container::Cgroup& cgroup, const Limits& limits,
                 container::ReportSieve& sieve)
    : process_(std::move(process)), orders_(std::move(orders)), cgroup_(cgroup), limits_(limits), sieve_(sieve) {}

bool OciInit::send_start(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t count = ::send(orders_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool OciInit::hear(Report& report) { return hear_rest(report); }

bool OciInit::hear_rest(Report& report) {
  if (!sieve_.take(report)) return false;
  if (report.event == container::Event::ready) cgroup_.begin(limits_);
  return true;
}

bool OciInit::order(Order order) noexcept {
  const char byte = container::order_byte(order);
  return ::send(orders_.get(), &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

void OciInit::kill() noexcept {
  orders_.reset();  // the end of its input ends the steward
  process_->kill();
}

void OciInit::reap() noexcept {
  if (reaped_) return;
  reaped_ = true;
  try {
    process_->wait();
  } catch (const std::exception&) {
    // Somebody else in this process has reaped it; dead it is all the same.
  }
  cgroup_.kill();
}

void OciInit::refuse(const Report& report) const { container::throw_step_failed(report); }

}  // namespace pysandbox::oci

// pysandbox-steward in a container that a runtime makes, as the supervisor sees it.
#pragma once

#include <memory>
#include <string>

#include "container/cgroup.hpp"
#include "container/steward.hpp"
#include "container/supervisor.hpp"
#include "process/host_process.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::oci {

class OciInit final : public container::Init {
 public:
  // `process` is the runtime, which stays until its container is dead; `orders` our end of the steward's standard
  // input. When the steward is ready the cgroup gets `limits` and begins to count.
  OciInit(std::unique_ptr<HostProcess> process, UniqueFd orders, container::Cgroup& cgroup, const Limits& limits,
          container::ReportSieve& sieve);

  // Sends what the steward reads first. False if nobody reads it any more, which the supervisor will find out.
  bool send_start(std::string_view bytes) noexcept;

  Way way() const noexcept override { return Way::streams; }
  int channel() const noexcept override { return -1; }
  int death() const noexcept override { return process_->pidfd(); }
  bool hear(container::Report& report) override;
  bool hear_rest(container::Report& report) override;
  bool order(container::Order order) noexcept override;
  void kill() noexcept override;
  void reap() noexcept override;
  [[noreturn]] void refuse(const container::Report& report) const override;

 private:
  std::unique_ptr<HostProcess> process_;
  UniqueFd orders_;
  container::Cgroup& cgroup_;
  Limits limits_;
  container::ReportSieve& sieve_;
  bool reaped_ = false;
};

}  // namespace pysandbox::oci

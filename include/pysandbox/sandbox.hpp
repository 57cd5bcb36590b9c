// Start here. Sandbox runs Python that somebody else wrote.
//
//   pysandbox::Sandbox sandbox;
//   pysandbox::RunResult result = sandbox.run({.code = "print(6 * 7)"});
//   // result.outcome == pysandbox::Outcome::ok, result.stdout == "42\n"
//
// It needs no daemon, no database and no file installed beside the library.
//
// Threads: run() may be called from any number of threads at once; each call
// uses its caller's thread until the program has ended and starts none.
// Processes: each run is a child of this process until it ends. Should a wait() or a SIGCHLD handler of yours see
// and reap it first, nothing is lost: it is watched through its own descriptor.
// Ownership: a Sandbox owns its runner and its FileStore and must outlive its run() calls.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/error.hpp>
#include <pysandbox/export.hpp>
#include <pysandbox/file_store.hpp>
#include <pysandbox/job.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox {

struct SandboxParts {
  std::unique_ptr<ContainerRunner> runner{};  // empty: the native runner with its defaults
  std::unique_ptr<FileStore> files{};         // empty: artifacts are described, their bytes are not kept
};

struct RunOptions {
  OutputSink on_output{};  // gets the output while the program runs
  std::stop_token stop{};  // request_stop() ends the program with Outcome::cancelled
};

class PYSANDBOX_EXPORT Sandbox {
 public:
  explicit Sandbox(SandboxParts parts = {});
  ~Sandbox();

  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // Runs a program here and now. What becomes of the program is in the result;
  // Error means that pysandbox could not do its part: invalid_request and
  // too_large for the request, not_found for an input, sandbox_unavailable if this host cannot
  // isolate it (nothing of it has run then), unavailable if the artifacts could not be kept.
  RunResult run(const JobRequest& request, const RunOptions& options = {});

  // What this host can enforce; see ContainerRunner::check().
  std::vector<HostFinding> check();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pysandbox

// Start here. Sandbox runs Python that somebody else wrote.
//
//   pysandbox::Sandbox sandbox;
//   pysandbox::RunResult result = sandbox.run({.code = "print(6 * 7)"});
//   // result.outcome == pysandbox::Outcome::ok, result.stdout == "42\n"
//
// It needs no daemon, no database and no file installed beside the library.
//
// There are two ways through it. run() takes the short one: here and now, on the caller's thread. submit() takes the
// durable one: the job is in the JobStore before it returns, workers of this Sandbox (or of another on the same
// database) run it, and it ends exactly once, whatever process dies on the way. Both share every stage.
//
// Threads: every method may be called from any number of threads at once. run()
// uses its caller's thread until the program has ended. With a JobStore, the Sandbox has threads of its own: its
// workers, and one each for leases and live output, for callbacks, and for retention. Processes: each run is a child of
// this process until it ends. Should a wait() or a SIGCHLD handler of yours see and reap it first, nothing is lost: it
// is watched through its own descriptor. Ownership: a Sandbox owns its parts and must outlive its run() calls.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>
#include <pysandbox/export.hpp>
#include <pysandbox/file_store.hpp>
#include <pysandbox/job.hpp>
#include <pysandbox/job_store.hpp>
#include <pysandbox/result.hpp>
#include <pysandbox/web_client.hpp>

namespace pysandbox {

// Something that a Sandbox with a JobStore did on a thread of its own, for logs and metrics.
struct SandboxEvent {
  enum class Kind {
    started,   // a worker claimed `job`
    ended,     // `job` has its result; it was finished by this Sandbox
    lost,      // the claim on `job` was lost, and what its program did was thrown away
    released,  // `job` went back to the queue: this Sandbox is closing, or something was unavailable
    trouble,   // something failed and will be tried again: see `sentence`
  };
  Kind kind = Kind::trouble;
  const Job* job = nullptr;  // valid during the call
  std::string sentence{};
};

// How jobs are taken from the JobStore.
struct QueueOptions {
  unsigned workers = 0;  // jobs run at one time; zero: as many as the machine has processors
  std::string worker{};  // this process's name in the store; empty: host name and process id

  // A job whose process has died is run again so long after its last sign of life.
  std::chrono::milliseconds lease{30'000};
  std::uint32_t max_attempts = 3;  // as the JobStore's; of an attempt that fails because something is unavailable

  // How long files are kept that nobody uses (uploads that no waiting or running job needs, and the artifacts of jobs),
  // and how long ended jobs are. Zero: for ever.
  std::chrono::seconds file_retention{24 * 3600};
  std::chrono::seconds job_retention{7 * 24 * 3600};

  std::uint32_t callback_attempts = 6;  // at the end, then after 1, 2, 4, 8 s and so on
  std::string
      callback_secret{};  // signs callbacks of jobs that bring no secret of their own; empty: those are not signed
  std::function<std::string(const Job&)>
      callback_body{};  // what is sent; empty: {"job_id", "status", and what to_json(RunResult) has}

  std::function<void(const SandboxEvent&)> on_event{};  // from several threads; must not throw
};

struct SandboxParts {
  std::unique_ptr<ContainerRunner> runner{};         // empty: the native runner with its defaults
  std::unique_ptr<FileStore> files{};                // empty: artifacts are described, their bytes are not kept
  std::unique_ptr<JobStore> jobs{};                  // empty: there is no submit()
  std::unique_ptr<EnvironmentStore> environments{};  // empty: a job that asks for packages is Outcome::package_error
  std::unique_ptr<WebClient> web{};                  // empty: an input with a URL is Outcome::input_error
  std::string spool_directory{};  // where fetched inputs wait, in files without a name; empty: $TMPDIR or /tmp
  QueueOptions queue{};
};

struct RunOptions {
  OutputSink on_output{};             // gets the output while the program runs
  EnvironmentProgress on_progress{};  // hears what is being made ready before that
  std::stop_token stop{};             // request_stop() ends the program with Outcome::cancelled
  std::string owner{};                // of the artifacts that are kept
};

class PYSANDBOX_EXPORT Sandbox {
 public:
  // With a JobStore, the workers begin at once.
  explicit Sandbox(SandboxParts parts = {});

  // As drain() with no time: what runs is interrupted and goes back to the queue.
  ~Sandbox();

  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // Runs a program here and now. What becomes of the program is in the result, and an input that cannot be
  // had is Outcome::input_error; Error means that pysandbox could not do its part: invalid_request and
  // too_large for the request, not_found for a source that does not exist, sandbox_unavailable if this host cannot
  // isolate it (nothing of it has run then), unavailable if the artifacts could not be kept.
  RunResult run(const JobRequest& request, const RunOptions& options = {});

  // Records a job and returns once that is durable; a worker starts it as soon as one is free. Watch it through jobs().
  // Throws as JobStore::add() does; also Error{invalid_request} without a JobStore, and Error{not_found} for an input's
  // file_id that names no file.
  Added submit(const JobRequest& request, const Submission& submission = {});

  // Ends a job that waits or runs, at once (see JobStore::cancel()).
  bool cancel(const JobId& id);

  // Forgets an ended job and removes its artifacts. False if there is no such job, or it has not ended.
  bool remove(const JobId& id);

  // Takes no more jobs, and waits for those that run. When `patience` is over, they are interrupted and go
  // back to the queue. Nothing runs any more when it returns. Harmless twice.
  void drain(std::chrono::milliseconds patience);

  // What this host can enforce; see ContainerRunner::check().
  std::vector<HostFinding> check();

  // How the runner's pool is; see ContainerRunner::pool_usage().
  std::optional<PoolUsage> pool_usage();

  // The parts, for looking at; null if it has none.
  JobStore* jobs() noexcept;
  FileStore* files() noexcept;
  EnvironmentStore* environments() noexcept;
  WebClient* web() noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pysandbox

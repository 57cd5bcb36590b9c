// ContainerRunner starts isolated containers; Container is one of them.
//
// The native runner needs no daemon and no installed file. To run elsewhere (another
// runtime, a virtual machine), implement both classes and pass the suite in
// tests/contract/container_runner_contract.hpp.
//
// The life of a container: open() gives one that is isolated and empty, in which
// nothing has run yet. run() places the files, runs one program and returns when
// every process of it is dead. collect() then reads what it left. The destructor
// removes everything. A runner may keep containers open in advance, and a later
// kind of container may accept run() more than once; callers see no difference.
//
// Threads: a ContainerRunner may be used from any thread at any time. A Container
// belongs to one thread at a time, except stop(), which any thread may call.
// Ownership: a Container borrows from its runner and must not outlive it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/byte_source.hpp>
#include <pysandbox/export.hpp>
#include <pysandbox/job.hpp>
#include <pysandbox/limits.hpp>
#include <pysandbox/pool.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox {

// Receives what the program prints, as it prints it, on the thread that called
// run(). It gets exactly what RunResult will hold: once a stream is over its limit, the
// middle is held back and the end follows when the program has ended. What it throws, run() throws.
using OutputSink = std::function<void(Stream, std::string_view)>;

// What a container must be before it is known what will run in it.
struct ContainerSpec {
  Limits limits{};

  MinimumIsolation minimum_isolation = MinimumIsolation::rlimits;

  // A directory of this host that the program finds, read-only, as /environment (see environment_store.hpp); its
  // site-packages can be imported. Empty: none. It must stay until the container is gone.
  std::string environment_directory{};

  StartMode start = StartMode::any;
};

// An input that is ready: its name is safe, its bytes can be read.
struct ProgramInput {
  std::string path;

  // The bytes: `content`; or the file `source` of this host; or exactly `size` bytes out of `bytes`, if that is set.
  std::string content{};
  std::string source{};
  ByteSource bytes{};
  std::uint64_t size = 0;
};

// What to run, checked and ready: every name is safe, every source can be read.
struct Program {
  std::string entry_point;  // the file that Python runs
  std::vector<std::string> args{};
  std::map<std::string, std::string> env{};
  std::string stdin{};
  std::vector<ProgramInput> inputs{};  // appear in /workspace and /data
  std::string code{};                  // appears as /workspace/<entry_point>
  std::vector<std::string> outputs{};  // see JobRequest::outputs
};

// A file in a dead container, open for reading.
class PYSANDBOX_EXPORT OutputFile {
 public:
  virtual ~OutputFile() = default;

  virtual const std::string& path() const = 0;  // relative to /workspace
  virtual std::uint64_t size() const = 0;

  // The next bytes; zero at the end. Never more than size() in all.
  virtual std::size_t read(std::span<std::byte> buffer) = 0;
};

class PYSANDBOX_EXPORT Container {
 public:
  virtual ~Container() = default;

  // Runs `program` to its end. Everything but RunResult::artifacts is filled in.
  // Throws Error{sandbox_unavailable} if a protection cannot be applied: then no
  // line of the program has run. Throws Error{not_found} or Error{invalid_request} for a source that cannot be read.
  virtual RunResult run(const Program& program, const OutputSink& sink) = 0;

  // Hands over every regular file that the program added or changed and that Program::outputs names, never
  // through a link, in order of path, within the limits on artifacts. Inputs,
  // caches (__pycache__ and the like) and names that begin with a dot are left out.
  // What was left out for a limit is added to `result`. Call it after run().
  virtual void collect(RunResult& result, const std::function<void(OutputFile&)>& take) = 0;

  // Ends the program now; run() returns with Outcome::cancelled. Harmless at any time.
  virtual void stop() noexcept = 0;
};

// One thing a host can or cannot do.
struct HostFinding {
  enum class Level { pass, weaker, missing };

  std::string name;  // "user namespaces"
  Level level = Level::pass;
  std::string detail;  // what was found
  std::string remedy;  // what to do about it; empty for pass

  bool operator==(const HostFinding&) const = default;
};

class PYSANDBOX_EXPORT ContainerRunner {
 public:
  virtual ~ContainerRunner() = default;

  virtual std::string_view name() const = 0;

  // Throws Error{sandbox_unavailable} if this host cannot give `spec` what it asks for.
  virtual std::unique_ptr<Container> open(const ContainerSpec& spec) = 0;

  // What this host can enforce. Runs nothing of anybody's.
  virtual std::vector<HostFinding> check() = 0;

  // Nothing if it keeps no containers parked.
  virtual std::optional<PoolUsage> pool_usage() { return std::nullopt; }
};

struct NativeRunnerOptions {
  // The interpreter, as the program inside will see it: absolute, below /usr or
  // in `rootfs`.
  std::string python = "/usr/bin/python3";

  // The root that programs see, read-only. Empty: the host's /usr (with /bin, /lib, /lib64,
  // /sbin) and a few files of /etc that carry no secret. Otherwise a directory that holds
  // a whole root file system; its /dev, /proc, /sys, /run, /tmp, /data,
  // /workspace and /environment are replaced.
  std::string rootfs{};

  // Host user ids for running jobs when started by root: one each, from this
  // range. The default lies in a range that nothing is known to use
  // (systemd, docs/UIDS-GIDS.md: unused are 1879048192 and up).
  std::uint32_t first_uid = 1'900'000'000;
  std::uint32_t uid_count = 4'096;

  // Where the locks of running jobs lie. Empty: /run/pysandbox for root, else
  // $XDG_RUNTIME_DIR/pysandbox, else /tmp/pysandbox-<uid>. One file, a few bytes, stays there.
  std::string state_directory{};

  // The cgroup below which jobs get theirs, as a path below the hierarchy's root ("/my.slice/pysandbox").
  // Empty: found automatically. "none": use no cgroup.
  std::string cgroup_parent{};

  // Off unless it gets a maximum: a program that runs one job and ends has no use for it.
  PoolOptions pool{};
};

// Linux on x86_64, kernel 5.14 or newer. Throws Error{invalid_request} for
// options that make no sense; whether the host can do it is told by check() and open().
PYSANDBOX_EXPORT std::unique_ptr<ContainerRunner> make_native_runner(const NativeRunnerOptions& options = {});

}  // namespace pysandbox

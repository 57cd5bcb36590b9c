// EnvironmentStore makes sets of packages ready: resolved, fetched, unpacked and compiled once, then shared read-only
// by any number of jobs that have no network.
//
//   requirements ──▶ lock (versions and hashes) ──▶ wheels, each unpacked once ──▶ environment, named by a digest
//
// No code of a package runs on the host. With wheels, which is all there is by default, none runs at all while they are
// made ready. Where the operator allows it, what has no wheel is built from its source: in a container like that of a job,
// offline, with nothing but its build environment (docs/adr/0017). It is a part of its own (the CMake component
// pysandbox::environments).
//
// Threads: every method may be called from any thread at any time; several that want the same set wait for one that
// makes it. Processes: several may share one directory. A process that is killed leaves nothing half-made in it.
// Errors: Error{environment_failed} for a set that cannot be had, with the package and the reason;
// Error{invalid_request} for text that is no requirement; Error{unavailable} when index or disk cannot be used now.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/export.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox {

// What a job asks for. Both empty: nothing but the interpreter and its standard library.
struct EnvironmentRequest {
  std::vector<std::string>
      packages{};      // requirements (PEP 508: names, extras, versions, markers); no paths, no URLs, no options
  std::string name{};  // a curated set, for example "data-science", or the digest of an environment that is there

  bool operator==(const EnvironmentRequest&) const = default;
};

inline constexpr std::size_t maximum_packages = 100;  // requirements of one request

// Throws Error{invalid_request} that quotes the first requirement that is none. Touches no file.
PYSANDBOX_EXPORT void check_environment_request(const EnvironmentRequest& request);

// An environment that is ready.
struct Environment {
  EnvironmentInfo info{};        // digest, python, packages
  std::string name{};            // of the curated set it was made for; empty if for none
  std::string directory{};       // on this host; what containers mount: site-packages/, bin/, matplotlib/ and so on
  std::uint64_t size_bytes = 0;  // of its files, shared ones included
  std::chrono::system_clock::time_point created_at{};
  std::chrono::system_clock::time_point last_used_at{};
};

// Hears, on the thread that calls prepare(), what is going on: "resolving pandas", "fetching numpy 2.1.0 (16 MB)",
// "building docopt 0.6.2 from source".
using EnvironmentProgress = std::function<void(std::string_view sentence)>;

class PYSANDBOX_EXPORT EnvironmentStore {
 public:
  virtual ~EnvironmentStore() = default;

  // The environment for `request`, made if it is not there yet. It stays as long as somebody holds what this returns.
  virtual std::shared_ptr<const Environment> prepare(const EnvironmentRequest& request,
                                                     const EnvironmentProgress& progress, std::stop_token stop) = 0;

  // The newest use first.
  virtual std::vector<Environment> list() = 0;

  // By digest, by the beginning of one (8 digits or more, if it is the only one), or by curated name.
  virtual std::optional<Environment> find(const std::string& digest_or_name) = 0;

  // Removes environments, the longest unused first, until all together hold at most `budget_bytes`, and wheels that no
  // environment has. Never one in use. Returns how many bytes are free now that were not.
  virtual std::uint64_t prune(std::uint64_t budget_bytes) = 0;
};

struct EnvironmentStoreOptions {
  std::string python = "/usr/bin/python3";  // as the runner's: versions and platform are resolved for it
  std::string rootfs{};                     // as the runner's

  // Where packages come from. All empty: what the installer's own configuration says.
  std::vector<std::string>
      index_urls{};  // the first is the main one; may hold credentials, which no job and no log sees
  std::vector<std::string> find_links{};  // folders or pages with wheels
  bool no_index = false;                  // `find_links` only

  bool require_hashes = false;  // refuses what the index gives no hash for; of what is built, the source's counts

  // A package without a wheel that fits is built from its newest source that does. A wheel, if older, comes first.
  bool allow_source_builds = false;
  std::size_t max_source_builds = 20;  // for one request, those that are needed to build others included

  std::string installer{};  // a path to uv or pip; empty: uv if it is found, else pip of `python`
  // How long the versions that a set of requirements gave are good for. Empty: as long as the store keeps them; zero:
  // the index is asked each time.
  std::optional<std::chrono::seconds> resolution_age{};

  std::chrono::seconds resolve_timeout{60};
  std::chrono::seconds build_timeout{300};  // of one step: fetching, unpacking one wheel, building one source
  std::uint64_t max_environment_bytes = 4ULL << 30;
  std::uint64_t budget_bytes = 20ULL << 30;  // prune() with it follows every build
};

// Keeps environments below `directory`, which is made if it is missing (mode 0700, but what jobs read is readable).
// `runner` unpacks and compiles; it must outlive the store, and sees nothing of a job.
PYSANDBOX_EXPORT std::unique_ptr<EnvironmentStore> open_environment_store(const std::string& directory,
                                                                          ContainerRunner& runner,
                                                                          const EnvironmentStoreOptions& options = {});

}  // namespace pysandbox

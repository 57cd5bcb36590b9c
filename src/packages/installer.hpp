// Installer asks the index which files a set of packages is made of. It fetches no more than that needs, installs
// nothing and runs no code of a package.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>

#include "packages/credentials.hpp"
#include "packages/interpreter.hpp"
#include "packages/lock.hpp"
#include "process/launcher.hpp"

namespace pysandbox::packages {

// What a fetch of files from an index needs to know.
struct FetchSettings {
  std::map<std::string, std::string> environment{};  // proxies, certificates
  std::vector<std::string> indexes{};                // as far as they are known here; an installer's default is not
  std::vector<Credential> credentials{};
  std::vector<std::string> trusted_hosts{};  // "host" or "host:port", whose certificates are not looked at
  std::string ca_file{};                     // empty: the system's
  bool local_files = false;                  // whether an address may name a file of this host
};

struct ResolveTask {
  std::vector<std::string> requirements;  // canonical
  const Interpreter& interpreter;
  std::string directory;                  // empty, for the installer's own files
  std::string cache_directory;            // that stays
  std::vector<std::string> built_here{};  // folders of this host, each with a wheel that counts like the index's
};

// A package of which no wheel fits, as far as it can be told from what an installer says.
struct MissingWheel {
  std::string name;                       // normalized
  std::vector<std::string> specifiers{};  // ">=1,<2": all of them count

  bool operator==(const MissingWheel&) const = default;
};

// Why there is no set of wheels. Each of `missing` may be the reason; none: sources would not help.
struct Unresolved {
  Error why;
  std::vector<MissingWheel> missing{};
};

using Resolution = std::variant<std::vector<LockedWheel>, Unresolved>;  // wheels: sorted by name

// Where an installer looks, its defaults included.
struct IndexPlaces {
  std::vector<std::string> indexes{};  // in the order in which they count
  std::vector<std::string> find_links{};
};

class Installer {
 public:
  virtual ~Installer() = default;

  // Unresolved with Error{environment_failed}, which has the package and the reason; throws Error{unavailable} if the
  // index cannot be used now, Error{conflict} after a stop.
  virtual Resolution resolve(const ResolveTask& task, const std::stop_token& stop) = 0;

  // For files that a resolve() named, now or long ago. `directory` as above.
  virtual FetchSettings fetch_settings(const std::string& directory) = 0;

  // For files that no resolve() names. `directory` as above.
  virtual IndexPlaces places(const std::string& directory) = 0;
};

// Each kind, started as `program` says.
std::unique_ptr<Installer> make_uv_installer(const std::string& program, const EnvironmentStoreOptions& options,
                                             ProcessLauncher& launcher);
struct PipCommand;
std::unique_ptr<Installer> make_pip_installer(const PipCommand& pip, const EnvironmentStoreOptions& options,
                                              ProcessLauncher& launcher);

// As `options` name it, or as it is found. Throws Error{unavailable} if there is none.
std::unique_ptr<Installer> make_installer(const EnvironmentStoreOptions& options, ProcessLauncher& launcher);

}  // namespace pysandbox::packages

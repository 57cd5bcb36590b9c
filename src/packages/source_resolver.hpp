// Finds wheels for a set of requirements; where an index has none of a package and the operator allows it, builds one.
//
// What a source needs, nobody knows who has not run it. So the installer is asked for wheels alone; where it says that
// a package has none, one is built of the newest source that fits; then the installer is asked again, with that wheel
// among those of the index.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include <pysandbox/environment_store.hpp>

#include "packages/installer.hpp"
#include "packages/source_build.hpp"
#include "packages/source_index.hpp"
#include "packages/store_layout.hpp"

namespace pysandbox::packages {

// The sources that are being built, each for the one before it: "x 1.0", "its-backend 2.0".
struct BuildChain {
  std::vector<std::string> titles{};
  std::shared_ptr<std::size_t> begun = std::make_shared<std::size_t>(0);  // builds, for all sets of one request
};

struct SourceTools {
  const StoreLayout& layout;
  ContainerRunner& runner;
  ProcessLauncher& launcher;
  const EnvironmentStoreOptions& options;
  Installer& installer;
  const Interpreter& interpreter;
  // The environment that a source is built in, which is one of the store's like any other.
  std::function<std::shared_ptr<const Environment>(const std::vector<std::string>& requirements,
                                                   const BuildChain& chain)>
      prepare;
};

class SourceResolver {
 public:
  SourceResolver(const SourceTools& tools, const BuildChain& chain, const EnvironmentProgress& progress,
                 const std::stop_token& stop)
      : tools_(tools), chain_(chain), progress_(progress), stop_(stop) {}

  // Sorted by name. Throws Error{environment_failed} with the package and the reason.
  std::vector<LockedWheel> resolve(const std::vector<std::string>& requirements);

 private:
  bool build_one_of(const std::vector<MissingWheel>& missing);
  const std::vector<SourceFile>& sources_of(const std::string& name);
  void check_chain(const SourceFile& source) const;
  LockedWheel build(SourceFile source);
  void fetch(SourceFile& source, const std::string& directory);
  std::shared_ptr<const Environment> prepare(const SourceFile& source, const std::vector<std::string>& requirements);
  LockedWheel build_in(const SourceBuildTask& task, std::vector<std::string> needs, BuiltFrom from,
                       std::shared_ptr<const Environment> environment, const WorkPlace& work);
  void unpack(const LockedWheel& wheel, const std::string& directory, const WorkPlace& work) const;
  std::string key_of(const SourceFile& source, const std::string& environment) const;
  void tell(const std::string& sentence) const;

  const SourceTools& tools_;
  const BuildChain& chain_;
  const EnvironmentProgress& progress_;
  const std::stop_token& stop_;
  std::map<std::string, std::vector<SourceFile>> sources_{};  // by name
  std::set<std::string> tried_{};                             // titles
  std::vector<LockedWheel> built_{};
};

}  // namespace pysandbox::packages

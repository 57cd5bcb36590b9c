// The wheels of a store, each unpacked and compiled once.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include <pysandbox/environment_store.hpp>

#include "packages/fetch.hpp"
#include "packages/installer.hpp"
#include "packages/lock.hpp"
#include "process/launcher.hpp"
#include "packages/store_layout.hpp"

namespace pysandbox::packages {

class WheelShelf {
 public:
  WheelShelf(const StoreLayout& layout, ContainerRunner& runner, ProcessLauncher& launcher,
             const EnvironmentStoreOptions& options)
      : layout_(layout), runner_(runner), launcher_(launcher), options_(options) {}

  // Its name in the store: bytecode is of one version of Python.
  static std::string key_of(const LockedWheel& wheel, const Interpreter& interpreter) {
    return wheel.sha256 + "-" + interpreter.cache_tag;
  }

  // Fetches, checks and unpacks what is missing of `lock`, and fills in the hashes that the index did not give.
  // `work` is the caller's place for half-made things. Throws Error.
  void fill(Lock& lock, const Interpreter& interpreter, Installer& installer, const WorkPlace& work,
            const EnvironmentProgress& progress, const std::stop_token& stop);

  // Throws Error{environment_failed} if there is one whose hash the index does not tell. Those that were built here
  // have none there: their sources had.
  void check_hashes(Lock& lock, Installer& installer, const WorkPlace& work, const std::stop_token& stop);

 private:
  std::vector<LockedWheel*> missing(Lock& lock, const Interpreter& interpreter) const;
  std::vector<FileLock> lock_all(const std::vector<LockedWheel*>& wheels, const Interpreter& interpreter,
                                 const EnvironmentProgress& progress, const std::stop_token& stop) const;
  void fetch(const std::vector<LockedWheel*>& wheels, Installer& installer, const WorkPlace& work,
             const EnvironmentProgress& progress, const std::stop_token& stop);
  void unpack(const std::vector<LockedWheel*>& wheels, const Interpreter& interpreter, const WorkPlace& work,
              const EnvironmentProgress& progress, const std::stop_token& stop);
  void unpack_one(const LockedWheel& wheel, const Interpreter& interpreter, const WorkPlace& work,
                  const std::stop_token& stop) const;

  const StoreLayout& layout_;
  ContainerRunner& runner_;
  ProcessLauncher& launcher_;
  const EnvironmentStoreOptions& options_;
};

}  // namespace pysandbox::packages

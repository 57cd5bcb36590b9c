// What a store knows from before: which lock a request gave, what an interpreter is, and whether somebody makes it now.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>

#include "packages/file_lock.hpp"
#include "packages/interpreter.hpp"
#include "packages/lock.hpp"
#include "packages/store_layout.hpp"

namespace pysandbox::packages {

// The same for the same set, interpreter and places of packages.
std::string request_key(const std::vector<std::string>& requirements, const Interpreter& interpreter,
                        const EnvironmentStoreOptions& options);

// Nothing if there is none, or it is older than `most_age`.
std::optional<Lock> remembered_lock(const std::string& path, std::optional<std::chrono::seconds> most_age);

// Asked in a container the first time, and then again when its file has changed.
Interpreter remembered_interpreter(const StoreLayout& layout, ContainerRunner& runner,
                                   const EnvironmentStoreOptions& options);

// The turn of one who makes a set. Those who wait for it hear what it tells, and get its failure as their own: a
// hundred who ask for what is not there ask the index once.
class MakersTurn {
 public:
  // Waits. Throws what the one before told them who waited.
  MakersTurn(const std::string& path, const EnvironmentProgress& progress, const std::stop_token& stop);

  void begin() { lock_.say(""); }
  EnvironmentProgress teller();
  void tell_failure(const Error& error);

 private:
  FileLock wait(const std::string& path, const std::stop_token& stop);

  const EnvironmentProgress& progress_;
  bool waited_ = false;
  FileLock lock_;
};

}  // namespace pysandbox::packages

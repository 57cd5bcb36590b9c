// Fetches wheels, and sources by the same way, from where the index says they are.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/environment_store.hpp>

#include "packages/fetch_program.hpp"
#include "packages/lock.hpp"
#include "process/launcher.hpp"

namespace pysandbox::packages {

// `directory` is empty. Throws Error{unavailable} if this host has no Python to fetch with.
FetchTask make_fetch_task(const EnvironmentStoreOptions& options, Installer& installer, const std::string& directory);

// Fetches each into `task.directory`, under its file's name; checks what has a hash and fills in what has none.
// Throws Error{environment_failed} or, if another try may help, Error{unavailable}.
void fetch_wheels(const std::vector<LockedWheel*>& wheels, const FetchTask& task, ProcessLauncher& launcher,
                  const EnvironmentProgress& progress, const std::stop_token& stop);

// Throws Error{environment_failed} for the first whose SHA-256 no index tells: installers count a missing one
// themselves and do not say so.
void check_hashes_are_told(const std::vector<LockedWheel*>& wheels, const FetchTask& task, ProcessLauncher& launcher,
                           const std::stop_token& stop);

}  // namespace pysandbox::packages

// What Ctrl-C ends in order: nothing half-written stays, and the exit code is that of a cancelled program.
#pragma once

#include <pysandbox/error.hpp>

#include "exit_code.hpp"
#include "server_api.hpp"

namespace pysandbox::cli {

// Returns what `action` returns, or says that it was interrupted where `api` heeds a stop token.
template <class Action>
int interruptible(const ServerApi& api, Action action) {
  try {
    return action();
  } catch (const Error&) {
    if (!api.interrupted()) throw;
    return exit_code_cancelled;
  }
}

}  // namespace pysandbox::cli

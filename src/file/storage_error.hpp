// A failed system call on a store, as the Error that people read.
#pragma once

#include <cerrno>
#include <string>

#include <pysandbox/error.hpp>

#include "support/syscall.hpp"

namespace pysandbox {

inline std::string_view storage_remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "free some space there and try again";
    case EACCES:
    case EPERM:
      return "give this user the right to it or choose another directory";
    case EROFS:
    case ENOTDIR:
      return "choose another directory";
    case EMFILE:
    case ENFILE:
      return "raise the limit on open files";
    case EIO:
      return "check the disk";
    default:
      return "try again";
  }
}

// `what` is what failed, on what: "Writing 'a.txt'".
inline Error storage_error(int error, const std::string& what) {
  return {ErrorCode::unavailable, what + " failed: " + errno_text(error) + "; " + std::string(storage_remedy(error))};
}

// Throws that Error if `result` is negative, else returns it.
inline long stored(long result, const std::string& what) {
  if (result < 0) throw storage_error(errno, what);
  return result;
}

}  // namespace pysandbox

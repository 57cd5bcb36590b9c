#include "environment/prepare.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include <pysandbox/error.hpp>

#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox {
namespace {

Error unusable(const InputFile& input, ErrorCode code, const std::string& why) {
  return {code, "The source " + in_quotes(input.source) + " of the input " + in_quotes(input.path) + " " + why};
}

Error cannot_open(const InputFile& input, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return unusable(input, ErrorCode::not_found, "does not exist; check the path");
    case EACCES:
    case EPERM:
      return unusable(input, ErrorCode::invalid_request, "cannot be read by this user; change its permissions");
    case ENXIO:  // a socket, or a device without a driver
    case ENODEV:
      return unusable(input, ErrorCode::invalid_request, "is a socket or a device; name a regular file");
    case EMFILE:
    case ENFILE:
    case EIO:
      return unusable(input, ErrorCode::unavailable, "cannot be opened now: " + errno_text(error) + "; try again");
    default:
      return unusable(input, ErrorCode::invalid_request,
                      "cannot be opened: " + errno_text(error) + "; name another file");
  }
}

std::string what_it_is(mode_t mode) {
  if (S_ISDIR(mode)) return "is a directory; name the files in it one by one";
  if (S_ISFIFO(mode)) return "is a pipe; write what comes out of it to a regular file first";
  return "is a device; name a regular file";
}

std::uint64_t size_of_source(const InputFile& input) {
  if (input.source.find('\0') != std::string::npos) {
    throw unusable(input, ErrorCode::invalid_request, "has a NUL in its path; remove it");
  }
  // Without O_NONBLOCK a pipe that nobody writes to would hold us up.
  const UniqueFd file(::open(input.source.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) throw cannot_open(input, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw cannot_open(input, errno);
  if (!S_ISREG(status.st_mode)) throw unusable(input, ErrorCode::invalid_request, what_it_is(status.st_mode));
  return static_cast<std::uint64_t>(status.st_size);
}

void check_inputs(const std::vector<InputFile>& inputs) {
  std::uint64_t left = maximum_input_bytes;
  for (const InputFile& input : inputs) {
    const std::uint64_t size = input.source.empty() ? input.content.size() : size_of_source(input);
    if (size > left) {
      throw Error(ErrorCode::too_large, "The inputs up to " + in_quotes(input.path) + " are larger than " +
                                            std::to_string(maximum_input_bytes) +
                                            " bytes together, the maximum of one job; give it fewer or smaller ones");
    }
    left -= size;
  }
}

}  // namespace

Program prepare(const JobRequest& request) {
  check_request(request);
  check_inputs(request.inputs);
  return {.entry_point = request.entry_point,
          .args = request.args,
          .env = request.env,
          .stdin = request.stdin,
          .inputs = request.inputs,
          .code = request.code};
}

}  // namespace pysandbox

#include "environment/prepare.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include <pysandbox/error.hpp>

#include "environment/remote_inputs.hpp"
#include "environment/safe_name.hpp"
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

bool is_remote(const InputFile& input) { return !input.file_id.empty() || !input.url.empty(); }

// What is left of maximum_input_bytes.
class Allowance {
 public:
  std::uint64_t left() const noexcept { return left_; }

  void take(std::uint64_t size, const std::string& path) {
    if (size > left_) {
      throw Error(ErrorCode::too_large, "The inputs up to " + in_quotes(path) + " are larger than " +
                                            std::to_string(maximum_input_bytes) +
                                            " bytes together, the maximum of one job; give it fewer or smaller ones");
    }
    left_ -= size;
  }

 private:
  std::uint64_t left_ = maximum_input_bytes;
};

// What needs nobody else: all that is wrong with it is known before anything is fetched.
void take_local(const std::vector<InputFile>& inputs, Allowance& allowance) {
  for (const InputFile& input : inputs) {
    if (is_remote(input)) continue;
    allowance.take(input.source.empty() ? input.content.size() : size_of_source(input), input.path);
  }
}

TakenNames names_given(const JobRequest& request) {
  TakenNames names;
  names.add_path(request.entry_point);
  for (const InputFile& input : request.inputs) {
    if (!input.path.empty()) names.add_path(input.path);
  }
  return names;
}

std::vector<ProgramInput> gather(const JobRequest& request, const InputSources& sources, Allowance& allowance,
                                 std::vector<std::string>& missing) {
  TakenNames names = names_given(request);
  std::vector<ProgramInput> inputs;
  for (const InputFile& input : request.inputs) {
    if (!is_remote(input)) {
      inputs.push_back({.path = input.path, .content = input.content, .source = input.source});
      continue;
    }
    Found found = input.url.empty() ? find_stored(input, sources.files) : fetch(input, sources, allowance.left());
    if (auto* lost = std::get_if<Missing>(&found)) {
      missing.push_back(std::move(lost->sentence));
      continue;
    }
    auto& [name, bytes, size] = std::get<RemoteInput>(found);
    std::string path = input.path.empty() ? names.take(name) : input.path;
    allowance.take(size, path);
    inputs.push_back({.path = std::move(path), .bytes = std::move(bytes), .size = size});
  }
  return inputs;
}

}  // namespace

Preparation prepare(const JobRequest& request, const InputSources& sources) {
  check_request(request);
  Allowance allowance;
  take_local(request.inputs, allowance);
  std::vector<std::string> missing;
  Program program{.entry_point = request.entry_point,
                  .args = request.args,
                  .env = request.env,
                  .stdin = request.stdin,
                  .inputs = gather(request, sources, allowance, missing),
                  .code = request.code,
                  .outputs = request.outputs};
  return {.program = std::move(program), .missing = std::move(missing)};
}

}  // namespace pysandbox

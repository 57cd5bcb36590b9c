#include "container/input_bytes.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <vector>

#include "support/in_quotes.hpp"
#include "support/syscall.hpp"

namespace pysandbox::container {

UniqueFd open_source(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) {
    throw Error(errno == ENOENT ? ErrorCode::not_found : ErrorCode::invalid_request,
                "cannot read the input " + path + ": " + errno_text(errno));
  }
  struct stat status {};
  check(::fstat(file.get(), &status), "looking at the input " + path);
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::invalid_request, "the input " + path + " is not a regular file");
  return file;
}

void read_bytes(const ProgramInput& input, const std::function<void(std::string_view)>& take) {
  std::vector<std::byte> buffer(1 + std::min<std::uint64_t>(input.size, std::size_t{256} << 10));
  std::uint64_t done = 0;
  while (const std::size_t count = input.bytes(buffer)) {
    if (count > buffer.size()) {
      throw Error(ErrorCode::internal, "A source of bytes returned more than it was asked for; mend that source");
    }
    if (count > input.size - done) {
      throw Error(ErrorCode::unavailable, "the input " + in_quotes(input.path) + " has more than the " +
                                              std::to_string(input.size) + " bytes it was said to have; try again");
    }
    take({reinterpret_cast<const char*>(buffer.data()), count});
    done += count;
  }
  if (done < input.size) {
    throw Error(ErrorCode::unavailable, "the input " + in_quotes(input.path) + " ended after " + std::to_string(done) +
                                            " of " + std::to_string(input.size) + " bytes; try again");
  }
}

}  // namespace pysandbox::container

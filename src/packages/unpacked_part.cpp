#include "packages/unpacked_part.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include <pysandbox/error.hpp>

#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "value/text.hpp"

namespace pysandbox::packages {
namespace {

constexpr std::size_t longest_path = 1024;
constexpr std::size_t longest_name = 255;
constexpr int deepest = 34;
constexpr std::size_t head_size = 1 + 4 + 8;  // as struct.pack("<cIQ") makes it

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::environment_failed, "A wheel came out of its container wrongly: " + what);
}

// All of `target`, or false at the end.
bool read_exactly(const ReadBytes& read, std::span<std::byte> target) {
  while (!target.empty()) {
    const std::size_t count = read(target);
    if (count == 0) return false;
    target = target.subspan(count);
  }
  return true;
}

template <typename Number>
Number little_endian(const std::byte* bytes) {
  Number value = 0;
  for (std::size_t i = sizeof value; i > 0; --i)
    value = static_cast<Number>(value << 8) | std::to_integer<Number>(bytes[i - 1]);
  return value;
}

}  // namespace

bool is_environment_path(const std::string& path) {
  // Of these the store itself makes something, or they are no places for packages.
  constexpr std::array<std::string_view, 1> reserved{"matplotlib"};
  if (path.size() > longest_path || path.find('/') == std::string::npos) return false;
  std::string_view rest = path;
  for (int depth = 0; !rest.empty() || depth == 0; ++depth) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    if (part.empty() || part == "." || part == ".." || part.size() > longest_name || depth == deepest) return false;
    if (depth == 0 && std::ranges::find(reserved, part) != reserved.end()) return false;
    if (std::ranges::any_of(part, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
      return false;
    }
    if (part.size() == rest.size()) return true;
    rest.remove_prefix(part.size() + 1);
  }
  return false;  // it ends with '/'
}

void UnpackedFiles::take(const ReadBytes& read) {
  for (std::uint64_t entries = 0;; ++entries) {
    std::array<std::byte, head_size> head{};
    if (!read_exactly(read, head)) refuse("its last entry is missing");
    const char kind = std::to_integer<char>(head[0]);
    const auto path_size = little_endian<std::uint32_t>(head.data() + 1);
    const auto size = little_endian<std::uint64_t>(head.data() + 5);
    if (kind == 'E') {
      std::array<std::byte, 1> more{};
      if (size != entries || path_size != 0 || read(more) != 0) refuse("its last entry lies");
      return;
    }
    if ((kind != 'F' && kind != 'X') || path_size > longest_path) refuse("an entry of it is none");
    std::string path(path_size, '\0');
    if (!read_exactly(read, std::as_writable_bytes(std::span(path)))) refuse("it ends within a path");
    if (!is_environment_path(path)) refuse("a file has the path " + quoted(path));
    make_file(kind, path, size, read);
  }
}

void UnpackedFiles::make_file(char kind, const std::string& path, std::uint64_t size, const ReadBytes& read) {
  if (++files_ > bounds_.most_files) refuse("it has more than " + std::to_string(bounds_.most_files) + " files");
  if (size > bounds_.most_bytes - bytes_) refuse("it has more than " + std::to_string(bounds_.most_bytes) + " bytes");
  bytes_ += size;
  const UniqueFd parent = open_parent(path);
  const std::string name = path.substr(path.rfind('/') + 1);
  const UniqueFd file(::openat(parent.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file && (errno == EEXIST || errno == EISDIR)) refuse("there are two files " + quoted(path));
  check(file.get(), "Making " + in_quotes(path));
  std::vector<std::byte> buffer(std::min<std::uint64_t>(size, 256U << 10));
  for (std::uint64_t left = size; left > 0;) {
    const auto piece = std::span(buffer).first(std::min<std::uint64_t>(left, buffer.size()));
    if (!read_exactly(read, piece)) refuse("it ends within " + quoted(path));
    if (!write_all(file.get(), {reinterpret_cast<const char*>(piece.data()), piece.size()})) {
      check(-1, "Writing " + in_quotes(path));
    }
    left -= piece.size();
  }
  check(::fchmod(file.get(), kind == 'X' ? 0555 : 0444), "Setting the mode of " + in_quotes(path));
}

// Files come in the order of their directories, mostly.
UniqueFd UnpackedFiles::open_parent(const std::string& path) {
  const std::string parent = path.substr(0, path.rfind('/'));
  if (parent != last_parent_) {
    for (std::size_t end = parent.find('/');; end = parent.find('/', end + 1)) {
      const std::string folder = parent.substr(0, end);
      const auto slash = folder.rfind('/');
      const UniqueFd above =
          slash == std::string::npos
              ? UniqueFd(::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
              : open_beneath(directory_, folder.substr(0, slash), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      check(above.get(), "Opening the folder above " + in_quotes(folder));
      const std::string name = slash == std::string::npos ? folder : folder.substr(slash + 1);
      if (::mkdirat(above.get(), name.c_str(), 0755) != 0 && errno != EEXIST) check(-1, "Making " + in_quotes(folder));
      if (end == std::string::npos) break;
    }
    last_directory_ = open_beneath(directory_, parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!last_directory_ && errno == ENOTDIR) refuse("a folder in it is a file too: " + quoted(parent));
    check(last_directory_.get(), "Opening the folder " + in_quotes(parent));
    last_parent_ = parent;
  }
  UniqueFd again(::openat(last_directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  check(again.get(), "Opening the folder " + in_quotes(parent));
  return again;
}

}  // namespace pysandbox::packages

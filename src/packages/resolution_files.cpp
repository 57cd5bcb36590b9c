#include "packages/resolution_files.hpp"

#include <fcntl.h>

#include <algorithm>
#include <charconv>

#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::packages {

void write_file(const std::string& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  check(file.get(), "Making " + in_quotes(path));
  if (!write_all(file.get(), text)) check(-1, "Writing " + in_quotes(path));
}

std::string write_requirements(const ResolveTask& task) {
  std::string text;
  for (const auto& requirement : task.requirements) text += requirement + "\n";
  const std::string path = task.directory + "/requirements.in";
  write_file(path, text);
  return path;
}

std::string file_of_url(std::string_view url) {
  url = url.substr(0, std::min(url.find_first_of("?#"), url.size()));
  url.remove_prefix(url.rfind('/') + 1);
  std::string file;
  for (std::size_t i = 0; i < url.size(); ++i) {
    unsigned value = 0;
    const bool escaped = url[i] == '%' && i + 2 < url.size() &&
                         std::from_chars(url.data() + i + 1, url.data() + i + 3, value, 16).ptr == url.data() + i + 3;
    file += escaped ? static_cast<char>(value) : url[i];
    if (escaped) i += 2;
  }
  return file;
}

std::string without_credentials_in(std::string_view url) {
  std::string result(url.substr(0, url.find('#')));
  const auto begin = result.find("://");
  if (begin == std::string::npos) return result;
  const auto end = std::min(result.find('/', begin + 3), result.size());
  const auto at = result.rfind('@', end);
  if (at != std::string::npos && at > begin) result.erase(begin + 3, at + 1 - (begin + 3));
  return result;
}

}  // namespace pysandbox::packages

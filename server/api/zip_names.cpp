#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "api/zip_stream.hpp"
#include "http/text.hpp"
#include "value/text.hpp"

namespace pysandbox::api {
namespace {

// What Windows refuses in names, and the separators of others; the rest of the controls follows below.
bool is_risky(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f || std::string_view("\\:*?\"<>|").find(c) != std::string_view::npos;
}

std::string safe_part(std::string_view part) {
  std::string safe(part);
  std::replace_if(safe.begin(), safe.end(), is_risky, '_');
  return safe;
}

std::string safe_path(std::string_view path) {
  std::string safe;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == "." || part == "..") continue;
    safe += (safe.empty() ? "" : "/") + safe_part(part);
  }
  return safe.empty() ? "file" : safe;
}

// Some systems do not tell A from a.
std::string folded(std::string text) {
  for (char& c : text) c = http::to_lower(c);
  return text;
}

// "a (2).txt" for "a.txt".
std::string numbered(const std::string& name, std::size_t number) {
  const std::size_t slash = name.rfind('/') + 1;  // zero if there is none
  const std::size_t dot = name.rfind('.');
  const std::size_t at = dot == std::string::npos || dot <= slash ? name.size() : dot;
  return name.substr(0, at) + " (" + std::to_string(number) + ")" + name.substr(at);
}

}  // namespace

std::vector<std::string> zip_names(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  std::map<std::string, std::size_t> last_numbers;  // else ten thousand equal names would take their square of tries
  for (const std::string& path : paths) {
    const std::string plain = safe_path(repair_utf8(path));
    std::string name = plain;
    std::size_t& number = last_numbers.try_emplace(folded(plain), 1).first->second;
    while (!taken.insert(folded(name)).second) name = numbered(plain, ++number);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace pysandbox::api

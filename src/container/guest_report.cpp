#include "container/guest_report.hpp"

#include <charconv>
#include <vector>

namespace pysandbox::container {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> fields;
  for (std::size_t end; (end = text.find(separator)) != std::string_view::npos;) {
    fields.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return fields;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

// kind [errno [bytes inodes]] NUL name NUL line NUL value NUL traceback NUL; see report.py.
std::optional<GuestReport> parse_guest_report(std::string_view text) {
  if (text.empty() || text.front() == '\0') return std::nullopt;  // the file is made full of them
  const auto fields = split(text, '\0');
  if (fields.size() < 5) return std::nullopt;
  GuestReport report;
  const std::string first = std::string(fields[0]) + " ";
  const auto words = split(first, ' ');
  if (words[0] != "exception" && words[0] != "stopped") return std::nullopt;
  report.stopped = words[0] == "stopped";
  if (words.size() > 1) report.error_number = parse_number<int>(words[1]).value_or(0);
  if (words.size() > 3) {
    report.used_bytes = parse_number<std::uint64_t>(words[2]).value_or(0);
    report.used_inodes = parse_number<std::uint64_t>(words[3]).value_or(0);
  }
  report.error.name = fields[1];
  report.error.line = parse_number<int>(fields[2]);
  report.error.value = fields[3];
  report.error.traceback = fields[4];
  return report;
}

std::string faulthandler_traceback(std::string_view stderr_text) {
  const auto fatal = stderr_text.rfind("Fatal Python error: ");
  if (fatal == std::string_view::npos) return {};
  std::string place(stderr_text.substr(fatal));
  // Below the program's frames are our bootstrap's.
  if (const auto bootstrap = place.find("  File \"<string>\", line "); bootstrap != std::string::npos) {
    place.erase(bootstrap);
  }
  return place;
}

}  // namespace pysandbox::container

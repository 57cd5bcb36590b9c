#include "docker/keeper_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <map>

#include <pysandbox/error.hpp>

#include "support/random_id.hpp"

namespace pysandbox::docker {
namespace {

constexpr std::size_t longest_first_line = 64;
constexpr std::size_t longest_head = 4 << 10;
constexpr std::size_t longest_report = 64 << 10;
constexpr std::size_t longest_listing = 16 << 20;

[[noreturn]] void refuse() {
  throw Error(ErrorCode::unavailable,
              "a container told an end that makes no sense: the program got hold of the process that watches it, so "
              "nothing it left is taken");
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end; (end = text.find(separator)) != std::string_view::npos; text.remove_prefix(end + 1)) {
    parts.push_back(text.substr(0, end));
  }
  parts.push_back(text);
  return parts;
}

std::string in_hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

using Values = std::map<std::string_view, std::int64_t>;

Values values_in(std::string_view head) {
  Values values;
  for (const auto word : split(head, ' ')) {
    const auto equal = word.find('=');
    if (equal == std::string_view::npos) refuse();
    const auto value = number<std::int64_t>(word.substr(equal + 1));
    if (!value) refuse();
    values[word.substr(0, equal)] = *value;
  }
  return values;
}

// The keeper writes -1 for what it cannot know.
std::optional<std::uint64_t> known(const Values& values, std::string_view name) {
  const auto found = values.find(name);
  if (found == values.end()) refuse();
  if (found->second < 0) return std::nullopt;
  return static_cast<std::uint64_t>(found->second);
}

std::uint64_t count(const Values& values, std::string_view name) { return known(values, name).value_or(0); }

// A name that is safe to match, to sort and to hand on, whoever wrote it.
bool is_below_workspace(std::string_view path) {
  if (path.empty() || path.size() > 4096) return false;
  const auto parts = split(path, '/');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && part.size() <= 255 && part.front() != '.' && part != "__pycache__";
  });
}

std::vector<ListedFile> files_in(std::string_view listing) {
  std::vector<ListedFile> files;
  if (listing.empty()) return files;
  if (listing.back() != '\0') refuse();
  listing.remove_suffix(1);
  for (const auto entry : split(listing, '\0')) {
    const auto space = entry.find(' ');
    if (space == std::string_view::npos) refuse();
    const auto size = number<std::uint64_t>(entry.substr(0, space));
    const auto path = entry.substr(space + 1);
    if (!size || !is_below_workspace(path) || (!files.empty() && files.back().path >= path)) refuse();
    files.push_back({std::string(path), *size});
  }
  return files;
}

Ending ending_in(std::string_view head, std::string_view report, std::string_view listing) {
  const Values values = values_in(head);
  Ending ending;
  ending.start_error = static_cast<int>(std::min<std::uint64_t>(count(values, "error"), 4095));
  ending.wait_status = static_cast<int>(count(values, "status") & 0xffff);
  ending.leftovers = static_cast<std::uint32_t>(count(values, "leftovers"));
  ending.out_of_memory = count(values, "out_of_memory") != 0;
  ending.cpu_observed = std::chrono::microseconds(count(values, "cpu_observed"));
  ending.oom_kills = known(values, "oom_kills");
  ending.refused_forks = known(values, "refused_forks");
  ending.user_microseconds = known(values, "cpu_user");
  ending.system_microseconds = known(values, "cpu_system");
  ending.memory_peak_bytes = known(values, "memory_peak");
  ending.processes_peak = count(values, "processes_peak");
  ending.read_bytes = count(values, "read_bytes");
  ending.written_bytes = count(values, "written_bytes");
  ending.disk_bytes = count(values, "disk_bytes");
  ending.disk_inodes = count(values, "disk_inodes");
  ending.too_deep = count(values, "too_deep");
  ending.too_many = count(values, "too_many");
  ending.report = report;
  ending.files = files_in(listing);
  return ending;
}

// The three sizes of the first line; empty if they make no sense.
std::optional<std::array<std::size_t, 3>> sizes_in(std::string_view line) {
  const auto words = split(line, ' ');
  if (words.size() != 3) return std::nullopt;
  std::array<std::size_t, 3> sizes{};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto size = number<std::size_t>(words[i]);
    if (!size) return std::nullopt;
    sizes[i] = *size;
  }
  if (sizes[0] > longest_head || sizes[1] > longest_report || sizes[2] > longest_listing) return std::nullopt;
  return sizes;
}

}  // namespace

std::optional<std::chrono::microseconds> read_greeting(std::string_view line) {
  constexpr std::string_view name = "pysandbox-keeper 1 ";
  if (!line.starts_with(name)) return std::nullopt;
  const auto time = number<std::uint32_t>(line.substr(name.size()));
  if (!time) return std::nullopt;
  return std::chrono::microseconds(*time);
}

std::string new_mark() { return random_id(); }

std::string program_order(const container::Words& words, const Limits& limits, const std::string& mark,
                          const std::string& entry_point) {
  const std::string bytes = words.bytes + entry_point + '\0';
  return fmt::format("{} {} {} {} {} {} {} {} {}\n", in_hex(mark), words.plan.argument_count, words.plan.variable_count,
                     limits.open_files, limits.file_size_bytes, limits.cpu_time_limit.count(),
                     limits.grace_period.count(), limits.time_limit.count(), bytes.size()) +
         bytes;
}

std::string files_order(const std::vector<std::size_t>& places) {
  std::string order = fmt::format("c{}\n", places.size());
  for (const auto place : places) order += fmt::format("{}\n", place);
  return order;
}

std::size_t EndingReader::add(std::string_view bytes) {
  if (ending_) return 0;
  const std::size_t before = text_.size();
  text_ += bytes;
  if (wanted_ == 0) {
    const auto line = text_.find('\n');
    if (std::min(line, text_.size()) > longest_first_line) refuse();
    if (line == std::string::npos) return bytes.size();
    const auto sizes = sizes_in(std::string_view(text_).substr(0, line));
    if (!sizes) refuse();
    wanted_ = line + 1 + (*sizes)[0] + (*sizes)[1] + (*sizes)[2];
  }
  if (text_.size() < wanted_) return bytes.size();
  const std::string_view whole = std::string_view(text_).substr(0, wanted_);
  const auto line = whole.find('\n');
  const auto sizes = sizes_in(whole.substr(0, line)).value();
  ending_ = ending_in(whole.substr(line + 1, sizes[0]), whole.substr(line + 1 + sizes[0], sizes[1]),
                      whole.substr(line + 1 + sizes[0] + sizes[1]));
  return wanted_ - before;
}

}  // namespace pysandbox::docker

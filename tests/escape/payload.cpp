#include "escape/payload.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace pysandbox::testing {
namespace {

constexpr auto layers = std::to_array<std::string_view>({"seccomp",      "landlock",    "root",
                                                         "proc",         "dev",         "capabilities",
                                                         "no_new_privs", "net",         "ipc",
                                                         "uts",          "rlimits",     "cgroup",
                                                         "environment",  "descriptors", "workspace_quota",
                                                         "harvest",      "identity",    "user_namespaces",
                                                         "readonly",     "nosuid"});

[[noreturn]] void wrong(const std::string& what) { throw std::runtime_error("wrong header: " + what); }

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) wrong("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, separator);) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

Outcome parse_outcome(const std::string& word) {
  for (int value = 0; value <= static_cast<int>(Outcome::internal_error); ++value) {
    if (to_string(static_cast<Outcome>(value)) == word) return static_cast<Outcome>(value);
  }
  wrong("no such outcome: " + word);
}

std::string unescape(const std::string& word) {
  std::string path;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word.compare(i, 2, "\\x") != 0) {
      path += word[i];
    } else {
      path += static_cast<char>(std::stoi(word.substr(i + 2, 2), nullptr, 16));
      i += 3;
    }
  }
  return path;
}

void parse_attack(Payload& payload, const std::string& text) {
  const auto space = text.find(' ');
  payload.id = text.substr(0, space);
  if (space == std::string::npos || payload.id.size() < 2 || payload.id[0] < 'A' || payload.id[0] > 'E' ||
      payload.id.find_first_not_of("0123456789", 1) != std::string::npos) {
    wrong("attack must be a group, a number and a sentence: " + text);
  }
  payload.attack = text.substr(space + 1);
}

void parse_weaken(Payload& payload, const std::string& text) {
  if (text == "none") return;
  payload.weaken = split(text, ',');
  for (const auto& layer : payload.weaken) {
    if (std::find(layers.begin(), layers.end(), layer) == layers.end()) wrong("no such layer: " + layer);
  }
}

void parse_success(Payload& payload, const std::string& text) {
  auto words = split(text, ' ');
  if (words.empty()) wrong("weak-expect is empty");
  if (text == "leak") {
    payload.success.sign = Success::Sign::leak;
  } else if (words[0] == "artifact" && words.size() > 1) {
    payload.success.sign = Success::Sign::artifacts;
    for (std::size_t i = 1; i < words.size(); ++i) payload.success.paths.push_back(unescape(words[i]));
  } else {
    payload.success.sign = Success::Sign::outcome;
    payload.success.outcome = parse_outcome(text);
  }
}

void parse_limits(Payload& payload, const std::string& text) {
  for (const auto& word : split(text, ' ')) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) wrong("a limit is name=value, not " + word);
    set_limit(payload.limits, word.substr(0, equals), std::string_view(word).substr(equals + 1));
  }
}

void parse_artifacts(Payload& payload, const std::string& text) {
  payload.artifacts.emplace();
  if (text == "none") return;
  for (std::string word : split(text, ' ')) {
    const bool optional = word.back() == '?';
    if (optional) word.pop_back();
    payload.artifacts->emplace(unescape(word), !optional);
  }
}

void parse_need(Payload& payload, const std::string& text) {
  if (text == "root") {
    payload.needs_root = true;
  } else if (text == "cgroup") {
    payload.needs_cgroup = true;
  } else if (text == "environment") {
    payload.needs_environment = true;
  } else {
    wrong("nothing needs " + text);
  }
}

void parse_line(Payload& payload, const std::string& key, const std::string& text) {
  if (key == "expect") {
    payload.expect = parse_outcome(text);
  } else if (key == "attack") {
    parse_attack(payload, text);
  } else if (key == "weaken") {
    parse_weaken(payload, text);
  } else if (key == "weak-expect") {
    parse_success(payload, text);
  } else if (key == "limits") {
    parse_limits(payload, text);
  } else if (key == "failure") {
    get_limit(payload.limits, text);
    payload.failure = text;
  } else if (key == "artifacts") {
    parse_artifacts(payload, text);
  } else if (key == "needs") {
    parse_need(payload, text);
  } else if (key == "signal") {
    payload.signal = text;
  } else if (key == "exit") {
    payload.exit_code = std::stoi(text);
  } else if (key == "note") {
    return;  // for people
  } else if (key == "absent") {
    payload.not_there = text;
  } else if (key == "otherwise") {
    payload.otherwise = text;
  } else {
    wrong("no such line: " + key);
  }
}

void check_whole(const Payload& payload, const std::map<std::string, std::string>& lines) {
  for (const char* key : {"expect", "attack", "weaken"}) {
    if (!lines.contains(key)) wrong(std::string("there is no line ") + key);
  }
  const bool by_signal = payload.expect == Outcome::signaled || payload.expect == Outcome::syscall_denied;
  if (by_signal == payload.signal.empty()) wrong("signal belongs to signaled and syscall_denied");
  if (payload.expect == Outcome::nonzero_exit && !payload.exit_code) wrong("nonzero_exit needs its exit code");
  if (is_limit(payload.expect) && payload.failure.empty()) wrong("a limit needs its name as failure");
  if (payload.weaken.empty() && lines.contains("weak-expect")) wrong("weak-expect without a layer to weaken");
}

}  // namespace

bool is_limit(Outcome outcome) {
  return outcome == Outcome::time_limit || outcome == Outcome::cpu_limit || outcome == Outcome::memory_limit ||
         outcome == Outcome::disk_limit || outcome == Outcome::process_limit;
}

void Payload::apply(const std::string& maker) {
  runtime = maker;
  for (const auto& line : differences[maker]) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos) wrong("a line is key: value, not " + line);
    const std::string key = line.substr(0, colon);
    const std::string text = line.substr(colon + 2);
    if (key == "expect") failure.clear(), signal.clear();
    if (key == "artifacts") artifacts.reset();
    parse_line(*this, key, text);
  }
}

Payload read_payload(const std::filesystem::path& file) {
  Payload payload;
  payload.name = file.stem().string();
  payload.code = content_of(file);
  std::map<std::string, std::string> lines;
  std::istringstream in(payload.code);
  for (std::string line; std::getline(in, line) && line.starts_with("# ");) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos) wrong("a line is key: value, not " + line);
    const std::string key = line.substr(2, colon - 2);
    if (lines.empty() && key != "expect") wrong("the first line must be expect");
    if (key == "runc" || key == "runsc" || key == "docker") {
      payload.differences[key].push_back(line.substr(colon + 2));
      continue;
    }
    if (!lines.emplace(key, line.substr(colon + 2)).second) wrong(key + " is there twice");
    parse_line(payload, key, lines[key]);
  }
  check_whole(payload, lines);
  return payload;
}

std::vector<std::filesystem::path> payload_files(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".py") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace pysandbox::testing

#include "packages/source_build.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <thread>

#include <pysandbox/error.hpp>

#include "file/digest.hpp"
#include "packages/version.hpp"
#include "packages/wheel_name.hpp"
#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "support/unique_fd.hpp"
#include "value/requirement.hpp"
#include "value/text.hpp"
#include "wire/json_document.hpp"

extern "C" {
extern const char pysandbox_build_program[];
}

namespace pysandbox::packages {
namespace {

namespace json = boost::json;

constexpr std::uint64_t memory_for_programs = 2ULL << 30;  // a compiler of C++ takes a gigabyte and more
constexpr std::uint64_t most_room = 2ULL << 30;
constexpr std::uint64_t most_files_of_source = 100'000;
constexpr std::uint64_t kept_output = 64U << 10;
constexpr std::size_t shown_output = 1000;
constexpr std::size_t most_requirements = 100;
constexpr std::size_t most_json_bytes = 64U << 10;
constexpr unsigned most_workers = 4;
constexpr const char* wish_list = "wheel/requires.json";

unsigned workers() { return std::clamp(std::thread::hardware_concurrency(), 1U, most_workers); }

std::uint64_t room_of(const SourceBuildTask& task) { return std::min(task.most_bytes, most_room); }

[[noreturn]] void refuse(const SourceFile& source, const std::string& why) {
  throw Error(ErrorCode::environment_failed, about_source(source) + why + "; ask for another version of it");
}

Limits limits_for(const SourceBuildTask& task) {
  Limits limits;
  limits.time_limit = task.timeout;
  limits.cpu_time_limit = task.timeout * workers();
  limits.cpus = workers();
  limits.processes = 128;
  limits.open_files = 1024;
  limits.memory_bytes = memory_for_programs + room_of(task);  // what it writes lies in memory
  limits.workspace_bytes = limits.file_size_bytes = limits.artifact_bytes = room_of(task);
  limits.workspace_inodes = 2 * most_files_of_source;
  limits.artifact_count = 2;
  limits.stdout_bytes = limits.stderr_bytes = kept_output;
  return limits;
}

Program program_for(const SourceBuildTask& task, const char* mode) {
  const std::string file = task.source.file.ends_with(".zip") ? "source.zip" : "source.tar.gz";
  Program program;
  program.entry_point = "build.py";
  program.code = pysandbox_build_program;
  program.args = {mode, file, std::to_string(most_files_of_source), std::to_string(room_of(task))};
  program.inputs.push_back({.path = file, .source = task.path});
  program.outputs = {"wheel/*"};
  return program;
}

// What it said at last, on one line.
std::string last_words(const RunResult& result) {
  std::string text = result.stdout;
  if (!text.empty() && !result.stderr.empty()) text += '\n';
  text += result.stderr;
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) text.pop_back();
  if (text.size() > shown_output) text.erase(0, text.size() - shown_output);
  text = repair_utf8(text);
  for (std::size_t end = 0; (end = text.find('\n', end)) != text.npos; end += 3) text.replace(end, 1, " | ");
  return text.empty() ? "and said nothing" : "and said at last: " + in_quotes(text);
}

void throw_if_stopped(const SourceFile& source, const RunResult& result) {
  if (result.outcome == Outcome::cancelled) {
    throw Error(ErrorCode::conflict, "Building " + source.title() + " from source was stopped");
  }
}

std::string how_it_ended(const RunResult& result) {
  std::string text(to_string(result.outcome));
  if (result.exit_code) text += " (exit status " + std::to_string(*result.exit_code) + ")";
  if (!result.signal.empty()) text += " (" + result.signal + ")";
  if (result.failure) text += ": it hit the limit " + result.failure->limit;
  return text;
}

void check_looked(const SourceFile& source, const RunResult& result) {
  constexpr int refused = 3;
  throw_if_stopped(source, result);
  if (result.outcome == Outcome::ok) return;
  if (result.outcome == Outcome::nonzero_exit && result.exit_code == refused) {
    refuse(source, repair_utf8(result.stderr.substr(0, result.stderr.find('\n'))));
  }
  refuse(source, "looking into it ended with " + how_it_ended(result) + ", " + last_words(result));
}

// Words of a stranger's: nothing in them is believed.
std::vector<std::string> read_requirements(const SourceFile& source, std::string_view text) {
  std::vector<std::string> words;
  try {
    const json::value document = parse_json(text);
    for (const auto& one : document.as_object().at("requires").as_array()) {
      words.emplace_back(one.as_string());
    }
  } catch (const std::exception&) {
    refuse(source, "what it needs to be built cannot be read");
  }
  if (words.size() > most_requirements) {
    refuse(source, "it needs more than " + std::to_string(most_requirements) + " packages to be built");
  }
  try {
    return canonical_requirements(words);
  } catch (const Error& error) {
    refuse(source, std::string("what it needs to be built is no requirement: ") + error.what());
  }
}

class Taker {
 public:
  Taker(const SourceBuildTask& task, const Interpreter& interpreter, const std::string& directory)
      : task_(task), interpreter_(interpreter), directory_(directory) {}

  void take(OutputFile& file) {
    if (++files_ > 1) refuse(task_.source, "its build made more than one file, and one wheel is wanted");
    if (file.path() == wish_list) {
      wishes_ = read_small(file);
    } else {
      wheel_ = take_wheel(file);
    }
  }

  std::optional<FreshWheel> wheel() const { return wheel_; }
  std::optional<std::string> wishes() const { return wishes_; }

 private:
  std::string read_small(OutputFile& file) const {
    if (file.size() > most_json_bytes) refuse(task_.source, "what it needs to be built is too much to read");
    std::string text(file.size(), '\0');
    std::size_t have = 0;
    while (have < text.size()) {
      const std::size_t count = file.read(std::as_writable_bytes(std::span(text).subspan(have)));
      if (count == 0) break;
      have += count;
    }
    text.resize(have);
    return text;
  }

  std::string checked_name(const OutputFile& file) const {
    const std::string name = file.path().substr(file.path().rfind('/') + 1);
    const auto wheel = parse_wheel_name(name);
    if (!wheel) refuse(task_.source, "its build made " + quoted(name) + ", which is the name of no wheel");
    const auto made = parse_version(wheel->version), wanted = parse_version(task_.source.version);
    if (wheel->name != task_.source.name || !made || made != wanted) {
      refuse(task_.source, "its build made " + quoted(name) + ", which is a wheel of something else");
    }
    if (!wheel_fit(*wheel, interpreter_)) {
      refuse(task_.source, "its build made " + quoted(name) + ", which is not for " + interpreter_.title());
    }
    return name;
  }

  FreshWheel take_wheel(OutputFile& from) const {
    FreshWheel wheel{checked_name(from), "", 0};
    const std::string path = directory_ + "/" + wheel.file;
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444));
    check(file.get(), "Making " + in_quotes(path));
    Sha256 digest;
    std::vector<std::byte> buffer(256U << 10);
    while (const std::size_t count = from.read(buffer)) {
      const auto piece = std::span(buffer).first(count);
      digest.update(piece);
      if (!write_all(file.get(), {reinterpret_cast<const char*>(piece.data()), count})) {
        check(-1, "Writing " + in_quotes(path));
      }
      wheel.size += count;
    }
    wheel.sha256 = digest.hex();
    return wheel;
  }

  const SourceBuildTask& task_;
  const Interpreter& interpreter_;
  const std::string& directory_;
  int files_ = 0;
  std::optional<FreshWheel> wheel_{};
  std::optional<std::string> wishes_{};
};

}  // namespace

std::string about_source(const SourceFile& source) {
  return "The source of " + in_quotes(source.title()) + " cannot be used: ";
}

std::vector<std::string> build_requirements(const SourceBuildTask& task, ContainerRunner& runner,
                                            const std::stop_token& stop) {
  const auto container = runner.open({.limits = limits_for(task)});
  const std::stop_callback on_stop(stop, [&] { container->stop(); });
  const RunResult result = container->run(program_for(task, "look"), {});
  check_looked(task.source, result);
  return read_requirements(task.source, result.stdout);
}

std::variant<FreshWheel, MoreRequirements> build_source(const SourceBuildTask& task, const std::string& environment,
                                                        Needs needs, const Interpreter& interpreter,
                                                        const std::string& directory, ContainerRunner& runner,
                                                        const std::stop_token& stop) {
  const auto container = runner.open({.limits = limits_for(task), .environment_directory = environment});
  const std::stop_callback on_stop(stop, [&] { container->stop(); });
  Program program = program_for(task, "build");
  if (needs == Needs::all_is_there) program.args.emplace_back("all-is-there");
  RunResult result = container->run(program, {});
  throw_if_stopped(task.source, result);
  if (result.outcome != Outcome::ok) {
    refuse(task.source, "its build ended with " + how_it_ended(result) + ", " + last_words(result));
  }
  Taker taker(task, interpreter, directory);
  container->collect(result, [&](OutputFile& file) { taker.take(file); });
  if (result.failure && result.failure->limit.starts_with("artifact_")) {
    refuse(task.source, "what its build made hit the limit " + result.failure->limit);
  }
  if (auto wheel = taker.wheel()) return std::move(*wheel);
  const auto wishes = taker.wishes();
  if (!wishes || needs == Needs::all_is_there) {
    refuse(task.source, "its build made no wheel, " + last_words(result));
  }
  return MoreRequirements{read_requirements(task.source, *wishes)};
}

}  // namespace pysandbox::packages

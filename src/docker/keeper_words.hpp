// What we and the keeper (keeper.py) say to each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/container_runner.hpp>

#include "container/program_words.hpp"

namespace pysandbox::docker {

// The first line that a keeper says: its version, and the microseconds of CPU time that the start of its container
// took. Empty if `line` is none.
std::optional<std::chrono::microseconds> read_greeting(std::string_view line);

// 32 bytes that nobody can guess, as they stand in the stream.
std::string new_mark();

// What goes before the files: limits, arguments and environment of the program, and the name of its own file.
std::string program_order(const container::Words& words, const Limits& limits, const std::string& mark,
                          const std::string& entry_point);

// Orders while the program runs.
inline constexpr std::string_view soft_stop_order = "x";
inline constexpr std::string_view dump_stacks_order = "a";
inline constexpr std::string_view kill_order = "k";

// Asks for files by their place in the listing.
std::string files_order(const std::vector<std::size_t>& places);

struct ListedFile {
  std::string path;  // below the workspace
  std::uint64_t size = 0;
};

// How it ended, as the keeper saw it. What it cannot know is empty.
struct Ending {
  int start_error = 0;  // why the interpreter could not be started: errno
  int wait_status = 0;
  std::uint32_t leftovers = 0;
  bool out_of_memory = false;                 // it ended the program for that
  std::chrono::microseconds cpu_observed{0};  // it ended the program for that much CPU time; zero if not
  std::optional<std::uint64_t> oom_kills{};
  std::optional<std::uint64_t> refused_forks{};
  std::optional<std::uint64_t> user_microseconds{};
  std::optional<std::uint64_t> system_microseconds{};
  std::optional<std::uint64_t> memory_peak_bytes{};
  std::uint64_t processes_peak = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t disk_inodes = 0;
  std::uint64_t too_deep = 0;       // directories that were not looked into
  std::uint64_t too_many = 0;       // files beyond the longest listing
  std::string report{};             // see guest_report.hpp
  std::vector<ListedFile> files{};  // sorted by path, each once
};

// Takes the ending out of the stream behind the mark, as it comes.
class EndingReader {
 public:
  // How many bytes of `bytes` belong to the ending. Throws Error{unavailable} for what is none: then somebody in the
  // container speaks for the keeper.
  std::size_t add(std::string_view bytes);

  // Set once it is whole.
  const std::optional<Ending>& ending() const noexcept { return ending_; }

 private:
  std::string text_{};
  std::size_t wanted_ = 0;  // zero: the first line is not whole
  std::optional<Ending> ending_{};
};

}  // namespace pysandbox::docker

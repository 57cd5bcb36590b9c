// What the harness asks of the driver, and what it hears back: lines of words on standard input and output.
//
// A block is a few lines `KEY VALUE` and then `go`. Keys: side (exec, http, sandbox), count or duration_ms, clients,
// pause_us (after each run of a client), deadline_ms (exec: when it is killed), port; and in hexadecimal digits word
// (exec: one of argv, `{serial}` in it becomes a name that no other run has), directory (exec: where it starts), kill
// (exec: one of the argv that ends such a run; none: its process group is killed), body (http: of a POST to /api/jobs)
// and request (sandbox: a JobRequest in JSON).
//
// The answer is a line `sample START OUTPUT KILLED END STATUS TEXT ERRORS` for each run, then `done`; or `error TEXT`
// in place of all that. Times are nanoseconds of CLOCK_MONOTONIC, 0 is never. STATUS is an exit code, a signal below
// zero, or of HTTP. TEXT (standard output, or the answer in JSON) and ERRORS (standard error) are '.' and hexadecimal
// digits.
#pragma once

#include <chrono>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

namespace pysandbox::bench {

struct Block {
  std::string side{};
  std::uint64_t count = 0;  // zero: as many as fit into `duration`
  std::chrono::milliseconds duration{0};
  unsigned clients = 1;
  std::chrono::microseconds pause{0};
  std::chrono::milliseconds deadline{0};  // zero: none
  std::uint16_t port = 0;
  std::vector<std::string> words{};
  std::vector<std::string> kill_words{};
  std::string directory = ".";
  std::string body{};
  std::string request{};
};

struct Sample {
  std::int64_t start = 0;
  std::int64_t output = 0;
  std::int64_t killed = 0;
  std::int64_t end = 0;
  int status = 0;
  std::string text{};
  std::string errors{};
};

// Empty at the end of the stream. Throws std::runtime_error for what is no block.
std::optional<Block> read_block(std::istream& stream);

std::string to_line(const Sample& sample);
std::string in_hex(const std::string& bytes);

std::int64_t now_ns() noexcept;

}  // namespace pysandbox::bench

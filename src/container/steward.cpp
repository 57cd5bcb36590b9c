#include "container/steward.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "support/syscall.hpp"

extern "C" {
extern const std::byte pysandbox_steward_image_begin[];
extern const std::byte pysandbox_steward_image_end[];
}

namespace pysandbox::container {
namespace {

constexpr std::size_t most_complaint = 16 << 10;

// How many bytes at the end of `text` may be the beginning of `mark`.
std::size_t begun_mark(std::string_view text, std::string_view mark) {
  for (std::size_t size = std::min(text.size(), mark.size() - 1); size > 0; --size) {
    if (text.ends_with(mark.substr(0, size))) return size;
  }
  return 0;
}

template <typename Message>
std::string_view bytes_of(const Message& message) {
  return {reinterpret_cast<const char*>(&message), sizeof message};
}

}  // namespace

std::span<const std::byte> steward_image() noexcept {
  return {pysandbox_steward_image_begin, pysandbox_steward_image_end};
}

ReportMark new_mark() {
  ReportMark mark{};
  ssize_t count;
  do count = ::getrandom(mark.data(), mark.size(), 0);
  while (count < 0 && errno == EINTR);
  check(count, "taking random bytes");
  return mark;
}

std::string steward_input(const ReportMark& mark, const Words& words, const std::string& stdin_text) {
  StewardStart start{};
  start.mark = mark;
  start.program = words.plan;
  start.stdin_size = stdin_text.size();
  return std::string(bytes_of(start)) + words.bytes + stdin_text;
}

void ReportSieve::add(std::string_view text) {
  held_ += text;
  const std::string_view mark(mark_.data(), mark_.size());
  for (std::size_t found; (found = held_.find(mark)) != std::string::npos;) {
    pass_on(std::string_view(held_).substr(0, found));
    held_.erase(0, found);
    if (held_.size() < sizeof(StewardReport)) return;
    Report report{};
    std::memcpy(&report, held_.data() + mark.size(), sizeof report);
    reports_.push_back(report);
    begun_ = true;
    ended_ = ended_ || report.event == Event::exited;
    held_.erase(0, sizeof(StewardReport));
  }
  const std::size_t whole = held_.size() - begun_mark(held_, mark);
  pass_on(std::string_view(held_).substr(0, whole));
  held_.erase(0, whole);
}

void ReportSieve::finish() {
  pass_on(held_);
  held_.clear();
}

void ReportSieve::pass_on(std::string_view text) {
  if (text.empty() || ended_) return;
  if (begun_) return program_text_(text);
  complaint_ += text.substr(0, most_complaint - std::min(most_complaint, complaint_.size()));
}

bool ReportSieve::take(Report& report) {
  if (reports_.empty()) return false;
  report = reports_.front();
  reports_.pop_front();
  return true;
}

}  // namespace pysandbox::container

#include "container/capped_output.hpp"

#include <algorithm>

namespace pysandbox::container {
namespace {

// Cuts inside a character of several bytes would leave two broken ones.
bool continues_character(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

void drop_broken_end(std::string& text) {
  std::size_t start = text.size();
  while (start > 0 && text.size() - start < 4 && continues_character(text[start - 1])) --start;
  if (start == 0 || text.size() - start >= 4) return;
  const auto lead = static_cast<unsigned char>(text[start - 1]);
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (length > text.size() - (start - 1)) text.resize(start - 1);
}

void drop_broken_start(std::string& text) {
  std::size_t end = 0;
  while (end < text.size() && end < 3 && continues_character(text[end])) ++end;
  text.erase(0, end);
}

}  // namespace

CappedOutput::CappedOutput(Stream stream, std::uint64_t limit, OutputSink sink)
    : stream_(stream), limit_(limit), head_limit_(limit - limit / 2), sink_(std::move(sink)) {}

void CappedOutput::emit(std::string_view text) const {
  if (sink_ && !text.empty()) sink_(stream_, text);
}

void CappedOutput::add(std::string_view text) {
  total_ += text.size();
  if (head_.size() < head_limit_) {
    const auto part = text.substr(0, head_limit_ - head_.size());
    head_ += part;
    emit(part);
    text.remove_prefix(part.size());
  }
  if (!text.empty()) add_to_tail(text);
}

void CappedOutput::add_to_tail(std::string_view text) {
  const std::size_t tail_limit = limit_ - head_limit_;
  if (text.size() > tail_limit) text.remove_prefix(text.size() - tail_limit);
  tail_ += text;
  if (tail_.size() > 2 * tail_limit) tail_.erase(0, tail_.size() - tail_limit);
}

std::string CappedOutput::finish() {
  const std::size_t tail_limit = limit_ - head_limit_;
  if (tail_.size() > tail_limit) tail_.erase(0, tail_.size() - tail_limit);
  std::string rest;
  if (truncated()) {
    // What was sent stays sent; the kept text ends where it is whole.
    if (!sink_) drop_broken_end(head_);
    drop_broken_start(tail_);
    rest = "\n... [pysandbox left out " + std::to_string(total_ - head_.size() - tail_.size()) + " bytes here] ...\n";
  }
  rest += tail_;
  emit(rest);
  return std::move(head_) + rest;
}

}  // namespace pysandbox::container

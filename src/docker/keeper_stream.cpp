#include "docker/keeper_stream.hpp"

#include <algorithm>

namespace pysandbox::docker {
namespace {

constexpr int rounds_at_once = 16;

}  // namespace

KeeperStream::KeeperStream(AttachedStream& stream, const std::string& mark, container::CappedOutput& output,
                           container::CappedOutput& errors)
    : stream_(stream), output_(output), errors_(errors), output_mark_(mark), error_mark_(mark) {}

bool KeeperStream::move() {
  for (int round = 0; round < rounds_at_once && ending() == nullptr; ++round) {
    const auto count = stream_.receive(buffer_);
    if (!count) return true;
    if (*count == 0) {
      output_mark_.finish([&](std::string_view text) { output_.add(text); });
      error_mark_.finish([&](std::string_view text) { errors_.add(text); });
      return false;
    }
    take({buffer_.data(), *count});
  }
  return true;
}

void KeeperStream::take(std::string_view bytes) {
  frames_.add(bytes, [&](Stream stream, std::string_view text) {
    if (stream == Stream::stderr_stream) {
      error_mark_.add(
          text, [&](std::string_view before) { errors_.add(before); }, [](std::string_view) {});
    } else {
      output_mark_.add(
          text, [&](std::string_view before) { output_.add(before); },
          [&](std::string_view behind) { take_words(behind); });
    }
  });
}

void KeeperStream::take_words(std::string_view bytes) {
  bytes.remove_prefix(reader_.add(bytes));
  files_ += bytes;
}

const Ending* KeeperStream::ending() const noexcept {
  return reader_.ending() && error_mark_.found() ? &*reader_.ending() : nullptr;
}

std::size_t KeeperStream::read_files(std::span<char> buffer) {
  while (files_.empty()) {
    const std::size_t count = stream_.wait_and_receive(buffer_);
    if (count == 0) return 0;
    take({buffer_.data(), count});
  }
  const std::size_t count = std::min(files_.size(), buffer.size());
  std::copy_n(files_.begin(), count, buffer.begin());
  files_.erase(0, count);
  return count;
}

}  // namespace pysandbox::docker

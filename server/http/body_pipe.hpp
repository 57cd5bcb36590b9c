// Hands a body from the session, which must never block, to the handler's thread, which may. Bounded.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include <pysandbox/error.hpp>

namespace pysandbox::http {

class BodyPipe {
 public:
  // `on_room` is called on the reader's thread when half of it is free again after has_room() was false.
  BodyPipe(std::size_t capacity, std::function<void()> on_room);

  // The session's side. push() only what has_room().
  bool has_room(std::size_t bytes);
  void push(std::string_view bytes);
  void finish();
  void fail(const Error& error);  // thrown to the reader, after the bytes that came before
  void unplug();                  // from the return on, reading does not call `on_room`

  // The reader's side: waits for bytes; zero at the end.
  std::size_t read(std::span<std::byte> into);

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::function<void()> on_room_;
  const std::unique_ptr<std::byte[]> ring_;
  std::size_t start_ = 0;
  std::size_t size_ = 0;
  bool is_starved_ = false;  // the session waits for room
  bool is_finished_ = false;
  std::optional<Error> failure_;
};

}  // namespace pysandbox::http

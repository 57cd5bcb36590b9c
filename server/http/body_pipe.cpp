#include "http/body_pipe.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pysandbox::http {

BodyPipe::BodyPipe(std::size_t capacity, std::function<void()> on_room)
    : capacity_(capacity), on_room_(std::move(on_room)), ring_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {}

bool BodyPipe::has_room(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  is_starved_ = bytes > capacity_ - size_;
  return !is_starved_;
}

void BodyPipe::push(std::string_view bytes) {
  if (bytes.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    if (bytes.size() > capacity_ - size_) throw Error(ErrorCode::internal, "a body does not fit into its pipe");
    const std::size_t end = (start_ + size_) % capacity_;
    const std::size_t straight = std::min(bytes.size(), capacity_ - end);
    std::memcpy(ring_.get() + end, bytes.data(), straight);
    std::memcpy(ring_.get(), bytes.data() + straight, bytes.size() - straight);
    size_ += bytes.size();
  }
  filled_.notify_one();
}

void BodyPipe::finish() {
  {
    const std::lock_guard lock(mutex_);
    is_finished_ = true;
  }
  filled_.notify_all();
}

void BodyPipe::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_finished_ && !failure_) failure_ = error;
  }
  filled_.notify_all();
}

void BodyPipe::unplug() {
  const std::lock_guard lock(mutex_);
  on_room_ = nullptr;
}

std::size_t BodyPipe::read(std::span<std::byte> into) {
  std::unique_lock lock(mutex_);
  if (into.empty()) return 0;
  filled_.wait(lock, [&] { return size_ > 0 || is_finished_ || failure_; });
  if (size_ == 0 && failure_) throw *failure_;
  const std::size_t taken = std::min(into.size(), size_);
  const std::size_t straight = std::min(taken, capacity_ - start_);
  std::memcpy(into.data(), ring_.get() + start_, straight);
  std::memcpy(into.data() + straight, ring_.get(), taken - straight);
  start_ = (start_ + taken) % capacity_;
  size_ -= taken;
  // Not before, so that the session is not woken for every few bytes.
  if (is_starved_ && size_ <= capacity_ / 2) {
    is_starved_ = false;
    if (on_room_) on_room_();
  }
  return taken;
}

}  // namespace pysandbox::http

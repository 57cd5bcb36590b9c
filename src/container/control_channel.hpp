// Messages of a fixed size, with descriptors, over a SOCK_SEQPACKET pair. Used
// on both sides; throws nothing.
#pragma once

#include <cstddef>
#include <span>

namespace pysandbox::container {

inline constexpr std::size_t maximum_passed_fds = 12;

// False with errno set on failure.
bool send_message(int socket, std::span<const std::byte> message, std::span<const int> fds = {}) noexcept;

// Exactly message.size() bytes and at most fds.size() descriptors (close-on-exec; the rest become -1), or false: errno
// is 0 if the other side is gone, EPROTO if what came is something else. Waits at most `timeout_ms` (-1: for ever; then
// ETIMEDOUT).
bool receive_message(int socket, std::span<std::byte> message, std::span<int> fds = {}, int timeout_ms = -1) noexcept;

template <typename Message>
bool send(int socket, const Message& message, std::span<const int> fds = {}) noexcept {
  return send_message(socket, std::as_bytes(std::span(&message, 1)), fds);
}

template <typename Message>
bool receive(int socket, Message& message, std::span<int> fds = {}, int timeout_ms = -1) noexcept {
  return receive_message(socket, std::as_writable_bytes(std::span(&message, 1)), fds, timeout_ms);
}

}  // namespace pysandbox::container

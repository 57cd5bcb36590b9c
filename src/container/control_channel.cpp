#include "container/control_channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pysandbox::container {
namespace {

union ControlBuffer {
  cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int) * maximum_passed_fds)];
};

bool wait_readable(int socket, int timeout_ms) noexcept {
  pollfd entry{socket, POLLIN, 0};
  int ready;
  do ready = ::poll(&entry, 1, timeout_ms);
  while (ready < 0 && errno == EINTR);
  if (ready == 0) errno = ETIMEDOUT;
  return ready > 0;
}

// Takes the descriptors of a message; closes all of them if there are more than were expected.
bool take_fds(msghdr& header, std::span<int> fds) noexcept {
  int received[maximum_passed_fds];
  std::size_t count = 0;
  if (const cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr) {
    if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS) {
      count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      std::memcpy(received, CMSG_DATA(item), count * sizeof(int));
    }
  }
  if (count <= fds.size() && (header.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) == 0) {
    for (std::size_t i = 0; i < fds.size(); ++i) fds[i] = i < count ? received[i] : -1;
    return true;
  }
  for (std::size_t i = 0; i < count; ++i) ::close(received[i]);
  for (int& fd : fds) fd = -1;
  return false;
}

}  // namespace

bool send_message(int socket, std::span<const std::byte> message, std::span<const int> fds) noexcept {
  iovec part{const_cast<std::byte*>(message.data()), message.size()};
  ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control.bytes;
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(item), fds.data(), fds.size_bytes());
  }
  ssize_t sent;
  do sent = ::sendmsg(socket, &header, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(message.size());
}

bool receive_message(int socket, std::span<std::byte> message, std::span<int> fds, int timeout_ms) noexcept {
  if (timeout_ms >= 0 && !wait_readable(socket, timeout_ms)) return false;
  iovec part{message.data(), message.size()};
  ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  ssize_t received;
  do received = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (received < 0 && errno == EINTR);
  if (received < 0) return false;
  const bool fds_fit = take_fds(header, fds);
  if (fds_fit && received == static_cast<ssize_t>(message.size())) return true;
  if (fds_fit) {
    for (int& fd : fds) {
      if (fd >= 0) ::close(fd);
      fd = -1;
    }
  }
  errno = received == 0 ? 0 : EPROTO;
  return false;
}

}  // namespace pysandbox::container
